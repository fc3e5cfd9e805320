"""Cloud PBX, calls and finance: the chart by the reader's days, the balance, and transfers that are announced."""

import base64
import csv
import io
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import delete, insert, select, update

from gateway import clock
from gateway.access.operations import set_portal_view
from gateway.audit.models import AuditEvent
from gateway.audit.operations import Keys
from gateway.db import new_id
from gateway.identity.models import CustomerStatus
from gateway.importing import run
from portals.pbx.importer import IMPORTERS
from portals.pbx.models import Call, Direction, Invoice, InvoiceStatus, Method, Payment
from tests.cast import ABC, ADAM, HELEN, JOHN
from tests.conftest import AUDIT
from tests.house import Browser, change, house_of, rows, working

NewBrowser = Callable[[], Browser]
OVERVIEW, CALLS = "/portals/pbx/overview", "/portals/pbx/calls"
BALANCE, INVOICES, PAYMENTS = (f"/portals/pbx/finance/{name}" for name in ("balance", "invoices", "payments"))
PAY = f"{INVOICES}/abc-due/pay"
TODAY = clock.now().date()


@pytest.fixture
def abc(new_browser: NewBrowser) -> Browser:
    """The customer abc, whose role opens the PBX in full."""
    browser = new_browser()
    browser.log_in(ABC)
    return browser


def call_at(app: Flask, *moments: str, direction: Direction = Direction.INCOMING, customer: str = "abc") -> None:
    """Replace a customer's calls by one at each moment (ISO 8601)."""
    with working(app) as work:
        work.execute(delete(Call).where(Call.customer_id == customer, Call.from_number == "+1555"))
        for moment in moments:
            work.add(
                Call(
                    customer_id=customer,
                    started_at=datetime.fromisoformat(moment),
                    from_number="+1555",
                    to_number="100",
                    direction=direction,
                    duration_seconds=60,
                    charge=Decimal(0),
                    currency="EUR",
                )
            )


def figures(page: str) -> dict[str, list[int]]:
    """Return what the table behind the chart says: each day with its incoming, outgoing and missed calls."""
    behind = page.partition("<figcaption>")[2].partition("</figcaption>")[0].partition("<tbody>")[2]
    found = {}
    for row in behind.split("<tr>")[1:]:
        label = row.partition('scope="row">')[2].partition("<")[0]
        found[label] = [int(cell.partition(">")[2].partition("<")[0]) for cell in row.split("<td")[1:]]
    return found


def owe(app: Flask, number: str, amount: str, due: date, **more: Any) -> str:
    """Give abc an open invoice and return its id."""
    values = {"currency": "EUR", "status": InvoiceStatus.OPEN, **more}
    id = new_id()
    with working(app) as work:
        work.execute(
            insert(Invoice).values(
                id=id,
                customer_id="abc",
                number=number,
                issued_on=due - timedelta(days=30),
                due_on=due,
                amount=Decimal(amount),
                **values,
            )
        )
    return id


def paid(app: Flask, invoice: str, amount: str, day: date) -> None:
    """Put a payment on an invoice of abc."""
    with working(app) as work:
        work.add(
            Payment(
                customer_id="abc",
                invoice_id=invoice,
                paid_on=day,
                amount=Decimal(amount),
                currency="EUR",
                method=Method.CARD,
            )
        )


def test_calls_are_counted_by_the_days_of_whoever_reads(abc: Browser, app: Flask) -> None:
    call_at(app, "2026-03-01T23:30:00+00:00", "2026-03-02T10:59:59.900000+00:00", "2026-03-02T11:00:00+00:00")
    asked = f"{CALLS}?since=2026-03-01&until=2026-03-03"
    assert figures(abc.get(asked).text) == {
        "2026-03-01": [1, 0, 0],
        "2026-03-02": [2, 0, 0],
        "2026-03-03": [0, 0, 0],
    }
    change(app, "abc", time_zone="Pacific/Auckland")
    assert figures(abc.get(asked).text) == {
        "2026-03-01": [0, 0, 0],
        "2026-03-02": [2, 0, 0],
        "2026-03-03": [1, 0, 0],
    }


def test_the_day_of_twenty_five_hours_is_one_day(abc: Browser, app: Flask) -> None:
    change(app, "abc", time_zone="Europe/Prague")
    call_at(app, *(f"2025-10-{day}T{hour}:30:00+00:00" for day, hour in ((25, 22), (26, 12), (26, 22), (26, 23))))
    found = figures(abc.get(f"{CALLS}?since=2025-10-26&until=2025-10-27").text)
    assert found == {"2025-10-26": [3, 0, 0], "2025-10-27": [1, 0, 0]}


