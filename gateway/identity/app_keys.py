"""Keys of authenticator apps and the codes made from them (RFC 6238: SHA-1, six digits, thirty seconds)."""

import hmac
import re
from dataclasses import dataclass
from datetime import datetime, timedelta

import pyotp
import segno
from sqlalchemy import Connection, delete, insert, select, update
from sqlalchemy.orm import Session as Work

from gateway.db import AnyRow, AnySelect, new_id, rows_changed
from gateway.errors import FactorRefused, KeyMissing, Tampered
from gateway.identity.factor_models import AppKey
from gateway.keys import Sealed, Vault

CODE = re.compile(r"[0-9]{6}", re.ASCII)
WINDOW = 1
"""How many steps before and after the present one are accepted (TOTP-05)."""
DRIFT = 10
"""How many steps off a code may be to be recognised as one of a clock that is wrong, and refused as such."""
PENDING = timedelta(minutes=15)
"""How long a key waits for the code that confirms it."""


@dataclass(frozen=True, slots=True)
class Offer:
    """A key to be put into an app: as text in groups of four, and as an SVG of a QR code."""

    text: str
    picture: str


def begin(work: Work, vault: Vault, identity_id: str, session_key: bytes, now: datetime) -> None:
    """Make a key that one session of somebody can confirm; an earlier one that was not confirmed is gone (TOTP-01)."""
    id = new_id()
    sealed = vault.seal(pyotp.random_base32().encode(), *_place(id, identity_id))
    work.execute(delete(AppKey).where(AppKey.identity_id == identity_id, AppKey.confirmed.is_(False)))
    work.execute(
        insert(AppKey).values(
            id=id,
            identity_id=identity_id,
            confirmed=False,
            session_key=session_key,
            key_id=sealed.key_id,
            sealed=sealed.text,
            last_step=0,
            created_at=now,
        )
    )


def offer(
    reader: Connection, vault: Vault, identity_id: str, session_key: bytes, login: str, brand: str, now: datetime
) -> Offer | None:
    """Return the key that a session is to confirm, or None when there is none (any more)."""
    row = reader.execute(_unconfirmed(identity_id, session_key, now)).one_or_none()
    if row is None:
        return None
    secret = _opened(vault, row)
    uri = pyotp.TOTP(secret).provisioning_uri(name=login, issuer_name=brand)
    groups = [secret[start : start + 4] for start in range(0, len(secret), 4)]
    picture = segno.make(uri, error="m", micro=False).svg_inline(scale=5, dark="#000", light="#fff")
    return Offer(" ".join(groups), picture)


def confirm(work: Work, vault: Vault, identity_id: str, session_key: bytes, typed: str, now: datetime) -> None:
    """Let a key count, in place of the one before, since its owner typed a code of it.

    Raises `FactorRefused`: `gone` when there is no such key (any more), else as `use` does.
    """
    row = work.execute(_unconfirmed(identity_id, session_key, now)).one_or_none()
    if row is None:
        raise FactorRefused("gone")
    step = _step(_opened(vault, row), typed, now)
    work.execute(delete(AppKey).where(AppKey.identity_id == identity_id, AppKey.confirmed.is_(True)))
    work.execute(update(AppKey).where(AppKey.id == row.id).values(confirmed=True, session_key=None, last_step=step))


def use(work: Work, vault: Vault, identity_id: str, typed: str, now: datetime) -> None:
    """Accept a code of somebody's app, once: the last accepted step only moves forward (RFC 6238 5.2, TOTP-04).

    Raises `FactorRefused`: `wrong`, `used`, or `clock` when it is right at a moment that is not now; also
    `KeyMissing` and `Tampered`.
    """
    row = work.execute(
        select(AppKey.__table__).where(AppKey.identity_id == identity_id, AppKey.confirmed.is_(True))
    ).one_or_none()
    if row is None:
        raise FactorRefused("wrong")
    step = _step(_opened(vault, row), typed, now)
    moved = work.execute(update(AppKey).where(AppKey.id == row.id, AppKey.last_step < step).values(last_step=step))
    if not rows_changed(moved):
        raise FactorRefused("used")


def renew_seals(work: Work, vault: Vault, after: str, limit: int) -> tuple[str | None, int, int]:
    """Encrypt keys anew under the newest secret key, those after one id, so many at once (KEY-03).

    Returns the last id that was looked at, None when there are no more; how many were renewed, and how many cannot be
    read and stay as they are.
    """
    renewed = 0
    rows = work.execute(
        select(AppKey.__table__)
        .where(AppKey.id > after, AppKey.key_id != vault.newest)
        .order_by(AppKey.id)
        .limit(limit)
        .with_for_update()
    ).all()
    for row in rows:
        try:
            secret = _opened(vault, row)
        except (KeyMissing, Tampered):
            continue
        sealed = vault.seal(secret.encode(), *_place(row.id, row.identity_id))
        work.execute(update(AppKey).where(AppKey.id == row.id).values(key_id=sealed.key_id, sealed=sealed.text))
        renewed += 1
    return (rows[-1].id if rows else None), renewed, len(rows) - renewed


def forget_old(work: Work, now: datetime) -> None:
    """Take away keys that nobody confirmed in time."""
    work.execute(delete(AppKey).where(AppKey.confirmed.is_(False), AppKey.created_at < now - PENDING))


def _unconfirmed(identity_id: str, session_key: bytes, now: datetime) -> AnySelect:
    return select(AppKey.__table__).where(
        AppKey.identity_id == identity_id,
        AppKey.confirmed.is_(False),
        AppKey.session_key == session_key,
        AppKey.created_at > now - PENDING,
    )


def _place(id: str, identity_id: str) -> tuple[str, ...]:
    return ("app_key", "sealed", id, identity_id)


def _opened(vault: Vault, row: AnyRow) -> str:
    return vault.open(Sealed(row.key_id, row.sealed), *_place(row.id, row.identity_id)).decode()


def _step(secret: str, typed: str, now: datetime) -> int:
    """Return the step of which `typed` is the code; six plain digits and nothing else."""
    if not CODE.fullmatch(typed):
        raise FactorRefused("wrong")
    app = pyotp.TOTP(secret)
    present = app.timecode(now)
    steps = [step for step in range(present - DRIFT, present + DRIFT + 1) if _is(app, step, typed)]
    accepted = [step for step in steps if abs(step - present) <= WINDOW]
    if not steps:
        raise FactorRefused("wrong")
    if not accepted:
        raise FactorRefused("clock")
    return accepted[-1]


def _is(app: pyotp.TOTP, step: int, typed: str) -> bool:
    return hmac.compare_digest(app.generate_otp(step), typed)
