"""The second factor at the log-in: enrolment, codes, caps, policy, the order of the steps."""

import itertools
import re
import shutil
import subprocess
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from flask import Flask
from sqlalchemy import select, update

from gateway import clock
from gateway.audit.models import AuditEvent
from gateway.audit.operations import Stamp
from gateway.errors import FactorRefused
from gateway.identity import passwords, second_factor, wrong_codes
from gateway.identity.factor_models import AppKey, RecoveryCode, WrongCodes
from gateway.identity.models import CustomerClass, Gateway, Identity, SecondFactor, Session
from gateway.mail.models import Mail
from tests.cast import ABC, GLOBEX, HELEN, JOHN, PASSWORD, ROOT, Member
from tests.house import Browser, change, house_of, rows, value, working
from tests.second_factor import OWN, code, codes_in, enrol, key_in, log_in_with, set_up, wrong
from tests.test_hostile import VALUES

NewBrowser = Callable[[], Browser]
pytestmark = pytest.mark.usefixtures("in_mid_step")
INSIDE = ("/", "/portals/pbx/overview", "/portals/self-care/security", "/portals/iot/devices")
STAFF_INSIDE = ("/admin/", "/admin/customers", "/admin/security", "/admin/audit")


@pytest.fixture
def gold(app: Flask) -> None:
    """Customers abc and globex are Gold: a second factor is required of them and of their individuals."""
    change(app, "abc", class_id="gold")
    change(app, "globex", class_id="gold")


def events(app: Flask, *names: str) -> list[tuple[str, str | None, str | None]]:
    """Return event, reason and subject of the rows of the record of these events."""
    found = select(AuditEvent.event, AuditEvent.reason, AuditEvent.subject_id).where(AuditEvent.event.in_(names))
    return [tuple(row) for row in rows(app, found.order_by(AuditEvent.seq))]


def is_in(browser: Browser, member: Member = ABC) -> bool:
    """Tell whether somebody is logged in."""
    return bool(browser.get("/admin/security" if "admin" in member.log_in_at else INSIDE[2]).status_code == 200)


def test_enrolment_counts_only_after_a_valid_code__TOTP_01(app: Flask, gold: None, new_browser: NewBrowser) -> None:
    abc = new_browser()
    assert abc.log_in(ABC).location == "/login/enrol?next=/"
    page = abc.get("/login/enrol")
    key = key_in(page.text)
    assert len(key) * 5 >= 160
    assert page.headers["Cache-Control"] == "no-store"
    assert "<svg" in page.text
    assert key_in(abc.get("/login/enrol").text) == key, "the key stays the same until a new log-in"
    refused = abc.post("/login/enrol", {"code": wrong(key)})
    assert refused.status_code == 422
    assert "This code is wrong." in refused.text
    assert key_in(refused.text) == key
    assert not is_in(abc)
    done = abc.post("/login/enrol", {"code": code(key)})
    assert len(codes_in(done.text)) == 10
    assert is_in(abc)
    assert abc.get("/login/enrol").location == "/login"


def test_an_abandoned_enrolment_leaves_it_off_and_its_key_is_worth_nothing__TOTP_01(
    app: Flask, gold: None, new_browser: NewBrowser
) -> None:
    abc = new_browser()
    abc.log_in(ABC)
    first = key_in(abc.get("/login/enrol").text)
    again = new_browser()
    assert "/login/enrol" in again.log_in(ABC).location, "nothing is set up yet"
    second = key_in(again.get("/login/enrol").text)
    assert first != second
    assert abc.post("/login/enrol", {"code": code(first)}, page="/login").location == "/login"
    assert again.post("/login/enrol", {"code": code(first)}).status_code == 422
    with working(app) as work:
        work.execute(update(AppKey).values(created_at=clock.now() - timedelta(hours=1)))
        second_factor.forget_old(work, clock.now())
    assert rows(app, select(AppKey.id)) == []
    assert again.post("/login/enrol", {"code": code(second)}, page="/login").location == "/login"
    assert not is_in(again)


