"""Support access on consent, as staff and customers go through it in a real browser."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from playwright.sync_api import Browser, BrowserContext, Page, expect

from gateway import create_app
from gateway.portal.registry import discover
from tests.browser.conftest import NEEDS_CHROMIUM
from tests.cast import ABC, HELEN, ROOT, Member
from tests.conftest import settings_for
from tests.consent import PAGE, recorded, set_class
from tests.house import change

LogIn = Callable[[Page, Member], None]
pytestmark = [NEEDS_CHROMIUM, pytest.mark.browser, pytest.mark.usefixtures("quiet_console")]
MENU = "/admin/customers/abc/log-in"


@pytest.fixture
def customer(browser: Browser) -> Iterator[Page]:
    """A page in a browser of the customer's own."""
    context = browser.new_context()
    yield context.new_page()
    context.close()


@pytest.fixture
def on_consent(address: str, tmp_path: Path) -> Iterator[Flask]:
    """Another process on the same database; the class of abc lets staff in on consent."""
    app = create_app(settings_for(f"sqlite:///{tmp_path / 'house.db'}", base_url=address), discover())
    set_class(app, "consent")
    yield app
    app.extensions["portico"].database.dispose()


def ask(page: Page, reason: str) -> None:
    """Ask for access in the menu of a row."""
    page.get_by_role("link", name="More ways to log in: ABC Company").click()
    page.get_by_label("Reason").first.fill(reason)
    page.get_by_role("button", name="Ask for access").click()
    expect(page.locator("[data-wait]")).to_contain_text("You asked on")


def test_access_is_asked_for_granted_used_and_taken_back_in_mid_visit__IMP_13(
    page: Page, customer: Page, address: str, log_in: LogIn, on_consent: Flask
) -> None:
    prague = {"time_zone": "Europe/Prague", "output_date_format": "DD.MM.YYYY", "output_time_format": "HH24:MI"}
    log_in(page, HELEN)
    ask(page, "Ticket 4711: calls drop")
    log_in(customer, ABC)
    change(on_consent, "abc", language="de", **prague)
    customer.goto(f"{address}/")
    customer.locator(f'main a[href="{PAGE}"]').click()
    expect(customer.locator("html")).to_have_attribute("lang", "de")
    expect(customer.locator(".asks")).to_contain_text("Ticket 4711: calls drop")
    expect(customer.locator(".asks")).to_contain_text(re.compile(r"\d\d\.\d\d\.\d{4} \d\d:\d\d"))
    customer.locator('.asks button[value="hour"]').click()
    expect(customer.locator("section[aria-labelledby=window-head]")).to_contain_text("(Prag, UTC+0")

    expect(page.locator(".menu.tall [data-wait]")).to_have_count(0)
    expect(page.locator(".menu.tall")).not_to_contain_text("on consent only")
    page.get_by_role("button", name="Cloud PBX As owner").click()
    expect(page.locator("#visit-banner")).to_contain_text("ABC Company")
    customer.locator("section[aria-labelledby=window-head] form button").click()
    page.locator('nav a[href$="/portals/pbx/calls"]').click()
    expect(page).to_have_url(re.compile("ended=consent-missing"))
    expect(page.get_by_role("status")).to_contain_text("on consent only")

    customer.goto(f"{address}{PAGE}")
    told = customer.locator(".visits > li")
    for words in ("Helen Desk · Cloud-Telefonanlage", "zugewiesene Rolle", "Ticket 4711", "Es wurde nichts geändert."):
        expect(told).to_contain_text(words)
    (began,) = [row.at for row in recorded(on_consent, "visit.start")]
    expect(told).to_contain_text(f"{began.astimezone(ZoneInfo('Europe/Prague')):%d.%m.%Y %H:%M}")


def test_a_decline_is_seen_where_the_answer_is_waited_for(
    page: Page, customer: Page, address: str, log_in: LogIn, on_consent: Flask
) -> None:
    log_in(page, HELEN)
    ask(page, "Ticket 1")
    log_in(customer, ABC)
    customer.goto(f"{address}{PAGE}")
    customer.get_by_role("button", name="Decline: Helen Desk").click()
    expect(page.locator(".menu.tall")).to_contain_text("The customer declined on")
    expect(page.locator(".menu.tall").get_by_role("button", name="Ask for access")).to_be_visible()


def test_without_script_it_is_asked_for_and_found_open_after_loading_again(
    browser: Browser, customer: Page, address: str, log_in: LogIn, on_consent: Flask
) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    log_in(page, HELEN)
    page.goto(f"{address}{MENU}")
    page.get_by_label("Reason").fill("Ticket 2")
    page.get_by_role("button", name="Ask for access").click()
    expect(page.get_by_text("The customer is asked.")).to_be_visible()
    log_in(customer, ABC)
    customer.goto(f"{address}{PAGE}")
    customer.get_by_role("button", name="Yes, for a day").click()
    page.goto(f"{address}{MENU}")
    page.get_by_role("button", name="Cloud PBX As owner").click()
    expect(page.locator("#visit-banner")).to_contain_text("ABC Company")
    context.close()


def test_an_emergency_is_set_apart_marked_and_ended_by_the_switch__IMP_13(
    page: Page, context: BrowserContext, address: str, log_in: LogIn, on_consent: Flask
) -> None:
    log_in(page, ROOT)
    page.goto(f"{address}{MENU}")
    page.get_by_text("Enter without consent (emergency)").click()
    box = page.locator("details.emergency")
    box.get_by_label("Reason").fill("Fire in the exchange")
    box.get_by_role("button", name="Cloud PBX").click()
    expect(page.locator("#visit-banner")).to_contain_text("emergency, without consent")
    page.get_by_role("link", name="Calls", exact=True).click()
    expect(page.locator("#visit-banner")).to_contain_text("Fire in the exchange")
    console = context.new_page()
    console.goto(f"{address}/admin/gateway")
    console.get_by_label("Staff may open portals for customers").uncheck()
    console.get_by_role("button", name="Save").first.click()
    expect(console.get_by_role("status")).to_contain_text("Saved.")
    page.reload()
    expect(page).to_have_url(re.compile("ended=support-access-off"))
    page.goto(f"{address}{MENU}")
    expect(page.get_by_text("Enter without consent (emergency)")).to_have_count(0)
