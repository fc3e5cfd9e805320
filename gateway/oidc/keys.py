"""Keys that sign tokens: made here, sealed in the database, changed by age with an overlap (KEY-04).

A key is published an hour before it signs, and for a day after another took its place, so that no portal meets a token
whose key it cannot find.
"""

import json
from datetime import datetime, timedelta
from functools import lru_cache
from itertools import pairwise
from typing import Any

from joserfc.jwk import ECKey, KeySet
from sqlalchemy import Connection, delete, insert, select, update
from sqlalchemy.orm import Session as Work

from gateway.audit.operations import record
from gateway.db import new_id
from gateway.errors import KeyMissing, Tampered
from gateway.keys import Sealed, Vault
from gateway.oidc.models import SigningKey

ALGORITHM = "ES256"
SIGNS_FOR = timedelta(days=30)
KNOWN_BEFORE = timedelta(hours=1)
KNOWN_AFTER = timedelta(days=1)

_TABLE: Any = SigningKey.__table__


def published(reader: Connection) -> dict[str, Any]:
    """Return the JWK set of everything that signs, did or soon will (RFC 7517)."""
    found = reader.execute(select(_TABLE.c.public).order_by(_TABLE.c.signs_from.desc())).scalars()
    return {"keys": list(found)}


def public_keys(reader: Connection) -> KeySet:
    """Return the same as a set that verifies, which nothing passes before the first key is made."""
    found = published(reader)
    return KeySet.import_key_set(found) if found["keys"] else KeySet([])  # type: ignore[arg-type]


def signing(reader: Connection, vault: Vault, now: datetime) -> ECKey:
    """Return the key that signs now; raises `LookupError` where there is none, and as `Vault.open` does."""
    signs = select(_TABLE).where(_TABLE.c.signs_from <= now).order_by(_TABLE.c.signs_from.desc()).limit(1)
    row = reader.execute(signs).one_or_none()
    if row is None:
        raise LookupError("no signing key has been made yet")
    return _opened(vault, row.kid, Sealed(row.key_id, row.sealed))


def ensure(work: Work, vault: Vault, now: datetime) -> None:
    """Make the first key, which signs at once, unless there is one."""
    if work.execute(select(_TABLE.c.kid).limit(1)).first() is None:
        _make(work, vault, now, now)


def rotate(work: Work, vault: Vault, now: datetime) -> str:
    """Make the key that signs next, and return its id."""
    return _make(work, vault, now, now + KNOWN_BEFORE)


def look_after(work: Work, vault: Vault, now: datetime) -> None:
    """Make the next key in time, take away those that signed nothing still good, seal the rest under the newest."""
    reseal(work, vault)
    rows = work.execute(select(_TABLE.c.kid, _TABLE.c.signs_from).order_by(_TABLE.c.signs_from.desc())).all()
    if rows and now - rows[0].signs_from > SIGNS_FOR:
        rotate(work, vault, now)
    gone = [older.kid for newer, older in pairwise(rows) if now - newer.signs_from > KNOWN_AFTER]
    if gone:
        work.execute(delete(SigningKey).where(SigningKey.kid.in_(gone)))


def reseal(work: Work, vault: Vault) -> tuple[int, int]:
    """Seal every key anew under the newest secret key, so that older ones can be taken away.

    Returns how many were, and how many cannot be read and stay as they are.
    """
    rows, renewed = work.execute(select(_TABLE).where(_TABLE.c.key_id != vault.newest)).all(), 0
    for row in rows:
        try:
            plain = vault.open(Sealed(row.key_id, row.sealed), *_place(row.kid))
        except (KeyMissing, Tampered):
            continue
        sealed = vault.seal(plain, *_place(row.kid))
        values = {"sealed": sealed.text, "key_id": sealed.key_id}
        work.execute(update(SigningKey).where(SigningKey.kid == row.kid).values(values))
        renewed += 1
    return renewed, len(rows) - renewed


def _make(work: Work, vault: Vault, now: datetime, signs_from: datetime) -> str:
    kid = new_id()
    key = ECKey.generate_key("P-256", {"kid": kid, "use": "sig", "alg": ALGORITHM}, private=True)
    sealed = vault.seal(json.dumps(key.as_dict(private=True)).encode(), *_place(kid))
    work.execute(
        insert(SigningKey).values(
            kid=kid,
            public=key.as_dict(private=False),
            sealed=sealed.text,
            key_id=sealed.key_id,
            created_at=now,
            signs_from=signs_from,
        )
    )
    record(work, "key.made", kid=kid, signs_from=signs_from.isoformat())
    return kid


def _place(kid: str) -> tuple[str, ...]:
    return ("signing_key", "sealed", kid)


@lru_cache(maxsize=8)
def _opened(vault: Vault, kid: str, sealed: Sealed) -> ECKey:
    return ECKey.import_key(json.loads(vault.open(sealed, *_place(kid))))
