"""Sessions: seen and ended by their owner and by staff, bounded in number, and proved again before what is sensitive."""

import base64
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from flask import Flask
from sqlalchemy import select, update

from gateway import clock, create_app
from gateway.audit.models import AuditEvent
from gateway.identity import sessions
from gateway.identity.arrivals import MANY, tell_of_many
from gateway.identity.link_models import EmailChange
from gateway.identity.models import Identity, LogoutNotice, Session
from gateway.portal.registry import discover
from tests.cast import ABC, AUDREY, GLOBEX, HELEN, JOHN, MARK, PASSWORD, ROOT, Member
from tests.conftest import settings_for
from tests.elsewhere import register
from tests.house import Browser, change, house_of, rows, value, visit_of, working
from tests.post import letters, link_in, outbox, text_of
from tests.programs import Program
from tests.test_cli import said

NewBrowser = Callable[[], Browser]
SECURITY, ACCOUNT, PROFILE = "/portals/self-care/security", "/admin/security", "/portals/self-care/profile"
FIREFOX = "Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
PHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/18.0 Mobile/15E148 Safari/604.1"
)
NEW = "seldom read almanacs 41"


def logged_in(app: Flask, member: Member, **environ: str) -> Browser:
    """Return a browser with a session of somebody."""
    browser = Browser(app, **environ)
    assert browser.log_in(member).status_code == 303
    return browser


def ids(app: Flask, identity: str) -> list[str]:
    """Return the ids of somebody's live sessions, the oldest first."""
    live = select(Session.id).where(Session.subject_id == identity, Session.ended_at.is_(None))
    return [row.id for row in rows(app, live.order_by(Session.started_at))]


def cookie_of(browser: Browser, name: str = "session") -> str:
    """Return the session cookie of a browser."""
    cookie = browser.client.get_cookie(name)
    assert cookie is not None
    return str(cookie.value)


@pytest.mark.parametrize(("member", "page"), [(ABC, SECURITY), (HELEN, ACCOUNT)])
def test_ones_sessions_are_listed_in_words_and_ended_one_by_one__SES_06(app: Flask, member: Member, page: str) -> None:
    here = logged_in(app, member, HTTP_USER_AGENT=FIREFOX)
    there = logged_in(app, member, HTTP_USER_AGENT=PHONE, REMOTE_ADDR="203.0.113.9")
    third = logged_in(app, member)
    text = here.get(page).text
    for words in ("Firefox on Ubuntu", "Mobile Safari on iOS", "203.0.113.9", "Unknown browser", "This session"):
        assert words in text
    assert text.count("Last used") == 3
    assert here.post(f"{page}/sessions/{ids(app, member.login)[1]}", page=page).status_code == 303
    assert there.get(page).status_code == 303
    assert third.get(page).status_code == 200
    assert here.get(page).text.count("Last used") == 2


@pytest.mark.parametrize(("member", "page"), [(ABC, SECURITY), (HELEN, ACCOUNT)])
def test_the_others_end_or_all_of_them__SES_06__SES_03(app: Flask, member: Member, page: str) -> None:
    here, there = logged_in(app, member), logged_in(app, member)
    assert here.post(f"{page}/sessions", {"which": "others"}, page=page).location == f"{page}?done=sessions-ended"
    assert there.get(page).status_code == 303
    assert here.get(page).status_code == 200
    again = logged_in(app, member)
    done = here.post(f"{page}/sessions", {"which": "all"}, page=page)
    assert done.location == f"{member.log_in_at}?done=logged-out"
    assert here.get(page).status_code == again.get(page).status_code == 303


def test_a_session_of_somebody_else_is_not_found__IDOR_01(app: Flask) -> None:
    abc, globex = logged_in(app, ABC), logged_in(app, GLOBEX)
    (theirs,) = ids(app, "globex")
    assert abc.post(f"{SECURITY}/sessions/{theirs}", page=SECURITY).status_code == 404
    root = logged_in(app, ROOT)
    for path in ("/admin/customers/abc/sessions", "/admin/customers/abc/individuals/john/sessions"):
        assert root.post(f"{path}/{theirs}", page=path).status_code == 404
    assert root.get("/admin/customers/abc/individuals/eve/sessions").status_code == 404
    assert root.get("/admin/administrators/abc/sessions").status_code == 404
    assert globex.get("/").status_code == 200


