"""The browser's side: its scope, its cookies, and a Flask session that keeps nothing.

Sessions are rows of ours; Flask's own holds, for the length of one request, only what ties a form to the browser.
"""

import hashlib
import re
from collections.abc import Collection
from datetime import UTC, datetime
from typing import Any, cast

from flask import Flask, Response, g, request
from flask.globals import app_ctx, request_ctx
from flask.sessions import SessionInterface, SessionMixin
from werkzeug.wrappers import Response as AnyResponse

from gateway.identity import sessions
from gateway.identity.models import Scope
from gateway.web import current, scopes

FAILURES = re.compile(r"([0-9]{1,4})\.([0-9]{1,10})\Z")
TOLD_WITHIN = 300


class Passing(dict[str, Any], SessionMixin):
    """A session that is gone when the request is over. What ties a form to the browser is made when it is asked for."""

    def __contains__(self, name: object) -> bool:
        return name == "csrf_token" or super().__contains__(name)

    def __missing__(self, name: str) -> str:
        if name != "csrf_token":
            raise KeyError(name)
        self[name] = form_seed()
        return str(self[name])


class NothingKept(SessionInterface):
    """Opens a passing session and saves none."""

    def open_session(self, app: Flask, request: Any) -> Passing:
        return Passing()

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        return None


def _secure() -> bool:
    return current.house().settings.production


def handle() -> str | None:
    """Return the handle of the visit that the request's path belongs to, or None."""
    return cast("str | None", request.environ.get(scopes.ENVIRON))


def scope() -> Scope:
    """Return the scope of the present request."""
    asked = request_ctx.request  # the thing itself: every look through the stand-in `request` costs
    return scopes.scope_of(asked.path, asked.environ.get(scopes.ENVIRON))


def read_cookie(name: str) -> str | None:
    """Return the value of a cookie that came exactly once: two of one name count as none (CK-03)."""
    values = request.cookies.getlist(name)
    return values[0] if len(values) == 1 and values[0] else None


def session_cookie(of: Scope | None = None) -> str | None:
    """Return the session cookie of the present scope, or of another that has no handle, or None. The API has none."""
    if of is not None:
        return read_cookie(scopes.cookie_name(of, handle(), _secure()))
    kept = app_ctx.g
    if "session_cookie" not in kept:
        here = scope()
        none = here is Scope.API
        kept.session_cookie = None if none else read_cookie(scopes.cookie_name(here, handle(), _secure()))
    return cast("str | None", kept.session_cookie)


def set_cookie(
    response: AnyResponse, name: str, value: str, *, strict: bool = False, seconds: int | None = None
) -> None:
    """Set a cookie as every cookie of ours is set (CK-01)."""
    same_site = "Strict" if strict else "Lax"
    response.set_cookie(name, value, max_age=seconds, path="/", secure=_secure(), httponly=True, samesite=same_site)


def delete_cookie(response: AnyResponse, name: str) -> None:
    """Take a cookie back."""
    response.delete_cookie(name, path="/", secure=_secure(), httponly=True, samesite="Lax")


def read_plain_cookie(name: str) -> str | None:
    """Return the value of a cookie that is no secret: a wish of the browser's."""
    return read_cookie(scopes.plain_cookie_name(name, _secure()))


def set_plain_cookie(response: AnyResponse, name: str, value: str, seconds: int | None = None) -> None:
    """Give the browser a cookie that is no secret."""
    set_cookie(response, scopes.plain_cookie_name(name, _secure()), value, seconds=seconds)


def delete_plain_cookie(response: AnyResponse, name: str) -> None:
    """Take such a cookie back."""
    delete_cookie(response, scopes.plain_cookie_name(name, _secure()))


def set_session_cookie(response: AnyResponse, of: Scope, visit: str | None, cookie: str) -> None:
    """Give the browser the cookie of a new session."""
    set_cookie(response, scopes.cookie_name(of, visit, _secure()), cookie)


def delete_session_cookie(response: AnyResponse, of: Scope, visit: str | None) -> None:
    """Take the cookie of an ended session back."""
    delete_cookie(response, scopes.cookie_name(of, visit, _secure()))


def device_cookie() -> str | None:
    """Return the cookie by which this browser may be a remembered one, or None."""
    return read_cookie(scopes.device_cookie_name(scope(), _secure()))


def set_device_cookie(response: AnyResponse, cookie: str, seconds: int) -> None:
    """Give the browser the cookie by which it is remembered."""
    set_cookie(response, scopes.device_cookie_name(scope(), _secure()), cookie, seconds=seconds)


def forget_visits(response: AnyResponse, but: Collection[str]) -> None:
    """Take back the cookies of all visits `but` these: without that a long day fills the browser's headers."""
    prefix = scopes.cookie_name(Scope.VISIT, "", _secure())
    for name in request.cookies:
        if name.startswith(prefix) and name.removeprefix(prefix) not in but:
            delete_cookie(response, name)


def is_prefetch() -> bool:
    """Tell whether the browser only looks ahead: nobody has clicked yet."""
    return "prefetch" in request.headers.get("Sec-Purpose", request.headers.get("Purpose", ""))


def remember_failures(response: AnyResponse, of: Scope, count: int, latest: datetime) -> None:
    """Have the next page say how many log-ins failed since the one before, and when the last did (LOG-09)."""
    name = scopes.failures_cookie_name(of, _secure())
    set_cookie(response, name, f"{count}.{int(latest.timestamp())}", seconds=TOLD_WITHIN)


def failures_to_tell() -> tuple[int, datetime] | None:
    """Return what the present page has to say of failed log-ins, and have it forgotten; it is said once."""
    name = scopes.failures_cookie_name(scope(), _secure())
    found = FAILURES.match(read_cookie(name) or "")
    if found is None or scope() is Scope.VISIT:
        return None
    g.told_failures = name
    return int(found[1]), datetime.fromtimestamp(int(found[2]), UTC)


def form_seed() -> str:
    """Return what ties a form to this browser: made from the session cookie, or from a stranger's own cookie.

    So a token given before the log-in, or in another visit, is refused (CSRF-01, SES-10), and nothing is stored.
    """
    cookie = session_cookie()
    if cookie is None:
        name = scopes.stranger_cookie_name(scope(), _secure())
        cookie = read_cookie(name)
        if cookie is None:
            cookie = sessions.new_cookie()
            g.stranger_cookie = (name, cookie)
    return hashlib.sha256(b"portico form\0" + cookie.encode("utf-8", "surrogateescape")).hexdigest()


def register(app: Flask) -> None:
    """Use sessions that keep nothing, and give a stranger who gets a form the cookie that it is tied to."""
    app.session_interface = NothingKept()

    @app.after_request
    def _remember_stranger(response: Response) -> Response:
        if "csrf_token" in g and "stranger_cookie" in g:
            set_cookie(response, *g.stranger_cookie)
        if "told_failures" in g:
            delete_cookie(response, g.told_failures)
        return response
