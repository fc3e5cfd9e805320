"""A forgotten password: the same answer for everybody, a link that is good once, and nobody in by it."""

import statistics
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from flask import Flask
from sqlalchemy import select, update

from gateway import clock
from gateway.audit.models import AuditEvent
from gateway.identity import resets
from gateway.identity.link_models import PasswordReset, ResetRequest
from gateway.identity.models import CustomerStatus, Identity, Realm, SecondFactor
from gateway.tokens import Tokens
from tests.cast import ABC, JOHN, PASSWORD, ROOT, Member
from tests.house import Browser, change, counting, house_of, rows, value, working
from tests.post import Sink, answered, letters, link_in, listening, outbox, send, text_of
from tests.test_login import masked

NewBrowser = Callable[[], Browser]
NEW = "seldom read almanacs 41"
CHOSEN = {"password": NEW, "confirm": NEW}
ASK = "/login/forgotten"


def ask(browser: Browser, login: str, page: str = ASK) -> Any:
    """Say that the password of a login was forgotten."""
    return browser.post(page, {"login": login})


def link_for(app: Flask, browser: Browser, member: Member = JOHN) -> str:
    """Have a link sent and return its path."""
    assert ask(browser, member.login, f"{member.log_in_at}/forgotten").status_code == 303
    assert answered(app) == 1
    return link_in(text_of(app, outbox(app)[-1]))


def test_a_forgotten_password_is_chosen_anew_by_the_link_and_then_one_logs_in__PWD_07(
    app: Flask, new_browser: NewBrowser
) -> None:
    here, there = new_browser(), new_browser()
    there.log_in(JOHN)
    change(app, "john", last_login_at=None)
    link = link_for(app, here)
    (mail,) = outbox(app)
    assert mail.address == "john@example.com"
    page = here.get(link)
    assert page.status_code == 200
    assert "At least 15 characters" in page.text
    assert here.get(link).status_code == 200
    done = here.post(link, CHOSEN)
    assert (done.status_code, done.location) == (303, "/login?done=password-reset")
    assert here.get("/").status_code == 303
    assert there.get("/").status_code == 303
    assert here.log_in(JOHN, NEW).location == "/"
    assert letters(app, "john")[:2] == ["password-reset", "password-changed"]


def test_an_administrators_link_is_of_their_own_realm__PWD_07__LOG_01(app: Flask, new_browser: NewBrowser) -> None:
    browser = new_browser()
    link = link_for(app, browser, ROOT)
    assert link.startswith("/admin/login/reset/")
    assert browser.get(link.removeprefix("/admin")).status_code == 410
    assert browser.post(link, CHOSEN).location == "/admin/login?done=password-reset"
    assert browser.log_in(ROOT, NEW).status_code == 303


def test_an_e_mail_address_does_as_well_as_a_login(app: Flask, new_browser: NewBrowser) -> None:
    change(app, "adam", email="both@example.com", email_key="both@example.com")
    change(app, "mark", email="Both@example.com", email_key="both@example.com")
    ask(new_browser(), " Both@Example.com ")
    assert answered(app) == 2
    assert {mail.identity_id for mail in outbox(app)} == {"adam", "mark"}


@pytest.mark.parametrize("how", ["used", "newer", "log-in", "changed by owner", "given by staff", "another address"])
def test_a_link_dies_of_use_of_a_newer_one_of_a_log_in_and_of_a_change__PWD_07(
    app: Flask, new_browser: NewBrowser, how: str
) -> None:
    browser, other = new_browser(), new_browser()
    link = link_for(app, browser)
    if how == "used":
        assert browser.post(link, CHOSEN).status_code == 303
    elif how == "newer":
        with time_machine.travel(clock.now() + timedelta(minutes=3), tick=True):
            assert link_for(app, other) != link
    elif how == "another address":
        change(app, "john", email="other@example.com")
    elif how == "given by staff":
        other.log_in(ROOT)
        path = "/admin/customers/abc/individuals/john"
        assert other.post(f"{path}/password", page=path).status_code == 200
    else:
        other.log_in(JOHN)
        if how == "changed by owner":
            change(app, "john", last_login_at=None)
            page = "/portals/self-care/security"
            assert other.post(page, {"current": PASSWORD, **CHOSEN}).status_code == 303
    assert browser.get(link).status_code == 410
    assert browser.post(link, CHOSEN, page="/login").status_code == 410


def test_a_link_is_good_for_thirty_minutes__PWD_07(app: Flask, new_browser: NewBrowser) -> None:
    browser = new_browser()
    link = link_for(app, browser)
    for minutes, status in ((29, 200), (31, 410)):
        with time_machine.travel(clock.now() + timedelta(minutes=minutes), tick=False):
            assert browser.get(link).status_code == status


