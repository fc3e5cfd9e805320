"""The bearer of a call: read from the Authorization header, and from nowhere else (RFC 6750; TOK-07)."""

from flask import g, request
from werkzeug.datastructures import WWWAuthenticate
from werkzeug.exceptions import BadRequest

from gateway.access.by_token import visitor_of
from gateway.access.visitor import Visitor
from gateway.identity import api_tokens
from gateway.tokens import key_of
from gateway.web import current

CHALLENGE = WWWAuthenticate("bearer", {"realm": "portico"})
SECRETS = frozenset({"token", "access_token"})


def refuse_secrets_in_query() -> None:
    """Raise 400 for a secret in the address, where proxies and histories would keep it."""
    if SECRETS & request.args.keys():
        raise BadRequest


def sent() -> str:
    """Return the bearer that came in the Authorization header, or nothing."""
    scheme, _, bearer = request.headers.get("Authorization", "").partition(" ")
    return bearer.strip() if scheme.lower() == "bearer" else ""


def resolve() -> tuple[Visitor | None, str | None]:
    """Find out who calls; returns them, and the token whose use is to be noted: at most once a minute (TOK-07)."""
    bearer = sent()
    if not bearer.startswith(api_tokens.SESSION_PREFIX):
        return None, None
    house, now = current.house(), current.now()
    found = visitor_of(current.reader(), house.rights, key_of(bearer), current.address(), now)
    if found is None:
        return None, None
    who, token = found
    g.visitor = who
    due = token.last_used_at is None or now - token.last_used_at >= api_tokens.USED_AGAIN
    return who, token.token_id if due else None
