"""What is done at the server: each command does what it says, and says what it did."""

import csv
from collections.abc import Callable

import pytest
from click.testing import Result
from flask import Flask
from flask.cli import FlaskGroup
from sqlalchemy import func, select

from gateway import demo_company
from gateway.audit.models import AuditEvent
from gateway.audit.verifying import verify
from gateway.db import Database
from gateway.identity.models import Identity, Session
from tests.cast import HELEN, JOHN, ROOT, Member
from tests.conftest import AUDIT, SECRET
from tests.house import Browser, house_of, rows, value

NewBrowser = Callable[[], Browser]
NEW_PASSWORD = "another horse, another battery"


def flask(app: Flask, *arguments: str, **env: str) -> Result:
    """Run `flask --app wsgi` with arguments."""
    return app.test_cli_runner().invoke(FlaskGroup(load_dotenv=False), arguments, env=env)


def said(app: Flask, *arguments: str, **env: str) -> str:
    """Run a command that succeeds, and return what it says."""
    result = flask(app, *arguments, **env)
    assert result.exit_code == 0, result.output
    return result.stdout


def refused(app: Flask, *arguments: str) -> str:
    """Run a command that is refused, and return why."""
    result = flask(app, *arguments)
    assert result.exit_code == 1
    assert result.stdout == ""
    return result.stderr


def test_every_command_says_in_its_help_what_it_does(app: Flask) -> None:
    commands = ["migrate", "settings", "work", "administrator", "audit", "demo", "portal", "sessions", "import"]
    listed = said(app, "--help")
    for command in commands:
        assert f"\n  {command} " in listed
        assert len(said(app, command, "--help").splitlines()) > 2


def test_the_portals_are_listed_with_their_addresses(app: Flask) -> None:
    assert said(app, "portal", "list").splitlines() == [
        "console\t/admin/\tConsole",
        "pbx\t/portals/pbx/\tCloud PBX",
        "iot\t/portals/iot/\tIoT",
        "self-care\t/portals/self-care/\tMy access",
    ]


def test_the_check_shows_the_node_of_every_route__POR_01(app: Flask) -> None:
    everything = said(app, "portal", "check")
    for rule in app.url_map.iter_rules():
        if rule.rule.startswith(("/portals/pbx", "/portals/iot", "/portals/self-care")):
            assert f" {rule.rule}  " in everything
    iot = said(app, "portal", "check", "iot").splitlines()
    assert iot[0] == "iot: 3 nodes"
    assert "  GET   /portals/iot/devices/<id>  devices" in iot
    assert "  POST  /portals/iot/alerts/<id>/delete  alerts" in iot
    assert "There is no portal 'nothing'. There are console, pbx, iot, self-care." in refused(
        app, "portal", "check", "nothing"
    )


def test_a_portal_that_is_switched_off_is_shut_at_the_next_request_and_opens_again__POR_02(
    app: Flask, new_browser: NewBrowser
) -> None:
    john = new_browser()
    john.log_in(JOHN)
    assert john.get("/portals/pbx/overview").status_code == 200
    said(app, "portal", "off", "pbx")
    assert john.get("/portals/pbx/overview").status_code == 403
    assert john.get("/portals/iot/devices").status_code == 200
    assert "Cloud PBX" not in john.get("/").text
    said(app, "portal", "off", "pbx")
    said(app, "portal", "on", "pbx")
    assert john.get("/portals/pbx/overview").status_code == 200
    assert "no portal 'nothing'" in refused(app, "portal", "off", "nothing")
    events = rows(app, select(AuditEvent.event).where(AuditEvent.event.like("portal.%")).order_by(AuditEvent.seq))
    assert [row[0] for row in events] == ["portal.off", "portal.off", "portal.on"]


def test_a_new_administrator_logs_in_once_with_the_printed_password_and_must_choose_another(
    app: Flask, new_browser: NewBrowser
) -> None:
    lines = said(app, "administrator", "create", "Nora").splitlines()
    assert lines[0] == "Nora logs in at /admin/login with this password, once, and then chooses another:"
    nora, password = Member("nora", "/admin/login"), lines[1]
    browser, late = new_browser(), new_browser()
    for each in (browser, late):
        assert each.log_in(nora, password).location.startswith("/admin/login/password")
        assert each.get("/admin/customers").location == "/admin/login?next=/admin/customers"
    page = "/admin/login/password"
    assert browser.post(page, {"password": password, "confirm": password}).status_code == 422
    assert browser.post(page, {"password": NEW_PASSWORD, "confirm": NEW_PASSWORD}).status_code == 303
    assert browser.get("/admin/customers").status_code == 200
    assert new_browser().log_in(nora, password).status_code == 422
    assert late.post(page, {"password": "x" * 20, "confirm": "x" * 20}, page="/admin/login").location == "/admin/login"
    assert new_browser().log_in(nora, NEW_PASSWORD).status_code == 303


