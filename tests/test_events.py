"""What is recorded: each kind of event is brought about as people do it, and found once, with all its fields."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from flask import Flask
from flask.cli import FlaskGroup
from sqlalchemy import func, select, update

from gateway import clock, worker
from gateway.audit.models import AuditEvent
from gateway.audit.patrol import Patrol
from gateway.identity.factor_models import WrongCodes
from gateway.identity.models import CustomerClass, CustomerStatus, Gateway
from gateway.launch.models import Launch
from gateway.web.strangers import MOST, Strangers
from tests.cast import ABC, AUDREY, HELEN, JOHN, PASSWORD, ROOT, Member
from tests.elsewhere import register
from tests.house import Browser, change, house_of, rows, visit_of, working
from tests.post import link_in, outbox, text_of
from tests.programs import Program, token_for
from tests.second_factor import OWN, code, set_up, wrong

EVENTS: Any = AuditEvent.__table__
ADDRESS, AGENT = "192.0.2.7", "Browser/1.0"
NEW = "seldom read almanacs 41"
SECURITY = "/portals/self-care/security"
EXTENSION = "/portals/pbx/configuration/extensions/abc-100"
CHANGED = {"number": "100", "name": "Changed", "version": "1"}
HOUR = timedelta(hours=1)


class Scene:
    """Where an event is brought about: the application, and browsers that can be told from others."""

    def __init__(self, app: Flask) -> None:
        self.app = app

    def stranger(self) -> Browser:
        """Return a browser of nobody."""
        return Browser(self.app, REMOTE_ADDR=ADDRESS, HTTP_USER_AGENT=AGENT)

    def who(self, member: Member) -> Browser:
        """Return a browser of somebody who is logged in."""
        browser = self.stranger()
        assert browser.log_in(member).status_code == 303
        return browser

    def visit(self, subject: str = "abc", **more: str) -> tuple[Browser, str]:
        """Return Helen's browser and the prefix of her visit."""
        helen = self.who(HELEN)
        return helen, visit_of(helen.open(subject, "pbx", **more))

    def with_app(self) -> tuple[Browser, str, list[str]]:
        """Return John's browser with an app set up, its key and the recovery codes."""
        john = self.who(JOHN)
        return john, *set_up(john)

    def command(self, *arguments: str) -> None:
        """Run `flask --app wsgi`."""
        assert self.app.test_cli_runner().invoke(FlaskGroup(load_dotenv=False), arguments).exit_code == 0

    def tidy(self) -> None:
        """Let the worker do what it does every minute."""
        worker.tidy(house_of(self.app))


Steps = Iterator[None]
"""What leads to an event, a `yield`, and what brings it about."""


@dataclass(frozen=True)
class Case:
    """What is done, and the row that it leaves: from a request of `how` (browser, program, or none: at the server)."""

    do: Callable[[Scene], Steps]
    event: str
    actor: str | None
    subject: str | None
    customer: str | None
    realm: str | None
    portal: str | None = None
    reason: str | None = None
    outcome: str = "ok"
    mode: str | None = None
    how: str = "browser"
    in_session: bool = True

    @property
    def name(self) -> str:
        """Return what the test is called."""
        return f"{self.event}-{self.do.__name__}"


def john_logs_in(scene: Scene) -> Steps:
    john = scene.stranger()
    yield
    john.log_in(JOHN)


def root_logs_in(scene: Scene) -> Steps:
    root = scene.stranger()
    yield
    root.log_in(ROOT)


def wrong_password(scene: Scene) -> Steps:
    john = scene.stranger()
    yield
    john.log_in(JOHN, password="wrong")


def unknown_login(scene: Scene) -> Steps:
    stranger = scene.stranger()
    yield
    stranger.post("/login", {"login": "nobody-of-that-name", "password": "x"})


def too_many_passwords(scene: Scene) -> Steps:
    john = scene.stranger()
    for _ in range(5):
        john.log_in(JOHN, password="wrong")
    yield
    john.log_in(JOHN)


def blocked_customer(scene: Scene) -> Steps:
    change(scene.app, "abc", status=CustomerStatus.BLOCKED)
    john = scene.stranger()
    yield
    john.log_in(JOHN)


def log_in_from_outside(scene: Scene) -> Steps:
    _only_from_elsewhere(scene)
    abc = scene.stranger()
    yield
    abc.log_in(ABC)


