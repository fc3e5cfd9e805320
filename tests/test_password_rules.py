"""What a password has to be, at every door where one is chosen, and how it is said while it is typed."""

from collections.abc import Callable
from datetime import timedelta

import pytest
import time_machine
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import update

from gateway import clock
from gateway.identity import passwords
from gateway.identity.models import CustomerClass, SecondFactor
from gateway.identity.password_rules import Rules, offered_password, password_faults, rules_for, strength
from tests.cast import ABC, HELEN, JOHN, PASSWORD, ROOT, Member
from tests.house import Browser, change, house_of, working
from tests.post import answered, link_in, outbox, text_of

NewBrowser = Callable[[], Browser]
SECURITY = "/portals/self-care/security"
GOOD = "seldom read almanacs 41"
RULES = Rules(15).with_words("jcarter", "John Carter", "ABC Company", "Portico", "Cloud PBX", "IoT", "My access")

REFUSED = """
password1234567|passwordpassword|Password123!!!!|P@ssw0rdP@ssw0rd|letmeinletmein12|qwertyuiopasdfg|qwertyqwertyqwe
1234567890123456|111111111111111|aaaaaaaaaaaaaaaa|abcabcabcabcabc|abcdefghijklmnop|zyxwvutsrqponml|asdfghjklasdfgh
1qaz2wsx1qaz2wsx|iloveyouiloveyou|monkeymonkey1234|dragondragondrag|welcomewelcome12|administrator123|adminadminadmin1
2026202620262026|01012026010120260101|121212121212121|jcarterjcarter12|jcarter-2026-2026|my-jcarter-login|JCARTERJCARTER99
JohnCarter123456|johncarterjohncarter|carter.john.2026|J0hnC4rterJ0hnC4rter|abccompany123456|ABC-Company-2026|AbcCompanyPortico
porticoportico12|Portico-Portal-1|p0rt1c0p0rt1c0p|cloudpbxcloudpbx|CloudPBX2026!!!!|cloud-pbx-portico|iotiotiotiotiot1
porticocloudpbx2026|gateway-portal-login|welcome-to-portico|myaccessmyaccess|password-portico-1|Login1Login1Login1
portalportalportal|loginloginlogin1|!!!!!!!!!!!!!!!!
"""
SAMPLES = [sample for line in REFUSED.split() for sample in line.split("|")]


@pytest.mark.parametrize("sample", SAMPLES)
def test_a_password_that_is_guessed_or_made_of_known_words_is_refused__PWD_03(sample: str) -> None:
    assert len(sample) >= 15
    assert password_faults(sample, sample, RULES)


def test_that_is_tried_with_fifty_samples__PWD_03() -> None:
    assert len(set(SAMPLES)) >= 50


@pytest.mark.parametrize(
    "sample",
    [
        *(
            GOOD,
            "correct horse battery staple",
            "Plenty-of-letters-7",
            "zwölf Boxkämpfer jagen",
            "くじらが空を飛ぶ夢を見た夜のこと",
        ),
        *("the company that john left sings off key", " leading and trailing spaces ", "x7!Kq2#Lw9$Zr4%Tb"),
    ],
)
def test_a_good_one_is_taken_whatever_its_characters__PWD_01__PWD_02(sample: str) -> None:
    assert password_faults(sample, sample, RULES) == {}


@pytest.mark.parametrize(("shortest", "factor"), [(15, False), (8, True)])
def test_its_length_is_fifteen_and_eight_where_a_second_factor_is_in_force__PWD_01(
    app: Flask, shortest: int, factor: bool
) -> None:
    change(app, "john", second_factor=SecondFactor.YES if factor else SecondFactor.INHERIT)
    with house_of(app).database.reading() as reader:
        rules = rules_for(reader, "john", house_of(app).names)
    assert rules.shortest == shortest
    word = "k7!Qz2#Lw9$Zr4%"[:shortest]
    assert password_faults(word, word, rules) == {}
    assert "at least" in password_faults(word[:-1], word[:-1], rules)["password"][0]


