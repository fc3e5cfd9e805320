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

from sqlalchemy import insert, literal, select

from gateway.access.importer import IMPORTERS
from gateway.access.models import AllowedRole
from gateway.audit.operations import Keys
from gateway.db import Database
from gateway.identity.models import Identity, Kind
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


def individuals(count: int) -> Iterator[Mapping[str, object]]:
    """Yield three individuals for each of the customers that were imported before."""
    for number in range(count):
        login, _name = company(CUSTOMERS + number // 3)
        yield {
            "customer": login,
            "login": f"{login}.{number % 3}",
            "name": f"Person {number}",
            "email": f"{number}@example.com",
            "role": "itlead",
            "expires_on": "2030-01-01",
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


FILES = {"customers": customers, "individuals": individuals, "pbx-calls": calls}
TIMES = {"individuals": 3}
"""How many rows of a kind there are for each customer."""


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
    rows, little, grown = [], place.create(base), place.create(base)
    for kind in FILES:
        times = TIMES.get(kind, 1)
        small = load(little, kind, SMALL * times, folder / "small.csv")
        large = load(grown, kind, count * times, folder / "large.csv")
        if kind == "customers":
            for url in (little, grown):
                let_hand_out(url, "itlead")
        speed = large["rows"] / large["seconds"]
        cpu = f"{large['rows'] / large['cpu']:,.0f}"
        many, few = f"{count * times:,}", f"{SMALL * times:,}"
        rows.append([f"T7 {kind}: rows a second, {many} rows (by CPU of the process: {cpu})", *SPEED.cells(speed)])
        memory = f"T7 {kind}: peak memory, {small['mb']:.0f} MB for {few} rows, {large['mb']:.0f} MB for {many}"
        rows.append([memory, *MEMORY.cells(large["mb"] / small["mb"])])
    place.settle(grown)
    show(f"{place.kind}: imports", ["what", "found", "must", "aim", "verdict"], rows)
    return grown


def let_hand_out(url: str, role_id: str) -> None:
    """Allow a role at every customer that has none to hand out."""
    database = Database(url)
    having = select(AllowedRole.customer_id)
    customers = select(Identity.id, literal(role_id)).where(Identity.kind == Kind.CUSTOMER, Identity.id.not_in(having))
    with database.writing() as work:
        work.execute(insert(AllowedRole).from_select(["customer_id", "role_id"], customers))
        work.commit()
    database.dispose()


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
