"""Logging in and out: one sentence for every refusal, a new session each time, nothing left behind."""

import re
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
import time_machine
from argon2.low_level import Type, hash_secret
from flask import Flask
from sqlalchemy import select, update

from gateway import clock
from gateway.audit.models import AuditEvent
from gateway.identity import logins, passwords, sessions
from gateway.identity.models import CustomerStatus, Identity, SecondFactor, Session
from tests.cast import ABC, HELEN, INITECH, JOHN, PASSWORD, ROOT, Member
from tests.house import Browser, change, rows, value, working

NewBrowser = Callable[[], Browser]
SENTENCE = "The login or the password is wrong, or this access is not active."


def masked(answer: Any) -> tuple[int, list[str], str]:
    """Return an answer without what differs between any two: tokens, nonces, ids, and the login as it was typed."""
    differs = ("X-Request-Id", "Date", "Content-Length")
    kept = [
        f"{name}: {re.sub('nonce-[^;]*|form=[^;]*', '', text)}" for name, text in answer.headers if name not in differs
    ]
    return answer.status_code, kept, re.sub(r'(nonce|value)="[^"]*"', r'\1=""', answer.text)


@pytest.mark.parametrize("realm", ["/login", "/admin/login"])
def test_every_cause_of_refusal_gets_the_same_answer__LOG_02(app: Flask, new_browser: NewBrowser, realm: str) -> None:
    now = clock.now().date()
    change(app, "mark", suspended=True)
    change(app, "adam", expires_on=now - timedelta(days=2))
    change(app, "eve", activates_on=now + timedelta(days=2))
    change(app, "globex", status=CustomerStatus.CLOSED)
    change(app, "initech", password_hash=None)
    change(app, "helen", suspended=True)
    change(app, "abc", own_networks="10.0.0.0/8")
    change(app, "root", provider_networks="10.0.0.0/8")
    tried = [
        ("nobody", PASSWORD),
        ("john", "wrong"),
        ("audrey", "wrong"),
        ("john" * 100, "x"),
        ("j\0hn", "x"),
    ]
    tried += [(login, PASSWORD) for login in ("mark", "adam", "eve", "globex", "initech", "helen", "abc", "root")]
    answers = []
    for login, password in tried:
        browser = new_browser()
        answers.append(masked(browser.post(realm, {"login": login, "password": password})))
    assert answers[0][0] == 422
    assert SENTENCE in answers[0][2]
    for (login, _), answer in zip(tried, answers, strict=True):
        assert answer == answers[0], login


def test_the_true_cause_stands_on_the_record_and_a_strangers_login_is_shortened__AUD_03(
    app: Flask, new_browser: NewBrowser
) -> None:
    change(app, "mark", suspended=True)
    for login, password in (("mark", PASSWORD), ("john", "hunter2-secret"), ("my-secret-password", "x")):
        new_browser().post("/login", {"login": login, "password": password})
    found = rows(app, select(AuditEvent.__table__).order_by(AuditEvent.seq))
    assert [(row.event, row.reason, row.subject_id) for row in found] == [
        ("login.refused", "suspended", "mark"),
        ("login.refused", "wrong-password", "john"),
        ("login.refused", "unknown-login", None),
    ]
    assert found[2].details == {"door": "log-in", "login": "my-…"}
    assert "hunter2" not in str(found)


def test_a_credential_of_one_realm_is_worth_nothing_in_the_other__LOG_01(new_browser: NewBrowser) -> None:
    for login, right, wrong in (("root", "/admin/login", "/login"), ("abc", "/login", "/admin/login")):
        form = {"login": login, "password": PASSWORD}
        assert new_browser().post(wrong, form).status_code == 422
        assert new_browser().post(right, form).status_code == 303


def test_an_attempt_uses_only_its_own_login__LOG_05(new_browser: NewBrowser) -> None:
    browser = new_browser()
    browser.post("/login", {"login": "globex", "password": "wrong"})
    browser.log_in(ABC)
    assert "ABC Company" in browser.get("/").text