def test_the_chart_goes_by_the_filters_and_by_direction(abc: Browser, app: Flask) -> None:
    call_at(app, "2026-03-02T10:00:00+00:00", direction=Direction.MISSED)
    call_at(app, "2026-03-02T10:00:00+00:00", customer="globex")
    asked = f"{CALLS}?since=2026-03-02&until=2026-03-02"
    assert figures(abc.get(asked).text) == {"2026-03-02": [0, 0, 1]}
    assert figures(abc.get(f"{asked}&number=1555").text) == {"2026-03-02": [0, 0, 1]}
    nothing = abc.get(f"{asked}&number=777").text
    assert "No calls found" in nothing
    assert "<figure" not in nothing


def test_without_a_first_day_the_chart_shows_the_last_thirty(abc: Browser, app: Flask) -> None:
    found = figures(abc.get(f"{CALLS}?number=555").text)
    assert len(found) == 30
    assert sum(sum(counts) for counts in found.values()) == 40
    call_at(app, "2026-03-02T10:00:00+00:00")
    assert next(iter(figures(abc.get(f"{CALLS}?until=2026-03-02").text))) == "2026-02-01"


def test_a_time_too_long_for_the_chart_is_said_and_the_calls_are_listed(abc: Browser) -> None:
    page = abc.get(f"{CALLS}?since=2020-01-01").text
    assert "The chart shows 92 days at most." in page
    assert "<figure" not in page
    assert page.count('<th scope="row"><time') == 30


def test_the_first_page_alone_draws(abc: Browser) -> None:
    page = abc.get(f"{CALLS}?number=555").text
    following = page.partition('rel="next" href="')[2].partition('"')[0].replace("&amp;", "&")
    assert "<figure" not in abc.get(following).text
    assert "<figure" not in abc.get(CALLS).text


@pytest.mark.parametrize("path", [CALLS, f"{CALLS}.csv"])
def test_days_in_the_wrong_order_are_refused_in_words(abc: Browser, path: str) -> None:
    answer = abc.get(f"{path}?since=2026-03-02&until=2026-03-01")
    assert answer.status_code == 422
    assert "This day lies before the first." in answer.text


@pytest.mark.parametrize("zone", ["Pacific/Auckland", "Pacific/Pago_Pago"])
@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31"])
def test_the_ends_of_the_calendar_break_nothing__INP_03(abc: Browser, app: Flask, zone: str, day: str) -> None:
    change(app, "abc", time_zone=zone)
    for query in (f"since={day}", f"until={day}", f"since={day}&until={day}", f"until={day}&number=1"):
        assert abc.get(f"{CALLS}?{query}").status_code == 200, query


@pytest.mark.parametrize("path", [CALLS, INVOICES, PAYMENTS])
@pytest.mark.parametrize("key", [["when", "x"], ["2026-01-01", "x"], [1, "x"], ["2026-01-01T00:00:00+00:00"]])
def test_a_cursor_that_is_not_ours_is_refused__INP_01(abc: Browser, path: str, key: list[Any]) -> None:
    after = base64.urlsafe_b64encode(json.dumps(key).encode()).decode()
    assert abc.get(path, query_string={"after": after}).status_code == 422


@pytest.mark.parametrize("path", [INVOICES, PAYMENTS])
def test_invoices_and_payments_page_by_key_without_gap_or_repeat(abc: Browser, app: Flask, path: str) -> None:
    for number in range(70):
        id = owe(app, f"more-{number}", "1.00", date(2026, 1, 1 + number % 3))
        paid(app, id, "1.00", date(2026, 1, 1 + number % 3))
    seen: list[str] = []
    page = path
    while page:
        text = abc.get(page).text
        seen += [part.partition('"')[0] for part in text.split(f'<th scope="row"><a href="{path}/')[1:]]
        page = text.partition('rel="next" href="')[2].partition('"')[0].replace("&amp;", "&")
    assert len(seen) == len(set(seen)) == (72 if path == INVOICES else 71)


def test_the_overview_shows_calls_of_thirty_days_and_the_balance_where_the_role_does(
    new_browser: NewBrowser, app: Flask
) -> None:
    adam, john = new_browser(), new_browser()
    adam.log_in(ADAM)
    john.log_in(JOHN)
    assert "To be paid" in adam.get(OVERVIEW).text
    assert "€80.00" in adam.get(OVERVIEW).text
    seen = john.get(OVERVIEW).text
    assert "To be paid" not in seen
    assert "€80.00" not in seen
    assert len(figures(seen)) == 30
    assert sum(sum(counts) for counts in figures(seen).values()) == 40


