"""Logging out from a portal (RP-Initiated Logout 1.0): confirmed on a page of ours, so that no link does it."""

from dataclasses import dataclass
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

FIELDS = ("id_token_hint", "client_id", "post_logout_redirect_uri", "state")


@dataclass(frozen=True, slots=True)
class Leaving:
    """Who wants to leave which portal. `below` is the session of ours under it, `then` where to go afterwards."""

    portal: str | None
    sid: str | None
    below: AnyRow | None
    then: str | None


@bp.get("/oidc/end-session")
@open_to_programs
def end_session() -> str | Response:
    """Ask whether to log out here as well; where nobody is logged in any more, move on."""
    leaving = _leaving(request.args.to_dict())
    if leaving.below is None and _own_cookie() is None:
        return moving_on(leaving.then) if leaving.then else see_other("/login?done=logged-out")
    given = {name: request.args[name] for name in FIELDS if name in request.args}
    visit = leaving.below is not None and leaving.below.session_scope is Scope.VISIT
    return render_template("oidc/end_session.html", given=given, visit=visit)


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
    below, key = leaving.below, sessions.key_of(_own_cookie() or "")
    there, handle = "/login?done=logged-out", None
    work, now = current.writer(), current.now()
    if below is not None and below.session_scope is Scope.VISIT and _holds(below):
        there, handle = end_visit(work, below.handle, below.session_key, "ended", now) or "/admin/", below.handle
    elif below is None or below.session_key == key:
        operations.log_out(work, key, now)
    else:
        elsewhere.end(work, ExternalSession.id == leaving.sid, "left", now)
    work.commit()
    response = moving_on(leaving.then) if leaving.then else see_other(there)
    if handle is not None:
        browser.delete_session_cookie(response, Scope.VISIT, handle)
    elif below is None or below.session_key == key:
        browser.delete_session_cookie(response, Scope.SELF_CARE, None)
    return response


def _leaving(given: dict[str, str]) -> Leaving:
    """Read what a portal says; a hint that is not ours, or not that portal's, counts as none."""
    reader = current.reader()
    said = tokens.read_hint(given.get("id_token_hint", ""), keys.public_keys(reader), issuer())
    portal = str(said["aud"]) if said else given.get("client_id")
    if said and given.get("client_id", portal) != portal:
        return Leaving(None, None, None, None)
    client = external.client(reader, portal) if portal else None
    if client is None:
        return Leaving(None, None, None, None)
    uri, state = given.get("post_logout_redirect_uri", ""), given.get("state", "")
    then = None
    if uri in client.post_logout_uris:
        then = protocol.answer(uri, state=state[: protocol.LONGEST["state"]]) if state else uri
    sid = str(said["sid"]) if said else None
    return Leaving(client.slug, sid, held(reader, sid, client.slug) if sid else None, then)


def _own_cookie() -> str | None:
    return browser.read_cookie(scopes.cookie_name(Scope.SELF_CARE, None, current.house().settings.production))


def _holds(below: AnyRow) -> bool:
    """Tell whether this browser holds the cookie of a visit."""
    cookie = browser.read_cookie(scopes.cookie_name(Scope.VISIT, below.handle, current.house().settings.production))
    return cookie is not None and sessions.key_of(cookie) == below.session_key
