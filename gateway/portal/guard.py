"""The one guard at every door.

Default deny; refusals come in one order: no session (303, in the API 401), node forbidden (404), level too low (403),
a form that is not ours (400), a proof that is too old (403). What follows (404 for a record, 409, 422) is the view's.
"""

from typing import NoReturn
from urllib.parse import quote

from flask import Flask, current_app, g, request
from flask.globals import request_ctx
from flask_login import LoginManager, UserMixin
from flask_wtf.csrf import CSRFProtect
from werkzeug.exceptions import Unauthorized
from werkzeug.wrappers import Response

from gateway import clock
from gateway.access.acting import NEVER_WHILE_ACTING
from gateway.access.levels import Level
from gateway.access.queries import OUTSIDE, Ended, visitor_of
from gateway.access.visitor import Visitor
from gateway.audit.operations import Stamp, record
from gateway.errors import Forbidden, Invalid, NotFound, Unrecordable
from gateway.i18n import catalog
from gateway.i18n.catalog import N_
from gateway.identity import api_tokens, sessions
from gateway.identity.models import Scope, Session
from gateway.identity.proofs import is_recent
from gateway.identity.throttle import UNKNOWN_SOURCE, source_of
from gateway.portal.registry import Registry
from gateway.web import bearer, current, origin, rates, speech
from gateway.web.browser import handle, scope, session_cookie
from gateway.web.marks import RECENT, Mark
from gateway.web.redirects import page_of, reauthentication_path, see_other

REAUTH = "reauth_required"
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
CLOSED = {
    "portal_off": N_("This portal is switched off for now."),
    "view_only": N_("You can look but not change anything here."),
}

login_manager = LoginManager()
login_manager.session_protection = None
csrf = CSRFProtect()


class Person(UserMixin):  # type: ignore[misc]
    """The visitor as Flask-Login knows them: `current_user` for whoever expects it. Nothing here decides anything."""

    def __init__(self, who: Visitor) -> None:
        self.id = f"{who.kind}:{who.id}"
        self.visitor = who


@login_manager.request_loader
def _person(_request: object) -> Person | None:
    who = current.maybe_visitor()
    return Person(who) if who else None


@login_manager.unauthorized_handler
def _to_log_in() -> Response:
    """Send a stranger to the log-in page of the realm, and on to where they were going (GET only)."""
    there = "/admin/login" if scope() is Scope.ADMIN else "/login"
    if request.method in ("GET", "HEAD"):
        target = request.full_path if request.query_string else request.path
        if target not in ("/", "/admin/"):
            return see_other(f"{there}?next={quote(target, safe='/')}")
    return see_other(there)


def register(app: Flask, registry: Registry) -> None:
    """Put the guard in front of every view of `app`."""
    login_manager.init_app(app, add_context_processor=False)
    csrf.init_app(app)
    app.extensions["portico.registry"] = registry

    @app.before_request
    def _guard() -> Response | None:
        g.now = clock.now()
        return guard(registry)


def guard(registry: Registry) -> Response | None:
    """Decide whether the request may go on to its view; returns an answer, raises a refusal, or returns None: go on."""
    if (elsewhere := origin.check_host()) is not None:
        return elsewhere
    asked = request_ctx.request
    if asked.path in origin.PROBES:
        return None
    if "\0" in asked.path:
        raise NotFound
    if b"%00" in asked.query_string:
        raise Invalid({"": [N_("A zero byte cannot be kept.")]})
    mark = registry.marks[asked.endpoint] if asked.endpoint else None
    if scope() is Scope.API:
        _guard_api(mark)
        return None
    g.mark = mark
    if mark is not None and mark.programs:
        _speak()
        return None
    who = _resolve()
    _speak()
    if not isinstance(who, Visitor):
        _tell_of_strangers()
    if mark is None:
        return None
    if mark.in_visits_only:
        if scope() is not Scope.VISIT:
            raise NotFound
    elif isinstance(who, Ended) and scope() is Scope.VISIT:
        return _back_to_console(who)
    if not mark.open_to_all:
        if not isinstance(who, Visitor):
            if asked.path not in ("/", "/admin/"):
                _count_stranger(who)
            return current_app.login_manager.unauthorized()  # type: ignore[attr-defined,no-any-return]
        if mark.node is not None:
            _check_level(who, mark)
    if asked.method not in SAFE:
        origin.check_same_site()
        csrf.protect()
        if not mark.open_to_all and any("\0" in text for texts in asked.form.listvalues() for text in texts):
            raise Invalid({"": [N_("A zero byte cannot be kept.")]})
        if isinstance(who, Visitor) and getattr(current_app.view_functions[str(request.endpoint)], RECENT, False):
            return _prove_first(who)
    return None


def _prove_first(who: Visitor) -> Response | None:
    """Ask somebody who did not prove lately who they are to do so first, then to repeat the change.

    A form of a page leads there and back to its page; anything else gets 403.
    """
    if is_recent(who.proved_at, g.now):
        return None
    if request.headers.get("Sec-Fetch-Mode") == "navigate":
        return see_other(reauthentication_path(who.scope, page_of(request.path)))
    refuse(Forbidden(N_("This needs your password again first. Confirm that it is you, then repeat it."), REAUTH))


