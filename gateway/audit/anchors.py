"""Anchors: where the chain ended at a moment, kept elsewhere, so that a chain cut short with its end is found out."""

import hmac
import json
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, BinaryIO

from sqlalchemy import Connection, select

from gateway.audit.models import AuditHead
from gateway.audit.operations import Keys, as_json
from gateway.errors import BadAnchor

_PURPOSE = b"portico anchor\n"
_LONGEST = 1000


@dataclass(frozen=True, slots=True)
class Anchor:
    """The number and the MAC of the last row at a moment, signed under a key of the record."""

    seq: int
    mac: str
    at: str
    key_id: str
    signature: str = ""

    def text(self) -> str:
        """Return the anchor as one line of JSON."""
        return json.dumps({"anchor": asdict(self)})


def drop(reader: Connection, keys: Keys, now: datetime) -> Anchor:
    """Return the anchor of the chain as it ends now."""
    seq, mac = reader.execute(select(AuditHead.seq, AuditHead.mac)).one()
    bare = Anchor(seq, mac, now.isoformat(), keys.newest)
    return Anchor(seq, mac, bare.at, bare.key_id, str(_signature(keys, bare)))


def read(file: BinaryIO, keys: Keys) -> Anchor:
    """Read the anchor on the last line of an export, or of the file beside one.

    Raises `BadAnchor` when there is none, or it was not written under a key of the record.
    """
    size = file.seek(0, 2)
    file.seek(max(0, size - _LONGEST))
    lines = file.read().splitlines()
    try:
        found = Anchor(**json.loads(lines[-1])["anchor"])
    except (IndexError, KeyError, TypeError, ValueError) as error:
        raise BadAnchor("its last line is no anchor") from error
    expected = _signature(keys, found)
    if expected is None:
        raise BadAnchor(f"it is signed with a key that is not in GATEWAY_AUDIT_KEYS ({found.key_id})")
    if not hmac.compare_digest(expected.encode(), str(found.signature).encode()):
        raise BadAnchor("it was changed")
    return found


def _signature(keys: Keys, anchor: Anchor) -> str | None:
    signed: dict[str, Any] = {name: value for name, value in asdict(anchor).items() if name != "signature"}
    return keys.sign(anchor.key_id, _PURPOSE + as_json(signed))
