"""The bearer of a call of the API: read from the Authorization header, and from nowhere else (RFC 6750; TOK-07)."""

from flask import g, request
from werkzeug.datastructures import WWWAuthenticate
from werkzeug.exceptions import BadRequest

from gateway.access.by_token import visitor_of
from gateway.access.visitor import Visitor
from gateway.identity import api_tokens
from gateway.web import current

CHALLENGE = WWWAuthenticate("bearer", {"realm": "portico"})
SECRETS = frozenset({"token", "access_token"})


def refuse_secrets_in_query() -> None:
    """Raise 400 for a secret in the address, where proxies and histories would keep it."""
    if SECRETS & request.args.keys():
        raise BadRequest


def resolve() -> Visitor | None:
    """Find out who calls; note at most once a minute that the token was used, and from where."""
    scheme, _, bearer = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not bearer.startswith(api_tokens.SESSION_PREFIX):
        return None
    house, now = current.house(), current.now()
    found = visitor_of(current.reader(), house.rights, api_tokens.key_of(bearer), current.address(), now)
    if found is None:
        return None
    who, token = found
    g.visitor = who
    if token.last_used_at is None or now - token.last_used_at >= api_tokens.USED_AGAIN:
        work = current.writer()
        api_tokens.used(work, token.token_id, now, current.address())
        work.commit()
    return who
