"""Customer classes: their defaults, whom a change reaches, and what acts at once."""

import html
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from flask import Flask
from sqlalchemy import func, select

from gateway import clock
from gateway.audit.models import AuditEvent
from gateway.errors import Stale
from gateway.identity import classes
from gateway.identity.models import CustomerClass, Identity, Kind, SecondFactor, Session, SupportAccess
from tests.cast import ABC, HELEN, ROOT
from tests.house import Browser, add_identity, change, rows, working

NewBrowser = Callable[[], Browser]
STANDARD = {"name": "Standard", "remembered_devices": "y", "support_access": "open", "version": "1"}


@pytest.fixture
def root(new_browser: NewBrowser) -> Browser:
    """Root, logged in."""
    found = new_browser()
    found.log_in(ROOT)
    return found


def stored(app: Flask, id: str = "standard") -> Any:
    """Return a class as it is kept."""
    return rows(app, select(CustomerClass.__table__).where(CustomerClass.id == id))[0]


def events(app: Flask, name: str) -> list[Any]:
    """Return what the record says of an event."""
    return [row.details for row in rows(app, select(AuditEvent.details).where(AuditEvent.event == name))]


def test_a_class_is_made_used_and_found_in_the_list(app: Flask, root: Browser) -> None:
    form = {
        **STANDARD,
        "name": "Platinum",
        "time_zone": "Asia/Tokyo",
        "output_date_format": "YYYY/MM/DD",
        "password_shortest": "8",
        "idle_minutes": "5",
        "support_access": "reason",
    }
    answer = root.post("/admin/classes/new", form)
    assert answer.status_code == 303
    made = stored(app, answer.location.split("/")[-1].split("?")[0])
    assert (made.name, made.time_zone, made.password_shortest, made.idle_minutes, made.second_factor) == (
        *("Platinum", "Asia/Tokyo", 8, 5, False),
    )
    assert (made.support_access, made.remembered_devices) == (SupportAccess.REASON, True)
    page = root.get("/admin/classes").text
    for text in ("Platinum", "Gold", "Standard", "3 customers", "0 customers"):
        assert text in page
    assert len(events(app, "class.created")) == 1


REFUSED = [
    ("name", "", "Enter a name"),
    ("name", "Gold", "a class of this name"),
    ("name", "x" * 121, "At most 120"),
    ("name", "a\u202eb", "Leave out control"),
    ("language", "tlh", "Not a valid choice"),
    ("time_zone", "Mars/Olympus", "no such time zone"),
    ("input_date_format", "DD.MM.YY", "year in full"),
    ("password_shortest", "7", "Between 8 and 64"),
    ("password_shortest", "65", "Between 8 and 64"),
    ("password_days", "0", "Between 1 and 3650"),
    ("keep_addresses_days", "0", "Between 1 and 3650"),
    ("keep_usage_days", "3651", "Between 1 and 3650"),
    ("idle_minutes", "0", "Between 1 minute"),
    ("absolute_minutes", "9" * 400, "Enter a whole number"),
    ("idle_minutes", "soon", "Enter a whole number"),
    ("idle_minutes", "1_0", "Enter a whole number"),
    ("support_access", "closed", "Not a valid choice"),
]


@pytest.mark.parametrize(("name", "text", "message"), REFUSED)
@pytest.mark.parametrize("path", ["/admin/classes/new", "/admin/classes/standard"])
def test_a_bad_default_is_refused_beside_its_field_and_the_rest_stays__INP_01__INP_03(
    app: Flask, root: Browser, path: str, name: str, text: str, message: str
) -> None:
    before = rows(app, select(CustomerClass.__table__).order_by(CustomerClass.id))
    kept = {"output_time_format": "HH24.MI.SS"}
    answer = root.post(path, {**STANDARD, "name": "Honest", **kept, "confirm": "y", name: text})
    assert answer.status_code == 422
    page = html.unescape(answer.text)
    assert message in page.split(f'id="{name}-errors"')[1].split("</ul>")[0]
    assert 'value="HH24.MI.SS"' in page
    assert rows(app, select(CustomerClass.__table__).order_by(CustomerClass.id)) == before


