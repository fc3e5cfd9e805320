"""Which cookie belongs to which path: `/` to customers, `/admin` to administrators, `/as/<handle>` to a visit."""

import re
from collections.abc import Callable, Iterable
from typing import Any

from gateway.identity.models import Scope

HANDLE = re.compile(r"[0-9a-z]{16}\Z")
_INSIDE = re.compile(r"/(end|land|clock)?\Z|/portals/")
ENVIRON = "portico.handle"
API = "/api/v1/"
COOKIE = {Scope.SELF_CARE: "session", Scope.ADMIN: "admin"}

WSGI = Callable[[dict[str, Any], Any], Iterable[bytes]]


class VisitPrefix:
    """Moves `/as/<handle>` from the path into SCRIPT_NAME, so that every address made inside a visit stays inside it.

    Only the picker, the portals, `land`, `end` and `clock` live there; anything else under the prefix is not found.
    """

    def __init__(self, app: WSGI) -> None:
        self._app = app

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        environ["SCRIPT_NAME"] = ""
        path = environ.get("PATH_INFO", "")
        if path.startswith("/as/"):
            handle, _, rest = path[len("/as/") :].partition("/")
            if HANDLE.match(handle) and _INSIDE.match(f"/{rest}"):
                environ["SCRIPT_NAME"] = f"/as/{handle}"
                environ["PATH_INFO"] = f"/{rest}"
                environ[ENVIRON] = handle
        return self._app(environ, start_response)


def scope_of(path: str, handle: str | None) -> Scope:
    """Return the scope of a request: of a visit if it carries a handle, else by its path."""
    if handle is not None:
        return Scope.VISIT
    if path.startswith(API):
        return Scope.API
    return Scope.ADMIN if path == "/admin" or path.startswith("/admin/") else Scope.SELF_CARE


def cookie_name(scope: Scope, handle: str | None, secure: bool) -> str:
    """Return the name of the cookie of a scope; each visit has a name of its own (CK-01, CK-02)."""
    name = f"visit-{handle}" if scope is Scope.VISIT else COOKIE[scope]
    return f"__Host-{name}" if secure else name


def launch_cookie_name(handle: str, secure: bool) -> str:
    """Return the name of the cookie that carries a launch to its landing."""
    return f"__Host-launch-{handle}" if secure else f"launch-{handle}"


def stranger_cookie_name(scope: Scope, secure: bool) -> str:
    """Return the name of the cookie that ties a form to a browser before anybody is logged in."""
    name = "admin-form" if scope is Scope.ADMIN else "form"
    return f"__Host-{name}" if secure else name


def failures_cookie_name(scope: Scope, secure: bool) -> str:
    """Return the name of the cookie that has the next page tell of failed log-ins."""
    name = "admin-failures" if scope is Scope.ADMIN else "failures"
    return f"__Host-{name}" if secure else name


def device_cookie_name(scope: Scope, secure: bool) -> str:
    """Return the name of the cookie by which a remembered browser is known."""
    name = "admin-device" if scope is Scope.ADMIN else "device"
    return f"__Host-{name}" if secure else name


def plain_cookie_name(name: str, secure: bool) -> str:
    """Return the name of a cookie that is no secret and belongs to no scope: a wish of the browser's."""
    return f"__Host-{name}" if secure else name
