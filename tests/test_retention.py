"""How long values are kept: by class, else by the gateway; what goes is said on the record, and the chain still holds."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

import pytest
import time_machine
from flask import Flask
from sqlalchemy import Table, delete, func, select, update

from gateway import clock, retention
from gateway.audit.models import AuditEvent
from gateway.audit.operations import Stamp, record
from gateway.audit.verifying import Fault, verify
from gateway.identity.models import CustomerClass, Gateway, Identity
from gateway.portal.registry import Registry
from portals.iot.models import Usage
from portals.pbx.models import Call
from tests.cast import ABC, GLOBEX, HELEN, ROOT
from tests.house import Browser, counting, house_of, rows, working

NewBrowser = Callable[[], Browser]
EVENTS: Table = AuditEvent.__table__  # type: ignore[assignment]


@pytest.fixture
def old(app: Flask, new_browser: NewBrowser) -> datetime:
    """A record on which something happened to everybody a hundred days ago and to everybody now; the moment of then."""
    then = clock.now() - timedelta(days=100)
    with working(app) as work:
        work.execute(update(Identity).where(Identity.id == "globex").values(class_id="gold"))
        work.execute(update(CustomerClass).where(CustomerClass.id == "gold").values(second_factor=False))
    with time_machine.travel(then):
        _happen(new_browser)
    _happen(new_browser)
    return then


def _happen(new_browser: NewBrowser) -> None:
    for member in (ABC, GLOBEX, HELEN):
        new_browser().log_in(member)
    new_browser().post("/login", {"login": "nobody", "password": "wrong"})


def keep(app: Flask, gateway: dict[str, int | None] | None = None, **classes: dict[str, int | None]) -> None:
    """Set how long values are kept."""
    with working(app) as work:
        if gateway is not None:
            work.execute(update(Gateway).values(**gateway))
        for class_id, values in classes.items():
            work.execute(update(CustomerClass).where(CustomerClass.id == class_id).values(**values))


def sweep(app: Flask) -> retention.Sweep:
    """Forget all that is too old."""
    registry: Registry = app.extensions["portico.registry"]
    made = retention.Sweep(house_of(app), list(registry.own.values()))
    made.go_on(clock.now())
    return made


def kept(app: Flask, before: datetime | None = None) -> list[str | None]:
    """Return the customers in whose rows an address stands, None for those of nobody."""
    statement = select(EVENTS.c.customer_id).where(EVENTS.c.address.is_not(None)).order_by(EVENTS.c.seq)
    if before is not None:
        statement = statement.where(EVENTS.c.at < before)
    return [row.customer_id for row in rows(app, statement)]


def forgotten(app: Flask) -> list[Any]:
    """Return the details of what the record says was forgotten."""
    statement = select(EVENTS.c.details).where(EVENTS.c.event == "record.forgotten").order_by(EVENTS.c.seq)
    return [row.details for row in rows(app, statement)]


def checked(app: Flask) -> Fault | None:
    """Verify the chain and return what is wrong."""
    with house_of(app).database.reading() as reader:
        return verify(reader, house_of(app).audit_keys)[1]


def test_addresses_are_kept_as_long_as_the_class_says_else_the_gateway(app: Flask, old: datetime) -> None:
    yesterday = clock.now() - timedelta(days=1)
    everybody = ["abc", "globex", None, None]
    assert kept(app, yesterday) == everybody
    sweep(app)
    assert (kept(app, yesterday), forgotten(app)) == (everybody, [])
    keep(app, {"keep_addresses_days": 101}, gold={"keep_addresses_days": 99})
    sweep(app)
    assert kept(app, yesterday) == ["abc", None, None]
    at = rows(app, select(EVENTS.c.at).where(EVENTS.c.seq == 2))[0].at
    assert forgotten(app) == [{"what": "addresses", "rows": 1, "until": at.isoformat(), "seqs": "2"}]
    keep(app, {"keep_addresses_days": 99}, gold={"keep_addresses_days": None}, standard={"keep_addresses_days": 101})
    sweep(app)
    assert kept(app, yesterday) == ["abc"]
    keep(app, standard={"keep_addresses_days": 99})
    sweep(app)
    assert kept(app, yesterday) == []
    assert [each["rows"] for each in forgotten(app)] == [1, 2, 1]
    assert kept(app) == everybody
    assert rows(app, select(func.count()).where(EVENTS.c.agent.is_not(None), EVENTS.c.at < yesterday)) == [(0,)]
    assert checked(app) is None


def test_a_sweep_that_finds_nothing_old_writes_nothing(app: Flask, old: datetime) -> None:
    keep(app, {"keep_addresses_days": 99})
    swept = sweep(app)
    before = rows(app, select(func.count()).select_from(EVENTS))
    sweep(app)
    with counting(app) as sent:
        swept.go_on(clock.now())
    assert len(sent) == 1
    assert rows(app, select(func.count()).select_from(EVENTS)) == before
    swept.go_on(clock.now() + timedelta(days=101))
    assert kept(app) == []
    assert checked(app) is None


def test_many_rows_are_forgotten_in_short_transactions_that_say_so_each(app: Flask) -> None:
    with working(app) as work:
        for number in range(2500):
            stamp = Stamp(address="192.0.2.7", customer_id="abc" if number % 2 else "globex")
            record(work, "test.event", of=stamp, number=number)
        work.execute(update(Identity).where(Identity.id == "globex").values(class_id="gold"))
    keep(app, standard={"keep_addresses_days": 1})
    sweep(app).go_on(clock.now() + timedelta(days=3))
    assert [each["rows"] for each in forgotten(app)] == [500, 500, 250]
    assert set(kept(app)) == {"globex"}
    assert checked(app) is None


def test_what_was_forgotten_is_not_forgotten_twice_by_two_workers(app: Flask, old: datetime) -> None:
    keep(app, {"keep_addresses_days": 99})
    for _ in range(2):
        sweep(app)
    assert len(forgotten(app)) == 1


def test_rows_from_before_there_were_digests_stay_as_they_are(app: Flask, old: datetime) -> None:
    without = dict.fromkeys(("place_salt", "place_digest", "details_salt", "details_digest"))
    with house_of(app).database.write_engine.begin() as connection:
        connection.execute(update(EVENTS).values(without))
    before = kept(app)
    keep(app, {"keep_addresses_days": 1})
    sweep(app)
    assert kept(app) == before


def test_an_address_that_no_event_covers_is_missed__AUD_04(app: Flask, old: datetime) -> None:
    keep(app, gold={"keep_addresses_days": 99})
    sweep(app)
    gone = {"address": None, "agent": None, "place_salt": None}
    with house_of(app).database.write_engine.begin() as connection:
        connection.execute(update(EVENTS).where(EVENTS.c.seq == 3).values(gone))
    assert checked(app) == Fault(3, "its address and agent were taken away, and no event says so")


def test_the_event_that_covers_what_was_forgotten_is_in_the_chain_itself__AUD_04(app: Flask, old: datetime) -> None:
    keep(app, {"keep_addresses_days": 99})
    sweep(app)
    last = rows(app, select(func.max(EVENTS.c.seq)))[0][0]
    with house_of(app).database.write_engine.begin() as connection:
        connection.execute(update(EVENTS).where(EVENTS.c.seq == last).values(details={"seqs": "1-99"}))
    assert checked(app) == Fault(last, "its details were changed")
    with house_of(app).database.write_engine.begin() as connection:
        connection.execute(delete(EVENTS).where(EVENTS.c.seq == last))
    assert checked(app) == Fault(1, "its address and agent were taken away, and no event says so")


def test_portals_forget_calls_and_usage_of_the_customers_of_a_class(app: Flask) -> None:
    day = date(2026, 1, 1)
    with working(app) as work:
        work.execute(update(Identity).where(Identity.id == "globex").values(class_id="gold"))
        work.add_all(Usage(device_id=f"{who}-dev", day=day, bytes=1) for who in ("abc", "globex"))
    keep(app, {"keep_usage_days": 1}, gold={"keep_usage_days": 3650})
    # The calls of the house end on the day on which it was filled, which may be yesterday by now.
    ((latest,),) = rows(app, select(func.max(Call.started_at)))
    start = latest.replace(hour=0, minute=0, second=0, microsecond=0)
    sweep(app).go_on(start + timedelta(days=1, hours=12))
    assert rows(app, select(Call.customer_id).where(Call.started_at < start).distinct()) == [("globex",)]
    assert rows(
        app, select(Call.customer_id).where(Call.started_at >= start).distinct().order_by(Call.customer_id)
    ) == [
        ("abc",),
        ("globex",),
        ("initech",),
    ]
    assert rows(app, select(Usage.device_id)) == [("globex-dev",)]
    told = forgotten(app)
    assert {(each["what"], each["customer_class"]) for each in told} == {("pbx", "standard"), ("iot", "standard")}
    assert {each["until"] for each in told if each["what"] == "pbx"} >= {start.isoformat()}
    assert checked(app) is None


def test_how_long_is_set_on_the_pages_of_the_class_and_the_gateway(app: Flask, new_browser: NewBrowser) -> None:
    root = new_browser()
    root.log_in(ROOT)
    page = root.get("/admin/classes/gold").text
    assert page.count("for ever") == 2
    answer = root.post("/admin/classes/gold", {"name": "Gold", "support_access": "open", "keep_addresses_days": "30"})
    assert answer.status_code == 303
    form = {
        "language": "en",
        "time_zone": "UTC",
        "output_date_format": "DD.MM.YYYY",
        "output_time_format": "HH24.MI",
        "input_date_format": "DD.MM.YYYY",
        "input_time_format": "HH24.MI",
        "support_access": "y",
        **dict.fromkeys(("idle_minutes", "absolute_minutes", "admin_idle_minutes", "admin_absolute_minutes"), "60"),
        "keep_addresses_days": "",
        "keep_usage_days": "90",
    }
    assert root.post("/admin/gateway", form).status_code == 303
    stored = select(CustomerClass.keep_addresses_days, CustomerClass.keep_usage_days).where(CustomerClass.id == "gold")
    assert rows(app, stored) == [(30, None)]
    assert rows(app, select(Gateway.keep_addresses_days, Gateway.keep_usage_days)) == [(None, 90)]
    assert 'placeholder="90"' in root.get("/admin/classes/gold").text
