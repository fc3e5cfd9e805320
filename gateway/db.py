"""The database: table base, types, one engine that writes and one that reads.

SQLite writers begin IMMEDIATE (the default mode loses concurrent increments) and readers run in autocommit, so that
reading never waits for a writer. On PostgreSQL both go through psycopg 3.
"""

import secrets
import sqlite3
import threading
import time
from collections import namedtuple
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, ClassVar, cast
from weakref import WeakSet

from sqlalchemy import (
    ColumnElement,
    Connection,
    CursorResult,
    DateTime,
    Dialect,
    Engine,
    ExceptionContext,
    LargeBinary,
    MetaData,
    Result,
    Row,
    Select,
    String,
    TypeDecorator,
    bindparam,
    create_engine,
    event,
    make_url,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import DeclarativeBase, Session, mapped_column
from sqlalchemy.sql.compiler import SQLCompiler

AnyRow = Row[*tuple[Any, ...]]
AnySelect = Select[*tuple[Any, ...]]

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
ID_LENGTH = 16
_SHIFTS = range(70, -1, -10)
_PAIRS = [first + second for first in ALPHABET for second in ALPHABET]


def new_id() -> str:
    """Return a fresh id: 16 characters, 80 bits, the first 48 the millisecond, so that rows lie in order of birth.

    An id is no secret: whatever it opens is asked separately.
    """
    number = (int(time.time() * 1000) << 32) | secrets.randbits(32)
    return "".join([_PAIRS[(number >> shift) & 1023] for shift in _SHIFTS])


class UTCDateTime(TypeDecorator[datetime]):
    """A moment. Takes aware datetimes only; gives back aware UTC, also on SQLite, which keeps no zone."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> Any:
        return dialect.type_descriptor(DateTime(timezone=dialect.name != "sqlite"))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a naive datetime is no moment")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def result_processor(self, dialect: Dialect, _coltype: object) -> Callable[[Any], datetime | None]:
        if dialect.name == "sqlite":
            return lambda value: None if value is None else datetime.fromisoformat(value).replace(tzinfo=UTC)
        return lambda value: None if value is None else value.astimezone(UTC)


Id = Annotated[str, mapped_column(String(ID_LENGTH), primary_key=True, default=new_id)]


class Base(DeclarativeBase):
    """Base of every table, of the gateway and of the portals."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar[dict[Any, Any]] = {datetime: UTCDateTime(), bytes: LargeBinary(32)}


def _on_sqlite_connect(connection: Any, _record: Any) -> None:
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in ("busy_timeout=5000", "synchronous=FULL", "foreign_keys=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    _write_ahead(cursor)
    cursor.close()


def _write_ahead(cursor: Any) -> None:
    """Turn the write-ahead log on. Of two that do so at once on a new file, SQLite lets the second not even wait."""
    for _ in range(50):
        try:
            cursor.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError:
            time.sleep(0.1)
    cursor.execute("PRAGMA journal_mode=WAL")


def _begin_immediate(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _without_values(context: ExceptionContext) -> None:
    """Take the values of the row out of what PostgreSQL says of an error, so that no log repeats them (AUD-03)."""
    original, wrapped = context.original_exception, context.sqlalchemy_exception
    detail = getattr(getattr(original, "diag", None), "message_detail", None)
    if detail and wrapped is not None:
        original.args = tuple(str(text).replace(detail, "…") for text in original.args)
        wrapped.args = tuple(str(text).replace(detail, "…") for text in wrapped.args)


class Database:
    """Two engines on one database.

    `write_engine` opens transactions; `read_engine` runs every statement by itself, which is what a page needs and
    costs a third of the time on PostgreSQL.
    """

    def __init__(self, url: str) -> None:
        parsed = make_url(url)
        self.sqlite = parsed.get_backend_name() == "sqlite"
        if self.sqlite:
            if parsed.database and parsed.database != ":memory:":
                Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
            options: dict[str, Any] = {"connect_args": {"check_same_thread": False, "timeout": 5.0}}
            read_options: dict[str, Any] = options
        else:
            parsed = parsed.set(drivername="postgresql+psycopg")
            alive = {"connect_timeout": 3, "keepalives_idle": 10, "keepalives_interval": 3, "tcp_user_timeout": 5000}
            options = {"connect_args": alive}
            read_options = {"connect_args": {**alive, "prepare_threshold": 0}}
        options = {**options, "pool_size": 8, "max_overflow": 8, "pool_timeout": 3}
        # Every thread keeps a connection of its own for reading, so the threads are the limit.
        read_options = {**read_options, "pool_size": 8, "max_overflow": -1}
        # A statement that fails is logged without its values (AUD-03).
        self.write_engine = create_engine(parsed, hide_parameters=True, **options)
        self.read_engine = create_engine(
            parsed,
            hide_parameters=True,
            isolation_level="AUTOCOMMIT",
            pool_reset_on_return=None,
            skip_autocommit_rollback=True,
            **read_options,
        )
        for engine in self.engines():
            event.listen(engine, "handle_error", _without_values)
        if self.sqlite:
            for engine in (self.write_engine, self.read_engine):
                event.listen(engine, "connect", _on_sqlite_connect)
            event.listen(self.write_engine, "begin", _begin_immediate)

        self._own = threading.local()
        self._readers: WeakSet[Connection] = WeakSet()

    def reader(self) -> Connection:
        """Return this thread's own connection for reading: fetching one from the pool costs as much as a query."""
        reader: Connection | None = getattr(self._own, "reader", None)
        if reader is None or reader.closed or reader.invalidated:
            reader = self._own.reader = self.read_engine.connect()
            self._readers.add(reader)
        return reader

    def dispose(self) -> None:
        """Close every connection, of all threads."""
        for reader in list(self._readers):
            reader.close()
        self.write_engine.dispose()
        self.read_engine.dispose()

    def engines(self) -> tuple[Engine, Engine]:
        """Return both engines, for whoever counts statements."""
        return self.write_engine, self.read_engine

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """Open a unit of work. The caller commits; leaving without that rolls back."""
        with Session(self.write_engine, expire_on_commit=False) as session:
            yield session

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Open a connection that reads, each statement seeing what is committed by then."""
        with self.read_engine.connect() as connection:
            yield connection


class Prepared:
    """A statement compiled once for each database, and run on the driver's own cursor: for what every page asks.

    Its rows are named tuples of what the types of the columns make of the values. It takes plain bound values only, no
    `expanding` ones. Listeners of `before_cursor_execute` hear of it as of any other statement.
    """

    def __init__(self, statement: Any) -> None:
        self._statement = statement
        self._compiled: dict[str, _Compiled] = {}

    def all(self, connection: Connection, values: Mapping[str, Any]) -> Sequence[Any]:
        """Return the rows for these values of the bound parameters."""
        return cast(Sequence[Any], self._run(connection, values))

    def one_or_none(self, connection: Connection, values: Mapping[str, Any]) -> Any:
        """Return the first row for these values, or None; for statements that find one at most."""
        rows = self.all(connection, values)
        return rows[0] if rows else None

    def changed(self, connection: Connection, values: Mapping[str, Any]) -> int:
        """Write, and return how many rows that touched."""
        return cast(int, self._run(connection, values))

    def _run(self, connection: Connection, values: Mapping[str, Any]) -> Sequence[Any] | int:
        compiled = self._compiled.get(connection.dialect.name)
        if compiled is None:
            compiled = self._compiled[connection.dialect.name] = _Compiled(self._statement, connection.dialect)
        parameters = compiled.parameters(values)
        cursor = connection.connection.cursor()
        try:
            for heard in connection.dispatch.before_cursor_execute:
                heard(connection, cursor, compiled.text, parameters, None, False)
            cursor.execute(compiled.text, parameters)
            return compiled.rows(cursor) if compiled.finds_rows(cursor) else int(cursor.rowcount)
        except connection.dialect.loaded_dbapi.Error:
            # What failed did nothing. The regular way fails likewise, and knows what to make of it.
            result = connection.execute(self._statement, values)
            return result.all() if result.returns_rows else rows_changed(result)
        finally:
            cursor.close()


class Part:
    """The columns of a row whose names begin with `prefix`, by the rest of their names."""

    def __init__(self, row: Any, prefix: str) -> None:
        self._row, self._prefix = row, prefix

    def __getattr__(self, name: str) -> Any:
        return getattr(self._row, f"{self._prefix}{name}")


class _Compiled:
    """A statement as one driver takes it, and what turns its values to and fro."""

    def __init__(self, statement: Any, dialect: Dialect) -> None:
        compiled = statement.compile(dialect=dialect)
        self.text = str(compiled)
        self._order: Sequence[str] | None = compiled.positiontup
        given, self._fixed, bound = compiled.params, {}, {}
        for bind, name in compiled.bind_names.items():
            process = bind.type.dialect_impl(dialect).bind_processor(dialect)
            if not bind.required:
                self._fixed[name] = process(given[name]) if process else given[name]
            elif process:
                bound[name] = process
        self._bind = list(bound.items())
        self._dialect = dialect
        self._columns = list(statement.exported_columns)
        self._row: Any = namedtuple("Row", [str(column.key) for column in self._columns])  # type: ignore[misc]
        self._finds_rows: bool | None = None
        self._read: list[tuple[int, Callable[[Any], Any]]] = []

    def parameters(self, values: Mapping[str, Any]) -> Any:
        """Return the values as the driver takes them."""
        ready = {**self._fixed, **values}
        for name, process in self._bind:
            ready[name] = process(ready[name])
        return ready if self._order is None else tuple(ready[name] for name in self._order)

    def finds_rows(self, cursor: Any) -> bool:
        """Tell whether the statement gives rows back; asked of the driver once, since its description costs a lot."""
        if self._finds_rows is None:
            if cursor.description:
                self._read = list(self._readers([column[1] for column in cursor.description]))
            self._finds_rows = bool(cursor.description)
        return self._finds_rows

    def rows(self, cursor: Any) -> Sequence[Any]:
        """Return what the driver found, as the types of the columns read it."""
        columns: list[Iterable[Any]] = list(zip(*cursor.fetchall(), strict=True))
        if not columns:
            return []
        for place, process in self._read:
            columns[place] = map(process, columns[place])
        return list(map(self._row._make, zip(*columns, strict=True)))

    def _readers(self, codes: Sequence[Any]) -> Iterator[tuple[int, Callable[[Any], Any]]]:
        for place, (column, code) in enumerate(zip(self._columns, codes, strict=True)):
            process = column.type.dialect_impl(self._dialect).result_processor(self._dialect, code)
            if process:
                yield place, process


def rows_changed(result: Result[*tuple[Any, ...]]) -> int:
    """Return how many rows an UPDATE or DELETE touched."""
    return cast(CursorResult[*tuple[Any, ...]], result).rowcount


class DatabaseTime(ColumnElement[datetime]):
    """The database's own time in a statement, `later` than now. SQLite lives in this process: there it is the value
    bound to `name`.
    """

    inherit_cache = False
    type = UTCDateTime()

    def __init__(self, name: str, later: timedelta = timedelta()) -> None:
        self.given, self.later = bindparam(name, type_=UTCDateTime()), later


@compiles(DatabaseTime)
def _on_its_own_clock(element: DatabaseTime, _compiler: SQLCompiler, **_options: Any) -> str:
    return f"clock_timestamp() + interval '{element.later.total_seconds()} seconds'"


@compiles(DatabaseTime, "sqlite")
def _on_our_clock(element: DatabaseTime, compiler: SQLCompiler, **options: Any) -> str:
    return compiler.process(element.given, **options)