def request_from_outside(scene: Scene) -> Steps:
    abc = scene.who(ABC)
    _only_from_elsewhere(scene)
    yield
    abc.get("/portals/pbx/overview")
    abc.get("/portals/pbx/calls")


def _only_from_elsewhere(scene: Scene) -> None:
    root = scene.who(ROOT)
    page = "/admin/customers/abc/self-care"
    form = {"login": "abc", "role": "owner", "trusted_networks": "198.51.100.0/24;", "second_factor": "inherit"}
    assert root.post(page, form).status_code == 303


def networks_of_ones_own(scene: Scene) -> Steps:
    john = scene.who(JOHN)
    yield
    form = {"current": PASSWORD, "trusted_networks": "192.0.2.0/24;"}
    assert john.post(f"{SECURITY}/networks", form).status_code == 303


def log_out(scene: Scene) -> Steps:
    john = scene.who(JOHN)
    yield
    john.post("/logout", page=SECURITY)


def session_idles_out(scene: Scene) -> Steps:
    scene.who(JOHN)
    yield
    with time_machine.travel(clock.now() + 3 * HOUR):
        scene.tidy()
        scene.tidy()


def session_is_too_long(scene: Scene) -> Steps:
    with working(scene.app) as work:
        work.execute(update(Gateway).values(idle_minutes=120))
        work.execute(update(CustomerClass).where(CustomerClass.id == "standard").values(absolute_minutes=30))
    scene.who(JOHN)
    yield
    with time_machine.travel(clock.now() + HOUR):
        scene.tidy()


def one_session_is_ended(scene: Scene) -> Steps:
    scene.who(JOHN)
    john = scene.who(JOHN)
    page = john.get(SECURITY).text
    action = next(part.split('"')[0] for part in page.split('action="')[1:] if "/security/sessions/" in part[:80])
    yield
    assert john.post(action, page=SECURITY).status_code == 303


def staff_end_sessions(scene: Scene) -> Steps:
    scene.who(JOHN)
    root = scene.who(ROOT)
    yield
    assert root.post("/admin/customers/abc/sessions", page="/admin/customers/abc/sessions").status_code == 303


def present_password(scene: Scene) -> Steps:
    john = scene.who(JOHN)
    yield
    assert john.post("/reauthenticate", {"password": PASSWORD}).status_code == 303


def password_is_changed(scene: Scene) -> Steps:
    john = scene.who(JOHN)
    yield
    form = {"current": PASSWORD, "password": NEW, "confirm": NEW}
    assert john.post(SECURITY, form).status_code == 303


def app_is_set_up(scene: Scene) -> Steps:
    john = scene.who(JOHN)
    yield
    set_up(john)


def wrong_code(scene: Scene) -> Steps:
    _, key, _ = scene.with_app()
    john = scene.stranger()
    john.log_in(JOHN)
    yield
    john.post("/login/code", {"code": wrong(key)})


def codes_run_out(scene: Scene) -> Steps:
    _, key, _ = scene.with_app()
    now = clock.now().timestamp()
    with working(scene.app) as work:
        work.add(WrongCodes(identity_id="john", moments=[now - hours * 3600 for hours in range(99, 0, -1)]))
    john = scene.stranger()
    john.log_in(JOHN)
    yield
    john.post("/login/code", {"code": wrong(key)})


def code_is_right(scene: Scene) -> Steps:
    _, key, _ = scene.with_app()
    john = scene.stranger()
    john.log_in(JOHN)
    yield
    assert john.post("/login/code", {"code": code(key)}).status_code == 303


def recovery_code(scene: Scene) -> Steps:
    _, _, codes = scene.with_app()
    john = scene.stranger()
    john.log_in(JOHN)
    yield
    assert john.post("/login/code", {"code": codes[0]}).status_code == 303


def device_is_remembered(scene: Scene) -> Steps:
    _, key, _ = scene.with_app()
    john = scene.stranger()
    john.log_in(JOHN)
    yield
    assert john.post("/login/code", {"code": code(key), "remember": "y"}).status_code == 303


def codes_are_renewed(scene: Scene) -> Steps:
    john, key, _ = scene.with_app()
    yield
    page = f"{OWN}/recovery-codes"
    assert john.post(page, {"current": PASSWORD, "code": code(key)}).status_code == 200


