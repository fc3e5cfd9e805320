"""The console: customers found and filtered, roles edited, administrators suspended, the record searched, defaults."""

import re
from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import select

from gateway.audit.models import AuditEvent
from gateway.identity.models import CustomerStatus, Identity
from gateway.identity.search import customers_found_by
from tests.cast import AUDREY, HELEN, JOHN, ROOT
from tests.house import Browser, change, house_of, rows, value, working

NewBrowser = Callable[[], Browser]


@pytest.fixture
def root(new_browser: NewBrowser) -> Browser:
    """Root, logged in."""
    found = new_browser()
    found.log_in(ROOT)
    return found


def named(text: str) -> list[str]:
    """Return which customers a page of the list shows, in its order."""
    return [name for name in ("ABC Company", "Globex Corporation", "Initech") if f"<bdi>{name}</bdi></a>" in text]


@pytest.mark.parametrize(
    ("q", "expected"),
    [
        ("", ["ABC Company", "Globex Corporation", "Initech"]),
        ("GLOB", ["Globex Corporation"]),
        ("lobex", ["Globex Corporation"]),
        ("ini", ["Initech"]),
        ("in", ["Initech"]),
        ("corporation", ["Globex Corporation"]),
        ("ABC@example", ["ABC Company"]),
        ("%", []),
        ("_b_", []),
        ("[abc]*", []),
        ("nothing like this", []),
        ("x" * 500, []),
    ],
)
def test_customers_are_found_by_any_part_of_name_login_or_mail_on_both_databases(
    root: Browser, q: str, expected: list[str]
) -> None:
    assert named(root.get("/admin/customers", query_string={"q": q}).text) == expected


def test_an_exact_login_comes_first(root: Browser, app: Flask) -> None:
    change(app, "abc", name="Zebra of initech", sort_key="a zebra of initech", search="a zebra of initech\nabc")
    page = root.get("/admin/customers?q=initech").text
    assert page.index("/admin/customers/initech") < page.index("/admin/customers/abc")


def test_customers_are_filtered_by_status_and_class(root: Browser, app: Flask) -> None:
    change(app, "globex", status=CustomerStatus.BLOCKED)
    assert named(root.get("/admin/customers?status=blocked").text) == ["Globex Corporation"]
    assert named(root.get("/admin/customers?class=gold").text) == []
    assert len(named(root.get("/admin/customers?class=standard&status=active").text)) == 2
    assert len(named(root.get("/admin/customers?status=nonsense&class=nonsense").text)) == 3


@pytest.mark.parametrize("typed", ["glo", "obex co", "gl"])
def test_every_search_goes_through_an_index(app: Flask, typed: str) -> None:
    with house_of(app).database.reading() as reader:
        statement = select(Identity.id)
        condition = customers_found_by(reader, typed)
        sql = str(statement.where(condition).compile(reader, compile_kwargs={"literal_binds": True}))
        if reader.dialect.name == "sqlite":
            plan = " ".join(row[3] for row in reader.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}"))
            assert "SCAN identity" not in plan.replace("SCAN identity_search", "")
            return
        reader.exec_driver_sql("SET enable_seqscan = off")
        plan = " ".join(row[0] for row in reader.exec_driver_sql(f"EXPLAIN {sql.replace('%', '%%')}"))
        assert "Seq Scan" not in plan


def test_a_role_is_edited_as_a_tree_and_acts_at_the_next_request__ROL_03(
    root: Browser, new_browser: NewBrowser
) -> None:
    john = new_browser()
    john.log_in(JOHN)
    assert john.get("/portals/pbx/finance/invoices").status_code == 404
    page = root.get("/admin/roles/itlead").text
    assert 'name="pbx:configuration"' in page
    version = page.split('name="version" value="')[1].split('"')[0]
    form = {
        "version": version,
        "pbx:overview": "view",
        "pbx:configuration": "view",
        "pbx:finance": "view",
        "iot:": "full",
    }
    assert root.post("/admin/roles/itlead", form).status_code == 303
    assert john.get("/portals/pbx/finance/invoices").status_code == 200
    assert john.get("/portals/pbx/calls").status_code == 404
    extension = "/portals/pbx/configuration/extensions/abc-100"
    assert "You can look but not change anything here." in john.get(extension).text
    assert john.post(extension, {"number": "100", "name": "x", "version": "1"}).status_code == 403
    assert root.post("/admin/roles/itlead", form).status_code == 409


def test_a_default_role_is_not_edited_and_nonsense_is_refused(root: Browser) -> None:
    assert root.post("/admin/roles/default-admin", {"version": "1"}).status_code == 403
    assert root.post("/admin/roles/itlead", {"version": "1", "pbx:": "everything"}).status_code == 422
    assert root.get("/admin/roles/nobody").status_code == 404


def test_nobody_edits_an_admin_role_beyond_their_own_levels__ROL_06(
    root: Browser, new_browser: NewBrowser, app: Flask
) -> None:
    helpers = {"customers": "full", "open.view-only": "full", "open.assigned": "full", "open.individual": "full"}
    fields = {f"console:{node}": level for node, level in helpers.items()}
    version = _version(root.get("/admin/roles/helpdesk").text)
    with_roles = {"version": version, **fields, "console:roles": "full"}
    assert root.post("/admin/roles/helpdesk", with_roles).status_code == 303
    helen = new_browser()
    helen.log_in(HELEN)
    version = _version(helen.get("/admin/roles/helpdesk").text)
    more = {"version": version, **fields, "console:roles": "full", "console:open.full": "full"}
    assert helen.post("/admin/roles/helpdesk", more).status_code == 403
    assert helen.launch("abc", "pbx", mode="full").status_code == 403


