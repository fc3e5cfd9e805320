"""The second factor in a real browser: the picture is scanned, a passkey is made and used, a reset starts it anew."""

import io
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pyotp
import pytest
import zxingcpp
from PIL import Image
from playwright.sync_api import Page, expect

from tests.browser.conftest import AXE, NEEDS_CHROMIUM
from tests.cast import HELEN, PASSWORD, Member
from tests.second_factor import OWN, code

LogIn = Callable[[Page, Member], None]
pytestmark = [NEEDS_CHROMIUM, pytest.mark.browser, pytest.mark.usefixtures("quiet_console", "in_mid_step")]


@pytest.fixture
def gold(address: str, tmp_path: Path) -> Callable[[str], None]:
    """Makes abc Gold, and changes more of it in the database."""

    def change(more: str) -> None:
        with sqlite3.connect(tmp_path / "house.db") as behind:
            behind.execute(f"UPDATE identity SET class_id = 'gold'{more} WHERE id = 'abc'")
        behind.close()

    change("")
    return change


def give_password(page: Page, address: str, password: str = PASSWORD, at: str = "/login") -> None:
    """Fill in the log-in page."""
    page.goto(f"{address}{at}")
    page.get_by_label("Login").fill("abc")
    page.get_by_label("Password", exact=True).fill(password)
    page.get_by_role("button", name="Log in", exact=True).click()


def scanned(page: Page) -> pyotp.TOTP:
    """Read the QR code off the screen, as a phone does."""
    picture = Image.open(io.BytesIO(page.locator("#qr").screenshot()))
    (found,) = zxingcpp.read_barcodes(picture)
    app = pyotp.parse_uri(found.text)
    assert isinstance(app, pyotp.TOTP)
    assert (app.issuer, app.name, app.digits, app.interval) == ("Portico", "abc", 6, 30)
    return app


def give_code(page: Page, text: str, button: str = "Go on") -> None:
    """Fill in the page of the second factor."""
    page.get_by_label("Code").fill(text)
    page.get_by_role("button", name=button).click()


def enrol(page: Page) -> tuple[str, list[str]]:
    """Set the app up that the page asks for; returns its key and the recovery codes."""
    key = scanned(page).secret
    assert page.locator("#key").inner_text().replace(" ", "") == key
    give_code(page, code(key, -1), "Confirm and go on")
    codes = page.locator("#codes").inner_text().split()
    assert len(codes) == 10
    page.get_by_role("link", name="I have kept them: go on").click()
    expect(page.get_by_role("heading", name="Cloud PBX")).to_be_visible()
    return key, codes


def log_out(page: Page) -> None:
    """Log out by the menu."""
    page.get_by_role("button", name="Your menu").click()
    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_role("heading", name="Log in")).to_be_visible()


def test_a_gold_customer_scans_the_picture_and_logs_in_by_code_and_by_recovery_code(
    page: Page, address: str, gold: Callable[[str], None]
) -> None:
    give_password(page, address)
    expect(page.get_by_role("heading", name="Two-factor authentication")).to_be_visible()
    page.goto(f"{address}/portals/pbx/overview")
    expect(page.get_by_role("heading", name="Log in")).to_be_visible()
    page.goto(f"{address}/login/enrol")
    give_code(page, "000000", "Confirm and go on")
    expect(page.get_by_text("This code is wrong.")).to_be_visible()
    key, codes = enrol(page)
    log_out(page)
    give_password(page, address)
    expect(page.get_by_label("Code")).to_be_visible()
    page.go_back()
    give_password(page, address)
    give_code(page, "000000")
    expect(page.get_by_role("alert")).to_contain_text("This code is wrong.")
    give_code(page, code(key))
    expect(page.get_by_role("heading", name="Cloud PBX")).to_be_visible()
    log_out(page)
    give_password(page, address)
    page.get_by_role("link", name="Use a recovery code").click()
    give_code(page, codes[0])
    expect(page.get_by_role("heading", name="Cloud PBX")).to_be_visible()
    page.goto(f"{address}{OWN}")
    expect(page.get_by_text("9 left")).to_be_visible()


def test_helen_resets_it_and_it_is_set_up_again(
    page: Page, address: str, log_in: LogIn, gold: Callable[[str], None]
) -> None:
    give_password(page, address)
    first, _codes = enrol(page)
    log_in(page, HELEN)
    page.goto(f"{address}/admin/customers/abc/self-care")
    page.get_by_label("Reason").fill("Lost the phone")
    page.get_by_role("button", name="Reset 2FA key").click()
    expect(page.get_by_role("status")).to_contain_text("The second factor is reset.")
    expect(page.get_by_role("button", name="Reset 2FA key")).to_have_attribute("aria-disabled", "true")
    give_password(page, address)
    second, _codes = enrol(page)
    assert first != second


def test_an_expired_password_comes_after_the_code(page: Page, address: str, gold: Callable[[str], None]) -> None:
    give_password(page, address)
    key, _codes = enrol(page)
    log_out(page)
    gold(", password_must_change = 1")
    give_password(page, address)
    give_code(page, code(key))
    expect(page.get_by_role("heading", name="Choose a new password")).to_be_visible()
    new = "a brand new long password"
    page.get_by_label("New password", exact=True).fill(new)
    page.get_by_label("New password again").fill(new)
    page.get_by_role("button", name="Save and continue").click()
    expect(page.get_by_role("heading", name="Cloud PBX")).to_be_visible()


