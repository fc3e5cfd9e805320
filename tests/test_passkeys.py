"""Passkeys, with an authenticator of our own: made, used, bent in every way, asked for by a class, removed."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select, update
from webauthn.helpers import bytes_to_base64url

from gateway import clock
from gateway.audit.models import AuditEvent
from gateway.identity.factor_models import Challenge, Passkey, RecoveryCode
from gateway.identity.models import CustomerClass, CustomerStatus, SecondFactor
from tests.cast import ABC, GLOBEX, HELEN, JOHN, PASSWORD, ROOT, Member
from tests.house import Browser, change, form_token, rows, working
from tests.second_factor import (
    OWN,
    Authenticator,
    add_passkey,
    ask_passkey,
    code,
    codes_in,
    enrol,
    log_in_with,
    options_in,
    set_up,
    use_passkey,
)

NewBrowser = Callable[[], Browser]
pytestmark = pytest.mark.usefixtures("in_mid_step")


@pytest.fixture
def key(new_browser: NewBrowser) -> Authenticator:
    """A security key with a passkey of abc."""
    abc, made = new_browser(), Authenticator()
    abc.log_in(ABC)
    answer = add_passkey(abc, made)
    assert answer.status_code == 200, answer.text
    assert len(codes_in(answer.text)) == 10
    return made


def log_in(browser: Browser, key: Authenticator, at: str = "/login", **bent: Any) -> Any:
    """Use a passkey instead alone."""
    return use_passkey(browser, key.use(ask_passkey(browser, at), **bent), at)


def test_a_passkey_lets_in_without_password_and_code(app: Flask, key: Authenticator, new_browser: NewBrowser) -> None:
    change(app, "abc", class_id="gold")
    abc = new_browser()
    options = ask_passkey(abc)
    assert options["rpId"] == "localhost"
    assert options["userVerification"] == "required"
    assert options["allowCredentials"] == []
    assert use_passkey(abc, key.use(options)).location == "/"
    assert abc.get("/portals/pbx/overview").status_code == 200
    (row,) = rows(app, select(Passkey.uses, Passkey.last_used_at, Passkey.name))
    assert (row.uses, row.name) == (1, "My key")
    assert row.last_used_at is not None


def test_a_passkey_alone_is_a_second_factor_where_one_is_asked(
    app: Flask, key: Authenticator, new_browser: NewBrowser
) -> None:
    assert new_browser().log_in(ABC).location == "/", "it is not asked of whoever did not ask for it"
    change(app, "abc", class_id="gold")
    abc = new_browser()
    assert abc.log_in(ABC).location == "/login/code?next=/"
    assert "Use a passkey" in abc.get("/login/code").text
    options = ask_passkey(abc, step="code")
    assert [one["id"] for one in options["allowCredentials"]] == [bytes_to_base64url(key.id)]
    assert use_passkey(abc, key.use(options), step="code").location == "/"
    assert abc.get("/").status_code == 200


def test_what_a_passkey_signed_counts_once_and_for_one_purpose_and_browser(
    app: Flask, key: Authenticator, new_browser: NewBrowser
) -> None:
    change(app, "abc", class_id="gold")
    here, there = new_browser(), new_browser()
    said = key.use(ask_passkey(here))
    ask_passkey(there)
    assert use_passkey(there, said).status_code == 422, "another browser"
    assert use_passkey(here, said).status_code == 303
    here.post("/logout", page="/portals/self-care/profile")
    assert use_passkey(here, said).status_code == 422, "a second time"
    ask_passkey(here)
    assert use_passkey(here, said).status_code == 422, "for another challenge"
    here.log_in(ABC)
    old = key.use(ask_passkey(there))
    ask_passkey(here, step="code")
    assert use_passkey(here, old, step="code").status_code == 422, "for the log-in, not for the second factor"


def test_a_challenge_is_good_for_five_minutes(app: Flask, key: Authenticator, new_browser: NewBrowser) -> None:
    abc = new_browser()
    said = key.use(ask_passkey(abc))
    with working(app) as work:
        work.execute(update(Challenge).values(expires_at=clock.now() - timedelta(seconds=1)))
    assert use_passkey(abc, said).status_code == 422


def test_of_thirty_posts_of_one_answer_at_once_one_wins(
    app: Flask, key: Authenticator, new_browser: NewBrowser
) -> None:
    abc = new_browser()
    said, token = key.use(ask_passkey(abc)), abc.token("/login")
    cookies = abc.client._cookies
    browsers = [new_browser() for _ in range(30)]
    for browser in browsers:
        browser.client._cookies = dict(cookies)

    def post(browser: Browser) -> int:
        answer = browser.client.post("/login/passkey", data={"csrf_token": token, "credential": said})
        return int(answer.status_code)

    with ThreadPoolExecutor(30) as pool:
        answers = list(pool.map(post, browsers))
    assert answers.count(303) == 1, answers
    assert set(answers) == {303, 422}


@pytest.mark.parametrize(
    "bend",
    [
        {"origin": "https://evil.example"},
        {"host": "evil.example"},
        {"flags": 0x01},
        {"flags": 0x04},
        {"id": b"0" * 16},
        {"handle": b"globex"},
        {"handle": b""},
    ],
    ids=["another origin", "another host", "user not verified", "nobody there", "unknown", "another owner", "no owner"],
)
def test_an_answer_that_is_bent_is_refused_in_one_sentence(
    app: Flask, key: Authenticator, new_browser: NewBrowser, bend: dict[str, Any]
) -> None:
    for name, bent in bend.items():
        setattr(key, name, bent)
    abc = new_browser()
    answer = log_in(abc, key)
    assert answer.status_code == 422
    assert "This passkey was not accepted, or this access is not active." in answer.text
    assert abc.get("/").status_code == 303


def test_a_count_that_does_not_grow_is_that_of_a_copy(app: Flask, key: Authenticator, new_browser: NewBrowser) -> None:
    key.count = 10
    assert log_in(new_browser(), key).status_code == 303
    key.count = 5
    assert log_in(new_browser(), key).status_code == 422


def test_a_forged_signature_and_nonsense_are_refused(app: Flask, key: Authenticator, new_browser: NewBrowser) -> None:
    other = Authenticator()
    other.id, other.handle = key.id, key.handle
    assert log_in(new_browser(), other).status_code == 422
    said = json.loads(key.use({"challenge": "AAAA"}))
    for nonsense in ("", "{}", "[]", "null", "1", "x" * 30_000, json.dumps({**said, "response": "x"}), '{"rawId": 1}'):
        abc = new_browser()
        ask_passkey(abc)
        assert use_passkey(abc, nonsense).status_code == 422, nonsense[:20]


@pytest.mark.parametrize("cause", ["suspended", "blocked", "other realm"])
def test_whoever_may_not_get_in_does_not_by_passkey_either__LOG_01__LOG_02(
    app: Flask, new_browser: NewBrowser, cause: str
) -> None:
    john, made = new_browser(), Authenticator()
    john.log_in(JOHN)
    add_passkey(john, made)
    if cause == "suspended":
        change(app, "john", suspended=True)
    if cause == "blocked":
        change(app, "abc", status=CustomerStatus.BLOCKED)
    at = "/admin/login" if cause == "other realm" else "/login"
    answer = log_in(new_browser(), made, at)
    assert answer.status_code == 422
    assert "not accepted, or this access is not active" in answer.text
    found = rows(app, select(AuditEvent.reason).where(AuditEvent.event == "login.refused"))
    wanted = {"suspended": "suspended", "blocked": "customer-blocked", "other realm": "unknown-login"}
    assert [row.reason for row in found] == [wanted[cause]]


def test_a_due_password_change_follows_a_passkey_too__LOG_06(
    app: Flask, key: Authenticator, new_browser: NewBrowser
) -> None:
    change(app, "abc", password_must_change=True)
    abc = new_browser()
    assert log_in(abc, key).location == "/login/password?next=/"
    assert abc.get("/").status_code == 303
    new = "something long and new"
    assert abc.post("/login/password", {"password": new, "confirm": new}).location == "/"


def test_an_administrator_logs_in_by_passkey(app: Flask, new_browser: NewBrowser) -> None:
    helen, made = new_browser(), Authenticator()
    helen.log_in(HELEN)
    add_passkey(helen, made, "/admin/security/second-factor")
    again = new_browser()
    assert log_in(again, made, "/admin/login").location == "/admin/"
    assert again.get("/admin/customers").status_code == 200


def test_a_passkey_is_added_only_with_password_and_code__TOTP_09(app: Flask, new_browser: NewBrowser) -> None:
    abc, made = new_browser(), Authenticator()
    abc.log_in(ABC)
    assert "data-options" not in abc.get(f"{OWN}/passkeys/new").text
    assert abc.post(f"{OWN}/passkeys/new", {"current": "wrong"}).status_code == 422
    unasked = made.make({"user": {"id": "YWJj"}, "challenge": "AAAA"})
    refused = abc.post(f"{OWN}/passkeys", {"name": "x", "credential": unasked}, page=f"{OWN}/passkeys/new")
    assert refused.status_code == 422
    app_key, _codes = set_up(abc)
    assert abc.post(f"{OWN}/passkeys/new", {"current": PASSWORD}).status_code == 422
    assert add_passkey(abc, made, code=code(app_key)).location == f"{OWN}?done=created"
    assert rows(app, select(func.count()).select_from(RecoveryCode))[0][0] == 10


def test_the_same_key_is_not_taken_twice_and_a_name_is_needed(app: Flask, new_browser: NewBrowser) -> None:
    abc, globex, made = new_browser(), new_browser(), Authenticator()
    abc.log_in(ABC)
    globex.log_in(GLOBEX)
    for name in ("", "x" * 81, "a\u202eb"):
        assert add_passkey(abc, made, name=name).status_code == 422
    add_passkey(abc, made)
    assert add_passkey(globex, made).status_code == 422
    page = abc.get(OWN)
    codes = rows(app, select(RecoveryCode.key))
    assert "My key" in page.text
    assert len(codes) == 10


def test_passkeys_are_renamed_and_removed_by_their_owner_alone(
    app: Flask, key: Authenticator, new_browser: NewBrowser
) -> None:
    abc, stranger = new_browser(), new_browser()
    abc.log_in(ABC)
    stranger.log_in(GLOBEX)
    id = rows(app, select(Passkey.id))[0].id
    for path in ("", "/remove"):
        answer = stranger.post(f"{OWN}/passkeys/{id}{path}", {"name": "Mine", "current": PASSWORD}, page=OWN)
        assert answer.status_code == 404
    assert abc.post(f"{OWN}/passkeys/{id}", {"name": "Blue key"}).location == f"{OWN}?done=saved"
    assert "Blue key" in abc.get(OWN).text
    page = f"{OWN}/passkeys/{id}"
    assert abc.post(f"{page}/remove", {"current": "wrong"}, page=page).status_code == 422
    assert abc.post(f"{page}/remove", {"current": PASSWORD}, page=page).status_code == 422, "a recovery code is asked"


def test_the_last_one_stays_where_it_is_asked_for(app: Flask, new_browser: NewBrowser) -> None:
    abc, made = new_browser(), Authenticator()
    abc.log_in(ABC)
    codes = codes_in(add_passkey(abc, made).text)
    change(app, "abc", second_factor=SecondFactor.YES)
    page = f"{OWN}/passkeys/{rows(app, select(Passkey.id))[0].id}"
    proof = {"current": PASSWORD, "code": codes[0]}
    assert abc.post(f"{page}/remove", proof, page=page).status_code == 403
    change(app, "abc", second_factor=SecondFactor.INHERIT)
    proof = {"current": PASSWORD, "code": codes[1]}
    assert abc.post(f"{page}/remove", proof, page=page).location == f"{OWN}?done=deleted"
    assert log_in(new_browser(), made).status_code == 422


@pytest.fixture
def asks_for_passkeys(app: Flask) -> None:
    """Customer abc is of a class that asks for passkeys."""
    change(app, "abc", class_id="gold")
    with working(app) as work:
        work.execute(update(CustomerClass).where(CustomerClass.id == "gold").values(passkey_required=True))


def test_a_class_may_ask_for_passkeys(app: Flask, asks_for_passkeys: None, new_browser: NewBrowser) -> None:
    abc, made = new_browser(), Authenticator()
    assert abc.log_in(ABC).location == "/login/enrol?next=/"
    page = abc.get("/login/enrol").text
    assert 'id="key"' not in page
    refused = abc.post("/login/enrol", {"name": "My key", "credential": "{}"})
    assert refused.status_code == 422
    said = made.make(options_in(refused.text))
    done = abc.post("/login/enrol", {"name": "My key", "credential": said})
    codes = codes_in(done.text)
    assert len(codes) == 10
    assert abc.get("/").status_code == 200
    again = new_browser()
    again.log_in(ABC)
    assert use_passkey(again, made.use(ask_passkey(again, step="code")), step="code").location == "/"
    assert log_in_with(new_browser(), ABC, codes[0]).location == "/"


def test_whoever_has_an_app_gives_its_code_once_more_and_then_makes_a_passkey(
    app: Flask, new_browser: NewBrowser
) -> None:
    change(app, "abc", class_id="gold")
    app_key, codes = enrol(new_browser(), ABC)
    with working(app) as work:
        work.execute(update(CustomerClass).where(CustomerClass.id == "gold").values(passkey_required=True))
    abc, made = new_browser(), Authenticator()
    assert log_in_with(abc, ABC, code(app_key)).location == "/login/enrol?next=/"
    done = abc.post("/login/enrol", {"name": "k", "credential": made.make(options_in(abc.get("/login/enrol").text))})
    assert done.location == "/"
    assert log_in_with(new_browser(), ABC, code(app_key, 1)).status_code == 422, "the app is not enough any more"
    assert log_in_with(new_browser(), ABC, codes[0]).status_code == 303


@pytest.mark.parametrize("member", [ABC, ROOT])
def test_at_an_address_of_numbers_it_says_why_there_are_none(new_browser: NewBrowser, member: Member) -> None:
    browser = new_browser()
    at, there = member.log_in_at, {"base_url": "http://127.0.0.1"}
    assert "Use a passkey instead" in browser.get(at).text
    shown = browser.get(at, **there).text
    assert "Use a passkey instead" not in shown
    form = {"csrf_token": form_token(shown), "login": member.login, "password": PASSWORD}
    assert browser.client.post(f"{at}/passkey/options", data=form, **there).status_code == 403
    assert browser.client.post(at, data=form, **there).status_code == 303
    page = "/admin/security/second-factor" if member is ROOT else OWN
    assert "open the gateway as localhost" in browser.get(page, **there).text
