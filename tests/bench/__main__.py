"""`make bench`: every measurement in one run, on SQLite, and on PostgreSQL where TEST_DATABASE_URL is set."""

import argparse
import logging
import os
import platform
import tempfile
import time
from pathlib import Path

from tests.bench import peers
from tests.bench.api import api
from tests.bench.cells import cells
from tests.bench.click import click
from tests.bench.elsewhere import elsewhere
from tests.bench.growth import growth
from tests.bench.loading import loading
from tests.bench.log_ins import log_ins
from tests.bench.pages import pages
from tests.bench.places import CUSTOMERS, Place, furnish
from tests.bench.worker import worker

PARTS = ("cells", "pages", "api", "click", "elsewhere", "log-ins", "imports", "growth", "worker")
MANY, ALL = 100_000, 1_000_000


def measure(kind: str, server: str, only: list[str], many: int, others: bool) -> None:
    """Measure everything on one kind of database."""
    with tempfile.TemporaryDirectory(prefix="portico-bench-") as name:
        folder = Path(name)
        place = Place(kind, folder, server)
        try:
            base = place.create()
            furnish(base)
            place.settle(base)
            seconds: dict[str, float] = {}
            if "pages" in only:
                seconds |= pages(kind, place.create(base))
            if "log-ins" in only:
                log_ins(kind, place.create(base))
            if "api" in only:
                api(kind, place.create(base))
            if "click" in only:
                seconds["click"] = click(kind, place.create(base))
            if "elsewhere" in only and kind == "sqlite":
                elsewhere(kind, base)
            if others and kind == "sqlite":
                peers.compare(seconds)
            if "imports" in only or "growth" in only:
                grown = loading(place, base, folder, many)
            if "growth" in only:
                growth(place, base, grown, many + CUSTOMERS)
            if "worker" in only:
                worker(kind, place.create(base))
        finally:
            place.close()


def main() -> None:
    """Read the options and measure."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--full", action="store_true", help=f"{ALL:,} customers and calls instead of {MANY:,}")
    parser.add_argument("--peers", action="store_true", help="measure others too; installs them into .venv-bench")
    parser.add_argument("--only", action="append", choices=PARTS, help="one part; can be given several times")
    parser.add_argument("--database", choices=("sqlite", "postgresql"), help="one database")
    options = parser.parse_args()
    logging.disable(logging.CRITICAL)
    begin = time.monotonic()
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores. CPU is that of the application's process;")
    print("ratios are medians over rounds that take turns. “must” and “aim” say which target is reached.")
    if "cells" in (options.only or PARTS):
        cells()
    servers = {"sqlite": "", "postgresql": os.environ.get("TEST_DATABASE_URL", "")}
    for kind, server in servers.items():
        if options.database not in (None, kind):
            continue
        if kind == "postgresql" and not server:
            print("\npostgresql: left out, TEST_DATABASE_URL is not set")
            continue
        measure(kind, server, options.only or list(PARTS), ALL if options.full else MANY, options.peers)
    print(f"\nTook {time.monotonic() - begin:.0f} s.")


if __name__ == "__main__":
    main()