def test_a_session_that_idled_out_is_not_listed_and_visits_of_staff_neither__IMP_09(app: Flask) -> None:
    here, root = logged_in(app, ABC), logged_in(app, ROOT)
    logged_in(app, ABC)
    root.open("abc", "pbx")
    with working(app) as work:
        idle = clock.now() - timedelta(minutes=31)
        work.execute(update(Session).where(Session.id == ids(app, "abc")[1]).values(last_seen_at=idle))
    assert here.get(SECURITY).text.count("Last used") == 1
    assert root.get("/admin/customers/abc/sessions").text.count("Last used") == 1


def test_staff_see_and_end_the_sessions_of_a_customer_and_its_people__SES_06(app: Flask) -> None:
    abc, john, mark, globex = (logged_in(app, member) for member in (ABC, JOHN, MARK, GLOBEX))
    helen, audrey = logged_in(app, HELEN), logged_in(app, AUDREY)
    path = "/admin/customers/abc/sessions"
    page = helen.get(path).text
    for name in ("ABC Company", "John Carter", "Mark Novak"):
        assert name in page
    assert "Globex" not in page
    assert audrey.get(path).status_code == 200
    assert audrey.post(path, page=path).status_code == 403
    assert audrey.post(f"{path}/{ids(app, 'john')[0]}", page=path).status_code == 403
    assert helen.post(f"{path}/{ids(app, 'john')[0]}", page=path).status_code == 303
    assert john.get("/").status_code == 303
    individual = "/admin/customers/abc/individuals/mark/sessions"
    assert helen.post(f"{individual}/{ids(app, 'mark')[0]}", page=individual).status_code == 303
    assert mark.get("/").status_code == 303
    again = logged_in(app, MARK)
    assert helen.post(individual, page=individual).status_code == 303
    assert again.get("/").status_code == 303
    assert abc.get("/").status_code == 200
    assert helen.post(path, page=path).location == f"{path}?done=sessions-ended"
    assert abc.get("/").status_code == 303
    assert globex.get("/").status_code == 200
    assert "Nobody is logged in" in helen.get(path).text


def test_staff_see_which_session_is_logged_in_to_portals_elsewhere_too__SES_08(app: Flask) -> None:
    tickets, desk = register(app), register(app, "desk")
    john, plain, root = logged_in(app, JOHN), logged_in(app, JOHN), logged_in(app, ROOT)
    for portal in (tickets, desk):
        portal.enter(john)
    first, second = ids(app, "john")
    program, path = Program(app, "root"), "/admin/customers/abc/individuals/john/sessions"
    for page in (path, "/admin/customers/abc/sessions"):
        assert re.findall(r'<bdi class="pill">(\w+)</bdi>', root.get(page).text) == ["Desk", "Tickets"]
    held = {item["id"]: item["elsewhere"] for item in program.get("/individuals/john/sessions").json["items"]}
    assert held == {first: ["desk", "tickets"], second: []}
    assert root.post(f"{path}/{first}", page=path).status_code == 303
    assert "At portals elsewhere" not in root.get(path).text
    assert rows(app, select(LogoutNotice.portal).order_by(LogoutNotice.portal)) == [("desk",), ("tickets",)]
    assert plain.get("/").status_code == 200


def test_an_administrators_sessions_end_with_their_visits_and_only_within_ones_own_rights__SES_06__ROL_06(
    app: Flask,
) -> None:
    root, helen, second = logged_in(app, ROOT), logged_in(app, HELEN), logged_in(app, ROOT)
    visit = visit_of(helen.open("abc", "pbx"))
    path = "/admin/administrators/helen/sessions"
    assert root.post(f"{path}/{ids(app, 'helen')[0]}", page=path).status_code == 303
    assert helen.get(f"{visit}/portals/pbx/overview").status_code == 303
    assert logged_in(app, HELEN).get(path).status_code == 404
    with working(app) as work:
        work.execute(update(Identity).where(Identity.id == "audrey").values(role_id="default-admin"))
    audrey = logged_in(app, AUDREY)
    assert audrey.post("/admin/administrators/root/sessions", page=path).status_code == 303
    assert root.get(path).status_code == second.get(path).status_code == 303