def factor_is_reset(scene: Scene) -> Steps:
    scene.with_app()
    helen = scene.who(HELEN)
    page = "/admin/customers/abc/individuals/john/self-care"
    yield
    assert helen.post(f"{page}/second-factor/reset", {"reason": "lost"}, page=page).status_code == 303


def reset_is_asked(scene: Scene) -> Steps:
    stranger = scene.stranger()
    yield
    stranger.post("/login/forgotten", {"login": "john"})


def reset_is_sent(scene: Scene) -> Steps:
    scene.stranger().post("/login/forgotten", {"login": "john"})
    yield
    worker.answer_resets(house_of(scene.app))


def reset_is_used(scene: Scene) -> Steps:
    stranger = scene.stranger()
    stranger.post("/login/forgotten", {"login": "john"})
    worker.answer_resets(house_of(scene.app))
    link = link_in(text_of(scene.app, outbox(scene.app)[-1]))
    yield
    assert stranger.post(link, {"password": NEW, "confirm": NEW}).status_code == 303


def throttle_is_freed(scene: Scene) -> Steps:
    john = scene.stranger()
    for _ in range(5):
        john.log_in(JOHN, password="wrong")
    root = scene.who(ROOT)
    page = "/admin/customers/abc/individuals/john/self-care"
    yield
    assert root.post(f"{page}/attempts", page=page).status_code == 303


def role_is_changed(scene: Scene) -> Steps:
    root = scene.who(ROOT)
    yield
    form = {"name": "IT leads", "description": "", "version": "1"}
    assert root.post("/admin/roles/itlead", form).status_code == 303


def role_is_made(scene: Scene) -> Steps:
    root = scene.who(ROOT)
    yield
    form = {"name": "New", "realm": "self-care", "description": ""}
    assert root.post("/admin/roles/new", form).status_code == 303


def role_is_deleted(scene: Scene) -> Steps:
    root = scene.who(ROOT)
    root.post("/admin/roles/new", {"name": "New", "realm": "self-care", "description": ""})
    id = rows(scene.app, select(EVENTS.c.details).where(EVENTS.c.event == "role.created"))[-1].details["role"]
    yield
    assert root.post(f"/admin/roles/{id}/delete", {"version": "1"}).status_code == 303


def role_is_exported(scene: Scene) -> Steps:
    audrey = scene.who(AUDREY)
    yield
    assert audrey.get("/admin/roles/itlead/export").status_code == 200


def role_is_allowed(scene: Scene) -> Steps:
    root = scene.who(ROOT)
    page = "/admin/customers/globex/allowed-roles"
    yield
    assert root.post(page, {"role": "accountant"}).status_code == 303


def role_is_no_more_allowed(scene: Scene) -> Steps:
    root = scene.who(ROOT)
    page = "/admin/customers/abc/allowed-roles/itlead/remove"
    yield
    assert root.post(page, {"move_to": "itsupport"}).status_code == 303


def individual_is_made(scene: Scene) -> Steps:
    abc = scene.who(ABC)
    yield
    form = {"login": "nina", "name": "Nina", "role": "itlead"}
    assert abc.post("/portals/self-care/individuals/new", form).status_code in (200, 303)


def individual_is_given_another_role(scene: Scene) -> Steps:
    abc = scene.who(ABC)
    page = "/portals/self-care/individuals/mark"
    yield
    form = {"login": "mark", "name": "Mark Novak", "email": "mark@example.com", "role": "accountant"}
    assert abc.post(page, form).status_code == 303


def individual_is_suspended(scene: Scene) -> Steps:
    abc = scene.who(ABC)
    page = "/portals/self-care/individuals"
    yield
    assert abc.post(
        f"{page}/change", {"to": "suspend", "individual": "mark", "confirm": "y"}, page=page
    ).status_code in (200, 303)


def access_is_changed(scene: Scene) -> Steps:
    yield
    _only_from_elsewhere(scene)


def customer_is_blocked(scene: Scene) -> Steps:
    root = scene.who(ROOT)
    page = "/admin/customers/abc/status"
    yield
    assert root.post(page, {"status": "blocked", "confirm": "y"}).status_code == 303


def launch_is_started(scene: Scene) -> Steps:
    helen = scene.who(HELEN)
    yield
    assert helen.launch("abc", "pbx").status_code == 303


def launch_lands(scene: Scene) -> Steps:
    helen = scene.who(HELEN)
    where = helen.launch("abc", "pbx").location
    yield
    assert helen.get(where).status_code == 303


