"""What is in force for somebody and where it comes from: individual, else customer, else class, else gateway.

The one rule: log-ins, every request and the pages that show it ask here.
"""

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from operator import attrgetter
from typing import Any

from sqlalchemy import null

from gateway.i18n.preferences import Preferences
from gateway.identity.models import SecondFactor

PREFERENCES = (
    *("language", "time_zone", "output_date_format", "output_time_format", "input_date_format", "input_time_format"),
)
"""The columns of preferences, in the order of the fields of `Preferences`."""

_LEVELS = ("own", "customer", "class")
_SAYS = {name: attrgetter(*(f"{level}_{name}" for level in _LEVELS)) for name in (*PREFERENCES, "second_factor")}
_PREFERENCES = attrgetter(*(f"{level}_{name}" for name in PREFERENCES for level in _LEVELS))
_OURS = attrgetter("language", "time_zone", "output_date", "output_time", "input_date", "input_time")


class Origin(enum.StrEnum):
    """Where a value in force was set."""

    OWN = "own"
    CUSTOMER = "customer"
    CLASS = "class"
    GATEWAY = "gateway"


_ORIGINS = tuple(Origin)


@dataclass(frozen=True, slots=True)
class InForce:
    """A value that counts, and where it was set."""

    value: Any
    origin: Origin


def says(names: Sequence[str], *tables: Any) -> list[Any]:
    """Return the columns that a row needs for `in_force`: what own, customer and class say, so far as given."""
    missing = [None] * (len(_LEVELS) - len(tables))
    return [
        (null() if table is None else getattr(table, name)).label(f"{level}_{name}")
        for name in names
        for level, table in zip(_LEVELS, (*tables, *missing), strict=True)
    ]


def in_force(row: Any, name: str, gateways: object, *, own: bool = True) -> InForce:
    """Return what is in force: the nearest say of a row with the columns of `says`, else the gateway's.

    Without `own`: what would be if nothing were set for oneself.
    """
    said = _SAYS[name](row)
    return _nearest(said if own else (None, *said[1:]), gateways)


def preferences_in_force(row: Any, ours: Preferences) -> Preferences:
    """Return all preferences in force; `ours` are the gateway's. Every page asks, so it is kept."""
    return _preferences(_PREFERENCES(row), ours)


@lru_cache(maxsize=4096)
def _preferences(said: tuple[Any, ...], ours: Preferences) -> Preferences:
    levels = len(_LEVELS)
    each = (said[place : place + levels] for place in range(0, len(said), levels))
    return Preferences(*(_nearest(one, default).value for one, default in zip(each, _OURS(ours), strict=True)))


def _nearest(said: Sequence[object], gateways: object) -> InForce:
    for origin, say in zip(_ORIGINS, said, strict=False):
        if isinstance(say, SecondFactor):
            if say is not SecondFactor.INHERIT:
                return InForce(say is SecondFactor.YES, origin)
        elif say is not None and say != "":
            return InForce(say, origin)
    return InForce(gateways, Origin.GATEWAY)
