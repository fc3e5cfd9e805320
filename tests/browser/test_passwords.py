"""Choosing a password and proving oneself, in a real browser."""

import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import update

from gateway import clock
from gateway.audit.operations import Keys, Stamp
from gateway.db import Database
from gateway.identity.models import Session
from tests.browser.conftest import NEEDS_CHROMIUM
from tests.cast import ABC, Member
from tests.conftest import AUDIT

LogIn = Callable[[Page, Member], None]
SECURITY = "/portals/self-care/security"
pytestmark = [NEEDS_CHROMIUM, pytest.mark.browser, pytest.mark.usefixtures("quiet_console")]


def test_the_strength_is_said_while_one_types_and_the_offered_one_fills_both_fields(
    page: Page, address: str, log_in: LogIn
) -> None:
    log_in(page, ABC)
    page.goto(f"{address}{SECURITY}")
    new = page.get_by_label("New password", exact=True)
    new.press_sequentially("cloudpbx2026portico")
    expect(page.locator("[data-meter]")).to_contain_text("Far too easy to guess")
    new.fill("")
    expect(page.locator("[data-meter]")).to_be_empty()
    page.get_by_role("button", name="Use it").click()
    expect(page.locator("[data-meter]")).to_contain_text("Very good")
    offered = page.locator("#offered").inner_text()
    expect(page.get_by_label("New password again")).to_have_value(offered)
    page.get_by_label("Present password").fill("correct horse battery staple")
    page.get_by_role("button", name="Change the password").click()
    expect(page.get_by_role("status")).to_contain_text("Your password is changed.")


def test_a_form_that_needs_a_proof_leads_to_it_and_back_also_without_script(
    browser: Browser, address: str, tmp_path: Path, log_in: LogIn
) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    log_in(page, ABC)
    page.goto(f"{address}/portals/self-care/profile")
    page.get_by_label("New e-mail address").fill("new@example.com")
    database = Database(f"sqlite:///{tmp_path / 'house.db'}")
    with database.writing() as work:
        work.info.update(stamp=Stamp(), audit_keys=Keys((AUDIT,)))
        work.execute(update(Session).values(proved_at=clock.now() - timedelta(minutes=11)))
        work.commit()
    database.dispose()
    page.get_by_role("button", name="Send the link").click()
    expect(page.get_by_role("heading", name="Confirm that it is you")).to_be_visible()
    page.get_by_label("Password", exact=True).fill("correct horse battery staple")
    page.get_by_role("button", name="Confirm").click()
    expect(page).to_have_url(re.compile("/portals/self-care/profile"))
    page.get_by_label("New e-mail address").fill("new@example.com")
    page.get_by_role("button", name="Send the link").click()
    expect(page.get_by_role("status")).to_contain_text("A link is on its way to the new address.")
    context.close()
