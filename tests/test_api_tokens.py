"""Tokens of the API and the sessions that they open."""

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from click.testing import Result
from flask import Flask
from sqlalchemy import delete, func, select

from gateway import clock
from gateway.access.models import DEFAULT_ROLE
from gateway.access.operations import set_portal_view
from gateway.audit.models import AuditEvent
from gateway.identity import api_tokens, expiry, networks
from gateway.identity.models import CustomerStatus, Identity, NetworkList, Realm
from gateway.identity.operations import set_customer_status, suspend
from gateway.identity.token_models import ApiSession, ApiToken
from gateway.tokens import key_of
from tests.cast import ABC, HELEN, INITECH, JOHN, PASSWORD, ROOT
from tests.house import Browser, change, counting, rows, working
from tests.programs import Program, switch_on, token_for

NewBrowser = Callable[[], Browser]
TOKEN = re.compile(r'id="token"[^>]*>(ptc_[0-9A-Za-z]{33})<')


def events(app: Flask, name: str) -> list[Any]:
    """Return the rows of the record of one name."""
    return rows(app, select(AuditEvent.__table__).where(AuditEvent.event == name).order_by(AuditEvent.seq))


def made_by(browser: Browser, path: str, **form: Any) -> Any:
    """Fill in the form of a new token and return the answer."""
    return browser.post(path, {"name": "CRM", "level": "full", "days": "30", **form})


@pytest.fixture
def abc(app: Flask, new_browser: NewBrowser) -> Browser:
    """The browser of the customer abc, the API switched on."""
    switch_on(app, "abc")
    browser = new_browser()
    browser.log_in(ABC)
    return browser


def test_a_token_has_160_random_bits_a_prefix_and_a_checksum__TOK_01() -> None:
    made = {api_tokens.new_token() for _ in range(1000)}
    assert len(made) == 1000
    for token in made:
        assert re.fullmatch(r"ptc_[0-9A-Za-z]{33}", token)
        assert api_tokens.is_well_formed(token)
        assert not api_tokens.is_well_formed(token[:-1] + ("0" if token[-1] != "0" else "1"))
        assert not api_tokens.is_well_formed(token[4:])
    assert len(api_tokens.ALPHABET) ** api_tokens.RANDOM_LENGTH >= 2**160


def test_a_token_is_shown_once_and_kept_as_a_digest__TOK_01(app: Flask, abc: Browser) -> None:
    answer = made_by(abc, "/portals/self-care/tokens")
    found = TOKEN.search(answer.text)
    assert answer.status_code == 200
    assert found is not None
    token = found[1]
    page = abc.get("/portals/self-care/tokens").text
    assert "CRM" in page
    assert token not in page
    assert token not in abc.get("/portals/self-care/tokens").text
    for table in (ApiToken, ApiSession, AuditEvent):
        assert token not in str(rows(app, select(table.__table__)))
    assert rows(app, select(ApiToken.key)) == [(key_of(token),)]


def test_a_typing_mistake_in_a_token_is_told_without_the_database__TOK_01(app: Flask) -> None:
    program, token = Program(app), token_for(app, "abc")
    wrong = token[:10] + ("a" if token[10] != "a" else "b") + token[11:]
    with counting(app) as sent:
        assert program.open("abc", wrong).status_code == 401
    assert sent == []


def test_four_causes_have_one_answer__TOK_02(app: Flask) -> None:
    program, token, other = Program(app), token_for(app, "abc"), token_for(app, "globex")
    answers = [
        program.open("globex", token),
        program.open("nobody", token),
        program.open("abc", api_tokens.new_token()),
        program.open("abc", other[:-1] + ("0" if other[-1] != "0" else "1")),
        program.open("", ""),
    ]
    bodies = {re.sub(r'"request_id":"[0-9a-f]+"', "", answer.text) for answer in answers}
    assert len(bodies) == 1
    assert {answer.status_code for answer in answers} == {401}
    assert len({answer.headers["WWW-Authenticate"] for answer in answers}) == 1


