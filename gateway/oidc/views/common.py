"""What the provider's addresses share."""

from flask import Blueprint

from gateway.web import current

bp = Blueprint("oidc", __name__)


def issuer() -> str:
    """Return who we are to portals."""
    return current.house().settings.base_url
