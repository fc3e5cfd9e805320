"""A customer set up from nothing, handed over, and looked after: in a real browser."""

import re
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import NEEDS_CHROMIUM
from tests.cast import ABC, ROOT, Member

LogIn = Callable[[Page, Member], None]
pytestmark = [NEEDS_CHROMIUM, pytest.mark.browser, pytest.mark.usefixtures("quiet_console")]
OWN_CHOICE = "A-sentence-of-my-own-4711"


@dataclass(frozen=True)
class Handed:
    """What is handed over to somebody: a login and a password for one use."""

    login: str
    password: str


def save(page: Page, button: str = "Save", said: str = "Saved.") -> None:
    """Press a button and wait for what the next page says."""
    page.get_by_role("button", name=button, exact=True).click()
    expect(page.get_by_role("status")).to_contain_text(said)


def make_class(page: Page, address: str) -> None:
    """Make the class Night owls, whose people read dates in another zone."""
    page.goto(f"{address}/admin/classes")
    page.get_by_role("link", name="New class").click()
    page.get_by_label("Name").fill("Night owls")
    page.get_by_label("Time zone").fill("Asia/Tokyo")
    page.get_by_label("Dates are shown as").fill("DD.MM.YYYY")
    page.get_by_role("button", name="Create").click()
    expect(page.get_by_role("heading", name="Class Night owls")).to_be_visible()


def make_role(page: Page, address: str, name: str, levels: dict[str, str]) -> None:
    """Make a role with these levels (field to label)."""
    page.goto(f"{address}/admin/roles")
    page.get_by_role("link", name="New role").click()
    page.get_by_label("Name").fill(name)
    page.get_by_role("button", name="Create").click()
    for field, level in levels.items():
        page.locator(f'select[name="{field}"]').select_option(level)
    save(page)


def make_customer(page: Page, address: str) -> Handed:
    """Make the customer Owl & Sons, and return what is handed over to it."""
    page.goto(f"{address}/admin/customers")
    page.get_by_role("link", name="New customer").click()
    page.get_by_label("Name").fill("Owl & Sons")
    page.get_by_label("E-mail").fill("owl@example.com")
    page.get_by_label("Class").select_option("Night owls")
    page.get_by_label("Login").fill("owl")
    page.get_by_label("Role").select_option("Owner of owls")
    page.get_by_role("button", name="Use it").click()
    password = page.locator("#offered").inner_text()
    page.get_by_role("button", name="Create").click()
    expect(page.get_by_role("heading", name="Owl & Sons")).to_be_visible()
    return Handed("owl", password)


def allow(page: Page, *roles: str) -> None:
    """Allow the customer of the present page some roles."""
    page.get_by_role("link", name="Allowed roles").click()
    for role in roles:
        page.get_by_label("Add a role").select_option(role)
        save(page, "Add")


def make_individual(page: Page, people: str, name: str, login: str, role: str) -> Handed:
    """Make an individual and have a password shown once."""
    page.goto(f"{people}/new")
    page.get_by_label("Name").fill(name)
    page.get_by_label("Login").fill(login)
    page.get_by_label("Role").select_option(role)
    page.get_by_role("button", name="Create").click()
    expect(page.get_by_role("heading", name=name, exact=True)).to_be_visible()
    page.get_by_role("button", name="Make a new password").click()
    return Handed(login, page.locator("#password").inner_text())


def first_log_in(browser: Browser, address: str, handed: Handed) -> Page:
    """Log somebody in for the first time: with what was handed over, then with a password of their own."""
    page = browser.new_context().new_page()
    page.goto(f"{address}/login")
    page.get_by_label("Login").fill(handed.login)
    page.get_by_label("Password", exact=True).fill(handed.password)
    page.get_by_role("button", name="Log in").click()
    page.get_by_label("New password", exact=True).fill(OWN_CHOICE)
    page.get_by_label("New password again").fill(OWN_CHOICE)
    page.locator("main button.pri").click()
    page.wait_for_url(lambda url: "login" not in url)
    return page


