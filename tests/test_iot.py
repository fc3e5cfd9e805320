"""IoT: devices that are suspended and resumed, usage against quotas, alerts; each as far as the role goes."""

from collections.abc import Callable
from datetime import date, timedelta

import pytest
from flask import Flask
from sqlalchemy import insert, select, update

from gateway import clock
from gateway.audit.models import AuditEvent
from gateway.db import new_id
from portals.iot.models import Alert, AlertKind, Device, DeviceStatus, Plan, Usage
from tests.cast import ABC, HELEN, JOHN, MARK, ROOT
from tests.house import Browser, rows, working

NewBrowser = Callable[[], Browser]
DEVICES, CHANGE, USAGE, ALERTS = (f"/portals/iot/{name}" for name in ("devices", "devices/change", "usage", "alerts"))
TODAY = clock.now().date()
EVENTS = select(AuditEvent.event, AuditEvent.actor_id, AuditEvent.subject_id).order_by(AuditEvent.seq)


@pytest.fixture
def abc(new_browser: NewBrowser) -> Browser:
    """The customer abc, whose role opens IoT in full."""
    browser = new_browser()
    browser.log_in(ABC)
    return browser


@pytest.fixture
def visit(new_browser: NewBrowser) -> tuple[Browser, str]:
    """Helen in a view-only visit of abc, and the prefix of her visit."""
    helen = new_browser()
    helen.log_in(HELEN)
    return helen, helen.open("abc", "iot", view_only="y").partition("/portals")[0]


def use(app: Flask, device: str, *days: tuple[date, int]) -> None:
    """Put usage on a device."""
    with working(app) as work:
        work.execute(
            insert(Usage), [{"id": new_id(), "device_id": device, "day": day, "bytes": used} for day, used in days]
        )


def status(app: Flask, device: str = "abc-dev") -> object:
    """Return how a device stands."""
    return rows(app, select(Device.status).where(Device.id == device))[0][0]


def recorded(app: Flask, begins: str) -> list[str]:
    """Return the events that begin so, in order."""
    return [row.event for row in rows(app, EVENTS) if row.event.startswith(begins)]


def test_a_device_is_suspended_after_a_question_and_resumed_and_both_are_on_the_record(
    abc: Browser, app: Flask
) -> None:
    page = f"{CHANGE}?to=suspended&device=abc-dev"
    assert "abc lift alarm" in abc.get(page).text
    assert status(app) is DeviceStatus.ACTIVE
    form = {"to": "suspended", "device": "abc-dev"}
    assert abc.post(CHANGE, form, page=page).location.endswith("/devices/abc-dev?done=suspended")
    assert status(app) is DeviceStatus.SUSPENDED
    abc.post(CHANGE, form, page=page)
    abc.post(CHANGE, {"to": "active", "device": "abc-dev"}, page=page)
    assert status(app) is DeviceStatus.ACTIVE
    events = recorded(app, "iot.device")
    assert events == ["iot.device.suspended", "iot.device.resumed"]


def test_several_devices_are_suspended_at_once_or_none_of_them(abc: Browser, app: Flask) -> None:
    with working(app) as work:
        work.add(
            Device(id="abc-two", customer_id="abc", iccid="8" * 19, name="Two", plan="x", status=DeviceStatus.ACTIVE)
        )
    page = f"{CHANGE}?to=suspended&device=abc-dev&device=abc-two"
    assert "Suspend 2 devices?" in abc.get(page).text
    mixed = abc.post(CHANGE, {"to": "suspended", "device": ["abc-dev", "globex-dev"]}, page=page)
    assert mixed.status_code == 404
    assert {status(app, id) for id in ("abc-dev", "abc-two", "globex-dev")} == {DeviceStatus.ACTIVE}
    assert abc.post(CHANGE, {"to": "suspended", "device": ["abc-dev", "abc-two"]}, page=page).status_code == 303
    assert {status(app, id) for id in ("abc-dev", "abc-two")} == {DeviceStatus.SUSPENDED}


@pytest.mark.parametrize("query", ["to=suspended&device=globex-dev", "to=suspended&device=none", "to=x&device=abc-dev"])
def test_the_question_is_asked_of_ones_own_devices_only(abc: Browser, query: str) -> None:
    answer = abc.get(f"{CHANGE}?{query}")
    assert answer.status_code == 404
    assert "globex" not in answer.text