@pytest.mark.parametrize("of_class", [8, 20, 64])
def test_a_class_says_its_own_length_whatever_else_is_in_force__PWD_01(app: Flask, of_class: int) -> None:
    with working(app) as work:
        work.execute(update(CustomerClass).values(password_shortest=of_class, second_factor=True))
    with house_of(app).database.reading() as reader:
        assert rules_for(reader, "john", ()).shortest == rules_for(reader, "abc", ()).shortest == of_class


def test_two_hundred_and_fifty_six_characters_count_to_the_last_and_one_more_is_too_many__PWD_02() -> None:
    long = (GOOD * 20)[:256]
    assert password_faults(long, long, RULES) == {}
    assert "at most 256" in password_faults(long + "x", long + "x", RULES)["password"][0]
    kept = passwords.hashed(long)
    assert passwords.matches(kept, long)
    assert not passwords.matches(kept, long[:-1] + "~")
    wide = "\U0001f40b" * 255 + "!"
    assert passwords.matches(passwords.hashed(wide), wide)


@given(st.text(max_size=300))
def test_whatever_is_typed_is_measured_without_an_error(text: str) -> None:
    assert strength(text, RULES).score in range(5)
    password_faults(text, text, RULES)


def test_generated_ones_obey_the_rules_all_of_them__PWD_05() -> None:
    made = {offered_password(RULES) for _ in range(300)}
    assert len(made) == 300
    assert not any(password_faults(password, password, RULES) for password in made)


def doors(app: Flask, browser: Callable[[], Browser]) -> dict[str, Callable[[str], tuple[int, str]]]:
    """Return every door where a password is chosen: each takes one and gives status and page."""
    root, abc, half, lost = browser(), browser(), browser(), browser()
    root.log_in(ROOT)
    abc.log_in(ABC)
    change(app, "adam", password_must_change=True)
    half.log_in(Member("adam", "/login"))
    lost.post("/login/forgotten", {"login": "mark"})
    answered(app)
    link = link_in(text_of(app, outbox(app)[-1]))

    def door(who: Browser, path: str, **form: str) -> Callable[[str], tuple[int, str]]:
        def choose(password: str) -> tuple[int, str]:
            answer = who.post(path, {**form, "password": password, "confirm": password})
            return answer.status_code, answer.text

        return choose

    person = {"name": "Nora New", "email": "n@x.example", "login": "noranew", "role": "itlead"}
    customer = {"name": "New Ltd", "email": "", "customer_class": "standard", "status": "active", "login": "newltd"}
    return {
        "one's own": door(abc, SECURITY, current=PASSWORD),
        "an administrator's own": door(root, "/admin/security", current=PASSWORD),
        "forced": door(half, "/login/password"),
        "reset": door(lost, link),
        "panel": door(root, "/admin/customers/abc/self-care", login="abc"),
        "individual by staff": door(root, "/admin/customers/abc/individuals/new", **person),
        "individual by the customer": door(abc, "/portals/self-care/individuals/new", **person),
        "customer": door(root, "/admin/customers/new", role="default-selfcare", **customer),
    }


def test_every_door_asks_the_same_rules_and_says_them_beside_the_field__PWD_01__PWD_03(
    app: Flask, new_browser: NewBrowser
) -> None:
    for name, choose in doors(app, new_browser).items():
        for password, message in (
            ("tooshort", "Use at least 15 characters."),
            ("porticocloudpbx2026", "Leave out your login"),
            ("qwertyuiopasdfgh", "This is too easy to guess."),
            ("x" * 257, "Use at most 256 characters."),
        ):
            status, page = choose(password)
            assert status == 422, name
            assert message in page, name
            assert "At least 15 characters; any characters count" in page, name
            assert 'autocomplete="new-password"' in page, name
            assert 'id="offered"' in page, name
            assert f'value="{password}"' not in page, name


