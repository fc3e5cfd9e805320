"""What pages need to know of the record."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from heapq import merge
from ipaddress import ip_address
from itertools import islice, product
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, exists, func, not_, or_, select
from sqlalchemy.orm import aliased

from gateway.audit.models import LOG_IN_REFUSED, OF_INDIVIDUALS, OUTSIDE, AuditEvent
from gateway.audit.words import OWN
from gateway.db import AnyRow, AnySelect
from gateway.paging import PAGE_SIZE, Page, decode_cursor, page_of

EXPORTED_AT_ONCE = 1000
LAST = 2**63 - 1
LATE = timedelta(hours=1)
"""How long after its moment an event is written at the latest: so closely do numbers of rows follow moments."""
PLAIN: Mapping[str, str] = {
    **{name: name for name in ("seq", "at", "event", "outcome", "reason", "realm")},
    "actor": "actor_id",
    "subject": "subject_id",
    "customer": "customer_id",
    "portal": "portal",
    "mode": "mode",
    "launch": "launch_id",
    "session": "session",
    "address": "address",
    "agent": "agent",
    "request_id": "request_id",
    "details": "details",
}
"""What a row is given out as, in the API and in exports: the name there, and the column."""

_EVENTS = select(AuditEvent.__table__).order_by(AuditEvent.seq.desc())
_earlier, _bound = aliased(AuditEvent), aliased(AuditEvent)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which events are asked for; None or empty: any. People by their ids, `address` exactly."""

    actors: Collection[str] | None = None
    subjects: Collection[str] | None = None
    customers: Collection[str] | None = None
    event: str = ""
    portal: str = ""
    address: str = ""
    since: datetime | None = None
    until: datetime | None = None


def refused_log_ins(
    reader: Connection, customer_id: str, subject_id: str | None, since: datetime, most: int
) -> Sequence[AnyRow]:
    """Return the log-ins refused to a customer and its individuals, or to one of them, the latest first: whether the
    password was refused or the second factor.
    """
    statement = (
        select(AuditEvent.at, AuditEvent.subject_id, AuditEvent.address, AuditEvent.reason)
        .where(LOG_IN_REFUSED, AuditEvent.customer_id == customer_id, *_between(since, None))
        .order_by(AuditEvent.seq.desc())
        .limit(most)
    )
    if subject_id is not None:
        statement = statement.where(AuditEvent.subject_id == subject_id)
    return reader.execute(statement).all()


def refused_outside(reader: Connection, identity_id: str, since: datetime, most: int) -> Sequence[AnyRow]:
    """Return what was refused to somebody because of where they were, at log-ins, on pages and in the API: when, from
    which address, and which event; the latest first. What staff met in a visit is not theirs.
    """
    statement = (
        select(AuditEvent.at, AuditEvent.address, AuditEvent.event)
        .where(
            OUTSIDE,
            AuditEvent.subject_id == identity_id,
            AuditEvent.actor_id == identity_id,
            AuditEvent.address.is_not(None),
            *_between(since, None),
        )
        .order_by(AuditEvent.seq.desc())
        .limit(most)
    )
    return reader.execute(statement).all()


def events(reader: Connection, wanted: Wanted, after: str | None, size: int = PAGE_SIZE) -> Page[AnyRow]:
    """Return a page of events, the latest first; raises `Invalid` for a cursor that is not ours."""
    return page_of(_found(reader, _EVENTS, wanted, _before(after), size + 1), _key, size)


def lines(reader: Connection, wanted: Wanted, after: str | None, size: int = PAGE_SIZE) -> Page[AnyRow]:
    """Return a page of events in which a visit is one line: the first of its events that is asked for.

    That one stays the first, whatever else happens in the visit, so no line moves while somebody turns pages. Raises
    `Invalid` for a cursor that is not ours.
    """
    # Who acts for whom is one and the same in all of a visit, so it is not asked again. What else is asked is put so
    # that no index but that of the launch is good for it.
    conditions = [_earlier.launch_id == AuditEvent.launch_id, _earlier.seq < AuditEvent.seq]
    for column, value in ((_earlier.event, wanted.event), (_earlier.portal, wanted.portal)):
        if value:
            conditions.append(column.concat("") == value)
    if wanted.address:
        conditions.append(_earlier.address.concat("") == _plain_address(wanted.address))
    if wanted.since:
        conditions += [_earlier.seq >= _first_since(wanted.since), _earlier.at >= wanted.since]
    first = or_(AuditEvent.launch_id.is_(None), not_(exists().where(and_(*conditions))))
    return page_of(_found(reader, _EVENTS.where(first), wanted, _before(after), size + 1), _key, size)


