"""The console: a portal of the admin realm, declared with the same bricks as any other. No tables, no rules."""

from gateway.admin.portal import portal
from gateway.admin.views import (
    administrators,
    alarms,
    allowed_roles,
    attempts,
    audit,
    classes,
    customers,
    explain,
    individuals,
    launches,
    mail,
    networks,
    panel,
    portals,
    role_views,
    roles,
    sessions,
    support,
    tokens,
)
from gateway.admin.views import gateway as gateway_page

__all__ = [
    "administrators",
    "alarms",
    "allowed_roles",
    "attempts",
    "audit",
    "classes",
    "customers",
    "explain",
    "gateway_page",
    "individuals",
    "launches",
    "mail",
    "networks",
    "panel",
    "portal",
    "portals",
    "role_views",
    "roles",
    "sessions",
    "support",
    "tokens",
]
