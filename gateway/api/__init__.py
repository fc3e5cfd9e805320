"""The API: the third face of the house. The same operations, queries and levels as the pages; no rules of its own."""

from flask import Flask

from gateway.api.blueprint import bp
from gateway.api.views import (
    audit,
    classes,
    customers,
    docs,
    explain,
    individuals,
    launches,
    me,
    roles,
    sessions,
    structures,
)
from gateway.web import rates
from gateway.web.json import Orjson

__all__ = [
    "audit",
    "classes",
    "customers",
    "docs",
    "explain",
    "individuals",
    "launches",
    "me",
    "register",
    "roles",
    "sessions",
    "structures",
]


def register(app: Flask) -> None:
    """Hang the API and its document on an application, with what counts its calls."""
    app.json = Orjson(app)
    rates.register(app)
    app.register_blueprint(bp)
    app.register_blueprint(docs.docs)