def test_only_the_session_that_asked_for_a_key_sees_and_confirms_it__TOTP_01(
    app: Flask, new_browser: NewBrowser
) -> None:
    here, there = new_browser(), new_browser()
    here.log_in(ABC)
    there.log_in(ABC)
    here.post(f"{OWN}/app", {"current": PASSWORD})
    key = key_in(here.get(f"{OWN}/app").text)
    assert 'id="key"' not in there.get(f"{OWN}/app").text
    refused = there.post(f"{OWN}/app/confirm", {"code": code(key)}, page=f"{OWN}/app")
    assert refused.status_code == 422
    assert "took too long" in refused.text


#: What anyone may read, logged in or not.
PUBLIC = (
    "/healthz",
    "/readyz",
    "/api/openapi.json",
    "/api/docs",
    "/.well-known/openid-configuration",
    "/oidc/jwks",
    "/schemas/portal-structure.json",
)


@pytest.mark.parametrize("member", [ABC, JOHN, ROOT])
def test_forced_enrolment_opens_nothing_but_itself_and_the_log_out__TOTP_03(
    app: Flask, gold: None, new_browser: NewBrowser, member: Member
) -> None:
    with working(app) as work:
        work.execute(update(Gateway).values(admin_second_factor=True))
    browser = new_browser()
    assert "/login/enrol" in browser.log_in(member).location
    for rule in app.url_map.iter_rules():
        if "GET" not in (rule.methods or ()) or "<" in rule.rule or "login" in rule.rule:
            continue
        if rule.rule in PUBLIC or rule.rule == "/oidc/end-session":  # which only logs out
            continue
        closed = (401,) if rule.rule.startswith(("/api/v1", "/oidc/userinfo")) else (303, 400, 404)
        assert browser.get(rule.rule).status_code in closed, rule.rule
    for step in ("code", "password"):
        assert browser.get(f"{member.log_in_at}/{step}").location == member.log_in_at
    out = browser.post(member.log_in_at.replace("login", "logout"), page=f"{member.log_in_at}/enrol")
    assert out.status_code == 303
    assert browser.get(f"{member.log_in_at}/enrol").location == member.log_in_at


TRUTH = list(itertools.product((False, True), SecondFactor, SecondFactor))


@pytest.mark.parametrize(("of_class", "of_customer", "own"), TRUTH)
def test_the_nearest_say_is_in_force_and_shown__TOTP_02(
    app: Flask, new_browser: NewBrowser, of_class: bool, of_customer: SecondFactor, own: SecondFactor
) -> None:
    change(app, "abc", class_id="gold" if of_class else "standard", second_factor=of_customer)
    change(app, "john", second_factor=own)
    nearest = next((say for say in (own, of_customer) if say is not SecondFactor.INHERIT), None)
    asked = of_class if nearest is None else nearest is SecondFactor.YES
    assert ("/login/enrol" in new_browser().log_in(JOHN).location) is asked
    root = new_browser()
    root.log_in(ROOT)
    page = root.get("/admin/customers/abc/individuals/john/self-care").text
    place = "set here" if own is nearest else "from customer" if of_customer is nearest else "from class"
    assert re.search(rf"In force: {'Yes' if asked else 'No'}, {place}", page), page


def test_a_class_that_turns_it_on_asks_new_log_ins_at_once_and_open_ones_at_the_next__TOTP_02(
    app: Flask, new_browser: NewBrowser
) -> None:
    here, there = new_browser(), new_browser()
    here.log_in(ABC)
    with working(app) as work:
        work.execute(update(CustomerClass).where(CustomerClass.id == "standard").values(second_factor=True))
    assert is_in(here)
    assert "/login/enrol" in there.log_in(ABC).location


