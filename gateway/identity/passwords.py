"""Passwords: argon2id behind a bound on how many are hashed at once (PWD-06, RATE-06)."""

import os
import secrets
import threading
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from argon2 import PasswordHasher, extract_parameters
from argon2.exceptions import InvalidHashError, VerificationError

from gateway.errors import TooBusy

LONGEST_BYTES = 1024
UNAMBIGUOUS = "abcdefghjkmnpqrstuvwxyzABCDEFGHJKMNPQRSTUVWXYZ23456789"
WAIT_SECONDS = 2.0

AT_ONCE = max(1, (os.cpu_count() or 2) - 1)
WAITING = 32
PASSES, KIBIBYTES = 2, 19 * 1024
SMALLEST = 8
"""The least memory, in KiB, that argon2 works with."""

_hasher = PasswordHasher(time_cost=PASSES, memory_cost=KIBIBYTES, parallelism=1)
_queue = threading.BoundedSemaphore(AT_ONCE + WAITING)
_Made = TypeVar("_Made")


_threads = ThreadPoolExecutor(AT_ONCE, "hashing")
"""The threads that hash: the memory that a hash takes stays with its thread, so these few have all of it."""


def _renew() -> None:
    """Make the threads anew in a process that was forked: those of the other are not there."""
    global _threads
    _threads = ThreadPoolExecutor(AT_ONCE, "hashing")


os.register_at_fork(after_in_child=_renew)


def _in_turn(make: Callable[[], _Made]) -> _Made:
    """Hash when it is one's turn: `AT_ONCE` at a time, `WAITING` more in the queue, and not for long (RATE-06)."""
    if not _queue.acquire(blocking=False):
        raise TooBusy
    try:
        made = _threads.submit(make)
        try:
            return made.result(WAIT_SECONDS)
        except TimeoutError as error:
            if made.cancel():
                raise TooBusy from error
            return made.result()
    finally:
        _queue.release()


def hashed(password: str) -> str:
    """Return the argon2id hash of `password` (19 MiB, two passes: the minimum of OWASP and ASVS App. C).

    Raises `TooBusy` when too many are being hashed.
    """
    return _in_turn(lambda: _hasher.hash(_prepared(password)))


_NOBODYS = _hasher.hash(secrets.token_urlsafe(32))


def matches(password_hash: str | None, password: str) -> bool:
    """Tell whether `password` is the one. Without a hash, or with a weaker one, the same time is spent (LOG-03).

    Raises `TooBusy` when too many are being hashed.
    """
    if len(password.encode("utf-8", "surrogatepass")) > LONGEST_BYTES:
        return False
    right = _in_turn(lambda: _verified(password_hash or _NOBODYS, _prepared(password)))
    return right and password_hash is not None


def _verified(password_hash: str, prepared: bytes) -> bool:
    missing = KIBIBYTES - _cost(password_hash) // PASSES
    if missing >= SMALLEST:
        PasswordHasher(time_cost=PASSES, memory_cost=missing, parallelism=1).hash(prepared)
    try:
        return _hasher.verify(password_hash, prepared)
    except (VerificationError, InvalidHashError):
        return False


def _cost(password_hash: str) -> int:
    """Return what a hash costs, in KiB times passes; one that cannot be read costs nothing."""
    try:
        made_with = extract_parameters(password_hash)
    except InvalidHashError:
        return 0
    return made_with.memory_cost * made_with.time_cost


def outdated(password_hash: str) -> bool:
    """Tell whether a hash was made with weaker parameters than today's."""
    return _hasher.check_needs_rehash(password_hash)


def generated(length: int = 20) -> str:
    """Return a random password of letters and digits that cannot be mistaken for one another (over 110 bits)."""
    return "".join(secrets.choice(UNAMBIGUOUS) for _ in range(length))


def _prepared(password: str) -> bytes:
    """NFC only: nothing trimmed, no case changed (RFC 8265 OpaqueString)."""
    return unicodedata.normalize("NFC", password).encode("utf-8", "surrogatepass")