def _version(page: str) -> str:
    found = re.search(r'name="version"[^>]* value="(\d+)"', page)
    assert found
    return found[1]


def test_suspending_an_administrator_ends_everything_of_theirs_at_once(root: Browser, new_browser: NewBrowser) -> None:
    helen = new_browser()
    helen.log_in(HELEN)
    visit = helen.open("abc", "pbx")
    page = "/admin/administrators"
    assert root.post(f"{page}/helen/suspended", {"suspended": "y"}, page=page).status_code == 303
    assert helen.get("/admin/customers").location.startswith("/admin/login")
    assert helen.get(visit).location == "/admin/login"
    assert helen.log_in(HELEN).status_code == 422
    assert root.post(f"{page}/helen/suspended", {"suspended": ""}, page=page).status_code == 303
    assert helen.log_in(HELEN).status_code == 303


def test_nobody_suspends_themselves_or_somebody_above_them__ROL_06(
    root: Browser, new_browser: NewBrowser, app: Flask
) -> None:
    page = "/admin/administrators"
    assert root.post(f"{page}/root/suspended", {"suspended": "y"}, page=page).status_code == 403
    with working(app) as work:
        from_role = work.get(Identity, "audrey")
        assert from_role is not None
        from_role.role_id = "helpdesk"
    version = _version(root.get("/admin/roles/helpdesk").text)
    root.post("/admin/roles/helpdesk", {"version": version, "console:administrators": "full"})
    helen = new_browser()
    helen.log_in(HELEN)
    assert helen.post(f"{page}/root/suspended", {"suspended": "y"}, page=page).status_code == 403
    assert value(app, Identity.suspended, "root") is False
    assert helen.post(f"{page}/audrey/suspended", {"suspended": "y"}, page=page).status_code == 303


def test_audrey_looks_at_everything_and_changes_nothing(new_browser: NewBrowser) -> None:
    audrey = new_browser()
    audrey.log_in(AUDREY)
    for page in ("roles", "roles/itlead", "administrators", "audit", "gateway", "customers/abc"):
        assert audrey.get(f"/admin/{page}").status_code == 200
    assert audrey.post("/admin/gateway", {"version": "1"}, page="/admin/customers").status_code == 403
    assert audrey.post("/admin/roles/itlead", {"version": "1"}, page="/admin/customers").status_code == 403


def test_the_record_is_searched_by_actor_subject_event_and_time(root: Browser, new_browser: NewBrowser) -> None:
    helen = new_browser()
    helen.log_in(HELEN)
    helen.open("john", "pbx")
    both = root.get("/admin/audit?actor=helen&subject=john").text
    assert both.count('<details class="fold">') == 1
    assert "login.ok" not in both.split("<tbody>")[1]
    assert "Helen Desk" in both
    assert "John Carter" in both
    assert "fold" not in root.get("/admin/audit?actor=root").text.split("<tbody>")[1]
    assert "Nothing found" in root.get("/admin/audit?actor=nobody").text
    assert "Nothing found" in root.get("/admin/audit?until=2020-01-01").text
    assert root.get("/admin/audit?event=visit.start&since=2020-01-01").text.count('class="fold"') == 1
    assert root.get("/admin/audit?since=31/31/2026").status_code == 422


@pytest.mark.parametrize("column", ["actor_id", "subject_id", "customer_id", "event", "portal", "address", "at"])
def test_every_filter_of_the_record_has_its_index(app: Flask, column: str) -> None:
    indexes = {index.name: [found.name for found in index.columns] for index in AuditEvent.__table__.indexes}
    assert [column, "seq"] in indexes.values()


def test_switching_support_access_off_ends_visits_and_refuses_launches__IMP_13(
    root: Browser, new_browser: NewBrowser
) -> None:
    helen = new_browser()
    helen.log_in(HELEN)
    visit, land = helen.open("abc", "pbx"), helen.launch("globex", "pbx").location
    page = root.get("/admin/gateway").text
    form = {
        "version": _version(page),
        "language": "en",
        "time_zone": "Europe/Prague",
        "output_date_format": "DD.MM.YYYY",
        "output_time_format": "HH24:MI",
        "input_date_format": "DD.MM.YYYY",
        "input_time_format": "HH24:MI",
        "idle_minutes": "30",
        "absolute_minutes": "720",
        "admin_idle_minutes": "30",
        "admin_absolute_minutes": "600",
    }
    assert root.post("/admin/gateway", form).status_code == 303
    assert helen.get(land).status_code == 403
    answer = helen.get(visit)
    assert answer.location == "/admin/customers?ended=support-access-off"
    assert "Support access is switched off" in helen.get(answer.location).text
    assert helen.launch("abc", "pbx").status_code == 403
    assert root.post("/admin/gateway", form).status_code == 409


def test_a_bad_pattern_is_refused_beside_its_field_and_what_was_typed_stays(root: Browser, app: Flask) -> None:
    page = root.get("/admin/gateway").text
    form = {"version": _version(page), "language": "en", "time_zone": "Mars/Olympus", "input_date_format": "DD.MM.YY"}
    answer = root.post("/admin/gateway", form)
    assert answer.status_code == 422
    assert "An input pattern needs the year in full: YYYY." in answer.text
    assert 'value="DD.MM.YY"' in answer.text
    assert rows(app, select(AuditEvent).where(AuditEvent.event == "gateway.changed")) == []