def test_the_overview_draws_no_calls_for_a_role_without_them(new_browser: NewBrowser, app: Flask) -> None:
    with working(app) as work:
        set_portal_view(work, "itlead", "pbx", {"overview": "view"})
    john = new_browser()
    john.log_in(JOHN)
    assert "<figure" not in john.get(OVERVIEW).text


def test_the_balance_is_told_for_each_currency(abc: Browser, app: Flask) -> None:
    yesterday, tomorrow = TODAY - timedelta(days=2), TODAY + timedelta(days=2)
    part = owe(app, "A-1", "100.00", yesterday)
    paid(app, part, "30.50", TODAY)
    owe(app, "A-2", "11.00", tomorrow)
    owe(app, "A-3", "7.00", tomorrow, status=InvoiceStatus.OVERDUE)
    owe(app, "A-4", "500.00", tomorrow, status=InvoiceStatus.PAID)
    owe(app, "B-1", "9.99", tomorrow, currency="USD")
    text = abc.get(BALANCE).text
    assert "€167.50" in text  # 80.00 + 69.50 + 11.00 + 7.00
    assert "€76.50" in text  # of it overdue: 69.50 by its day, 7.00 by its status
    assert "$9.99" in text
    assert "€30.50" in text  # the last payment
    assert "A-4" not in text
    assert text.index("A-1") < text.index("A-2")
    assert text.count("Overdue</span>") == 2
    assert "globex" not in text


def test_a_balance_without_anything_says_what_will_be_there(abc: Browser, app: Flask) -> None:
    with working(app) as work:
        work.execute(update(Invoice).where(Invoice.customer_id == "abc").values(status=InvoiceStatus.PAID))
    assert "Everything is paid." in abc.get(BALANCE).text
    with working(app) as work:
        work.execute(delete(Invoice).where(Invoice.customer_id == "abc"))
    assert "Nothing to pay" in abc.get(BALANCE).text


def test_an_open_invoice_is_overdue_from_the_readers_day_after_it_was_due(abc: Browser, app: Flask) -> None:
    change(app, "abc", time_zone="Pacific/Kiritimati")
    there = clock.now().astimezone(UTC) + timedelta(hours=14)
    owe(app, "A-1", "5.00", there.date())
    assert "Overdue" not in abc.get(INVOICES).text
    owe(app, "A-2", "5.00", there.date() - timedelta(days=1))
    assert abc.get(INVOICES).text.count("Overdue") == 1


def test_a_transfer_is_announced_and_taken_back_and_nothing_counts_as_paid(abc: Browser, app: Flask) -> None:
    with working(app) as work:
        work.execute(update(Invoice).where(Invoice.id == "abc-due").values(pay_to="CZ65 0800 0000 1920 0014 5399"))
    page = abc.get(PAY).text
    assert "CZ65 0800 0000 1920 0014 5399" in page
    assert "abc-0002" in page
    assert "€80.00" in page
    assert abc.post(PAY, {"announced": ""}).status_code == 409
    assert abc.post(PAY, {"announced": "y"}).location.endswith("/abc-due?done=announced")
    assert abc.post(PAY, {"announced": "y"}).status_code == 409
    for seen in (INVOICES, f"{INVOICES}/abc-due", PAY):
        assert "Transfer announced" in abc.get(seen).text, seen
    balance = abc.get(BALANCE).text
    assert "Announced by you" in balance
    assert balance.count("€80.00") == 3
    assert abc.post(PAY, {"announced": ""}).location.endswith("/abc-due?done=withdrawn")
    assert "Transfer announced" not in abc.get(INVOICES).text
    found = rows(app, select(AuditEvent.event, AuditEvent.details).order_by(AuditEvent.seq))
    told = [row for row in found if row.event.startswith("pbx.transfer")]
    assert [row.event for row in told] == ["pbx.transfer.announced", "pbx.transfer.withdrawn"]
    assert told[0].details == {
        "invoice": "abc-due",
        "number": "abc-0002",
        "amount": "80.00",
        "currency": "EUR",
    }


def test_without_an_account_the_page_says_where_it_stands(abc: Browser) -> None:
    assert "The one that is printed on the invoice." in abc.get(PAY).text


