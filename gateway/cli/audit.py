"""Commands about the record."""

import sys
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO, TextIO

import click
from flask.cli import AppGroup

from gateway import clock
from gateway.audit import anchors, exporting
from gateway.audit.grants import grants
from gateway.audit.operations import Stamp, record
from gateway.audit.verifying import verify
from gateway.cli.common import fail, house
from gateway.errors import BadAnchor

DAY, MOMENT = "%Y-%m-%d", "%Y-%m-%dT%H:%M:%S%z"
ROWS_TOLD = 1000

Row = Mapping[str, Any]

audit = AppGroup("audit", help="The record.")


@audit.command("verify")
@click.option("--anchor", type=click.File("rb"), help="An export, or the .anchor file beside one.")
def audit_verify(anchor: BinaryIO | None) -> None:
    """Check the whole chain; names the first row that does not hold and exits with 1.

    With an anchor it is also found out when rows were cut off at the end together with the mark of the end.
    """
    keys = house().audit_keys
    try:
        known = anchors.read(anchor, keys) if anchor else None
    except BadAnchor as bad:
        fail(f"The anchor is not to be trusted: {bad}.")
    with house().database.reading() as reader:
        good, fault = verify(reader, keys, known)
    if fault is not None:
        click.echo(f"Row {fault.seq}: {fault.what}. The {good} rows before it hold.")
        sys.exit(1)
    click.echo(f"All {good} rows hold.")


@audit.command("export")
@click.argument("file", type=click.File("w", encoding="utf-8", lazy=False))
@click.option("--since", type=click.DateTime([DAY, MOMENT]), help="From this day (UTC) or moment on.")
@click.option("--until", type=click.DateTime([DAY, MOMENT]), help="Before this day (UTC) or moment.")
@click.option("--format", "kind", type=click.Choice(list(exporting.FORMATS)), default="jsonl", show_default=True)
def audit_export(file: TextIO, since: datetime | None, until: datetime | None, kind: str) -> None:
    """Write the record to FILE, or to standard output for "-", and where the chain ended: the anchor.

    It is the last line of JSON lines; for CSV it stands in FILE.anchor, or goes to standard error.
    """
    since, until = _aware(since), _aware(until)
    anchor = _begin(kind, since, until)
    with house().database.reading() as reader:
        rows = exporting.rows(reader, anchor.seq, since, until)
        file.writelines(exporting.FORMATS[kind](_with_progress(rows)))
    if kind == "jsonl":
        file.write(f"{anchor.text()}\n")
    elif file.name == "<stdout>":
        click.echo(anchor.text(), err=True)
    else:
        Path(f"{file.name}.anchor").write_text(f"{anchor.text()}\n", encoding="utf-8")


@audit.command("grants")
@click.argument("role")
@click.option("--may-forget", is_flag=True, help="For the worker and for erasing: may take values out of the record.")
def audit_grants(role: str, may_forget: bool) -> None:
    """Print the SQL that gives a ROLE of PostgreSQL what the application needs, and of the record no more than that."""
    for statement in grants(role, may_forget=may_forget):
        click.echo(f"{statement};")


def _begin(kind: str, since: datetime | None, until: datetime | None) -> anchors.Anchor:
    """Put the export on the record; return the anchor, which covers that row too."""
    own = house()
    with own.database.writing() as unit:
        record(
            own.stamped(unit, Stamp()),
            "audit.exported",
            format=kind,
            since=since and since.isoformat(),
            until=until and until.isoformat(),
        )
        unit.commit()
    with own.database.reading() as reader:
        return anchors.drop(reader, own.audit_keys, clock.now())


def _aware(moment: datetime | None) -> datetime | None:
    return moment.replace(tzinfo=UTC) if moment is not None and moment.tzinfo is None else moment


def _with_progress(rows: Iterator[Row]) -> Iterator[Row]:
    """Yield the rows; on a terminal, say how many went by."""
    shown, count = sys.stderr.isatty(), 0
    for row in rows:
        yield row
        count += 1
        if shown and count % ROWS_TOLD == 0:
            click.echo(f"\r{count} rows", nl=False, err=True)
    if shown:
        click.echo(f"\r{count} rows", err=True)
