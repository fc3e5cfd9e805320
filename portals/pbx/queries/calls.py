"""Calls as a list, and counted by day."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from sqlalchemy import BigInteger, Connection, Integer, and_, bindparam, cast, column, func, or_, select, values

from gateway.portal import (
    PAGE_SIZE,
    AnyRow,
    AnySelect,
    PageOfRows,
    Prepared,
    UTCDateTime,
    Visitor,
    decode_cursor,
    page_of,
    search_part,
)
from portals.pbx.models import Call, Direction
from portals.pbx.queries import EXPORTED

_OWN = Call.customer_id == bindparam("customer_id")
_CALLS = (
    select(
        Call.id,
        Call.started_at,
        Call.from_number,
        Call.to_number,
        Call.direction,
        Call.duration_seconds,
        Call.charge,
        Call.currency,
    )
    .where(_OWN)
    .order_by(Call.started_at.desc(), Call.id.desc())
)
_EARLIER = and_(
    Call.started_at <= bindparam("started_at"),
    or_(Call.started_at < bindparam("started_at"), Call.id < bindparam("id")),
)
_FIRST_CALLS = Prepared(_CALLS.limit(PAGE_SIZE + 1))
_NEXT_CALLS = Prepared(_CALLS.where(_EARLIER).limit(PAGE_SIZE + 1))
_WITH_NUMBER = or_(
    Call.from_number.like(bindparam("part"), escape="\\"), Call.to_number.like(bindparam("part"), escape="\\")
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which calls are asked for: from a moment, before a moment, with a number that contains a text."""

    since: datetime | None = None
    until: datetime | None = None
    number: str = ""


ANY = Wanted()


@dataclass(frozen=True, slots=True)
class DayOfCalls:
    """The calls of one day: how many of each direction, and how long they took together."""

    counts: Mapping[Direction, int]
    seconds: int


def calls(reader: Connection, visitor: Visitor, wanted: Wanted, after: str | None) -> PageOfRows[AnyRow]:
    """Return a page of calls, the latest first."""
    given: dict[str, object] = {"customer_id": visitor.customer_id}
    if after:
        given["started_at"], given["id"] = decode_cursor(after, datetime, str)
    if wanted == ANY:
        rows = (_NEXT_CALLS if after else _FIRST_CALLS).all(reader, given)
    else:
        statement, more = _wanted(wanted)
        statement = statement.limit(PAGE_SIZE + 1)
        rows = reader.execute(statement.where(_EARLIER) if after else statement, given | more).all()
    return page_of(rows, lambda row: (row.started_at.isoformat(), row.id))


def all_calls(reader: Connection, visitor: Visitor, wanted: Wanted) -> Sequence[AnyRow]:
    """Return every call that is asked for, for an export: the latest fifty thousand at most."""
    statement, more = _wanted(wanted)
    return reader.execute(statement.limit(EXPORTED), {"customer_id": visitor.customer_id} | more).all()


def by_day(reader: Connection, visitor: Visitor, midnights: Sequence[datetime], number: str = "") -> list[DayOfCalls]:
    """Count the calls between each of `midnights` and the next, with a number that contains a text if given."""
    given: dict[str, object] = {f"m{place}": moment for place, moment in enumerate(midnights)}
    given |= {"customer_id": visitor.customer_id, "part": search_part(number)}
    found: list[tuple[dict[Direction, int], list[int]]] = [({}, []) for _ in midnights[1:]]
    for day, direction, count, seconds in _by_day(len(midnights) - 1, bool(number)).all(reader, given):
        found[day][0][direction] = count
        found[day][1].append(seconds)
    return [DayOfCalls(counts, sum(seconds)) for counts, seconds in found]


@lru_cache(maxsize=64)
def _by_day(days: int, with_number: bool) -> Prepared:
    """Return the statement that counts the calls of so many days: each day is a stretch of the list's own index."""
    moments = [bindparam(f"m{place}", type_=UTCDateTime()) for place in range(days + 1)]
    columns = (column("day", Integer), column("begins", UTCDateTime()), column("ends", UTCDateTime()))
    rows = [(place, moments[place], moments[place + 1]) for place in range(days)]
    day = values(*columns, name="day").data(rows).cte("day")
    statement = (
        select(
            day.c.day,
            Call.direction,
            func.count().label("calls"),
            cast(func.sum(Call.duration_seconds), BigInteger).label("seconds"),
        )
        .join(Call, and_(Call.started_at >= day.c.begins, Call.started_at < day.c.ends))
        .where(_OWN)
        .group_by(day.c.day, Call.direction)
    )
    return Prepared(statement.where(_WITH_NUMBER) if with_number else statement)


def _wanted(wanted: Wanted) -> tuple[AnySelect, dict[str, object]]:
    statement = _CALLS
    if wanted.since:
        statement = statement.where(Call.started_at >= wanted.since)
    if wanted.until:
        statement = statement.where(Call.started_at < wanted.until)
    if not wanted.number:
        return statement, {}
    return statement.where(_WITH_NUMBER), {"part": search_part(wanted.number)}