def test_one_may_be_stricter_for_oneself_and_it_holds_whatever_is_required__TOTP_02(
    app: Flask, new_browser: NewBrowser
) -> None:
    change(app, "abc", second_factor=SecondFactor.NO)
    abc, root = new_browser(), new_browser()
    abc.log_in(ABC)
    key, _codes = set_up(abc)
    assert "/login/code" in new_browser().log_in(ABC).location
    root.log_in(ROOT)
    assert "In force: Yes, their own choice" in root.get("/admin/customers/abc/self-care").text
    assert log_in_with(new_browser(), ABC, code(key)).location == "/"


@pytest.mark.parametrize(
    ("of_gateway", "own", "asked"),
    [(False, "inherit", False), (True, "inherit", True), (True, "no", False), (False, "yes", True)],
)
def test_administrators_are_asked_as_they_or_the_gateway_have_it__TOTP_02(
    app: Flask, new_browser: NewBrowser, of_gateway: bool, own: str, asked: bool
) -> None:
    with working(app) as work:
        work.execute(update(Gateway).values(admin_second_factor=of_gateway))
    change(app, "helen", second_factor=SecondFactor(own))
    helen = new_browser()
    assert ("/admin/login/enrol" in helen.log_in(HELEN).location) is asked
    if asked:
        key, _codes = enrol(helen, HELEN)
        assert is_in(helen, HELEN)
        assert log_in_with(new_browser(), HELEN, code(key)).location == "/admin/"


@pytest.mark.parametrize(("asked", "enrolled", "must_change"), list(itertools.product((False, True), repeat=3)))
def test_password_second_factor_forced_change_in_this_order_and_none_skipped__LOG_06(
    app: Flask, new_browser: NewBrowser, asked: bool, enrolled: bool, must_change: bool
) -> None:
    key = ""
    if enrolled:
        change(app, "abc", class_id="gold")
        key, _codes = enrol(new_browser(), ABC)
    change(app, "abc", class_id="gold" if asked else "standard", password_must_change=must_change)
    browser, new = new_browser(), "a brand new long password"
    steps = [*(["code" if enrolled else "enrol"] if asked else []), *(["password"] if must_change else [])]
    there = browser.log_in(ABC).location
    for step in steps:
        assert there == f"/login/{step}?next=/"
        for path in INSIDE:
            assert browser.get(path).status_code == 303
        for other in {"code", "enrol", "password"} - {step}:
            assert browser.get(f"/login/{other}").location == "/login"
            assert browser.post(f"/login/{other}", {"code": "000000"}, page="/login").location == "/login"
        form = {"password": new, "confirm": new} if step == "password" else {"code": ""}
        if step == "enrol":
            key = key_in(browser.get("/login/enrol").text)
        if step != "password":
            form = {"code": code(key, 0 if enrolled else -1)}
        answer = browser.post(there, form)
        found = re.search(r'class="btn pri" href="([^"]+)"', answer.text)
        there = found[1] if found else answer.location
    assert there == "/"
    assert all(browser.get(path).status_code == 200 for path in INSIDE)


def test_an_empty_code_skips_no_step__LOG_06(app: Flask, gold: None, new_browser: NewBrowser) -> None:
    enrol(new_browser(), ABC)
    browser = new_browser()
    browser.log_in(ABC)
    for form in ({}, {"code": ""}, {"code": "      "}, {"code": "0" * 5000}):
        assert browser.post("/login/code", form).status_code in (422, 429)
    assert not is_in(browser)


def test_a_password_alone_is_worth_nothing_after_five_minutes__LOG_06(
    app: Flask, gold: None, new_browser: NewBrowser
) -> None:
    key, _codes = enrol(new_browser(), ABC)
    browser = new_browser()
    browser.log_in(ABC)
    token = browser.token("/login/code")
    with working(app) as work:
        work.execute(update(Session).values(started_at=clock.now() - timedelta(minutes=6)))
    answer = browser.client.post("/login/code", data={"csrf_token": token, "code": code(key)})
    assert answer.location == "/login"


def test_a_code_belongs_to_whoever_gave_the_password__LOG_05(app: Flask, gold: None, new_browser: NewBrowser) -> None:
    enrol(new_browser(), ABC)
    globex, _codes = enrol(new_browser(), GLOBEX)
    browser = new_browser()
    browser.log_in(ABC)
    answer = browser.post("/login/code", {"code": code(globex), "login": "globex", "identity_id": "globex"})
    assert answer.status_code == 422
    assert not is_in(browser)


