"""The sessions of programs end with those of whom they work for; the tokens stay, and open new ones."""

from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select

from gateway import clock
from gateway.audit.models import AuditEvent
from gateway.identity import invitations
from gateway.identity.models import CustomerStatus, Identity
from gateway.identity.operations import set_customer_status, suspend
from gateway.importing import run
from tests.cast import HELEN, JOHN, PASSWORD, ROOT
from tests.house import Browser, change, house_of, rows, working
from tests.programs import Program
from tests.second_factor import set_up
from tests.test_importing import KEYS, KINDS, write
from tests.test_panel import INDIVIDUAL, save
from tests.test_resets import CHOSEN, link_for

NewBrowser = Callable[[], Browser]
SECURITY = "/portals/self-care/security"
AT_JOHN = "/admin/customers/abc/individuals/john"


def own_password(_app: Flask, john: Browser, _root: Browser) -> object:
    """He changes his password."""
    return john.post(SECURITY, {"current": PASSWORD, **CHOSEN})


def password_of_staff(_app: Flask, _john: Browser, root: Browser) -> object:
    """Staff give him a password."""
    return save(root, INDIVIDUAL, password=CHOSEN["password"], api_access="y")


def link(app: Flask, john: Browser, _root: Browser) -> object:
    """He chooses a password by the link for a forgotten one."""
    change(app, "john", last_login_at=None)
    return john.post(link_for(app, john), CHOSEN)


def invitation(app: Flask, _john: Browser, _root: Browser) -> None:
    """He is invited anew."""
    with working(app) as work:
        invitations.invite(work, work.get_one(Identity, "john"), clock.now(), clock.now())


def factor(_app: Flask, john: Browser, _root: Browser) -> None:
    """He sets an app up for codes."""
    set_up(john)


def factor_reset(app: Flask, john: Browser, root: Browser) -> object:
    """Staff reset his second factor."""
    set_up(john)
    return root.post(f"{INDIVIDUAL}/second-factor/reset", {"reason": "Lost"}, page=INDIVIDUAL)


def his_other_sessions(_app: Flask, john: Browser, _root: Browser) -> object:
    """He ends his other sessions."""
    return john.post(f"{SECURITY}/sessions", {"which": "others"}, page=SECURITY)


def all_his_sessions(_app: Flask, john: Browser, _root: Browser) -> object:
    """He ends all his sessions."""
    return john.post(f"{SECURITY}/sessions", {"which": "all"}, page=SECURITY)


def by_staff(_app: Flask, _john: Browser, root: Browser) -> object:
    """Staff end his sessions."""
    return root.post(f"{AT_JOHN}/sessions")


def of_the_customer(_app: Flask, _john: Browser, root: Browser) -> object:
    """Staff end the sessions of everybody at his customer."""
    return root.post("/admin/customers/abc/sessions")


def at_the_server(app: Flask, _john: Browser, _root: Browser) -> None:
    """His sessions are ended at the server."""
    done = app.test_cli_runner().invoke(args=["sessions", "end", "--login", "John"])
    assert done.output == "3 sessions ended.\n"


def suspended_and_restored(app: Flask, _john: Browser, _root: Browser) -> None:
    """He is suspended and let in again."""
    for suspended in (True, False):
        with working(app) as work:
            suspend(work, "john", clock.now(), suspended=suspended)


def customer_blocked_and_active_again(app: Flask, _john: Browser, _root: Browser) -> None:
    """His customer is blocked and let in again."""
    for status in (CustomerStatus.BLOCKED, CustomerStatus.ACTIVE):
        with working(app) as work:
            set_customer_status(work, "abc", status, clock.now())


WAYS = (
    *(own_password, password_of_staff, link, invitation, factor, factor_reset, his_other_sessions, all_his_sessions),
    *(by_staff, of_the_customer, at_the_server, suspended_and_restored, customer_blocked_and_active_again),
)


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_what_ends_somebodys_sessions_ends_those_of_their_programs__SES_05__SES_06(
    app: Flask, new_browser: NewBrowser, in_mid_step: None, way: Callable[[Flask, Browser, Browser], object]
) -> None:
    first, bystander = Program(app, "john"), Program(app, "globex")
    second = Program(app, "john", first.token)
    john, root = new_browser(), new_browser()
    john.log_in(JOHN)
    root.log_in(ROOT)
    answer = way(app, john, root)
    assert getattr(answer, "status_code", 303) in (200, 303)
    assert [program.get("/self").status_code for program in (first, second, bystander)] == [401, 401, 200]
    assert Program(app, "john", first.token).get("/self").status_code == 200
    columns = (AuditEvent.subject_id, AuditEvent.customer_id, AuditEvent.reason)
    ended = rows(app, select(*columns).where(AuditEvent.event == "api_session.ended"))
    assert [(row.subject_id, row.customer_id, bool(row.reason)) for row in ended] == [("john", "abc", True)] * 2


def test_when_everybodys_sessions_end_so_do_those_of_all_programs__SES_06(app: Flask, new_browser: NewBrowser) -> None:
    programs = [Program(app, login) for login in ("root", "helen", "abc", "john", "globex")]
    root = new_browser()
    root.log_in(ROOT)
    assert root.post("/admin/gateway/sessions", {"confirm": "y"}, page="/admin/gateway").status_code == 303
    assert {program.get("/self").status_code for program in programs} == {401}
    done = app.test_cli_runner().invoke(args=["sessions", "end", "--everybody"])
    assert done.output == "1 sessions ended.\n"
    assert Program(app, "root").get("/self").status_code == 200


def test_an_administrators_own_password_ends_their_programs_sessions__SES_05(
    app: Flask, new_browser: NewBrowser
) -> None:
    program, helen = Program(app, "helen"), new_browser()
    helen.log_in(HELEN)
    assert helen.post("/admin/security", {"current": PASSWORD, **CHOSEN}).status_code == 303
    assert program.get("/self").status_code == 401


def test_a_file_that_suspends_somebody_ends_their_programs_sessions(app: Flask, tmp_path: Path) -> None:
    john, mark = Program(app, "john"), Program(app, "mark")
    row = {"customer": "abc", "login": "john", "name": "John", "role": "itlead", "suspended": "y"}
    for suspended in ("y", ""):
        path = write(tmp_path / "individuals.csv", [{**row, "suspended": suspended}])
        run(house_of(app).database, KEYS, KINDS["individuals"], path)
    assert (john.get("/self").status_code, mark.get("/self").status_code) == (401, 200)
