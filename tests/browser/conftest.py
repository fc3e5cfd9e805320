"""A real Chromium before a real server."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import BrowserContext, ConsoleMessage, Page

from gateway import create_app
from gateway.portal.registry import discover
from tests.cast import PASSWORD, Member
from tests.conftest import settings_for
from tests.servers import free_port, serving

CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
AXE = Path(__file__).parent / "node_modules" / "axe-core" / "axe.min.js"
FLAGS = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)

NEEDS_CHROMIUM = pytest.mark.skipif(
    not Path(CHROMIUM).exists(), reason="Chromium is not installed (CHROMIUM says where)"
)


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, Any]:
    """Debian's Chromium, kept from calling anybody."""
    return {"executable_path": CHROMIUM, "args": list(FLAGS)}


@pytest.fixture
def address(request: pytest.FixtureRequest, sqlite_template: Path, tmp_path: Path) -> Iterator[str]:
    """The address of a server with the cast; a parameter changes its settings."""
    path = tmp_path / "house.db"
    shutil.copy(sqlite_template, path)
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    settings = settings_for(f"sqlite:///{path}", base_url=url, **getattr(request, "param", {}))
    app: Flask = create_app(settings, discover())
    with serving(app, port):
        yield url
    app.extensions["portico"].database.dispose()


@pytest.fixture
def context(context: BrowserContext) -> BrowserContext:
    """Waits ten seconds at most for what a test looks for."""
    context.set_default_timeout(10_000)
    return context


@pytest.fixture
def quiet_console(context: BrowserContext) -> Iterator[None]:
    """Fails the test if the console of any page had something to say, but for answers that are refusals."""
    said: list[str] = []

    def note(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and "Failed to load resource" not in message.text:
            said.append(f"{message.page.url if message.page else ''}: {message.text}")

    context.on("console", note)
    context.on("weberror", lambda error: said.append(str(error.error)))
    yield
    assert said == []


@pytest.fixture
def log_in(address: str) -> Callable[[Page, Member], None]:
    """Logs somebody in through the page."""

    def do(page: Page, member: Member) -> None:
        page.goto(f"{address}{member.log_in_at}")
        page.get_by_label("Login").fill(member.login)
        page.get_by_label("Password", exact=True).fill(PASSWORD)
        page.get_by_role("button", name="Log in").click()
        page.wait_for_url(lambda url: "login" not in url)

    return do
