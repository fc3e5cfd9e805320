"""What every answer says to the browser (HDR-01, HDR-02, HDR-03, HDR-04)."""

import secrets

from flask import Flask, Response, g

from gateway.web import current

HSTS = "max-age=63072000; includeSubDomains"
COMMON = {
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "strict-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "X-Frame-Options": "DENY",
}
STATIC_POLICY = "default-src 'none'; frame-ancestors 'none'"


def policy(nonce: str) -> str:
    """Return the content security policy of a page (CSP 3): nothing inline, nothing from elsewhere."""
    return (
        f"default-src 'none'; script-src 'nonce-{nonce}'; style-src 'self'; img-src 'self'; font-src 'self'; "
        "connect-src 'self'; manifest-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'; "
        "object-src 'none'"
    )


def nonce() -> str:
    """Return this answer's nonce for scripts."""
    if "nonce" not in g:
        g.nonce = secrets.token_urlsafe(16)
    return str(g.nonce)


def harden(response: Response) -> Response:
    """Set the headers; also on errors, whatever was not reached before them."""
    for name, value in COMMON.items():
        response.headers.setdefault(name, value)
    response.headers.setdefault("Content-Security-Policy", policy(nonce()))
    response.headers.setdefault("Cache-Control", "no-store")
    response.vary.add("Cookie")
    response.headers["X-Request-Id"] = current.request_id()
    if current.house().settings.production:
        response.headers["Strict-Transport-Security"] = HSTS
    return response


def static_headers(headers: dict[str, str], _path: str, _url: str) -> None:
    """Set the headers of a static file, which is public."""
    for name, value in COMMON.items():
        headers[name] = value
    headers["Content-Security-Policy"] = STATIC_POLICY


def register(app: Flask) -> None:
    """Harden every answer of the application."""
    app.after_request(harden)
