"""What can be done in IoT."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import Session

from gateway.portal import AnySelect, Stale, Visitor, new_id, record, rows_changed
from portals.iot.models import Alert, Device, DeviceStatus, Usage

EVENTS = {DeviceStatus.SUSPENDED: "iot.device.suspended", DeviceStatus.ACTIVE: "iot.device.resumed"}


def set_status(work: Session, visitor: Visitor, ids: Collection[str], status: DeviceStatus) -> int:
    """Suspend or resume devices; return how many were not so before. `ids` were found to be the customer's."""
    changed = work.execute(
        update(Device)
        .where(Device.id.in_(ids), Device.customer_id == visitor.customer_id, Device.status != status)
        .values(status=status, version=Device.version + 1)
        .returning(Device.id, Device.name)
    ).all()
    for device in changed:
        record(work, EVENTS[status], device=device.id, name=device.name)
    return len(changed)


def rename_device(work: Session, visitor: Visitor, device: Any, name: str, version: int) -> None:
    """Give a device another name; raises `Stale` when somebody saved since `version` was shown."""
    saved = work.execute(
        update(Device)
        .where(Device.id == device.id, Device.customer_id == visitor.customer_id, Device.version == version)
        .values(name=name, version=version + 1)
    )
    if not rows_changed(saved):
        raise Stale
    if name != device.name:
        record(work, "iot.device.changed", device=device.id, before={"name": device.name}, after={"name": name})


def create_alert(work: Session, visitor: Visitor, values: dict[str, Any]) -> str:
    """Make a rule and return its id."""
    id = new_id()
    work.execute(insert(Alert).values(id=id, customer_id=visitor.customer_id, version=1, **values))
    record(work, "iot.alert.created", alert=id, after=values)
    return id


def save_alert(work: Session, visitor: Visitor, alert: Any, values: dict[str, Any], version: int) -> None:
    """Save a rule that was read as `alert`; raises `Stale` when somebody saved since `version` was shown."""
    saved = work.execute(
        update(Alert)
        .where(Alert.id == alert.id, Alert.customer_id == visitor.customer_id, Alert.version == version)
        .values(version=version + 1, **values)
    )
    if not rows_changed(saved):
        raise Stale
    before = {name: getattr(alert, name) for name in values if getattr(alert, name) != values[name]}
    record(work, "iot.alert.changed", alert=alert.id, before=before, after={name: values[name] for name in before})


def delete_alert(work: Session, visitor: Visitor, alert: Any, version: str) -> None:
    """Take away a rule that was read as `alert`; raises `Stale` when somebody saved since `version` was shown."""
    which = (Alert.id == alert.id) & (Alert.customer_id == visitor.customer_id) & (Alert.version == alert.version)
    if version != str(alert.version) or not rows_changed(work.execute(delete(Alert).where(which))):
        raise Stale
    before = {"device_id": alert.device_id, "kind": alert.kind, "threshold": alert.threshold}
    record(work, "iot.alert.deleted", alert=alert.id, before=before)


def forget_usage(work: Session, customers: AnySelect, before: datetime | None, most: int) -> int:
    """Take away at most `most` days of usage of customers' devices, from before a moment or all; return how many."""
    old = select(Usage.id).join(Device).where(Device.customer_id.in_(customers)).limit(most)
    if before is not None:
        old = old.where(Usage.day < before.date())
    gone = delete(Usage).where(Usage.id.in_(old)).execution_options(synchronize_session=False)
    return rows_changed(work.execute(gone))