def test_of_thirty_who_use_a_link_at_once_one_wins__PWD_07(app: Flask, new_browser: NewBrowser) -> None:
    link = link_for(app, new_browser())
    with house_of(app).database.reading() as reader:
        (given,) = reader.execute(select(PasswordReset.identity_id)).one()
    secret = outbox(app)[0].given["secret"]
    assert given == "john"

    def use() -> bool:
        with working(app) as work:
            return resets.use(work, secret, "a hash", clock.now())

    with ThreadPoolExecutor(30) as pool:
        won = [future.result() for future in [pool.submit(use) for _ in range(30)]]
    assert won.count(True) == 1
    assert new_browser().get(link).status_code == 410


def test_a_bad_choice_uses_nothing_up_and_is_said_beside_its_field__PWD_07(app: Flask, new_browser: NewBrowser) -> None:
    browser = new_browser()
    link = link_for(app, browser)
    for form, message in (
        ({"password": "short", "confirm": "short"}, "Use at least 15 characters."),
        ({"password": NEW, "confirm": "x"}, "The two passwords differ."),
    ):
        answer = browser.post(link, form)
        assert answer.status_code == 422
        assert message in answer.text
        assert NEW not in answer.text
    assert browser.post(link, CHOSEN).status_code == 303


@pytest.mark.parametrize("bar", ["suspended", "blocked", "closed", "expired"])
def test_whoever_may_not_get_in_gets_no_link_and_one_sent_before_is_dead__PWD_07(
    app: Flask, new_browser: NewBrowser, bar: str
) -> None:
    browser = new_browser()
    link = link_for(app, browser)
    if bar == "suspended":
        change(app, "john", suspended=True)
    elif bar == "expired":
        change(app, "john", expires_on=clock.now().date() - timedelta(days=2))
    else:
        change(app, "abc", status=CustomerStatus(bar))
    assert browser.get(link).status_code == 410
    assert browser.post(link, CHOSEN, page="/login").status_code == 410
    with time_machine.travel(clock.now() + timedelta(minutes=3), tick=False):
        ask(browser, "john")
        assert answered(app) == 0


def test_a_second_factor_is_asked_after_a_reset_as_ever__PWD_07(app: Flask, new_browser: NewBrowser) -> None:
    change(app, "john", second_factor=SecondFactor.YES)
    browser = new_browser()
    link = link_for(app, browser)
    assert "At least 8 characters" in browser.get(link).text
    assert browser.post(link, CHOSEN).status_code == 303
    assert browser.log_in(JOHN, NEW).location == "/login/enrol?next=/"
    assert browser.get("/").status_code == 303


def test_the_link_leads_to_the_address_that_is_set_whatever_host_was_asked_for__PWD_07__RED_02(
    app: Flask, new_browser: NewBrowser
) -> None:
    browser = new_browser()
    token = browser.token(ASK)
    for name in ("Host", "X-Forwarded-Host", "Forwarded"):
        evil = "host=evil.example" if name == "Forwarded" else "evil.example"
        form = {"csrf_token": token, "login": "john"}
        answer = browser.client.post(ASK, data=form, headers={name: evil})
        assert answer.status_code == (400 if name == "Host" else 303)
    answered(app)
    for mail in outbox(app):
        assert "http://localhost/login/reset/" in text_of(app, mail)
        assert "evil" not in text_of(app, mail)


def test_somebody_is_sent_one_letter_in_two_minutes_and_five_a_day(app: Flask, new_browser: NewBrowser) -> None:
    browser = new_browser()
    start = clock.now()
    sent = []
    for minutes in (0, 1, 3, 6, 9, 12, 15, 1441):
        with time_machine.travel(start + timedelta(minutes=minutes), tick=False):
            assert ask(browser, "john").status_code == 303
            sent.append(answered(app))
    assert sent == [1, 0, 1, 1, 1, 1, 0, 1]
    refused = rows(app, select(AuditEvent.reason).where(AuditEvent.event == "reset.refused"))
    assert [row.reason for row in refused] == ["too-many-letters"] * 2


UNSENT = ("nobody", "mark", "adam", "eve", "root", "john" * 60, "j\0hn", "a@b.example", "\u202ejohn")


def test_known_and_unknown_logins_get_the_same_answer_by_the_same_statements__LOG_04(
    app: Flask, new_browser: NewBrowser
) -> None:
    change(app, "mark", suspended=True)
    change(app, "adam", email=None)
    change(app, "eve", login=None, login_key=None)
    answers, statements = [], []
    for login in ("john", *UNSENT):
        browser = new_browser()
        token = browser.token(ASK)
        with counting(app) as sent:
            answers.append(masked(browser.client.post(ASK, data={"csrf_token": token, "login": login})))
        statements.append(len(sent))
    assert answers[0][0] == 303
    assert [answer == answers[0] for answer in answers] == [True] * len(answers)
    assert set(statements[1:]) == {statements[-1]}
    assert answered(app) == 1
    assert rows(app, select(ResetRequest.id)) == []