def test_everybody_is_logged_out_in_every_process__SES_06(app: Flask, database_url: str) -> None:
    other = create_app(settings_for(database_url), discover())
    root, abc, helen = logged_in(app, ROOT), logged_in(other, ABC), logged_in(app, HELEN)
    visit = visit_of(helen.open("globex", "pbx"))
    assert root.post("/admin/gateway/sessions", page="/admin/gateway").status_code == 422
    assert root.post("/admin/gateway/sessions", {"confirm": "y"}, page="/admin/gateway").status_code == 303
    assert abc.get("/").status_code == 303
    assert helen.get("/admin/customers").status_code == 303
    assert helen.get(f"{visit}/portals/pbx/overview").status_code == 303
    assert root.get("/admin/gateway").status_code == 200
    abc.log_in(ABC)
    assert "sessions ended." in said(app, "sessions", "end", "--everybody")
    assert abc.get("/").status_code == root.get("/admin/gateway").status_code == 303
    other.extensions["portico"].database.dispose()


def test_the_twenty_first_log_in_ends_the_session_that_was_used_longest_ago__SES_07(app: Flask) -> None:
    browsers = [logged_in(app, ABC) for _ in range(sessions.MOST)]
    with working(app) as work:
        first, second = ids(app, "abc")[:2]
        for id, minutes in ((first, 5), (second, 10)):
            seen = clock.now() - timedelta(minutes=minutes)
            work.execute(update(Session).where(Session.id == id).values(last_seen_at=seen))
    one_more = logged_in(app, ABC)
    assert one_more.get("/").status_code == browsers[0].get("/").status_code == 200
    assert browsers[1].get("/").status_code == 303
    assert len(ids(app, "abc")) == sessions.MOST


def test_a_polling_page_does_not_keep_a_session_beyond_its_end__SES_04(app: Flask) -> None:
    abc = logged_in(app, ABC)
    start = clock.now()
    with time_machine.travel(start, tick=False) as travel:
        for minutes in range(0, 701, 20):
            travel.move_to(start + timedelta(minutes=minutes))
            assert abc.get(f"{SECURITY}").status_code == 200
        travel.move_to(start + timedelta(minutes=721))
        assert abc.get(SECURITY).status_code == 303


def test_a_cookie_says_nothing_and_one_made_up_is_never_adopted__SES_01__SES_02(app: Flask) -> None:
    abc, thief = logged_in(app, ABC), Browser(app)
    raw = base64.urlsafe_b64decode(cookie_of(abc) + "=")
    assert len(raw) == 32
    assert b"abc" not in raw
    thief.client.set_cookie("session", "A" * 43)
    assert thief.get("/").status_code == 303
    assert thief.log_in(ABC).status_code == 303
    assert cookie_of(thief) != "A" * 43


def test_one_browser_holds_an_administrator_and_a_customer_and_a_form_of_before_is_refused__SES_10(app: Flask) -> None:
    browser = logged_in(app, ROOT)
    browser.log_in(ABC)
    assert browser.get("/admin/customers").status_code == browser.get("/").status_code == 200
    old = browser.token(PROFILE)
    browser.post("/login", {"login": "globex", "password": PASSWORD}, page=SECURITY)
    assert "Globex" in browser.get("/").text
    for email in ("abc", "globex"):
        answer = browser.client.post(PROFILE, data={"csrf_token": old, "email": f"{email}@evil.example"})
        assert answer.status_code == 400
    assert rows(app, select(EmailChange.key)) == []
    browser.post("/logout", page=SECURITY)
    assert browser.get("/").status_code == 303
    assert browser.get("/admin/customers").status_code == 200


SENSITIVE: dict[str, tuple[Member, str, str, dict[str, str]]] = {
    "end a session": (ABC, f"{SECURITY}/sessions/none", SECURITY, {}),
    "end the others": (ABC, f"{SECURITY}/sessions", SECURITY, {"which": "others"}),
    "own e-mail": (ABC, PROFILE, PROFILE, {"email": "new@example.com"}),
    "end a session of staff": (HELEN, f"{ACCOUNT}/sessions/none", ACCOUNT, {}),
    "end the others of staff": (HELEN, f"{ACCOUNT}/sessions", ACCOUNT, {"which": "others"}),
    "new administrator": (ROOT, "/admin/administrators/new", "/admin/administrators/new", {}),
    "administrator": (ROOT, "/admin/administrators/helen", "/admin/administrators/helen", {}),
    "suspend": (ROOT, "/admin/administrators/helen/suspended", "/admin/administrators/helen", {}),
    "reset": (ROOT, "/admin/administrators/helen/reset", "/admin/administrators/helen", {}),
    "their sessions": (ROOT, "/admin/administrators/helen/sessions", "/admin/administrators/helen/sessions", {}),
    "gateway": (ROOT, "/admin/gateway", "/admin/gateway", {}),
    "everybody": (ROOT, "/admin/gateway/sessions", "/admin/gateway", {"confirm": "y"}),
}


