"""Keys that sign tokens: made here, sealed in the database, changed by age with an overlap (KEY-04).

A key is published an hour before it signs, and for a day after another took its place, so that no portal meets a token
whose key it cannot find.
"""

import json
import os
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import lru_cache
from itertools import pairwise
from typing import Any

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from joserfc.jwk import ECKey, KeySet
from sqlalchemy import Connection, delete, insert, select, update
from sqlalchemy.orm import Session as Work

from gateway.audit.operations import record
from gateway.db import new_id
from gateway.oidc.models import SigningKey

PURPOSE = "signing keys"
ALGORITHM = "ES256"
SIGNS_FOR = timedelta(days=30)
KNOWN_BEFORE = timedelta(hours=1)
KNOWN_AFTER = timedelta(days=1)
NONCE_BYTES = 12

Sealing = Mapping[str, bytes]
"""The keys that seal, by the id of their secret key, oldest first."""

_TABLE: Any = SigningKey.__table__


def published(reader: Connection) -> dict[str, Any]:
    """Return the JWK set of everything that signs, did or soon will (RFC 7517)."""
    found = reader.execute(select(_TABLE.c.public).order_by(_TABLE.c.signs_from.desc())).scalars()
    return {"keys": list(found)}


def public_keys(reader: Connection) -> KeySet:
    """Return the same as a set that verifies."""
    return KeySet.import_key_set(published(reader))  # type: ignore[arg-type]


def signing(reader: Connection, sealing: Sealing, now: datetime) -> ECKey:
    """Return the key that signs now; raises `LookupError` where there is none."""
    signs = select(_TABLE).where(_TABLE.c.signs_from <= now).order_by(_TABLE.c.signs_from.desc()).limit(1)
    row = reader.execute(signs).one_or_none()
    if row is None:
        raise LookupError("no signing key has been made yet")
    return _opened(row.kid, row.sealed, sealing[row.key_id])


def ensure(work: Work, sealing: Sealing, now: datetime) -> None:
    """Make the first key, which signs at once, unless there is one."""
    if work.execute(select(_TABLE.c.kid).limit(1)).first() is None:
        _make(work, sealing, now, now)


def rotate(work: Work, sealing: Sealing, now: datetime) -> str:
    """Make the key that signs next, and return its id."""
    return _make(work, sealing, now, now + KNOWN_BEFORE)


def look_after(work: Work, sealing: Sealing, now: datetime) -> None:
    """Make the next key in time, take away those that signed nothing still good, seal the rest under the newest."""
    reseal(work, sealing)
    rows = work.execute(select(_TABLE.c.kid, _TABLE.c.signs_from).order_by(_TABLE.c.signs_from.desc())).all()
    if rows and now - rows[0].signs_from > SIGNS_FOR:
        rotate(work, sealing, now)
    gone = [older.kid for newer, older in pairwise(rows) if now - newer.signs_from > KNOWN_AFTER]
    if gone:
        work.execute(delete(SigningKey).where(SigningKey.kid.in_(gone)))


def reseal(work: Work, sealing: Sealing) -> int:
    """Seal every key anew under the newest secret key, so that older ones can be taken away; return how many."""
    newest = list(sealing)[-1]
    rows = work.execute(select(_TABLE).where(_TABLE.c.key_id != newest)).all()
    for row in rows:
        plain = _unsealed(row.kid, row.sealed, sealing[row.key_id])
        values = {"sealed": _sealed(row.kid, plain, sealing[newest]), "key_id": newest}
        work.execute(update(SigningKey).where(SigningKey.kid == row.kid).values(values))
    return len(rows)


def _make(work: Work, sealing: Sealing, now: datetime, signs_from: datetime) -> str:
    kid, newest = new_id(), list(sealing)[-1]
    key = ECKey.generate_key("P-256", {"kid": kid, "use": "sig", "alg": ALGORITHM}, private=True)
    plain = json.dumps(key.as_dict(private=True)).encode()
    work.execute(
        insert(SigningKey).values(
            kid=kid,
            public=key.as_dict(private=False),
            sealed=_sealed(kid, plain, sealing[newest]),
            key_id=newest,
            created_at=now,
            signs_from=signs_from,
        )
    )
    record(work, "key.made", kid=kid, signs_from=signs_from.isoformat())
    return kid


def _sealed(kid: str, plain: bytes, key: bytes) -> bytes:
    nonce = os.urandom(NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, plain, kid.encode())


def _unsealed(kid: str, sealed: bytes, key: bytes) -> bytes:
    return AESGCM(key).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], kid.encode())


@lru_cache(maxsize=8)
def _opened(kid: str, sealed: bytes, key: bytes) -> ECKey:
    return ECKey.import_key(json.loads(_unsealed(kid, sealed, key)))
