"""Individuals, on both sides: made, changed, let in, suspended, moved, deleted, under the delegation ceiling."""

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from gateway import clock
from gateway.access.models import AllowedRole
from gateway.access.operations import create_role
from gateway.audit.models import AuditEvent
from gateway.identity.link_models import Invitation
from gateway.identity.models import Identity, Kind, Realm
from gateway.mail.models import Mail
from tests.cast import ABC, AUDREY, GLOBEX, HELEN, INITECH, JOHN, ROOT, Member
from tests.house import Browser, add_identity, change, rows, value, working

NewBrowser = Callable[[], Browser]
CONSOLE, OWN = "/admin/customers/abc/individuals", "/portals/self-care/individuals"
GOOD = {"name": "Nora Quist", "email": "nora@example.com", "login": "nora", "role": "itsupport"}
DORA = Member("dora", "/login")


@pytest.fixture
def root(new_browser: NewBrowser) -> Browser:
    """An administrator with the default role."""
    browser = new_browser()
    browser.log_in(ROOT)
    return browser


@pytest.fixture
def abc(new_browser: NewBrowser) -> Browser:
    """The customer itself."""
    browser = new_browser()
    browser.log_in(ABC)
    return browser


@pytest.fixture
def dora(new_browser: NewBrowser, app: Flask) -> Browser:
    """An individual of abc who manages the others, and has of the portals what `itsupport` gives."""
    levels = {"overview": "view", "configuration": "full", "calls": "view"}
    with working(app) as work:
        views = {"pbx": levels, "self-care": {"individuals": "full"}}
        role_id = create_role(work, Realm.SELF_CARE, "deputy", "", views, {})
        work.add(AllowedRole(customer_id="abc", role_id=role_id))
        add_identity(work, Kind.INDIVIDUAL, "dora", "Dora Deputy", role_id, clock.now(), customer="abc")
    browser = new_browser()
    browser.log_in(DORA)
    return browser


def made(app: Flask, login: str = "nora") -> Any:
    """Return the row of whoever has a login."""
    found = rows(app, select(Identity.__table__).where(Identity.login_key == login))
    return found[0] if found else None


def form_of(app: Flask, login: str, **changed: str) -> dict[str, str]:
    """Return the form of an individual as its page has it, with some fields changed."""
    row = made(app, login)
    kept = {"name": row.name, "email": row.email, "login": row.login, "role": row.role_id, "version": str(row.version)}
    return {**kept, **changed}


def events(app: Flask, name: str) -> list[Any]:
    """Return the rows of the record of one event."""
    return rows(app, select(AuditEvent.details, AuditEvent.actor_id, AuditEvent.reason).where(AuditEvent.event == name))