def test_a_remembered_browser_is_asked_for_the_password_alone(
    page: Page, address: str, gold: Callable[[str], None]
) -> None:
    give_password(page, address)
    key, _codes = enrol(page)
    log_out(page)
    give_password(page, address)
    page.get_by_label("Remember this browser for 30 days").check()
    give_code(page, code(key))
    log_out(page)
    give_password(page, address)
    expect(page.get_by_role("heading", name="Cloud PBX")).to_be_visible()
    page.goto(f"{address}{OWN}")
    expect(page.get_by_text("Chrome, Linux").or_(page.get_by_text("HeadlessChrome"))).to_be_visible()
    page.get_by_role("button", name="Forget", exact=True).click()
    log_out(page)
    give_password(page, address)
    expect(page.get_by_role("heading", name="Confirm that it is you")).to_be_visible()


@contextmanager
def authenticator(page: Page) -> Iterator[None]:
    """Plug a virtual authenticator in, which verifies its user (Chrome DevTools Protocol)."""
    tools = page.context.new_cdp_session(page)
    tools.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    tools.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    yield
    tools.send("WebAuthn.disable")


def test_a_passkey_is_made_and_lets_in_alone_and_as_the_second_step(
    page: Page, address: str, gold: Callable[[str], None]
) -> None:
    named = address.replace("127.0.0.1", "localhost")
    give_password(page, named)
    key, _codes = enrol(page)
    with authenticator(page):
        page.goto(f"{named}{OWN}")
        page.get_by_role("link", name="Add a passkey").click()
        page.get_by_label("Present password").fill(PASSWORD)
        give_code(page, code(key))
        page.get_by_label("Name").fill("My computer")
        page.get_by_role("button", name="Make a passkey").click()
        expect(page.get_by_text("My computer")).to_be_visible()
        log_out(page)
        page.get_by_role("button", name="Use a passkey instead").click()
        expect(page.get_by_role("heading", name="Cloud PBX")).to_be_visible()
        log_out(page)
        give_password(page, named)
        page.get_by_role("button", name="Use a passkey").click()
        expect(page.get_by_role("heading", name="Cloud PBX")).to_be_visible()
        page.goto(f"{named}{OWN}")
        expect(page.get_by_text("last used", exact=False).first).to_be_visible()


def test_a_class_that_asks_for_passkeys_leads_to_one(
    page: Page, address: str, tmp_path: Path, gold: Callable[[str], None]
) -> None:
    with sqlite3.connect(tmp_path / "house.db") as behind:
        behind.execute("UPDATE customer_class SET passkey_required = 1")
    behind.close()
    named = address.replace("127.0.0.1", "localhost")
    with authenticator(page):
        give_password(page, named)
        page.get_by_label("Name").fill("My phone")
        page.get_by_label("Name").press("Enter")
        expect(page.get_by_role("heading", name="Your recovery codes")).to_be_visible()
        page.get_by_role("link", name="I have kept them: go on").click()
        expect(page.get_by_role("heading", name="Cloud PBX")).to_be_visible()


def test_without_script_everything_but_passkeys_works(page: Page, address: str, gold: Callable[[str], None]) -> None:
    browser = page.context.browser
    assert browser is not None
    context = browser.new_context(java_script_enabled=False)
    plain = context.new_page()
    give_password(plain, address)
    key, _codes = enrol(plain)
    plain.goto(f"{address}{OWN}/recovery-codes")
    plain.get_by_label("Present password").fill(PASSWORD)
    give_code(plain, code(key), "Make new ones")
    assert len(plain.locator("#codes").inner_text().split()) == 10
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_axe_finds_nothing_at_the_steps_and_nothing_overflows(
    page: Page, address: str, gold: Callable[[str], None], scheme: str, width: int
) -> None:
    if not AXE.exists():
        pytest.skip("axe-core is not installed: npm ci in tests/browser")
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light", reduced_motion="reduce")
    page.set_viewport_size({"width": width, "height": 900})
    source, found = AXE.read_text(encoding="utf-8"), []

    def look(where: str) -> None:
        page.wait_for_load_state()
        page.evaluate(source)
        report = page.evaluate("() => axe.run()")
        found.extend(f"{where}: {fault['id']} at {fault['nodes'][0]['target']}" for fault in report["violations"])
        if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            found.append(f"{where}: wider than the window")

    named = address.replace("127.0.0.1", "localhost")
    give_password(page, named)
    look("enrolment")
    key = scanned(page).secret
    give_code(page, code(key, -1), "Confirm and go on")
    look("recovery codes")
    page.get_by_role("link", name="I have kept them: go on").click()
    for path in ("", "/app", "/recovery-codes", "/off", "/passkeys/new"):
        page.goto(f"{named}{OWN}{path}")
        look(path)
    page.get_by_label("Present password").fill(PASSWORD)
    give_code(page, code(key))
    look("a new passkey")
    log_out(page)
    look("the log-in page")
    give_password(page, named)
    look("the code")
    page.get_by_role("link", name="Use a recovery code").click()
    give_code(page, "nothing")
    look("a wrong recovery code")
    assert found == []
