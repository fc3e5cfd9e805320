"""The history of the database: up and down on both, in agreement with the models, once even if two start at once."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect

from gateway import migrations
from gateway.db import Base, Database
from gateway.portal.registry import discover
from tests.conftest import KINDS, Server


@pytest.fixture(params=KINDS)
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """An empty database of each kind."""
    server: Server | None = None if request.param == "sqlite" else request.getfixturevalue("server")
    url = server.create() if server else f"sqlite:///{tmp_path / 'empty.db'}"
    database = Database(url)
    yield database
    database.dispose()
    if server:
        server.drop(url)


def tables(database: Database) -> set[str]:
    """Return the tables of a database."""
    with database.reading() as reader:
        return set(inspect(reader).get_table_names()) - {"alembic_version"}


def test_it_goes_up_and_down_and_up_again(empty: Database) -> None:
    migrations.upgrade(empty)
    there = tables(empty)
    assert {"identity", "role", "session", "launch", "audit_event", "pbx_extension", "iot_device"} <= there
    migrations.downgrade(empty, "base")
    assert tables(empty) == set()
    migrations.upgrade(empty)
    assert tables(empty) == there


def test_the_models_and_the_history_agree(empty: Database) -> None:
    assert discover()
    migrations.upgrade(empty)
    with empty.write_engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"include_object": migrations.is_modelled})
        assert compare_metadata(context, Base.metadata) == []


def test_two_that_start_at_once_migrate_once(empty: Database) -> None:
    others = [Database(empty.write_engine.url.render_as_string(hide_password=False)) for _ in range(2)]
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(migrations.upgrade, others))
    with empty.reading() as reader:
        assert migrations.is_current(reader)
    for other in others:
        other.dispose()


def test_the_newest_file_is_the_head_of_the_history() -> None:
    config = Config()
    config.set_main_option("script_location", str(migrations.HERE))
    assert ScriptDirectory.from_config(config).get_current_head() == migrations.HEAD


def test_an_empty_database_is_not_ready(empty: Database) -> None:
    with empty.reading() as reader:
        assert not migrations.is_current(reader)
