"""Attempts at a credential: every door that asks for one counts them here, before it looks (RATE-05)."""

from collections.abc import Iterator
from contextlib import contextmanager

from gateway.errors import LoginRefused, TooBusy, TooManyAttempts
from gateway.identity import operations, throttle
from gateway.identity.models import Realm
from gateway.identity.throttle import Attempt
from gateway.web import current


@contextmanager
def counted(door: str, realm: Realm, login: str | None, *, known_device: bool = False) -> Iterator[None]:
    """Count an attempt at a credential of `login` (None: the credential alone says whose it is), and look at it inside.

    Leave with `LoginRefused` if it is wrong. What is left without an error is given back in the request's unit of work,
    which the face commits. `door` is a stable word for the record. Raises `TooManyAttempts`, recorded.
    """
    attempt = _begin(door, realm, login, known_device)
    work = current.writer()
    try:
        yield
    except TooBusy:
        throttle.give_back(work, attempt)
        work.commit()
        raise
    throttle.give_back(work, attempt)


def refuse(door: str, realm: Realm, login: str | None, refused: LoginRefused) -> None:
    """Put a wrong credential on the record."""
    work = current.writer()
    operations.refuse_log_in(work, realm, login or "", refused, door)
    work.commit()


def _begin(door: str, realm: Realm, login: str | None, known_device: bool) -> Attempt:
    work = current.writer()
    try:
        attempt = throttle.admit(work, realm, login, current.address(), current.now(), known_device=known_device)
    except TooManyAttempts:
        work.rollback()
        row = operations.whose_login(current.reader(), realm, login or "")
        found = (row.id, row.customer_id) if row else (None, None)
        refuse(door, realm, login, LoginRefused("throttled", *found))
        raise
    work.commit()
    return attempt