def test_before_a_change_is_saved_the_page_says_whom_it_reaches(app: Flask, root: Browser) -> None:
    change(app, "abc", time_zone="Europe/Prague", second_factor=SecondFactor.NO)
    form = {**STANDARD, "time_zone": "Asia/Tokyo", "second_factor": "y", "password_shortest": "20"}
    form["support_access"] = "reason"
    answer = root.post("/admin/classes/standard", form)
    assert answer.status_code == 200
    lines = [re.sub(r"<[^>]+>|\s+", " ", row) for row in answer.text.split("<tbody>")[1].split("<tr>")[1:]]
    said = {line.strip().split("  ")[0]: line for line in lines}
    assert "2 customers, 1 individual" in said["Time zone"]
    assert "Asia/Tokyo" in said["Time zone"]
    assert "2 customers, 1 individual" in said["Two-factor authentication is required"]
    assert "3 customers, 4 individuals" in said["Shortest password"]
    assert "3 customers, 4 individuals" in said["Support access"]
    assert stored(app).time_zone is None
    assert events(app, "class.changed") == []

    hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', answer.text.split("<main")[1]))
    back = root.client.post("/admin/classes/standard", data={**hidden, "confirm": "back"})
    assert back.status_code == 200
    assert 'value="Asia/Tokyo"' in back.text
    assert stored(app).time_zone is None
    assert root.client.post("/admin/classes/standard", data={**hidden, "confirm": "y"}).status_code == 303
    assert (stored(app).time_zone, stored(app).second_factor, stored(app).version) == ("Asia/Tokyo", True, 2)
    [told] = events(app, "class.changed")
    assert told["after"] == {
        "second_factor": True,
        "time_zone": "Asia/Tokyo",
        "password_shortest": 20,
        "support_access": "reason",
    }
    assert root.client.post("/admin/classes/standard", data={**hidden, "confirm": "y"}).status_code == 409


def test_what_reaches_nobody_is_saved_at_once(app: Flask, root: Browser) -> None:
    assert root.post("/admin/classes/gold", {**STANDARD, "name": "Golden", "time_zone": "UTC"}).status_code == 303
    assert root.post("/admin/classes/standard", {**STANDARD, "name": "Normal"}).status_code == 303
    assert stored(app).name == "Normal"


def test_a_class_in_use_is_not_deleted_and_another_is(app: Flask, root: Browser) -> None:
    answer = root.post("/admin/classes/standard/delete", page="/admin/classes/gold")
    assert answer.status_code == 422
    assert "A class in use cannot be deleted" in answer.text
    assert root.post("/admin/classes/gold/delete", page="/admin/classes/gold").location == "/admin/classes?done=deleted"
    assert rows(app, select(func.count()).select_from(CustomerClass))[0][0] == 1
    assert root.get("/admin/classes/gold").status_code == 404
    assert root.post("/admin/classes/gold/delete", page="/admin/classes").status_code == 404
    assert [told["name"] for told in events(app, "class.deleted")] == ["Gold"]


def test_counts_go_no_further_than_a_thousand(app: Flask, root: Browser) -> None:
    with working(app) as work:
        for number in range(1005):
            add_identity(work, Kind.CUSTOMER, f"c{number}", f"C {number}", "owner", clock.now(), class_id="gold")
    assert "more than 1,000 customers" in root.get("/admin/classes").text
    page = root.post("/admin/classes/gold", {**STANDARD, "name": "Gold", "password_days": "90"}).text
    assert "more than 1,000 customers" in page


def test_of_eight_who_change_a_class_at_once_one_wins(app: Flask) -> None:
    def attempt(number: int) -> bool:
        try:
            with working(app) as work:
                classes.change(work, "gold", 1, {"idle_minutes": number + 1})
        except Stale:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(attempt, range(8))) == 1
    assert len(events(app, "class.changed")) == 1


def test_the_limits_of_a_class_act_on_sessions_that_live__SES_04(root: Browser, new_browser: NewBrowser) -> None:
    abc = new_browser()
    abc.log_in(ABC)
    root.post("/admin/classes/standard", {**STANDARD, "idle_minutes": "5", "confirm": "y"})
    with time_machine.travel(clock.now() + timedelta(minutes=4), tick=True):
        assert abc.get("/portals/self-care/profile").status_code == 200
    with time_machine.travel(clock.now() + timedelta(minutes=10), tick=True):
        assert abc.get("/portals/self-care/profile").status_code == 303


def test_where_the_class_asks_for_a_reason_the_door_asks_for_it_too__IMP_04(
    app: Flask, root: Browser, new_browser: NewBrowser
) -> None:
    root.post("/admin/classes/standard", {**STANDARD, "support_access": "reason", "confirm": "y"})
    helen = new_browser()
    helen.log_in(HELEN)
    for subject in ("abc", "john"):
        assert 'name="reason"' in helen.get(f"/admin/customers/{subject}/log-in").text
        for reason in ("", "   "):
            assert helen.launch(subject, "pbx", reason=reason).status_code == 422
        assert helen.open(subject, "pbx", reason="Ticket 4711").endswith("/portals/pbx/overview")
    reasons = rows(app, select(Session.reason).where(Session.actor_id == "helen"))
    assert [row.reason for row in reasons] == ["Ticket 4711"] * 2
    listed = helen.get("/admin/customers?q=abc").text
    assert 'form="launch" name="subject" value="abc"' not in listed
    change(app, "abc", class_id="gold")
    assert helen.launch("abc", "pbx").status_code == 303


@pytest.mark.parametrize("id", ["nothing", "abc", "%00"])
def test_an_unknown_class_is_not_found__IDOR_01(app: Flask, root: Browser, id: str) -> None:
    assert root.get(f"/admin/classes/{id}").status_code == 404
    assert root.post(f"/admin/classes/{id}", STANDARD, page="/admin/classes").status_code == 404
    assert rows(app, select(func.count()).select_from(Identity))[0][0] == 10