@pytest.mark.parametrize("side", ["staff", "customer"])
def test_an_individual_is_made_with_a_password_that_must_be_changed__PWD_05(
    root: Browser, abc: Browser, app: Flask, new_browser: NewBrowser, side: str
) -> None:
    browser, there = (root, CONSOLE) if side == "staff" else (abc, OWN)
    answer = browser.post(f"{there}/new", {**GOOD, "password": "Plenty-of-letters-7"})
    assert answer.status_code == 303, answer.text
    row = made(app)
    assert (row.customer_id, row.role_id, row.kind) == ("abc", "itsupport", Kind.INDIVIDUAL)
    assert "Nora Quist" in browser.get(there).text
    (event,) = events(app, "individual.created")
    assert event.details["after"]["login"] == "nora"
    assert "Plenty" not in str(event)
    nora = new_browser()
    assert "/login/password" in nora.log_in(Member("nora", "/login"), "Plenty-of-letters-7").location


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"name": ""}, "Enter a name."),
        ({"name": "x" * 201}, "At most 200"),
        ({"name": "a\u202eb"}, "Leave out control characters"),
        ({"email": "nobody"}, "no e-mail address"),
        ({"login": ""}, "Enter a login."),
        ({"login": "two words"}, "no spaces"),
        ({"login": "ＪＯＨＮ"}, "taken"),
        ({"login": "abc"}, "taken"),
        ({"role": ""}, "Choose a role"),
        ({"role": "default-selfcare"}, "Choose a role"),
        ({"role": "helpdesk"}, "Choose a role"),
        ({"role": "owner"}, "Choose a role"),
        ({"role": "0"}, "Choose a role"),
        ({"role": "null"}, "Choose a role"),
        ({"role": "1 or 1"}, "Choose a role"),
        ({"activates_on": "31/02/2026"}, "such as"),
        ({"expires_on": "tomorrow"}, "such as"),
        ({"activates_on": "2026-05-02", "expires_on": "2026-05-02"}, "later than"),
        ({"password": "short"}, "at least"),
        ({"password": "nora-nora-nora-nora"}, "must not contain the login"),
        ({"invite": "y", "email": ""}, "nowhere to send"),
    ],
)
@pytest.mark.parametrize("side", ["staff", "customer"])
def test_what_cannot_be_is_said_beside_its_field_and_the_rest_is_kept__ROL_01__UNI_01(
    root: Browser, abc: Browser, app: Flask, side: str, changed: dict[str, str], message: str
) -> None:
    browser, there = (root, CONSOLE) if side == "staff" else (abc, OWN)
    answer = browser.post(f"{there}/new", {**GOOD, **changed})
    assert answer.status_code == 422, answer.text
    assert message.lower() in answer.text.lower()
    kept = changed.get("name", "Nora Quist")
    assert f'value="{kept}"' in answer.text
    assert "short" not in answer.text or "password" not in changed
    assert made(app) is None


def test_of_sixteen_who_take_one_login_at_once_in_different_spellings_one_gets_it__UNI_01__UNI_03(
    app: Flask, new_browser: NewBrowser
) -> None:
    spellings = [
        "bigbird",
        "BigBird",
        "BIGBIRD",
        "ＢＩＧＢＩＲＤ",
        "ｂｉｇｂｉｒｄ",
        "bigBird",
        "Bigbird",
        "BIGbird",
    ] * 2
    browsers = [new_browser() for _ in spellings]
    for browser in browsers:
        browser.log_in(ROOT)
    tokens = [browser.token(f"{CONSOLE}/new") for browser in browsers]

    def create(number: int) -> int:
        form = {**GOOD, "login": spellings[number], "csrf_token": tokens[number]}
        return int(browsers[number].client.post(f"{CONSOLE}/new", data=form).status_code)

    with ThreadPoolExecutor(16) as pool:
        answers = sorted(pool.map(create, range(16)))
    assert answers == [303] + [422] * 15
    assert rows(app, select(func.count()).where(Identity.login_key == "bigbird"))[0][0] == 1


def test_a_change_names_what_changed_and_acts_at_the_next_request(
    root: Browser, app: Flask, new_browser: NewBrowser
) -> None:
    john = new_browser()
    john.log_in(JOHN)
    assert john.get("/portals/iot/devices").status_code == 200
    answer = root.post(f"{CONSOLE}/john", form_of(app, "john", role="itsupport", name="Johnny Carter"))
    assert answer.location.endswith("/john?done=saved")
    assert john.get("/portals/iot/devices").status_code == 404
    (event,) = events(app, "individual.changed")
    assert event.details["before"] == {"name": "John Carter", "role_id": "itlead"}
    assert event.details["after"] == {"name": "Johnny Carter", "role_id": "itsupport"}


def test_a_stale_form_says_how_it_stands_now_and_loses_nothing(root: Browser, app: Flask) -> None:
    form = form_of(app, "john", name="First")
    assert root.post(f"{CONSOLE}/john", form).status_code == 303
    answer = root.post(f"{CONSOLE}/john", {**form, "name": "Second"})
    assert answer.status_code == 409
    assert "First" in answer.text
    assert 'value="Second"' in answer.text
    assert value(app, Identity.name, "john") == "First"
    version = re.search(r'name="version"[^>]* value="(\d+)"', answer.text)
    assert version
    assert root.post(f"{CONSOLE}/john", {**form, "name": "Second", "version": version[1]}).status_code == 303


