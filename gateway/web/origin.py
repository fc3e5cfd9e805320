"""Where a request comes from: our host, over our scheme, from our own pages (RED-02, CK-03, CSRF-04)."""

from urllib.parse import urlsplit

from flask import abort, redirect, request
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
    if request.path in PROBES:
        return None
    settings = current.house().settings
    ours = urlsplit(settings.base_url)
    if not settings.production:
        name, _, port = request.host.rpartition(":") if not request.host.endswith("]") else (request.host, "", "")
        same_port = (port if name else "") == str(ours.port or "") or not name
        if (name or request.host) not in LOOPBACK or not same_port:
            abort(400)
        return None
    if request.host != ours.netloc:
        abort(400)
    if _is_https():
        return None
    if request.method in ("GET", "HEAD") and not request.path.startswith("/api/"):
        return redirect(f"{settings.base_url}{request.full_path.rstrip('?')}", 301)
    abort(400)


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
    behind = client_address(peer, ["192.0.2.1"], proxies) == "192.0.2.1"
    return behind and request.headers.get("X-Forwarded-Proto", "") == "https"


def check_same_site() -> None:
    """Refuse a change that another site's page asks for, even with a valid form (CSRF-04, LT-10)."""
    came_from = request.headers.get("Origin")
    foreign = came_from is not None and urlsplit(came_from).netloc != request.host
    if foreign or request.headers.get("Sec-Fetch-Site") in ("cross-site", "same-site"):
        raise Forbidden(N_("This request came from another site."), "cross_site")
