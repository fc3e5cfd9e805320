"""What the provider's addresses share."""

from flask import Blueprint

from gateway.oidc import keys
from gateway.web import current

bp = Blueprint("oidc", __name__)


def issuer() -> str:
    """Return who we are to portals."""
    return current.house().settings.base_url


def sealing() -> keys.Sealing:
    """Return the keys that open our signing keys."""
    return current.house().settings.keys_by_id(keys.PURPOSE)
