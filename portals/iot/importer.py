"""The files that IoT takes."""

import re
from collections.abc import Sequence

from sqlalchemy import Connection, bindparam, select

from gateway.portal import Field, Importer, Line, cells, new_id, resolve_customers
from portals.iot.models import Device, DeviceStatus, Plan, Usage

LARGEST_PLAN = 10**15
ICCID = re.compile(r"[0-9]{18,22}\Z")
_DEVICES = select(Device.iccid, Device.id, Device.customer_id).where(
    Device.iccid.in_(bindparam("iccids", expanding=True))
)


def iccid(text: str) -> str:
    """Read an ICCID."""
    if not ICCID.match(text):
        raise ValueError("an ICCID has 18 to 22 digits")
    return text


def monthly_bytes(text: str) -> int:
    """Read what a plan includes in a month."""
    number = cells.whole_number(text)
    if number > LARGEST_PLAN:
        raise ValueError(f"at most {LARGEST_PLAN}")
    return number


def _devices(connection: Connection, lines: Sequence[Line]) -> None:
    resolve_customers(connection, lines)
    iccids = [line.values["iccid"] for line in lines]
    owners = {row.iccid: row.customer_id for row in connection.execute(_DEVICES, {"iccids": iccids})}
    for line in lines:
        line.values |= {"id": new_id(), "version": 1}
        owner = owners.get(line.values["iccid"])
        if owner is not None and owner != line.values["customer_id"]:
            line.fault("iccid", "this device belongs to another customer")


def _usage(connection: Connection, lines: Sequence[Line]) -> None:
    iccids = list({line.values["iccid"] for line in lines})
    devices = {row.iccid: row.id for row in connection.execute(_DEVICES, {"iccids": iccids})}
    for line in lines:
        line.values["id"] = new_id()
        line.values["device_id"] = devices.get(line.values.pop("iccid"))
        if line.values["device_id"] is None:
            line.fault("iccid", "there is no such device")


def _plans(_connection: Connection, _lines: Sequence[Line]) -> None:
    """A plan names nothing that has to be looked up."""


IMPORTERS = (
    Importer(
        "iot-plans",
        (Field("name", cells.text_up_to(60)), Field("monthly_bytes", monthly_bytes)),
        Plan,
        ("name",),
        _plans,
        kept=frozenset(),
    ),
    Importer(
        "iot-devices",
        (
            Field("customer"),
            Field("iccid", iccid),
            Field("name", cells.text_up_to(120)),
            Field("plan", cells.text_up_to(60)),
            Field("status", cells.one_of(DeviceStatus)),
        ),
        Device,
        ("iccid",),
        _devices,
        kept=frozenset({"id", "version"}),
    ),
    Importer(
        "iot-usage",
        (Field("iccid", iccid), Field("day", cells.day), Field("bytes", cells.whole_number)),
        Usage,
        ("device_id", "day"),
        _usage,
    ),
)
