"""The console: a portal of the admin realm, declared with the same bricks as any other. No tables, no rules."""

from gateway.admin.portal import portal
from gateway.admin.views import administrators, audit, customers, roles
from gateway.admin.views import gateway as gateway_page

__all__ = ["administrators", "audit", "customers", "gateway_page", "portal", "roles"]
