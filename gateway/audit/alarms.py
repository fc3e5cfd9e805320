"""What staff should look into: raised by the record itself, shown by a quiet bell, open until somebody closes it."""

import enum
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Index, String, delete, event, exists, or_, select, text, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, Session, mapped_column

from gateway import clock
from gateway.audit.operations import record
from gateway.db import AnyRow, Base, Id, new_id, rows_changed
from gateway.errors import NotFound
from gateway.paging import PAGE_SIZE, Page, decode_cursor, page_of

KEPT = timedelta(days=90)
"""How long an alarm is kept after it was raised last, open or not."""


class AlarmKind(enum.StrEnum):
    """What is looked out for."""

    REPLAY = "replay"
    ELSEWHERE = "replay-elsewhere"
    THROTTLED = "throttled"
    LAUNCHES = "launches"
    CHAIN = "chain"


class Alarm(Base):
    """Something that staff should look into; `about`: an identity, an address, a portal elsewhere, or nothing."""

    __tablename__ = "alarm"
    __table_args__ = (
        Index(
            "uq_alarm_open",
            "kind",
            "about",
            unique=True,
            sqlite_where=text("closed_at IS NULL"),
            postgresql_where=text("closed_at IS NULL"),
        ),
        Index("ix_alarm_last_at", "last_at", "id"),
    )

    id: Mapped[Id]
    kind: Mapped[str] = mapped_column(String(16))
    about: Mapped[str] = mapped_column(String(64))
    first_at: Mapped[datetime]
    last_at: Mapped[datetime]
    times: Mapped[int]
    closed_at: Mapped[datetime | None]
    closed_by: Mapped[str | None] = mapped_column(String(16))


_ALARM: Any = Alarm.__table__
_OPEN = text("closed_at IS NULL")
_ALARMS = select(_ALARM).order_by(Alarm.last_at.desc(), Alarm.id.desc())

IS_RAISED = exists().where(Alarm.closed_at.is_(None)).label("alarms")
"""Whether any alarm is open, as a column of the statement that reads an administrator."""


def raise_alarm(work: Session, kind: AlarmKind, about: str, now: datetime) -> None:
    """Raise an alarm, or count one more on the one that is open about the same."""
    insert = sqlite.insert if work.get_bind().dialect.name == "sqlite" else postgresql.insert
    again = {"times": _ALARM.c.times + 1, "last_at": now}
    work.execute(
        insert(_ALARM)
        .values(id=new_id(), kind=kind, about=about[:64], first_at=now, last_at=now, times=1)
        .on_conflict_do_update(index_elements=["kind", "about"], index_where=_OPEN, set_=again)
    )


def _alarming(row: Mapping[str, Any]) -> tuple[AlarmKind, str] | None:
    """Return the alarm that an event of the record raises, and about what, or None."""
    name, reason = row["event"], row["reason"]
    if name == "launch.replay":
        return AlarmKind.REPLAY, row["actor_id"] or row["address"] or ""
    if name == "external.refused" and reason in ("code-replay", "refresh-replay"):
        return AlarmKind.ELSEWHERE, row["portal"] or ""
    if name == "login.refused" and reason == "throttled":
        return AlarmKind.THROTTLED, row["subject_id"] or row["address"] or ""
    if name == "launch.many":
        return AlarmKind.LAUNCHES, row["actor_id"]
    if name == "audit.broken":
        return AlarmKind.CHAIN, ""
    return None


def raise_on_commit(work: Session) -> None:
    """Raise the alarms of the events that the transaction is about to put on the record."""
    for row in work.info.get("events", []):
        if found := _alarming(row):
            raise_alarm(work, *found, row["at"])


event.listen(Session, "before_commit", raise_on_commit, insert=True)


def alarms(reader: Connection, after: str | None) -> Page[AnyRow]:
    """Return a page of alarms, the latest first; raises `Invalid` for a cursor that is not ours."""
    statement = _ALARMS.limit(PAGE_SIZE + 1)
    if after:
        moment, id = decode_cursor(after, datetime, str)
        earlier = or_(Alarm.last_at < moment, Alarm.id < id)
        statement = statement.where(Alarm.last_at <= moment, earlier)
    return page_of(reader.execute(statement).all(), lambda row: (row.last_at.isoformat(), row.id))


def was_raised(reader: Connection, kind: AlarmKind, about: str, since: datetime) -> bool:
    """Tell whether an alarm was raised about something since a moment."""
    which = (Alarm.kind == kind) & (Alarm.about == about) & (Alarm.last_at > since)
    return reader.execute(select(Alarm.id).where(which)).first() is not None


def close(work: Session, id: str, by: str) -> None:
    """Close an alarm as looked into by an administrator; raises `NotFound`. One that is closed stays as it was."""
    which = update(Alarm).where(Alarm.id == id, Alarm.closed_at.is_(None))
    if rows_changed(work.execute(which.values(closed_at=clock.now(), closed_by=by))):
        record(work, "alarm.closed", alarm=id)
    elif work.get(Alarm, id) is None:
        raise NotFound


def forget_old(work: Session, now: datetime) -> None:
    """Take away alarms that were raised long ago."""
    work.execute(delete(Alarm).where(Alarm.last_at < now - KEPT))
