"""Statements are counted: one says who is there, the rest are the page's own, however many rows it shows."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest
from flask import Flask

from gateway import clock
from gateway.access.models import Role
from gateway.access.operations import allow_role
from gateway.audit.operations import record
from gateway.identity.models import Kind, Realm
from portals.iot.models import Device, DeviceStatus
from portals.pbx.models import Call, Direction, Extension, Invoice, InvoiceStatus, Method, Payment
from tests.cast import ABC, HELEN, JOHN, ROOT
from tests.elsewhere import register
from tests.house import Browser, add_identity, counting, visit_of, working
from tests.programs import Program

NewBrowser = Callable[[], Browser]

# Each page of self-care, and how many statements it takes beside the one for the visitor.
OWN = {
    "/portals/pbx/overview": 3,
    "/portals/pbx/configuration/extensions": 1,
    "/portals/pbx/configuration/extensions/new": 0,
    "/portals/pbx/configuration/extensions/abc-100": 2,
    "/portals/pbx/configuration/ring-groups": 1,
    "/portals/pbx/configuration/ring-groups/new": 1,
    "/portals/pbx/configuration/ring-groups/abc-ring": 3,
    "/portals/pbx/configuration/ring-groups/abc-ring/delete": 2,
    "/portals/pbx/configuration/forwarding": 1,
    "/portals/pbx/configuration/forwarding/abc-100": 1,
    "/portals/pbx/calls": 1,
    "/portals/pbx/calls?number=555": 2,
    "/portals/pbx/calls.csv": 2,
    "/portals/pbx/finance/balance": 3,
    "/portals/pbx/finance/invoices.csv": 2,
    "/portals/pbx/finance/payments.csv": 2,
    "/portals/pbx/finance/invoices/abc-due/pay": 1,
    "/portals/pbx/finance/invoices": 1,
    "/portals/pbx/finance/invoices/abc-inv": 2,
    "/portals/pbx/finance/payments": 1,
    "/portals/pbx/finance/payments/abc-pay": 1,
    "/portals/iot/devices": 1,
    "/portals/iot/devices/abc-dev": 2,
    "/portals/iot/usage": 3,
    "/portals/iot/alerts": 4,
    "/portals/self-care/profile": 1,
    "/portals/self-care/security/networks": 3,
    "/portals/self-care/security": 4,
    "/portals/self-care/security/second-factor": 3,
    "/portals/self-care/security/second-factor/app": 2,
    "/portals/self-care/security/second-factor/recovery-codes": 1,
    "/portals/self-care/security/second-factor/on": 1,
    "/portals/self-care/security/second-factor/off": 1,
    "/portals/self-care/security/second-factor/passkeys/new": 2,
    "/portals/self-care/preferences": 1,
    "/portals/self-care/preferences/formats": 0,
    "/portals/self-care/tokens": 2,
    "/portals/self-care/activity": 2,
    "/portals/self-care/activity/support-access": 2,
    "/portals/pbx/": 0,
    "/": 0,
}
CONSOLE = {
    "/admin/": 0,
    "/admin/customers": 3,
    "/admin/customers?q=abc": 4,
    "/admin/customers/abc": 6,
    "/admin/customers/new": 2,
    "/admin/customers/abc/status": 3,
    "/admin/customers/abc/log-in": 2,
    "/admin/customers/abc/self-care": 4,
    "/admin/customers/abc/explain": 4,
    "/admin/customers/abc/explain?portal=pbx&node=finance.invoices": 5,
    "/admin/customers/abc/explain?portal=pbx&node=finance.invoices&address=10.0.0.7": 6,
    "/admin/customers/abc/individuals/john/explain?portal=iot": 5,
    "/admin/customers/abc/individuals/john/self-care": 6,
    "/admin/customers/abc/individuals": 3,
    "/admin/customers/abc/individuals/new": 4,
    "/admin/customers/abc/individuals/john": 5,
    "/admin/customers/abc/individuals/change?to=role&individual=john": 3,
    "/admin/tokens": 2,
    "/admin/customers/abc/tokens": 3,
    "/admin/customers/abc/individuals/john/tokens": 3,
    "/admin/administrators/audrey/tokens": 3,
    "/admin/mail": 1,
    "/admin/alarms": 1,
    "/admin/formats": 0,
    "/admin/security": 4,
    "/admin/customers/abc/sessions": 3,
    "/admin/customers/abc/individuals/john/sessions": 4,
    "/admin/administrators/audrey/sessions": 3,
    "/admin/reauthenticate": 1,
    "/admin/classes": 1,
    "/admin/classes/new": 2,
    "/admin/classes/standard": 3,
    "/admin/roles": 1,
    "/admin/roles/itlead": 2,
    "/admin/portals": 1,
    "/admin/portals/new": 0,
    "/admin/portals/tickets": 2,
    "/admin/portals/tickets/structure": 1,
    "/admin/portals/tickets/delete": 3,
    "/admin/administrators": 1,
    "/admin/administrators/audrey": 4,
    "/admin/security/networks": 3,
    "/admin/audit": 2,
    "/admin/audit?customer=abc&portal=pbx": 2,
    "/admin/gateway": 1,
    "/admin/security/second-factor": 3,
    "/admin/security/second-factor/app": 2,
    "/admin/security/second-factor/passkeys/new": 2,
}


CALLS = {
    "/self": 0,
    "/customers": 1,
    "/customers?q=abc": 2,
    "/customers/abc": 2,
    "/customers/abc/allowed-roles": 2,
    "/customers/abc/sessions": 3,
    "/customers/abc/explain": 4,
    "/customers/abc/explain?portal=pbx&node=calls": 5,
    "/individuals/john/explain?portal=pbx": 6,
    "/individuals?customer=abc": 2,
    "/individuals": 1,
    "/individuals/john": 4,
    "/individuals/john/sessions": 4,
    "/classes": 1,
    "/classes/gold": 1,
    "/roles": 1,
    "/roles/itlead": 2,
    "/portals": 0,
    "/audit": 1,
    "/audit?customer=abc&address=127.0.0.1": 2,
}


def sent_by(app: Flask, browser: Browser, path: str) -> list[str]:
    """Return the statements that a page takes once everything is warm."""
    assert browser.get(path).status_code in (200, 303)
    with counting(app) as sent:
        assert browser.get(path).status_code in (200, 303)
    return sent


def beside_the_visitor(app: Flask, browser: Browser, path: str) -> int:
    """Return how many statements a page takes, its visitor found with the first and with no other."""
    sent = sent_by(app, browser, path)
    asked = [statement for statement in sent if "session.key = " in statement.replace('"', "")]
    assert asked[:1] == sent[:1], f"{path} does not begin with its visitor: {sent[0]}"
    assert len(asked) == 1, f"{path} asks {len(asked)} times who is there"
    return len([statement for statement in sent if not statement.startswith("BEGIN")]) - 1


def test_a_page_of_self_care_takes_one_statement_for_the_visitor_and_its_own(
    app: Flask, new_browser: NewBrowser
) -> None:
    abc = new_browser()
    abc.log_in(ABC)
    assert {path: beside_the_visitor(app, abc, path) for path in OWN} == OWN


def test_a_page_of_the_console_takes_one_statement_for_the_visitor_and_its_own(
    app: Flask, new_browser: NewBrowser
) -> None:
    register(app)
    root = new_browser()
    root.log_in(ROOT)
    assert {path: beside_the_visitor(app, root, path) for path in CONSOLE} == CONSOLE


def test_a_visit_takes_no_statement_more_than_the_customers_own_log_in(app: Flask, new_browser: NewBrowser) -> None:
    helen = new_browser()
    helen.log_in(HELEN)
    visit = visit_of(helen.open("abc", "pbx"))
    besides = {"/", "/portals/self-care/activity/support-access"}  # the second lists the visit itself
    pages = {path: own for path, own in OWN.items() if path not in besides}
    assert {path: beside_the_visitor(app, helen, f"{visit}{path}") for path in pages} == pages


def test_a_call_of_the_api_takes_one_statement_for_the_caller_and_its_own(app: Flask) -> None:
    program = Program(app, "root")
    taken = {}
    for path in CALLS:
        program.get(path)
        with counting(app) as sent:
            assert program.get(path).status_code == 200
        assert "api_session" in sent[0]
        taken[path] = len(sent) - 1
    assert taken == CALLS


def test_a_portal_elsewhere_adds_no_statement_to_a_page_but_where_its_sessions_are_listed(
    app: Flask, new_browser: NewBrowser
) -> None:
    register(app)
    abc = new_browser()
    abc.log_in(ABC)
    pages = {**OWN, "/portals/self-care/security": OWN["/portals/self-care/security"] + 1, "/portals/tickets/": 0}
    assert {path: beside_the_visitor(app, abc, path) for path in pages} == pages


def test_a_stranger_takes_none(app: Flask, new_browser: NewBrowser, in_mid_step: None) -> None:
    stranger = new_browser()
    for path in ("/login", "/admin/login", "/healthz", "/portals/pbx/overview"):
        stranger.get(path)
        with counting(app) as sent:
            stranger.get(path)
        assert sent == [], f"{path} asks the database for a stranger"


def test_who_is_there_is_written_down_once_a_minute_and_not_at_every_click(app: Flask, new_browser: NewBrowser) -> None:
    john = new_browser()
    john.log_in(JOHN)
    for path in ("/portals/pbx/calls", "/portals/iot/devices"):
        assert not [statement for statement in sent_by(app, john, path) if statement.startswith("UPDATE")]


@pytest.mark.parametrize(
    "path",
    [
        *("/admin/customers", "/admin/customers/abc", "/admin/roles", "/admin/administrators"),
        *("/admin/customers/abc/individuals", "/admin/customers/abc/individuals?q=person&status=active"),
        *("/admin/customers/abc/explain", "/admin/customers/abc/individuals/john/explain?portal=pbx&node=calls"),
    ],
)
def test_a_list_of_the_console_takes_as_many_statements_for_many_rows_as_for_few(
    app: Flask, new_browser: NewBrowser, path: str
) -> None:
    root = new_browser()
    root.log_in(ROOT)
    few = len(sent_by(app, root, path))
    now = clock.now()
    with working(app) as work:
        for number in range(40):
            add_identity(work, Kind.CUSTOMER, f"c{number:02}", f"Customer {number}", "owner", now)
            add_identity(work, Kind.INDIVIDUAL, f"i{number:02}", f"Person {number}", "itlead", now, customer="abc")
            add_identity(work, Kind.ADMINISTRATOR, f"a{number:02}", f"Admin {number}", "helpdesk", now)
            work.add(Role(id=f"r{number:02}", realm=Realm.SELF_CARE, name=f"Role {number}", description=""))
            work.flush()
            allow_role(work, "abc", f"r{number:02}")
            record(work, "test.event", number=number)
    assert len(sent_by(app, root, path)) == few


@pytest.mark.parametrize(
    "path",
    [
        "/portals/pbx/configuration/extensions",
        "/portals/pbx/configuration/ring-groups/abc-ring",
        "/portals/pbx/configuration/forwarding",
        "/portals/pbx/calls",
        "/portals/pbx/calls?number=1",
        "/portals/pbx/finance/balance",
        "/portals/pbx/finance/invoices",
        "/portals/pbx/finance/payments",
        "/portals/iot/devices",
        "/portals/pbx/overview",
    ],
)
def test_a_list_of_a_portal_takes_as_many_statements_for_many_rows_as_for_few(
    app: Flask, new_browser: NewBrowser, path: str
) -> None:
    abc = new_browser()
    abc.log_in(ABC)
    few = len(sent_by(app, abc, path))
    now, euros = clock.now(), {"customer_id": "abc", "currency": "EUR"}
    with working(app) as work:
        for number in range(200, 300):
            day = now.date() - timedelta(days=number)
            name = f"more-{number}"
            work.add(Extension(id=f"e{number}", customer_id="abc", number=str(number), name=name, version=1))
            work.add(
                Call(
                    id=f"c{number}",
                    started_at=now - timedelta(minutes=number),
                    from_number="+1",
                    to_number=str(number),
                    direction=Direction.MISSED,
                    duration_seconds=0,
                    charge=Decimal(0),
                    **euros,
                )
            )
            work.add(
                Invoice(
                    id=f"i{number}",
                    number=name,
                    issued_on=day,
                    due_on=day,
                    amount=Decimal(1),
                    status=InvoiceStatus.OPEN,
                    **euros,
                )
            )
            work.flush()
            work.add(
                Payment(
                    id=f"p{number}",
                    invoice_id=f"i{number}",
                    paid_on=day,
                    amount=Decimal(1),
                    method=Method.CARD,
                    **euros,
                )
            )
            work.add(
                Device(
                    id=f"d{number}",
                    customer_id="abc",
                    iccid=f"{number:018}",
                    name=name,
                    plan="IoT",
                    status=DeviceStatus.ACTIVE,
                )
            )
    assert len(sent_by(app, abc, path)) == few
