"""The console: a portal of the admin realm, declared with the same bricks as any other. No tables, no rules."""

from gateway.admin.portal import portal
from gateway.admin.views import (
    administrators,
    allowed_roles,
    audit,
    classes,
    customers,
    individuals,
    launches,
    mail,
    panel,
    portals,
    role_views,
    roles,
    tokens,
)
from gateway.admin.views import gateway as gateway_page

__all__ = [
    "administrators",
    "allowed_roles",
    "audit",
    "classes",
    "customers",
    "gateway_page",
    "individuals",
    "launches",
    "mail",
    "panel",
    "portal",
    "portals",
    "role_views",
    "roles",
    "tokens",
]
