"""How often credentials may be tried: one count for every door, in the database (RATE-01 to RATE-05).

An attempt is counted as a failure before anything is looked at, and given back when it was none, so that a burst counts
as much as a queue. Guesses at one login from one source are few and then slow. Over many logins or sources it is the
pairs that are counted, not the guesses: so a handful of sources, however busy, cannot lock the owner out.
"""

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, case, delete, func, literal, null, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session as Work

from gateway.audit.operations import Stamp, record
from gateway.db import AnyRow, UTCDateTime, rows_changed
from gateway.errors import TooManyAttempts
from gateway.identity import logins
from gateway.identity.models import Counted, Realm, Throttle

_COUNTS: Any = Throttle.__table__

UNKNOWN_SOURCE = "unknown"
SOURCE_BITS = 64
"""How much of an IPv6 address is one source: whoever has one address has the /64 around it."""


@dataclass(frozen=True, slots=True)
class Rule:
    """`most` failures `within` a time, then waiting: one of `delays` for each from there on, the last for all more.

    The time runs from the first failure, or where it `slides` from the last. Once there were too many they are
    `remembered` for longer.
    """

    most: int
    within: timedelta
    delays: Sequence[timedelta]
    remembered: timedelta
    slides: bool


_GUESSES = Rule(
    most=5,
    within=timedelta(minutes=15),
    delays=[timedelta(seconds=seconds) for seconds in (30, 60, 120, 240, 480, 900)],
    remembered=timedelta(hours=1),
    slides=True,
)
_HOUR = timedelta(hours=1)
RULES = {
    Counted.PAIR: _GUESSES,
    Counted.DEVICE: _GUESSES,
    Counted.SOURCE: Rule(50, _HOUR, [timedelta(minutes=15)], _HOUR, slides=False),
    Counted.LOGIN: Rule(100, _HOUR, [_HOUR], _HOUR, slides=False),
}
"""`SOURCE` counts the logins that failed from one source, `LOGIN` the sources from which one login failed."""


@dataclass(frozen=True, slots=True)
class Bucket:
    """What failures are counted by; None stands for all."""

    counted: Counted
    account: bytes | None
    source: str | None

    @property
    def key(self) -> bytes:
        """Return what the bucket is kept under."""
        parts = (self.counted.encode(), self.account or b"", (self.source or "").encode())
        return hashlib.sha256(b"\0".join(parts)).digest()


@dataclass(frozen=True, slots=True)
class Attempt:
    """An attempt that may be made, and where it was counted."""

    keys: Sequence[bytes]


def account_of(realm: Realm, login: str) -> bytes:
    """Return what stands for a login, in every spelling; whether it is anybody's plays no part."""
    return hashlib.sha256(f"{realm}\0{logins.canonical(login)}".encode("utf-8", "surrogatepass")).digest()


@lru_cache(maxsize=4096)
def source_of(address: str | None) -> str:
    """Return the source that a client's address belongs to: itself, or its /64 (RATE-03, RATE-04)."""
    try:
        client = ip_address(address or "")
    except ValueError:
        return UNKNOWN_SOURCE
    if isinstance(client, IPv6Address):
        return str(ip_network((int(client), SOURCE_BITS), strict=False))
    return str(client)


def admit(
    work: Work, realm: Realm, login: str | None, address: str | None, now: datetime, *, known_device: bool
) -> Attempt:
    """Count an attempt and say that it may be made; `login` is None where the credential alone says whose it is.

    A device that its owner used before (`known_device`) has a count of its own, which nobody else can fill. Raises
    `TooManyAttempts`; what was counted until then is for the caller to roll back.
    """
    pair, *caps = _buckets(realm, login, address, known_device)
    _stop_if_blocked(work, [bucket.key for bucket in (pair, *caps)], now)
    if _count(work, pair, now) > 1:
        return Attempt([pair.key])
    for cap in caps:
        _count(work, cap, now)
    return Attempt([bucket.key for bucket in (pair, *caps)])


def _buckets(realm: Realm, login: str | None, address: str | None, known_device: bool) -> list[Bucket]:
    """Return what an attempt is counted by: first the pair, then its caps."""
    account = account_of(realm, login) if login is not None else None
    if account is not None and known_device:
        return [Bucket(Counted.DEVICE, account, None)]
    source = source_of(address)
    caps = [Bucket(Counted.SOURCE, None, source)]
    if account is not None:
        caps.append(Bucket(Counted.LOGIN, account, None))
    return [Bucket(Counted.PAIR, account, source), *caps]


