"""Lists: a fixed number of statements whatever their length, each on an index, in one order on both databases."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event

from gateway import clock
from gateway.identity import expiry
from gateway.identity.models import Kind
from tests.cast import ABC, ROOT
from tests.consent import ask, set_class
from tests.house import Browser, add_identity, counting, house_of, working

NewBrowser = Callable[[], Browser]
BIG = (
    "identity",
    "session",
    "mail",
    "audit_event",
    "pbx_call",
    "pbx_extension",
    "pbx_ring_group",
    "pbx_ring_member",
    "pbx_invoice",
    "pbx_payment",
    "iot_device",
    "iot_usage",
    "support_request",
)

STAFF_LISTS = (
    *("/admin/customers", "/admin/customers?q=corp", "/admin/customers?q=co", "/admin/customers?status=active"),
    *("/admin/customers?class=standard", "/admin/customers/abc", "/admin/customers/abc?iq=john"),
    *("/admin/customers/abc/log-in", "/admin/audit", "/admin/audit?actor=root", "/admin/audit?subject=root"),
    *("/admin/classes", "/admin/classes/standard", "/admin/customers/abc/status", "/admin/customers/abc/self-care"),
    *("/admin/customers/abc/individuals", "/admin/customers/abc/individuals?q=jo", "/admin/mail"),
    "/admin/alarms",
    *("/admin/customers/abc/individuals?role=itlead", "/admin/customers/abc/individuals?status=active"),
    *("/admin/administrators", "/admin/administrators?q=ro", "/admin/customers/abc/individuals/new"),
    *("/admin/customers/abc/explain", "/admin/customers/abc/individuals/john/explain?portal=pbx&node=calls"),
    "/admin/customers/abc/explain?portal=iot&address=10.0.0.7",
    "/admin/customers/abc/individuals?q=jo&role=itlead&status=not-yet-active",
    "/admin/customers/abc/individuals/change?to=role&individual=john&individual=mark",
    *("/admin/audit?event=login.ok", "/admin/audit?since=2026-01-01&until=2026-12-31"),
    *("/admin/audit?customer=abc", "/admin/audit?portal=pbx", "/admin/audit?address=127.0.0.1"),
    *("/admin/audit.csv?customer=abc", "/admin/audit.jsonl?portal=pbx&event=visit.start"),
)
CUSTOMER_LISTS = (
    *("/portals/self-care/individuals", "/portals/self-care/individuals?status=expired&q=jo"),
    *("/portals/self-care/activity", "/portals/self-care/activity?since=2026-01-01&until=2099-01-01"),
    "/portals/self-care/activity/support-access",
    *("/portals/pbx/overview", "/portals/pbx/configuration/extensions", "/portals/pbx/configuration/extensions?q=10"),
    *("/portals/pbx/calls", "/portals/pbx/calls?number=555&since=2026-01-01", "/portals/pbx/finance/invoices"),
    *("/portals/pbx/calls?since=2026-11-01&until=2026-11-21", "/portals/pbx/calls?number=555"),
    *("/portals/pbx/configuration/extensions/abc-100", "/portals/pbx/configuration/forwarding?q=10"),
    *("/portals/pbx/configuration/forwarding", "/portals/pbx/configuration/ring-groups"),
    *("/portals/pbx/configuration/ring-groups?q=rec", "/portals/pbx/configuration/ring-groups/abc-ring"),
    *("/portals/pbx/finance/balance", "/portals/pbx/finance/invoices/abc-due", "/portals/pbx/finance/invoices.csv"),
    *("/portals/pbx/finance/payments.csv", "/portals/pbx/finance/invoices/abc-due/pay"),
    *("/portals/pbx/finance/payments", "/portals/iot/devices", "/portals/iot/devices?q=lift"),
    *(
        "/portals/iot/devices?status=active",
        "/portals/iot/devices/abc-dev",
        "/portals/iot/usage",
        "/portals/iot/usage.csv",
    ),
    *("/portals/iot/usage?device=lift&since=2026-01-01&until=2026-03-01", "/portals/iot/alerts"),
)


@pytest.fixture
def root(new_browser: NewBrowser) -> Browser:
    """Root, logged in."""
    found = new_browser()
    found.log_in(ROOT)
    return found


@pytest.fixture
def abc(new_browser: NewBrowser) -> Browser:
    """The customer abc, logged in."""
    found = new_browser()
    found.log_in(ABC)
    return found


def sent(app: Flask, browser: Browser, path: str) -> list[tuple[str, Any]]:
    """Return the statements, with their values, that a page sends."""
    found: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_rest: Any) -> None:
        found.append((statement, parameters))

    engine = house_of(app).database.read_engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        assert browser.get(path).status_code == 200
    finally:
        event.remove(engine, "before_cursor_execute", note)
    return found


def plan_of(app: Flask, statement: str, parameters: Any) -> str:
    """Return how the database would run a statement; on PostgreSQL as if its tables were too large to be read whole."""
    with house_of(app).database.reading() as reader:
        if reader.dialect.name == "sqlite":
            rows = reader.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
            return "\n".join(row[3] for row in rows)
        reader.exec_driver_sql("SET enable_seqscan = off")
        return "\n".join(row[0] for row in reader.exec_driver_sql(f"EXPLAIN {statement}", parameters))


def faults(plan: str) -> list[str]:
    """Return the steps of a plan that read a big table from end to end."""
    steps = plan.splitlines()
    whole = [step for step in steps if step.startswith("SCAN") and " USING " not in step and "VIRTUAL" not in step]
    whole += [step for step in steps if "Seq Scan" in step]
    return [step for step in whole if any(f" {table}" in step and f" {table}_s" not in step for table in BIG)]


@pytest.mark.parametrize("path", [*STAFF_LISTS, *CUSTOMER_LISTS])
def test_every_list_and_filter_goes_through_an_index(app: Flask, root: Browser, abc: Browser, path: str) -> None:
    browser = root if path.startswith("/admin") else abc
    statements = sent(app, browser, path)
    assert statements
    for statement, parameters in statements:
        assert faults(plan_of(app, statement, parameters)) == [], statement


@pytest.mark.parametrize("path", ["/admin/customers", "/admin/customers/abc", "/admin/customers/abc/log-in"])
def test_a_longer_list_costs_no_more_statements(app: Flask, root: Browser, path: str) -> None:
    root.get(path)
    with counting(app) as before:
        root.get(path)
    now = clock.now()
    with working(app) as work:
        for number in range(60):
            add_identity(work, Kind.CUSTOMER, f"more{number:02}", f"More {number:02}", "owner", now)
            add_identity(work, Kind.INDIVIDUAL, f"one{number:02}", f"One {number:02}", "itlead", now, customer="abc")
    with counting(app) as after:
        root.get(path)
    assert len(after) == len(before) <= 7


@pytest.mark.parametrize(
    ("who", "path", "statements"),
    [
        ("abc", "/", 1),
        ("abc", "/portals/self-care/profile", 2),
        ("abc", "/portals/pbx/calls", 2),
        ("abc", "/portals/pbx/configuration/extensions", 2),
        ("abc", "/portals/pbx/configuration/extensions/abc-100", 3),
        ("abc", "/portals/iot/devices", 2),
        ("root", "/admin/roles", 2),
        ("visit", "/portals/pbx/calls", 2),
        ("visit", "/", 1),
    ],
)
def test_one_statement_tells_who_is_there_and_what_they_may_do(
    app: Flask, root: Browser, abc: Browser, who: str, path: str, statements: int
) -> None:
    browser = abc if who == "abc" else root
    if who == "visit":
        path = "/".join(root.open("abc", "pbx").split("/")[:3]) + path
    browser.get(path)
    with counting(app) as counted:
        assert browser.get(path).status_code == 200
    assert len(counted) == statements, counted


def test_a_click_takes_ten_statements_at_most_beside_the_page(app: Flask, root: Browser) -> None:
    root.open("abc", "pbx")
    token = root.token("/admin/customers")
    with counting(app) as counted:
        answer = root.client.post("/admin/launches", data={"csrf_token": token, "subject": "abc", "portal": "pbx"})
        landed = root.get(answer.location)
    assert landed.status_code == 303
    writing = [statement for statement in counted if not statement.startswith(("SELECT", "BEGIN"))]
    assert len(writing) <= 7, writing


def test_customers_page_by_key_without_gap_or_repeat(app: Flask, root: Browser) -> None:
    now = clock.now()
    with working(app) as work:
        for number in range(70):
            add_identity(work, Kind.CUSTOMER, f"more{number:02}", f"Same name {number % 3}", "owner", now)
    seen: list[str] = []
    path = "/admin/customers"
    while path:
        page = root.get(path).text
        seen += [part.split('"')[0] for part in page.split('<th scope="row"><a href="/admin/customers/')[1:]]
        path = page.split('rel="next" href="')[1].split('"')[0].replace("&amp;", "&") if 'rel="next"' in page else ""
    assert len(seen) == len(set(seen)) == 73


@pytest.mark.parametrize("kind", ["individual", "administrator"])
def test_individuals_and_administrators_page_by_key_without_gap_or_repeat(app: Flask, root: Browser, kind: str) -> None:
    customer, path = (
        ("abc", "/admin/customers/abc/individuals") if kind == "individual" else (None, "/admin/administrators")
    )
    role = "itlead" if kind == "individual" else "auditor"
    with working(app) as work:
        for number in range(70):
            add_identity(work, Kind(kind), f"p{number:02}", f"Same {number % 3}", role, clock.now(), customer=customer)
    seen: list[str] = []
    where: str | None = path
    while where:
        page = root.get(where).text
        seen += [part.split('"')[0] for part in page.split(f'<th scope="row"><a href="{path}/')[1:]]
        where = page.split('rel="next" href="')[1].split('"')[0].replace("&amp;", "&") if 'rel="next"' in page else None
    assert len(seen) == len(set(seen)) == 73


@pytest.mark.parametrize("after", ["nonsense", "W10", "W251bGxd", "x" * 5000, "WyJhIiwxXQ", "\u00e9", "%00"])
@pytest.mark.parametrize(
    "path",
    [
        *("/admin/customers", "/admin/audit", "/admin/customers/abc", "/admin/administrators"),
        *("/admin/customers/abc/individuals", "/portals/self-care/activity/support-access"),
        "/portals/self-care/activity",
    ],
)
def test_a_cursor_that_is_not_ours_is_refused_in_words__INP_01(
    root: Browser, abc: Browser, path: str, after: str
) -> None:
    assert (abc if path.startswith("/portals") else root).get(path, query_string={"after": after}).status_code == 422


def test_who_asks_for_consent_is_found_through_an_index_at_a_fixed_price(
    app: Flask, root: Browser, abc: Browser
) -> None:
    set_class(app, "consent")
    ask(root)
    for browser, path, most in (
        (abc, "/", 2),
        (abc, "/portals/self-care/activity/support-access", 4),
        (root, "/admin/customers/abc/log-in", 4),
        (root, "/admin/customers/abc", 8),
    ):
        browser.get(path)
        statements = sent(app, browser, path)
        assert len(statements) == most, path
        for statement, parameters in statements:
            assert faults(plan_of(app, statement, parameters)) == [], statement


def test_sessions_that_ran_out_are_found_among_those_that_live(app: Flask, root: Browser) -> None:
    asked: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_rest: Any) -> None:
        if statement.startswith("SELECT session"):
            asked.append((statement, parameters))

    engine = house_of(app).database.write_engine
    event.listen(engine, "before_cursor_execute", note)
    with working(app) as work:
        assert expiry.end_over(work, clock.now()) == 0
    event.remove(engine, "before_cursor_execute", note)
    ((statement, parameters),) = asked
    assert "ix_session_live" in plan_of(app, statement, parameters)