def test_a_code_is_accepted_once_over_all_uses_and_none_before_it__TOTP_04(
    app: Flask, gold: None, new_browser: NewBrowser
) -> None:
    with time_machine.travel(datetime(2027, 3, 1, 12, 0, 10, tzinfo=UTC), tick=False) as traveller:
        abc = new_browser()
        key, _codes = enrol(abc, ABC, steps=0)
        used = code(key)
        refused = log_in_with(new_browser(), ABC, used)
        assert refused.status_code == 422
        assert "used already" in refused.text
        traveller.shift(30)
        before, present = code(key, -1), code(key)
        assert log_in_with(new_browser(), ABC, present).status_code == 303
        assert log_in_with(new_browser(), ABC, before).status_code == 422
        step_up = abc.post(f"{OWN}/recovery-codes", {"current": PASSWORD, "code": present})
        assert step_up.status_code == 422
        assert "used already" in step_up.text


def test_full_width_and_spaced_forms_of_a_code_are_refused_and_it_still_counts_plain__TOTP_04(
    app: Flask, gold: None, new_browser: NewBrowser
) -> None:
    key, _codes = enrol(new_browser(), ABC)
    plain = code(key)
    full_width = "".join(chr(ord(digit) + 0xFEE0) for digit in plain)
    for text in (full_width, f"{plain[:3]} {plain[3:]}", f" {plain}", f"{plain}\n"):
        assert log_in_with(new_browser(), ABC, text).status_code == 422
    assert log_in_with(new_browser(), ABC, plain).status_code == 303


def test_of_thirty_posts_of_one_code_at_once_one_wins__TOTP_04(app: Flask, gold: None, new_browser: NewBrowser) -> None:
    key, _codes = enrol(new_browser(), ABC)
    browsers = [new_browser() for _ in range(30)]
    tokens = []
    for browser in browsers:
        browser.log_in(ABC)
        tokens.append(browser.token("/login/code"))
    text = code(key)

    def post(place: int) -> int:
        form = {"csrf_token": tokens[place], "code": text}
        return int(browsers[place].client.post("/login/code", data=form).status_code)

    with ThreadPoolExecutor(30) as pool:
        answers = list(pool.map(post, range(30)))
    assert answers.count(303) == 1, answers
    assert set(answers) <= {303, 422, 429}
    (counted,) = rows(app, select(WrongCodes.moments))
    assert len(counted.moments) == answers.count(422)
    assert sum(is_in(browser) for browser in browsers) == 1


@pytest.mark.skipif(shutil.which("oathtool") is None, reason="oathtool is not installed")
def test_an_independent_judge_is_accepted_one_step_around_now__TOTP_05(
    app: Flask, gold: None, new_browser: NewBrowser
) -> None:
    key, _codes = enrol(new_browser(), ABC)
    moment = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=1)
    with time_machine.travel(moment, tick=False):
        for steps, accepted in ((-2, False), (2, False), (-1, True), (0, True), (1, True)):
            at = (moment + timedelta(seconds=30 * steps)).strftime("%Y-%m-%d %H:%M:%S UTC")
            run = subprocess.run(
                ["oathtool", "--totp", "-b", "--now", at, key], capture_output=True, text=True, check=True
            )
            answer = log_in_with(new_browser(), ABC, run.stdout.strip())
            assert (answer.status_code == 303) is accepted, steps


def test_a_code_of_another_time_is_told_from_a_wrong_one__TOTP_05(
    app: Flask, gold: None, new_browser: NewBrowser
) -> None:
    key, _codes = enrol(new_browser(), ABC)
    for steps, sentence in ((-6, "clock"), (9, "clock"), (60, "This code is wrong.")):
        answer = log_in_with(new_browser(), ABC, code(key, steps))
        assert answer.status_code == 422
        assert sentence in answer.text, steps


