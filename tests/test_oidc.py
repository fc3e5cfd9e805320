"""Portals elsewhere: who is let in, what their servers get for a code, and what nobody gets."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from html import unescape
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

import pytest
import time_machine
from flask import Flask
from sqlalchemy import select, update

from gateway import clock
from gateway.access.models import Role
from gateway.access.operations import set_portal_enabled, set_portal_view
from gateway.audit.models import AuditEvent
from gateway.identity.models import ExternalSession, LogoutNotice, Session
from gateway.oidc import protocol
from tests.cast import ABC, ADAM, HELEN, JOHN, MARK, PASSWORD, ROOT
from tests.elsewhere import ISSUER, Elsewhere, register
from tests.house import Browser, change, form_token, rows, visit_of, working

NewBrowser = Callable[[], Browser]


@pytest.fixture
def tickets(app: Flask) -> Elsewhere:
    """A portal elsewhere with a secret."""
    return register(app)


@pytest.fixture
def john(new_browser: NewBrowser) -> Browser:
    """John, logged in."""
    found = new_browser()
    found.log_in(JOHN)
    return found


def events(app: Flask, event: str) -> list[Any]:
    """Return the rows of an event."""
    return rows(app, select(AuditEvent.__table__).where(AuditEvent.event == event))


def test_somebody_who_is_logged_in_is_let_in_and_the_portal_learns_who_and_what_they_may(
    tickets: Elsewhere, john: Browser
) -> None:
    tokens = tickets.enter(john)
    said = tickets.read(tokens)
    assert said["sub"] == "john"
    assert said["nonce"] == tickets.nonce
    assert said["customer"] == {"id": "abc", "name": "ABC Company", "status": "active"}
    assert said["individual"] == {"id": "john", "name": "John Carter"}
    assert said["role"] == {"id": "itlead", "name": "itlead"}
    assert (said["mode"], said["view_only"], "act" in said) == ("assigned", False, False)
    assert said["levels"] == {
        "tickets": "full",
        "tickets.open": "full",
        "tickets.closed": "full",
        "reports": "view",
        "settings": "forbidden",
    }
    assert (said["locale"], said["zoneinfo"]) == ("en", "UTC")
    assert said["formats"]["output_date"] == "YYYY-MM-DD"
    assert said["amr"] == ["pwd"]
    assert said["exp"] - said["iat"] == 300
    assert (tokens["token_type"], tokens["expires_in"]) == ("Bearer", 60)
    info = tickets.userinfo(tokens["access_token"]).json
    assert {name: said[name] for name in info} == info
    assert tokens["access_token"] not in str(events(tickets.app, "external.entered"))


def test_a_stranger_logs_in_first_and_goes_on_by_a_page_that_moves_by_itself(
    tickets: Elsewhere, new_browser: NewBrowser
) -> None:
    stranger = new_browser()
    answer = stranger.get(tickets.request(login_hint="john"))
    assert answer.status_code == 303
    assert answer.location.startswith("/login?next=/oidc/authorize%3F")
    page = stranger.get(answer.location).text
    assert 'value="john"' in page
    target = dict(parse_qsl(urlsplit(answer.location).query))["next"]
    form = {"csrf_token": form_token(page), "login": "john", "password": PASSWORD, "next": target}
    logged_in = stranger.client.post("/login", data=form)
    assert logged_in.location == target
    moving = stranger.get(target)
    assert moving.status_code == 200
    assert f'content="0; url={tickets.redirect_uri}?code=' in moving.text
    code = moving.text.split("code=")[1].split("&")[0]
    assert tickets.redeem(code).status_code == 200


def test_a_new_password_on_the_way_leads_on_to_the_portal_too(
    app: Flask, tickets: Elsewhere, new_browser: NewBrowser
) -> None:
    change(app, "john", password_must_change=True, password_set_at=clock.now())
    stranger = new_browser()
    target = dict(parse_qsl(urlsplit(stranger.get(tickets.request()).location).query))["next"]
    due = stranger.post("/login", {"login": "john", "password": PASSWORD, "next": target})
    assert due.location == f"/login/password?next={quote(target, safe='/')}"
    new = {"password": "another long enough one", "confirm": "another long enough one"}
    assert stranger.post(due.location, new).location == target


def logged_in_on_the_way(browser: Browser, asked: str, login: str = "john") -> dict[str, str]:
    """Follow a request through the log-in page and return what the portal gets in the end."""
    page = browser.get(asked).location
    target = dict(parse_qsl(urlsplit(page).query))["next"]
    form = {"login": login, "password": PASSWORD, "next": target}
    assert browser.post("/login", form, page=page).location == target
    moving = browser.get(target).text.split('content="0; url=')[1].split('"')[0]
    return dict(parse_qsl(urlsplit(unescape(moving)).query))


@pytest.mark.parametrize("state", ["+" * 1000, "/" * 1000, "=&%" * 333, "\u2028" * 300])
def test_whatever_a_portal_may_ask_survives_the_log_in(tickets: Elsewhere, new_browser: NewBrowser, state: str) -> None:
    back = logged_in_on_the_way(new_browser(), tickets.request(state=state, nonce="n" * 500, ui_locales="x" * 9000))
    assert back["state"] == state
    assert tickets.redeem(back["code"]).status_code == 200


def test_a_request_that_is_too_long_for_the_log_in_is_refused_whoever_is_there(
    tickets: Elsewhere, john: Browser, new_browser: NewBrowser
) -> None:
    rest = len(tickets.request(nonce="n").partition("?")[2]) - 1
    most = (protocol.LONGEST_REQUEST - rest) // len(quote("\u2028"))
    assert "code" in tickets.asked(john, nonce="\u2028" * most)
    assert len(new_browser().get(tickets.request(nonce="\u2028" * most)).location) < 8000
    assert "code" in logged_in_on_the_way(new_browser(), tickets.request(nonce="\u2028" * most))
    for browser in (john, new_browser()):
        assert tickets.asked(browser, nonce="\u2028" * (most + 1))["error"] == "invalid_request"


@pytest.mark.parametrize("member", [ADAM, MARK], ids=lambda member: member.login)
def test_what_the_role_does_not_open_is_not_entered__POR_04(
    tickets: Elsewhere, new_browser: NewBrowser, member: Any
) -> None:
    browser = new_browser()
    browser.log_in(member)
    if member is MARK:
        said = tickets.read(tickets.enter(browser))
        assert said["levels"]["tickets.closed"] == "forbidden"
        assert said["levels"]["tickets.open"] == "view"
        return
    assert tickets.asked(browser)["error"] == "access_denied"
    assert [row.reason for row in events(tickets.app, "external.refused")] == ["portal-not-in-role"]


def test_a_portal_that_is_switched_off_is_not_entered_and_its_tokens_die(
    app: Flask, tickets: Elsewhere, john: Browser
) -> None:
    tokens = tickets.enter(john)
    with working(app) as work:
        set_portal_enabled(work, "tickets", enabled=False)
    assert tickets.asked(john)["error"] == "temporarily_unavailable"
    assert tickets.userinfo(tokens["access_token"]).status_code == 401
    assert tickets.refresh(tokens["refresh_token"]).json["error"] == "invalid_grant"


@pytest.mark.parametrize(
    "uri",
    [
        "https://tickets.example/callback/",
        "https://tickets.example/callback?x=1",
        "https://tickets.example/callback#x",
        "https://tickets.example/Callback",
        "https://tickets.example/callback/../callback",
        "https://tickets.example:443/callback",
        "http://tickets.example/callback",
        "https://tickets.example.evil.example/callback",
        "https://evil.example/callback",
        "https://tickets.example@evil.example/callback",
        "https://tickets.example/callback\\@evil.example",
        "//tickets.example/callback",
        "javascript:alert(1)",
        "",
    ],
)
def test_a_return_address_matches_to_the_letter_or_nothing_is_passed_on__LT_08(
    tickets: Elsewhere, john: Browser, uri: str
) -> None:
    answer = john.get(tickets.request(redirect_uri=uri))
    assert answer.status_code == 400
    assert "location" not in answer.headers
    assert "evil" not in answer.text


@pytest.mark.parametrize("headers", [{"Host": "evil.example"}, {"X-Forwarded-Host": "evil.example"}])
def test_the_name_in_a_header_leads_nowhere__LT_08(tickets: Elsewhere, john: Browser, headers: dict[str, str]) -> None:
    answer = john.get(tickets.request(), headers=headers)
    assert answer.status_code == (400 if "Host" in headers else 303)
    assert "evil" not in str(answer.headers.get("Location", ""))
    said = john.get("/.well-known/openid-configuration", headers={"X-Forwarded-Host": "evil.example"}).json
    assert said["issuer"] == ISSUER


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": "code id_token"}, "unsupported_response_type"),
        ({"response_type": ""}, "unsupported_response_type"),
        ({"response_mode": "fragment"}, "invalid_request"),
        ({"scope": "profile"}, "invalid_scope"),
        ({"scope": ""}, "invalid_scope"),
        ({"code_challenge": ""}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge_method": ""}, "invalid_request"),
        ({"code_challenge": "short"}, "invalid_request"),
        ({"prompt": "none login"}, "invalid_request"),
        ({"prompt": "dance"}, "invalid_request"),
        ({"max_age": "-1"}, "invalid_request"),
        ({"max_age": "soon"}, "invalid_request"),
        ({"nonce": "n" * 501}, "invalid_request"),
        ({"request": "x.y.z"}, "request_not_supported"),
        ({"request_uri": "https://evil.example/"}, "request_uri_not_supported"),
    ],
)
def test_a_request_that_is_wrong_goes_back_to_the_portal_with_the_reason(
    tickets: Elsewhere, john: Browser, wrong: dict[str, str], error: str
) -> None:
    assert tickets.asked(john, **wrong)["error"] == error


def test_a_parameter_that_stands_twice_is_refused(tickets: Elsewhere, john: Browser) -> None:
    answer = john.get(f"{tickets.request()}&nonce=2")
    assert dict(parse_qsl(urlsplit(answer.location).query))["error"] == "invalid_request"
    assert john.get(f"{tickets.request()}&client_id=tickets").status_code == 400


def test_a_request_may_come_as_a_form(tickets: Elsewhere, john: Browser) -> None:
    path, query = tickets.request().split("?")
    answer = john.client.post(path, data=dict(parse_qsl(query)), headers={"Origin": "https://tickets.example"})
    assert answer.status_code == 303
    assert "code=" in john.get(answer.location).location


def test_looking_ahead_makes_no_code(app: Flask, tickets: Elsewhere, john: Browser) -> None:
    for header in ("Sec-Purpose", "Purpose"):
        assert john.get(tickets.request(), headers={header: "prefetch"}).status_code == 204
    assert john.client.head(tickets.request()).status_code == 204
    assert rows(app, select(ExternalSession.id)) == []


def test_prompt_none_asks_nobody_anything(tickets: Elsewhere, john: Browser, new_browser: NewBrowser) -> None:
    assert "code" in tickets.asked(john, prompt="none")
    assert tickets.asked(new_browser(), prompt="none")["error"] == "login_required"


@pytest.mark.parametrize("asked", [{"prompt": "login"}, {"max_age": "0"}, {"max_age": "100"}])
def test_a_portal_can_have_the_log_in_proven_again(
    tickets: Elsewhere, john: Browser, app: Flask, asked: dict[str, str]
) -> None:
    before = tickets.read(tickets.enter(john))["auth_time"]
    with time_machine.travel(clock.now() + timedelta(seconds=200)):
        answer = john.get(tickets.request(**asked))
        assert answer.location.startswith("/login?")
        assert john.get(answer.location).status_code == 200
        target = dict(parse_qsl(urlsplit(answer.location).query))["next"]
        form = {"login": "john", "password": PASSWORD, "next": target}
        assert john.post("/login", form, page=answer.location).location == target
        moving = john.get(target)
        said = tickets.read(tickets.redeem(moving.text.split("code=")[1].split("&")[0]).json)
        assert said["auth_time"] >= before + 199
        if asked != {"max_age": "0"}:
            assert "code" in tickets.asked(john, max_age="100")


def test_a_portal_names_by_a_hint_whom_it_expects(
    app: Flask, tickets: Elsewhere, john: Browser, new_browser: NewBrowser
) -> None:
    hint, abc = tickets.enter(john)["id_token"], new_browser()
    abc.log_in(ABC)
    assert "code" in tickets.asked(john, prompt="none", id_token_hint=hint)
    assert tickets.asked(abc, prompt="none", id_token_hint=hint)["error"] == "login_required"
    asked = tickets.request(id_token_hint=hint)
    with time_machine.travel(clock.now() + timedelta(seconds=2)):
        assert logged_in_on_the_way(abc, asked, login="abc")["error"] == "login_required"
    with time_machine.travel(clock.now() + timedelta(seconds=4)):
        back = logged_in_on_the_way(abc, asked)
    assert tickets.read(tickets.redeem(back["code"], code_verifier=tickets.verifier).json)["sub"] == "john"


def test_a_hint_that_names_nobody_asks_for_a_log_in_by_anybody(
    app: Flask, tickets: Elsewhere, john: Browser, new_browser: NewBrowser
) -> None:
    theirs = register(app, "reports").enter(john)["id_token"]
    for hint in ("e30.e30.e30", theirs):
        assert tickets.asked(john, prompt="none", id_token_hint=hint)["error"] == "login_required"
    with time_machine.travel(clock.now() + timedelta(seconds=2)):
        assert "code" in logged_in_on_the_way(john, tickets.request(id_token_hint="e30.e30.e30"), login="abc")


def test_a_hint_in_a_visit_names_who_is_visited(tickets: Elsewhere, john: Browser, new_browser: NewBrowser) -> None:
    helen = new_browser()
    helen.log_in(HELEN)
    handle = visit_of(helen.open("john", "tickets")).removeprefix("/as/")
    hint = tickets.enter(helen, login_hint=f"visit:{handle}")["id_token"]
    assert "code" in tickets.asked(helen, login_hint=f"visit:{handle}", id_token_hint=hint)
    other = visit_of(helen.open("mark", "tickets")).removeprefix("/as/")
    assert tickets.asked(helen, login_hint=f"visit:{other}", id_token_hint=hint)["error"] == "login_required"


def test_a_log_in_before_the_request_is_no_answer_to_it(tickets: Elsewhere, john: Browser) -> None:
    asked = tickets.request(prompt="login")
    target = dict(parse_qsl(urlsplit(john.get(asked).location).query))["next"]
    with time_machine.travel(clock.now() + timedelta(seconds=5)):
        again = john.get(asked)
        later = dict(parse_qsl(urlsplit(again.location).query))["next"]
        assert later != target
        assert john.get(later).location.startswith("/login?")
    assert john.get(target.replace("resume=", "resume=x")).location.startswith("/login?")


def test_the_server_of_a_portal_proves_itself_with_its_own_secret__LT_08(
    app: Flask, tickets: Elsewhere, john: Browser
) -> None:
    other = register(app, "reports")
    for basic in (True, False):
        code = tickets.code(john)
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": tickets.redirect_uri}
        form["code_verifier"] = tickets.verifier
        for secret in (other.secret, "wrong", None, ""):
            forged = Elsewhere(app, "tickets", tickets.redirect_uri, secret)
            answer = forged.token(basic=basic, **form)
            assert answer.status_code == 401
            assert answer.json["error"] == "invalid_client"
            assert answer.headers["WWW-Authenticate"].startswith("Basic")
        stolen = other.token(basic=basic, **form)
        assert (stolen.status_code, stolen.json["error"]) == (400, "invalid_grant")
        assert tickets.token(basic=basic, **form).status_code == 200
    both = tickets.token(basic=True, client_secret=str(tickets.secret), grant_type="refresh_token")
    assert both.json["error"] == "invalid_request"
    unknown = Elsewhere(app, "nobody", "", "secret").token(grant_type="refresh_token")
    assert unknown.status_code == 401
    garbled = app.test_client().post("/oidc/token", headers={"Authorization": "Basic %%%"})
    assert garbled.status_code == 401


def test_a_public_portal_has_its_verifier_and_no_secret__LT_08(app: Flask, john: Browser) -> None:
    public = register(app, "phone", public=True)
    assert public.secret is None
    code = public.code(john)
    assert public.redeem(code, code_verifier="x" * 43).json["error"] == "invalid_grant"
    pretender = Elsewhere(app, "phone", public.redirect_uri, "any", verifier=public.verifier)
    assert pretender.redeem(code).status_code == 401
    assert public.redeem(code).status_code == 200


@pytest.mark.parametrize("what", ["redirect_uri", "code_verifier", "code"])
def test_a_code_is_bound_to_its_address_and_verifier__LT_07(tickets: Elsewhere, john: Browser, what: str) -> None:
    code = tickets.code(john)
    for wrong in ("", "https://tickets.example/other", "x" * 43):
        answer = tickets.redeem(**{"code": code, what: wrong})
        assert (answer.status_code, answer.json["error"]) == (400, "invalid_grant")
    assert tickets.redeem(code).status_code == 200


def test_a_launch_and_a_code_are_good_at_one_place_of_four__LT_07(
    app: Flask, tickets: Elsewhere, john: Browser, new_browser: NewBrowser
) -> None:
    others = [register(app, slug) for slug in ("reports", "assets", "phone")]
    portals = [tickets, *others]
    for owner in portals:
        code = owner.code(john)
        for other in portals:
            if other is owner:
                continue
            other.verifier = owner.verifier
            assert other.redeem(code, redirect_uri=owner.redirect_uri).json["error"] == "invalid_grant"
            assert other.redeem(code).json["error"] == "invalid_grant"
        tokens = owner.redeem(code).json
        for other in portals:
            if other is not owner:
                assert other.refresh(tokens["refresh_token"]).json["error"] == "invalid_grant"
        for name, value in {**tokens, "code": code}.items():
            stranger = new_browser()
            for cookie in ("session", "admin", "visit-0123456789abcdef"):
                stranger.client.set_cookie(cookie, str(value))
            assert stranger.get("/portals/pbx/overview").status_code == 303, name
            assert stranger.get("/admin/customers").status_code == 303, name
        assert owner.refresh(tokens["refresh_token"]).status_code == 200


def test_a_code_that_comes_twice_revokes_what_it_gave__LT_07(app: Flask, tickets: Elsewhere, john: Browser) -> None:
    code = tickets.code(john)
    first = tickets.redeem(code).json
    assert tickets.userinfo(first["access_token"]).status_code == 200
    assert tickets.redeem(code).json["error"] == "invalid_grant"
    assert tickets.userinfo(first["access_token"]).status_code == 401
    assert tickets.refresh(first["refresh_token"]).json["error"] == "invalid_grant"
    assert [row.reason for row in events(app, "external.ended")] == ["code-replay"]
    assert len(rows(app, select(LogoutNotice.id))) == 1
    assert john.get("/portals/pbx/overview").status_code == 200


def test_of_thirty_who_bring_one_code_at_once_one_wins__LT_07(app: Flask, tickets: Elsewhere, john: Browser) -> None:
    code = tickets.code(john)
    with ThreadPoolExecutor(30) as pool:
        answers = list(pool.map(lambda _number: tickets.redeem(code), range(30)))
    won = [answer for answer in answers if answer.status_code == 200]
    assert len(won) == 1
    assert {answer.json["error"] for answer in answers if answer not in won} == {"invalid_grant"}
    assert tickets.userinfo(won[0].json["access_token"]).status_code == 401


def test_a_code_is_good_for_a_minute(tickets: Elsewhere, john: Browser) -> None:
    code = tickets.code(john)
    with time_machine.travel(clock.now() + timedelta(seconds=61)):
        assert tickets.redeem(code).json["error"] == "invalid_grant"


def test_a_refresh_token_changes_each_time_and_a_used_one_ends_the_session__SES_08(
    app: Flask, tickets: Elsewhere, john: Browser
) -> None:
    first = tickets.enter(john)
    second = tickets.refresh(first["refresh_token"]).json
    assert second["refresh_token"] != first["refresh_token"]
    said = tickets.read(second)
    assert "nonce" not in said
    assert said["sid"] == tickets.read(first)["sid"]
    assert tickets.refresh(first["refresh_token"]).json["error"] == "invalid_grant"
    assert tickets.refresh(second["refresh_token"]).json["error"] == "invalid_grant"
    assert [row.reason for row in events(app, "external.refused")] == ["refresh-replay"]


def test_of_thirty_who_refresh_at_once_one_wins(tickets: Elsewhere, john: Browser) -> None:
    token = tickets.enter(john)["refresh_token"]
    with ThreadPoolExecutor(30) as pool:
        answers = list(pool.map(lambda _number: tickets.refresh(token), range(30)))
    assert [answer.status_code for answer in answers].count(200) == 1


def test_rights_are_asked_anew_at_every_refresh(app: Flask, tickets: Elsewhere, john: Browser) -> None:
    tokens = tickets.enter(john)
    with working(app) as work:
        set_portal_view(work, "itlead", "tickets", {"reports": "full"})
    assert tickets.userinfo(tokens["access_token"]).json["levels"]["reports"] == "full"
    tokens = tickets.refresh(tokens["refresh_token"]).json
    assert tickets.read(tokens)["levels"]["tickets"] == "forbidden"
    with working(app) as work:
        set_portal_view(work, "itlead", "tickets", {})
    assert tickets.refresh(tokens["refresh_token"]).json["error"] == "invalid_grant"


@pytest.mark.parametrize("ending", ["log out", "suspended", "blocked", "role deleted", "idle", "individual deleted"])
def test_tokens_are_dead_with_the_session__SES_08(
    app: Flask, tickets: Elsewhere, john: Browser, ending: str, new_browser: NewBrowser
) -> None:
    tokens = tickets.enter(john)
    later = clock.now()
    if ending == "log out":
        answer = john.post("/logout", page="/portals/self-care/profile")
        assert answer.location == "/login?done=logged-out-elsewhere"
        assert "one that cannot be reached lets you in for a minute at most" in john.get(answer.location).text
    elif ending == "suspended":
        change(app, "john", suspended=True)
    elif ending == "blocked":
        change(app, "abc", status="blocked")
    elif ending == "role deleted":
        with working(app) as work:
            work.execute(update(Role).where(Role.id == "itlead").values(realm="admin"))
    elif ending == "individual deleted":
        abc = new_browser()
        abc.log_in(ABC)
        form = {"to": "delete", "individual": "john"}
        assert (
            abc.post("/portals/self-care/individuals/change", form, page="/portals/self-care/individuals").status_code
            == 303
        )
        assert len(rows(app, select(LogoutNotice.id))) == 1
    else:
        later += timedelta(days=2)
    with time_machine.travel(later):
        assert tickets.userinfo(tokens["access_token"]).status_code == 401
        answer = tickets.refresh(tokens["refresh_token"])
        assert (answer.status_code, answer.json["error"]) == (400, "invalid_grant")


def test_a_refresh_counts_as_use_of_the_log_in(app: Flask, tickets: Elsewhere, john: Browser) -> None:
    tokens = tickets.enter(john)
    with time_machine.travel(clock.now() + timedelta(minutes=5)):
        assert tickets.refresh(tokens["refresh_token"]).status_code == 200
        seen = rows(app, select(Session.last_seen_at).where(Session.subject_id == "john"))[0][0]
        assert clock.now() - seen < timedelta(minutes=1)


def test_nothing_that_a_portal_holds_opens_anything_but_userinfo__POR_04(
    app: Flask, tickets: Elsewhere, john: Browser
) -> None:
    other = register(app, "reports")
    tokens, theirs = tickets.enter(john), other.enter(john)
    for name in ("id_token", "refresh_token"):
        assert tickets.userinfo(tokens[name]).status_code == 401
    assert set(tickets.userinfo(tokens["access_token"]).json["levels"]) == {
        *("tickets", "tickets.open", "tickets.closed", "reports", "settings")
    }
    with working(app) as work:
        set_portal_view(work, "itlead", "reports", {"settings": "view"})
    assert tickets.userinfo(tokens["access_token"]).json["levels"]["settings"] == "forbidden"
    assert other.userinfo(theirs["access_token"]).json["levels"]["settings"] == "view"
    assert tickets.read(tokens)["sid"] != other.read(theirs)["sid"]
    client = app.test_client()
    bearer = {"Authorization": f"Bearer {tokens['access_token']}"}
    assert client.get("/portals/pbx/overview", headers=bearer).status_code == 303
    assert client.post("/oidc/userinfo", data={"access_token": tokens["access_token"]}).status_code == 401
    assert client.post("/oidc/userinfo", headers=bearer).status_code == 200
    assert client.get("/oidc/userinfo").headers["WWW-Authenticate"] == 'Bearer error="invalid_token"'


def test_an_access_token_in_the_address_is_refused_and_kept_nowhere__TOK_07(
    app: Flask, tickets: Elsewhere, john: Browser, capsys: pytest.CaptureFixture[str]
) -> None:
    token, client = tickets.enter(john)["access_token"], app.test_client()
    for name in ("access_token", "token"):
        assert client.get(f"/oidc/userinfo?{name}={token}").status_code == 401
        assert client.post(f"/oidc/userinfo?{name}={token}").status_code == 401
    said = capsys.readouterr()
    assert token not in str(rows(app, select(AuditEvent.__table__))) + said.out + said.err


def test_an_access_token_is_good_for_a_minute(tickets: Elsewhere, john: Browser) -> None:
    tokens = tickets.enter(john)
    with time_machine.travel(clock.now() + timedelta(seconds=58)):
        assert tickets.userinfo(tokens["access_token"]).status_code == 200
    with time_machine.travel(clock.now() + timedelta(seconds=61)):
        assert tickets.userinfo(tokens["access_token"]).status_code == 401
    with time_machine.travel(clock.now() - timedelta(seconds=61)):
        assert tickets.userinfo(tokens["access_token"]).status_code == 401


def test_staff_enter_with_one_click_and_the_portal_learns_who_is_really_there(
    app: Flask, tickets: Elsewhere, new_browser: NewBrowser
) -> None:
    helen = new_browser()
    helen.log_in(HELEN)
    path = helen.open("john", "tickets")
    visit = visit_of(path)
    assert path == f"{visit}/portals/tickets/"
    page = helen.get(path)
    assert page.status_code == 200
    handle = visit.removeprefix("/as/")
    url = f"https://tickets.example/start?iss=http%3A%2F%2Flocalhost&amp;login_hint=visit%3A{handle}"
    assert f'content="0; url={url}"' in page.text
    assert f'href="{url}"' in page.text
    said = tickets.read(tickets.enter(helen, login_hint=f"visit:{handle}"))
    assert (said["sub"], said["act"]["sub"], said["act"]["name"]) == ("john", "helen", "Helen Desk")
    assert (said["mode"], said["view_only"], said["role"]["id"]) == ("assigned", False, "itlead")
    row = events(app, "external.entered")[-1]
    assert (row.actor_id, row.subject_id, row.portal, row.mode) == ("helen", "john", "tickets", "assigned")


def test_a_view_only_visit_says_so_and_no_level_is_above_view(tickets: Elsewhere, new_browser: NewBrowser) -> None:
    helen = new_browser()
    helen.log_in(HELEN)
    handle = visit_of(helen.open("john", "tickets", view_only="y")).removeprefix("/as/")
    said = tickets.read(tickets.enter(helen, login_hint=f"visit:{handle}"))
    assert said["view_only"] is True
    assert set(said["levels"].values()) == {"view", "forbidden"}


def test_full_access_is_said_and_everything_is_full(tickets: Elsewhere, new_browser: NewBrowser) -> None:
    root = new_browser()
    root.log_in(ROOT)
    handle = visit_of(root.open("adam", "tickets", mode="full")).removeprefix("/as/")
    said = tickets.read(tickets.enter(root, login_hint=f"visit:{handle}"))
    assert said["mode"] == "full"
    assert set(said["levels"].values()) == {"full"}


def test_the_hint_of_a_visit_reads_its_cookie_and_no_other_log_in__IMP_03(
    tickets: Elsewhere, new_browser: NewBrowser
) -> None:
    helen, john = new_browser(), new_browser()
    helen.log_in(HELEN)
    helen.log_in(ABC)
    john.log_in(JOHN)
    handle = visit_of(helen.open("john", "tickets")).removeprefix("/as/")
    assert tickets.read(tickets.enter(helen))["sub"] == "abc"
    assert tickets.read(tickets.enter(helen, login_hint=f"visit:{handle}"))["sub"] == "john"
    for hint in (f"visit:{handle}", "visit:0123456789abcdef", "visit:", "visit:../../x"):
        assert tickets.asked(john, login_hint=hint)["error"] == "login_required"
    for asked in ({"prompt": "login"}, {"max_age": "0"}):
        with time_machine.travel(clock.now() + timedelta(seconds=2)):
            assert tickets.asked(helen, login_hint=f"visit:{handle}", **asked)["error"] == "login_required"


def test_a_second_visit_in_one_browser_ends_the_first_at_that_portal(
    app: Flask, tickets: Elsewhere, new_browser: NewBrowser
) -> None:
    other = register(app, "reports")
    helen, root = new_browser(), new_browser()
    helen.log_in(HELEN)
    root.log_in(ROOT)
    first, second = (visit_of(helen.open(name, "tickets")).removeprefix("/as/") for name in ("john", "mark"))
    beside = visit_of(root.open("john", "tickets")).removeprefix("/as/")
    john = tickets.enter(helen, login_hint=f"visit:{first}")
    elsewhere = other.enter(helen, login_hint=f"visit:{first}")
    hers = tickets.enter(root, login_hint=f"visit:{beside}")
    mark = tickets.enter(helen, login_hint=f"visit:{second}")
    assert tickets.refresh(john["refresh_token"]).json["error"] == "invalid_grant"
    for portal, tokens in ((other, elsewhere), (tickets, hers), (tickets, mark)):
        assert portal.refresh(tokens["refresh_token"]).status_code == 200
    assert helen.get(f"/as/{first}/portals/pbx/overview").status_code == 200
    told = rows(app, select(LogoutNotice.portal, LogoutNotice.sid))
    assert [tuple(row) for row in told] == [("tickets", tickets.read(john)["sid"])]


@pytest.mark.parametrize("ending", ["end", "console log-out", "actor suspended"])
def test_the_end_of_a_visit_reaches_the_portal__SES_08(
    app: Flask, tickets: Elsewhere, new_browser: NewBrowser, ending: str
) -> None:
    helen, root = new_browser(), new_browser()
    helen.log_in(HELEN)
    root.log_in(ROOT)
    path = helen.open("john", "pbx")
    tokens = tickets.enter(helen, login_hint=f"visit:{visit_of(path).removeprefix('/as/')}")
    if ending == "end":
        helen.post(f"{visit_of(path)}/end", page=path)
    elif ending == "console log-out":
        helen.post("/admin/logout", page="/admin/customers")
    else:
        root.post("/admin/administrators/helen/suspended", {"suspended": "y"}, page="/admin/administrators")
    assert tickets.refresh(tokens["refresh_token"]).json["error"] == "invalid_grant"
    notices = rows(app, select(LogoutNotice.sid, LogoutNotice.subject_id, LogoutNotice.due_at))
    assert [(row.sid, row.subject_id) for row in notices] == [(tickets.read(tokens)["sid"], "john")]


def test_logging_in_again_at_one_portal_keeps_one_session_of_it(app: Flask, tickets: Elsewhere, john: Browser) -> None:
    first, second = tickets.enter(john), tickets.enter(john)
    assert tickets.read(first)["sid"] == tickets.read(second)["sid"]
    assert len(rows(app, select(ExternalSession.id))) == 1
    assert tickets.refresh(first["refresh_token"]).status_code == 200
    assert tickets.refresh(second["refresh_token"]).status_code == 200
