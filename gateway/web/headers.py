"""What every answer says to the browser (HDR-01, HDR-02, HDR-03, HDR-04)."""

from collections.abc import Iterable
from typing import Any

from flask import Flask, Response

from gateway.web import current
from gateway.web.scopes import WSGI

ALWAYS = (
    ("X-Content-Type-Options", "nosniff"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Referrer-Policy", "strict-origin"),
    ("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
    ("X-Frame-Options", "DENY"),
)
HSTS = ("Strict-Transport-Security", "max-age=63072000; includeSubDomains")
STATIC_POLICY = "default-src 'none'; frame-ancestors 'none'"


class Always:
    """Adds the headers that are the same on every answer, static files and errors included."""

    def __init__(self, app: WSGI, production: bool) -> None:
        self._app = app
        self._headers = [*ALWAYS, HSTS] if production else [*ALWAYS]

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        def start(status: str, headers: list[tuple[str, str]], error: Any = None) -> Any:
            return start_response(status, headers + self._headers, error)

        return self._app(environ, start)


def policy(nonce: str) -> str:
    """Return the content security policy of a page (CSP 3): nothing inline, nothing from elsewhere."""
    return (
        f"default-src 'none'; script-src 'nonce-{nonce}'; style-src 'self'; img-src 'self'; font-src 'self'; "
        "connect-src 'self'; manifest-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'; "
        "object-src 'none'"
    )


def harden(response: Response) -> Response:
    """Set the headers of one answer; also on errors, whatever was not reached before them."""
    headers = response.headers
    headers["Vary"] = f"Cookie, {headers['Vary']}" if "Vary" in headers else "Cookie"
    headers.add("Cache-Control", "no-store")
    headers.add("Content-Security-Policy", policy(current.nonce()))
    headers.add("X-Request-Id", current.request_id())
    return response


def static_headers(headers: dict[str, str], _path: str, _url: str) -> None:
    """Set the policy of a static file, which is public."""
    headers["Content-Security-Policy"] = STATIC_POLICY


def register(app: Flask) -> None:
    """Harden every answer of the application."""
    app.after_request(harden)
