"""Recovery codes: ten, shown once, each good for one log-in without the app or the passkey (TOTP-07)."""

import hashlib
import re
import secrets
from datetime import datetime

from sqlalchemy import delete, insert, update
from sqlalchemy.orm import Session as Work

from gateway.db import ALPHABET, rows_changed
from gateway.errors import FactorRefused
from gateway.identity.factor_models import RecoveryCode

HOW_MANY = 10
CODE = re.compile(rf"[{ALPHABET}]{{4}}(-[{ALPHABET}]{{4}}){{3}}", re.ASCII)


def renew(work: Work, identity_id: str) -> list[str]:
    """Give somebody ten new codes and return them; the ones before stop working. 80 random bits each need no key."""
    codes = ["-".join(_group() for _ in range(4)) for _ in range(HOW_MANY)]
    work.execute(delete(RecoveryCode).where(RecoveryCode.identity_id == identity_id))
    work.execute(insert(RecoveryCode), [{"key": _key(identity_id, code), "identity_id": identity_id} for code in codes])
    return codes


def use(work: Work, identity_id: str, typed: str, now: datetime) -> None:
    """Use a code up; one caller wins. Raises `FactorRefused`, `wrong`."""
    used = work.execute(
        update(RecoveryCode)
        .where(RecoveryCode.key == _key(identity_id, typed), RecoveryCode.used_at.is_(None))
        .values(used_at=now)
    )
    if not rows_changed(used):
        raise FactorRefused("wrong")


def _group() -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(4))


def _key(identity_id: str, code: str) -> bytes:
    return hashlib.sha256(f"portico recovery code\0{identity_id}\0{code}".encode()).digest()
