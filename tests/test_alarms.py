"""The bell: what staff should look into is raised by the record itself, once for each matter."""

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import time_machine
from flask import Flask
from sqlalchemy import delete, select, update
from sqlalchemy.exc import DBAPIError

from gateway import clock, worker
from gateway.audit.alarms import Alarm, AlarmKind, raise_alarm
from gateway.audit.models import AuditEvent, AuditHead
from gateway.audit.operations import Stamp, record
from gateway.audit.patrol import Patrol
from gateway.paging import PAGE_SIZE
from tests.cast import ABC, AUDREY, HELEN, JOHN, ROOT
from tests.elsewhere import register
from tests.house import Browser, house_of, rows, working
from tests.test_launch import token_cookie

NewBrowser = Callable[[], Browser]
RUNG = "An alarm is open"


@pytest.fixture
def audrey(new_browser: NewBrowser) -> Browser:
    """Audrey, logged in."""
    found = new_browser()
    found.log_in(AUDREY)
    return found


def raised(app: Flask) -> list[tuple[str, str, int]]:
    """Return the alarms that are open: kind, about what, how often."""
    return [
        tuple(row) for row in rows(app, select(Alarm.kind, Alarm.about, Alarm.times).where(Alarm.closed_at.is_(None)))
    ]


def test_the_bell_is_quiet_until_a_used_launch_comes_again(
    app: Flask, new_browser: NewBrowser, audrey: Browser
) -> None:
    assert RUNG not in audrey.get("/admin/customers").text
    assert "No alarms" in audrey.get("/admin/alarms").text
    helen = new_browser()
    helen.log_in(HELEN)
    land = helen.launch("abc", "pbx").location
    name, token = token_cookie(helen)
    helen.get(land)
    assert raised(app) == []
    helen.client.set_cookie(name, token)
    assert helen.get(land).status_code == 403
    assert raised(app) == [("replay", "helen", 1)]
    page = audrey.get("/admin/alarms").text
    assert "A used key was shown again" in page
    assert "<bdi>Helen Desk</bdi>" in page
    assert RUNG in audrey.get("/admin/customers").text


def test_a_log_in_that_is_slowed_down_is_one_alarm_however_often_it_is_tried(
    app: Flask, new_browser: NewBrowser
) -> None:
    stranger = new_browser()
    for _ in range(8):
        stranger.log_in(ABC, password="wrong")
    assert raised(app) == [("throttled", "abc", 3)]


def test_more_than_twenty_launches_an_hour_are_one_alarm_and_one_row_of_the_record__IMP_14(
    app: Flask, new_browser: NewBrowser
) -> None:
    helen = new_browser()
    helen.log_in(HELEN)
    many = select(AuditEvent.actor_id, AuditEvent.details).where(AuditEvent.event == "launch.many")
    for number in range(21):
        assert helen.launch("abc", "pbx", view_only="y" if number % 2 else "").status_code == 303
        if number == 19:
            worker.tidy(house_of(app))
            assert rows(app, many) == []
    for _ in range(2):
        worker.tidy(house_of(app))
    assert [tuple(row) for row in rows(app, many)] == [("helen", {"launches": 21})]
    assert raised(app) == [("launches", "helen", 1)]
    with time_machine.travel(clock.now() + timedelta(hours=1, minutes=1), tick=False):
        worker.tidy(house_of(app))
    assert raised(app) == [("launches", "helen", 1)]


def test_every_alarm_leads_to_the_events_that_raised_it(app: Flask, new_browser: NewBrowser, audrey: Browser) -> None:
    house, john, helen = house_of(app), new_browser(), new_browser()
    tickets = register(app)
    john.log_in(JOHN)
    code = tickets.code(john)
    for status in (200, 400):
        assert tickets.redeem(code).status_code == status
    helen.log_in(HELEN)
    land = helen.launch("abc", "pbx").location
    name, token = token_cookie(helen)
    helen.get(land)
    helen.client.set_cookie(name, token)
    assert helen.get(land).status_code == 403
    for login in ("abc", "nobody"):
        for _ in range(6):
            Browser(app, REMOTE_ADDR="203.0.113.9").post("/login", {"login": login, "password": "wrong"})
    for _ in range(20):
        helen.launch("abc", "pbx")
    worker.tidy(house)
    with working(app) as work:
        work.execute(update(AuditEvent).where(AuditEvent.event == "login.ok").values(reason="bent"))
    worker.patrol(house, Patrol(house.audit_keys))
    assert {kind for kind, _about, _times in raised(app)} == set(AlarmKind)
    links = re.findall(r'href="(/admin/audit\?event=[^"]+)"', audrey.get("/admin/alarms").text)
    assert sorted(link.replace("&amp;", "&") for link in links) == [
        *("/admin/audit?event=audit.broken", "/admin/audit?event=external.refused&portal=tickets"),
        *("/admin/audit?event=launch.many&actor=helen", "/admin/audit?event=launch.replay&actor=helen"),
        *("/admin/audit?event=login.refused", "/admin/audit?event=login.refused&subject=abc"),
    ]
    for link in links:
        page = audrey.get(link.replace("&amp;", "&")).text
        assert page.count('<th scope="row">') >= 1, link


def test_the_bell_hangs_where_the_record_may_be_read(new_browser: NewBrowser) -> None:
    helen = new_browser()
    helen.log_in(HELEN)
    assert "/admin/alarms" not in helen.get("/admin/customers").text
    assert helen.get("/admin/alarms").status_code == 404


