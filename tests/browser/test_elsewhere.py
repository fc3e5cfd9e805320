"""Portals elsewhere in a real browser: the click in the console, the page with both names, and the log-out."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import AXE, NEEDS_CHROMIUM
from tests.cast import HELEN, JOHN, PASSWORD, ROOT, Member
from tests.elsewhere import rounds
from tests.servers import Pair

pytestmark = [NEEDS_CHROMIUM, pytest.mark.browser, pytest.mark.usefixtures("quiet_console")]
LogIn = Callable[[Page, Member], None]


class Noting:
    """Notes what a browser says of where it comes from."""

    def __init__(self, app: Any) -> None:
        self.app, self.referers = app, []

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        self.referers.append(environ.get("HTTP_REFERER", ""))
        return self.app(environ, start_response)


@pytest.fixture
def pair(sqlite_template: Path, tmp_path: Path) -> Iterator[Pair]:
    """A gateway and the example portal."""
    found = Pair(sqlite_template, tmp_path)
    found.portal.wsgi_app = found.noting = Noting(found.portal.wsgi_app)  # type: ignore[attr-defined,method-assign]
    with found.running():
        yield found


@pytest.fixture
def address(pair: Pair) -> str:
    """The address of the gateway."""
    return pair.url


def test_one_click_in_the_console_shows_johns_pages_elsewhere_and_the_log_out_reaches_them__HDR_03__SES_08(
    page: Page, pair: Pair, log_in: LogIn
) -> None:
    log_in(page, HELEN)
    page.goto(f"{pair.url}/admin/customers/abc")
    page.get_by_role("button", name="More ways to log in: ABC Company").click()
    page.locator("#log-in-menu").get_by_role("link", name="John Carter").click()
    page.get_by_role("button", name=re.compile(r"^Tickets As itlead")).click()
    expect(page.locator("#act")).to_contain_text("Acting as John Carter (ABC Company), by Helen Desk")
    assert page.url == f"{pair.portal_url}/"
    assert page.title().startswith("Acting as John Carter")
    expect(page.get_by_text("The lift alarm does not ring")).to_be_visible()
    expect(page.get_by_role("button", name="Close")).to_be_enabled()

    console = page.context.new_page()
    console.goto(f"{pair.url}/admin/customers")
    console.get_by_role("button", name="Your menu: Helen Desk").click()
    console.get_by_role("button", name="Log out").click()
    expect(console.get_by_label("Login")).to_be_visible()
    assert rounds(pair.app) == 1
    page.goto(f"{pair.portal_url}/")
    assert page.url.startswith(f"{pair.url}/login")
    assert set(pair.noting.referers) <= {"", f"{pair.url}/", f"{pair.portal_url}/"}  # type: ignore[attr-defined]


def test_a_portal_that_calls_itself_first_gets_an_ordinary_log_in(page: Page, pair: Pair) -> None:
    page.goto(f"{pair.portal_url}/")
    assert page.url.startswith(f"{pair.url}/login?next=/oidc/authorize")
    page.get_by_label("Login").fill("john")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_text("The lift alarm does not ring")).to_be_visible()
    expect(page.locator("#act")).to_have_count(0)
    page.get_by_role("link", name="Log out").click()
    expect(page.get_by_role("heading", name="Log out everywhere?")).to_be_visible()
    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_role("heading", name="Logged out")).to_be_visible()
    assert page.url.startswith(f"{pair.portal_url}/bye")
    page.goto(f"{pair.url}/portals/pbx/overview")
    assert "/login" in page.url


PAGES = {
    ROOT: (
        *("/admin/portals", "/admin/portals/new", "/admin/portals/tickets", "/admin/portals/pbx"),
        *(
            "/admin/portals/tickets/delete",
            "/admin/portals/tickets/structure",
            "/admin/roles/itlead",
            "/admin/customers/abc/log-in",
        ),
    ),
    JOHN: ("/", "/portals/self-care/security", "/oidc/end-session?client_id=tickets", "/oidc/authorize?client_id=x"),
}


@pytest.mark.parametrize("member", PAGES, ids=lambda member: member.login)
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_axe_finds_nothing_and_nothing_overflows(
    page: Page, pair: Pair, log_in: LogIn, member: Member, scheme: str, width: int
) -> None:
    if not AXE.exists():
        pytest.skip("axe-core is not installed: npm ci in tests/browser")
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light", reduced_motion="reduce")
    page.set_viewport_size({"width": width, "height": 900})
    found = []
    log_in(page, member)
    for path in PAGES[member]:
        page.goto(f"{pair.url}{path}")
        page.evaluate(AXE.read_text(encoding="utf-8"))
        report = page.evaluate("() => axe.run()")
        found.extend(f"{path}: {fault['id']} at {fault['nodes'][0]['target']}" for fault in report["violations"])
        if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            found.append(f"{path}: wider than the window")
    assert found == []