@pytest.mark.parametrize("spelling", ["ABC", "ａｂｃ", "aBc"])
def test_every_spelling_of_a_login_is_the_same_login__UNI_01(new_browser: NewBrowser, spelling: str) -> None:
    assert new_browser().post("/login", {"login": spelling, "password": PASSWORD}).status_code == 303


@pytest.mark.parametrize("login", ["", "a b", "a\u200bb", "a\u202eb", "a\tb", "x" * 65, "\u0430dmin", "a\ue000"])
def test_a_login_that_misleads_cannot_be_made__UNI_02(login: str) -> None:
    assert logins.fault(login)


@pytest.mark.parametrize("login", ["abc", "Anna", "山田", "ölçer", "анна", "a.b-c_d+1", "user@example.com"])
def test_an_honest_login_can_be_made_and_its_form_is_stable__UNI_01(login: str) -> None:
    assert logins.fault(login) is None
    assert logins.canonical(logins.canonical(login)) == logins.canonical(login)


@pytest.mark.parametrize(
    ("member", "values"),
    [
        (ABC, {"status": CustomerStatus.BLOCKED}),
        (ABC, {"status": CustomerStatus.CLOSED}),
        (JOHN, {"suspended": True}),
        (JOHN, {"expires_on": date(2020, 1, 1)}),
        (JOHN, {"activates_on": date(2120, 1, 1)}),
        (HELEN, {"suspended": True}),
    ],
)
def test_a_change_of_status_acts_at_the_next_request__LOG_07(
    app: Flask, new_browser: NewBrowser, member: Member, values: dict[str, Any]
) -> None:
    browser = new_browser()
    browser.log_in(member)
    page = "/admin/customers" if member is HELEN else "/portals/self-care/profile"
    assert browser.get(page).status_code == 200
    change(app, member.login, **values)
    answer = browser.get(page)
    assert answer.status_code == 303
    assert "login" in answer.location


def test_a_blocked_customer_stops_its_individuals_and_a_suspended_one_goes_on__LOG_07(
    app: Flask, new_browser: NewBrowser
) -> None:
    john = new_browser()
    john.log_in(JOHN)
    change(app, "abc", status=CustomerStatus.SUSPENDED)
    assert "suspended because a payment is overdue" in john.get("/").text
    change(app, "abc", status=CustomerStatus.BLOCKED)
    assert john.get("/").location == "/login"


def test_expiry_follows_the_individuals_own_zone__LOG_07(app: Flask, new_browser: NewBrowser) -> None:
    change(app, "john", time_zone="Pacific/Chatham", expires_on=date(2027, 1, 1))
    browser = new_browser()
    # Midnight in Chatham, UTC+13:45, is 10:15 UTC of the day before.
    with time_machine.travel("2026-12-31T10:14:00Z", tick=False):
        assert browser.log_in(JOHN).status_code == 303
        assert browser.get("/portals/self-care/profile").status_code == 200
    with time_machine.travel("2026-12-31T10:15:00Z", tick=False):
        assert browser.get("/portals/self-care/profile").status_code == 303


def test_log_in_gives_a_new_id_and_the_old_one_dies__SES_02(app: Flask, new_browser: NewBrowser) -> None:
    browser = new_browser()
    browser.client.set_cookie("session", "made-up-by-somebody")
    browser.log_in(ABC)
    first = browser.client.get_cookie("session")
    assert first is not None
    assert first.value != "made-up-by-somebody"
    browser.client.post(
        "/login",
        data={"csrf_token": browser.token("/portals/self-care/security"), "login": "abc", "password": PASSWORD},
    )
    second = browser.client.get_cookie("session")
    assert second is not None
    assert second.value != first.value
    other = new_browser()
    other.client.set_cookie("session", first.value)
    assert other.get("/").status_code == 303