def give_back(work: Work, attempt: Attempt) -> None:
    """Take back what was counted for an attempt that was right; earlier failures stay counted."""
    for key in attempt.keys:
        work.execute(update(_COUNTS).where(_COUNTS.c.key == key).values(failures=_COUNTS.c.failures - 1, until=None))
    work.execute(delete(_COUNTS).where(_COUNTS.c.key.in_(attempt.keys), _COUNTS.c.failures <= 0))


def waiting(reader: Connection, realm: Realm, login: str, now: datetime) -> Sequence[AnyRow]:
    """Return from where (`source`, None: from anywhere) and `until` when a login has to wait, the longest first."""
    statement = (
        select(_COUNTS.c.counted, _COUNTS.c.source, _COUNTS.c.until, _COUNTS.c.failures)
        .where(_COUNTS.c.account == account_of(realm, login), _COUNTS.c.until > now)
        .order_by(_COUNTS.c.until.desc())
        .limit(50)
    )
    return reader.execute(statement).all()


def blocked_until(reader: Connection, realm: Realm, login: str, address: str, now: datetime) -> datetime | None:
    """Return until when an attempt at a login, from an address and a browser that is not known, is not looked at."""
    keys = [bucket.key for bucket in _buckets(realm, login, address, known_device=False)]
    return reader.scalar(_blocked(keys, now))


def free(work: Work, realm: Realm, login: str, addresses: Collection[str | None], about: Stamp) -> None:
    """Forget the failures of a login, and those of the sources behind `addresses`, so that it may be tried at once.

    `about` stamps the row of the record.
    """
    account = account_of(realm, login)
    sources = [Bucket(Counted.SOURCE, None, source_of(address)).key for address in addresses]
    which = or_(_COUNTS.c.account == account, _COUNTS.c.key.in_(sources))
    gone = work.execute(delete(_COUNTS).where(which))
    record(work, "throttle.freed", of=about, counts=rows_changed(gone))


def forget_old(work: Work, now: datetime) -> int:
    """Take away what is too old to be counted."""
    longest = max(rule.remembered for rule in RULES.values())
    over = or_(_COUNTS.c.until.is_(None), _COUNTS.c.until <= now)
    return rows_changed(work.execute(delete(_COUNTS).where(_COUNTS.c.since <= now - longest, over)))


def _blocked(keys: Sequence[bytes], now: datetime) -> Select[datetime | None]:
    return select(func.max(_COUNTS.c.until)).where(_COUNTS.c.key.in_(keys), _COUNTS.c.until > now)


def _stop_if_blocked(work: Work, keys: Sequence[bytes], now: datetime) -> None:
    until = work.scalar(_blocked(keys, now))
    if until is not None:
        raise TooManyAttempts(until)


def _count(work: Work, bucket: Bucket, now: datetime) -> int:
    """Count a failure and return how many there are; one conditional statement, so that 50 at once are counted as 50.

    Raises `TooManyAttempts` where another was faster and it has to be waited since.
    """
    insert = sqlite.insert if work.get_bind().dialect.name == "sqlite" else postgresql.insert
    rule = RULES[bucket.counted]
    over = _over(rule, now)
    failures = case((over, 1), else_=_COUNTS.c.failures + 1)
    values = {"failures": failures, "since": _since(rule, over, now), "until": _until(rule, failures, now)}
    statement = (
        insert(_COUNTS)
        .values(
            key=bucket.key,
            counted=bucket.counted,
            account=bucket.account,
            source=bucket.source,
            failures=1,
            since=now,
            until=None,
        )
        .on_conflict_do_update(
            index_elements=["key"], set_=values, where=or_(_COUNTS.c.until.is_(None), _COUNTS.c.until <= now)
        )
        .returning(_COUNTS.c.failures)
    )
    counted = work.execute(statement).scalar_one_or_none()
    if counted is None:
        _stop_if_blocked(work, [bucket.key], now)
        raise TooManyAttempts(now)
    return int(counted)


def _over(rule: Rule, now: datetime) -> ColumnElement[bool]:
    """Return the condition under which earlier failures count no more."""
    return or_(
        and_(_COUNTS.c.failures < rule.most, _COUNTS.c.since <= now - rule.within),
        _COUNTS.c.since <= now - max(rule.within, rule.remembered),
    )


def _since(rule: Rule, over: ColumnElement[bool], now: datetime) -> Any:
    moment = literal(now, UTCDateTime())
    return moment if rule.slides else case((over, moment), else_=_COUNTS.c.since)


def _until(rule: Rule, failures: ColumnElement[int], now: datetime) -> ColumnElement[Any]:
    """Return until when to wait after so many failures."""
    *growing, longest = (literal(now + delay, UTCDateTime()) for delay in rule.delays)
    steps = [(failures == rule.most + number, moment) for number, moment in enumerate(growing)]
    return case((failures < rule.most, null()), *steps, else_=longest)
