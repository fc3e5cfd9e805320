"""Verify: walk the chain and name the first row that does not hold."""

import hmac
import re
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from gateway.audit.anchors import Anchor
from gateway.audit.models import AuditEvent, AuditHead
from gateway.audit.operations import FIRST_MAC, Keys, details_digest, place_digest

FORGOTTEN, ERASED = "record.forgotten", "identity.erased"
"""The events that say why a value outside the chain is gone."""

_EVENT: Any = AuditEvent.__table__
HEAD = select(AuditHead.seq, AuditHead.mac)
_WHY_GONE = select(_EVENT.c.seq, _EVENT.c.event, _EVENT.c.subject_id, _EVENT.c.details).where(
    _EVENT.c.event.in_((FORGOTTEN, ERASED))
)
_CHUNK = 1000


@dataclass(frozen=True, slots=True)
class Fault:
    """The first place where the record does not hold."""

    seq: int
    what: str


def verify(connection: Connection, keys: Keys, anchor: Anchor | None = None) -> tuple[int, Fault | None]:
    """Walk the whole chain; return how many rows hold, and the first fault: changed, missing, or out of order.

    With the `anchor` of an export a chain is found too that was cut short together with its end. Rows may be added
    meanwhile.
    """
    walk = Walk(keys, anchor)
    while True:
        before = walk.good
        for row in rows_after(connection, walk.good):
            if fault := walk.step(connection, row):
                return walk.good, fault
        head = connection.execute(HEAD).one_or_none()
        if head is None or head.seq < walk.good or (head.seq == walk.good and head.mac != walk.mac):
            return walk.good, Fault(walk.good, "the end of the chain is not the one that was written last")
        if head.seq == walk.good:
            break
        if walk.good == before:
            return walk.good, Fault(walk.good + 1, "missing")
    if anchor is not None and walk.good < anchor.seq:
        return walk.good, Fault(walk.good + 1, f"missing; the anchor knows {anchor.seq} rows")
    return walk.good, None


class Walk:
    """How far the chain was found to hold."""

    def __init__(self, keys: Keys, anchor: Anchor | None = None) -> None:
        self.good, self.mac = 0, FIRST_MAC
        self._keys, self._anchor, self._gone = keys, anchor, _Gone()

    def step(self, connection: Connection, row: Mapping[str, Any]) -> Fault | None:
        """Go on to the next row; return what is wrong with it, or None."""
        seq = row["seq"]
        if seq <= self.good:
            return Fault(seq, "put in before the first")
        if seq != self.good + 1:
            return Fault(self.good + 1, "missing")
        expected = self._keys.mac(row["key_id"], self.mac, row)
        if expected is None:
            return Fault(seq, f"signed with a key that is not in GATEWAY_AUDIT_KEYS ({row['key_id']})")
        if not hmac.compare_digest(expected, row["mac"]):
            return Fault(seq, "changed, or not in its place")
        if self._anchor is not None and self._anchor.seq == seq and self._anchor.mac != row["mac"]:
            return Fault(seq, "not the row that the anchor knows")
        if what := self._beside(connection, row):
            return Fault(seq, what)
        self.good, self.mac = seq, row["mac"]
        return None

    def _beside(self, connection: Connection, row: Mapping[str, Any]) -> str | None:
        """Return what is wrong with the values that the chain covers by digest."""
        if row["place_digest"] is None and row["details_digest"] is None:
            return None
        if row["place_salt"] is None:
            if row["address"] is not None or row["agent"] is not None:
                return "its address or agent was changed"
            if not self._gone.place(connection, row):
                return "its address and agent were taken away, and no event says so"
        elif place_digest(row["place_salt"], row) != row["place_digest"]:
            return "its address or agent was changed"
        if row["details_salt"] is None:
            if row["details"]:
                return "its details were changed"
            if not self._gone.details(connection, row):
                return "its details were taken away, and no event says so"
        elif details_digest(row["details_salt"], row) != row["details_digest"]:
            return "its details were changed"
        return None


class _Gone:
    """Which values are rightly gone, as the record says itself. Read again before anything is held against a row,
    since more may be forgotten while the chain is walked.
    """

    def __init__(self) -> None:
        self._firsts: list[int] = []
        self._lasts: list[int] = []
        self._people: dict[str, int] = {}

    def place(self, connection: Connection, row: Mapping[str, Any]) -> bool:
        """Tell whether address and agent of a row are rightly gone."""
        return self._told(connection, lambda: self._forgotten(row["seq"]) or self._erased(row))

    def details(self, connection: Connection, row: Mapping[str, Any]) -> bool:
        """Tell whether the details of a row are rightly gone."""
        return self._told(connection, lambda: self._erased(row))

    def _told(self, connection: Connection, asked: Callable[[], bool]) -> bool:
        if asked():
            return True
        self._read(connection)
        return asked()

    def _forgotten(self, seq: int) -> bool:
        place = bisect_right(self._firsts, seq) - 1
        return place >= 0 and seq <= self._lasts[place]

    def _erased(self, row: Mapping[str, Any]) -> bool:
        about = (row["actor_id"], row["subject_id"], row["customer_id"])
        return any(row["seq"] < self._people.get(id, 0) for id in about if id is not None)

    def _read(self, connection: Connection) -> None:
        ranges: list[tuple[int, int]] = []
        self._people = {}
        for row in connection.execute(_WHY_GONE):
            if row.event == FORGOTTEN:
                ranges += from_ranges(row.details.get("seqs", ""))
            elif row.subject_id is not None:
                self._people[row.subject_id] = max(row.seq, self._people.get(row.subject_id, 0))
        self._firsts, self._lasts = [], []
        for first, last in sorted(ranges):
            if self._lasts and first <= self._lasts[-1] + 1:
                self._lasts[-1] = max(self._lasts[-1], last)
            else:
                self._firsts.append(first)
                self._lasts.append(last)


def to_ranges(numbers: list[int]) -> str:
    """Write numbers in rising order as `1-3,7`."""
    ranges: list[list[int]] = []
    for number in numbers:
        if ranges and number == ranges[-1][1] + 1:
            ranges[-1][1] = number
        else:
            ranges.append([number, number])
    return ",".join(str(first) if first == last else f"{first}-{last}" for first, last in ranges)


def from_ranges(text: str) -> list[tuple[int, int]]:
    """Read what `to_ranges` wrote, as pairs of first and last."""
    return [(int(first), int(last or first)) for first, last in re.findall(r"(\d+)(?:-(\d+))?", str(text))]


def rows_after(connection: Connection, good: int) -> Iterator[Mapping[str, Any]]:
    """Yield the rows after the first `good` ones, and from before the first, in order."""
    after = good or -(2**63)
    while rows := connection.execute(
        select(_EVENT).where(_EVENT.c.seq > after).order_by(_EVENT.c.seq).limit(_CHUNK)
    ).all():
        for row in rows:
            yield row._asdict()
        after = rows[-1].seq
