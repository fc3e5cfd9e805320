"""The document (OpenAPI 3.1), made of the views, their schemas and their marks when it is first asked for."""

from collections.abc import Iterator, Mapping
from typing import Any

import flask_smorest
from flask import Flask

from gateway.access.levels import Level
from gateway.api.blueprint import bp
from gateway.api.schemas.common import Problem
from gateway.portal.registry import Registry
from gateway.web.marks import Mark

VERSION = "1"
TAGS = {
    "session": "Login and token give a session of an hour at most; its bearer goes into the Authorization header.",
    "self": "Who calls, and what they may do where.",
    "customers": "Customers with their self-care access.",
    "individuals": "The people of customers.",
    "explain": "Why somebody sees a page or does not.",
    "classes": "The defaults that customers share.",
    "roles": "Roles, and the portals whose pages they open.",
    "launches": "One click of an administrator, asked for by a program.",
    "sessions": "Who is logged in in a browser.",
    "audit": "The record of what happened.",
}
PROBLEM = {"$ref": "#/components/responses/Problem"}
SAFE = ("get", "head", "options")


class Api(flask_smorest.Api):  # type: ignore[misc]
    """Describes; errors are answered elsewhere, and the document is served by views of ours."""

    ERROR_SCHEMA = Problem

    def _register_error_handlers(self) -> None:
        return None

    def _register_pagination_header(self) -> None:
        return None

    def _register_responses(self) -> None:
        content = {"application/problem+json": {"schema": Problem}}
        response = {"description": "What went wrong, with a code for programs.", "content": content}
        self.spec.components.response("Problem", response)


def of(app: Flask) -> Mapping[str, Any]:
    """Return the document of an application."""
    made: Mapping[str, Any] | None = app.extensions.get("portico.api.document")
    if made is None:
        made = app.extensions["portico.api.document"] = _make(app)
    return made


def _make(app: Flask) -> dict[str, Any]:
    app.config.update(API_TITLE="Portico", API_VERSION=VERSION, OPENAPI_VERSION="3.1.0")
    scheme = {"type": "http", "scheme": "bearer", "description": "The `access_token` of `POST /api/v1/session`."}
    base = app.extensions["portico"].settings.base_url
    api = Api(
        spec_kwargs={
            "info": {"description": "Customers, people, roles and one-click launches of a provider's portals."},
            "servers": [{"url": base}],
            "security": [{"bearer": []}],
            "tags": [{"name": name, "description": text} for name, text in TAGS.items()],
        }
    )
    api.init_app(app)
    api.spec.components.security_scheme("bearer", scheme)
    bp.register_views_in_doc(api, app, api.spec, name=bp.name, parameters=None)
    made: dict[str, Any] = api.spec.to_dict()
    registry: Registry = app.extensions["portico.registry"]
    for endpoint, path, method in _operations(app):
        operation = made["paths"][path][method]
        _complete(operation, endpoint.partition(".")[2], registry.marks[endpoint], method)
    for schema in made["components"]["schemas"].values():
        _exemplify(schema)
    return made


def _operations(app: Flask) -> Iterator[tuple[str, str, str]]:
    for rule in app.url_map.iter_rules():
        if rule.endpoint.startswith(f"{bp.name}."):
            for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
                yield rule.endpoint, rule.rule.replace("<", "{").replace(">", "}"), method.lower()


def _complete(operation: dict[str, Any], name: str, mark: Mark, method: str) -> None:
    """Say what the views do not say themselves: the name, who may call, and how errors look."""
    operation["operationId"] = name
    operation["responses"].pop("422", None)
    operation["responses"]["default"] = PROBLEM
    if mark.open_to_all:
        operation["security"] = []
    needed = list(_needed(mark, method))
    if needed:
        operation["description"] = f"{operation.get('description', '')}\n\nNeeds {' or '.join(needed)}.".strip()


def _needed(mark: Mark, method: str) -> Iterator[str]:
    for of_realm in (mark.by_realm or {}).values():
        level = Level.VIEW if method in SAFE else of_realm.needs
        yield f"`{level.word}` at `{of_realm.portal}/{of_realm.node}`"


def _exemplify(schema: dict[str, Any]) -> None:
    """Make the example of a schema from those of its fields."""
    fields = schema.get("properties", {})
    example = {name: field["example"] for name, field in fields.items() if "example" in field}
    if example:
        schema["example"] = example