def test_five_wrong_codes_and_one_waits_ever_longer_in_every_session__TOTP_06__RATE_05(
    app: Flask, gold: None, new_browser: NewBrowser, make_app: Callable[[], Flask]
) -> None:
    with time_machine.travel(datetime(2027, 3, 1, 12, 0, 10, tzinfo=UTC), tick=False) as traveller:
        abc = new_browser()
        key, codes = enrol(abc, ABC)
        traveller.shift(60)
        for attempt in range(5):
            at_log_in = attempt % 2
            if at_log_in:
                assert log_in_with(new_browser(), ABC, wrong(key)).status_code == 422
            else:
                form = {"current": PASSWORD, "code": wrong(key)}
                assert abc.post(f"{OWN}/recovery-codes", form).status_code == 422
        for again in (code(key), codes[0]):
            answer = log_in_with(new_browser(), ABC, again)
            assert (answer.status_code, answer.headers["Retry-After"]) == (429, "30")
        step_up = abc.post(f"{OWN}/off", {"current": PASSWORD, "code": code(key)})
        assert (step_up.status_code, step_up.headers["Retry-After"]) == (429, "30")
        assert log_in_with(Browser(make_app()), ABC, code(key)).status_code == 429, "another process counts alike"
        traveller.shift(31)
        assert log_in_with(new_browser(), ABC, wrong(key)).status_code == 422
        longer = log_in_with(new_browser(), ABC, code(key))
        assert longer.headers["Retry-After"] == "60"
        traveller.shift(61)
        assert log_in_with(new_browser(), ABC, code(key)).status_code == 303
        assert log_in_with(new_browser(), ABC, wrong(key)).status_code == 422
        still = log_in_with(new_browser(), ABC, wrong(key))
        assert still.status_code == 429, "a right code takes back nothing"
        traveller.shift(3600)
        for _ in range(4):
            assert log_in_with(new_browser(), ABC, wrong(key)).status_code == 422
        assert log_in_with(new_browser(), ABC, code(key)).status_code == 303


def test_a_hundred_wrong_codes_lock_the_factor_until_it_is_reset__TOTP_06(
    app: Flask, gold: None, new_browser: NewBrowser
) -> None:
    with time_machine.travel(datetime(2027, 3, 1, 12, 0, 10, tzinfo=UTC), tick=False) as traveller:
        key, codes = enrol(new_browser(), ABC)
        for attempt in range(100):
            traveller.shift(3600)
            if attempt % 11 == 0:
                assert log_in_with(new_browser(), ABC, wrong(key)).status_code == 422
                continue
            with working(app) as work:
                wrong_codes.count(work, "abc", clock.now())
        for right in (code(key), codes[0]):
            answer = log_in_with(new_browser(), ABC, right)
            assert answer.status_code == 429
            assert "none counts any more" in answer.text
        traveller.shift(40 * 24 * 3600)
        assert log_in_with(new_browser(), ABC, code(key)).status_code == 429, "time alone does not free it"
        assert ("factor.locked", None, "abc") in events(app, "factor.locked")
        helen = new_browser()
        helen.log_in(HELEN)
        assert (
            helen.post("/admin/customers/abc/self-care/second-factor/reset", page="/admin/customers").status_code == 303
        )
        enrol(new_browser(), ABC)


def test_ninety_nine_wrong_codes_that_are_a_month_old_count_no_more__TOTP_06(app: Flask) -> None:
    old = clock.now() - timedelta(days=31)
    with working(app) as work:
        work.add(WrongCodes(identity_id="abc", moments=[old.timestamp()] * 99))
    with working(app) as work:
        assert wrong_codes.count(work, "abc", clock.now()) is False
    assert len(rows(app, select(WrongCodes.moments))[0].moments) == 1


