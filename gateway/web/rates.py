"""How often programs may call: counted in Redis for all processes, in memory while there is none or it is away."""

import threading
import time
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

import structlog
from flask import Flask, current_app
from werkzeug.exceptions import TooManyRequests

from gateway.access.visitor import Visitor
from gateway.identity.throttle import source_of
from gateway.web import current
from gateway.web.marks import Mark

log = structlog.get_logger()

MINUTE = 60
CALLS = 600
"""A minute, of one identity, or of one source (RATE-03) without a session."""
OPENINGS = 20
"""A minute, of one source, where secrets are tried: opening a session, reporting a token."""
AWAY_SECONDS = 10


@dataclass
class Limiter:
    """Counts by minutes, in `redis` where there is one; for some seconds after that failed, in this process alone."""

    redis: Any = None
    _away_until: float = 0.0
    _minute: int = 0
    _counts: dict[str, int] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def count(self, kind: str, who: str) -> int:
        """Count a call; return how many there were in this minute, this one among them."""
        minute = int(time.time()) // MINUTE
        if self.redis is not None and time.monotonic() >= self._away_until:
            try:
                return self._count_for_all(f"portico:calls:{kind}:{who}:{minute}")
            except import_module("redis").RedisError:
                log.warning("rates.unshared", seconds=AWAY_SECONDS)
                self._away_until = time.monotonic() + AWAY_SECONDS
        return self._count_here(f"{kind}:{who}", minute)

    def _count_for_all(self, key: str) -> int:
        pipeline = self.redis.pipeline(transaction=False)
        pipeline.incr(key)
        pipeline.expire(key, 2 * MINUTE)
        return int(pipeline.execute()[0])

    def _count_here(self, key: str, minute: int) -> int:
        with self._lock:
            if minute != self._minute:
                self._minute, self._counts = minute, {}
            self._counts[key] = self._counts.get(key, 0) + 1
            return self._counts[key]


def limiter() -> Limiter:
    """Return what counts in this process."""
    found: Limiter = current_app.extensions["portico.rates"]
    return found


def count(mark: Mark | None, who: Visitor | None) -> None:
    """Count a call; raises 429 with Retry-After for one too many."""
    source = source_of(current.address())
    if mark is not None and mark.open_to_all:
        most, found = OPENINGS, limiter().count("opening", source)
    else:
        most, found = CALLS, limiter().count("call", who.id if who else source)
    if found > most:
        raise TooManyRequests(retry_after=MINUTE - int(time.time()) % MINUTE)


def register(app: Flask) -> None:
    """Make what counts."""
    app.extensions["portico.rates"] = Limiter(app.extensions.get("portico.redis"))
