"""The provider's addresses. Browsers come to authorize and to log out; portals' servers call the rest, with no cookie."""

from gateway.oidc.views import authorization, end_session, programs
from gateway.oidc.views.common import bp

__all__ = ["authorization", "bp", "end_session", "programs"]