def test_both_days_are_read_in_the_readers_format_and_turn_in_the_individuals_own_zone(
    root: Browser, app: Flask, new_browser: NewBrowser, monkeypatch: pytest.MonkeyPatch
) -> None:
    change(app, "root", input_date_format="DD/MM/YYYY")
    change(app, "john", time_zone="Pacific/Auckland")
    answer = root.post(f"{CONSOLE}/john", form_of(app, "john", activates_on="12/03/2027", expires_on="2027-04-01"))
    assert answer.status_code == 303
    assert str(value(app, Identity.activates_on, "john")) == "2027-03-12"
    assert 'value="12/03/2027"' in root.get(f"{CONSOLE}/john").text
    midnight = datetime(2027, 3, 11, 11, tzinfo=UTC)  # the twelfth begins in Auckland
    for moment, stands, others in (
        (midnight - timedelta(seconds=1), "not-yet-active", "active"),
        (midnight, "active", ""),
    ):
        monkeypatch.setattr(clock, "now", lambda moment=moment: moment)
        browser = new_browser()
        browser.log_in(ROOT)
        assert "John Carter" in browser.get(f"{CONSOLE}?status={stands}").text
        assert "John Carter" not in browser.get(f"{CONSOLE}?status={others or 'expired'}").text


@pytest.mark.parametrize("query", ["q=john", "q=JOHN@EXAMPLE", "role=itlead", "status=active&role=itlead"])
def test_the_list_is_searched_and_filtered(root: Browser, query: str) -> None:
    text = root.get(f"{CONSOLE}?{query}").text
    assert "John Carter" in text
    assert "Adam Weiss" not in text
    assert "Nobody found" in root.get(f"{CONSOLE}?q=nobody-at-all").text


def test_suspending_ends_the_session_at_once_and_restoring_lets_in_again(
    root: Browser, app: Flask, new_browser: NewBrowser
) -> None:
    john = new_browser()
    john.log_in(JOHN)
    form = {"individual": "john", "to": "suspend"}
    assert root.post(f"{CONSOLE}/change", form, page=f"{CONSOLE}/john").status_code == 303
    assert john.get("/portals/pbx/overview").status_code == 303
    assert "Suspended" in root.get(f"{CONSOLE}?status=suspended").text
    assert new_browser().log_in(JOHN).status_code == 422
    root.post(f"{CONSOLE}/change", {**form, "to": "restore"}, page=f"{CONSOLE}/john")
    assert new_browser().log_in(JOHN).status_code == 303


def test_several_are_moved_in_one_step_or_none_at_all(root: Browser, app: Flask) -> None:
    page = root.get(f"{CONSOLE}/change?to=role&individual=john&individual=adam").text
    assert "John Carter" in page
    assert "Adam Weiss" in page
    both = {"individual": ["john", "adam"], "to": "role"}
    assert root.post(f"{CONSOLE}/change", {**both, "role": ""}, page=CONSOLE).status_code == 422
    assert root.post(f"{CONSOLE}/change", {**both, "role": "owner"}, page=CONSOLE).status_code == 422
    theirs = {"individual": ["john", "eve"], "to": "role", "role": "itsupport"}
    assert root.post(f"{CONSOLE}/change", theirs, page=CONSOLE).status_code == 404
    assert value(app, Identity.role_id, "john") == "itlead"
    assert root.post(f"{CONSOLE}/change", {**both, "role": "itsupport"}, page=CONSOLE).status_code == 303
    assert {value(app, Identity.role_id, login) for login in ("john", "adam")} == {"itsupport"}
    assert len(events(app, "individual.changed")) == 2


