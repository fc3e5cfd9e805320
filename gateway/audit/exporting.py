"""Export: rows of the record as texts, one after another, so that any number of them takes no more memory."""

import csv
import io
import json
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, select

from gateway.audit.models import AuditEvent
from gateway.cells import no_formula

COLUMNS = tuple(column.name for column in AuditEvent.__table__.columns)
_EVENT: Any = AuditEvent.__table__
_CHUNK = 1000


def rows(
    reader: Connection, last: int, since: datetime | None = None, until: datetime | None = None
) -> Iterator[Mapping[str, Any]]:
    """Yield the rows up to number `last` in their order, of moments from `since` to before `until`, as plain values."""
    after = 0
    statement = select(_EVENT).where(_EVENT.c.seq <= last).order_by(_EVENT.c.seq).limit(_CHUNK)
    if since is not None:
        statement = statement.where(_EVENT.c.at >= since)
    if until is not None:
        statement = statement.where(_EVENT.c.at < until)
    while found := reader.execute(statement.where(_EVENT.c.seq > after)).all():
        for row in found:
            yield {name: _plain(value) for name, value in row._mapping.items()}
        after = found[-1].seq


def as_json_lines(found: Iterator[Mapping[str, Any]]) -> Iterator[str]:
    """Yield each row as a line of JSON."""
    return (json.dumps(row, ensure_ascii=False) + "\n" for row in found)


def as_csv(found: Iterator[Mapping[str, Any]]) -> Iterator[str]:
    """Yield a head and each row as a line of CSV, the details as JSON."""
    line = io.StringIO()
    writer = csv.writer(line)
    yield _line(line, writer.writerow, COLUMNS)
    for row in found:
        yield _line(line, writer.writerow, [_cell(row[name]) for name in COLUMNS])


FORMATS: Mapping[str, Callable[[Iterator[Mapping[str, Any]]], Iterator[str]]] = {"jsonl": as_json_lines, "csv": as_csv}


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    return value.hex() if isinstance(value, bytes) else value


def _cell(value: object) -> object:
    if isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False)
    return no_formula(value) if isinstance(value, str) else value


def _line(line: io.StringIO, write: Callable[[Any], Any], cells: object) -> str:
    line.seek(0)
    line.truncate()
    write(cells)
    return line.getvalue()