def test_cookies_are_random_and_only_their_digest_is_kept__SES_01__KEY_05(app: Flask, new_browser: NewBrowser) -> None:
    assert len({sessions.new_cookie() for _ in range(10_000)}) == 10_000
    browser = new_browser()
    browser.log_in(ABC)
    cookie = browser.client.get_cookie("session")
    assert cookie is not None
    kept = str(rows(app, select(Session.__table__)))
    assert cookie.value not in kept
    thief = new_browser()
    for row in rows(app, select(Session.key, Session.id)):
        for stolen in (row.key.hex(), row.id):
            thief.client.set_cookie("session", stolen)
            assert thief.get("/").status_code == 303


def test_log_out_kills_the_session_on_the_server__SES_03__CSRF_02(new_browser: NewBrowser) -> None:
    browser, copy = new_browser(), new_browser()
    browser.log_in(ABC)
    cookie = browser.client.get_cookie("session")
    assert cookie is not None
    copy.client.set_cookie("session", cookie.value)
    assert copy.get("/").status_code == 200
    assert browser.get("/logout").status_code == 405
    answer = browser.post("/logout", page="/portals/self-care/security")
    assert answer.headers["Clear-Site-Data"] == '"cache"'
    assert copy.get("/").status_code == 303
    assert copy.get("/portals/pbx/overview").status_code == 303


@pytest.mark.parametrize(
    ("member", "page", "idle", "absolute"),
    [(ABC, "/portals/self-care/profile", 30, 720), (ROOT, "/admin/customers", 30, 600)],
)
def test_idle_and_absolute_limits_hold_when_the_session_is_loaded__SES_04(
    app: Flask, new_browser: NewBrowser, member: Member, page: str, idle: int, absolute: int
) -> None:
    now = clock.now()
    for started, seen, status in (
        (absolute - 1, idle - 1, 200),
        (absolute - 1, idle + 1, 303),
        (absolute + 1, 0, 303),
    ):
        browser = new_browser()
        browser.log_in(member)
        with working(app) as work:
            work.execute(
                update(Session)
                .where(Session.subject_id == member.login)
                .values(started_at=now - timedelta(minutes=started), last_seen_at=now - timedelta(minutes=seen))
            )
        assert browser.get(page).status_code == status


def test_changing_the_password_ends_the_other_sessions_and_renews_this_one__SES_05__SES_02__PWD_04(
    app: Flask, new_browser: NewBrowser
) -> None:
    here, there = new_browser(), new_browser()
    here.log_in(ABC)
    there.log_in(ABC)
    before = here.client.get_cookie("session")
    page, new = "/portals/self-care/security", "a brand new long password"
    wrong = here.post(page, {"current": "wrong", "password": new, "confirm": new})
    assert wrong.status_code == 422
    assert "This is not your present password." in wrong.text
    assert here.post(page, {"current": PASSWORD, "password": "short", "confirm": "short"}).status_code == 422
    assert here.post(page, {"current": PASSWORD, "password": new, "confirm": "other " + new}).status_code == 422
    assert here.post(page, {"current": PASSWORD, "password": new, "confirm": new}).status_code == 303
    after = here.client.get_cookie("session")
    assert before is not None
    assert after is not None
    assert after.value != before.value
    assert here.get(page).status_code == 200
    assert there.get(page).status_code == 303
    assert new_browser().log_in(ABC, new).status_code == 303


def test_one_sees_and_ends_ones_own_sessions__SES_06(app: Flask, new_browser: NewBrowser) -> None:
    here, there, stranger = new_browser(), new_browser(), new_browser()
    here.log_in(ABC)
    there.log_in(ABC)
    stranger.log_in(INITECH)
    page = "/portals/self-care/security"
    ids = [
        row.id for row in rows(app, select(Session.id).where(Session.subject_id == "abc").order_by(Session.started_at))
    ]
    assert stranger.post(f"{page}/sessions/{ids[1]}", page=page).status_code == 404
    assert here.get(page).text.count("Last used") == 2
    assert here.post(f"{page}/sessions/{ids[1]}", page=page).status_code == 303
    assert there.get(page).status_code == 303
    assert here.get(page).status_code == 200


