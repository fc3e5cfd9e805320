"""Tokens of one's own for programs. In a visit they can be looked at, and never made or revoked."""

from flask import url_for

from gateway.identity.api_tokens import access_of
from gateway.people.access_tokens.views import Owner, pages
from gateway.self_care.portal import bp
from gateway.web import current


def _own() -> Owner:
    who = current.visitor()
    allowed = access_of(current.reader(), who.id)
    return Owner(who.id, who.name, who.realm, allowed, "portal.html", url_for("self_care.tokens"), own=True)


pages(bp, "tokens", "/tokens", "tokens", _own)
