"""The built-in self-care portal: what everybody has for oneself. Declared as any other; no tables, no rules."""

from gateway.self_care import activity, individuals, networks, tokens, views
from gateway.self_care.portal import portal
from gateway.self_care.security.views import own
from gateway.self_care.support import views as support

__all__ = ["activity", "individuals", "networks", "own", "portal", "support", "tokens", "views"]
