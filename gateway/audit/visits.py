"""Visits, as the record has them: who came in, when, how long, and what was done."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, func, select

from gateway.audit.forgetting import is_forgotten
from gateway.audit.models import VISITED, AuditEvent
from gateway.audit.words import CHANGED_IN_VISITS
from gateway.db import AnyRow
from gateway.paging import PAGE_SIZE, Page, decode_cursor, page_of

MOST_ALIKE = 50
"""How many events of one name and outcome are told of a visit: no number of others hides them."""
FRAME = frozenset({"launch.started", "visit.start", "visit.end"})

_EVENT = AuditEvent.__table__
_ALIKE = (_EVENT.c.launch_id, _EVENT.c.event, _EVENT.c.outcome)
_TOLD = select(
    _EVENT,
    func.row_number().over(partition_by=_ALIKE, order_by=_EVENT.c.seq).label("place"),
    func.count().over(partition_by=_ALIKE).label("alike"),
)


@dataclass(frozen=True, slots=True)
class Visit:
    """One click of an administrator and what came of it.

    `inside` are the events within, of each kind the first `MOST_ALIKE`, in their order. `landed_at` is None where
    nobody got in, `ended_at` where the record has no end: it is open still, or went idle. `forgotten`: with which
    role, why, and whether to look only, is no longer kept.
    """

    launch_id: str
    actor_id: str | None
    subject_id: str | None
    portal: str | None
    mode: str | None
    view_only: bool
    emergency: bool
    role: str | None
    why: str | None
    session: str | None
    started_at: datetime
    landed_at: datetime | None
    ended_at: datetime | None
    ended_why: str | None
    inside: Sequence[AnyRow]
    forgotten: bool

    def seconds(self) -> int | None:
        """Return how long it took, if it is known."""
        if self.landed_at is None or self.ended_at is None:
            return None
        return int((self.ended_at - self.landed_at).total_seconds())

    def changes(self, of_portals: Collection[str]) -> list[AnyRow]:
        """Return what was changed in it, as far as customers are shown; `of_portals` are the events of portals."""
        shown = CHANGED_IN_VISITS | set(of_portals)
        return [row for row in self.inside if row.outcome == "ok" and row.event in shown]

    @staticmethod
    def are_first(rows: Sequence[AnyRow]) -> bool:
        """Tell whether there are more events like some of these."""
        return any(row.alike > MOST_ALIKE for row in rows)


def of_launches(reader: Connection, launch_ids: Collection[str]) -> Mapping[str, Visit]:
    """Return visits by the ids of their launches, in one statement; of a long one the first events of each kind."""
    if not launch_ids:
        return {}
    told = _TOLD.where(_EVENT.c.launch_id.in_(launch_ids)).subquery()
    statement = select(told).where(told.c.place <= MOST_ALIKE).order_by(told.c.launch_id, told.c.seq)
    rows = reader.execute(statement).all()
    return {id: _visit(id, list(found)) for id, found in groupby(rows, lambda row: row.launch_id)}


def of_customer(reader: Connection, customer_id: str, after: str | None) -> Page[Visit]:
    """Return a page of the visits to a customer and its individuals, the latest first.

    Raises `Invalid` for a cursor that is not ours.
    """
    statement = select(_EVENT.c.seq, _EVENT.c.launch_id).where(VISITED, _EVENT.c.customer_id == customer_id)
    if after:
        statement = statement.where(_EVENT.c.seq < decode_cursor(after, int)[0])
    rows = reader.execute(statement.order_by(_EVENT.c.seq.desc()).limit(PAGE_SIZE + 1)).all()
    page = page_of(rows, lambda row: (row.seq,))
    visits = of_launches(reader, [row.launch_id for row in page.rows])
    return Page([visits[row.launch_id] for row in page.rows], page.after)


def _visit(launch_id: str, rows: Sequence[AnyRow]) -> Visit:
    framing = {row.event: row for row in reversed(rows) if row.event in FRAME}
    asked, landed, ended = (framing.get(event) for event in ("launch.started", "visit.start", "visit.end"))
    first = rows[0]
    said: dict[str, Any] = {}
    for row in (asked, landed):
        said |= (row.details or {}) if row else {}
    return Visit(
        launch_id=launch_id,
        actor_id=first.actor_id,
        subject_id=first.subject_id,
        portal=(asked or first).portal,
        mode=first.mode,
        view_only=bool(said.get("view_only")),
        emergency=bool(said.get("emergency")),
        role=said.get("role"),
        why=said.get("why"),
        session=landed.session if landed else None,
        started_at=first.at,
        landed_at=landed.at if landed else None,
        ended_at=ended.at if ended else None,
        ended_why=ended.reason if ended else None,
        inside=[row for row in rows if row.event not in FRAME],
        forgotten=any(is_forgotten(row) for row in (asked, landed) if row),
    )