def test_four_wrong_codes_a_pause_and_four_more_cost_no_wait__TOTP_06() -> None:
    four = [0.0, 1.0, 2.0, 3.0]
    assert wrong_codes.usable_from(four) == 3.0
    assert wrong_codes.usable_from([*four, 4.0]) == 34.0
    assert wrong_codes.usable_from([*four, *(moment + 16 * 60 for moment in four)]) == 16 * 60 + 3
    growing = [0.0] * 4
    waits = []
    for _ in range(8):
        growing.append(wrong_codes.usable_from(growing))
        waits.append(wrong_codes.usable_from(growing) - growing[-1])
    assert waits == [30, 60, 120, 240, 480, 900, 900, 900]


def test_fifty_wrong_codes_at_once_are_all_counted_or_refused_unseen__RATE_05(
    app: Flask, gold: None, new_browser: NewBrowser
) -> None:
    key, _codes = enrol(new_browser(), ABC)
    vault, text = house_of(app).vault, wrong(key)

    def attempt(_number: int) -> str:
        house = house_of(app)
        with house.database.writing() as work:
            try:
                second_factor.check(house.stamped(work, Stamp()), vault, "abc", text, clock.now())
            except FactorRefused as refused:
                work.commit()
                return refused.cause
        return "accepted"

    with ThreadPoolExecutor(10) as pool:
        causes = list(pool.map(attempt, range(50)))
    assert (causes.count("wrong"), causes.count("wait")) == (5, 45)
    assert len(rows(app, select(WrongCodes.moments))[0].moments) == 5


def test_recovery_codes_are_ten_and_work_once_each__TOTP_07(app: Flask, gold: None, new_browser: NewBrowser) -> None:
    _key, codes = enrol(new_browser(), ABC)
    assert len(set(codes)) == 10
    assert all(re.fullmatch(r"[a-z0-9]{4}(-[a-z0-9]{4}){3}", text) for text in codes)
    assert log_in_with(new_browser(), ABC, codes[0]).status_code == 303
    refused = log_in_with(new_browser(), ABC, codes[0])
    assert refused.status_code == 422
    for spelled in (codes[1].upper(), codes[1].replace("-", ""), f" {codes[1]}", codes[1].replace("-", " ")):
        assert log_in_with(new_browser(), ABC, spelled).status_code in (422, 429)
    assert {row.letter for row in rows(app, select(Mail.letter))} == {"factor-changed"}
    assert "code-used" in {row.given["what"] for row in rows(app, select(Mail.given))}
    kept = {bytes(row.key) for row in rows(app, select(RecoveryCode.key))}
    assert not any(text.encode() in kept for text in codes)


def test_of_thirty_posts_of_one_recovery_code_at_once_one_wins__TOTP_07(
    app: Flask, gold: None, new_browser: NewBrowser
) -> None:
    _key, codes = enrol(new_browser(), ABC)
    browsers = [new_browser() for _ in range(30)]
    tokens = []
    for browser in browsers:
        browser.log_in(ABC)
        tokens.append(browser.token("/login/code"))

    def post(place: int) -> int:
        form = {"csrf_token": tokens[place], "code": codes[3]}
        return int(browsers[place].client.post("/login/code", data=form).status_code)

    with ThreadPoolExecutor(30) as pool:
        answers = list(pool.map(post, range(30)))
    assert answers.count(303) == 1, answers


def test_new_recovery_codes_kill_the_old_ones_and_ask_for_password_and_code__TOTP_07(
    app: Flask, gold: None, new_browser: NewBrowser
) -> None:
    abc = new_browser()
    key, old = enrol(abc, ABC)
    for form in ({"current": "wrong", "code": code(key)}, {"current": PASSWORD}, {"current": PASSWORD, "code": "1"}):
        assert abc.post(f"{OWN}/recovery-codes", form).status_code == 422
    done = abc.post(f"{OWN}/recovery-codes", {"current": PASSWORD, "code": code(key)})
    new = codes_in(done.text)
    assert len(new) == 10
    assert not set(new) & set(old)
    assert log_in_with(new_browser(), ABC, old[0]).status_code == 422
    assert log_in_with(new_browser(), ABC, new[0]).status_code == 303
    assert "9 left" in abc.get(OWN).text


