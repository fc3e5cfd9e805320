"""The history of the database. `upgrade` brings it up to date; two starting instances migrate once."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from gateway.db import Database

LOCK = 0x504F5254


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.attributes["connection"] = connection
    return config


def is_modelled(_object: object, name: str | None, _kind: str, _reflected: bool, _other: object) -> bool:
    """Tell whether a table or index is described by the models; the tables behind searching are made by hand."""
    return name is None or "identity_search" not in name


def upgrade(database: Database, revision: str = "head") -> None:
    """Bring the database up to `revision`; a second process that starts at once waits for the first (OPS-07)."""
    with database.write_engine.begin() as connection:
        _wait_for_turn(connection)
        command.upgrade(_config(connection), revision)


def downgrade(database: Database, revision: str) -> None:
    """Take the database back to `revision`."""
    with database.write_engine.begin() as connection:
        _wait_for_turn(connection)
        command.downgrade(_config(connection), revision)


def is_current(connection: Connection) -> bool:
    """Tell whether the database is up to date."""
    head = ScriptDirectory.from_config(_config()).get_current_head()
    return MigrationContext.configure(connection).get_current_revision() == head


def _wait_for_turn(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
