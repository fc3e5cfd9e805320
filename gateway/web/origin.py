"""Where a request comes from: our host, over our scheme, from our own pages (RED-02, CK-03, CSRF-04)."""

from functools import lru_cache
from urllib.parse import urlsplit

from flask import abort, redirect, request
from flask.globals import request_ctx
from werkzeug.wrappers import Response

from gateway.errors import Forbidden
from gateway.i18n.catalog import N_
from gateway.identity.passkeys import Party
from gateway.web import current
from gateway.web.address import client_address

PROBES = frozenset({"/healthz", "/readyz"})
LOOPBACK = frozenset({"localhost", "127.0.0.1", "[::1]"})


def check_host() -> Response | None:
    """Refuse a foreign Host (400); with an https base URL, lead a page asked for over plain http there."""
    asked = request_ctx.request
    if asked.path in PROBES:
        return None
    settings = current.house().settings
    if asked.host not in _hosts(settings.base_url, settings.production):
        abort(400)
    if not settings.production or _is_https():
        return None
    if request.method in ("GET", "HEAD") and not request.path.startswith("/api/"):
        return redirect(f"{settings.base_url}{request.full_path.rstrip('?')}", 301)
    abort(400)


@lru_cache(maxsize=8)
def _hosts(base_url: str, production: bool) -> frozenset[str]:
    """Return what `Host` may say: the one of the base URL; on plain http, every name of this machine at its port."""
    ours = urlsplit(base_url)
    if production:
        return frozenset({ours.netloc})
    port = f":{ours.port}" if ours.port else ""
    return frozenset({f"{name}{port}" for name in LOOPBACK} | LOOPBACK)


def party() -> Party | None:
    """Return whom passkeys made here are for; None where the host is an address, which no passkey can be bound to."""
    settings = current.house().settings
    origin = settings.base_url if settings.production else f"http://{request.host}"
    host = urlsplit(origin).hostname or ""
    if host[-1:].isdigit() or ":" in host:
        return None
    return Party(host, settings.brand, origin)


def _is_https() -> bool:
    """Tell whether the browser spoke TLS, to us or to a proxy that we trust."""
    if request.scheme == "https":
        return True
    proxies = current.house().settings.trusted_proxies
    peer = request.remote_addr
    behind = client_address(peer, ("192.0.2.1",), proxies) == "192.0.2.1"
    return behind and request.headers.get("X-Forwarded-Proto", "") == "https"


def check_same_site() -> None:
    """Refuse a change that another site's page asks for, even with a valid form (CSRF-04, LT-10)."""
    came_from = request.headers.get("Origin")
    foreign = came_from is not None and urlsplit(came_from).netloc != request.host
    if foreign or request.headers.get("Sec-Fetch-Site") in ("cross-site", "same-site"):
        raise Forbidden(N_("This request came from another site."), "cross_site")
