"""Where the views of the API hang, and how they say what comes out of them."""

from collections.abc import Callable
from typing import Any, TypeVar

import flask_smorest
from flask import current_app, request
from marshmallow import Schema

from gateway.api.reading import Reader
from gateway.errors import Invalid
from gateway.i18n.catalog import N_

View = TypeVar("View", bound=Callable[..., object])

IF_MATCH = {
    "in": "header",
    "name": "If-Match",
    "required": True,
    "description": "The ETag of what was read, so that nothing of others is overwritten; 412 if it has changed.",
    "schema": {"type": "string"},
    "example": '"3"',
}
IDEMPOTENCY_KEY = {
    "in": "header",
    "name": "Idempotency-Key",
    "description": "A word of your own: the same call with the same word is done once, and answered alike for a day.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255},
    "example": "order-4711",
}
READS_QUERY = "portico_reads_query"
ETAG = {"ETag": {"description": "The version, for If-Match.", "schema": {"type": "string"}}}


class Blueprint(flask_smorest.Blueprint):  # type: ignore[misc]
    """Reads strictly; what comes out is described and not dumped, since the views build it as it is."""

    ARGUMENTS_PARSER = Reader()

    def arguments(self, schema: type[Schema], **more: Any) -> Callable[[View], View]:
        """Read what a call sends by `schema`, made once: making one costs more than reading with it."""
        reading: Callable[[View], View] = super().arguments(schema(), **more)

        def apply(view: View) -> View:
            read = reading(view)
            setattr(read, READS_QUERY, more.get("location") == "query")
            return read

        return apply

    def answers(self, schema: type[Schema] | None, status: int = 200, **more: Any) -> Callable[[View], View]:
        """Say what a view answers; no schema: nothing (204)."""
        described: Callable[[View], View] = self.alt_response(
            status if schema else 204, schema=schema, success=True, **more
        )
        return described

    def changes(self, schema: type[Schema]) -> Callable[[View], View]:
        """Say that a view changes what has a version: `schema` is sent, with If-Match."""
        return self._taking(schema, IF_MATCH)

    def makes(self, schema: type[Schema]) -> Callable[[View], View]:
        """Say that a view makes something of `schema`, once for each Idempotency-Key."""
        return self._taking(schema, IDEMPOTENCY_KEY)

    def _taking(self, schema: type[Schema], header: dict[str, Any]) -> Callable[[View], View]:
        def apply(view: View) -> View:
            taking: View = self.doc(parameters=[header])(self.arguments(schema)(view))
            return taking

        return apply


bp = Blueprint("api", __name__, url_prefix="/api/v1")


@bp.before_request  # type: ignore[untyped-decorator]
def _refuse_what_nobody_reads() -> None:
    """Raise `Invalid` for a query where a call takes none, as a schema does for what it does not know."""
    if request.args and not getattr(current_app.view_functions[str(request.endpoint)], READS_QUERY, False):
        raise Invalid({name: [N_("There is no such parameter.")] for name in request.args})