def launch_is_refused(scene: Scene) -> Steps:
    helen = scene.who(HELEN)
    yield
    assert helen.launch("abc", "pbx", mode="full").status_code == 403


def launch_is_replayed(scene: Scene) -> Steps:
    helen = scene.who(HELEN)
    where = helen.launch("abc", "pbx").location
    cookies = dict(helen.client._cookies or {})
    helen.get(where)
    for key, cookie in cookies.items():
        (helen.client._cookies or {}).setdefault(key, cookie)
    yield
    helen.get(where)


def launch_is_too_late(scene: Scene) -> Steps:
    helen = scene.who(HELEN)
    where = helen.launch("abc", "pbx").location
    yield
    with working(scene.app) as work:
        work.execute(update(Launch).values(expires_at=clock.now() - timedelta(seconds=1)))
    helen.get(where)


def visit_is_ended(scene: Scene) -> Steps:
    helen, visit = scene.visit()
    yield
    assert helen.post(f"{visit}/end", page=f"{visit}/portals/pbx/overview").status_code == 303


def visit_idles_out(scene: Scene) -> Steps:
    with working(scene.app) as work:
        work.execute(update(Gateway).values(admin_idle_minutes=600, admin_absolute_minutes=600))
    scene.visit("john")
    yield
    with time_machine.travel(clock.now() + timedelta(minutes=30)):
        scene.tidy()
        scene.tidy()


def visit_changes_something(scene: Scene) -> Steps:
    helen, visit = scene.visit()
    yield
    assert helen.post(visit + EXTENSION, CHANGED).status_code == 303


def visit_tries_what_it_never_may(scene: Scene) -> Steps:
    helen, visit = scene.visit()
    yield
    page = f"{visit}{SECURITY}"
    form = {"current": PASSWORD, "password": NEW, "confirm": NEW}
    assert helen.post(page, form, page=f"{visit}/portals/pbx/overview").status_code == 403


def change_by_the_customer(scene: Scene) -> Steps:
    abc = scene.who(ABC)
    yield
    assert abc.post(EXTENSION, CHANGED).status_code == 303


def page_is_forbidden(scene: Scene) -> Steps:
    john = scene.who(JOHN)
    yield
    assert john.get("/portals/pbx/finance/invoices").status_code == 404


def level_is_too_low(scene: Scene) -> Steps:
    audrey = scene.who(AUDREY)
    yield
    form = {"name": "IT leads", "description": "", "version": "1"}
    assert audrey.post("/admin/roles/itlead", form).status_code == 403


def strangers_knock(scene: Scene) -> Steps:
    stranger, program = scene.stranger(), scene.app.test_client()
    yield
    with time_machine.travel(clock.now().replace(second=10), tick=False):
        for path in ("/portals/pbx/calls", "/admin/customers", "/as/06h1jf80xpn2kdr0/portals/pbx/calls"):
            assert stranger.get(path).status_code == 303
        assert program.get("/api/v1/self", environ_base={"REMOTE_ADDR": ADDRESS}).status_code == 401
        assert stranger.get("/").status_code == 303
    with time_machine.travel(clock.now() + timedelta(minutes=1)):
        stranger.get("/login")
        stranger.get("/login")


def calls_are_exported(scene: Scene) -> Steps:
    john = scene.who(JOHN)
    yield
    assert john.get("/portals/pbx/calls.csv").status_code == 200


def calls_are_exported_in_a_visit(scene: Scene) -> Steps:
    helen, visit = scene.visit(view_only="y")
    yield
    assert helen.get(f"{visit}/portals/pbx/calls.csv").status_code == 200


def token_is_made(scene: Scene) -> Steps:
    abc = scene.who(ABC)
    change(scene.app, "abc", api_access=True)
    yield
    form = {"name": "A program", "level": "view", "days": "30"}
    assert abc.post("/portals/self-care/tokens", form).status_code == 200


def token_is_revoked(scene: Scene) -> Steps:
    token_for(scene.app, "abc")
    id = rows(scene.app, select(EVENTS.c.details).where(EVENTS.c.event == "token.created"))[-1].details["token"]
    abc = scene.who(ABC)
    yield
    assert abc.post(f"/portals/self-care/tokens/{id}/revoke", page="/portals/self-care/tokens").status_code == 303


def token_is_used(scene: Scene) -> Steps:
    token = token_for(scene.app, "john")
    program = Program(scene.app)
    yield
    assert program.open("john", token, environ_base=_from_here()).status_code == 200


