"""Rows of IoT, each loaded for the visitor: what is somebody else's is not found."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import BigInteger, Connection, and_, bindparam, cast, func, or_, select

from gateway.portal import (
    PAGE_SIZE,
    AnyRow,
    AnySelect,
    NotFound,
    PageOfRows,
    Prepared,
    Visitor,
    decode_cursor,
    page_of,
    search_part,
)
from portals.iot.models import Alert, AlertKind, Device, DeviceStatus, Plan, Usage

EXPORTED = 50_000
TOP = 10
FIRED = 50
MEGABYTE = 1_000_000

_OWN = Device.customer_id == bindparam("customer_id")
_DEVICES = (
    select(Device.id, Device.name, Device.iccid, Device.plan, Device.status)
    .where(_OWN)
    .order_by(Device.name, Device.id)
    .limit(PAGE_SIZE + 1)
)
_FIRST_DEVICES = Prepared(_DEVICES)
_DEVICE = Prepared(
    select(
        Device.id,
        Device.name,
        Device.iccid,
        Device.plan,
        Device.status,
        Device.version,
        Plan.monthly_bytes,
    )
    .outerjoin(Plan, Plan.name == Device.plan)
    .where(_OWN, Device.id == bindparam("id"))
)
_NAMES = select(Device.id, Device.name).where(_OWN).order_by(Device.name, Device.id)
_used = cast(func.coalesce(func.sum(Usage.bytes), 0), BigInteger)
_IN_DAYS = and_(Usage.device_id == Device.id, Usage.day >= bindparam("first"), Usage.day <= bindparam("last"))
_BY_DAY = select(Usage.day, _used.label("bytes")).join(Device, _IN_DAYS).where(_OWN).group_by(Usage.day)
_TOP = (
    select(Device.id, Device.name, Device.plan, Plan.monthly_bytes, _used.label("bytes"))
    .join(Usage, _IN_DAYS)
    .outerjoin(Plan, Plan.name == Device.plan)
    .where(_OWN)
    .group_by(Device.id, Device.name, Device.plan, Plan.monthly_bytes)
    .order_by(_used.desc(), Device.id)
    .limit(TOP)
)
_QUOTA = (
    select(cast(func.coalesce(func.sum(Plan.monthly_bytes), 0), BigInteger))
    .join(Device, Device.plan == Plan.name)
    .where(_OWN)
)
_EACH = (
    select(Usage.day, Device.iccid, Device.name, Usage.bytes)
    .join(Device, _IN_DAYS)
    .where(_OWN)
    .order_by(Usage.day, Device.name, Device.id)
    .limit(EXPORTED)
)
_ALERTS = (
    select(Alert.id, Alert.kind, Alert.threshold, Alert.version, Alert.device_id, Device.name.label("device_name"))
    .outerjoin(Device, Device.id == Alert.device_id)
    .where(Alert.customer_id == bindparam("customer_id"))
    .order_by(Alert.id)
)
_CONCERNED = and_(Device.customer_id == Alert.customer_id, or_(Alert.device_id.is_(None), Alert.device_id == Device.id))
_OF_KIND = and_(Alert.customer_id == bindparam("customer_id"), Alert.kind == bindparam("kind"))
_OVER_QUOTA = (
    select(Device.id, Device.name, Alert.threshold, Plan.monthly_bytes, _used.label("bytes"))
    .select_from(Alert)
    .join(Device, _CONCERNED)
    .join(Plan, Plan.name == Device.plan)
    .join(Usage, and_(Usage.device_id == Device.id, Usage.day >= bindparam("first")))
    .where(_OF_KIND)
    .group_by(Alert.id, Device.id, Device.name, Alert.threshold, Plan.monthly_bytes)
    .having(_used * 100 > Plan.monthly_bytes * Alert.threshold)
    .order_by(_used.desc(), Device.id)
    .limit(FIRED)
)
_HEAVY_DAYS = (
    select(Device.id, Device.name, Alert.threshold, Usage.day, Usage.bytes)
    .select_from(Alert)
    .join(Device, _CONCERNED)
    .join(Usage, and_(Usage.device_id == Device.id, Usage.day >= bindparam("first")))
    .where(_OF_KIND, Usage.bytes > cast(Alert.threshold, BigInteger) * MEGABYTE)
    .order_by(Usage.day.desc(), Usage.bytes.desc(), Device.id)
    .limit(FIRED)
)
_heard = select(func.max(Usage.day)).where(Usage.device_id == Device.id).scalar_subquery()
_SILENT = (
    select(Device.id, Device.name, Alert.threshold, _heard.label("day"))
    .select_from(Alert)
    .join(Device, _CONCERNED)
    .where(_OF_KIND, Device.status == DeviceStatus.ACTIVE, _heard < bindparam("last"))
    .order_by(_heard, Device.id)
    .limit(FIRED)
)


@dataclass(frozen=True, slots=True)
class Period:
    """The days that are asked for, both included, of the devices whose name or ICCID contains a text."""

    first: date
    last: date
    device: str = ""

    @property
    def days(self) -> list[date]:
        """Return every day of the period."""
        return [self.first + timedelta(days=number) for number in range((self.last - self.first).days + 1)]

    def of(self, statement: AnySelect) -> AnySelect:
        """Narrow a statement down to the devices."""
        return statement.where(_named(self.device)) if self.device else statement

    def values(self, visitor: Visitor) -> dict[str, Any]:
        """Return what the statements are bound to."""
        return {"customer_id": visitor.customer_id, "first": self.first, "last": self.last}


def devices(
    reader: Connection, visitor: Visitor, q: str, status: DeviceStatus | None, after: str | None
) -> PageOfRows[AnyRow]:
    """Return a page of devices by name, of one status if given; `q` is looked for in names, plans and ICCIDs."""
    values = {"customer_id": visitor.customer_id}
    if not (q or status or after):
        return page_of(_FIRST_DEVICES.all(reader, values), lambda row: (row.name, row.id))
    statement = _DEVICES
    if q:
        statement = statement.where(or_(_named(q), func.lower(Device.plan).like(search_part(q), escape="\\")))
    if status:
        statement = statement.where(Device.status == status)
    if after:
        name, id = decode_cursor(after, str, str)
        statement = statement.where(Device.name >= name, or_(Device.name > name, Device.id > id))
    return page_of(reader.execute(statement, values).all(), lambda row: (row.name, row.id))


def device(reader: Connection, visitor: Visitor, id: str) -> Any:
    """Return one device of the visitor's customer with the quota of its plan; raises `NotFound`."""
    row = _DEVICE.one_or_none(reader, {"customer_id": visitor.customer_id, "id": id}) if "\0" not in id else None
    if row is None:
        raise NotFound
    return row