def test_no_refusal_takes_longer_because_a_login_is_somebodys__TOK_02(app: Flask) -> None:
    program, token = Program(app), token_for(app, "abc")

    def work_for(login: str, tried: str) -> list[str]:
        with counting(app) as sent:
            assert program.open(login, tried).status_code == 401
        return sent

    for tried in (token, api_tokens.new_token(), token[:-1] + ("0" if token[-1] != "0" else "1")):
        for _again in range(2):
            assert work_for("globex", tried) == work_for("nobody", tried)


def test_the_owner_hears_of_a_token_with_another_login__TOK_02(app: Flask, abc: Browser) -> None:
    program, token = Program(app), token_for(app, "abc")
    program.open("globex", token)
    (row,) = events(app, "token.login_mismatch")
    assert (row.subject_id, row.customer_id, row.outcome) == ("abc", "abc", "refused")
    assert "Used with another login" in abc.get("/portals/self-care/tokens").text
    program.open("nobody", api_tokens.new_token())
    (refused,) = events(app, "token.refused")
    assert refused.details == {"login": "nob…"}


def test_a_token_is_no_password_and_a_bearer_no_cookie__TOK_03(app: Flask, new_browser: NewBrowser) -> None:
    program = Program(app, "abc")
    bearer = program.headers["Authorization"].removeprefix("Bearer ")
    browser = new_browser()
    assert browser.post("/login", {"login": "abc", "password": program.token}).status_code == 422
    assert program.open("abc", PASSWORD).status_code == 401
    assert program.open("abc", bearer).status_code == 401
    browser.log_in(ABC)
    cookie = browser.client.get_cookie("session")
    assert cookie is not None
    for strange in (program.token, cookie.value, PASSWORD, f"pts_{cookie.value}", ""):
        assert program.get("/self", headers={"Authorization": f"Bearer {strange}"}).status_code == 401, strange
    assert program.get("/self", headers={"Authorization": f"Basic {bearer}"}).status_code == 401
    stranger = new_browser()
    stranger.client.set_cookie("session", bearer)
    assert stranger.get("/portals/self-care/profile").status_code == 303


def test_the_scope_of_a_token_is_a_ceiling__TOK_04(app: Flask) -> None:
    looking, doing = Program(app, "root", level="view"), Program(app, "root", level="full")
    assert looking.get("/customers/abc").status_code == 200
    refused = looking.patch("/customers/abc", {"name": "Other"})
    assert (refused.status_code, refused.json["code"]) == (403, "view_only")
    assert looking.post("/launches", {"subject": "abc"}).status_code == 403
    assert doing.patch("/customers/abc", {"name": "Other"}).status_code == 200
    assert looking.get("/self").json["scope"] == "view"


def test_a_lower_role_of_the_owner_acts_at_once__TOK_04(app: Flask) -> None:
    helen = Program(app, "helen")
    assert helen.patch("/customers/abc", {"email": "a@b.example"}).status_code == 200
    with working(app) as work:
        set_portal_view(work, "helpdesk", "console", {"customers": "view"})
    assert helen.patch("/customers/abc", {"email": "c@d.example"}).status_code == 403
    with working(app) as work:
        set_portal_view(work, "helpdesk", "console", {})
    assert helen.get("/customers/abc").status_code == 404


def test_a_token_of_one_portal_opens_no_other__TOK_04(app: Flask) -> None:
    limited = Program(app, "abc", portals=["iot"])
    assert [portal["slug"] for portal in limited.get("/self").json["portals"]] == ["iot"]
    assert limited.get("/individuals").status_code == 404
    assert limited.get("/sessions").status_code == 404


def test_a_token_ends_on_its_day_and_no_session_outlives_it__TOK_05(app: Flask) -> None:
    with time_machine.travel(clock.now(), tick=False) as traveller:
        token = token_for(app, "abc", days=1)
        traveller.shift(timedelta(hours=23, minutes=30))
        opened = Program(app).open("abc", token)
        assert opened.json["expires_in"] == 1800
        program = Program(app, "abc", token=token)
        traveller.shift(timedelta(minutes=29, seconds=59))
        assert program.get("/self").status_code == 200
        traveller.shift(timedelta(seconds=1))
        assert program.get("/self").status_code == 401
        assert Program(app).open("abc", token).status_code == 401


