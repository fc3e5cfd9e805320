"""The provider's addresses: browsers come to be let in and to log out, portals' servers for the rest."""

from gateway.oidc.views import authorization, end_session, programs
from gateway.oidc.views.common import bp

__all__ = ["authorization", "bp", "end_session", "programs"]
