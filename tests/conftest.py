"""Every test that asks for `app` gets an application on a fresh copy of a filled database, on each kind of database."""

import os
import secrets
import shutil
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import psycopg
import pytest
import time_machine
from flask import Flask
from sqlalchemy import make_url

from gateway import clock, create_app, migrations
from gateway.audit.operations import Keys, Stamp
from gateway.db import Database
from gateway.identity import passwords
from gateway.portal.registry import discover
from gateway.settings import Settings
from tests import quick
from tests.canaries import Canaries
from tests.house import Browser, fill

SECRET, AUDIT = (
    "".join(chr(97 + n % 26) for n in range(3, 120, 7)) * 3,
    "".join(chr(97 + n % 26) for n in range(1, 140, 9)) * 3,
)
TEST_DATABASE = os.environ.get("TEST_DATABASE_URL")
KINDS = ["sqlite", "postgresql"]

_portals = cache(discover)


def settings_for(url: str, **more: Any) -> Settings:
    """Return settings for a database."""
    values: dict[str, Any] = {
        "secret_keys": (SECRET,),
        "audit_keys": (AUDIT,),
        "database_url": url,
        "base_url": "http://localhost",
    }
    return Settings(**values | more)


def _filled(url: str) -> None:
    database = Database(url)
    migrations.upgrade(database)
    with database.writing() as work:
        work.info.update(stamp=Stamp(), audit_keys=Keys((AUDIT,)))
        fill(work)
        work.commit()
    database.dispose()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A filled SQLite file, copied for each test."""
    path = tmp_path_factory.mktemp("template") / "house.db"
    _filled(f"sqlite:///{path}")
    return path


class Server:
    """A PostgreSQL server that makes databases for tests and drops them again."""

    def __init__(self, url: str) -> None:
        self.url = make_url(url).set(drivername="postgresql")
        self.template = self.create()
        _filled(self.template)

    def _run(self, statement: str) -> None:
        with psycopg.connect(self.url.render_as_string(hide_password=False), autocommit=True) as connection:
            connection.execute(statement)  # type: ignore[arg-type]

    def create(self, template: str = "template0") -> str:
        """Make a database and return its URL."""
        name = f"portico_test_{secrets.token_hex(6)}"
        self._run(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY")
        return self.url.set(database=name).render_as_string(hide_password=False)

    def copy(self) -> str:
        """Make a copy of the filled database and return its URL."""
        return self.create(str(make_url(self.template).database))

    def drop(self, url: str) -> None:
        """Drop a database."""
        self._run(f"DROP DATABASE {make_url(url).database} WITH (FORCE)")


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """The PostgreSQL server of `TEST_DATABASE_URL`."""
    if not TEST_DATABASE:
        pytest.skip("TEST_DATABASE_URL is not set: PostgreSQL is not tested")
    found = Server(TEST_DATABASE)
    yield found
    found.drop(found.template)


@pytest.fixture(params=KINDS)
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a filled database, of each kind."""
    if request.param == "sqlite":
        path = tmp_path / "house.db"
        shutil.copy(request.getfixturevalue("sqlite_template"), path)
        yield f"sqlite:///{path}"
        return
    found: Server = request.getfixturevalue("server")
    url = found.copy()
    yield url
    found.drop(url)


@pytest.fixture
def canaries() -> Canaries:
    """What watches the applications of a test for secrets."""
    return Canaries()


@pytest.fixture
def make_app(database_url: str, canaries: Canaries) -> Iterator[Callable[..., Flask]]:
    """Makes applications on the test's database, as several processes would; settings can be changed."""
    made: list[Flask] = []

    def make(**more: Any) -> Flask:
        app = create_app(settings_for(database_url, **more), _portals())
        canaries.watch(app)
        made.append(app)
        return app

    yield make
    if made:
        canaries.check(made[0].extensions["portico"].database)
    for app in made:
        app.extensions["portico"].database.dispose()


@pytest.fixture
def app(make_app: Callable[..., Flask]) -> Flask:
    """One application."""
    return make_app()


@pytest.fixture
def new_browser(app: Flask) -> Callable[[], Browser]:
    """Makes browsers, each with a cookie jar of its own."""
    return lambda: Browser(app)


@pytest.fixture
def hashing_for_real(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets every password take the time and memory that it takes."""
    monkeypatch.setattr(passwords, "_verified", quick.verified)


@pytest.fixture
def in_mid_step() -> Iterator[None]:
    """Let time go on from the fifth second of a step of thirty, so that no code grows old within a test."""
    now = clock.now().timestamp()
    with time_machine.travel(now - now % 30 + 5):
        yield


def pytest_configure() -> None:
    """Make the tests quick; not what else takes its settings from here."""
    quick.hurry()


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Let nothing be skipped where everything has to be there."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("CI") == "true" and reporter is not None and reporter.stats.get("skipped"):
        session.exitstatus = 1
