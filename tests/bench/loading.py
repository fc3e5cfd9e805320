"""T7: imports, each in a process of its own, so that its memory can be told."""

import csv
import json
import re
import resource
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

from gateway.access.importer import IMPORTERS
from gateway.audit.operations import Keys
from gateway.db import Database
from gateway.importing import run
from gateway.portal.registry import discover
from tests.bench.places import CUSTOMERS, Place, company
from tests.bench.tables import Target, show
from tests.conftest import AUDIT

SMALL = 10_000
SPEED, MEMORY = Target(10_000, 25_000, "", more=True), Target(1.25, 1.1)
ROOT = Path(__file__).resolve().parent.parent.parent


def customers(count: int) -> Iterator[Mapping[str, object]]:
    """Yield customers who are not there yet."""
    for number in range(CUSTOMERS, CUSTOMERS + count):
        login, name = company(number)
        yield {
            "login": login,
            "name": name,
            "email": f"{login}@example.com",
            "customer_class": "Standard",
            "status": "active",
            "role": "owner",
        }


def calls(count: int) -> Iterator[Mapping[str, object]]:
    """Yield calls of the customers who were there at the beginning."""
    first = datetime(2026, 1, 1, tzinfo=UTC)
    for number in range(count):
        yield {
            "customer": company(number % CUSTOMERS)[0],
            "started_at": (first + timedelta(seconds=37 * number)).isoformat(),
            "from": f"+1555{number:07}",
            "to": "100",
            "direction": "incoming",
            "duration_seconds": number % 900,
            "charge": "0.0420",
            "currency": "EUR",
        }


FILES = {"customers": customers, "pbx-calls": calls}


def load(url: str, kind: str, count: int, path: Path) -> dict[str, float]:
    """Import a file of so many rows in another process, and return what that took."""
    with path.open("w", encoding="utf-8", newline="") as file:
        lines = FILES[kind](count)
        first = next(lines)
        writer = csv.DictWriter(file, list(first))
        writer.writeheader()
        writer.writerow(first)
        writer.writerows(lines)
    command = [sys.executable, "-m", "tests.bench.loading", url, kind, str(path)]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    path.unlink()
    return dict(json.loads(done.stdout))


def loading(place: Place, base: str, folder: Path, count: int) -> str:
    """Measure and show; returns the database in which there are many customers now."""
    rows, grown = [], place.create(base)
    for kind in FILES:
        small = load(place.create(base), kind, SMALL, folder / "small.csv")
        large = load(grown, kind, count, folder / "large.csv")
        speed = large["rows"] / large["seconds"]
        cpu = f"{large['rows'] / large['cpu']:,.0f}"
        rows.append([f"T7 {kind}: rows a second, {count:,} rows (by CPU of the process: {cpu})", *SPEED.cells(speed)])
        memory = f"T7 {kind}: peak memory, {small['mb']:.0f} MB for {SMALL:,} rows, {large['mb']:.0f} MB for {count:,}"
        rows.append([memory, *MEMORY.cells(large["mb"] / small["mb"])])
    place.settle(grown)
    show(f"{place.kind}: imports", ["what", "found", "must", "aim", "verdict"], rows)
    return grown


def peak() -> float:
    """Return the most memory that this process had, in MB.

    Linux passes what `getrusage` says on from whoever started a process, so it is asked last.
    """
    status = Path("/proc/self/status")
    found = re.search(r"VmHWM:\s+(\d+) kB", status.read_text(encoding="utf-8")) if status.exists() else None
    return (int(found[1]) if found else resource.getrusage(resource.RUSAGE_SELF).ru_maxrss) / 1024


def main(url: str, kind: str, path: str) -> None:
    """Import one file and print what that took as JSON."""
    importers = [*IMPORTERS, *(importer for portal in discover() for importer in portal.importers)]
    importer = next(found for found in importers if found.name == kind)
    database = Database(url)
    begin, cpu = time.perf_counter(), time.process_time()
    rows = run(database, Keys((AUDIT,)), importer, Path(path))
    seconds, cpu = time.perf_counter() - begin, time.process_time() - cpu
    database.dispose()
    print(json.dumps({"rows": rows, "seconds": seconds, "cpu": cpu, "mb": peak()}))


if __name__ == "__main__":
    main(*sys.argv[1:])