def test_a_deleted_individual_is_gone_and_the_record_keeps_who_it_was(
    root: Browser, app: Flask, new_browser: NewBrowser
) -> None:
    john = new_browser()
    john.log_in(JOHN)
    assert "cannot be undone" in root.get(f"{CONSOLE}/change?to=delete&individual=john").text
    assert root.post(f"{CONSOLE}/change", {"individual": "john", "to": "delete"}, page=CONSOLE).status_code == 303
    assert made(app, "john") is None
    assert john.get("/portals/pbx/overview").status_code == 303
    assert new_browser().log_in(JOHN).status_code == 422
    (event,) = events(app, "individual.deleted")
    assert event.details["before"]["name"] == "John Carter"


def test_a_new_password_is_shown_once_works_and_ends_the_sessions__PWD_05(
    abc: Browser, app: Flask, new_browser: NewBrowser
) -> None:
    john = new_browser()
    john.log_in(JOHN)
    answer = abc.post(f"{OWN}/john/password", page=f"{OWN}/john")
    found = re.search(r'<code id="password">([^<]+)</code>', answer.text)
    assert found
    assert answer.headers["Cache-Control"] == "no-store"
    assert found[1] not in abc.get(f"{OWN}/john").text
    assert john.get("/portals/pbx/overview").status_code == 303
    assert new_browser().log_in(JOHN).status_code == 422
    assert "/login/password" in new_browser().log_in(JOHN, found[1]).location


def link_in(root: Browser) -> str:
    """Return the path of the link in the latest letter, as the outbox shows it where no mail can be sent."""
    found = re.search(r'href="http://localhost(/login/invitation/[^"]+)"', root.get("/admin/mail").text)
    assert found
    return found[1]


def test_an_invited_individual_chooses_a_password_by_the_link_once__PWD_05__KEY_05(
    root: Browser, app: Flask, new_browser: NewBrowser
) -> None:
    assert root.post(f"{CONSOLE}/new", {**GOOD, "invite": "y"}).location.endswith("?done=invited")
    link = link_in(root)
    (letter,) = rows(app, select(Mail.address, Mail.given))
    assert letter.address == "nora@example.com"
    assert link.rpartition("/")[2] not in str(letter)
    for _ in range(2):
        assert "Nora Quist" in new_browser().get(link).text  # whatever looks at links in mails uses nothing up
    nora = new_browser()
    answer = nora.post(link)
    assert "/login/password" in answer.location
    assert nora.get("/portals/pbx/overview").status_code == 303
    again = new_browser()
    assert again.get(link).status_code == 410
    fresh = "A-choice-of-my-own-1"
    assert nora.post("/login/password", {"password": fresh, "confirm": fresh}).status_code == 303
    assert nora.get("/portals/pbx/overview").status_code == 200
    assert new_browser().log_in(Member("nora", "/login"), fresh).status_code == 303
    assert str(events(app, "invitation.sent") + events(app, "invitation.used")).count(link.rpartition("/")[2]) == 0


def test_of_thirty_who_open_one_link_at_once_one_is_let_in(root: Browser, app: Flask, new_browser: NewBrowser) -> None:
    root.post(f"{CONSOLE}/new", {**GOOD, "invite": "y"})
    link = link_in(root)
    browsers = [new_browser() for _ in range(30)]
    tokens = [browser.token(link) for browser in browsers]

    def use(number: int) -> int:
        return int(browsers[number].client.post(link, data={"csrf_token": tokens[number]}).status_code)

    with ThreadPoolExecutor(10) as pool:
        answers = sorted(pool.map(use, range(30)))
    assert answers[0] == 303
    assert set(answers[1:]) == {410, 429}