def test_nothing_chosen_leads_back_to_the_list(abc: Browser) -> None:
    assert abc.get(f"{CHANGE}?to=suspended").location.endswith(DEVICES)


def test_a_device_gets_another_name_and_the_second_of_two_is_told(abc: Browser, app: Flask) -> None:
    page = f"{DEVICES}/abc-dev"
    assert abc.post(page, {"name": "Lift, north", "version": "1"}).status_code == 303
    assert abc.post(page, {"name": "Lift, south", "version": "1"}).status_code == 409
    assert rows(app, select(Device.name).where(Device.id == "abc-dev"))[0][0] == "Lift, north"
    empty = abc.post(page, {"name": " ", "version": "2"})
    assert empty.status_code == 422
    assert "Enter a name." in empty.text


def test_devices_are_found_by_status_and_text_together(abc: Browser, app: Flask) -> None:
    with working(app) as work:
        work.add(
            Device(
                id="abc-two", customer_id="abc", iccid="8" * 19, name="Gate", plan="x", status=DeviceStatus.SUSPENDED
            )
        )
    assert "Gate" not in abc.get(f"{DEVICES}?status=active").text
    assert "lift alarm" not in abc.get(f"{DEVICES}?status=suspended").text
    assert "Gate" in abc.get(f"{DEVICES}?status=suspended&q=gat").text
    assert "Nothing found" in abc.get(f"{DEVICES}?status=active&q=gat").text


def test_usage_is_summed_by_day_and_drawn_against_the_daily_share_of_the_quota(abc: Browser, app: Flask) -> None:
    with working(app) as work:
        work.add(Plan(name="IoT 1 GB", monthly_bytes=3_000_000_000))
    use(app, "abc-dev", (TODAY, 5_000_000), (TODAY - timedelta(days=1), 7_000_000))
    use(app, "globex-dev", (TODAY, 77_700_000))
    text = abc.get(USAGE).text
    assert "12 MB in all" in text
    assert "100 MB" in text  # a thirtieth of the quota
    assert "77.7" not in text
    assert abc.get(f"{USAGE}?device=nothing").text.count("Nothing was used") == 1


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("since=32/01/2026", "Write a day as"),
        ("until=tomorrow", "Write a day as"),
        ("since=2026-03-02&until=2026-03-01", "lies before the first"),
        ("since=2024-01-01&until=2026-03-01", "At most 366 days"),
    ],
)
def test_days_that_cannot_be_shown_are_named_and_no_row_is_shown(
    abc: Browser, app: Flask, query: str, message: str
) -> None:
    use(app, "abc-dev", (TODAY, 5_000_000))
    for path in (USAGE, f"{USAGE}.csv"):
        answer = abc.get(f"{path}?{query}")
        assert answer.status_code == 422
        assert message in answer.text
        assert "5 MB" not in answer.text


def test_the_export_holds_the_days_that_are_asked_for(abc: Browser, app: Flask) -> None:
    use(app, "abc-dev", (date(2026, 3, 1), 1), (date(2026, 3, 2), 2), (date(2026, 3, 3), 3))
    use(app, "globex-dev", (date(2026, 3, 2), 9))
    lines = abc.get(f"{USAGE}.csv?since=2026-03-02&until=2026-03-03").text.splitlines()
    assert lines[0] == "day,iccid,name,bytes"
    assert [line.partition(",")[0] for line in lines[1:]] == ["2026-03-02", "2026-03-03"]
    assert [line.rpartition(",")[2] for line in lines[1:]] == ["2", "3"]


def test_rules_find_quotas_heavy_days_and_silence_of_ones_own_devices(abc: Browser, app: Flask) -> None:
    with working(app) as work:
        work.add(Plan(name="IoT 1 GB", monthly_bytes=100_000_000))
        for kind, threshold in ((AlertKind.QUOTA, 80), (AlertKind.SILENT, 3)):
            work.add(Alert(customer_id="abc", kind=kind, threshold=threshold))
    assert "All is quiet" in abc.get(ALERTS).text
    use(app, "abc-dev", (TODAY, 90_000_000))
    use(app, "globex-dev", (TODAY, 90_000_000))
    text = abc.get(ALERTS).text
    assert "90 MB of 100 MB" in text
    assert "Over 10 MB in a day" in text
    assert "globex" not in text
    with working(app) as work:
        work.execute(update(Usage).where(Usage.device_id == "abc-dev").values(day=TODAY - timedelta(days=40)))
    text = abc.get(ALERTS).text
    assert "Last heard of" in text
    assert "90 MB" not in text


