"""How a call is read: strictly. What is doubled, unknown or of another type is refused, never guessed (INJ-08)."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, NoReturn

from flask import Request
from marshmallow import RAISE, Schema, ValidationError
from webargs.flaskparser import FlaskParser
from werkzeug.exceptions import BadRequest, UnsupportedMediaType

from gateway.errors import Invalid
from gateway.i18n.catalog import N_

JSON = "application/json"


class _Unclear(ValueError):
    """JSON that could be read in two ways."""


class Reader(FlaskParser):
    """Reads bodies and queries for the schemas of views; raises `Invalid` with sentences by field."""

    DEFAULT_UNKNOWN_BY_LOCATION: dict[str, str | None] = {"json": RAISE, "query": RAISE}  # noqa: RUF012 - as it is there

    def load_json(self, req: Request, schema: Schema) -> Any:
        """Read the body: JSON, said to be such (else 415), each name once, no NaN."""
        if req.mimetype != JSON:
            raise UnsupportedMediaType
        try:
            given = json.loads(req.get_data(cache=True).decode(), object_pairs_hook=_once, parse_constant=_no_constant)
        except (ValueError, RecursionError) as error:
            raise BadRequest from error
        if any(not _can_be_kept(text) for text in _texts(given)):
            raise Invalid({"": [N_("A zero byte or half a character cannot be kept.")]})
        return given

    def load_querystring(self, req: Request, schema: Schema) -> Any:
        """Read the query: each parameter once."""
        for name, values in req.args.lists():
            if len(values) > 1:
                raise Invalid({name: [N_("Give this once.")]})
        return req.args.to_dict()

    def handle_error(self, error: ValidationError, req: Request, schema: Schema, **_more: Any) -> NoReturn:
        """Raise what is wrong as `Invalid`."""
        raise Invalid(dict(_flat(error.messages))) from error


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _Unclear
    return found


def _no_constant(_word: str) -> NoReturn:
    raise _Unclear


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield name
            yield from _texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)


def _can_be_kept(text: str) -> bool:
    return "\0" not in text and not any("\ud800" <= letter <= "\udfff" for letter in text)


def _flat(messages: Any, place: str = "") -> Iterator[tuple[str, list[str]]]:
    """Yield sentences by field; a field within a field is joined by dots. The place of all (`json`) is left out."""
    if isinstance(messages, Mapping):
        for name, inner in messages.items():
            path = (
                "" if name in ("json", "query", "_schema") and not place else f"{place}.{name}" if place else str(name)
            )
            yield from _flat(inner, path.removesuffix("._schema"))
    elif isinstance(messages, list):
        yield place, [str(message) for message in messages]
