"""Pages of one's own way in."""

from gateway.account.blueprint import bp
from gateway.account.views import proof, reset, security

__all__ = ["bp", "proof", "reset", "security"]