def program_idles_out(scene: Scene) -> Steps:
    assert Program(scene.app).open("john", token_for(scene.app, "john")).status_code == 200
    yield
    with time_machine.travel(clock.now() + HOUR + timedelta(seconds=1)):
        scene.tidy()
        scene.tidy()


def token_is_refused(scene: Scene) -> Steps:
    token = token_for(scene.app, "john")
    program = Program(scene.app)
    change(scene.app, "john", suspended=True)
    yield
    assert program.open("john", token, environ_base=_from_here()).status_code == 401


def token_of_somebody_else(scene: Scene) -> Steps:
    token = token_for(scene.app, "john")
    program = Program(scene.app)
    yield
    assert program.open("mark", token, environ_base=_from_here()).status_code == 401


def token_leaked(scene: Scene) -> Steps:
    token = token_for(scene.app, "john")
    yield
    client = scene.app.test_client()
    client.post("/api/v1/leaked-tokens", json={"token": token}, environ_base=_from_here())


def _from_here() -> dict[str, str]:
    return {"REMOTE_ADDR": ADDRESS, "HTTP_USER_AGENT": AGENT}


def class_is_changed(scene: Scene) -> Steps:
    root = scene.who(ROOT)
    yield
    form = {"name": "Standard", "support_access": "reason", "confirm": "y", "remembered_devices": "y"}
    assert root.post("/admin/classes/standard", form).status_code == 303


def class_is_made(scene: Scene) -> Steps:
    root = scene.who(ROOT)
    yield
    assert root.post("/admin/classes/new", {"name": "New", "support_access": "open"}).status_code == 303


def gateway_is_changed(scene: Scene) -> Steps:
    root = scene.who(ROOT)
    yield
    form = {
        "language": "en",
        "time_zone": "UTC",
        "output_date_format": "DD.MM.YYYY",
        "output_time_format": "HH24.MI",
        "input_date_format": "DD.MM.YYYY",
        "input_time_format": "HH24.MI",
        **dict.fromkeys(("idle_minutes", "absolute_minutes", "admin_idle_minutes", "admin_absolute_minutes"), "60"),
    }
    assert root.post("/admin/gateway", form).status_code == 303


def portal_is_switched_off(scene: Scene) -> Steps:
    root = scene.who(ROOT)
    yield
    assert root.post("/admin/portals/iot/enabled", {"enabled": ""}, page="/admin/portals").status_code == 303


def portal_elsewhere_is_entered(scene: Scene) -> Steps:
    elsewhere, john = register(scene.app), scene.who(JOHN)
    yield
    elsewhere.enter(john)


def administrator_is_made(scene: Scene) -> Steps:
    root = scene.who(ROOT)
    yield
    form = {"login": "nora", "name": "Nora", "role": "helpdesk", "email": ""}
    assert root.post("/admin/administrators/new", form).status_code in (200, 303)


def administrator_is_made_at_the_server(scene: Scene) -> Steps:
    yield
    scene.command("administrator", "create", "nora")


def record_is_exported(scene: Scene) -> Steps:
    yield
    scene.command("audit", "export", "-")


def person_is_erased(scene: Scene) -> Steps:
    yield
    scene.command("identity", "erase", "--login", "mark", "--yes")


def record_does_not_hold(scene: Scene) -> Steps:
    scene.who(JOHN)
    with working(scene.app) as work:
        work.execute(update(AuditEvent).values(request_id="bent"))
    yield
    worker.patrol(house_of(scene.app), Patrol(house_of(scene.app).audit_keys))


JOHN_HIMSELF: dict[str, Any] = {"actor": "john", "subject": "john", "customer": "abc", "realm": "self-care"}
ABC_ITSELF: dict[str, Any] = {"actor": "abc", "subject": "abc", "customer": "abc", "realm": "self-care"}
ROOT_ALONE: dict[str, Any] = {
    "actor": "root",
    "subject": "root",
    "customer": None,
    "realm": "admin",
    "portal": "console",
}
ROOT_FOR_ABC: dict[str, Any] = {**ROOT_ALONE, "subject": "abc", "customer": "abc"}
HELEN_FOR_ABC: dict[str, Any] = {
    "actor": "helen",
    "subject": "abc",
    "customer": "abc",
    "realm": "self-care",
    "portal": "pbx",
    "mode": "assigned",
}
OF_STAFF: dict[str, Any] = {"subject": "?", "realm": "admin"}
OF_MARK: dict[str, Any] = {"subject": "mark", "customer": "abc", "realm": "self-care"}
NOBODY: dict[str, Any] = {"actor": None, "subject": None, "customer": None, "realm": None, "in_session": False}
OUT: dict[str, Any] = {"in_session": False}
REFUSED: dict[str, Any] = {"outcome": "refused"}
OWN_PAGES: dict[str, Any] = {"portal": "self-care"}