def test_an_alarm_is_closed_once_by_who_may_change_the_record_and_rings_anew(
    app: Flask, new_browser: NewBrowser, audrey: Browser
) -> None:
    root, now = new_browser(), clock.now()
    root.log_in(ROOT)
    with working(app) as work:
        raise_alarm(work, AlarmKind.THROTTLED, "203.0.113.7", now)
    (alarm,) = rows(app, select(Alarm.id))
    close = f"/admin/alarms/{alarm.id}/close"
    assert audrey.post(close, page="/admin/alarms").status_code == 403
    assert root.post(close, page="/admin/alarms").location == "/admin/alarms?done=alarm-closed"
    closed = rows(app, select(Alarm.closed_at, Alarm.closed_by))
    assert root.post(close, page="/admin/alarms").status_code == 303
    assert rows(app, select(Alarm.closed_at, Alarm.closed_by)) == closed
    assert closed[0].closed_by == "root"
    assert len(rows(app, select(AuditEvent.seq).where(AuditEvent.event == "alarm.closed"))) == 1
    assert root.post("/admin/alarms/nothing/close", page="/admin/alarms").status_code == 404
    with working(app) as work:
        raise_alarm(work, AlarmKind.THROTTLED, "203.0.113.7", now)
    assert raised(app) == [("throttled", "203.0.113.7", 1)]
    assert "203.0.113.7" in audrey.get("/admin/alarms").text


def test_thirty_at_once_are_one_alarm_counted_thirty_times(app: Flask) -> None:
    def ring(_: int) -> None:
        with working(app) as work:
            raise_alarm(work, AlarmKind.CHAIN, "", clock.now())

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(ring, range(30)))
    assert raised(app) == [("chain", "", 30)]


def test_alarms_page_by_key_and_are_forgotten_after_ninety_days(app: Flask, audrey: Browser) -> None:
    now = clock.now()
    with working(app) as work:
        for number in range(60):
            raise_alarm(work, AlarmKind.THROTTLED, f"192.0.2.{number}", now - timedelta(minutes=number // 2))
    first = audrey.get("/admin/alarms")
    found = re.search(r'rel="next" href="([^"]+)"', first.text)
    assert found
    following = audrey.get(found[1])
    seen = [text.count("<bdi>192.0.2.") for text in (first.text, following.text)]
    assert seen == [PAGE_SIZE, 60 - PAGE_SIZE]
    with time_machine.travel(now + timedelta(days=91), tick=False):
        worker.tidy(house_of(app))
    assert rows(app, select(Alarm.id)) == []


def test_a_patrol_rings_the_bell_once_a_day_where_the_record_does_not_hold(app: Flask, new_browser: NewBrowser) -> None:
    house, now = house_of(app), clock.now()
    walk = Patrol(house.audit_keys)
    helen = new_browser()
    helen.log_in(HELEN)
    worker.patrol(house, walk)
    assert raised(app) == []
    helen.open("abc", "pbx")
    last = rows(app, select(AuditEvent.seq).order_by(AuditEvent.seq.desc()).limit(1))[0].seq
    with house.database.write_engine.begin() as connection:
        connection.execute(delete(AuditEvent).where(AuditEvent.seq == last))
    for _ in range(3):
        worker.patrol(house, walk)
    assert raised(app) == [("chain", "", 1)]
    (said,) = rows(app, select(AuditEvent.details).where(AuditEvent.event == "audit.broken"))
    assert said.details["row"] == last
    with time_machine.travel(now + timedelta(days=1, minutes=1), tick=False):
        worker.patrol(house, walk)
        worker.patrol(house, walk)
    assert raised(app) == [("chain", "", 2)]


def test_a_fault_that_could_not_be_told_is_told_by_the_next_patrol(app: Flask, new_browser: NewBrowser) -> None:
    house = house_of(app)
    walk = Patrol(house.audit_keys)
    new_browser().log_in(HELEN)
    with house.database.write_engine.begin() as connection:
        connection.execute(update(AuditEvent).values(reason="bent"))
        connection.exec_driver_sql("ALTER TABLE alarm RENAME TO alarm_away")
    with pytest.raises(DBAPIError):
        worker.patrol(house, walk)
    with house.database.write_engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE alarm_away RENAME TO alarm")
    for _ in range(3):
        worker.patrol(house, walk)
    assert raised(app) == [("chain", "", 1)]
    assert len(rows(app, select(AuditEvent.seq).where(AuditEvent.event == "audit.broken"))) == 1


@pytest.mark.parametrize("what", ["changed", "cut short", "headless"])
def test_a_patrol_finds_what_is_done_to_rows_it_has_and_has_not_passed(app: Flask, what: str) -> None:
    house, now = house_of(app), clock.now()
    for number in range(5):
        with working(app) as work:
            record(house.stamped(work, Stamp()), "test.event", number=number)
    walk = Patrol(house.audit_keys)
    with house.database.reading() as reader:
        assert walk.go_on(reader, now) is None
        last = reader.execute(select(AuditEvent.seq, AuditEvent.mac).order_by(AuditEvent.seq.desc()).limit(2)).all()
    with house.database.write_engine.begin() as connection:
        if what == "changed":
            connection.execute(update(AuditEvent).where(AuditEvent.seq == last[0].seq).values(event="test.other"))
        elif what == "cut short":
            connection.execute(delete(AuditEvent).where(AuditEvent.seq == last[0].seq))
            connection.execute(update(AuditHead).values(seq=last[1].seq, mac=last[1].mac))
        else:
            connection.execute(delete(AuditHead))
    with house.database.reading() as reader:
        passed = walk.go_on(reader, now)
        fault = passed or walk.go_on(reader, now + timedelta(days=1, seconds=1))
    assert fault is not None
    assert (passed is None) is (what == "changed")
