"""Record and verify.

An operation calls `record`; the rows are written as the last statements of its transaction, when the face commits. So
the end of the chain is locked for the shortest time, and a change whose record cannot be written is not made (AUD-06).
"""

import hashlib
import hmac
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC
from typing import Any

from sqlalchemy import Connection, bindparam, event, insert, select
from sqlalchemy.exc import DBAPIError, NoResultFound
from sqlalchemy.orm import Session

from gateway import clock
from gateway.audit.models import AuditEvent, AuditHead
from gateway.db import Prepared
from gateway.errors import Unrecordable

FIRST_MAC = "0" * 64
CHAINED = (
    *("seq", "at", "event", "outcome", "reason", "realm", "actor_id", "subject_id", "customer_id", "portal", "mode"),
    *("launch_id", "session", "address", "agent", "request_id", "details", "key_id"),
)


@dataclass(frozen=True, slots=True)
class Stamp:
    """Who makes the present request, and from where: what every row of the record says beside the event.

    `actor_id` is whoever is really at the keyboard, `subject_id` whose rights are used (RFC 8693).
    """

    realm: str | None = None
    actor_id: str | None = None
    subject_id: str | None = None
    customer_id: str | None = None
    portal: str | None = None
    mode: str | None = None
    launch_id: str | None = None
    session: str | None = None
    address: str | None = None
    agent: str | None = None
    request_id: str | None = None


class Keys:
    """The keys of the chain, newest first; a key is named in its rows by the start of its digest."""

    def __init__(self, keys: tuple[str, ...]) -> None:
        self._keys = {hashlib.sha256(b"portico audit key id\0" + key.encode()).hexdigest()[:8]: key for key in keys}
        self.newest = next(iter(self._keys))
        self.end = (0, FIRST_MAC)  # where this process last saw the chain end: right unless another wrote since

    def mac(self, key_id: str, previous: str, row: Mapping[str, Any]) -> str | None:
        """Return the MAC of `row` after `previous`, or None if the key is not at hand."""
        key = self._keys.get(key_id)
        if key is None:
            return None
        return hmac.new(key.encode(), previous.encode() + b"\n" + canonical(row), hashlib.sha256).hexdigest()


def canonical(row: Mapping[str, Any]) -> bytes:
    """Write the chained fields of a row in the one form that both databases give back."""
    values = {name: row[name] for name in CHAINED}
    values["at"] = row["at"].astimezone(UTC).isoformat(timespec="microseconds")
    return json.dumps(values, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode()


def record(
    session: Session,
    name: str,
    /,
    *,
    outcome: str = "ok",
    reason: str | None = None,
    of: Stamp | None = None,
    **details: Any,
) -> None:
    """Put one event on the record of the transaction of `session`.

    `details` are plain values (before and after; never a secret). Actor, subject and request come from the stamp of
    the session, or from `of` where the event is about somebody else.
    """
    if not session.in_transaction():
        session.begin()  # so that a rollback is heard of even if nothing else was done
    stamp: Stamp = of or session.info["stamp"]
    row = {"at": clock.now(), "event": name, "outcome": outcome, "reason": reason, "details": details, **asdict(stamp)}
    session.info.setdefault("events", []).append(row)


def chain_on_commit(session: Session) -> None:
    """Write the events of the transaction at the end of the chain; hooked to every commit of a writing session.

    Raises `Unrecordable` when they cannot be written.
    """
    events: list[dict[str, Any]] = session.info.get("events", [])
    if not events:
        return
    session.flush()
    keys: Keys = session.info["audit_keys"]
    try:
        _append(session, keys, events)
    except (DBAPIError, NoResultFound) as error:
        raise Unrecordable from error
    session.info["events"] = []


_EVENT: Any = AuditEvent.__table__
_HEAD: Any = AuditHead.__table__
_END = select(_HEAD.c.seq, _HEAD.c.mac).where(_HEAD.c.id == 1).with_for_update()
_FIRST = Prepared(
    insert(_EVENT).from_select(
        [column.name for column in _EVENT.c],
        select(*(bindparam(column.name, type_=column.type) for column in _EVENT.c))
        .select_from(_HEAD)
        .where(_HEAD.c.seq == bindparam("end_seq"), _HEAD.c.mac == bindparam("end_mac"))
        .with_for_update(),
    )
)
"""Adds a row if the chain ends where it is thought to; the row moves the end itself, by a trigger."""


def _append(session: Session, keys: Keys, events: list[dict[str, Any]]) -> None:
    connection = session.connection()
    end = keys.end
    chained = _chained(keys, end, events)
    if not _FIRST.changed(connection, {**chained[0], "end_seq": end[0], "end_mac": end[1]}):
        seq, mac = connection.execute(_END).one()
        end = (seq, mac)
        chained = _chained(keys, end, events)
        connection.execute(insert(_EVENT), chained)
    elif len(chained) > 1:
        connection.execute(insert(_EVENT), chained[1:])
    keys.end = (chained[-1]["seq"], chained[-1]["mac"])


def _chained(keys: Keys, end: tuple[int, str], events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the events as rows that follow the one at `end`."""
    (seq, mac), rows = end, []
    for event_row in events:
        seq += 1
        row = {**event_row, "seq": seq, "key_id": keys.newest}
        mac = row["mac"] = str(keys.mac(keys.newest, mac, row))
        rows.append(row)
    return rows


event.listen(Session, "before_commit", chain_on_commit)


def forget_on_rollback(session: Session, _previous: object) -> None:
    """What was not done is not recorded."""
    session.info.pop("events", None)


event.listen(Session, "after_soft_rollback", forget_on_rollback)


@dataclass(frozen=True, slots=True)
class Fault:
    """The first place where the chain does not hold."""

    seq: int
    what: str


def verify(connection: Connection, keys: Keys) -> tuple[int, Fault | None]:
    """Walk the whole chain; return how many rows hold, and the first fault: changed, missing, or out of order."""
    good, mac = 0, FIRST_MAC
    for row in _rows(connection):
        if row["seq"] <= good:
            return good, Fault(row["seq"], "put in before the first")
        if row["seq"] != good + 1:
            return good, Fault(good + 1, "missing")
        expected = keys.mac(row["key_id"], mac, row)
        if expected is None:
            return good, Fault(row["seq"], f"signed with a key that is not in GATEWAY_AUDIT_KEYS ({row['key_id']})")
        if not hmac.compare_digest(expected, row["mac"]):
            return good, Fault(row["seq"], "changed, or not in its place")
        good, mac = row["seq"], row["mac"]
    head = connection.execute(select(AuditHead.seq, AuditHead.mac)).one_or_none()
    if head is None or head.seq < good or (head.seq == good and head.mac != mac):
        return good, Fault(good, "the end of the chain is not the one that was written last")
    if head.seq > good:
        return good, Fault(good + 1, "missing")
    return good, None


def _rows(connection: Connection, chunk: int = 1000) -> Iterator[Mapping[str, Any]]:
    table = AuditEvent.__table__
    after = -(2**63)
    while rows := connection.execute(select(table).where(table.c.seq > after).order_by(table.c.seq).limit(chunk)).all():
        for row in rows:
            yield dict(row._mapping)
        after = rows[-1].seq