CASES = [
    Case(john_logs_in, "login.ok", **JOHN_HIMSELF, **OUT),
    Case(root_logs_in, "login.ok", **{**ROOT_ALONE, "portal": None}, **OUT),
    Case(wrong_password, "login.refused", **JOHN_HIMSELF, **OUT, **REFUSED, reason="wrong-password"),
    Case(unknown_login, "login.refused", **{**NOBODY, "realm": "self-care"}, **REFUSED, reason="unknown-login"),
    Case(too_many_passwords, "login.refused", **JOHN_HIMSELF, **OUT, **REFUSED, reason="throttled"),
    Case(blocked_customer, "login.refused", **JOHN_HIMSELF, **OUT, **REFUSED, reason="customer-blocked"),
    Case(log_in_from_outside, "login.refused", **ABC_ITSELF, **OUT, **REFUSED, reason="network"),
    Case(request_from_outside, "access.refused", **{**ABC_ITSELF, "realm": None}, **REFUSED, reason="network"),
    Case(networks_of_ones_own, "networks.changed", **JOHN_HIMSELF, **OWN_PAGES),
    Case(log_out, "logout", **JOHN_HIMSELF),
    Case(session_idles_out, "session.expired", **JOHN_HIMSELF, how="", reason="idle"),
    Case(session_is_too_long, "session.expired", **JOHN_HIMSELF, how="", reason="absolute"),
    Case(one_session_is_ended, "session.ended", **JOHN_HIMSELF, **OWN_PAGES),
    Case(staff_end_sessions, "sessions.ended", **ROOT_FOR_ABC),
    Case(present_password, "proof.ok", **JOHN_HIMSELF),
    Case(password_is_changed, "password.changed", **JOHN_HIMSELF, **OWN_PAGES),
    Case(app_is_set_up, "factor.set_up", **JOHN_HIMSELF, **OWN_PAGES),
    Case(wrong_code, "factor.refused", **JOHN_HIMSELF, **OUT, **REFUSED, reason="wrong"),
    Case(codes_run_out, "factor.locked", **JOHN_HIMSELF, **OUT),
    Case(code_is_right, "login.ok", **JOHN_HIMSELF, **OUT),
    Case(recovery_code, "recovery_code.used", **JOHN_HIMSELF, **OUT),
    Case(device_is_remembered, "device.remembered", **JOHN_HIMSELF, **OUT),
    Case(codes_are_renewed, "recovery_codes.renewed", **JOHN_HIMSELF, **OWN_PAGES),
    Case(factor_is_reset, "factor.reset", "helen", "john", "abc", "admin", "console"),
    Case(reset_is_asked, "reset.asked", **{**NOBODY, "realm": "self-care"}),
    Case(reset_is_sent, "reset.sent", **JOHN_HIMSELF, **OUT, how="answered"),
    Case(reset_is_used, "reset.used", **JOHN_HIMSELF, **OUT),
    Case(throttle_is_freed, "throttle.freed", "root", "john", "abc", "admin", "console"),
    Case(role_is_made, "role.created", **ROOT_ALONE),
    Case(role_is_changed, "role.changed", **ROOT_ALONE),
    Case(role_is_deleted, "role.deleted", **ROOT_ALONE),
    Case(role_is_exported, "role.exported", "audrey", "audrey", None, "admin", "console"),
    Case(role_is_allowed, "allowed_role.added", **{**ROOT_FOR_ABC, "subject": "globex", "customer": "globex"}),
    Case(role_is_no_more_allowed, "allowed_role.removed", **ROOT_FOR_ABC),
    Case(individual_is_made, "individual.created", **{**ABC_ITSELF, "subject": "?"}, **OWN_PAGES),
    Case(individual_is_given_another_role, "individual.changed", **{**ABC_ITSELF, "subject": "mark"}, **OWN_PAGES),
    Case(individual_is_suspended, "identity.suspended", **{**ABC_ITSELF, "subject": "mark"}, **OWN_PAGES),
    Case(access_is_changed, "access.changed", **ROOT_FOR_ABC),
    Case(customer_is_blocked, "customer.status", **ROOT_FOR_ABC),
    Case(launch_is_started, "launch.started", **HELEN_FOR_ABC),
    Case(launch_lands, "visit.start", **HELEN_FOR_ABC),
    Case(
        launch_is_refused, "launch.refused", **{**HELEN_FOR_ABC, "mode": "full"}, **REFUSED, reason="full-not-allowed"
    ),
    Case(launch_is_replayed, "launch.replay", **HELEN_FOR_ABC, **REFUSED),
    Case(launch_is_too_late, "launch.expired", **HELEN_FOR_ABC, **OUT, **REFUSED),
    Case(visit_is_ended, "visit.end", **{**HELEN_FOR_ABC, "portal": None}, reason="ended"),
    Case(visit_idles_out, "visit.end", "helen", "john", "abc", "self-care", mode="assigned", reason="idle", how=""),
    Case(visit_changes_something, "pbx.extension.changed", **HELEN_FOR_ABC),
    Case(
        visit_tries_what_it_never_may,
        "access.refused",
        **{**HELEN_FOR_ABC, "portal": "self-care"},
        **REFUSED,
        reason="impersonation_forbidden",
    ),
    Case(change_by_the_customer, "pbx.extension.changed", **ABC_ITSELF, portal="pbx"),
    Case(page_is_forbidden, "access.refused", **JOHN_HIMSELF, **REFUSED, portal="pbx", reason="forbidden"),
    Case(level_is_too_low, "access.refused", "audrey", "audrey", None, "admin", "console", "view_only", "refused"),
    Case(strangers_knock, "access.refused", **NOBODY, **REFUSED, reason="stranger", how="counted"),
    Case(calls_are_exported, "rows.exported", **JOHN_HIMSELF, portal="pbx"),
    Case(calls_are_exported_in_a_visit, "rows.exported", **HELEN_FOR_ABC),
    Case(token_is_made, "token.created", **ABC_ITSELF, **OWN_PAGES),
    Case(token_is_revoked, "token.revoked", **ABC_ITSELF, **OWN_PAGES),
    Case(token_is_used, "api_session.started", **JOHN_HIMSELF),
    Case(program_idles_out, "api_session.expired", **JOHN_HIMSELF, how=""),
    Case(token_is_refused, "token.refused", **JOHN_HIMSELF, **OUT, **REFUSED, reason="suspended"),
    Case(token_of_somebody_else, "token.login_mismatch", **JOHN_HIMSELF, **OUT, **REFUSED, reason="login-mismatch"),
    Case(token_leaked, "token.leaked", **{**NOBODY, "subject": "john", "customer": "abc"}),
    Case(class_is_made, "class.created", **ROOT_ALONE),
    Case(class_is_changed, "class.changed", **ROOT_ALONE),
    Case(gateway_is_changed, "gateway.changed", **ROOT_ALONE),
    Case(portal_is_switched_off, "portal.off", **ROOT_ALONE),
    Case(portal_elsewhere_is_entered, "external.entered", **JOHN_HIMSELF, portal="tickets"),
    Case(administrator_is_made, "administrator.created", **{**ROOT_ALONE, "subject": "?"}),
    Case(administrator_is_made_at_the_server, "administrator.created", **{**NOBODY, **OF_STAFF}, how=""),
    Case(record_is_exported, "audit.exported", **NOBODY, how=""),
    Case(record_does_not_hold, "audit.broken", **NOBODY, **REFUSED, how=""),
    Case(person_is_erased, "identity.erased", **{**NOBODY, **OF_MARK}, how=""),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_an_event_is_found_once_with_all_its_fields__AUD_01__AUD_02(app: Flask, case: Case, in_mid_step: None) -> None:
    steps = case.do(Scene(app))
    next(steps)
    last = rows(app, select(func.coalesce(func.max(EVENTS.c.seq), 0)))[0][0]
    began = clock.now() - timedelta(seconds=1)
    assert next(steps, None) is None
    found = [row for row in rows(app, select(EVENTS).where(EVENTS.c.seq > last)) if _is(case, row)]
    assert len(found) == 1, [(row.event, row.reason) for row in rows(app, select(EVENTS).where(EVENTS.c.seq > last))]
    (row,) = found
    assert (row.actor_id, row.customer_id, row.realm, row.portal, row.outcome, row.mode) == (
        *(case.actor, case.customer, case.realm, case.portal, case.outcome, case.mode),
    )
    assert row.subject_id if case.subject == "?" else row.subject_id == case.subject
    assert row.seq > last
    assert row.at.utcoffset() == timedelta(0)
    assert row.at >= began
    assert bool(row.session) is case.in_session
    assert bool(row.launch_id) is (case.mode is not None and case.event != "launch.refused")
    assert row.address == (None if case.how == "" else ADDRESS)
    assert row.agent == (AGENT if case.how in ("browser", "answered") else None)
    assert bool(row.request_id) is (case.how == "browser")
    _check(rows(app, select(EVENTS)))


def _is(case: Case, row: Any) -> bool:
    return row.event == case.event and row.reason == case.reason


def _check(found: list[Any]) -> None:
    """Hold every row that was written to what a row has to have (AUD-02)."""
    for row in found:
        assert row.outcome in ("ok", "refused"), row.event
        assert row.outcome == "ok" or row.reason or row.event in UNEXPLAINED, row.event
        assert row.realm in (None, "admin", "self-care"), row.event
        assert row.actor_id is None or row.subject_id, row.event
        assert (row.session is None) or (row.subject_id and row.actor_id), row.event
        assert row.launch_id is None or row.actor_id, row.event
        assert row.actor_id in (None, row.subject_id) or row.realm, row.event
        assert len(row.place_digest) == len(row.details_digest) == 32
        assert isinstance(row.details, dict)
        assert row.key_id
        assert len(row.mac) == 64


UNEXPLAINED = ("launch.replay", "launch.expired", "audit.broken")
"""Refusals whose name is the reason."""


def test_at_least_forty_five_kinds_of_events_are_brought_about__AUD_01() -> None:
    assert len({case.event for case in CASES}) >= 45
    assert len({case.do for case in CASES}) == len(CASES)


def test_strangers_are_counted_by_source_and_minute__AUD_01(app: Flask) -> None:
    now = clock.now().replace(second=30)
    sources = {"192.0.2.1": 3, "192.0.2.2": 1, "2001:db8::1": 2, "2001:db8::2": 2}
    with time_machine.travel(now, tick=False):
        for source, times in sources.items():
            for _ in range(times):
                Browser(app, REMOTE_ADDR=source).get("/portals/pbx/calls")
    with time_machine.travel(now + timedelta(minutes=1), tick=False):
        Browser(app, REMOTE_ADDR="192.0.2.1").get("/portals/pbx/calls")
    with time_machine.travel(now + timedelta(minutes=5), tick=False):
        Browser(app).get("/login")
    statement = select(EVENTS.c.address, EVENTS.c.details).where(EVENTS.c.reason == "stranger").order_by(EVENTS.c.seq)
    found = [(row.address, row.details["count"]) for row in rows(app, statement)]
    assert sorted(found[:3]) == [("192.0.2.1", 3), ("192.0.2.2", 1), ("2001:db8::/64", 4)]
    assert found[3:] == [("192.0.2.1", 1)]


def test_ever_so_many_sources_take_no_more_memory__AUD_01() -> None:
    counted, now = Strangers(), clock.now()
    for number in range(MOST + 500):
        counted.note(str(number), now)
    taken = counted.take(now + timedelta(minutes=1))
    assert len(taken) == MOST + 1
    assert taken[now.replace(second=0, microsecond=0), None] == 500
    assert not counted.take(now + timedelta(minutes=1))


def test_what_was_counted_is_kept_while_the_record_cannot_be_written__AUD_06(app: Flask) -> None:
    now = clock.now()
    Browser(app).get("/portals/pbx/calls")
    with time_machine.travel(now + timedelta(minutes=1)):
        with house_of(app).database.write_engine.begin() as connection:
            connection.exec_driver_sql("ALTER TABLE audit_event RENAME TO audit_event_away")
        assert Browser(app).get("/login").status_code == 503
        with house_of(app).database.write_engine.begin() as connection:
            connection.exec_driver_sql("ALTER TABLE audit_event_away RENAME TO audit_event")
        assert Browser(app).get("/login").status_code == 200
    assert len(rows(app, select(EVENTS.c.seq).where(EVENTS.c.reason == "stranger"))) == 1
