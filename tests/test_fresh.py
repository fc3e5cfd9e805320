"""A fresh installation: nobody is there, and nothing that one might guess lets anybody in."""

from collections.abc import Iterator
from itertools import product
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import func, select

from gateway import create_app, migrations
from gateway.identity.models import Identity
from gateway.portal.registry import discover
from tests.conftest import settings_for
from tests.house import Browser, house_of, rows

LOGINS = ("admin", "root", "administrator", "portico", "demo")
PASSWORDS = ("admin", "password", "portico", "changeme")


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Flask]:
    """An application on a database that was made a moment ago."""
    app = create_app(settings_for(f"sqlite:///{tmp_path / 'fresh.db'}"), discover())
    migrations.upgrade(house_of(app).database)
    yield app
    house_of(app).database.dispose()


def test_a_fresh_installation_has_nobody_and_no_password_to_guess__LOG_08(empty: Flask) -> None:
    assert rows(empty, select(func.count()).select_from(Identity))[0][0] == 0
    for place, (login, password) in enumerate(product(LOGINS, PASSWORDS)):
        browser = Browser(empty, REMOTE_ADDR=f"192.0.2.{place + 1}")
        for page in ("/login", "/admin/login"):
            assert browser.post(page, {"login": login, "password": password}).status_code == 422


def test_the_first_administrator_is_made_at_the_server_with_a_password_for_one_use__LOG_08(empty: Flask) -> None:
    done = empty.test_cli_runner().invoke(args=["administrator", "create", "first"])
    assert done.exit_code == 0, done.output
    browser = Browser(empty)
    password = done.output.strip().splitlines()[-1]
    answer = browser.post("/admin/login", {"login": "first", "password": password})
    assert answer.status_code == 303
    assert answer.location.startswith("/admin/login/password")
    assert browser.get("/admin/customers").status_code == 303
