"""A process that writes to the record as fast as it can: `python -m tests.writers <url> <writers> <rows of each>`.

It says `ready`, and begins when it is told to, so that several begin together.
"""

import os
import sys
from concurrent.futures import ThreadPoolExecutor

from gateway.audit.operations import Keys, Stamp, record
from gateway.db import Database
from tests.conftest import AUDIT


def write(database: Database, keys: Keys, writer: int, rows: int) -> None:
    """Put rows on the record, each in a transaction of its own."""
    for number in range(rows):
        with database.writing() as work:
            work.info.update(stamp=Stamp(actor_id="root"), audit_keys=keys)
            record(work, "test.written", process=os.getpid(), writer=writer, number=number)
            work.commit()


if __name__ == "__main__":
    url, writers, rows = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    database, keys = Database(url), Keys((AUDIT,))
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    with ThreadPoolExecutor(writers) as pool:
        done = [pool.submit(write, database, keys, writer, rows) for writer in range(writers)]
    for each in done:
        each.result()
    database.dispose()