def test_a_session_lasts_an_hour_at_most__TOK_05(app: Flask) -> None:
    with time_machine.travel(clock.now(), tick=False) as traveller:
        program = Program(app, "abc")
        traveller.shift(timedelta(minutes=59, seconds=59))
        assert program.get("/self").status_code == 200
        traveller.shift(timedelta(seconds=1))
        assert program.get("/self").status_code == 401


@pytest.mark.parametrize("days", ["", "0", "366", "-1", "1e3"])
def test_a_token_without_an_end_cannot_be_made__TOK_05(app: Flask, abc: Browser, days: str) -> None:
    assert made_by(abc, "/portals/self-care/tokens", days=days).status_code == 422
    assert rows(app, select(ApiToken.id)) == []


def _block(app: Flask) -> None:
    with working(app) as work:
        set_customer_status(work, "abc", CustomerStatus.BLOCKED, clock.now())


def _suspend(app: Flask) -> None:
    with working(app) as work:
        suspend(work, "john", clock.now(), suspended=True)


def _revoke(app: Flask) -> None:
    with working(app) as work:
        api_tokens.revoke(work, "john", work.scalars(select(ApiToken.id)).one())


def _limit_networks(app: Flask) -> None:
    with working(app) as work:
        networks.save(work, "john", NetworkList.OWN, ["198.51.100.0/24"], None, clock.now())


EVENTS: dict[str, Callable[[Flask], None]] = {
    "revoked": _revoke,
    "API off for the individual": lambda app: change(app, "john", api_access=False),
    "API off for the customer": lambda app: change(app, "abc", api_access=False),
    "owner suspended": _suspend,
    "owner expired": lambda app: change(app, "john", expires_on=clock.now().date() - timedelta(days=1)),
    "owner not yet active": lambda app: change(app, "john", activates_on=clock.now().date() + timedelta(days=2)),
    "owner without a login": lambda app: change(app, "john", login=None, login_key=None),
    "customer blocked": _block,
    "customer closed": lambda app: change(app, "abc", status=CustomerStatus.CLOSED),
    "another network": _limit_networks,
}


@pytest.mark.parametrize("event", EVENTS)
def test_whatever_happens_to_the_owner_ends_token_and_session_at_once__TOK_06(
    make_app: Callable[..., Flask], event: str
) -> None:
    here, there = make_app(), make_app()
    john = Program(here, "john")
    mirrored = Program(there)
    mirrored.headers = john.headers
    assert john.get("/self").status_code == mirrored.get("/self").status_code == 200
    EVENTS[event](there)
    assert john.get("/self").status_code == mirrored.get("/self").status_code == 401
    assert john.open("john", john.token).status_code == 401


def test_a_suspended_administrator_is_out__TOK_06(app: Flask) -> None:
    helen = Program(app, "helen")
    change(app, "helen", suspended=True)
    assert helen.get("/self").status_code == 401


def test_without_a_role_there_are_no_rights__ROL_05(app: Flask) -> None:
    helen, abc = Program(app, "helen"), Program(app, "abc")
    for role_id in (None, "owner"):
        change(app, "helen", role_id=role_id)
        assert helen.get("/customers").status_code == 404
        assert helen.get("/self").json["portals"] == []
    for wrong in (None, "helpdesk", DEFAULT_ROLE[Realm.ADMIN]):
        change(app, "abc", role_id=wrong)
        assert [portal["slug"] for portal in abc.get("/self").json["portals"]] == ["self-care"]


