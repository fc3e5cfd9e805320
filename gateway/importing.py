"""CSV imports: all or nothing, every bad row named, done again without doubling anything.

Rows are read, checked and staged in chunks in a temporary table; at the end they go in with one statement in one short
transaction, so that log-ins go on meanwhile.
"""

import csv
import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from sqlalchemy import Column, Connection, Integer, MetaData, Table, func, or_, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session as Work

from gateway.audit.operations import Keys, Stamp, chain_on_commit, record
from gateway.db import Base, Database
from gateway.errors import PorticoError

CHUNK = 2000
MOST_PROBLEMS = 1000
LINE = "_line"


@dataclass(frozen=True, slots=True)
class Field:
    """A column of a file: how its text is read (raises `ValueError` with a sentence) and whether it must be there."""

    name: str
    read: Callable[[str], object] = str
    required: bool = True


@dataclass(slots=True)
class Line:
    """One row of a file with its number (the header is 1), what was read of it, and what is wrong with it.

    `absent` are the columns that the whole file lacks: a new row gets their defaults, one that is there keeps its own.
    `beside` is what the row says that goes into another table, none if it says nothing.
    """

    number: int
    values: dict[str, Any]
    absent: frozenset[str] = frozenset()
    beside: Any = None
    problems: list["Problem"] = field(default_factory=list)

    def fault(self, column: str, reason: str) -> None:
        """Note what is wrong with a column."""
        self.problems.append(Problem(self.number, column, reason))


@dataclass(frozen=True, slots=True)
class Problem:
    """A bad row: where, and why."""

    line: int
    column: str
    reason: str


@dataclass(frozen=True)
class Importer:
    """A kind of file.

    `resolve` looks a chunk of lines up (a login becomes an id) and leaves in `values` the columns of `model`; rows
    with the same `key` are the same row: importing again changes it, but for the columns in `kept` and those that the
    file does not have. `write_beside` gets what lines have `beside` them, by the values of the key, in the same
    transaction.
    """

    name: str
    fields: tuple[Field, ...]
    model: type[Base]
    key: tuple[str, ...]
    resolve: Callable[[Connection, Sequence[Line]], None]
    kept: frozenset[str] = frozenset({"id"})
    also_key: str = ""
    write_beside: Callable[[Work, Mapping[tuple[Any, ...], Any]], None] | None = None

    @property
    def table(self) -> Table:
        """The table that the rows go into."""
        return cast(Table, self.model.__table__)

    def key_of(self, line: Line) -> tuple[Any, ...]:
        """Return the values of the key in a line."""
        return tuple(line.values[name] for name in self.key)


class ImportRefused(PorticoError):
    """Nothing was imported; `problems` names every bad row."""

    def __init__(self, path: Path, problems: Sequence[Problem]) -> None:
        super().__init__(f"{path}: {len(problems)} problems")
        self.path = path
        self.problems = problems


def run(
    database: Database, keys: Keys, importer: Importer, path: Path, progress: Callable[[int], None] = lambda _rows: None
) -> int:
    """Import a file and return how many rows it had; `progress` hears of rows as they are checked.

    Raises `ImportRefused`, with every problem, and leaves everything as it was.
    """
    problems: list[Problem] = []
    rows, absent, beside = 0, frozenset[str](), dict[tuple[Any, ...], Any]()
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
                beside |= {importer.key_of(line): line.beside for line in chunk if line.beside is not None}
                progress(rows)
            problems.extend(_doubled(connection, staging, importer))
            if problems:
                raise ImportRefused(path, sorted(problems, key=lambda problem: (problem.line, problem.column)))
            _write(connection, keys, importer, staging, path, rows, absent, beside)
        finally:
            staging.drop(connection)
    return rows


def _staging(table: Table) -> Table:
    columns = [Column(column.name, column.type) for column in table.columns]
    return Table(f"staged_{table.name}", MetaData(), Column(LINE, Integer), *columns, prefixes=["TEMPORARY"])


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
    names = [column.name for column in staging.columns if column.name != LINE]
    if connection.dialect.name == "postgresql":
        _copy(connection, staging, [[line.number, *map(line.values.get, names)] for line in chunk])
        return
    connection.exec_driver_sql("BEGIN")
    connection.execute(
        staging.insert(), [{LINE: line.number, **{name: line.values.get(name) for name in names}} for line in chunk]
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


def _doubled(connection: Connection, staging: Table, importer: Importer) -> Iterator[Problem]:
    line, key = staging.c[LINE], [staging.c[name] for name in importer.key]
    first = func.min(line).over(partition_by=key).label("first")
    lines = select(line.label("line"), first).subquery()
    doubled = select(lines).where(lines.c.line > lines.c.first).order_by(lines.c.line).limit(MOST_PROBLEMS)
    for number, earlier in connection.execute(doubled):
        yield Problem(number, importer.also_key or importer.key[-1], f"this repeats line {earlier}")


def _write(
    connection: Connection,
    keys: Keys,
    importer: Importer,
    staging: Table,
    path: Path,
    rows: int,
    absent: frozenset[str],
    beside: Mapping[tuple[Any, ...], Any],
) -> None:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    names = [column.name for column in importer.table.columns]
    insert = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    statement = insert(importer.table).from_select(
        names, select(*(staging.c[name] for name in names)).where(staging.c[LINE] > 0)
    )
    kept = {"version", *importer.key, *importer.kept, *absent, *(f"{name}_id" for name in absent)}
    changed = {name: statement.excluded[name] for name in names if name not in kept}
    with Work(bind=connection) as work:
        work.info.update(stamp=Stamp(), audit_keys=keys)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if connection.dialect.name == "sqlite" else "BEGIN")
        try:
            work.execute(statement.on_conflict_do_update(**_changing(importer, changed)))
            if importer.write_beside is not None and beside:
                importer.write_beside(work, beside)
            record(work, f"import.{importer.name}", file=path.name, sha256=digest, rows=rows)
            chain_on_commit(work)
            connection.exec_driver_sql("COMMIT")
        except BaseException:
            connection.exec_driver_sql("ROLLBACK")
            raise


def _changing(importer: Importer, changed: Mapping[str, Any]) -> dict[str, Any]:
    """Return how a row that is there is changed: only if it differs, and then its version grows, so that an open form
    of it is stale."""
    columns = importer.table.columns
    versions = {"version": columns.version + 1} if "version" in columns else {}
    differs = or_(*(columns[name].is_distinct_from(value) for name, value in changed.items()))
    return {"index_elements": list(importer.key), "set_": {**changed, **versions}, "where": differs}
