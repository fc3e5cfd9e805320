"""The console: a portal of the admin realm, declared with the same bricks as any other. No tables, no rules."""

from gateway.admin.portal import portal
from gateway.admin.views import (
    administrators,
    allowed_roles,
    attempts,
    audit,
    classes,
    customers,
    individuals,
    mail,
    networks,
    panel,
    role_views,
    roles,
    sessions,
)
from gateway.admin.views import gateway as gateway_page

__all__ = [
    "administrators",
    "allowed_roles",
    "attempts",
    "audit",
    "classes",
    "customers",
    "gateway_page",
    "individuals",
    "mail",
    "networks",
    "panel",
    "portal",
    "role_views",
    "roles",
    "sessions",
]