@pytest.mark.parametrize("name", ["token", "access_token"])
def test_a_secret_in_the_address_is_refused_and_kept_nowhere__TOK_07(
    app: Flask, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    program = Program(app, "abc")
    bearer = program.headers["Authorization"].removeprefix("Bearer ")
    assert program.get(f"/self?{name}={bearer}").status_code == 400
    assert Program(app).get(f"/self?{name}={bearer}").status_code == 400
    assert program.client.post(f"/api/v1/session?{name}={program.token}").status_code == 400
    said = capsys.readouterr()
    kept = str(rows(app, select(AuditEvent.__table__))) + said.out + said.err
    assert bearer not in kept
    assert program.token not in kept


def test_trusted_networks_apply_at_every_call__TOK_07(app: Flask) -> None:
    token, here = token_for(app, "john"), {"REMOTE_ADDR": "198.51.100.7"}
    with working(app) as work:
        networks.save(work, "abc", NetworkList.PROVIDER, ["198.51.100.0/24"], None, clock.now())
    assert Program(app).open("john", token).status_code == 401
    opened = Program(app).open("john", token, environ_base=here)
    john = Program(app)
    john.headers["Authorization"] = f"Bearer {opened.json['access_token']}"
    assert john.get("/self", environ_base=here).status_code == 200
    assert john.get("/self").status_code == 401
    with working(app) as work:
        networks.save(work, "john", NetworkList.PROVIDER, ["203.0.113.0/24"], None, clock.now())
    assert john.get("/self", environ_base=here).status_code == 401
    assert john.get("/self", environ_base={"REMOTE_ADDR": "203.0.113.9"}).status_code == 200


def test_the_last_use_is_noted_once_in_a_hundred_calls__TOK_07(app: Flask, abc: Browser) -> None:
    with time_machine.travel(clock.now(), tick=False) as traveller:
        program = Program(app, "abc")
        (first,) = rows(app, select(ApiToken.last_used_at, ApiToken.last_used_address))
        assert first.last_used_address == "127.0.0.1"
        with counting(app) as sent:
            for _ in range(100):
                assert program.get("/self").status_code == 200
        assert not [statement for statement in sent if "UPDATE" in statement]
        traveller.shift(timedelta(minutes=1))
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda _n: Program.get(program, "/self"), range(8)))
        (again,) = rows(app, select(ApiToken.last_used_at))
        assert again.last_used_at == clock.now()
    assert "127.0.0.1" in abc.get("/portals/self-care/tokens").text


def test_a_token_revoked_on_the_page_is_gone(app: Flask, abc: Browser) -> None:
    program = Program(app, "abc")
    (id,) = rows(app, select(ApiToken.id))[0]
    path = f"/portals/self-care/tokens/{id}/revoke"
    answer = abc.post(path, page="/portals/self-care/tokens")
    assert answer.location.endswith("?done=token-revoked")
    assert program.get("/self").status_code == 401
    assert abc.post(path, page="/portals/self-care/tokens").status_code == 404
    assert [row.details["name"] for row in events(app, "token.revoked")] == ["A program"]


def test_nobody_revokes_a_token_of_somebody_else__IDOR_01(app: Flask, abc: Browser) -> None:
    token_for(app, "globex")
    (id,) = rows(app, select(ApiToken.id))[0]
    assert abc.post(f"/portals/self-care/tokens/{id}/revoke", page="/portals/self-care/tokens").status_code == 404
    assert len(rows(app, select(ApiToken.id))) == 1


def test_with_the_api_off_no_token_is_made_and_the_page_says_why(app: Flask, new_browser: NewBrowser) -> None:
    initech = new_browser()
    initech.log_in(INITECH)
    assert "The API is switched off" in initech.get("/portals/self-care/tokens").text
    assert made_by(initech, "/portals/self-care/tokens").status_code == 422
    assert rows(app, select(ApiToken.id)) == []


def test_staff_make_and_revoke_tokens_for_customers_and_individuals(app: Flask, new_browser: NewBrowser) -> None:
    switch_on(app, "abc", "john")
    helen = new_browser()
    helen.log_in(HELEN)
    for path, owner in (
        ("/admin/customers/abc/tokens", "abc"),
        ("/admin/customers/abc/individuals/john/tokens", "john"),
    ):
        found = TOKEN.search(made_by(helen, path).text)
        assert found is not None
        assert Program(app).open(owner, found[1]).status_code == 200
        (id,) = rows(app, select(ApiToken.id).where(ApiToken.identity_id == owner))[0]
        assert helen.post(f"{path}/{id}/revoke", page=path).status_code == 303
    made = events(app, "token.created")
    assert [(row.actor_id, row.subject_id, row.customer_id) for row in made] == [
        ("helen", "abc", "abc"),
        ("helen", "john", "abc"),
    ]
    assert helen.get("/admin/customers/globex/individuals/john/tokens").status_code == 404
    assert helen.get("/admin/customers/john/tokens").status_code == 404


