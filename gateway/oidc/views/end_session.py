"""Logging out from a portal (RP-Initiated Logout 1.0): confirmed on a page of ours, so that no link does it."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from flask import render_template, request
from werkzeug.wrappers import Response

from gateway.access import external
from gateway.db import AnyRow
from gateway.identity import elsewhere, operations, sessions
from gateway.identity.models import ExternalSession, Scope
from gateway.launch.operations import end as end_visit
from gateway.oidc import keys, protocol, tokens
from gateway.oidc.operations import held
from gateway.oidc.views.common import bp, issuer
from gateway.web import browser, current, scopes
from gateway.web.marks import open_to_all, open_to_programs
from gateway.web.redirects import moving_on, see_other

LOGGED_OUT = "/login?done=logged-out"
FIELDS = ("id_token_hint", "client_id", "post_logout_redirect_uri", "state")


@dataclass(frozen=True, slots=True)
class Leaving:
    """Who wants to leave which portal.

    `sid` is the portal's session, `below` the one of ours under it while both last. `own` is the key of this browser's
    own log-in where that is to end, `unread` tells that it is no more than a guess: there is a hint that cannot be
    read. `then` is where to go afterwards.
    """

    sid: str | None
    below: AnyRow | None
    own: bytes | None
    unread: bool
    then: str | None


@bp.get("/oidc/end-session")
@open_to_programs
def end_session() -> str | Response:
    """Ask whether to log out here as well; where nobody whom the portal means is logged in any more, move on."""
    leaving = _leaving(request.args.to_dict())
    if leaving.below is None and leaving.own is None:
        return _moved_on(leaving, _home())
    given = {name: request.args[name] for name in FIELDS if name in request.args}
    visit = leaving.below is not None and leaving.below.session_scope is Scope.VISIT
    return render_template("oidc/end_session.html", given=given, visit=visit, unread=leaving.unread)


@bp.post("/oidc/end-session")
@open_to_programs
def end_session_by_form() -> Response:
    """Take the same as a form of the portal."""
    return see_other(f"/oidc/end-session?{urlencode(list(request.form.items(multi=True)))}")


@bp.post("/oidc/end-session/confirm")
@open_to_all
def confirm_end_session() -> Response:
    """Log out, or end the visit, behind the portal that was left; every other portal is told."""
    leaving = _leaving(request.form.to_dict())
    below, work, now = leaving.below, current.writer(), current.now()
    if below is not None and below.session_scope is Scope.VISIT and _holds(below):
        there = end_visit(work, below.handle, below.session_key, "ended", now) or "/admin/"
        work.commit()
        response = _moved_on(leaving, there)
        browser.delete_session_cookie(response, Scope.VISIT, below.handle)
        return response
    if leaving.own is not None:
        operations.log_out(work, leaving.own, now)
        work.commit()
        response = _moved_on(leaving, LOGGED_OUT)
        browser.delete_session_cookie(response, Scope.SELF_CARE, None)
        return response
    elsewhere.end(work, ExternalSession.id == leaving.sid, "left", now)
    work.commit()
    return _moved_on(leaving, _home())


def _leaving(given: dict[str, str]) -> Leaving:
    """Read what a portal says; a hint that is not ours, or not that portal's, cannot be read."""
    reader, hint = current.reader(), given.get("id_token_hint", "")
    said = tokens.read_hint(hint, keys.public_keys(reader), issuer())
    portal = str(said["aud"]) if said else given.get("client_id")
    if said and given.get("client_id", portal) != portal:
        said = portal = None
    client = external.client(reader, portal) if portal else None
    uri, state, then = given.get("post_logout_redirect_uri", ""), given.get("state", ""), None
    if client is not None and uri in client.post_logout_uris:
        then = protocol.answer(uri, state=state[: protocol.LONGEST["state"]]) if state else uri
    if said is None:
        return Leaving(None, None, _own_key(), bool(hint), then)
    below = held(reader, str(said["sid"]), str(said["aud"]))
    return Leaving(str(said["sid"]), below, _own_key() if _means_own(said, below) else None, False, then)


def _means_own(said: dict[str, Any], below: AnyRow | None) -> bool:
    """Tell whether a hint means this browser's own log-in.

    Where its session is over that is a later log-in of the same person, and of nobody else (RP-Initiated Logout 1.0,
    section 2); nor does a visit that is over mean the log-in of whoever was visited.
    """
    key = _own_key()
    if key is None:
        return False
    if below is not None:
        return bool(below.session_key == key)
    return "act" not in said and sessions.owner(current.reader(), key) == said["sub"]


def _moved_on(leaving: Leaving, otherwise: str) -> Response:
    return moving_on(leaving.then) if leaving.then else see_other(otherwise)


def _home() -> str:
    """Return where somebody goes on who is not logged out here."""
    return LOGGED_OUT if _own_key() is None else "/"


def _own_key() -> bytes | None:
    """Return the key of the log-in whose cookie this browser holds."""
    cookie = browser.read_cookie(scopes.cookie_name(Scope.SELF_CARE, None, current.house().settings.production))
    return None if cookie is None else sessions.key_of(cookie)


def _holds(below: AnyRow) -> bool:
    """Tell whether this browser holds the cookie of a visit."""
    cookie = browser.read_cookie(scopes.cookie_name(Scope.VISIT, below.handle, current.house().settings.production))
    return cookie is not None and sessions.key_of(cookie) == below.session_key
