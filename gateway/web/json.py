"""JSON as the API answers it."""

from typing import Any

import orjson
from flask import Response
from flask.json.provider import JSONProvider


class Orjson(JSONProvider):
    """Writes with orjson: a tenth of the time of the standard library's. Moments come out as RFC 3339."""

    def dumps(self, obj: Any, **_options: Any) -> str:
        """Return `obj` as a text."""
        return orjson.dumps(obj).decode()

    def loads(self, s: str | bytes, **_options: Any) -> Any:
        """Read a text."""
        return orjson.loads(s)

    def response(self, *args: Any, **kwargs: Any) -> Response:
        """Return an answer of `args` or `kwargs`."""
        return Response(orjson.dumps(self._prepare_response_obj(args, kwargs)), mimetype="application/json")