def test_to_turn_it_off_or_take_another_phone_one_gives_password_and_code__TOTP_09(
    app: Flask, new_browser: NewBrowser
) -> None:
    abc, other = new_browser(), new_browser()
    abc.log_in(ABC)
    other.log_in(ABC)
    old, _codes = set_up(abc)
    assert not is_in(other), "other sessions ended with the change"
    for path in ("app", "off"):
        for form in ({}, {"current": PASSWORD}, {"current": "wrong", "code": code(old)}):
            assert abc.post(f"{OWN}/{path}", form).status_code == 422
    assert "/login/code" in new_browser().log_in(ABC).location, "still on"
    assert abc.post(f"{OWN}/app", {"current": PASSWORD, "code": code(old)}).status_code == 303
    new = key_in(abc.get(f"{OWN}/app").text)
    assert new != old
    assert log_in_with(new_browser(), ABC, code(old, 1)).status_code == 303, "the old one works until then"
    assert abc.post(f"{OWN}/app/confirm", {"code": code(new, -1)}, page=f"{OWN}/app").status_code == 200
    assert log_in_with(new_browser(), ABC, code(old, 1)).status_code == 422
    assert abc.post(f"{OWN}/off", {"current": PASSWORD, "code": code(new)}).location == f"{OWN}?done=factor-off"
    assert new_browser().log_in(ABC).location == "/"


def test_what_is_required_cannot_be_turned_off__TOTP_09(app: Flask, gold: None, new_browser: NewBrowser) -> None:
    abc = new_browser()
    key, _codes = enrol(abc, ABC)
    assert "It is required of you" in abc.get(OWN).text
    refused = abc.post(f"{OWN}/off", {"current": PASSWORD, "code": code(key)})
    assert refused.status_code == 403
    assert "/login/code" in new_browser().log_in(ABC).location


def test_a_password_that_staff_reset_neither_disables_nor_skips_it__TOTP_09(
    app: Flask, gold: None, new_browser: NewBrowser
) -> None:
    key, _codes = enrol(new_browser(), ABC)
    root = new_browser()
    root.log_in(ROOT)
    page = "/admin/customers/abc/self-care"
    row = rows(app, select(Identity.version).where(Identity.id == "abc"))[0]
    new, newer = "A-temporary-one-23", "something long and mine"
    form = {"password": new, "password_must_change": "y", "login": "abc", "role": "owner", "version": row.version}
    assert root.post(page, form).status_code == 303
    abc = new_browser()
    assert abc.log_in(ABC, new).location == "/login/code?next=/"
    assert abc.get("/login/password").location == "/login"
    assert abc.post("/login/code", {"code": code(key)}).location == "/login/password?next=/"
    assert abc.post("/login/password", {"password": newer, "confirm": newer}).location == "/"
    assert is_in(abc)


def test_what_is_set_up_and_not_asked_can_be_turned_on(app: Flask, gold: None, new_browser: NewBrowser) -> None:
    abc = new_browser()
    key, _codes = enrol(abc, ABC)
    change(app, "abc", class_id="standard")
    assert new_browser().log_in(ABC).location == "/"
    assert "Ask me for it" in abc.get(OWN).text
    assert abc.post(f"{OWN}/on", {"current": PASSWORD, "code": code(key)}).location == f"{OWN}?done=factor-on"
    assert "/login/code" in new_browser().log_in(ABC).location


def test_where_nothing_is_set_up_there_is_nothing_to_turn_on(app: Flask, new_browser: NewBrowser) -> None:
    abc = new_browser()
    abc.log_in(ABC)
    assert abc.post(f"{OWN}/on", {"current": PASSWORD}).status_code == 422
    assert value(app, Identity.second_factor_chosen, "abc") is False


def test_a_weak_hash_is_renewed_although_a_second_factor_follows__PWD_06(
    app: Flask, gold: None, new_browser: NewBrowser, monkeypatch: pytest.MonkeyPatch
) -> None:
    enrol(new_browser(), ABC)
    before = value(app, Identity.password_hash, "abc")
    monkeypatch.setattr(passwords, "outdated", lambda _hash: True)
    new_browser().log_in(ABC)
    assert value(app, Identity.password_hash, "abc") != before


