"""The history of the database. `upgrade` brings it up to date; two starting instances migrate once."""

from importlib import import_module
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, inspect, text

from gateway.db import Database

HERE = Path(__file__).parent
HEAD = max(path.name.partition("_")[0] for path in (HERE / "versions").glob("[0-9]*.py"))
LOCK = 0x504F5254


def _alembic(connection: Connection, what: str, revision: str) -> None:
    """Run one of Alembic's commands. It is brought in here: a worker never migrates, and need not keep it in memory."""
    config: Any = import_module("alembic.config").Config()
    config.set_main_option("script_location", str(HERE))
    config.attributes["connection"] = connection
    getattr(import_module("alembic.command"), what)(config, revision)


def is_modelled(_object: object, name: str | None, _kind: str, _reflected: bool, _other: object) -> bool:
    """Tell whether a table or index is described by the models; the tables behind searching are made by hand."""
    return name is None or "identity_search" not in name


def upgrade(database: Database, revision: str = "head") -> None:
    """Bring the database up to `revision`; a second process that starts at once waits for the first (OPS-07)."""
    with database.write_engine.begin() as connection:
        _wait_for_turn(connection)
        _alembic(connection, "upgrade", revision)


def downgrade(database: Database, revision: str) -> None:
    """Take the database back to `revision`."""
    with database.write_engine.begin() as connection:
        _wait_for_turn(connection)
        _alembic(connection, "downgrade", revision)


def is_current(connection: Connection) -> bool:
    """Tell whether the database is up to date."""
    if not inspect(connection).has_table("alembic_version"):
        return False
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none() == HEAD


def _wait_for_turn(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