def test_known_and_unknown_logins_take_the_same_time__LOG_04(app: Flask, new_browser: NewBrowser) -> None:
    browser = new_browser()
    token = browser.token(ASK)
    began = time.perf_counter()
    browser.post("/login", {"login": "john", "password": "wrong"})
    hash_time = time.perf_counter() - began
    taken: dict[str, list[float]] = {"john": [], "nobody": []}
    for _ in range(100):
        for login, times in taken.items():
            began = time.perf_counter()
            browser.client.post(ASK, data={"csrf_token": token, "login": login})
            times.append(time.perf_counter() - began)
    known, unknown = (statistics.median(times[10:]) for times in taken.values())
    assert abs(known - unknown) < max(0.05 * hash_time, 0.1 * unknown)


def test_the_answer_is_the_same_while_the_mail_server_is_down__LOG_04(make_app: Callable[..., Flask]) -> None:
    app = make_app(mail_url="smtp://127.0.0.1:9")
    answers = [masked(ask(Browser(app), login)) for login in ("john", "nobody")]
    assert answers[0] == answers[1]
    assert "a mail with a link is on its way" in Browser(app).get(f"{ASK}?done=link-asked").text
    assert answered(app) == 1
    send(app)
    assert outbox(app)[0].failure is not None


def test_the_whole_way_by_a_real_mail_server__PWD_07(make_app: Callable[..., Flask]) -> None:
    sink = Sink()
    with listening(sink) as port:
        app = make_app(mail_url=f"smtp://127.0.0.1:{port}")
        browser = Browser(app)
        ask(browser, "abc")
        answered(app)
        send(app)
        (letter,) = sink.letters
        assert letter["To"] == "abc@example.com"
        assert browser.post(link_in(letter.get_content()), CHOSEN).status_code == 303
        assert browser.log_in(ABC, NEW).status_code == 303


def test_a_reset_signed_for_another_purpose_or_by_another_key_is_refused__KEY_04(
    app: Flask, new_browser: NewBrowser
) -> None:
    link_for(app, new_browser())
    secret, settings = outbox(app)[0].given["secret"], house_of(app).settings
    good_for = timedelta(minutes=30)
    for signed_with in ("flask", "form", "launch", "invitation", "email-change"):
        forged = Tokens(settings.derived_keys(signed_with), resets.PURPOSE, good_for).sign(secret)
        assert new_browser().get(f"/login/reset/{forged}").status_code == 410, signed_with
        other = Tokens(settings.derived_keys(signed_with), signed_with, good_for).sign(secret)
        assert new_browser().get(f"/login/reset/{other}").status_code == 410, signed_with
    right = Tokens(settings.derived_keys(resets.PURPOSE), resets.PURPOSE, good_for).sign(secret)
    assert new_browser().get(f"/login/reset/{right}").status_code == 200
    assert new_browser().get(f"/login/invitation/{right}").status_code == 410


def test_no_text_of_the_database_is_a_link__KEY_05(app: Flask, new_browser: NewBrowser) -> None:
    link_for(app, new_browser())
    browser = new_browser()
    texts = [mail.given["secret"] for mail in outbox(app)]
    texts += [row.key.hex() for row in rows(app, select(PasswordReset.key))]
    for text in texts:
        for path in ("reset", "invitation"):
            assert browser.get(f"/login/{path}/{text}").status_code == 410
        for name in ("session", "admin"):
            browser.client.set_cookie(name, text)
        assert browser.get("/").status_code == 303
        assert browser.get("/admin/").status_code == 303


def test_what_was_typed_is_gone_once_it_was_answered_and_the_record_keeps_a_part__AUD_03(
    app: Flask, new_browser: NewBrowser
) -> None:
    ask(new_browser(), "my-secret-password")
    answered(app)
    assert rows(app, select(ResetRequest.typed)) == []
    assert "my-secret-password" not in str(rows(app, select(AuditEvent.__table__)))


def test_the_record_says_who_was_sent_a_link_and_who_used_it(app: Flask, new_browser: NewBrowser) -> None:
    browser = new_browser()
    browser.post(link_for(app, browser), CHOSEN)
    found = rows(app, select(AuditEvent.event, AuditEvent.subject_id).order_by(AuditEvent.seq))
    assert [tuple(row) for row in found] == [
        ("reset.asked", None),
        ("reset.sent", "john"),
        ("reset.used", "john"),
        ("password.changed", "john"),
    ]


def test_without_a_login_nothing_is_asked(new_browser: NewBrowser) -> None:
    answer = new_browser().post(ASK, {"login": "  "})
    assert answer.status_code == 422
    assert "Enter your login or your e-mail address." in answer.text
    assert new_browser().client.post(ASK, data={"login": "john"}).status_code == 400


def test_somebody_without_a_password_so_far_gets_one_by_a_link(app: Flask, new_browser: NewBrowser) -> None:
    with working(app) as work:
        work.execute(update(Identity).where(Identity.id == "john").values(password_hash=None))
    browser = new_browser()
    assert browser.post(link_for(app, browser), CHOSEN).status_code == 303
    assert value(app, Identity.password_hash, "john").startswith("$argon2id$")
    assert value(app, Identity.realm, "john") is Realm.SELF_CARE