def test_what_is_paid_cannot_be_announced(abc: Browser) -> None:
    paid_already = f"{INVOICES}/abc-inv/pay"
    assert abc.get(paid_already).location.endswith("/abc-inv")
    assert abc.post(paid_already, {"announced": "y"}, page=PAY).status_code == 409


def test_of_thirty_announcements_at_once_one_counts(abc: Browser, app: Flask, make_app: Callable[..., Flask]) -> None:
    apps = [make_app(), make_app()]
    token = abc.token(PAY)
    cookies = {cookie.key: cookie.value for cookie in abc.client._cookies.values()}

    def announce(number: int) -> int:
        other = Browser(apps[number % 2])
        for name, kept in cookies.items():
            other.client.set_cookie(name, kept)
        return int(other.client.post(PAY, data={"csrf_token": token, "announced": "y"}).status_code)

    with ThreadPoolExecutor(30) as pool:
        answers = list(pool.map(announce, range(30)))
    assert sorted(answers) == [303] + [409] * 29
    assert len(rows(app, select(AuditEvent.seq).where(AuditEvent.event == "pbx.transfer.announced"))) == 1


def test_a_suspended_customer_can_still_pay(abc: Browser, app: Flask) -> None:
    change(app, "abc", status=CustomerStatus.SUSPENDED)
    assert abc.post(PAY, {"announced": "y"}).status_code == 303


def test_a_file_of_invoices_keeps_what_was_announced(abc: Browser, app: Flask, tmp_path: Path) -> None:
    abc.post(PAY, {"announced": "y"})
    path = tmp_path / "invoices.csv"
    path.write_text(
        "customer,number,issued_on,due_on,amount,currency,status,pay_to\n"
        "abc,abc-0002,2026-11-01,2036-11-15,81.00,EUR,open,GB29 NWBK\n",
        encoding="utf-8",
    )
    importer = next(one for one in IMPORTERS if one.name == "pbx-invoices")
    run(house_of(app).database, Keys((AUDIT,)), importer, path)
    page = abc.get(PAY).text
    assert "GB29 NWBK" in page
    assert "€81.00" in page
    assert "You have told us that the transfer is ordered" in page


@pytest.mark.parametrize(
    ("path", "header", "first"),
    [
        (
            f"{INVOICES}.csv",
            ["number", "issued_on", "due_on", "amount", "currency", "status"],
            ["abc-0002", "2026-11-01", "2036-11-15", "80.00", "EUR", "open"],
        ),
        (
            f"{PAYMENTS}.csv",
            ["invoice", "paid_on", "amount", "currency", "method"],
            ["abc-0001", "2026-10-12", "120.50", "EUR", "card"],
        ),
    ],
)
def test_the_exports_hold_the_customers_own_rows__IDOR_02(
    abc: Browser, path: str, header: list[str], first: list[str]
) -> None:
    answer = abc.get(path)
    assert answer.mimetype == "text/csv"
    lines = list(csv.reader(io.StringIO(answer.text)))
    assert lines[:2] == [header, first]
    assert "globex" not in answer.text


def test_a_view_only_visit_looks_and_exports_and_pays_nothing(new_browser: NewBrowser, app: Flask) -> None:
    helen = new_browser()
    helen.log_in(HELEN)
    prefix = helen.open("abc", "pbx", view_only="y").partition("/portals")[0]
    for path in (
        *(OVERVIEW, BALANCE, INVOICES, f"{INVOICES}.csv", f"{PAYMENTS}.csv", PAY, f"{CALLS}.csv"),
        f"{CALLS}?since=2026-01-01&number=555",
    ):
        assert helen.get(f"{prefix}{path}").status_code == 200, path
    page = helen.get(f"{prefix}{PAY}").text
    assert "You can look but not change anything here." in page
    assert 'aria-disabled="true"' in page
    token = helen.token("/admin/customers/abc/log-in")
    refused = helen.client.post(f"{prefix}{PAY}", data={"csrf_token": token, "announced": "y"})
    assert refused.status_code == 403
    assert rows(app, select(Invoice.announced_at).where(Invoice.id == "abc-due"))[0][0] is None


def test_john_sees_no_money_and_adam_pays(new_browser: NewBrowser) -> None:
    john, adam = new_browser(), new_browser()
    john.log_in(JOHN)
    adam.log_in(ADAM)
    for path in (BALANCE, INVOICES, f"{INVOICES}.csv", f"{PAYMENTS}.csv", PAY):
        assert john.get(path).status_code == 404, path
        assert adam.get(path).status_code == 200, path
    assert adam.post(PAY, {"announced": "y"}).status_code == 303
