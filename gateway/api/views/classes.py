"""Customer classes."""

from typing import Any

from flask import Response
from sqlalchemy.orm import Session as Work

from gateway.api.blueprint import ETAG, bp
from gateway.api.schemas.common import ByName
from gateway.api.schemas.roles import ClassChange, Classes, CustomerClass, NewClass
from gateway.api.views.answering import (
    Answer,
    Body,
    Made,
    asked_version,
    cursor_of,
    known,
    listed,
    no_body,
    once,
    tagged,
    with_cursor,
)
from gateway.db import AnyRow
from gateway.identity import classes as operations
from gateway.identity.inheritance import PREFERENCES
from gateway.web import current
from gateway.web.marks import serves

FIELDS = (
    *("id", "name", "second_factor", "password_shortest", "password_days", "idle_minutes", "absolute_minutes"),
    *("keep_addresses_days", "keep_usage_days"),
    *("remembered_devices", "support_access", *PREFERENCES),
)


@bp.get("/classes", tags=["classes"])
@serves(console="classes")
@bp.arguments(ByName, location="query")
@bp.answers(Classes)
def classes(asked: dict[str, Any]) -> Body:
    """List the classes in order of their names."""
    reader = current.reader()
    return listed(with_cursor(lambda: operations.page(reader, asked["q"], cursor_of(asked), asked["limit"])), _shown)


@bp.post("/classes", tags=["classes"])
@serves(console="classes")
@bp.makes(NewClass)
@bp.answers(CustomerClass, 201, headers=ETAG)
def create_class(given: dict[str, Any]) -> Response:
    """Make a class. What is not sent comes from the gateway."""

    def make(work: Work) -> Made:
        id = operations.create(work, {"second_factor": False, **given})
        row = operations.customer_class(work.connection(), id)
        return Made(_shown(row), {"ETag": f'"{row.version}"', "Location": f"/api/v1/classes/{id}"})

    return once(make)


@bp.get("/classes/<id>", tags=["classes"])
@serves(console="classes")
@bp.answers(CustomerClass, headers=ETAG)
def customer_class(id: str) -> Answer:
    """Show the defaults of a class."""
    row = _row(id)
    return tagged(_shown(row), row.version)


@bp.patch("/classes/<id>", tags=["classes"])
@serves(console="classes")
@bp.changes(ClassChange)
@bp.answers(CustomerClass, headers=ETAG)
def change_class(given: dict[str, Any], id: str) -> Answer:
    """Change the defaults of a class. They act at the next request of everybody who inherits them."""
    version = asked_version(_row(id).version)
    work = current.writer()
    operations.change(work, id, version, given)
    work.commit()
    row = _row(id)
    return tagged(_shown(row), row.version)


@bp.delete("/classes/<id>", tags=["classes"])
@serves(console="classes")
@bp.answers(None)
def delete_class(id: str) -> Response:
    """Take a class away; one in use stays (422)."""
    work = current.writer()
    operations.delete(work, _row(id).id)
    work.commit()
    return no_body()


def _row(id: str) -> AnyRow:
    return known(operations.customer_class(current.reader(), id))


def _shown(row: AnyRow) -> Body:
    return {name: getattr(row, name) for name in FIELDS}