def reauthentication(member: Member) -> str:
    """Return where somebody proves who they are."""
    return "/admin/reauthenticate" if member in (ROOT, HELEN) else "/reauthenticate"


def aged(app: Flask, member: Member, minutes: int) -> None:
    """Let somebody's log-in lie so long ago."""
    with working(app) as work:
        long_ago = clock.now() - timedelta(minutes=minutes)
        work.execute(update(Session).where(Session.subject_id == member.login).values(proved_at=long_ago))


@pytest.mark.parametrize("change_of", SENSITIVE)
def test_what_is_sensitive_needs_a_proof_of_the_last_ten_minutes__SES_11(app: Flask, change_of: str) -> None:
    member, path, page, form = SENSITIVE[change_of]
    browser = logged_in(app, member)
    before = rows(app, select(Identity.__table__).order_by(Identity.id))
    aged(app, member, 11)
    by_hand = browser.post(path, form, page=page)
    assert by_hand.status_code == 403
    assert by_hand.headers["X-Error-Code"] == "reauth_required"
    proof = reauthentication(member)
    by_form = browser.post(path, form, page=page, headers={"Sec-Fetch-Mode": "navigate"})
    assert (by_form.status_code, by_form.location) == (303, f"{proof}?next={page}")
    assert rows(app, select(Identity.__table__).order_by(Identity.id)) == before
    assert len(ids(app, member.login)) == 1
    assert f'href="{proof}?next={page}' in browser.get(page).text or "sessions" in path or "reset" in path
    done = browser.post(proof, {"password": PASSWORD, "next": page})
    assert (done.status_code, done.location) == (303, f"{page}?done=proved")
    assert browser.post(path, form, page=page).status_code != 403
    assert browser.get(page).status_code in (200, 303)


def test_a_fresh_log_in_is_proof_enough_for_ten_minutes__SES_11(app: Flask) -> None:
    abc = logged_in(app, ABC)
    for minutes, status in ((9, 404), (11, 403)):
        aged(app, ABC, minutes)
        assert abc.post(f"{SECURITY}/sessions/none", page=SECURITY).status_code == status


def test_a_proof_gives_a_new_id_the_old_one_dies_and_limits_and_visits_go_on__SES_02__SES_04(app: Flask) -> None:
    helen, copy = logged_in(app, HELEN), Browser(app)
    visit = visit_of(helen.open("abc", "pbx"))
    started = clock.now() - timedelta(minutes=590)
    with working(app) as work:
        work.execute(update(Session).where(Session.subject_id == "helen").values(started_at=started))
    before = cookie_of(helen, "admin")
    copy.client.set_cookie("admin", before)
    assert copy.get(ACCOUNT).status_code == 200
    assert helen.post("/admin/reauthenticate", {"password": PASSWORD}).status_code == 303
    assert cookie_of(helen, "admin") != before
    assert copy.get(ACCOUNT).status_code == 303
    assert helen.get(ACCOUNT).status_code == helen.get(f"{visit}/portals/pbx/overview").status_code == 200
    assert len(ids(app, "helen")) == 1
    with time_machine.travel(clock.now() + timedelta(minutes=11), tick=False):
        assert helen.get(ACCOUNT).status_code == 303


def test_a_wrong_password_is_no_proof_and_is_on_the_record__SES_11(app: Flask) -> None:
    abc = logged_in(app, ABC)
    before = cookie_of(abc)
    answer = abc.post("/reauthenticate", {"password": "wrong-password-typed", "next": SECURITY})
    assert answer.status_code == 422
    assert "This is not your present password." in answer.text
    assert "wrong-password-typed" not in answer.text
    assert cookie_of(abc) == before
    found = rows(app, select(AuditEvent.details, AuditEvent.reason).where(AuditEvent.event == "login.refused"))
    assert [(row.details["door"], row.reason) for row in found] == [("proof", "wrong-password")]


