"""How often programs may call: counted in Redis for all processes, in memory while there is none or it is away."""

import time
from dataclasses import dataclass
from typing import NoReturn

import structlog
from flask import Flask, current_app
from limits import RateLimitItem, RateLimitItemPerMinute
from limits.errors import StorageError
from limits.storage import MemoryStorage, storage_from_string
from limits.strategies import FixedWindowRateLimiter
from werkzeug.exceptions import TooManyRequests

from gateway.access.visitor import Visitor
from gateway.web import current
from gateway.web.marks import Mark

log = structlog.get_logger()

CALLS = RateLimitItemPerMinute(600)
"""Of one identity, or of one address without a session."""
OPENINGS = RateLimitItemPerMinute(20)
"""Of one address where secrets are tried: opening a session, reporting a token."""
AWAY_SECONDS = 10
REDIS_SECONDS = 0.5


@dataclass
class Limiter:
    """Counts in `shared` where there is one; for some seconds after that failed, each process counts for itself."""

    shared: FixedWindowRateLimiter | None
    own: FixedWindowRateLimiter
    away_until: float = 0.0

    def hit(self, limit: RateLimitItem, kind: str, who: str) -> int | None:
        """Count a call; return in how many seconds to try again if it is one too many, or None."""
        if self.shared is not None and time.monotonic() >= self.away_until:
            try:
                return _hit(self.shared, limit, kind, who)
            except StorageError:
                log.warning("rates.unshared", seconds=AWAY_SECONDS)
                self.away_until = time.monotonic() + AWAY_SECONDS
        return _hit(self.own, limit, kind, who)


def _hit(limiter: FixedWindowRateLimiter, limit: RateLimitItem, kind: str, who: str) -> int | None:
    if limiter.hit(limit, kind, who):
        return None
    reset_at = limiter.get_window_stats(limit, kind, who).reset_time
    return max(1, int(reset_at - time.time()) + 1)


def count(mark: Mark | None, who: Visitor | None) -> None:
    """Count a call; raises 429 with Retry-After for one too many."""
    limiter: Limiter = current_app.extensions["portico.rates"]
    address = current.address() or "unknown"
    if mark is not None and mark.open_to_all:
        wait = limiter.hit(OPENINGS, "opening", address)
    else:
        wait = limiter.hit(CALLS, "call", who.id if who else address)
    if wait is not None:
        _refuse(wait)


def _refuse(wait: int) -> NoReturn:
    raise TooManyRequests(retry_after=wait)


def register(app: Flask) -> None:
    """Make what counts."""
    url = _redis_url(app)
    options = {"socket_timeout": REDIS_SECONDS, "socket_connect_timeout": REDIS_SECONDS, "wrap_exceptions": True}
    shared = FixedWindowRateLimiter(storage_from_string(url, **options)) if url else None
    app.extensions["portico.rates"] = Limiter(shared, FixedWindowRateLimiter(MemoryStorage()))


def _redis_url(app: Flask) -> str | None:
    """Return the address of Redis as the library spells it, or None."""
    house: current.House = app.extensions["portico"]
    url = house.settings.redis_url
    return url.replace("unix://", "redis+unix://", 1) if url else None
