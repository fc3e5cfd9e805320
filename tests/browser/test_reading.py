"""Languages and formats, in a real browser: right to left, the picker of days, ready formats."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import AXE, NEEDS_CHROMIUM
from tests.cast import ABC, HELEN, ROOT, Member

LogIn = Callable[[Page, Member], None]
ARABIC = pytest.mark.parametrize("address", [{"languages": ("en", "de", "ar")}], indirect=True, ids=["three languages"])
PREFERENCES = "/portals/self-care/preferences"
PAGES = {
    ABC: (
        *("/", "/portals/pbx/overview", "/portals/pbx/calls", "/portals/pbx/calls?since=x", "/portals/iot/usage"),
        *("/portals/iot/devices/abc-dev", "/portals/pbx/finance/invoices/abc-inv", "/portals/self-care/security"),
        *(PREFERENCES, "/portals/self-care/individuals", "/portals/self-care/individuals/new", "/nothing"),
        *("/portals/self-care/activity", "/portals/self-care/activity/support-access"),
    ),
    ROOT: (
        *("/admin/customers", "/admin/customers/abc", "/admin/customers/abc/self-care", "/admin/roles/itlead"),
        *("/admin/audit", "/admin/gateway", "/admin/classes/standard", "/admin/mail"),
    ),
}
pytestmark = [NEEDS_CHROMIUM, pytest.mark.browser, pytest.mark.usefixtures("quiet_console")]


def speak_arabic(page: Page, address: str, member: Member) -> None:
    """Choose Arabic where the member may, without a word of the page: it is another one afterwards."""
    page.goto(f"{address}{PREFERENCES if member is ABC else '/admin/gateway'}")
    page.locator("#language").select_option("ar")
    page.locator("main form[method=post] .btn.pri").last.click()
    page.wait_for_url("**done=saved*")
    expect(page.locator("html")).to_have_attribute("dir", "rtl")


@ARABIC
@pytest.mark.parametrize("member", PAGES, ids=lambda member: member.login)
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_from_right_to_left_axe_finds_nothing_and_nothing_overflows(
    page: Page, address: str, log_in: LogIn, member: Member, scheme: str, width: int
) -> None:
    if not AXE.exists():
        pytest.skip("axe-core is not installed: npm ci in tests/browser")
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light", reduced_motion="reduce")
    page.set_viewport_size({"width": width, "height": 900})
    log_in(page, member)
    speak_arabic(page, address, member)
    found = []
    for path in PAGES[member]:
        page.goto(f"{address}{path}")
        page.evaluate(AXE.read_text(encoding="utf-8"))
        faults = page.evaluate("() => axe.run()")["violations"]
        found += [f"{path}: {fault['id']} at {fault['nodes'][0]['target']}" for fault in faults]
        if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            found.append(f"{path}: wider than the window")
    assert found == []


@ARABIC
def test_a_stranger_switches_the_language_without_a_script(browser: Browser, address: str) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{address}/login")
    page.get_by_role("button", name="العربية").click()
    expect(page.locator("html")).to_have_attribute("dir", "rtl")
    page.get_by_role("button", name="English").click()
    expect(page.locator("html")).to_have_attribute("dir", "ltr")
    context.close()


def test_the_picker_writes_a_day_as_it_is_typed_and_sends_nothing_itself(
    page: Page, address: str, log_in: LogIn
) -> None:
    log_in(page, ABC)
    for pattern, typed in (
        ("D MONTH YYYY", "5 March 2026"),
        ("DD/MON/YYYY", "05/MAR/2026"),
        ("MM.DD.YYYY", "03.05.2026"),
    ):
        page.goto(f"{address}{PREFERENCES}")
        page.locator("#input_date_format").fill(pattern)
        page.get_by_role("button", name="Save").click()
        page.goto(f"{address}/portals/pbx/calls")
        since = page.locator(".field", has=page.locator("#since"))
        since.locator(".pick-day").evaluate(
            "e => { e.value = '2026-03-05'; e.dispatchEvent(new Event('input', { bubbles: true })); }"
        )
        expect(since.locator("#since")).to_have_value(typed)
        page.get_by_role("button", name="Show").click()
        expect(page).to_have_url(re.compile(r"\?[^=]+=[^=]*=[^=]*=[^=]*$"))
        page.wait_for_load_state()
        expect(page.locator("#since-errors")).to_have_count(0)
    since.get_by_role("button", name="Pick a day").click()


def test_a_ready_format_is_put_into_the_text_and_shown_at_once(page: Page, address: str, log_in: LogIn) -> None:
    log_in(page, ABC)
    page.goto(f"{address}{PREFERENCES}")
    page.locator("[name=output_date_format_ready]").select_option("long")
    expect(page.locator("#output_date_format")).to_have_value("long")
    expect(page.locator("[data-samples]")).to_contain_text("March 5, 2003")
    page.locator("#output_date_format").fill("QQ")
    expect(page.locator("[data-samples]")).to_contain_text("“QQ” is not understood in a pattern.")


def test_one_click_in_a_visit_shows_the_administrators_own_zone(page: Page, address: str, log_in: LogIn) -> None:
    log_in(page, HELEN)
    page.goto(f"{address}/admin/customers/abc/log-in")
    page.get_by_role("button", name="Cloud PBX As owner").click()
    banner = page.locator("#visit-banner")
    expect(banner).to_contain_text("times of UTC")
    there = page.url
    banner.get_by_role("button", name="My time zone").click()
    expect(banner).to_contain_text("yours")
    assert page.url == there
    banner.get_by_role("button", name="Their time zone").click()
    expect(banner).not_to_contain_text("yours")