@pytest.mark.parametrize(
    "how", ["72 hours", "newer", "password", "suspended", "deleted", "blocked", "tampered", "secret"]
)
def test_a_link_is_good_no_longer_than_it_should_be__LT_02__KEY_05(
    root: Browser, app: Flask, new_browser: NewBrowser, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    root.post(f"{CONSOLE}/john/invitation", page=f"{CONSOLE}/john")
    link = link_in(root)
    assert new_browser().get(link).status_code == 200
    assert new_browser().log_in(JOHN).status_code == 422  # the old password is gone
    if how == "72 hours":
        later = clock.now() + timedelta(hours=72, seconds=1)
        monkeypatch.setattr(clock, "now", lambda: later)
    elif how == "newer":
        root.post(f"{CONSOLE}/john/invitation", page=f"{CONSOLE}/john")
    elif how == "password":
        root.post(f"{CONSOLE}/john/password", page=f"{CONSOLE}/john")
    elif how == "suspended":
        change(app, "john", suspended=True)
    elif how == "blocked":
        change(app, "abc", status="blocked")
    elif how == "deleted":
        root.post(f"{CONSOLE}/change", {"individual": "john", "to": "delete"}, page=CONSOLE)
    elif how == "tampered":
        link = link[:-5] + ("A" if link[-5] != "A" else "B") + link[-4:]
    else:
        (letter,) = rows(app, select(Mail.given))
        link = f"/login/invitation/{letter.given['secret']}"
    assert new_browser().get(link).status_code == 410
    assert new_browser().post(link, page="/login").status_code == 410
    assert rows(app, select(Invitation.used_at).where(Invitation.used_at.is_not(None))) == []


def test_a_link_for_somebody_who_is_not_active_yet_counts_from_their_first_day(
    root: Browser, app: Flask, new_browser: NewBrowser, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = (clock.now() + timedelta(days=30)).date()
    root.post(f"{CONSOLE}/new", {**GOOD, "invite": "y", "activates_on": first.isoformat()})
    link = link_in(root)
    assert new_browser().get(link).status_code == 410
    active = clock.now() + timedelta(days=31)
    monkeypatch.setattr(clock, "now", lambda: active)
    assert new_browser().get(link).status_code == 200


def test_without_an_address_no_link_is_sent(root: Browser, app: Flask) -> None:
    change(app, "john", email=None, email_key=None)
    assert "Enter an e-mail address" in root.get(f"{CONSOLE}/john").text
    assert root.post(f"{CONSOLE}/john/invitation", page=f"{CONSOLE}/john").status_code == 422
    assert rows(app, select(Mail.id)) == []


def test_the_letter_speaks_the_recipients_formats_and_carries_no_password(root: Browser, app: Flask) -> None:
    change(app, "john", output_date_format="DD.MM.YYYY", time_zone="Asia/Tokyo")
    root.post(f"{CONSOLE}/john/invitation", page=f"{CONSOLE}/john")
    text = root.get("/admin/mail").text
    assert re.search(r"until \d\d\.\d\d\.\d{4} ", text)
    assert "(Tokyo, UTC+09:00)" in text


# The delegation ceiling (ROL-06): whoever manages individuals gives no more than they have, and touches nobody above.


def test_only_roles_within_ones_own_are_offered(dora: Browser, app: Flask) -> None:
    page = dora.get(f"{OWN}/new").text
    assert 'value="itsupport"' in page
    assert 'value="itlead"' not in page
    assert 'value="accountant"' not in page
    assert dora.post(f"{OWN}/new", GOOD).status_code == 303
    assert made(app).role_id == "itsupport"


@pytest.mark.parametrize("role", ["itlead", "accountant"])
def test_giving_more_than_one_has_is_refused_and_recorded__ROL_06(dora: Browser, app: Flask, role: str) -> None:
    assert dora.post(f"{OWN}/new", {**GOOD, "role": role}).status_code == 403
    assert made(app) is None
    assert dora.post(f"{OWN}/mark", form_of(app, "mark", role=role)).status_code == 403
    move = {"individual": "mark", "to": "role", "role": role}
    assert dora.post(f"{OWN}/change", move, page=f"{OWN}/mark").status_code == 403
    assert value(app, Identity.role_id, "mark") == "itsupport"
    refused = events(app, "access.refused")
    assert [(event.actor_id, event.reason) for event in refused] == [("dora", "beyond_own")] * 3


@pytest.mark.parametrize("role", ["owner", "default-selfcare", "helpdesk", "", "nothing"])
def test_a_role_that_the_customer_may_not_hand_out_is_refused_to_everybody__ROL_01(
    dora: Browser, abc: Browser, root: Browser, app: Flask, role: str
) -> None:
    for browser, there in ((dora, OWN), (abc, OWN), (root, CONSOLE)):
        assert browser.post(f"{there}/mark", form_of(app, "mark", role=role)).status_code == 422
    assert value(app, Identity.role_id, "mark") == "itsupport"


DO: dict[str, Callable[[Browser, Flask, str], Any]] = {
    "edit": lambda browser, app, id: browser.post(f"{OWN}/{id}", form_of(app, id, name="Taken over")),
    "role": lambda browser, _, id: browser.post(
        f"{OWN}/change", {"individual": id, "to": "role", "role": "itsupport"}, page=f"{OWN}/mark"
    ),
    "suspend": lambda browser, _, id: browser.post(
        f"{OWN}/change", {"individual": id, "to": "suspend"}, page=f"{OWN}/mark"
    ),
    "delete": lambda browser, _, id: browser.post(
        f"{OWN}/change", {"individual": ["mark", id], "to": "delete"}, page=f"{OWN}/mark"
    ),
    "reset": lambda browser, _, id: browser.post(f"{OWN}/{id}/password", page=f"{OWN}/mark"),
    "invite": lambda browser, _, id: browser.post(f"{OWN}/{id}/invitation", page=f"{OWN}/mark"),
}


@pytest.mark.parametrize("what", DO)
@pytest.mark.parametrize("who", ["john", "dora"])
def test_nobody_takes_hold_of_somebody_above_them_or_of_themselves__ROL_06(
    dora: Browser, app: Flask, who: str, what: str
) -> None:
    before = made(app, who)
    answer = DO[what](dora, app, who)
    assert answer.status_code == 403
    assert made(app, who) == before
    assert made(app, "mark") is not None
    (refused,) = events(app, "access.refused")
    assert refused.reason == ("oneself" if who == "dora" else "beyond_own")
    assert rows(app, select(Mail.id)) == []


@pytest.mark.parametrize("what", DO)
def test_somebody_elses_individuals_and_the_customer_itself_are_not_there__IDOR_01(
    dora: Browser, abc: Browser, app: Flask, what: str
) -> None:
    for browser in (dora, abc):
        for id in ("eve", "abc", "globex", "root"):
            before = made(app, id)
            assert DO[what](browser, app, id).status_code == 404
            assert made(app, id) == before


def test_those_below_are_theirs_to_look_after(dora: Browser, app: Flask) -> None:
    assert DO["edit"](dora, app, "mark").status_code == 303
    assert DO["suspend"](dora, app, "mark").status_code == 303
    assert value(app, Identity.suspended, "mark") is True
    assert DO["reset"](dora, app, "mark").status_code == 200


def test_the_page_of_somebody_above_says_so_and_its_controls_are_off(dora: Browser) -> None:
    page = dora.get(f"{OWN}/john").text
    assert "Their rights exceed yours" in page
    assert '<button class="btn pri" >' not in page
    assert "This is you" in dora.get(f"{OWN}/dora").text


def test_in_a_visit_individuals_are_looked_at_and_never_changed__IMP_05(root: Browser, app: Flask) -> None:
    landed = root.open("abc", "self-care", mode="full")
    prefix = "/".join(landed.split("/")[:3])
    page = root.get(f"{prefix}{OWN}")
    assert page.status_code == 200
    assert "under your own name" in page.text
    for path in ("/new", "/john", "/john/password", "/john/invitation", "/change"):
        answer = root.post(
            f"{prefix}{OWN}{path}", {**GOOD, "individual": "john", "to": "delete"}, page="/admin/customers"
        )
        assert answer.status_code == 403
        assert answer.headers["X-Error-Code"] == "impersonation_forbidden"


def test_without_an_allowed_role_there_are_no_individuals_to_look_after(
    new_browser: NewBrowser, root: Browser, app: Flask
) -> None:
    initech = new_browser()
    initech.log_in(INITECH)
    assert initech.get(OWN).status_code == 404
    assert "No allowed roles yet" in root.get("/admin/customers/initech/individuals").text
    assert "Individuals" not in initech.get("/portals/self-care/profile").text
    with working(app) as work:
        work.add(AllowedRole(customer_id="initech", role_id="itlead"))
    assert initech.get(OWN).status_code == 200
    assert "Individuals" in initech.get("/portals/self-care/profile").text


def test_an_auditor_looks_and_changes_nothing(new_browser: NewBrowser, app: Flask) -> None:
    audrey = new_browser()
    audrey.log_in(AUDREY)
    assert audrey.get(f"{CONSOLE}/john").status_code == 200
    token = audrey.token("/admin/customers")
    for path in ("/new", "/john", "/john/password", "/john/invitation", "/change"):
        assert audrey.client.post(f"{CONSOLE}{path}", data={"csrf_token": token, **GOOD}).status_code == 403


def test_the_help_desk_makes_individuals_too(new_browser: NewBrowser, app: Flask) -> None:
    helen = new_browser()
    helen.log_in(HELEN)
    assert helen.post(f"{CONSOLE}/new", GOOD).status_code == 303
    assert made(app) is not None


def test_the_other_customers_individuals_are_elsewhere__IDOR_01(new_browser: NewBrowser, root: Browser) -> None:
    globex = new_browser()
    globex.log_in(GLOBEX)
    assert "Eve Moreau" in globex.get(OWN).text
    assert "John Carter" not in globex.get(OWN).text
    assert globex.get(f"{OWN}/john").status_code == 404
    assert root.get("/admin/customers/globex/individuals/john").status_code == 404
    assert root.get("/admin/customers/john/individuals").status_code == 404


def test_days_are_shown_with_the_zone_in_which_they_turn(root: Browser, abc: Browser, app: Flask) -> None:
    change(app, "abc", time_zone="Europe/Prague")
    change(app, "john", time_zone="Pacific/Chatham", expires_on=date(2031, 1, 2))
    for browser, there in ((root, CONSOLE), (abc, OWN)):
        row = browser.get(there).text.split("John Carter")[1].split("</tr>")[0]
        assert "2031-01-02</time><small>Pacific/Chatham</small>" in row
        assert "Pacific/Chatham" in browser.get(f"{there}/john").text
        assert "their own time zone (Europe/Prague)" in browser.get(f"{there}/new").text


def test_a_link_for_somebody_new_counts_from_midnight_in_the_customers_zone(
    root: Browser, app: Flask, new_browser: NewBrowser, monkeypatch: pytest.MonkeyPatch
) -> None:
    change(app, "root", time_zone="Pacific/Honolulu")
    change(app, "abc", time_zone="Pacific/Auckland")
    root.post(f"{CONSOLE}/new", {**GOOD, "invite": "y", "activates_on": "2031-03-12"})
    link = link_in(root)
    midnight = datetime(2031, 3, 11, 11, tzinfo=UTC)  # the twelfth begins in Auckland
    for moment, status in ((midnight - timedelta(minutes=1), 410), (midnight + timedelta(minutes=1), 200)):
        monkeypatch.setattr(clock, "now", lambda moment=moment: moment)
        assert new_browser().get(link).status_code == status