@pytest.mark.parametrize("target", ["//evil.example", "/\\evil.example", "https://evil.example", "/nothing"])
def test_after_a_proof_one_is_led_nowhere_but_to_a_page_of_ours__RED_01(app: Flask, target: str) -> None:
    abc = logged_in(app, ABC)
    assert abc.post("/reauthenticate", {"password": PASSWORD, "next": target}).location == "/"


def test_in_a_visit_there_is_no_page_to_prove_oneself_on__IMP_05(app: Flask) -> None:
    root = logged_in(app, ROOT)
    visit = visit_of(root.open("initech", "self-care"))
    assert root.get(f"{visit}/reauthenticate").status_code == 404
    answer = root.post(f"{visit}{PROFILE}", {"email": "new@example.com"}, page=f"{visit}{SECURITY}")
    assert answer.headers["X-Error-Code"] == "impersonation_forbidden"


def asked(app: Flask, browser: Browser, address: str = "new@example.com") -> str:
    """Ask for another address and return the path of the link."""
    assert browser.post(PROFILE, {"email": address}).status_code == 303
    return link_in(text_of(app, outbox(app)[-1]))


def test_an_e_mail_address_changes_once_its_link_was_opened_and_the_old_one_is_told__LOG_09(app: Flask) -> None:
    john = logged_in(app, JOHN)
    link = asked(app, john)
    assert outbox(app)[-1].address == "new@example.com"
    assert value(app, Identity.email, "john") == "john@example.com"
    assert "new@example.com" in john.get(link).text
    assert value(app, Identity.email, "john") == "john@example.com"
    assert john.post(link).location == f"{PROFILE}?done=email-changed"
    assert value(app, Identity.email, "john") == "new@example.com"
    assert john.post(link, page=PROFILE).status_code == 410
    told = outbox(app)[-1]
    assert (told.letter, told.address) == ("email-changed", "john@example.com")


@pytest.mark.parametrize("how", ["newer", "old", "somebody else", "stranger"])
def test_a_link_to_an_address_dies_and_is_its_askers_only(app: Flask, how: str) -> None:
    john, other = logged_in(app, JOHN), Browser(app)
    link = asked(app, john)
    moment = clock.now()
    if how == "newer":
        asked(app, john, "newer@example.com")
    elif how == "somebody else":
        other.log_in(MARK)
        john = other
    elif how == "stranger":
        assert other.get(link).location == f"/login?next={link}"
        return
    with time_machine.travel(moment + timedelta(hours=25 if how == "old" else 0), tick=True):
        if how == "old":
            john.log_in(JOHN)
        assert john.get(link).status_code == 410
        assert john.post(link, page=PROFILE).status_code == 410
    assert value(app, Identity.email, "john") == "john@example.com"


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("", "Enter an e-mail address."),
        ("nonsense", "This is no e-mail address."),
        ("john@example.com\r\nBcc: eve@example.com", "This is no e-mail address."),
        ("john@example.com", "This is your address already."),
    ],
)
def test_an_address_that_cannot_be_is_refused_beside_its_field(app: Flask, address: str, message: str) -> None:
    john = logged_in(app, JOHN)
    answer = john.post(PROFILE, {"email": address})
    assert answer.status_code == 422
    assert message in answer.text
    assert outbox(app) == []


def test_no_more_than_five_letters_to_new_addresses_are_sent_in_a_day(app: Flask) -> None:
    john = logged_in(app, JOHN)
    answers = [john.post(PROFILE, {"email": f"new{number}@example.com"}).status_code for number in range(6)]
    assert answers == [303] * 5 + [422]


def test_failures_are_told_at_the_next_log_in_once__LOG_09(app: Flask) -> None:
    logged_in(app, JOHN)
    for _ in range(3):
        Browser(app).post("/login", {"login": "john", "password": "wrong"})
    john = Browser(app)
    john.log_in(JOHN)
    page = john.get("/").text
    assert "Since your last log-in, 3 attempts with your login failed, the last on" in page
    assert "attempts with your login failed" not in john.get("/").text
    again = logged_in(app, JOHN)
    assert "attempts with your login failed" not in again.get("/").text


def test_failures_of_an_administrator_are_told_in_the_console__LOG_09(app: Flask) -> None:
    logged_in(app, ROOT)
    Browser(app).post("/admin/login", {"login": "root", "password": "wrong"})
    root = logged_in(app, ROOT)
    assert "1 attempt with your login failed" in root.get("/admin/customers").text