def test_a_lost_administrator_gets_access_again_and_every_old_session_ends__SES_05(
    app: Flask, new_browser: NewBrowser
) -> None:
    helen, again = new_browser(), new_browser()
    helen.log_in(HELEN)
    visit = helen.open("abc", "pbx")
    password = said(app, "administrator", "create", "HELEN").splitlines()[1]
    assert helen.get("/admin/customers").status_code == 303
    assert helen.get(visit).location == "/admin/login"
    assert again.log_in(HELEN).status_code == 422
    assert again.log_in(HELEN, password).location.startswith("/admin/login/password")
    assert value(app, Identity.role_id, "helen") == "helpdesk"
    assert password not in str(rows(app, select(AuditEvent.details)))


def test_an_administrator_with_a_bad_login_or_an_unknown_role_is_not_made(app: Flask) -> None:
    before = rows(app, select(func.count()).select_from(Identity))
    assert "no spaces" in refused(app, "administrator", "create", "two words")
    assert "There is no role 'owner' in the admin realm." in refused(
        app, "administrator", "create", "nora", "--role", "owner"
    )
    assert rows(app, select(func.count()).select_from(Identity)) == before
    said(app, "administrator", "create", "nora", "--role", "helpdesk")
    assert rows(app, select(Identity.role_id).where(Identity.login_key == "nora"))[0][0] == "helpdesk"


def test_the_sessions_of_a_login_end_with_their_visits__SES_06(app: Flask, new_browser: NewBrowser) -> None:
    first, second, root = new_browser(), new_browser(), new_browser()
    for browser in (first, second):
        browser.log_in(JOHN)
    root.log_in(ROOT)
    visit = root.open("john", "pbx")
    assert said(app, "sessions", "end", "--login", "JOHN") == "2 sessions ended.\n"
    for browser in (first, second):
        assert browser.get("/portals/pbx/overview").status_code == 303
    assert root.get(visit).status_code == 200
    assert said(app, "sessions", "end", "--login", "root") == "1 sessions ended.\n"
    assert root.get(visit).location == "/admin/login"
    assert said(app, "sessions", "end", "--login", "root") == "0 sessions ended.\n"
    assert "Nobody has the login 'nobody'." in refused(app, "sessions", "end", "--login", "nobody")
    assert {row[0] for row in rows(app, select(Session.ended_why))} == {"ended-by-staff", "console-ended"}


def test_the_settings_are_shown_with_their_source_and_secrets_are_masked__AUD_03(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = {
        "GATEWAY_SECRET_KEYS": SECRET,
        "GATEWAY_AUDIT_KEYS": AUDIT,
        "GATEWAY_DATABASE_URL": "postgresql://portico:canary-password@db/portico",
        "GATEWAY_BASE_URL": "https://portico.example",
        "GATEWAY_BRAND": "Example Telecom",
    }
    for name, text in given.items():
        monkeypatch.setenv(name, text)
    shown = said(app, "settings")
    assert "GATEWAY_BRAND=Example Telecom" in shown
    for name in given:
        assert f"\n{name}=" in f"\n{shown}"
    for secret in (SECRET, SECRET[:12], AUDIT, AUDIT[:12], "canary-password"):
        assert secret not in shown


def test_migrating_an_up_to_date_database_changes_nothing(app: Flask) -> None:
    assert said(app, "migrate") == "The database is up to date.\n"


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_demo_company_loads_can_be_loaded_again_and_everybody_logs_in(app: Flask, new_browser: NewBrowser) -> None:
    database: Database = house_of(app).database
    first = said(app, "demo", "load", DEMO_PASSWORD=NEW_PASSWORD)
    with (demo_company.DEMO / "pbx-calls.csv").open(encoding="utf-8", newline="") as file:
        assert f"pbx-calls: {sum(1 for _ in csv.DictReader(file))} rows" in first
    counted = rows(app, select(Identity.kind, func.count()).group_by(Identity.kind).order_by(Identity.kind))
    assert said(app, "demo", "load", DEMO_PASSWORD=NEW_PASSWORD) == first
    assert rows(app, select(Identity.kind, func.count()).group_by(Identity.kind).order_by(Identity.kind)) == counted
    for member in (ROOT, JOHN, Member("acme", "/login")):
        assert new_browser().log_in(member, NEW_PASSWORD).status_code == 303, member.login
    with database.reading() as reader:
        assert verify(reader, house_of(app).audit_keys)[1] is None


def test_the_demo_needs_a_password(app: Flask) -> None:
    assert flask(app, "demo", "load").exit_code == 2