def test_a_due_password_change_stands_between_password_and_portal__LOG_06(app: Flask, new_browser: NewBrowser) -> None:
    change(app, "abc", password_must_change=True)
    browser = new_browser()
    answer = browser.post("/login", {"login": "abc", "password": PASSWORD, "next": "/portals/pbx/calls"})
    assert answer.location == "/login/password?next=/portals/pbx/calls"
    for path in ("/", "/portals/pbx/overview", "/portals/self-care/security"):
        assert browser.get(path).status_code == 303
    new = "something long and new"
    assert browser.post("/login/password", {"password": PASSWORD, "confirm": PASSWORD}).status_code == 422
    done = browser.post("/login/password?next=/portals/pbx/calls", {"password": new, "confirm": new})
    assert done.location == "/portals/pbx/calls"
    assert browser.get("/portals/pbx/calls").status_code == 200
    assert browser.get("/login/password").status_code == 303
    assert value(app, Identity.password_must_change, "abc") is False


def test_a_half_logged_in_state_ends_after_five_minutes__LOG_06(app: Flask, new_browser: NewBrowser) -> None:
    change(app, "abc", password_must_change=True)
    browser = new_browser()
    browser.log_in(ABC)
    assert browser.get("/login/password").status_code == 200
    with working(app) as work:
        work.execute(update(Session).values(started_at=clock.now() - timedelta(minutes=6)))
    assert browser.get("/login/password").location == "/login"


@pytest.mark.parametrize(
    ("own", "of_class", "asked"),
    [("inherit", "gold", True), ("no", "gold", False), ("yes", "standard", True), ("inherit", "standard", False)],
)
def test_nobody_gets_past_a_second_factor_that_is_required__TOTP_03(
    app: Flask, new_browser: NewBrowser, own: str, of_class: str, asked: bool
) -> None:
    change(app, "abc", second_factor=SecondFactor(own), class_id=of_class)
    browser = new_browser()
    answer = browser.log_in(ABC)
    assert answer.location == ("/login/enrol?next=/" if asked else "/")
    assert browser.get("/portals/pbx/overview").status_code == (303 if asked else 200)
    if asked:
        assert "Set it up now" in browser.get("/login/enrol").text


def test_hashes_are_argon2id_of_the_asked_strength_and_weaker_ones_are_renewed__PWD_06(
    app: Flask, new_browser: NewBrowser
) -> None:
    assert passwords.hashed("x").startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    weak = "$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQ$" + _weak_digest()
    change(app, "abc", password_hash=weak)
    assert new_browser().log_in(ABC).status_code == 303
    assert value(app, Identity.password_hash, "abc").startswith("$argon2id$v=19$m=19456,t=2")


def _weak_digest() -> str:

    made = hash_secret(
        PASSWORD.encode(), b"somesalt", time_cost=1, memory_cost=8, parallelism=1, hash_len=16, type=Type.ID
    )
    return made.decode().rpartition("$")[2]


def test_passwords_are_taken_as_they_are_but_for_their_composition__PWD_02() -> None:
    kept = passwords.hashed(" caf\u00e9 " + "x" * 250)
    assert passwords.matches(kept, " cafe\u0301 " + "x" * 250)
    assert not passwords.matches(kept, "caf\u00e9 " + "x" * 250)
    assert not passwords.matches(kept, " caf\u00e9 " + "x" * 249)
    assert not passwords.matches(kept, "y" * 2000)


def test_generated_passwords_are_random_and_cannot_be_misread__PWD_05() -> None:
    made = {passwords.generated() for _ in range(1000)}
    assert len(made) == 1000
    assert all(len(password) == 20 and not set(password) & set("0O1lI") for password in made)
