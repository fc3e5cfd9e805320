"""Where a browser comes to be let into a portal (OpenID Connect Core 1.0, section 3.1.2)."""

from urllib.parse import quote, urlencode

from flask import make_response, render_template, request
from werkzeug.wrappers import Response

from gateway.access.queries import Ended
from gateway.access.visitor import Visitor
from gateway.identity import sessions
from gateway.identity.models import Scope
from gateway.oidc import claims, keys, operations, protocol, tokens
from gateway.oidc.protocol import Asked, Refused, Unanswerable
from gateway.oidc.views.common import bp, issuer
from gateway.portal.guard import resolve
from gateway.tokens import Tokens
from gateway.web import browser, current, scopes
from gateway.web.marks import open_to_programs
from gateway.web.redirects import leave_for, moving_on, see_other


@bp.get("/oidc/authorize")
@open_to_programs
def authorize() -> Response:
    """Let somebody into the portal that asks, after logging in if need be; every refusal goes back to the portal.

    A GET that makes a code, as the protocol has it; HEAD and prefetching make none.
    """
    if request.method != "GET" or browser.is_prefetch():
        return Response(status=204)
    given = request.args.to_dict(flat=False)
    try:
        client, redirect_uri = protocol.where_to(current.reader(), given)
    except Unanswerable:
        return make_response(render_template("oidc/unknown.html", here=request.path), 400)
    try:
        return _enter(protocol.authorization(given, client.slug, redirect_uri))
    except Refused as refused:
        return _back(redirect_uri, error=refused.code, error_description=refused.description)


@bp.post("/oidc/authorize")
@open_to_programs
def authorize_by_form() -> Response:
    """Take the same as a form: a browser brings its cookies only when it then comes by itself."""
    return see_other(f"/oidc/authorize?{urlencode(list(request.form.items(multi=True)))}")


def _enter(asked: Asked) -> Response:
    who, (since, named) = _who(asked), _resumed()
    if asked.hint:
        named = _named(asked)
    fresh = who is not None and since is not None and int(who.started_at.timestamp()) >= since
    expected = who is not None and named in (None, who.id)
    if who is None or not expected or not (fresh or _recent(who, asked)):
        if "none" in asked.prompt or asked.handle is not None or (fresh and not expected):
            raise Refused("login_required", "nobody is logged in here, or somebody else, or not recently enough")
        return _log_in_first(asked, named)
    house = current.house()
    why = None
    if asked.portal in who.portals_off or asked.portal not in house.rights.externals:
        why = "portal-off"
    elif not claims.opens(who, asked.portal):
        why = "portal-not-in-role"
    work = current.writer()
    if why is not None:
        operations.refuse(work, asked.portal, why)
        work.commit()
        raise Refused("temporarily_unavailable" if why == "portal-off" else "access_denied", why)
    code = operations.grant(work, who, asked, current.now(), current.address())
    work.commit()
    return _back(asked.redirect_uri, code=code)


def _who(asked: Asked) -> Visitor | None:
    """Return who is there: in a visit that the portal was sent with, else in the browser's own log-in.

    With the one hint the other cookie is not even looked at.
    """
    scope = Scope.SELF_CARE if asked.handle is None else Scope.VISIT
    if asked.handle is not None and not scopes.HANDLE.match(asked.handle):
        return None
    cookie = browser.read_cookie(scopes.cookie_name(scope, asked.handle, current.house().settings.production))
    found = resolve(scope, asked.handle, cookie) if cookie else None
    return None if isinstance(found, Ended) else found


def _named(asked: Asked) -> str:
    """Return whom a hint names (OpenID Connect Core 1.0, section 3.1.2.1), or nothing if it is not its own."""
    said = tokens.read_hint(asked.hint, keys.public_keys(current.reader()), issuer())
    return str(said["sub"]) if said and said["aud"] == asked.portal else ""


def _recent(who: Visitor, asked: Asked) -> bool:
    if "login" in asked.prompt:
        return False
    return asked.max_age is None or (current.now() - who.started_at).total_seconds() <= asked.max_age


def _resume_tokens() -> Tokens:
    return Tokens(current.house().settings.derived_keys("resume"), "resume", sessions.PENDING * 2)


def _resumed() -> tuple[int | None, str | None]:
    """Return the second at which this request was sent to log in, and whom it named; None for what there is not."""
    text = _resume_tokens().read(request.args.get("resume", ""), current.now())
    since, _, named = (text or "").partition(" ")
    return int(since) if since else None, named or None


def _log_in_first(asked: Asked, named: str | None) -> Response:
    """Send to the log-in page, and back here with a note of since when a log-in counts, and whose."""
    resume = _resume_tokens().sign(f"{int(current.now().timestamp())} {named or ''}")
    target = f"/oidc/authorize?{asked.query}&resume={resume}"
    hint = f"&login={quote(asked.login)}" if asked.login else ""
    return see_other(f"/login?next={quote(target, safe='/')}&again=y{hint}")


def _back(redirect_uri: str, **values: str) -> Response:
    """Answer the portal; a browser that comes from our log-in form gets a page that moves on."""
    states = request.args.getlist("state")
    state = {"state": states[0]} if len(states) == 1 and states[0] else {}
    url = protocol.answer(redirect_uri, **values, **state, iss=issuer())
    return moving_on(url) if "resume" in request.args else leave_for(url)