def test_nothing_of_it_stands_on_the_record_or_in_a_letter__AUD_03(
    app: Flask, gold: None, new_browser: NewBrowser
) -> None:
    key, codes = enrol(new_browser(), ABC)
    shown = code(key)
    log_in_with(new_browser(), ABC, shown)
    log_in_with(new_browser(), ABC, codes[0])
    kept: list[Any] = [*rows(app, select(AuditEvent.__table__)), *rows(app, select(Mail.__table__))]
    assert not any(text in str(kept) for text in (key, *codes))


def test_a_customers_visit_shows_its_pages_and_changes_nothing__TOTP_09(app: Flask, new_browser: NewBrowser) -> None:
    abc, root = new_browser(), new_browser()
    abc.log_in(ABC)
    abc.post(f"{OWN}/app", {"current": PASSWORD})
    root.log_in(ROOT)
    landed = root.open("abc", "self-care")
    visit = "/".join(landed.split("/")[:3])
    for page in ("", "/app", "/recovery-codes", "/off", "/passkeys/new"):
        shown = root.get(f"{visit}{OWN}{page}")
        assert shown.status_code == 200
        assert 'id="key"' not in shown.text
        assert "data-options" not in shown.text
    for page in ("/app", "/app/confirm", "/recovery-codes", "/on", "/off", "/passkeys/new", "/passkeys"):
        refused = root.post(f"{visit}{OWN}{page}", {"current": PASSWORD}, page=landed)
        assert refused.headers["X-Error-Code"] == "impersonation_forbidden", page


@pytest.mark.parametrize("kind", VALUES)
def test_no_value_breaks_a_step_of_the_log_in__INP_02(
    app: Flask, gold: None, new_browser: NewBrowser, kind: str
) -> None:
    enrol(new_browser(), ABC)
    for member, step in ((ABC, "code"), (JOHN, "enrol")):
        browser, text = new_browser(), VALUES[kind].encode("utf-8", "surrogatepass").decode("utf-8", "replace")
        browser.log_in(member)
        for name in ("code", "remember", "next", "with", "credential", "name"):
            answer = browser.post(f"/login/{step}", {name: text})
            assert answer.status_code in (422, 429), name
            assert "<script>alert" not in answer.text
        assert browser.get(f"/login/{step}", query_string={"next": text, "with": text}).status_code in (200, 422)


def test_what_happened_is_told_in_a_letter__LOG_09(app: Flask, gold: None, new_browser: NewBrowser) -> None:
    key, _codes = enrol(new_browser(), ABC)
    with working(app) as work:
        second_factor.turn_on(work, "abc", clock.now())
        second_factor.renew_codes(work, "abc", clock.now())
    root = new_browser()
    root.log_in(ROOT)
    text = root.get("/admin/mail").text
    for sentence in ("app was set up", "was turned on", "New recovery codes were made"):
        assert sentence in text
    assert key not in text


def test_one_goes_on_to_where_one_was_going_through_every_step__RED_01(
    app: Flask, gold: None, new_browser: NewBrowser
) -> None:
    key, _codes = enrol(new_browser(), ABC)
    change(app, "abc", password_must_change=True)
    there, abc = "/portals/pbx/calls?since=2026-01-01&number=1", new_browser()
    answer = abc.post("/login", {"login": "abc", "password": PASSWORD, "next": there})
    action = re.search(r'action="(/login/code[^"]+)"', abc.get(answer.location).text)
    assert action
    answer = abc.post(action[1].replace("&amp;", "&"), {"code": code(key)}, page=answer.location)
    new = "something long and mine"
    action = re.search(r'action="(/login/password[^"]+)"', abc.get(answer.location).text)
    assert action
    answer = abc.post(action[1], {"password": new, "confirm": new}, page=answer.location)
    assert answer.location == there
