"""Rows of the Cloud PBX, each loaded for the visitor: what is somebody else's is not found."""

from typing import Any

from sqlalchemy import Connection

from gateway.portal import AnyRow, AnySelect, NotFound

EXPORTED = 50_000


def one(reader: Connection, statement: AnySelect, **values: Any) -> AnyRow:
    """Return the one row that there is; raises `NotFound`."""
    row = reader.execute(statement, values).one_or_none()
    if row is None:
        raise NotFound
    return row