def test_nobody_makes_a_token_for_an_administrator_above_them__ROL_06(app: Flask, new_browser: NewBrowser) -> None:
    switch_on(app, "root", "helen")
    with working(app) as work:
        set_portal_view(work, "helpdesk", "console", {"administrators": "full", "tokens": "full"})
    helen, root = new_browser(), new_browser()
    helen.log_in(HELEN)
    root.log_in(ROOT)
    assert made_by(helen, "/admin/administrators/root/tokens").status_code == 403
    switch = {"api_access": ""}
    page = "/admin/administrators/root"
    assert helen.post(f"{page}/api-access", switch, page=page).status_code == 403
    assert TOKEN.search(made_by(helen, "/admin/tokens").text)
    assert TOKEN.search(made_by(root, "/admin/administrators/helen/tokens").text)
    page = "/admin/administrators/helen"
    assert root.post(f"{page}/api-access", switch, page=page).status_code == 303
    assert "The API is switched off" in helen.get("/admin/tokens").text
    assert len(rows(app, select(ApiToken.id).where(ApiToken.identity_id == "root"))) == 0


def test_in_a_visit_tokens_are_looked_at_and_never_made__IMP_03(app: Flask, new_browser: NewBrowser) -> None:
    token_for(app, "abc")
    root = new_browser()
    root.log_in(ROOT)
    landed = root.open("abc", "self-care", mode="full")
    page = landed.replace("/profile", "/tokens")
    shown = root.get(page)
    assert "A program" in shown.text
    assert "This is never possible while acting for somebody." in shown.text
    form = {"csrf_token": root.token(landed), "name": "x", "level": "full", "days": "3"}
    (id,) = rows(app, select(ApiToken.id))[0]
    for path in (page, f"{page}/{id}/revoke"):
        refused = root.client.post(path, data=form)
        assert (refused.status_code, refused.headers["X-Error-Code"]) == (403, "impersonation_forbidden")
    assert len(rows(app, select(ApiToken.id))) == 1


def test_the_page_answers_by_the_role(app: Flask, new_browser: NewBrowser) -> None:
    switch_on(app, "abc", "john")
    john = new_browser()
    john.log_in(JOHN)
    assert john.get("/portals/self-care/tokens").status_code == 404
    with working(app) as work:
        set_portal_view(work, "itlead", "self-care", {"tokens": "view"})
    assert "You can look but not change anything here." in john.get("/portals/self-care/tokens").text
    form = {"csrf_token": john.token("/portals/self-care/security"), "name": "x", "level": "view", "days": "3"}
    assert john.client.post("/portals/self-care/tokens", data=form).status_code == 403


def test_a_leaked_token_is_revoked_by_anybody_and_the_answer_tells_nothing(app: Flask) -> None:
    program = Program(app, "abc")
    stranger = Program(app)
    answers = [
        stranger.post("/leaked-tokens", {"token": token})
        for token in (program.token, program.token, api_tokens.new_token(), "nonsense", "")
    ]
    assert {(answer.status_code, answer.text) for answer in answers} == {(202, '{"taken":true}')}
    assert program.get("/self").status_code == 401
    (row,) = events(app, "token.leaked")
    assert row.subject_id == "abc"


def test_at_most_fifty_tokens_each(app: Flask, abc: Browser) -> None:
    for _ in range(api_tokens.MOST):
        token_for(app, "abc")
    answer = made_by(abc, "/portals/self-care/tokens")
    assert answer.status_code == 422
    assert "There are 50 tokens already." in answer.text


def test_old_sessions_and_tokens_are_taken_away(app: Flask) -> None:
    Program(app, "abc", days=1)
    with working(app) as work:
        assert expiry.end_over(work, clock.now() + timedelta(hours=2)) == 1
    assert rows(app, select(func.count()).select_from(ApiSession)) == [(0,)]
    assert rows(app, select(func.count()).select_from(ApiToken)) == [(1,)]
    with working(app) as work:
        api_tokens.forget_old(work, clock.now() + timedelta(days=32))
    assert rows(app, select(func.count()).select_from(ApiToken)) == [(0,)]


def _create(app: Flask, *arguments: str) -> Result:
    return app.test_cli_runner().invoke(args=["token", "create", *arguments])


