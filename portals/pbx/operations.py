"""What can be done in the Cloud PBX."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, delete, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from gateway.portal import AnySelect, Invalid, Stale, Visitor, new_id, record, rows_changed
from gateway.portal import gettext as _
from portals.pbx.models import Call, Extension, Invoice, InvoiceStatus, Kind, RingGroup, RingMember

TARGETS = ("forward_to", "forward_busy", "forward_no_answer")
MOST_MEMBERS = 20


def create_extension(work: Session, visitor: Visitor, values: Mapping[str, Any]) -> str:
    """Make an extension and return its id; raises `Invalid` when the number is taken or forwards to itself."""
    _check_targets(values["number"], values)
    id = new_id()
    with _free_number():
        work.execute(insert(Extension).values(id=id, customer_id=visitor.customer_id, version=1, **values))
    record(work, "pbx.extension.created", extension=id, after=values)
    return id


def save_extension(work: Session, visitor: Visitor, extension: Any, values: Mapping[str, Any], version: int) -> None:
    """Save columns of an extension that was read as `extension`.

    Raises `Stale` when somebody saved since `version` was shown, `Invalid` when the number is taken or forwards to
    itself.
    """
    _check_targets(values.get("number", extension.number), values)
    _save(work, visitor, extension.id, Kind.TELEPHONE, values, version)
    before = {name: getattr(extension, name) for name in values if getattr(extension, name) != values[name]}
    after = {name: values[name] for name in before}
    record(work, "pbx.extension.changed", extension=extension.id, number=extension.number, before=before, after=after)


def create_ring_group(work: Session, visitor: Visitor, values: Mapping[str, Any]) -> str:
    """Make a ring group and return its id.

    `values`: number, name, strategy, seconds, and members as the numbers of extensions. Raises `Invalid` when the
    number is taken or a member is none of the customer's extensions.
    """
    members = _found_members(work, visitor, values["members"])
    id, named = new_id(), {name: values[name] for name in ("number", "name")}
    with _free_number():
        work.execute(
            insert(Extension).values(id=id, customer_id=visitor.customer_id, kind=Kind.RING_GROUP, version=1, **named)
        )
    write_ring_group(work, id, values["strategy"], values["seconds"], members)
    record(work, "pbx.ring_group.created", ring_group=id, after=dict(values))
    return id


def save_ring_group(
    work: Session, visitor: Visitor, id: str, before: Mapping[str, Any], values: Mapping[str, Any], version: int
) -> None:
    """Save a ring group whose values were read as `before`.

    Raises `Stale` when somebody saved since `version` was shown, and `Invalid` as for a new one.
    """
    members = _found_members(work, visitor, values["members"])
    _save(work, visitor, id, Kind.RING_GROUP, {name: values[name] for name in ("number", "name")}, version)
    write_ring_group(work, id, values["strategy"], values["seconds"], members)
    changed = [name for name in values if before[name] != values[name]]
    record(
        work,
        "pbx.ring_group.changed",
        ring_group=id,
        number=before["number"],
        before={name: before[name] for name in changed},
        after={name: values[name] for name in changed},
    )


def delete_ring_group(work: Session, visitor: Visitor, group: Any, version: str) -> None:
    """Take away a ring group that was read as `group`; raises `Stale` when somebody saved since `version` was shown."""
    which = _which(visitor, group.id, Kind.RING_GROUP, group.version)
    if version != str(group.version) or not rows_changed(work.execute(delete(Extension).where(*which))):
        raise Stale
    record(work, "pbx.ring_group.deleted", ring_group=group.id, before={"number": group.number, "name": group.name})


def write_ring_group(work: Session, id: str, strategy: str, seconds: int, members: Sequence[str]) -> None:
    """Put down how a ring group rings, and its members (ids of extensions) in their order."""
    work.execute(delete(RingGroup).where(RingGroup.id == id))
    work.execute(insert(RingGroup).values(id=id, strategy=strategy, seconds=seconds))
    if members:
        work.execute(
            insert(RingMember),
            [
                {"group_id": id, "extension_id": extension, "position": place}
                for place, extension in enumerate(members, start=1)
            ],
        )


def announce_transfer(work: Session, visitor: Visitor, invoice: Any, moment: datetime | None) -> None:
    """Note when the customer ordered a transfer for an invoice, or (`None`) that none is ordered after all.

    Raises `Stale` when that is noted already, or the invoice is paid.
    """
    other = Invoice.announced_at.is_(None) if moment else Invoice.announced_at.is_not(None)
    changed = work.execute(
        update(Invoice)
        .where(
            Invoice.id == invoice.id,
            Invoice.customer_id == visitor.customer_id,
            Invoice.status != InvoiceStatus.PAID,
            other,
        )
        .values(announced_at=moment)
    )
    if not rows_changed(changed):
        raise Stale
    event = "pbx.transfer.announced" if moment else "pbx.transfer.withdrawn"
    left = {"amount": str(invoice.left), "currency": invoice.currency}
    record(work, event, invoice=invoice.id, number=invoice.number, **left)


def _check_targets(number: str, values: Mapping[str, Any]) -> None:
    circles = {name: [_("An extension cannot forward to itself.")] for name in TARGETS if values.get(name) == number}
    if circles:
        raise Invalid(circles)


def _found_members(work: Session, visitor: Visitor, numbers: Sequence[str]) -> list[str]:
    """Return the ids of extensions by their numbers, in the order given; raises `Invalid`."""
    problems = []
    found = dict(
        work.execute(
            select(Extension.number, Extension.id).where(
                Extension.customer_id == visitor.customer_id,
                Extension.kind == Kind.TELEPHONE,
                Extension.number.in_(numbers),
            )
        ).all()
    )
    for number in sorted(set(numbers) - found.keys()):
        problems.append(_("There is no extension %(number)s.") % {"number": number})
    for number in sorted({number for number in numbers if numbers.count(number) > 1}):
        problems.append(_("Extension %(number)s is there twice.") % {"number": number})
    if problems:
        raise Invalid({"members": problems})
    return [found[number] for number in numbers]


@contextmanager
def _free_number() -> Iterator[None]:
    try:
        yield
    except IntegrityError as error:
        raise Invalid({"number": [_("This number is taken.")]}) from error


def _which(visitor: Visitor, id: str, kind: Kind, version: int) -> tuple[ColumnElement[bool], ...]:
    return (
        Extension.id == id,
        Extension.customer_id == visitor.customer_id,
        Extension.kind == kind,
        Extension.version == version,
    )


def _save(work: Session, visitor: Visitor, id: str, kind: Kind, values: Mapping[str, Any], version: int) -> None:
    statement = update(Extension).where(*_which(visitor, id, kind, version))
    with _free_number():
        saved = work.execute(statement.values(version=version + 1, **values))
    if not rows_changed(saved):
        raise Stale


def forget_calls(work: Session, customers: AnySelect, before: datetime | None, most: int) -> int:
    """Take away at most `most` calls of customers, from before a moment or all; return how many."""
    old = select(Call.id).where(Call.customer_id.in_(customers)).limit(most)
    if before is not None:
        old = old.where(Call.started_at < before)
    gone = delete(Call).where(Call.id.in_(old)).execution_options(synchronize_session=False)
    return rows_changed(work.execute(gone))