def test_the_offered_one_is_taken_at_every_door__PWD_05(app: Flask, new_browser: NewBrowser) -> None:
    every = doors(app, new_browser)
    del every["individual by the customer"]  # by then the panel has logged the customer out
    for name, choose in every.items():
        status, page = choose("tooshort")
        offered = page.split('id="offered"')[1].split(">")[1].split("<")[0]
        assert status == 422
        assert choose(offered)[0] == 303, name


def test_the_present_password_is_asked_and_is_not_the_new_one__PWD_04(new_browser: NewBrowser) -> None:
    abc = new_browser()
    abc.log_in(ABC)
    for current, password, message in (
        ("", GOOD, "This is not your present password."),
        ("wrong", GOOD, "This is not your present password."),
        (PASSWORD, PASSWORD, "This is the old password."),
    ):
        answer = abc.post(SECURITY, {"current": current, "password": password, "confirm": password})
        assert answer.status_code == 422
        assert message in answer.text
        assert GOOD not in answer.text


def test_one_that_staff_gave_lapses_after_seventy_two_hours_also_for_administrators__PWD_05(
    app: Flask, new_browser: NewBrowser
) -> None:
    root = new_browser()
    root.log_in(ROOT)
    page = root.post("/admin/administrators/helen/reset", page="/admin/administrators/helen").text
    given = page.split('id="password">')[1].split("<")[0]
    for hours, status in ((71, 303), (73, 422)):
        with time_machine.travel(clock.now() + timedelta(hours=hours), tick=True):
            assert new_browser().log_in(HELEN, given).status_code == status


MEASURE = "/login/strength"


def test_strength_is_told_to_whoever_chooses_a_password_and_to_nobody_else(
    app: Flask, new_browser: NewBrowser, capfd: pytest.CaptureFixture[str]
) -> None:
    stranger, abc, half, lost, root = (new_browser() for _ in range(5))
    abc.log_in(ABC)
    root.log_in(ROOT)
    change(app, "adam", password_must_change=True)
    half.log_in(Member("adam", "/login"))
    lost.post("/login/forgotten", {"login": "mark"})
    answered(app)
    link = link_in(text_of(app, outbox(app)[-1]))
    canary = "canary-that-nobody-may-log-9"
    assert stranger.post(MEASURE, {"password": canary}, page="/login").status_code == 404
    assert abc.client.post(MEASURE, data={"password": canary}).status_code == 400
    for browser, path, page, form in (
        (abc, MEASURE, SECURITY, {}),
        (half, MEASURE, "/login/password", {}),
        (lost, MEASURE, link, {"token": link.rpartition("/")[2]}),
        (root, "/admin/login/strength", "/admin/security", {}),
    ):
        answer = browser.post(path, {"password": canary, **form}, page=page)
        assert answer.status_code == 200
        assert "Very good" in answer.text
        assert canary not in answer.text
        assert "Far too easy" in browser.post(path, {"password": "abcabcabcabc", **form}, page=page).text
    assert "canary" not in "".join(capfd.readouterr())


def test_strength_counts_what_stands_in_the_form_and_ones_own_name(new_browser: NewBrowser) -> None:
    root, john = new_browser(), new_browser()
    root.log_in(ROOT)
    john.log_in(JOHN)
    form = {"password": "zebulonwhitaker77", "login": "zebulonwhitaker", "name": ""}
    assert "Far too easy" in root.post("/admin/login/strength", form, page="/admin/security").text
    assert "Far too easy" in john.post(MEASURE, {"password": "JohnCarterJohn99"}, page=SECURITY).text


def test_strength_is_asked_sixty_times_a_minute_at_most(new_browser: NewBrowser) -> None:
    abc = new_browser()
    abc.log_in(ABC)
    token = abc.token(SECURITY)
    codes = [abc.client.post(MEASURE, data={"csrf_token": token, "password": "x"}).status_code for _ in range(125)]
    assert codes[:50] == [200] * 50
    assert codes[-1] == 429
    assert set(codes) == {200, 429}