def from_somewhere(app: Flask, address: str, agent: str) -> None:
    """Log john in from an address with a browser."""
    logged_in(app, JOHN, REMOTE_ADDR=address, HTTP_USER_AGENT=agent)


def test_a_log_in_from_a_new_browser_or_place_is_mailed__LOG_09(app: Flask) -> None:
    from_somewhere(app, "203.0.113.9", FIREFOX)
    assert letters(app, "john") == []
    from_somewhere(app, "203.0.113.77", FIREFOX.replace("140", "141"))
    assert letters(app, "john") == []
    from_somewhere(app, "203.0.113.9", PHONE)
    assert letters(app, "john") == ["new-device"]
    from_somewhere(app, "198.51.100.1", FIREFOX)
    assert letters(app, "john") == ["new-device"] * 2
    from_somewhere(app, "198.51.100.1", FIREFOX)
    assert letters(app, "john") == ["new-device"] * 2
    text = text_of(app, outbox(app)[0])
    for words in ("Mobile Safari on iOS", "203.0.113.9", "/login/forgotten"):
        assert words in text


def changed_by(app: Flask, who: Browser, path: str, form: dict[str, Any]) -> None:
    """Save a form of the console."""
    page = who.get(path).text
    version = page.split('name="version" type="hidden" value="')[1].split('"')[0]
    assert who.post(path, {"version": version, **form}).status_code == 303


def test_a_change_of_password_login_or_address_is_mailed_whoever_made_it__LOG_09(app: Flask) -> None:
    john, root = logged_in(app, JOHN), logged_in(app, ROOT)
    form = {"current": PASSWORD, "password": NEW, "confirm": NEW}
    assert john.post(SECURITY, form).status_code == 303
    assert letters(app, "john") == ["password-changed"]
    panel = "/admin/customers/abc/individuals/john/self-care"
    changed_by(app, root, panel, {"login": "johnny", "role": "itlead", "second_factor": "inherit"})
    changed_by(app, root, panel, {"password": "almanacs read by nobody 7", "role": "itlead"})
    assert letters(app, "john") == ["password-changed", "login-changed", "password-changed"]
    assert "by whoever looks after your access" in text_of(app, outbox(app)[-1])
    assert "your login at Portico is johnny" in text_of(app, outbox(app)[1])
    record = {"name": "ABC Company", "email": "other@example.com", "customer_class": "standard"}
    changed_by(app, root, "/admin/customers/abc", record)
    told = outbox(app)[-1]
    assert (told.identity_id, told.letter, told.address) == ("abc", "email-changed", "abc@example.com")


def test_many_failures_within_an_hour_are_mailed_once_a_day__LOG_09(app: Flask) -> None:
    browser = Browser(app)
    for tried in (MANY - 1, 1, 5):
        for _ in range(tried):
            browser.post("/login", {"login": "john", "password": "wrong"})
        with working(app) as work:
            tell_of_many(work, clock.now())
    assert letters(app, "john") == ["failed-attempts"]
    assert "10 log-ins with the login john" in text_of(app, outbox(app)[0])
    with time_machine.travel(clock.now() + timedelta(hours=25), tick=False):
        for _ in range(MANY):
            browser.post("/login", {"login": "john", "password": "wrong"})
        with working(app) as work:
            tell_of_many(work, clock.now())
    assert letters(app, "john") == ["failed-attempts"] * 2


def test_nobody_without_an_address_is_written_to(app: Flask) -> None:
    change(app, "john", email=None)
    from_somewhere(app, "203.0.113.9", FIREFOX)
    from_somewhere(app, "198.51.100.1", PHONE)
    assert outbox(app) == []


def test_no_text_of_the_database_opens_a_session__KEY_05(app: Flask) -> None:
    abc, root = logged_in(app, ABC), logged_in(app, ROOT)
    root.open("globex", "pbx")
    asked(app, abc)
    texts = set()
    with house_of(app).database.reading() as reader:
        for table in Session.metadata.sorted_tables:
            for row in reader.execute(select(table)):
                texts |= {text.hex() if isinstance(text, bytes) else str(text) for text in row}
    thief = Browser(app)
    tried = [text for text in texts if len(text) > 16 and text.isascii() and text.isprintable()]
    assert len(tried) > 20
    for text in tried:
        for name in ("session", "admin"):
            thief.client.set_cookie(name, text[:200])
        assert thief.get("/").status_code == 303
        assert thief.get("/admin/").status_code == 303