@pytest.mark.parametrize(
    ("kind", "login"), [("--administrator", "root"), ("--customer", "abc"), ("--individual", "John")]
)
def test_the_command_prints_a_token_alone_on_its_last_line(app: Flask, kind: str, login: str) -> None:
    switch_on(app, login.lower(), "abc")
    result = _create(app, kind, login, "--name", "CRM", "--days", "7", "--level", "full")
    assert result.exit_code == 0, result.output
    token = result.output.splitlines()[-1]
    assert Program(app).open(login, token).status_code == 200
    (row,) = rows(app, select(ApiToken.name, ApiToken.level, ApiToken.expires_at, ApiToken.created_at))
    assert (row.name, row.level, row.expires_at - row.created_at) == ("CRM", "full", timedelta(days=7))


@pytest.mark.parametrize(
    "arguments",
    [
        ("--administrator", "abc", "--name", "x"),
        ("--customer", "john", "--name", "x"),
        ("--individual", "nobody", "--name", "x"),
        ("--customer", "abc", "--name", ""),
        ("--customer", "abc", "--name", "x", "--days", "0"),
        ("--customer", "abc", "--name", "x", "--level", "forbidden"),
        ("abc", "--name", "x"),
    ],
)
def test_the_command_refuses_what_cannot_be(app: Flask, arguments: tuple[str, ...]) -> None:
    assert _create(app, *arguments).exit_code != 0
    assert rows(app, select(ApiToken.id)) == []


def test_the_command_says_when_the_api_is_off(app: Flask) -> None:
    result = _create(app, "--customer", "initech", "--name", "x")
    assert result.exit_code == 0
    assert "switched off for initech" in result.output
    assert result.stdout.splitlines()[-1].startswith("ptc_")


def test_a_deleted_owner_takes_their_tokens_along(app: Flask) -> None:
    john = Program(app, "john")
    with working(app) as work:
        work.execute(delete(Identity).where(Identity.id == "john"))
    assert john.get("/self").status_code == 401
    assert rows(app, select(ApiToken.id)) == []


def test_a_list_whose_entries_have_all_expired_admits_nobody__TIP_05(app: Flask) -> None:
    john = Program(app, "john")
    with working(app) as work:
        networks.save(work, "john", NetworkList.OWN, ["127.0.0.1"], None, clock.now())
    assert john.get("/self").status_code == 200
    with working(app) as work:
        (entry,) = networks.on_list(work.connection(), "john", NetworkList.OWN)
        over = clock.now() - timedelta(seconds=1)
        networks.change_entry(work, "john", NetworkList.OWN, entry.id, None, over)
    assert john.get("/self").status_code == 401


def test_tokens_are_listed_and_revoked_at_the_server__TOK_06(app: Flask) -> None:
    program, helen = Program(app, "root", portals=("pbx",)), Program(app, "helen", level="view")
    run = app.test_cli_runner().invoke
    assert token_for(app, "root") not in run(args=["token", "list", "--administrator", "ROOT"]).output
    listed = [line.split("\t") for line in run(args=["token", "list", "--administrator", "ROOT"]).output.splitlines()]
    assert [line[1:4] for line in listed] == [["A program", "full", "every portal"], ["A program", "full", "pbx"]]
    assert listed[0][5] == "never used"
    assert re.fullmatch(r"\S+\+00:00 from 127\.0\.0\.1", listed[1][5])
    of_helen = run(args=["token", "list", "--administrator", "helen"]).output.partition("\t")[0]
    assert run(args=["token", "revoke", "--administrator", "root", of_helen]).exit_code == 1
    done = run(args=["token", "revoke", "--administrator", "root", listed[1][0]])
    assert (done.exit_code, done.output) == (0, f"{listed[1][0]} is revoked.\n")
    assert [caller.get("/self").status_code for caller in (program, helen)] == [401, 200]
    assert program.open("root", program.token).status_code == 401
    (row,) = events(app, "token.revoked")
    assert (row.subject_id, row.details) == ("root", {"token": listed[1][0], "name": "A program"})
    again = run(args=["token", "revoke", "--administrator", "root", listed[1][0]])
    assert (again.exit_code, "root has no token" in again.output) == (1, True)
    for words in (["list", "root"], ["list", "--customer", "root"], ["revoke", "--individual", "nobody", "x"]):
        assert run(args=["token", *words]).exit_code == 1