def _speak() -> None:
    """Settle in which language and formats the answer is."""
    g.preferences = speech.preferences_of(current.maybe_visitor(), current.house().settings.languages)
    catalog.use(current.formats().language)


def _guard_api(mark: Mark | None) -> None:
    """Decide about a call of the API: who it is says the Authorization header and nothing else, so no form is asked."""
    bearer.refuse_secrets_in_query()
    who, token_id = bearer.resolve()
    _speak()
    if token_id is not None:
        work = current.writer()
        api_tokens.used(work, token_id, current.now(), current.address())
        work.commit()
    rates.count(mark, who)
    g.mark = mark if mark is None or who is None else mark.of(who.realm)
    if mark is None or mark.open_to_all:
        return
    if who is None:
        _tell_of_strangers()
        _count_stranger(None)
        raise Unauthorized(www_authenticate=bearer.CHALLENGE)
    if g.mark is None:
        raise NotFound
    if g.mark.node is not None:
        _check_level(who, g.mark)


def _resolve() -> Visitor | Ended | None:
    """Find out who is there."""
    cookie = session_cookie()
    if cookie is None:
        return Ended("unknown") if scope() is Scope.VISIT else None
    return resolve(scope(), handle(), cookie)


def resolve(of: Scope, visit: str | None, cookie: str) -> Visitor | Ended:
    """Make whoever a cookie belongs to the visitor of this request, or say why they are not.

    Work in a visit keeps the administrator's own session from idling out.
    """
    key = sessions.key_of(cookie)
    who = visitor_of(current.reader(), current.house().rights, of, key, visit, g.now, current.address())
    if isinstance(who, Ended):
        if who.why == OUTSIDE:
            _note_outside(key)
        elif of is Scope.VISIT and not who.noted:
            _end_for_good(key, who.why)
        return who
    g.visitor = who
    if g.now - who.last_seen_at > sessions.SEEN_AGAIN:
        work = current.writer()
        sessions.seen(work, [key, who.visit.parent_key] if who.visit else [key], g.now)
        work.commit()
    return who


def _note_outside(key: bytes) -> None:
    """Put a request from outside the trusted networks on the record, once a minute for each session."""
    work = current.writer()
    if sessions.refuse_outside(work, key, g.now):
        work.commit()


def _end_for_good(key: bytes, why: str) -> None:
    """End a visit that may not go on, so that it does not come back where the reason goes away within its hour."""
    work = current.writer()
    if sessions.end_visits(work, Session.key == key, why, g.now):
        work.commit()


def _count_stranger(who: Ended | None) -> None:
    """Count a refusal of somebody without a session; one whose session is over is no stranger."""
    if who is not None and who.why != "unknown":
        return
    source = source_of(current.address())
    current.house().strangers.note(None if source == UNKNOWN_SOURCE else source, g.now)


def _tell_of_strangers() -> None:
    """Put on the record how often strangers were refused, by source, in the minutes that are over."""
    strangers = current.house().strangers
    counts = strangers.take(g.now)
    if not counts:
        return
    work = current.writer()
    for (minute, source), count in sorted(counts.items(), key=str):
        of = Stamp(address=source)
        record(
            work, "access.refused", outcome="refused", reason="stranger", of=of, minute=minute.isoformat(), count=count
        )
    try:
        work.commit()
    except Unrecordable:
        strangers.put_back(counts)
        raise


def _check_level(who: Visitor, mark: Mark) -> None:
    portal, node = str(mark.portal), str(mark.node)
    is_safe = request.method in SAFE
    why = who.closed(portal, node, Level.VIEW if is_safe else mark.needs)
    if why == "forbidden":
        refuse(NotFound(why))
    if why is not None:
        refuse(Forbidden(CLOSED[why], why))
    if is_safe:
        return
    if who.actor is not None and (portal, node) in NEVER_WHILE_ACTING:
        refuse(Forbidden(N_("This is never possible while acting for somebody."), "impersonation_forbidden"))


def refuse(refusal: Forbidden | NotFound) -> NoReturn:
    """Put a refusal on the record, and nothing else of what was begun, then raise it."""
    work = current.writer()
    work.rollback()
    code = refusal.code if isinstance(refusal, Forbidden) else "forbidden"
    record(work, "access.refused", outcome="refused", reason=code, method=request.method, path=request.path[:200])
    work.commit()
    raise refusal


def _back_to_console(ended: Ended) -> Response:
    """Lead from an ended or unknown visit to the console, which says why, or to its log-in page."""
    cookie = session_cookie(Scope.ADMIN)
    if cookie is not None:
        key = sessions.key_of(cookie)
        who = visitor_of(current.reader(), current.house().rights, Scope.ADMIN, key, None, g.now, current.address())
        if isinstance(who, Visitor):
            return see_other(f"/admin/customers?ended={quote(ended.why)}")
    _count_stranger(ended)
    return see_other("/admin/login")


def page_level() -> Level:
    """Return the level at the node of the present page."""
    mark: Mark | None = g.get("mark")
    who = current.maybe_visitor()
    if mark is None or mark.portal is None or who is None:
        return Level.FULL
    return who.level(mark.portal, str(mark.node))