def chosen(reader: Connection, visitor: Visitor, ids: Collection[str]) -> Sequence[AnyRow]:
    """Return several devices by name; raises `NotFound` if any of them is not the customer's, or there is none."""
    plain = {id for id in ids if "\0" not in id}
    rows = reader.execute(_DEVICES.limit(None).where(Device.id.in_(plain)), {"customer_id": visitor.customer_id}).all()
    if not rows or len(rows) != len(set(ids)):
        raise NotFound
    return rows


def names(reader: Connection, visitor: Visitor, most: int) -> Sequence[AnyRow]:
    """Return ids and names of the first `most` devices."""
    return reader.execute(_NAMES.limit(most), {"customer_id": visitor.customer_id}).all()


def bytes_by_day(reader: Connection, visitor: Visitor, period: Period, id: str | None = None) -> list[tuple[date, int]]:
    """Return what was used on each day of a period, by all devices or by one."""
    statement = period.of(_BY_DAY)
    if id is not None:
        statement = statement.where(Device.id == id)
    found = {row.day: row.bytes for row in reader.execute(statement, period.values(visitor))}
    return [(day, found.get(day, 0)) for day in period.days]


def top_devices(reader: Connection, visitor: Visitor, period: Period) -> Sequence[AnyRow]:
    """Return the devices that used most in a period."""
    return reader.execute(period.of(_TOP), period.values(visitor)).all()


def monthly_quota(reader: Connection, visitor: Visitor, period: Period) -> int:
    """Return what the plans of the devices include in a month, in bytes."""
    return int(reader.execute(period.of(_QUOTA), {"customer_id": visitor.customer_id}).scalar_one())


def usage(reader: Connection, visitor: Visitor, period: Period) -> Sequence[AnyRow]:
    """Return the usage of each device and day, for an export: fifty thousand rows at most."""
    return reader.execute(period.of(_EACH), period.values(visitor)).all()


def alerts(reader: Connection, visitor: Visitor) -> Sequence[AnyRow]:
    """Return the rules, the oldest first."""
    return reader.execute(_ALERTS, {"customer_id": visitor.customer_id}).all()


def alert(reader: Connection, visitor: Visitor, id: str) -> AnyRow:
    """Return one rule of the visitor's customer; raises `NotFound`."""
    statement = _ALERTS.where(Alert.id == id)
    row = reader.execute(statement, {"customer_id": visitor.customer_id}).one_or_none()
    if row is None:
        raise NotFound
    return row


@dataclass(frozen=True, slots=True)
class Fired:
    """A device to which a rule draws attention. `day`: when (for `silent` the last day it was heard of)."""

    kind: AlertKind
    device_id: str
    device_name: str
    threshold: int
    day: date
    bytes: int
    quota: int


def fired(reader: Connection, visitor: Visitor, today: date) -> list[Fired]:
    """Return what the rules find: this month for quotas, the last thirty days for heavy days; the latest first."""

    def found(statement: AnySelect, kind: AlertKind, **days: date) -> Sequence[AnyRow]:
        return reader.execute(statement, {"customer_id": visitor.customer_id, "kind": kind, **days}).all()

    month = today.replace(day=1)
    over = [
        Fired(AlertKind.QUOTA, row.id, row.name, row.threshold, today, row.bytes, row.monthly_bytes)
        for row in found(_OVER_QUOTA, AlertKind.QUOTA, first=month)
    ]
    heavy = [
        Fired(AlertKind.DAILY, row.id, row.name, row.threshold, row.day, row.bytes, 0)
        for row in found(_HEAVY_DAYS, AlertKind.DAILY, first=today - timedelta(days=30))
    ]
    silent = [
        Fired(AlertKind.SILENT, row.id, row.name, row.threshold, row.day, 0, 0)
        for row in found(_SILENT, AlertKind.SILENT, last=today - timedelta(days=1))
        if (today - row.day).days > row.threshold
    ]
    return sorted([*over, *heavy, *silent], key=lambda one: one.day, reverse=True)


def _named(text: str) -> Any:
    part = search_part(text)
    return or_(func.lower(Device.name).like(part, escape="\\"), Device.iccid.like(part, escape="\\"))
