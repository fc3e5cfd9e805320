"""How often somebody's codes may be wrong, across all sessions and addresses (TOTP-06).

Five in a quarter of an hour, then a wait that doubles with each further one; a hundred in thirty days, then no code
counts any more until staff reset the factor. A right code takes nothing back: it may be somebody else's guesses that
stand here. Whoever counts holds the identity's row, so that none is missed.
"""

import math
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy.orm import Session as Work

from gateway.errors import FactorRefused
from gateway.identity.factor_models import WrongCodes

AT_ONCE, IN_ALL = 5, 100
CALM = timedelta(minutes=15)
KEPT = timedelta(days=30)
FIRST_WAIT, LONGEST_WAIT = 30.0, 900.0


def admit(work: Work, identity_id: str, now: datetime) -> None:
    """Raise `FactorRefused`, `locked` or `wait`, unless a further code of somebody may be looked at just now."""
    counted = work.get(WrongCodes, identity_id)
    if counted is None:
        return
    if counted.locked_at is not None:
        raise FactorRefused("locked")
    left = usable_from(counted.moments) - now.timestamp()
    if left > 0:
        raise FactorRefused("wait", math.ceil(left))


def count(work: Work, identity_id: str, now: datetime) -> bool:
    """Note that a code of somebody was wrong; tell whether that was the last one that they had."""
    counted = work.get(WrongCodes, identity_id)
    if counted is None:
        counted = WrongCodes(identity_id=identity_id, moments=[])
        work.add(counted)
    moment = now.timestamp()
    recent = [one for one in counted.moments if one > moment - KEPT.total_seconds()]
    counted.moments = [*recent, moment]
    if len(counted.moments) >= IN_ALL:
        counted.locked_at = now
    return counted.locked_at is not None


def usable_from(moments: Sequence[float]) -> float:
    """Return from when on a code is looked at after wrong ones at these moments, all in seconds since 1970."""
    in_a_row, until = 0, 0.0
    for moment in moments:
        in_a_row = in_a_row + 1 if moment < until + CALM.total_seconds() else 1
        until = moment + _wait(in_a_row)
    return until


def _wait(in_a_row: int) -> float:
    """Return how long to wait after so many wrong codes in a row, in seconds."""
    beyond = in_a_row - AT_ONCE
    return 0.0 if beyond < 0 else min(FIRST_WAIT * 2 ** min(beyond, 10), LONGEST_WAIT)