def every(reader: Connection, wanted: Wanted) -> Iterator[Sequence[AnyRow]]:
    """Yield all events that are asked for, the latest first, some at a time; none that come meanwhile."""
    before = LAST
    while rows := _found(reader, _EVENTS, wanted, before, EXPORTED_AT_ONCE):
        yield rows
        before = rows[-1].seq


def shown_to(
    reader: Connection,
    identity_id: str,
    customer_id: str | None,
    since: datetime | None,
    until: datetime | None,
    after: str | None,
) -> Page[AnyRow]:
    """Return a page of what somebody is shown of the record, the latest first: what is about themselves.

    With it comes, for a customer (`customer_id`), what is done to its individuals. Raises `Invalid` for a cursor that
    is not ours.
    """
    within = [AuditEvent.seq < _before(after), *_between(since, until)]
    own = _EVENTS.where(AuditEvent.subject_id == identity_id, AuditEvent.event.in_(sorted(OWN)), *within)
    if customer_id is None:
        return page_of(reader.execute(own.limit(PAGE_SIZE + 1)).all(), _key)
    theirs = _EVENTS.where(
        AuditEvent.customer_id == customer_id, OF_INDIVIDUALS, AuditEvent.subject_id != identity_id, *within
    )
    both = [select(part.limit(PAGE_SIZE + 1).subquery()) for part in (own, theirs)]
    merged = both[0].union_all(both[1]).subquery()
    rows = reader.execute(select(merged).order_by(merged.c.seq.desc()).limit(PAGE_SIZE + 1)).all()
    return page_of(rows, _key)


def plain(row: AnyRow) -> dict[str, Any]:
    """Return a row as it is given out to programs."""
    return {name: getattr(row, column) for name, column in PLAIN.items()}


def _key(row: AnyRow) -> tuple[int]:
    return (row.seq,)


def _before(after: str | None) -> int:
    """Return the number below which a page begins."""
    return int(decode_cursor(after, int)[0]) if after else LAST


def _found(reader: Connection, statement: AnySelect, wanted: Wanted, before: int, most: int) -> Sequence[AnyRow]:
    """Return the latest rows below `before` that are asked for, at most so many.

    A login may be somebody's in each realm: for each of them the rows are in order, for both together they are not.
    """
    statement = statement.where(AuditEvent.seq < before, *_between(wanted.since, wanted.until)).limit(most)
    alike = {
        AuditEvent.address: _plain_address(wanted.address),
        AuditEvent.event: wanted.event,
        AuditEvent.portal: wanted.portal,
    }
    columns = (AuditEvent.actor_id, AuditEvent.subject_id, AuditEvent.customer_id)
    people = [(None,) if ids is None else ids for ids in (wanted.actors, wanted.subjects, wanted.customers)]
    found = []
    for who in product(*people):
        asked = {**dict(zip(columns, who, strict=True)), **alike}
        found.append(reader.execute(statement.where(*_equal(reader, asked))).all())
    return found[0] if len(found) == 1 else list(islice(merge(*found, key=lambda row: -row.seq), most))


def _equal(reader: Connection, asked: Mapping[Any, str | None]) -> list[ColumnElement[bool]]:
    """Return that columns have the values that are asked of them, the one first that most rows differ in.

    SQLite does not know that, and is left only the index of the first.
    """
    pairs, told = [(column, value) for column, value in asked.items() if value], reader.dialect.name == "sqlite"
    return [
        column.concat("") == value if told and place > 0 else column == value
        for place, (column, value) in enumerate(pairs)
    ]


def _between(since: datetime | None, until: datetime | None) -> list[ColumnElement[bool]]:
    """Return what holds for events between two moments: by number, which every index has, and by moment."""
    conditions: list[ColumnElement[bool]] = []
    if since is not None:
        conditions += [AuditEvent.seq >= _first_since(since), AuditEvent.at >= since]
    if until is not None:
        ends = select(_bound.seq).where(_bound.at < _shifted(until, LATE))
        last = ends.order_by(_bound.at.desc(), _bound.seq.desc()).limit(1).scalar_subquery()
        conditions += [AuditEvent.seq <= func.coalesce(last, 0), AuditEvent.at < until]
    return conditions


def _first_since(since: datetime) -> ColumnElement[int]:
    begins = select(_bound.seq).where(_bound.at >= _shifted(since, -LATE))
    return func.coalesce(begins.order_by(_bound.at, _bound.seq).limit(1).scalar_subquery(), LAST)


def _shifted(moment: datetime, by: timedelta) -> datetime:
    """Return a moment so much later, as far as time goes."""
    try:
        return moment + by
    except OverflowError:
        return moment


def _plain_address(text: str) -> str:
    """Return an address as the record has it."""
    try:
        return str(ip_address(text))
    except ValueError:
        return text
