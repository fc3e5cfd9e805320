"""Errors as programs read them: problem details (RFC 9457) with a stable code and the id of the request."""

from collections.abc import Mapping, Sequence

import orjson
from flask import Response, request

from gateway.web import current

CODES: Mapping[int, str] = {
    400: "bad_request",
    401: "unauthenticated",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    409: "conflict",
    412: "stale",
    413: "too_large",
    415: "unsupported_media_type",
    422: "invalid",
    428: "precondition_required",
    429: "too_many_requests",
    500: "internal",
    503: "unavailable",
}
"""The code of each status where nothing says it closer."""

PAGES = frozenset({"/api/docs"})


def wanted() -> bool:
    """Tell whether the present request is a program's."""
    return f"{request.path}/".startswith("/api/") and request.path not in PAGES


def problem(
    status: int, title: str, detail: str, code: str | None, faults: Mapping[str, Sequence[str]] | None
) -> Response:
    """Return an answer that says what went wrong; `faults` are sentences by field."""
    code = code or CODES.get(status, "bad_request")
    said: dict[str, object] = {
        "type": f"{current.house().settings.base_url}/api/docs#{code}",
        "title": title,
        "status": status,
        "detail": detail,
        "code": code,
        "request_id": current.request_id(),
    }
    if faults:
        said["errors"] = faults
    body = b"" if request.method == "OPTIONS" else orjson.dumps(said)
    return Response(body, status, mimetype="application/problem+json")
