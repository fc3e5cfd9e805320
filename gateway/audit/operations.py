"""Record.

An operation calls `record`; the rows are written as the last statements of its transaction, when the face commits. So
the end of the chain is locked for the shortest time, and a change whose record cannot be written is not made (AUD-06).
"""

import hashlib
import hmac
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC
from typing import Any

from sqlalchemy import bindparam, event, insert, select
from sqlalchemy.exc import DBAPIError, NoResultFound
from sqlalchemy.orm import Session

from gateway import clock
from gateway.audit.models import AuditEvent, AuditHead
from gateway.db import Prepared
from gateway.errors import Unrecordable

FIRST_MAC = "0" * 64
SALT_BYTES = 16
CHAINED = (
    *("seq", "event", "outcome", "reason", "realm", "actor_id", "subject_id", "customer_id", "portal", "mode"),
    *("launch_id", "session", "request_id", "key_id"),
)
DIGESTS = ("place_digest", "details_digest")
"""What the chain covers of address and agent, and of the details."""


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
        return self.sign(key_id, previous.encode() + b"\n" + canonical(row))

    def sign(self, key_id: str, message: bytes) -> str | None:
        """Return the HMAC of `message` under a key, or None if the key is not at hand."""
        key = self._keys.get(key_id)
        return None if key is None else hmac.new(key.encode(), message, hashlib.sha256).hexdigest()


def canonical(row: Mapping[str, Any]) -> bytes:
    """Write the chained fields of a row in the one form that both databases give back."""
    values = {name: row[name] for name in CHAINED}
    values["at"] = row["at"].astimezone(UTC).isoformat(timespec="microseconds")
    if row["place_digest"] is None and row["details_digest"] is None:
        values |= {name: row[name] for name in ("address", "agent", "details")}
    else:
        values |= {name: row[name] and row[name].hex() for name in DIGESTS}
    return as_json(values)


def as_json(value: object) -> bytes:
    """Write plain values in one form."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode()


def place_digest(salt: bytes, row: Mapping[str, Any]) -> bytes:
    """Return what the chain covers of the address and the agent of a row."""
    return hashlib.sha256(salt + as_json([row["address"], row["agent"]])).digest()


def details_digest(salt: bytes, row: Mapping[str, Any]) -> bytes:
    """Return what the chain covers of the details of a row."""
    return hashlib.sha256(salt + as_json(row["details"])).digest()


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
        _append(session, keys, [{**row, **_digests(row)} for row in events])
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


def _digests(row: Mapping[str, Any]) -> dict[str, bytes]:
    """Salt and digest what stands outside the chain: the salt keeps addresses, of which there are few, from being
    found by trying them once the value is gone.
    """
    salts = os.urandom(2 * SALT_BYTES)
    place, details = salts[:SALT_BYTES], salts[SALT_BYTES:]
    return {
        "place_salt": place,
        "place_digest": place_digest(place, row),
        "details_salt": details,
        "details_digest": details_digest(details, row),
    }


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
