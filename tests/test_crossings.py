"""Programs and portals elsewhere under the rules of the pages: attempts, trusted networks, proofs, sessions, keys."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import delete, event, select, update

from gateway import clock
from gateway.access.operations import set_portal_view
from gateway.audit.models import AuditEvent
from gateway.identity import api_tokens, elsewhere, networks, sessions
from gateway.identity.models import ExternalSession, LogoutNotice, NetworkList, Session
from gateway.identity.token_models import ApiToken
from gateway.oidc import logouts
from gateway.oidc.models import SigningKey
from tests.cast import ABC, HELEN, JOHN, PASSWORD, ROOT, Member
from tests.conftest import SECRET
from tests.elsewhere import register, rounds
from tests.house import Browser, house_of, rows, visit_of, working
from tests.programs import Program, switch_on, token_for

NewBrowser = Callable[[], Browser]
NEWER = "".join(chr(97 + n % 26) for n in range(5, 200, 11)) * 3
ELSEWHERE = {"REMOTE_ADDR": "203.0.113.7"}


def test_wrong_tokens_make_a_login_wait_at_every_door__RATE_01__RATE_05(app: Flask, new_browser: NewBrowser) -> None:
    program, token = Program(app), token_for(app, "john")
    answers = [program.open("john", api_tokens.new_token()).status_code for _ in range(6)]
    assert answers == [401] * 5 + [429]
    refused = program.open("john", token)
    assert refused.status_code == 429
    assert refused.mimetype == "application/problem+json"
    assert 0 < int(refused.headers["Retry-After"]) <= 60
    form = {"login": "john", "password": PASSWORD}
    assert new_browser().post("/login", form).status_code == 429
    assert program.open("john", token, environ_base=ELSEWHERE).status_code == 200
    found = rows(app, select(AuditEvent.details).where(AuditEvent.reason == "throttled"))
    assert [row.details["door"] for row in found] == ["api", "api", "log-in"]


def test_a_right_token_counts_as_no_attempt(app: Flask) -> None:
    program, token = Program(app), token_for(app, "root")
    assert [program.open("root", token).status_code for _ in range(7)] == [200] * 7


@pytest.mark.parametrize("whose", ["john", "abc"])
def test_a_change_of_trusted_networks_acts_at_the_next_call__TOK_07__TIP_07(app: Flask, whose: str) -> None:
    john = Program(app, "john")
    assert john.get("/self").status_code == 200
    with working(app) as work:
        networks.save(work, whose, NetworkList.PROVIDER, ["203.0.113.0/24"], None, clock.now())
    assert john.get("/self").status_code == 401
    assert john.get("/self", environ_base=ELSEWHERE).status_code == 200
    assert john.open("john", john.token).status_code == 401


def aged(app: Flask, member: Member) -> None:
    """Let it be eleven minutes since somebody proved who they are."""
    proved = clock.now() - timedelta(minutes=11)
    with working(app) as work:
        work.execute(update(Session).where(Session.subject_id == member.login).values(proved_at=proved))


SENSITIVE = {
    "a token of one's own": (ABC, "/portals/self-care/tokens", "/portals/self-care/tokens"),
    "a token of staff": (ROOT, "/admin/tokens", "/admin/tokens"),
    "a token of a customer": (ROOT, "/admin/customers/abc/tokens", "/admin/customers/abc/tokens"),
    "another portal": (ROOT, "/admin/portals/new", "/admin/portals/new"),
    "the addresses of a portal": (ROOT, "/admin/portals/tickets", "/admin/portals/tickets"),
    "another secret": (ROOT, "/admin/portals/tickets/secret", "/admin/portals/tickets"),
    "a portal that goes": (ROOT, "/admin/portals/tickets/delete", "/admin/portals/tickets/delete"),
}


@pytest.mark.parametrize("what", SENSITIVE)
def test_tokens_and_secrets_need_a_proof_of_the_last_ten_minutes__SES_11(app: Flask, what: str) -> None:
    member, path, page = SENSITIVE[what]
    register(app)
    switch_on(app, "abc", "root")
    browser = Browser(app)
    browser.log_in(member)
    form = {"name": "CRM", "level": "view", "days": "30"}
    assert browser.post(path, form, page=page).status_code != 403
    before = rows(app, select(ApiToken.id))
    aged(app, member)
    answer = browser.post(path, form, page=page)
    assert (answer.status_code, answer.headers["X-Error-Code"]) == (403, "reauth_required")
    assert rows(app, select(ApiToken.id)) == before
    assert "Confirm that it is you" in browser.get(page).text


def test_a_token_is_revoked_without_a_proof(app: Flask, new_browser: NewBrowser) -> None:
    token_for(app, "abc")
    (token,) = rows(app, select(ApiToken.id))
    abc = new_browser()
    abc.log_in(ABC)
    aged(app, ABC)
    assert abc.post(f"/portals/self-care/tokens/{token.id}/revoke", page="/portals/self-care/tokens").status_code == 303


def test_a_proof_leaves_sessions_elsewhere_as_they_are(app: Flask, new_browser: NewBrowser) -> None:
    tickets, john = register(app), new_browser()
    john.log_in(JOHN)
    held = tickets.enter(john)
    assert john.post("/reauthenticate", {"password": PASSWORD}).status_code == 303
    assert tickets.refresh(held["refresh_token"]).status_code == 200
    assert rows(app, select(LogoutNotice.id)) == []
    assert john.post("/logout").location == "/login?done=logged-out-elsewhere"
    assert len(rows(app, select(LogoutNotice.id))) == 1


@contextmanager
def meanwhile(app: Flask, do: Callable[[], Any]) -> Iterator[None]:
    """Do something between the first two statements that read."""
    engine, read = house_of(app).database.read_engine, 0

    def note(*_statement: Any) -> None:
        nonlocal read
        read += 1
        if read == 2:
            do()

    event.listen(engine, "before_cursor_execute", note)
    yield
    event.remove(engine, "before_cursor_execute", note)
    assert read > 1


def test_a_session_that_goes_on_under_a_new_id_while_the_worker_looks_is_not_over(
    app: Flask, new_browser: NewBrowser
) -> None:
    tickets, john = register(app), new_browser()
    john.log_in(JOHN)
    held = tickets.enter(john)
    with meanwhile(app, lambda: john.post("/reauthenticate", {"password": PASSWORD})):
        rounds(app)
    assert rows(app, select(LogoutNotice.id)) == []
    assert tickets.refresh(held["refresh_token"]).status_code == 200


def test_a_portal_that_asks_anew_while_the_worker_looks_keeps_its_session(app: Flask, new_browser: NewBrowser) -> None:
    tickets, john = register(app), new_browser()
    john.log_in(JOHN)
    held, house = tickets.enter(john), house_of(app)
    with working(app) as work:
        set_portal_view(work, "itlead", "tickets", {"tickets": "view"})

    def late(do: Callable[[Any], Any]) -> Any:
        held.update(tickets.refresh(held["refresh_token"]).json)
        with working(app) as work:
            return do(work)

    logouts.end_what_is_over(house.database, house.rights, late, clock.now())
    assert rows(app, select(LogoutNotice.id)) == []
    assert tickets.refresh(held["refresh_token"]).status_code == 200


def test_of_two_visits_that_enter_a_portal_at_once_one_stays(app: Flask, new_browser: NewBrowser) -> None:
    tickets, helen = register(app), new_browser()
    helen.log_in(HELEN)
    visits = [visit_of(helen.open(name, "tickets")) for name in ("john", "mark")]

    def enter(visit: str) -> None:
        tab = new_browser()
        handle = visit.removeprefix("/as/")
        tab.client.set_cookie(f"visit-{handle}", helen.client.get_cookie(f"visit-{handle}").value)
        assert "code=" in tab.get(tickets.request(login_hint=f"visit:{handle}")).location

    for _ in range(6):
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(enter, visits))
        assert len(rows(app, select(ExternalSession.id).where(ExternalSession.ended_at.is_(None)))) == 1
        with working(app) as work:
            work.execute(delete(ExternalSession))


def test_a_refresh_waits_for_what_ends_the_log_in_below_it_and_holds_nothing_up(
    app: Flask, new_browser: NewBrowser
) -> None:
    tickets, helen = register(app), new_browser()
    helen.log_in(HELEN)
    handle = visit_of(helen.open("john", "tickets")).removeprefix("/as/")
    held = tickets.enter(helen, login_hint=f"visit:{handle}")
    with working(app) as work:
        work.execute(update(Session).values(last_seen_at=clock.now() - timedelta(minutes=2)))
    with ThreadPoolExecutor(1) as pool:
        with working(app) as work:
            work.execute(select(Session.key).where(Session.actor_id.is_(None)).with_for_update()).all()
            asked = pool.submit(tickets.refresh, held["refresh_token"])
            time.sleep(0.5)
            assert elsewhere.end(work, ExternalSession.portal == "tickets", "another-visit", clock.now()) == 1
        assert asked.result().json["error"] == "invalid_grant"


def test_when_everybodys_sessions_end_portals_elsewhere_are_told__SES_08(app: Flask, new_browser: NewBrowser) -> None:
    tickets, john = register(app), new_browser()
    john.log_in(JOHN)
    held = tickets.enter(john)
    with working(app) as work:
        sessions.end_everybodys(work, clock.now())
    assert tickets.refresh(held["refresh_token"]).json["error"] == "invalid_grant"
    assert len(rows(app, select(LogoutNotice.id))) == 1


def test_trusted_networks_that_a_session_did_not_begin_in_end_it_elsewhere__TIP_07(
    app: Flask, new_browser: NewBrowser
) -> None:
    tickets, john = register(app), new_browser()
    john.log_in(JOHN)
    held = tickets.enter(john)
    for network, over in (("127.0.0.0/8", 0), ("203.0.113.0/24", 1)):
        with working(app) as work:
            networks.save(work, "abc", NetworkList.PROVIDER, [network], None, clock.now())
        rounds(app)
        assert len(rows(app, select(LogoutNotice.id))) == over
    assert tickets.refresh(held["refresh_token"]).json["error"] == "invalid_grant"
    assert "error" in tickets.asked(john, prompt="none")


def test_a_portal_is_held_to_where_its_browser_was_let_in_last__TIP_07(app: Flask, new_browser: NewBrowser) -> None:
    tickets, john = register(app), new_browser()
    john.log_in(JOHN)
    left = tickets.enter(john)
    john.client.environ_base.update(ELSEWHERE)
    with working(app) as work:
        networks.save(work, "abc", NetworkList.PROVIDER, ["203.0.113.0/24"], None, clock.now())
    assert john.get("/portals/pbx/overview").status_code == 200
    held = tickets.enter(john)
    assert tickets.read(held)["sid"] == tickets.read(left)["sid"]
    rounds(app)
    assert tickets.userinfo(held["access_token"]).status_code == 200
    held = tickets.refresh(held["refresh_token"]).json
    with working(app) as work:
        networks.save(work, "abc", NetworkList.PROVIDER, ["127.0.0.0/8"], None, clock.now())
    assert tickets.userinfo(held["access_token"]).status_code == 401
    assert tickets.refresh(held["refresh_token"]).json["error"] == "invalid_grant"


def test_the_command_seals_signing_keys_anew_too__KEY_03__KEY_04(make_app: Callable[..., Flask]) -> None:
    register(make_app())
    both = make_app(secret_keys=(NEWER, SECRET))
    answer = both.test_cli_runner().invoke(args=["keys", "re-encrypt"])
    assert answer.exit_code == 0, answer.output
    assert "1 re-encrypted" in answer.output
    assert rows(both, select(SigningKey.key_id)) == [(house_of(both).vault.newest,)]


def test_of_two_who_save_a_portal_the_second_sees_what_the_first_did(app: Flask, new_browser: NewBrowser) -> None:
    register(app)
    root, page = new_browser(), "/admin/portals/tickets"
    root.log_in(ROOT)
    shown = root.get(page).text
    form = {
        name: shown.split(f'name="{name}"')[1].split('value="')[1].split('"')[0].replace("&#34;", '"')
        for name in ("version", "shown")
    }
    stored = {
        "icon": "inbox",
        "start_url": "https://tickets.example/start",
        "redirect_uris": "https://tickets.example/callback",
        "logout_uri": "https://tickets.example/logout",
        "post_logout_uris": "https://tickets.example/bye",
    }
    assert root.post(page, {**form, **stored, "title": "Desk", "hue": "3"}).status_code == 303
    late = root.post(page, {**form, **stored, "title": "Tickets", "hue": "5"})
    assert late.status_code == 409
    assert "Somebody else saved this meanwhile" in late.text
    assert '<bdi class="lines">Desk</bdi>' in late.text
    assert 'value="5" selected' in late.text.replace('selected value="5"', 'value="5" selected')
