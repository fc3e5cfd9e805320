"""Redirects stay within the house: relative, 303 after a change, `next` only to pages of ours (RED-01, RED-02)."""

from urllib.parse import quote, urlsplit

from flask import Response, current_app, make_response, render_template, request, url_for
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect
from werkzeug.wrappers import Response as WerkzeugResponse

from gateway.identity.models import Scope

LONGEST = 4500
PRINTABLE = {chr(code) for code in range(0x21, 0x7F)} - {"\\"}


def see_other(path: str) -> WerkzeugResponse:
    """Answer 303 to a path of ours."""
    response = Response(status=303)
    response.headers["Location"] = path
    response.autocorrect_location_header = False
    return response


def leave_for(url: str) -> WerkzeugResponse:
    """Answer 303 to a registered address elsewhere; not after a form, as its policy allows our own pages alone."""
    return see_other(url)


def moving_on(url: str) -> WerkzeugResponse:
    """Answer a page that moves on to a registered address elsewhere by itself: after a form, where the policy of our
    pages would stop a redirect.
    """
    return make_response(render_template("moving_on.html", url=url))


def see(endpoint: str, **values: object) -> WerkzeugResponse:
    """Answer 303 to an endpoint of ours."""
    return see_other(url_for(endpoint, **values))  # type: ignore[arg-type]


def safe_next(target: str | None, prefix: str, otherwise: str, longest: int = LONGEST) -> str:
    """Return `target` if it is a page of ours under `prefix` that GET answers, else `otherwise`; so if it is too long.

    Judged by the router, never by the look of the text: `/\\evil.example` and its like resolve to nothing.
    """
    if (
        not target
        or len(target) > longest
        or not target.startswith("/")
        or target.startswith("//")
        or set(target) - PRINTABLE
    ):
        return otherwise
    parts = urlsplit(target)
    if parts.scheme or parts.netloc or not f"{parts.path}/".startswith(prefix):
        return otherwise
    return target if _is_page(parts.path) else otherwise


def page_of(path: str) -> str:
    """Return the page that a form which is sent to `path` stands on: the nearest address above it that GET answers."""
    while path.strip("/") and not _is_page(path):
        path = path.rpartition("/")[0]
    return path or "/"


def reauthentication_path(scope: Scope, then: str) -> str:
    """Return where somebody proves again who they are, to go on to `then`."""
    start = "/admin/reauthenticate" if scope is Scope.ADMIN else "/reauthenticate"
    return f"{start}?next={quote(then, safe='/')}"


def _is_page(path: str) -> bool:
    try:
        current_app.url_map.bind(request.host).match(path, method="GET")
    except (HTTPException, RequestRedirect):
        return False
    return True
