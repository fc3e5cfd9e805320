"""The database: table base, types, one engine that writes and one that reads.

SQLite writers begin IMMEDIATE (the default mode loses concurrent increments) and readers run in autocommit, so that
reading never waits for a writer. On PostgreSQL both go through psycopg 3.
"""

import secrets
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, ClassVar, cast

from sqlalchemy import (
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
    create_engine,
    event,
    make_url,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Session, mapped_column

AnyRow = Row[*tuple[Any, ...]]
AnySelect = Select[*tuple[Any, ...]]

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
ID_LENGTH = 16


def new_id() -> str:
    """Return a fresh id: 16 characters, 80 bits, the first 48 the millisecond, so that rows lie in order of birth.

    An id is no secret: whatever it opens is asked separately.
    """
    number = (int(time.time() * 1000) << 32) | secrets.randbits(32)
    digits = []
    for _ in range(ID_LENGTH):
        number, digit = divmod(number, 32)
        digits.append(ALPHABET[digit])
    return "".join(reversed(digits))


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

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


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
            read_options = options
        else:
            parsed = parsed.set(drivername="postgresql+psycopg")
            alive = {"connect_timeout": 3, "keepalives_idle": 10, "keepalives_interval": 3, "tcp_user_timeout": 5000}
            options = {"connect_args": alive, "pool_size": 8, "max_overflow": 8, "pool_timeout": 3}
            read_options = {**options, "connect_args": {**alive, "prepare_threshold": 0}}
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

    def dispose(self) -> None:
        """Close every pooled connection."""
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


def rows_changed(result: Result[*tuple[Any, ...]]) -> int:
    """Return how many rows an UPDATE or DELETE touched."""
    return cast(CursorResult[*tuple[Any, ...]], result).rowcount


def database_time(session: Session, now: datetime) -> datetime:
    """Return the database's own time; SQLite lives in this process, so that is `now`."""
    if session.get_bind().dialect.name == "sqlite":
        return now
    moment: datetime = session.execute(text("SELECT clock_timestamp()")).scalar_one()
    return moment
