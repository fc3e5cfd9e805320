"""A patrol: the worker walks the chain a stretch at a time, so that nobody has to think of it."""

from datetime import datetime, timedelta
from itertools import islice

from sqlalchemy import Connection

from gateway.audit.operations import Keys
from gateway.audit.verifying import HEAD, Fault, Walk, rows_after

STRETCH = 5000
"""How many rows are looked at in a round."""
ROUND = timedelta(days=1)
"""How long after it set out a patrol sets out anew."""


class Patrol:
    """Where the walk is, and whether it came upon a fault that was told."""

    def __init__(self, keys: Keys) -> None:
        self._keys, self._walk, self._told = keys, Walk(keys), False
        self._set_out: datetime | None = None

    def go_on(self, connection: Connection, now: datetime) -> Fault | None:
        """Walk on; return a fault that was come upon, again and again until `told`."""
        if self._set_out is None or now - self._set_out > ROUND:
            self._walk, self._set_out, self._told = Walk(self._keys), now, False
        return None if self._told else self._stretch(connection)

    def told(self) -> None:
        """Note that the fault is on the record: it is not looked at again before the next round."""
        self._told = True

    def _stretch(self, connection: Connection) -> Fault | None:
        walk, seen = self._walk, 0
        head = connection.execute(HEAD).one_or_none()
        for row in islice(rows_after(connection, walk.good), STRETCH):
            seen += 1
            if fault := walk.step(connection, row):
                return fault
        if head is None or (head.seq == walk.good and head.mac != walk.mac):
            return Fault(walk.good, "the end of the chain is not the one that was written last")
        if seen < STRETCH and head.seq > walk.good:
            return Fault(walk.good + 1, "missing")
        if seen == 0 and head.seq < walk.good:
            return Fault(head.seq + 1, "missing")
        return None
