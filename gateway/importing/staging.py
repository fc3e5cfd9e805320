"""A file is read, checked and staged in a temporary table, a chunk at a time, so that memory stays as it is."""

import csv
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import JSON, Column, ColumnElement, Connection, Integer, MetaData, Table, func, or_, select

from gateway.db import AnyRow, AnySelect, Database
from gateway.importing.kinds import Field, Importer, ImportRefused, Key, Line, Problem

CHUNK = 2000
MOST_PROBLEMS = 1000
LINE, BESIDE = "_line", "_beside"


@dataclass(frozen=True, slots=True)
class Staged:
    """A file that was read, checked and laid down in a temporary table."""

    connection: Connection
    importer: Importer
    table: Table
    rows: int
    absent: frozenset[str]

    @property
    def columns(self) -> list[str]:
        """The columns in which a row that is there may be changed."""
        importer = self.importer
        kept = {"version", *importer.key, *importer.kept, *self.absent, *(f"{name}_id" for name in self.absent)}
        return [column.name for column in importer.table.columns if column.name not in kept]


def unheard(_rows: int) -> None:
    """Nobody wants to hear of progress."""


@contextmanager
def staged(database: Database, importer: Importer, path: Path, progress: Callable[[int], None]) -> Iterator[Staged]:
    """Read and check a file and lay it down; gone again at the end. Raises `ImportRefused` with every problem."""
    problems: list[Problem] = []
    rows, absent = 0, frozenset[str]()
    with database.reading() as connection:
        staging = _staging(importer.table)
        staging.create(connection)
        try:
            for chunk in _chunks(_lines(path, importer.fields)):
                importer.resolve(connection, [line for line in chunk if not line.problems])
                problems.extend(problem for line in chunk for problem in line.problems)
                if len(problems) > MOST_PROBLEMS:
                    break
                _stage(connection, staging, [line for line in chunk if not line.problems])
                rows, absent = rows + len(chunk), chunk[0].absent
                progress(rows)
            problems.extend(_doubled(connection, staging, importer))
            if problems:
                raise ImportRefused(path, sorted(problems, key=lambda problem: (problem.line, problem.column)))
            yield Staged(connection, importer, staging, rows, absent)
        finally:
            staging.drop(connection)


def _staging(table: Table) -> Table:
    columns = [Column(column.name, column.type) for column in table.columns]
    own = Column(LINE, Integer, primary_key=True, autoincrement=False), Column(BESIDE, JSON(none_as_null=True))
    return Table(f"staged_{table.name}", MetaData(), *own, *columns, prefixes=["TEMPORARY"])


def _lines(path: Path, fields: tuple[Field, ...]) -> Iterator[Line]:
    known = {column.name: column for column in fields}
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, strict=True)
            header = next(reader, [])
            _check_header(path, header, known)
            for texts in reader:
                if texts:
                    yield _line(reader.line_num, header, texts, known)
    except UnicodeDecodeError as error:
        raise ImportRefused(
            path, [Problem(0, "", f"the file is not UTF-8 ({error.reason} at byte {error.start})")]
        ) from error
    except csv.Error as error:
        raise ImportRefused(path, [Problem(reader.line_num, "", f"this is not CSV: {error}")]) from error


def _check_header(path: Path, header: Sequence[str], known: Mapping[str, Field]) -> None:
    problems = [
        Problem(1, name, "there is no such column; known are " + ", ".join(known))
        for name in header
        if name not in known
    ]
    problems += [
        Problem(1, name, "this column stands twice") for name in sorted({n for n in header if header.count(n) > 1})
    ]
    problems += [
        Problem(1, name, "this column is missing")
        for name, column in known.items()
        if column.required and name not in header
    ]
    if problems:
        raise ImportRefused(path, problems)


def _line(number: int, header: Sequence[str], texts: Sequence[str], known: Mapping[str, Field]) -> Line:
    line = Line(number, {}, frozenset(known.keys() - set(header)))
    if len(texts) != len(header):
        line.fault("", f"this row has {len(texts)} values, the header has {len(header)}")
        return line
    given = dict(zip(header, texts, strict=True))
    for name, column in known.items():
        text = given.get(name, "").strip()
        if "\0" in text:
            line.fault(name, "a zero byte cannot be kept")
        elif column.required and not text:
            line.fault(name, "a value is missing")
        else:
            try:
                line.values[name] = column.read(text)
            except ValueError as error:
                line.fault(name, str(error))
    return line


def _chunks(lines: Iterator[Line]) -> Iterator[list[Line]]:
    chunk: list[Line] = []
    for line in lines:
        chunk.append(line)
        if len(chunk) == CHUNK:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


def _stage(connection: Connection, staging: Table, chunk: Sequence[Line]) -> None:
    if not chunk:
        return
    names = [column.name for column in staging.columns if column.name not in (LINE, BESIDE)]
    if connection.dialect.name == "postgresql":
        _copy(connection, staging, [[line.number, line.beside, *map(line.values.get, names)] for line in chunk])
        return
    connection.exec_driver_sql("BEGIN")
    connection.execute(
        staging.insert(),
        [{LINE: line.number, BESIDE: line.beside, **{name: line.values.get(name) for name in names}} for line in chunk],
    )
    connection.exec_driver_sql("COMMIT")


def _copy(connection: Connection, staging: Table, rows: Sequence[Sequence[object]]) -> None:
    """Stage rows by PostgreSQL's COPY, which costs a third of as many inserts."""
    dialect = connection.dialect
    processors = [column.type.dialect_impl(dialect).bind_processor(dialect) for column in staging.columns]
    driver: Any = connection.connection
    with driver.cursor() as cursor, cursor.copy(f"COPY {staging.name} FROM STDIN") as copy:
        for row in rows:
            copy.write_row([to(value) if to else value for to, value in zip(processors, row, strict=True)])


def key_of(staged: Staged, row: AnyRow) -> Key:
    """Return the key in a row that has its columns."""
    return tuple(row._mapping[name] for name in staged.importer.key)


def _doubled(connection: Connection, staging: Table, importer: Importer) -> Iterator[Problem]:
    line, key = staging.c[LINE], [staging.c[name] for name in importer.key]
    first = func.min(line).over(partition_by=key).label("first")
    lines = select(line.label("line"), first).subquery()
    doubled = select(lines).where(lines.c.line > lines.c.first).order_by(lines.c.line).limit(MOST_PROBLEMS)
    for number, earlier in connection.execute(doubled):
        yield Problem(number, importer.also_key or importer.key[-1], f"this repeats line {earlier}")


def differs(columns: Any, changed: Mapping[str, Any]) -> ColumnElement[bool]:
    """Return the condition under which a row is changed by these values."""
    return or_(*(columns[name].is_distinct_from(value) for name, value in changed.items()))


def pages(staged: Staged, statement: AnySelect) -> Iterator[Sequence[AnyRow]]:
    """Yield the rows of a statement on the staged lines, a chunk at a time."""
    line = staged.table.c[LINE]
    rows = staged.connection.execute(statement.order_by(line).limit(CHUNK)).all()
    while rows:
        yield rows
        rows = staged.connection.execute(statement.where(line > rows[-1].line).order_by(line).limit(CHUNK)).all()
