"""The console: a portal of the admin realm, declared with the same bricks as any other. No tables, no rules."""

from gateway.admin.portal import portal
from gateway.admin.views import customers

__all__ = ["customers", "portal"]