def test_a_rule_is_made_changed_and_deleted_and_each_is_on_the_record(abc: Browser, app: Flask) -> None:
    made = {"device": "", "kind": "silent", "threshold": "5"}
    assert abc.post(f"{ALERTS}/new", made).status_code == 303
    (rule,) = rows(app, select(Alert.id).where(Alert.kind == AlertKind.SILENT))
    page = f"{ALERTS}/{rule.id}"
    assert abc.post(page, {**made, "threshold": "6", "version": "1"}).status_code == 303
    assert abc.post(page, {**made, "threshold": "7", "version": "1"}).status_code == 409
    assert rows(app, select(Alert.threshold).where(Alert.id == rule.id))[0][0] == 6
    assert "no longer finds anything" in abc.get(f"{page}/delete").text
    assert abc.post(f"{page}/delete", {"version": "1"}).status_code == 409
    assert abc.post(f"{page}/delete", {"version": "2"}).status_code == 303
    assert abc.get(page).status_code == 404
    events = recorded(app, "iot.alert")
    assert events == ["iot.alert.created", "iot.alert.changed", "iot.alert.deleted"]


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"threshold": ""}, "Enter a whole number."),
        ({"threshold": "0"}, "At least 1."),
        ({"threshold": "1.5"}, "Not a valid integer value"),
        ({"threshold": "1001", "kind": "quota"}, "At most 1000."),
        ({"threshold": "366"}, "At most 365."),
        ({"kind": "nonsense"}, "Not a valid choice"),
        ({"device": "globex-dev"}, "Choose one of your devices."),
        ({"device": "nothing"}, "Choose one of your devices."),
    ],
)
def test_a_bad_rule_is_refused_beside_its_field(
    abc: Browser, app: Flask, changed: dict[str, str], message: str
) -> None:
    before = len(rows(app, select(Alert.id)))
    answer = abc.post(f"{ALERTS}/new", {"device": "", "kind": "silent", "threshold": "5", **changed})
    assert answer.status_code == 422
    assert message in answer.text
    assert len(rows(app, select(Alert.id))) == before


def test_a_view_only_visit_looks_and_exports_and_changes_nothing(visit: tuple[Browser, str], app: Flask) -> None:
    helen, prefix = visit
    use(app, "abc-dev", (TODAY, 5_000_000))
    for path in (DEVICES, f"{DEVICES}?status=active&q=lift", f"{DEVICES}/abc-dev", USAGE, f"{USAGE}.csv", ALERTS):
        assert helen.get(f"{prefix}{path}").status_code == 200, path
    assert "You can look but not change anything here." in helen.get(f"{prefix}{DEVICES}").text
    token = helen.token("/admin/customers/abc/log-in")
    for path, form in (
        (CHANGE, {"to": "suspended", "device": "abc-dev"}),
        (f"{DEVICES}/abc-dev", {"name": "Mine", "version": "1"}),
        (f"{ALERTS}/new", {"kind": "silent", "threshold": "5"}),
        (f"{ALERTS}/abc-alert/delete", {}),
    ):
        answer = helen.client.post(f"{prefix}{path}", data={"csrf_token": token, **form})
        assert answer.status_code == 403, path
    assert status(app) is DeviceStatus.ACTIVE
    assert len(rows(app, select(Alert.id))) == 3


def test_mark_has_no_iot_and_john_has_all_of_it(new_browser: NewBrowser) -> None:
    mark, john = new_browser(), new_browser()
    mark.log_in(MARK)
    john.log_in(JOHN)
    for path in (DEVICES, f"{DEVICES}/abc-dev", USAGE, f"{USAGE}.csv", ALERTS, f"{ALERTS}/new"):
        assert mark.get(path).status_code == 404, path
        assert john.get(path).status_code == 200, path


def test_both_names_stand_on_what_staff_do_in_a_visit(new_browser: NewBrowser, app: Flask) -> None:
    root = new_browser()
    root.log_in(ROOT)
    prefix = root.open("abc", "iot", mode="full").partition("/portals")[0]
    page = f"{prefix}{CHANGE}?to=suspended&device=abc-dev"
    assert root.post(f"{prefix}{CHANGE}", {"to": "suspended", "device": "abc-dev"}, page=page).status_code == 303
    (event,) = rows(app, EVENTS.where(AuditEvent.event == "iot.device.suspended"))
    assert (event.actor_id, event.subject_id) == ("root", "abc")
