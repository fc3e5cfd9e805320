"""What people do, in a real browser."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import NEEDS_CHROMIUM
from tests.cast import ABC, ADAM, AUDREY, HELEN, JOHN, MARK, ROOT, Member

VIEW_PBX = re.compile(r"^View only ?, Cloud PBX")
LogIn = Callable[[Page, Member], None]
pytestmark = [NEEDS_CHROMIUM, pytest.mark.browser, pytest.mark.usefixtures("quiet_console")]

SEEN = {
    JOHN: (["Cloud PBX", "IoT", "My access"], ["Overview", "Configuration", "Calls"], "/portals/pbx/finance/invoices"),
    MARK: (["Cloud PBX", "My access"], ["Overview", "Configuration", "Calls"], "/portals/iot/devices"),
    ADAM: (["Cloud PBX", "My access"], ["Overview", "Calls", "Finance"], "/portals/pbx/configuration/extensions"),
}


@pytest.mark.parametrize("member", SEEN, ids=lambda member: member.login)
def test_each_individual_sees_exactly_what_their_role_says(
    page: Page, address: str, log_in: LogIn, member: Member
) -> None:
    portals, pages, forbidden = SEEN[member]
    log_in(page, member)
    expect(page.locator("#portals h2")).to_have_text(portals)
    page.get_by_role("link", name="Cloud PBX").click()
    expect(page.get_by_role("navigation", name="Pages").locator("a, span")).to_have_text(pages)
    answer = page.goto(f"{address}{forbidden}")
    assert answer is not None
    assert answer.status == 404
    expect(page.get_by_role("heading", name="Page not found")).to_be_visible()


def test_helen_opens_two_customers_with_one_click_each_and_ends_one(page: Page, address: str, log_in: LogIn) -> None:
    log_in(page, HELEN)
    page.get_by_role("searchbox").fill("abc")
    page.get_by_role("searchbox").press("Enter")
    page.get_by_role("link", name="More ways to log in: ABC Company").click()
    page.get_by_role("button", name="Cloud PBX As owner").click()
    expect(page.locator("#visit-banner")).to_contain_text("ABC Company")
    assert page.url.endswith("/portals/pbx/overview")
    assert page.title().startswith("Acting as ABC Company")

    console = page.context.new_page()
    console.goto(f"{address}/admin/customers?q=globex")
    second = page.context.new_page()
    second.goto(console.url)
    second.get_by_role("button", name=re.compile(r"^Log in ?, Globex")).click()
    expect(second.locator("#visit-banner")).to_contain_text("Globex Corporation")
    second.get_by_role("link", name="IoT").click()
    expect(second.get_by_role("link", name="globex lift alarm")).to_be_visible()
    page.get_by_role("link", name="Calls", exact=True).click()
    expect(page.locator("tbody tr")).to_have_count(30)

    page.get_by_role("button", name="End").click()
    expect(page).to_have_url(re.compile(r"/admin/customers\?.*q=abc"))
    second.reload()
    expect(second.locator("#visit-banner")).to_contain_text("Globex Corporation")
    console.reload()
    expect(console.get_by_role("link", name="Globex Corporation", exact=True)).to_be_visible()


def test_root_opens_initech_and_saves_an_extension_in_its_name(page: Page, address: str, log_in: LogIn) -> None:
    log_in(page, ROOT)
    page.goto(f"{address}/admin/customers/initech")
    page.get_by_role("button", name="More ways to log in: Initech").click()
    page.get_by_role("button", name="Cloud PBX Default role (full access)").click()
    page.get_by_role("link", name="Configuration").click()
    page.get_by_role("link", name="100", exact=True).click()
    page.get_by_label("Name").fill("Front desk")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status")).to_contain_text("Saved.")
    expect(page.get_by_label("Name")).to_have_value("Front desk")


def test_audrey_sees_every_choice_disabled_with_the_reason(page: Page, address: str, log_in: LogIn) -> None:
    log_in(page, AUDREY)
    page.goto(f"{address}/admin/customers/abc")
    page.get_by_role("button", name="More ways to log in: ABC Company").click()
    menu = page.locator("#log-in-menu")
    expect(menu).to_contain_text("Your role does not let you act with the assigned role.")
    for button in menu.get_by_role("button").all():
        expect(button).to_have_attribute("aria-disabled", "true")


def test_a_view_only_visit_shows_every_control_disabled_and_says_why(page: Page, address: str, log_in: LogIn) -> None:
    log_in(page, HELEN)
    page.goto(f"{address}/admin/customers/abc/log-in")
    page.get_by_role("button", name=VIEW_PBX).click()
    page.get_by_role("link", name="See the extensions").click()
    page.get_by_role("link", name="100", exact=True).click()
    expect(page.get_by_label("Name")).to_be_disabled()
    expect(page.get_by_role("button", name="Save")).to_have_attribute("aria-disabled", "true")
    expect(page.locator("#why-not")).to_contain_text("You can look but not change anything here.")
    token = page.locator('#main form input[name="csrf_token"]').first.input_value()
    by_hand = page.request.post(
        page.url, form={"csrf_token": token, "number": "100", "name": "By hand", "version": "1"}
    )
    assert by_hand.status == 403


def test_without_script_the_click_the_visit_and_the_end_work_as_well(
    browser: Browser, address: str, log_in: LogIn
) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    log_in(page, HELEN)
    page.get_by_role("link", name="More ways to log in: ABC Company").click()
    page.get_by_role("button", name="Cloud PBX As owner").click()
    expect(page.locator("#visit-banner")).to_contain_text("ABC Company")
    page.get_by_role("button", name="End").click()
    expect(page.get_by_role("heading", name="ABC Company")).to_be_visible()
    context.close()


def test_the_panel_shows_patterns_as_they_are_typed_and_takes_the_offered_password(
    page: Page, address: str, log_in: LogIn
) -> None:
    log_in(page, ROOT)
    page.goto(f"{address}/admin/customers/abc/self-care")
    page.get_by_label("Dates are shown as").fill("D MONTH")
    expect(page.locator("[data-samples]")).to_contain_text(re.compile(r"\d [A-Z][a-z]+"))
    page.get_by_label("Times are shown as").fill("HH12:MI")
    expect(page.locator("[data-samples]")).to_contain_text("HH12 needs AM, PM or AM/PM beside it.")
    page.get_by_label("Times are shown as").fill("")
    page.get_by_role("button", name="Use it").click()
    expect(page.get_by_label("New password", exact=True)).to_have_value(page.locator("#offered").inner_text())
    expect(page.get_by_label("New password", exact=True)).to_have_attribute("type", "text")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status")).to_contain_text("Saved.")
    expect(page.get_by_label("New password", exact=True)).to_have_value("")
    expect(page.get_by_text("The present password must be changed at the next log-in.")).to_be_visible()


# Pages beyond the matrix of routes: a state, a filter, a question that is answered before a change.
PAGES: dict[Member, tuple[str, ...]] = {
    ABC: (
        *("/", "/portals/pbx/overview", "/portals/pbx/configuration/extensions", "/portals/pbx/calls"),
        *("/portals/pbx/configuration/extensions/abc-100", "/portals/pbx/configuration/extensions/new"),
        *(
            "/portals/pbx/configuration/ring-groups",
            "/portals/pbx/configuration/ring-groups?q=zzz",
            "/portals/pbx/configuration/ring-groups/new",
            "/portals/pbx/configuration/ring-groups/abc-ring",
            "/portals/pbx/configuration/ring-groups/abc-ring/delete",
            "/portals/pbx/configuration/forwarding",
            "/portals/pbx/configuration/forwarding/abc-100",
            "/portals/pbx/calls?number=555",
            "/portals/pbx/finance/balance",
            "/portals/pbx/finance/invoices/abc-due",
            "/portals/pbx/finance/invoices/abc-due/pay",
            "/portals/pbx/calls?since=nonsense",
            "/portals/pbx/finance/invoices",
            "/portals/pbx/finance/invoices/abc-inv",
        ),
        *("/portals/pbx/finance/payments", "/portals/pbx/finance/payments/abc-pay", "/portals/iot/devices"),
        *(
            "/portals/iot/devices/abc-dev",
            "/portals/iot/devices/change?to=suspended&device=abc-dev",
            "/portals/iot/usage",
            "/portals/iot/usage?since=nonsense",
            "/portals/iot/alerts",
            "/portals/iot/alerts/abc-alert",
            "/portals/iot/alerts/abc-alert/delete",
            "/portals/self-care/profile",
            "/portals/self-care/activity",
            "/portals/self-care/activity?since=nonsense",
            "/portals/self-care/activity/support-access",
            "/portals/self-care/security",
            "/portals/self-care/security/networks",
            "/portals/self-care/security/second-factor",
            "/portals/self-care/security/second-factor/app",
            "/portals/self-care/preferences",
            "/portals/self-care/tokens",
            "/api/docs",
            *("/reauthenticate", "/login/forgotten", "/login/reset/none", "/portals/self-care/profile/email/none"),
            "/nothing",
        ),
        *("/portals/self-care/individuals", "/portals/self-care/individuals?q=zzz"),
        *("/portals/self-care/individuals/new", "/portals/self-care/individuals/john"),
        "/portals/self-care/individuals/change?to=role&individual=john&individual=mark",
    ),
    ROOT: (
        *(
            "/admin/roles",
            "/admin/roles/itlead",
            "/admin/roles/default-admin",
            "/admin/roles/new",
            "/admin/roles/import",
            "/admin/roles/compare?left=itlead&right=itsupport",
            "/admin/roles/itlead/preview",
            "/admin/roles/itlead/delete",
            "/admin/administrators",
            "/admin/administrators/new",
            "/admin/administrators/helen",
            "/admin/administrators/helen/tokens",
            "/admin/tokens",
            "/admin/customers/abc/tokens",
            "/admin/customers/abc/individuals/john/tokens",
            "/admin/security/networks",
            "/admin/security",
            "/admin/security/second-factor",
            "/admin/security/second-factor/app",
            "/admin/customers/abc/allowed-roles",
            "/admin/customers/abc/allowed-roles/itlead/remove",
        ),
        *("/admin/portals", "/admin/portals/new", "/admin/portals/pbx"),
        *("/admin/classes", "/admin/classes/new", "/admin/classes/standard"),
        *("/admin/security", "/admin/customers/abc/sessions", "/admin/administrators/helen/sessions", "/admin/mail"),
        "/admin/alarms",
        *("/admin/customers/new", "/admin/customers/abc/status", "/admin/customers/abc/self-care"),
        *("/admin/customers/abc/individuals/john/self-care", "/admin/customers/initech/allowed-roles"),
        *("/admin/customers/abc/individuals", "/admin/customers/abc/individuals?q=zzz"),
        *("/admin/customers/initech/individuals", "/admin/customers/abc/individuals/new"),
        *("/admin/customers/abc/individuals/john", "/admin/mail", "/admin/customers/abc/explain"),
        "/admin/customers/abc/individuals/john/explain?portal=pbx&node=finance.invoices&address=10.0.0.7",
        "/admin/customers/abc/individuals/change?to=delete&individual=john",
        *("/admin/audit?customer=abc&portal=pbx", "/admin/audit?event=visit.start"),
        *("/admin/audit", "/admin/audit?since=nonsense", "/admin/audit?actor=nobody", "/admin/gateway"),
    ),
    HELEN: ("/admin/customers", "/admin/customers?q=zzz", "/admin/customers/abc", "/admin/customers/abc/log-in"),
}
