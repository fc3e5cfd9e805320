"""Administrators: made, changed, suspended, given a new password; never beyond one's own rights, never the last."""

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import Flask
from sqlalchemy import select

from gateway import clock
from gateway.access import administrators
from gateway.access.models import DEFAULT_ROLE
from gateway.access.operations import set_portal_view
from gateway.audit.models import AuditEvent
from gateway.errors import Forbidden
from gateway.identity.models import Identity, Kind, Realm
from tests.cast import ABC, AUDREY, HELEN, ROOT, Member
from tests.house import Browser, add_identity, house_of, rows, working

NewBrowser = Callable[[], Browser]
PEOPLE = "/admin/administrators"
GOOD = {"login": "newton", "name": "Isaac Newton", "email": "newton@example.com", "role": "helpdesk"}


@pytest.fixture
def root(new_browser: NewBrowser) -> Browser:
    """An administrator with the default role."""
    browser = new_browser()
    browser.log_in(ROOT)
    return browser


@pytest.fixture
def helen(new_browser: NewBrowser, app: Flask) -> Browser:
    """Helen, whose role may now look after administrators, and no more than that and customers."""
    with working(app) as work:
        set_portal_view(work, "helpdesk", "console", {"customers": "full", "administrators": "full"})
    browser = new_browser()
    browser.log_in(HELEN)
    return browser


def kept(app: Flask, identity: str) -> Identity:
    """Return the row of somebody."""
    return rows(app, select(Identity.__table__).where(Identity.id == identity))[0]


def password_in(text: str) -> str:
    """Return the password that a page shows."""
    found = re.search(r'<code id="password">([^<]+)</code>', text)
    assert found
    return found[1]


def test_a_new_administrator_gets_a_password_for_one_use_shown_once(
    root: Browser, app: Flask, new_browser: NewBrowser
) -> None:
    answer = root.post(f"{PEOPLE}/new", GOOD)
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    password = password_in(answer.text)
    (made,) = rows(app, select(Identity.id, Identity.role_id).where(Identity.login_key == "newton"))
    assert made.role_id == "helpdesk"
    assert password not in root.get(f"{PEOPLE}/{made.id}").text
    events = rows(app, select(AuditEvent.details).where(AuditEvent.event == "administrator.created"))
    assert password not in str(events)
    browser = new_browser()
    assert browser.log_in(Member("newton", "/admin/login"), password).location.startswith("/admin/login/password")


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"login": ""}, "Enter a login."),
        ({"login": "two words"}, "no spaces"),
        ({"login": "ＲＯＯＴ"}, "taken"),
        ({"login": "x" * 65}, "at most 64"),
        ({"name": ""}, "Enter a name."),
        ({"name": "x" * 201}, "At most 200"),
        ({"name": "a\u202eb"}, "invisible"),
        ({"email": "nonsense"}, "no e-mail address"),
        ({"role": "itlead"}, "Not a valid choice"),
        ({"role": ""}, "Not a valid choice"),
    ],
)
def test_a_bad_administrator_is_refused_beside_the_field_and_what_was_typed_stays(
    root: Browser, app: Flask, changed: dict[str, str], message: str
) -> None:
    answer = root.post(f"{PEOPLE}/new", GOOD | changed)
    assert answer.status_code == 422
    assert message in answer.text
    assert "email" in changed or "newton@example.com" in answer.text
    assert len(rows(app, select(Identity.id).where(Identity.kind == Kind.ADMINISTRATOR))) == 3


def test_an_administrator_is_changed_and_the_second_of_two_is_told(root: Browser, app: Flask) -> None:
    page = f"{PEOPLE}/helen"
    form = {"login": "helen", "name": "Helen Second", "email": "", "role": "auditor", "version": "1"}
    assert root.post(page, form).status_code == 303
    assert root.post(page, form | {"name": "Third"}).status_code == 409
    assert (kept(app, "helen").name, kept(app, "helen").role_id) == ("Helen Second", "auditor")
    (event,) = rows(app, select(AuditEvent.details).where(AuditEvent.event == "administrator.changed"))
    assert event.details["after"]["role_id"] == "auditor"


