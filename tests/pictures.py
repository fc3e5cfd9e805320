"""`make pictures`: the pictures of the documentation, taken of the demo company in a real Chromium."""

import socket
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from flask import Flask
from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright
from sqlalchemy import update
from werkzeug.serving import make_server

from gateway import cli, create_app, demo_company, migrations
from gateway.identity.models import Identity
from gateway.portal.registry import discover
from tests.browser.conftest import CHROMIUM, FLAGS
from tests.cast import PASSWORD
from tests.conftest import settings_for
from tests.house import house_of, working
from tests.servers import Quiet

PICTURES = Path(__file__).parent.parent / "docs" / "pictures"
WIDE, PHONE = ViewportSize(width=1280, height=800), ViewportSize(width=390, height=844)
LANGUAGES = ("de", "ar", "ja")
VARIANTS = {"": (WIDE, "light"), "-dark": (WIDE, "dark"), "-phone": (PHONE, "light")}


@contextmanager
def served() -> Iterator[tuple[Flask, str]]:
    """Serve the demo company on a port of its own."""
    with tempfile.TemporaryDirectory() as folder, socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        probe.close()
        url = f"http://127.0.0.1:{port}"
        app = create_app(settings_for(f"sqlite:///{folder}/pictures.db", base_url=url), discover())
        house = house_of(app)
        migrations.upgrade(house.database)
        importers = cli.importers(app.extensions["portico.registry"])
        demo_company.load(house.database, house.audit_keys, importers, PASSWORD, lambda _text: None)
        server = make_server("127.0.0.1", port, app, threaded=True, request_handler=Quiet)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield app, url
        server.shutdown()


def log_in(page: Page, url: str, login: str, at: str) -> None:
    """Log somebody in through the page."""
    page.goto(f"{url}{at}")
    page.get_by_label("Login").fill(login)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url(lambda there: "login" not in there)


def picker(page: Page, url: str) -> None:
    """John's picker."""
    log_in(page, url, "john", "/login")


def customer(page: Page, url: str) -> None:
    """The customer's page, the menu open."""
    log_in(page, url, "root", "/admin/login")
    page.goto(f"{url}/admin/customers?q=abc")
    page.get_by_role("link", name="ABC Company", exact=True).click()
    page.get_by_role("button", name="More ways to log in: ABC Company").click()


def visit(page: Page, url: str) -> None:
    """A page of a portal in a visit."""
    customer(page, url)
    page.get_by_role("button", name="Cloud PBX As Company owner").click()
    page.get_by_role("link", name="Calls", exact=True).first.click()


def role(page: Page, url: str) -> None:
    """The tree editor of a role."""
    log_in(page, url, "root", "/admin/login")
    page.goto(f"{url}/admin/roles")
    page.get_by_role("link", name="IT lead").click()


def panel(page: Page, url: str) -> None:
    """The self-care panel of a customer."""
    customer(page, url)
    page.keyboard.press("Escape")
    page.get_by_role("link", name="Self-care access").click()


def customer_class(page: Page, url: str) -> None:
    """The defaults of a customer class."""
    log_in(page, url, "root", "/admin/login")
    page.goto(f"{url}/admin/classes")
    page.get_by_role("link", name="Gold", exact=True).click()


def individuals(page: Page, url: str) -> None:
    """The individuals of a customer, as it looks after them itself."""
    log_in(page, url, "abc", "/login")
    page.goto(f"{url}/portals/self-care/individuals")


SCENES: dict[str, Callable[[Page, str], None]] = {
    "picker": picker,
    "customer": customer,
    "visit": visit,
    "role": role,
    "panel": panel,
    "class": customer_class,
    "individuals": individuals,
}


def take(browser: Browser, url: str, name: str, scene: Callable[[Page, str], None]) -> None:
    """Take one scene in every variant."""
    for suffix, (size, scheme) in VARIANTS.items():
        context = browser.new_context(viewport=size, color_scheme="dark" if scheme == "dark" else "light")
        page = context.new_page()
        scene(page, url)
        page.wait_for_load_state("networkidle")
        page.screenshot(path=PICTURES / f"{name}{suffix}.png")
        context.close()


def take_in_languages(browser: Browser, app: Flask, url: str, name: str) -> None:
    """Take one scene in other languages, as whoever prefers them reads it."""
    page = browser.new_page(viewport=WIDE, color_scheme="light")
    SCENES[name](page, url)
    for language in LANGUAGES:
        with working(app) as work:
            work.execute(update(Identity).values(language=language))
        page.reload()
        page.wait_for_load_state("networkidle")
        page.screenshot(path=PICTURES / f"{name}-{language}.png")
    with working(app) as work:
        work.execute(update(Identity).values(language=None))
    page.context.close()


def main() -> None:
    """Take every picture anew."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    with served() as (app, url), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        for name, scene in SCENES.items():
            take(browser, url, name, scene)
            sys.stdout.write(f"{name}\n")
        for name in ("visit", "individuals", "class"):
            take_in_languages(browser, app, url, name)
            sys.stdout.write(f"{name} in {', '.join(LANGUAGES)}\n")
        browser.close()


if __name__ == "__main__":
    main()
