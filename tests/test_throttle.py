"""Attempts at credentials: counted by login and source at every door, in the database, before anything is looked at."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from flask import Flask
from sqlalchemy import select, text

from gateway import clock
from gateway.audit.models import AuditEvent
from gateway.errors import TooManyAttempts
from gateway.identity import throttle
from gateway.identity.models import Counted, Realm, Throttle
from tests.cast import ABC, INITECH, JOHN, PASSWORD, ROOT
from tests.house import Browser, form_token, house_of, rows, working

NewBrowser = Callable[[], Browser]
START = "2026-10-05T09:00:00Z"


def try_in(app: Flask, login: str, password: str = "wrong", source: str = "203.0.113.7", at: str = "/login") -> Any:
    """Try to log in from an address, with a new browser."""
    return Browser(app, REMOTE_ADDR=source).post(at, {"login": login, "password": password})


def admit(app: Flask, login: str, source: str, now: datetime, *, known: bool = False) -> throttle.Attempt | None:
    """Ask for an attempt as a door does; None: it has to wait."""
    house = house_of(app)
    with house.database.writing() as work:
        try:
            attempt = throttle.admit(work, Realm.SELF_CARE, login, source, now, known_device=known)
        except TooManyAttempts:
            return None
        work.commit()
        return attempt


def failures(app: Flask, counted: Counted) -> list[int]:
    """Return what is counted, of one kind."""
    found = select(Throttle.failures).where(Throttle.counted == counted).order_by(Throttle.failures)
    return [row.failures for row in rows(app, found)]


@pytest.mark.parametrize(("right", "at"), [("abc", "/login"), ("root", "/admin/login")])
def test_after_five_failures_the_right_password_has_to_wait_too__RATE_01(app: Flask, right: str, at: str) -> None:
    with time_machine.travel(START, tick=False) as clocks:
        for _ in range(5):
            assert try_in(app, right, at=at).status_code == 422
        refused = try_in(app, right, PASSWORD, at=at)
        assert refused.status_code == 429
        assert refused.headers["Retry-After"] == "30"
        assert "There were too many attempts. Try again in 30 seconds." in refused.text
        assert f'value="{right}"' in refused.text
        assert PASSWORD not in refused.text
        clocks.shift(29)
        assert try_in(app, right, PASSWORD, at=at).status_code == 429
        clocks.shift(1)
        assert try_in(app, right, PASSWORD, at=at).status_code == 303


def test_the_delay_grows_and_is_forgotten_after_a_quiet_hour__RATE_01(app: Flask) -> None:
    now = clock.now()
    for _ in range(4):
        assert admit(app, "abc", "203.0.113.7", now)
    for seconds in (30, 60, 120, 240, 480, 900, 900):
        assert admit(app, "abc", "203.0.113.7", now)
        assert not admit(app, "abc", "203.0.113.7", now + timedelta(seconds=seconds - 1))
        now += timedelta(seconds=seconds)
    now += timedelta(hours=1)
    for _ in range(5):
        assert admit(app, "abc", "203.0.113.7", now)
    assert not admit(app, "abc", "203.0.113.7", now)


def test_failures_far_apart_make_nobody_wait__RATE_01(app: Flask) -> None:
    now = clock.now()
    for _ in range(20):
        assert admit(app, "abc", "203.0.113.7", now)
        now += timedelta(minutes=15)


def test_an_unknown_login_waits_like_any_other__LOG_02(app: Flask) -> None:
    with time_machine.travel(START, tick=False):
        answers = {}
        for login in ("abc", "nobody"):
            for _ in range(5):
                try_in(app, login)
            answer = try_in(app, login)
            answers[login] = (answer.status_code, answer.headers["Retry-After"], len(answer.text.replace(login, "")))
    assert answers["abc"][:2] == answers["nobody"][:2] == (429, "30")


def test_an_attack_from_fifty_sources_locks_the_owner_out_from_nowhere_else__RATE_02(app: Flask) -> None:
    now = clock.now()
    admitted = 0
    for number in range(1000):
        admitted += admit(app, "abc", f"198.51.100.{number % 50}", now) is not None
        now += timedelta(seconds=1)
    assert admitted < 1000
    assert not admit(app, "abc", "198.51.100.7", now)
    assert admit(app, "abc", "198.51.100.7", now, known=True)
    with time_machine.travel(now, tick=False):
        assert try_in(app, "abc", PASSWORD, source="203.0.113.7").status_code == 303


def test_one_source_gets_at_fifty_logins_an_hour__RATE_03(app: Flask) -> None:
    now = clock.now()
    found = [admit(app, f"guess{number}", f"2001:db8:1:2::{number:x}", now) is not None for number in range(60)]
    assert found == [True] * 50 + [False] * 10
    with time_machine.travel(now, tick=False):
        assert try_in(app, "initech", PASSWORD, source="2001:db8:1:2:ffff::1").status_code == 429
        assert try_in(app, "initech", PASSWORD, source="2001:db8:1:3::1").status_code == 303
    assert admit(app, "initech", "2001:db8:1:2::1", now, known=True)
    assert admit(app, "initech", "2001:db8:1:2::1", now + timedelta(minutes=15))


def test_one_login_is_tried_from_a_hundred_sources_an_hour_and_then_from_known_devices__RATE_03(app: Flask) -> None:
    now = clock.now()
    found = [admit(app, "abc", f"198.51.{number // 200}.{number % 200}", now) is not None for number in range(101)]
    assert found == [True] * 100 + [False]
    with time_machine.travel(now, tick=False):
        assert try_in(app, "abc", PASSWORD, source="203.0.113.7").status_code == 429
        assert try_in(app, "initech", PASSWORD, source="203.0.113.7").status_code == 303
    assert admit(app, "abc", "203.0.113.7", now, known=True)
    assert admit(app, "abc", "203.0.113.8", now + timedelta(hours=1))


def test_a_known_device_has_five_guesses_of_its_own_wherever_it_goes__RATE_03(app: Flask) -> None:
    now = clock.now()
    found = [admit(app, "abc", f"198.51.100.{number}", now, known=True) is not None for number in range(6)]
    assert found == [True] * 5 + [False]


@pytest.mark.parametrize("source", ["203.0.113.7", "2001:db8:1:2::7"])
def test_no_spelling_port_or_forged_header_gives_a_new_count__RATE_04(app: Flask, source: str) -> None:
    spellings = ["abc", "ABC", "aBc", "\uff41\uff42\uff43", "Abc"]
    for number, login in enumerate(spellings):
        browser = Browser(app, REMOTE_ADDR=source, REMOTE_PORT=str(4000 + number))
        headers = {"X-Forwarded-For": f"10.0.0.{number}", "Forwarded": f"for=10.0.0.{number}", "X-Real-IP": "10.0.0.1"}
        assert browser.post("/login", {"login": login, "password": "x"}, headers=headers).status_code == 422
    assert try_in(app, "abc", PASSWORD, source=source).status_code == 429


def test_an_address_that_is_unknown_is_one_source__RATE_04(make_app: Callable[..., Flask]) -> None:
    app = make_app()
    for forged in ("garbage", "1.2.3", "unix:"):
        assert throttle.source_of(forged) == throttle.source_of(None)
    for _ in range(5):
        try_in(app, "abc", source="unix:")
    assert try_in(app, "abc", PASSWORD, source="").status_code == 429


def test_fifty_failures_at_once_are_counted_as_fifty__RATE_05(app: Flask) -> None:
    now = clock.now()
    with ThreadPoolExecutor(16) as pool:
        logins = list(pool.map(lambda number: admit(app, f"n{number}", "203.0.113.7", now), range(50)))
        sources = list(pool.map(lambda number: admit(app, "abc", f"198.51.100.{number}", now), range(50)))
        guesses = list(pool.map(lambda _: admit(app, "initech", "192.0.2.1", now), range(50)))
    assert all(logins)
    assert all(sources)
    assert 50 in failures(app, Counted.SOURCE)
    assert failures(app, Counted.LOGIN)[-1] == 50
    assert sum(attempt is not None for attempt in guesses) == 5


def test_a_burst_of_right_passwords_is_no_failure_of_anybody__RATE_05(app: Flask) -> None:
    now = clock.now()

    def one(number: int) -> bool:
        attempt = admit(app, f"n{number}", "203.0.113.7", now)
        assert attempt
        with working(app) as work:
            throttle.give_back(work, attempt)
        return True

    with ThreadPoolExecutor(16) as pool:
        assert all(pool.map(one, range(40)))
    assert rows(app, select(Throttle.key)) == []


def test_a_success_takes_back_itself_and_nothing_else__RATE_03(app: Flask) -> None:
    for number in range(4):
        try_in(app, f"guess{number}")
        assert try_in(app, "abc").status_code == 422
    assert try_in(app, "abc", PASSWORD).status_code == 303
    assert failures(app, Counted.PAIR) == [1, 1, 1, 1, 4]
    assert failures(app, Counted.SOURCE) == [5]
    assert try_in(app, "abc").status_code == 422
    assert try_in(app, "abc", PASSWORD).status_code == 429


def present_password(browser: Browser, token: str) -> Any:
    """Type a wrong present password where one changes it."""
    new = "a brand new long password"
    form = {"csrf_token": token, "current": "wrong", "password": new, "confirm": new}
    return browser.client.post("/portals/self-care/security", data=form)


def test_the_present_password_is_guessed_no_more_often_than_the_log_in__RATE_05__PWD_04(
    app: Flask, new_browser: NewBrowser
) -> None:
    browser = new_browser()
    browser.log_in(ABC)
    token = browser.token("/portals/self-care/security")
    assert [present_password(browser, token).status_code for _ in range(6)] == [422] * 5 + [429]
    refused = present_password(browser, token)
    assert refused.headers["Retry-After"]
    assert "There were too many attempts." in refused.text
    assert try_in(app, "abc", PASSWORD, source="127.0.0.1").status_code == 429
    found = rows(app, select(AuditEvent).where(AuditEvent.event == "login.refused").order_by(AuditEvent.seq))
    assert {(row.reason, row.details["door"]) for row in found} == {
        ("wrong-password", "present-password"),
        ("throttled", "present-password"),
        ("throttled", "log-in"),
    }


def test_the_doors_share_one_count__RATE_05(app: Flask, new_browser: NewBrowser) -> None:
    browser = new_browser()
    browser.log_in(JOHN)
    token = browser.token("/portals/self-care/security")
    for _ in range(3):
        assert present_password(browser, token).status_code == 422
    for _ in range(2):
        assert try_in(app, "john", source="127.0.0.1").status_code == 422
    assert present_password(browser, token).status_code == 429


def test_links_of_nobody_run_out__RATE_05(app: Flask) -> None:
    browser = Browser(app, REMOTE_ADDR="203.0.113.9")
    token = form_token(browser.get("/login").text)
    posts = [browser.client.post("/login/invitation/made-up", data={"csrf_token": token}) for _ in range(6)]
    assert [post.status_code for post in posts] == [410] * 5 + [429]


def test_the_count_outlives_restarts_browsers_and_instances__RATE_05(make_app: Callable[..., Flask]) -> None:
    one, other = make_app(), make_app()
    first = Browser(one, REMOTE_ADDR="203.0.113.7")
    first.get("/login")
    cookie = first.client.get_cookie("form")
    assert cookie
    for number in range(5):
        assert try_in((one, other)[number % 2], "abc").status_code == 422
    for app in (one, other, make_app()):
        again = Browser(app, REMOTE_ADDR="203.0.113.7")
        again.client.set_cookie("form", cookie.value)
        assert again.post("/login", {"login": "abc", "password": PASSWORD}).status_code == 429


def test_what_waits_is_on_the_record_with_whose_it_was__AUD_01(app: Flask) -> None:
    for _ in range(6):
        try_in(app, "john")
    found = rows(app, select(AuditEvent).where(AuditEvent.event == "login.refused").order_by(AuditEvent.seq))
    assert [(row.reason, row.subject_id, row.customer_id) for row in found][-2:] == [
        ("wrong-password", "john", "abc"),
        ("throttled", "john", "abc"),
    ]


def test_without_its_table_nobody_gets_in__ERR_02(app: Flask, new_browser: NewBrowser) -> None:
    with working(app) as work:
        work.execute(text("ALTER TABLE throttle RENAME TO elsewhere"))
    assert new_browser().log_in(ABC).status_code in (500, 503)
    with working(app) as work:
        work.execute(text("ALTER TABLE elsewhere RENAME TO throttle"))
    assert new_browser().log_in(ABC).status_code == 303


def test_what_is_over_is_taken_away_and_what_counts_stays(app: Flask) -> None:
    now = clock.now()
    admit(app, "abc", "203.0.113.7", now - timedelta(hours=2))
    admit(app, "initech", "203.0.113.8", now)
    with working(app) as work:
        assert throttle.forget_old(work, now) == 3
    assert len(rows(app, select(Throttle.key))) == 3


def test_no_login_that_was_typed_is_kept__AUD_03(app: Flask) -> None:
    try_in(app, "my-secret-password")
    assert "my-secret" not in str(rows(app, select(Throttle.__table__)))


def test_staff_see_who_waits_and_let_them_try_again(app: Flask, new_browser: NewBrowser) -> None:
    root = new_browser()
    root.log_in(ROOT)
    page = "/admin/customers/abc/individuals/john"
    assert "None. When somebody is not let in" in root.get(page).text
    for _ in range(6):
        try_in(app, "john")
    shown = root.get(page).text
    assert "The password was wrong." in shown
    assert "Too many attempts before" in shown
    assert "from 203.0.113.7, until" in shown
    assert "John Carter" in root.get("/admin/customers/abc").text
    answer = root.post(f"{page}/self-care/attempts", page=page)
    assert answer.location == f"{page}?done=freed"
    assert "They may try again now." in root.get(answer.location).text
    assert try_in(app, "john", PASSWORD).status_code == 303
    [row] = rows(app, select(AuditEvent).where(AuditEvent.event == "throttle.freed"))
    assert (row.actor_id, row.subject_id, row.customer_id) == ("root", "john", "abc")


def test_freeing_a_login_frees_the_source_that_kept_it_out(app: Flask, new_browser: NewBrowser) -> None:
    root, now = new_browser(), clock.now()
    root.log_in(ROOT)
    for number in range(50):
        admit(app, f"guess{number}", "203.0.113.7", now)
    assert try_in(app, INITECH.login, PASSWORD).status_code == 429
    root.post("/admin/customers/initech/self-care/attempts", page="/admin/customers/initech")
    assert try_in(app, INITECH.login, PASSWORD).status_code == 303


def test_refusals_of_somebody_elses_people_are_not_shown__IDOR_01(app: Flask, new_browser: NewBrowser) -> None:
    root = new_browser()
    root.log_in(ROOT)
    try_in(app, "eve")
    assert "Eve Moreau" in root.get("/admin/customers/globex").text
    shown = root.get("/admin/customers/abc").text
    assert "Eve Moreau" not in shown
    assert (
        root.post("/admin/customers/abc/individuals/eve/self-care/attempts", page="/admin/customers").status_code == 404
    )
