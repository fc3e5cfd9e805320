"""Every page that anybody may open, looked at in a real browser: by axe, in both schemes, wide and narrow, unscripted."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page

from gateway.i18n.catalog import FOLDER
from tests.browser.conftest import AXE, NEEDS_CHROMIUM
from tests.browser.test_journeys import PAGES, VIEW_PBX
from tests.cast import ABC, CAST, HELEN, JOHN, ROOT, Member
from tests.test_permissions import PEOPLE_COLUMNS, STAFF_COLUMNS, TABLE
from tests.test_permissions import address as filled

LogIn = Callable[[Page, Member], None]
pytestmark = [NEEDS_CHROMIUM, pytest.mark.browser, pytest.mark.usefixtures("quiet_console")]

SPOKEN = tuple(path.parent.parent.name.replace("_", "-") for path in sorted(FOLDER.glob("*/LC_MESSAGES/messages.po")))
WIDE, NARROW = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
# Whoever is left out here sees pages that somebody else of the same role is shown.
LOOKING = [member for member in CAST if member.login not in ("globex", "eve")]
AS_FILES = (".csv", ".jsonl", "/export", "/formats")
RUN = "rules => axe.run(rules ? {runOnly: rules} : {})"
# A page as axe sees it, but for its texts and addresses: those that somebody else was shown are not looked at again.
SHAPE = """() => {
  const told = /^(class|role|type|lang|dir|tabindex|scope|autocomplete|aria-(disabled|hidden|expanded|current|pressed))$/;
  const attribute = ({ name, value }) => (told.test(name) ? `${name}=${value}` : name);
  const shape = (element) => {
    const inside = new Set([...element.children].map(shape));
    const attributes = [...element.attributes].map(attribute).sort();
    return `<${element.tagName} ${attributes}>${[...inside].join("")}${element.textContent.trim() && "text"}`;
  };
  return shape(document.documentElement);
}"""
FOUND_CLEAN: set[str] = set()


def pages_of(member: Member) -> Iterator[str]:
    """Give the address of every page that the matrix lets a member of the cast open, and of further states of some."""
    yield member.log_in_at
    for route, (staff, people) in TABLE.items():
        method, rule = route.split()
        sign = dict(zip((*STAFF_COLUMNS, *PEOPLE_COLUMNS), staff + people, strict=True))[member.login]
        if method == "GET" and sign == "." and not rule.endswith(AS_FILES):
            yield filled(rule)
    yield from PAGES.get(member, ())
    yield "/nothing"


@pytest.mark.parametrize("member", LOOKING, ids=lambda member: member.login)
def test_axe_finds_nothing_and_nothing_overflows(page: Page, address: str, log_in: LogIn, member: Member) -> None:
    if not AXE.exists():
        pytest.skip("axe-core is not installed: npm ci in tests/browser")
    source, found = AXE.read_text(encoding="utf-8"), []

    def look(where: str) -> None:
        page.wait_for_load_state()
        shape, before = page.evaluate(SHAPE), len(found)
        if shape not in FOUND_CLEAN:
            page.evaluate(source)
        for scheme, size, rules in (
            ("light", WIDE, None),
            ("dark", WIDE, ["color-contrast"]),
            ("dark", NARROW, None),
            ("light", NARROW, ["color-contrast"]),
        ):
            page.emulate_media(color_scheme="dark" if scheme == "dark" else "light", reduced_motion="reduce")
            page.set_viewport_size(size)
            faults = page.evaluate(RUN, rules)["violations"] if shape not in FOUND_CLEAN else ()
            found.extend(
                f"{where} ({scheme}, {size['width']}): {fault['id']} at {fault['nodes'][0]['target']}"
                for fault in faults
            )
            if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
                found.append(f"{where}: wider than {size['width']}")
        if len(found) == before:
            FOUND_CLEAN.add(shape)

    page.goto(f"{address}{member.log_in_at}")
    look("the log-in page")
    log_in(page, member)
    for path in pages_of(member):
        page.goto(f"{address}{path}")
        look(path)
    if member is HELEN:
        page.set_viewport_size(WIDE)
        page.goto(f"{address}/admin/customers/abc")
        page.get_by_role("button", name="More ways to log in: ABC Company").click()
        look("the menu")
        page.get_by_role("button", name=VIEW_PBX).click()
        look("a page of a visit")
    assert found == []


@pytest.mark.parametrize("member", LOOKING, ids=lambda member: member.login)
def test_every_page_stands_without_a_script(browser: Browser, address: str, log_in: LogIn, member: Member) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    log_in(page, member)
    for path in pages_of(member):
        page.goto(f"{address}{path}")
        assert page.locator("h1:visible").count() == 1, path
        assert page.locator(".js-only:visible").count() == 0, path
        for form in page.locator(
            "main form:visible:has(:is(input:not([type=hidden]), select, textarea):enabled)"
        ).all():
            assert form.locator("button:not([type=button]), input[type=submit]").count() > 0, path
    context.close()


@pytest.mark.parametrize("address", [{"languages": ("en", *SPOKEN)}], indirect=True, ids=["all languages"])
@pytest.mark.parametrize("language", SPOKEN)
def test_every_page_fits_a_phone_in_every_language(
    browser: Browser, page: Page, address: str, log_in: LogIn, language: str
) -> None:
    log_in(page, ROOT)
    page.goto(f"{address}/admin/gateway")
    page.locator("#language").select_option(language)
    page.locator("main form[method=post] .btn.pri").last.click()
    page.wait_for_url("**done=saved*")
    found = []
    for member in (ROOT, ABC, JOHN):
        context = browser.new_context(viewport=NARROW)
        narrow = context.new_page()
        log_in(narrow, member)
        assert narrow.locator("html").get_attribute("lang") == language
        for path in pages_of(member):
            narrow.goto(f"{address}{path}")
            if narrow.evaluate("document.documentElement.scrollWidth > innerWidth"):
                found.append(f"{member.login}: {path}")
        context.close()
    assert found == []
