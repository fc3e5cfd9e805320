"""Passwords: argon2id behind a bound on how many are hashed at once (PWD-06, RATE-06)."""

import os
import secrets
import threading
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from gateway.errors import TooBusy

LONGEST_BYTES = 1024
UNAMBIGUOUS = "abcdefghjkmnpqrstuvwxyzABCDEFGHJKMNPQRSTUVWXYZ23456789"
WAIT_SECONDS = 2.0

_hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
_at_once = threading.BoundedSemaphore(max(1, (os.cpu_count() or 2) - 1))


@contextmanager
def _turn() -> Iterator[None]:
    if not _at_once.acquire(timeout=WAIT_SECONDS):
        raise TooBusy
    try:
        yield
    finally:
        _at_once.release()


def hashed(password: str) -> str:
    """Return the argon2id hash of `password` (19 MiB, two passes: the minimum of OWASP and ASVS App. C).

    Raises `TooBusy` when too many are being hashed.
    """
    with _turn():
        return _hasher.hash(_prepared(password))


_NOBODYS = _hasher.hash(secrets.token_urlsafe(32))


def matches(password_hash: str | None, password: str) -> bool:
    """Tell whether `password` is the one; without a hash the same time is spent and the answer is no (LOG-03).

    Raises `TooBusy` when too many are being hashed.
    """
    if len(password.encode("utf-8", "surrogatepass")) > LONGEST_BYTES:
        return False
    with _turn():
        try:
            _hasher.verify(password_hash or _NOBODYS, _prepared(password))
        except (VerificationError, InvalidHashError):
            return False
    return password_hash is not None


def outdated(password_hash: str) -> bool:
    """Tell whether a hash was made with weaker parameters than today's."""
    return _hasher.check_needs_rehash(password_hash)


def generated(length: int = 20) -> str:
    """Return a random password of letters and digits that cannot be mistaken for one another (over 110 bits)."""
    return "".join(secrets.choice(UNAMBIGUOUS) for _ in range(length))


def _prepared(password: str) -> bytes:
    """NFC only: nothing trimmed, no case changed (RFC 8265 OpaqueString)."""
    return unicodedata.normalize("NFC", password).encode("utf-8", "surrogatepass")
