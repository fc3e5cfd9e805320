"""How somebody proved who they are, as portals elsewhere are told of it: `acr` and `amr` (RFC 8176)."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import update

from gateway.identity.models import Gateway
from tests.cast import ABC, HELEN, PASSWORD
from tests.elsewhere import Elsewhere, register
from tests.house import Browser, change, visit_of, working
from tests.second_factor import (
    Authenticator,
    add_passkey,
    ask_passkey,
    code,
    enrol,
    log_in_with,
    log_out,
    set_up,
    use_passkey,
)

NewBrowser = Callable[[], Browser]
pytestmark = pytest.mark.usefixtures("in_mid_step")
ONE, TWO = "urn:portico:acr:1", "urn:portico:acr:2"
SYNCED = 0x05 | 0x08 | 0x10


@pytest.fixture
def tickets(app: Flask) -> Elsewhere:
    """A portal elsewhere."""
    return register(app)


@pytest.fixture
def abc(app: Flask, new_browser: NewBrowser) -> Browser:
    """A browser of abc, whose class asks for a second factor."""
    change(app, "abc", class_id="gold")
    return new_browser()


def told(portal: Elsewhere, browser: Browser, **more: str) -> tuple[str, list[str]]:
    """Return `acr` and `amr` as a portal is told."""
    said = portal.read(portal.enter(browser, **more))
    return said["acr"], said["amr"]


def test_a_password_alone_is_one_factor(tickets: Elsewhere, new_browser: NewBrowser) -> None:
    abc = new_browser()
    abc.log_in(ABC)
    assert told(tickets, abc) == (ONE, ["pwd"])


def test_a_code_is_a_second_factor_from_the_first_one_on(tickets: Elsewhere, abc: Browser) -> None:
    key, codes = enrol(abc, ABC)
    assert told(tickets, abc) == (TWO, ["pwd", "otp", "mfa"])
    log_in_with(log_out(abc), ABC, code(key))
    assert told(tickets, abc) == (TWO, ["pwd", "otp", "mfa"])
    log_in_with(log_out(abc), ABC, codes[0])
    assert told(tickets, abc) == (TWO, ["pwd", "otp", "mfa"])


def test_a_remembered_browser_is_no_proof(tickets: Elsewhere, abc: Browser) -> None:
    key, _codes = enrol(abc, ABC)
    log_in_with(log_out(abc), ABC, code(key), remember="y")
    assert told(tickets, abc) == (TWO, ["pwd", "otp", "mfa"])
    assert log_out(abc).log_in(ABC).location == "/"
    assert told(tickets, abc) == (ONE, ["pwd"])


def test_a_forced_change_of_the_password_keeps_the_code_that_was_right(
    app: Flask, tickets: Elsewhere, abc: Browser
) -> None:
    key, _codes = enrol(abc, ABC)
    change(app, "abc", password_must_change=True)
    assert "/login/password" in log_in_with(log_out(abc), ABC, code(key)).location
    new = {"password": "another long enough one", "confirm": "another long enough one"}
    assert abc.post("/login/password", new).location == "/"
    assert told(tickets, abc) == (TWO, ["pwd", "otp", "mfa"])


@pytest.mark.parametrize(("flags", "word"), [(0x05, "hwk"), (SYNCED, "swk")])
def test_a_passkey_is_two_factors_and_says_whether_it_may_leave_its_device(
    app: Flask, tickets: Elsewhere, new_browser: NewBrowser, flags: int, word: str
) -> None:
    abc, made = new_browser(), Authenticator(flags=flags)
    abc.log_in(ABC)
    add_passkey(abc, made)
    assert told(tickets, abc) == (ONE, ["pwd"]), "to own one is not to have logged in with it"
    use_passkey(log_out(abc), made.use(ask_passkey(abc)))
    assert told(tickets, abc) == (TWO, [word, "mfa"])
    change(app, "abc", class_id="gold")
    log_out(abc).log_in(ABC)
    use_passkey(abc, made.use(ask_passkey(abc, step="code")), step="code")
    assert told(tickets, abc) == (TWO, ["pwd", word, "mfa"])


def test_a_proof_in_the_midst_of_a_session_adds_to_it(tickets: Elsewhere, new_browser: NewBrowser) -> None:
    abc = new_browser()
    abc.log_in(ABC)
    tokens = tickets.enter(abc)
    key, _codes = set_up(abc)
    assert told(tickets, abc) == (ONE, ["pwd"]), "whoever has the session may have set it up"
    tokens = tickets.enter(abc)
    assert abc.post("/reauthenticate", {"password": PASSWORD, "code": code(key)}).status_code == 303
    fresh = tickets.read(tickets.refresh(tokens["refresh_token"]).json)
    assert (fresh["acr"], fresh["amr"]) == (TWO, ["pwd", "otp", "mfa"])
    form = {"current": PASSWORD, "password": "another long enough one", "confirm": "another long enough one"}
    assert abc.post("/portals/self-care/security", form).status_code == 303
    assert told(tickets, abc) == (TWO, ["pwd", "otp", "mfa"])


def test_a_portal_sends_people_to_prove_more_and_gets_them_back(tickets: Elsewhere, new_browser: NewBrowser) -> None:
    abc = new_browser()
    abc.log_in(ABC)
    key, _codes = set_up(abc)
    page = "/reauthenticate?next=/portals/tickets/"
    assert 'name="next"' in abc.get(page).text
    form = {"password": PASSWORD, "code": code(key), "next": "/portals/tickets/"}
    back = abc.post("/reauthenticate", form, page=page).location
    assert back.startswith("/portals/tickets/")
    assert 'content="0; url=https://tickets.example/start?iss=' in abc.get(back).text
    assert told(tickets, abc) == (TWO, ["pwd", "otp", "mfa"])


def test_in_a_visit_it_is_the_administrators_own(app: Flask, tickets: Elsewhere, new_browser: NewBrowser) -> None:
    helen = new_browser()
    helen.log_in(HELEN)

    def visit() -> dict[str, str]:
        return {"login_hint": f"visit:{visit_of(helen.open('abc', 'pbx')).removeprefix('/as/')}"}

    hint = visit()
    assert told(tickets, helen, **hint) == (ONE, ["pwd"])
    key, _codes = set_up(helen, "/admin/security/second-factor")
    form = {"password": PASSWORD, "code": code(key)}
    assert helen.post("/admin/reauthenticate", form).status_code == 303
    assert told(tickets, helen, **visit()) == (TWO, ["pwd", "otp", "mfa"])


def test_the_first_code_of_an_administrator_counts_too(app: Flask, tickets: Elsewhere, new_browser: NewBrowser) -> None:
    with working(app) as work:
        work.execute(update(Gateway).values(admin_second_factor=True, version=Gateway.version + 1))
    helen = new_browser()
    enrol(helen, HELEN)
    hint = f"visit:{visit_of(helen.open('abc', 'pbx')).removeprefix('/as/')}"
    assert told(tickets, helen, login_hint=hint) == (TWO, ["pwd", "otp", "mfa"])


def test_what_a_portal_asks_for_is_no_demand(tickets: Elsewhere, new_browser: NewBrowser) -> None:
    abc = new_browser()
    abc.log_in(ABC)
    assert told(tickets, abc, acr_values=TWO, claims='{"id_token": {"acr": {"essential": true}}}') == (ONE, ["pwd"])
    said: Any = abc.get("/.well-known/openid-configuration").json
    assert said["acr_values_supported"] == [ONE, TWO]
    assert {"acr", "amr", "auth_time"} < set(said["claims_supported"])
