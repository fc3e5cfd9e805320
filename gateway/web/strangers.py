"""Refusals of strangers, counted by source and minute: each one row of the record, however many (AUD-01)."""

import threading
from collections import Counter
from datetime import datetime

MOST = 10_000
"""How many sources a minute has; those beyond are counted as one, of unknown address."""

Counts = Counter[tuple[datetime, str | None]]


class Strangers:
    """What one process counted and the record does not hold yet. What it counts in its last minute ends with it."""

    def __init__(self) -> None:
        self._counts: Counts = Counter()
        self._lock = threading.Lock()

    def note(self, source: str | None, now: datetime) -> None:
        """Count one refusal."""
        minute = now.replace(second=0, microsecond=0)
        with self._lock:
            known = (minute, source) in self._counts or len(self._counts) < MOST
            self._counts[minute, source if known else None] += 1

    def take(self, now: datetime) -> Counts:
        """Take out what was counted in minutes that are over."""
        with self._lock:
            minute = now.replace(second=0, microsecond=0)
            over = Counter({key: count for key, count in self._counts.items() if key[0] != minute})
            self._counts -= over
            return over

    def put_back(self, counts: Counts) -> None:
        """Put back what could not be recorded."""
        with self._lock:
            self._counts += counts