def test_a_customer_is_set_up_from_nothing_and_everybody_sees_what_was_set(
    page: Page, browser: Browser, address: str, log_in: LogIn
) -> None:
    log_in(page, ROOT)
    make_class(page, address)
    everything = {"pbx:": "full", "iot:": "full", "self-care:": "full"}
    make_role(page, address, "Owner of owls", everything)
    make_role(page, address, "Bookkeeper", {"pbx:overview": "view", "pbx:finance": "full"})
    make_role(page, address, "Field engineer", {"iot:": "view"})
    owl = make_customer(page, address)
    customer = page.url.split("?")[0]
    allow(page, "Bookkeeper", "Field engineer")
    people = f"{customer}/individuals"
    berta = make_individual(page, people, "Berta Book", "berta", "Bookkeeper")
    fritz = make_individual(page, people, "Fritz Field", "fritz", "Field engineer")

    there = first_log_in(browser, address, owl)
    expect(there.locator("#portals h2")).to_have_text(["Cloud PBX", "IoT", "My access"])
    there.goto(f"{address}/portals/self-care/individuals")
    expect(there.get_by_role("link", name="Berta Book")).to_be_visible()
    there.goto(f"{address}/portals/self-care/preferences")
    expect(there.get_by_text("Asia/Tokyo, as your provider has it")).to_be_visible()
    expect(there.locator("[data-samples]")).to_contain_text(re.compile(r"\d\d\.\d\d\.\d{4}"))

    there = first_log_in(browser, address, berta)
    expect(there.locator("#portals h2")).to_have_text(["Cloud PBX", "My access"])
    there.get_by_role("link", name="Cloud PBX").click()
    expect(there.get_by_role("navigation", name="Pages").locator("a, span")).to_have_text(["Overview", "Finance"])

    there = first_log_in(browser, address, fritz)
    expect(there.locator("#portals h2")).to_have_text(["IoT", "My access"])
    answer = there.goto(f"{address}/portals/self-care/individuals")
    assert answer is not None
    assert answer.status == 404


def test_an_allowed_role_in_use_is_refused_its_people_are_moved_in_one_step_and_it_is_gone(
    page: Page, address: str, log_in: LogIn
) -> None:
    log_in(page, ROOT)
    page.goto(f"{address}/admin/customers/abc/allowed-roles")
    row = page.get_by_role("row", name=re.compile("^itlead"))
    row.get_by_role("link", name="Remove …").click()
    expect(page.get_by_text("1 individual holds this role")).to_be_visible()
    expect(page.locator("main li", has_text="John Carter")).to_be_visible()
    page.get_by_role("button", name="Move and remove").click()
    expect(page.get_by_text("Choose another of the allowed roles for them.")).to_be_visible()
    page.get_by_label("Move them to").select_option("itsupport")
    save(page, "Move and remove")
    expect(page.get_by_role("row", name=re.compile("^itlead"))).to_have_count(0)
    page.goto(f"{address}/admin/customers/abc/individuals/john")
    expect(page.get_by_label("Role")).to_have_value("itsupport")


def test_an_individual_who_manages_individuals_looks_after_those_below_and_only_looks_at_those_above(
    page: Page, browser: Browser, address: str, log_in: LogIn
) -> None:
    log_in(page, ROOT)
    levels = {"pbx:overview": "view", "pbx:configuration": "full", "pbx:calls": "view", "self-care:individuals": "full"}
    make_role(page, address, "Deputy", levels)
    page.goto(f"{address}/admin/customers/abc")
    allow(page, "Deputy")
    handed = make_individual(page, f"{address}/admin/customers/abc/individuals", "Dora Deputy", "dora", "Deputy")

    there = first_log_in(browser, address, handed)
    there.goto(f"{address}/portals/self-care/individuals")
    there.get_by_role("link", name="Mark Novak").click()
    there.get_by_label("Expires").fill("2035-01-31")
    save(there)
    there.get_by_role("button", name="Suspend at once").click()
    expect(there.get_by_role("heading", name="Mark Novak").locator("xpath=..")).to_contain_text("Suspended")
    there.goto(f"{address}/portals/self-care/individuals")
    there.get_by_role("link", name="John Carter").click()
    expect(there.get_by_text("Their rights exceed yours, so you can look only.").first).to_be_visible()
    expect(there.get_by_label("Name")).to_be_disabled()
    there.goto(f"{address}/portals/self-care/individuals/new")
    expect(there.get_by_label("Role").locator("option")).to_have_text(["Choose a role", "Deputy", "itsupport"])


def test_two_who_save_one_customer_at_once_lose_nothing(
    page: Page, browser: Browser, address: str, log_in: LogIn
) -> None:
    other = browser.new_context().new_page()
    for tab in (page, other):
        log_in(tab, ROOT)
        tab.goto(f"{address}/admin/customers/abc/individuals/john")
    page.get_by_label("Name").fill("John Carter-Smith")
    save(page)
    other.get_by_label("Expires").fill("2035-01-31")
    other.get_by_role("button", name="Save").click()
    expect(other.get_by_role("alert")).to_contain_text("John Carter-Smith")
    expect(other.get_by_label("Name")).to_have_value("John Carter-Smith")
    expect(other.get_by_label("Expires")).to_have_value("2035-01-31")
    save(other)
    page.reload()
    expect(page.get_by_label("Expires")).to_have_value("2035-01-31")


def test_the_customer_moves_and_suspends_several_at_once(page: Page, address: str, log_in: LogIn) -> None:
    log_in(page, ABC)
    page.goto(f"{address}/portals/self-care/individuals")
    for name in ("John Carter", "Adam Weiss"):
        page.get_by_label(f"Choose {name}").check()
    page.get_by_role("button", name="Another role …").click()
    page.get_by_label("New role").select_option("itsupport")
    save(page, "Move")
    expect(page.get_by_role("row", name=re.compile("Adam Weiss"))).to_contain_text("itsupport")