def test_a_changed_role_acts_at_the_next_request__ROL_03(root: Browser, new_browser: NewBrowser) -> None:
    audrey = new_browser()
    audrey.log_in(AUDREY)
    assert audrey.get("/admin/audit").status_code == 200
    root.post(f"{PEOPLE}/audrey", {"login": "audrey", "name": "Audrey", "role": "helpdesk", "version": "1"})
    assert audrey.get("/admin/audit").status_code == 404


def test_nobody_changes_their_own_role_or_gives_or_takes_hold_of_more_than_they_have__ROL_06(
    helen: Browser, app: Flask
) -> None:
    own = {"login": "helen", "name": "Helen", "role": "default-admin", "version": "1"}
    for path, form in (
        (f"{PEOPLE}/helen", own),
        (f"{PEOPLE}/new", GOOD | {"role": "default-admin"}),
        (f"{PEOPLE}/new", GOOD | {"role": "auditor"}),
        (f"{PEOPLE}/root", {"login": "root", "name": "Mine", "role": "helpdesk", "version": "1"}),
        (f"{PEOPLE}/audrey", {"login": "audrey", "name": "Mine", "role": "helpdesk", "version": "1"}),
        (f"{PEOPLE}/root/reset", {}),
        (f"{PEOPLE}/helen/reset", {}),
        (f"{PEOPLE}/audrey/suspended", {"suspended": "y"}),
    ):
        answer = helen.post(path, form, page=f"{PEOPLE}/new")
        assert answer.status_code == 403, path
    assert {kept(app, id).role_id for id in ("root", "helen", "audrey")} == {"default-admin", "helpdesk", "auditor"}
    assert not kept(app, "audrey").suspended
    assert helen.post(f"{PEOPLE}/new", GOOD).status_code == 200


def test_a_reset_ends_sessions_and_the_new_password_is_for_one_use(
    root: Browser, app: Flask, new_browser: NewBrowser
) -> None:
    audrey = new_browser()
    audrey.log_in(AUDREY)
    password = password_in(root.post(f"{PEOPLE}/audrey/reset", page=f"{PEOPLE}/audrey").text)
    assert audrey.get("/admin/customers").status_code == 303
    again = new_browser()
    assert again.log_in(AUDREY).status_code != 303
    assert again.log_in(AUDREY, password).location.startswith("/admin/login/password")
    assert [row.event for row in rows(app, select(AuditEvent.event).where(AuditEvent.event == "password.reset"))]


def test_a_reset_is_for_those_whose_role_changes_administrators(new_browser: NewBrowser, app: Flask) -> None:
    for member, expected in ((AUDREY, 403), (HELEN, 404), (ABC, 303)):
        browser = new_browser()
        browser.log_in(member)
        page = "/portals/self-care/profile" if member is ABC else "/admin/customers"
        assert browser.post(f"{PEOPLE}/root/reset", page=page).status_code == expected


def test_the_last_one_with_the_default_role_stays_also_when_two_are_taken_away_at_once(app: Flask) -> None:
    with working(app) as work:
        add_identity(work, Kind.ADMINISTRATOR, "second", "Second", DEFAULT_ROLE[Realm.ADMIN], clock.now())
    people = [row[0] for row in rows(app, select(Identity.id).where(Identity.role_id == DEFAULT_ROLE[Realm.ADMIN]))]
    people = [id for id in people if rows(app, select(Identity.kind).where(Identity.id == id))[0][0] == "administrator"]
    assert len(people) == 2

    rights = house_of(app).rights
    hand = administrators.Hand("nobody", rights.full(Realm.ADMIN), rights)

    def suspend(id: str) -> bool:
        try:
            with working(app) as work:
                administrators.suspend(work, hand, id, clock.now(), suspended=True)
        except Forbidden:
            return False
        return True

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(suspend, people)) == [False, True]


def test_administrators_are_found(root: Browser) -> None:
    page = root.get(f"{PEOPLE}?q=audr").text
    assert f"{PEOPLE}/audrey" in page
    assert f"{PEOPLE}/helen" not in page
    assert "Nothing found" in root.get(f"{PEOPLE}?q=zzz").text
