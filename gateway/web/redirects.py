"""Redirects stay within the house: relative, 303 after a change, `next` only to pages of ours (RED-01, RED-02)."""

from urllib.parse import urlsplit

from flask import Response, current_app, make_response, render_template, request, url_for
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect
from werkzeug.wrappers import Response as WerkzeugResponse

LONGEST = 3000
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
    adapter = current_app.url_map.bind(request.host)
    try:
        adapter.match(parts.path, method="GET")
    except (HTTPException, RequestRedirect):
        return otherwise
    return target
