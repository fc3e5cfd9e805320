"""Commands that load CSV files, and the demo company made of them."""

from collections.abc import Mapping
from pathlib import Path
from typing import NoReturn

import click
from flask.cli import AppGroup

from gateway import demo_company
from gateway.access.importer import IMPORTERS as IDENTITY_IMPORTERS
from gateway.cli.common import fail, house
from gateway.importing import Importer, ImportRefused, Preview, preview, run
from gateway.portal.registry import Registry, registry


def importers(registry: Registry) -> Mapping[str, Importer]:
    """Return every kind of file that can be imported, by name."""
    kinds = [*IDENTITY_IMPORTERS, *(kind for found in registry.own.values() for kind in found.importers)]
    return {kind.name: kind for kind in kinds}


def import_command(importer: Importer) -> click.Command:
    """Return the command that loads files of one kind."""

    @click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
    @click.option("--dry-run", is_flag=True, help="Check everything and say what would change; change nothing.")
    def load(file: Path, dry_run: bool) -> None:
        try:
            if dry_run:
                would = preview(house().database, importer, file, _progress)
            else:
                rows = run(house().database, house().audit_keys, importer, file, _progress)
        except ImportRefused as refused:
            _name_problems(file, refused)
        click.echo(err=True)
        if dry_run:
            _say(would)
        else:
            click.echo(f"{rows} rows imported.")

    columns = ", ".join(field.name if field.required else f"[{field.name}]" for field in importer.fields)
    return click.command(importer.name, help=f"Columns: {columns}")(load)


def _progress(rows: int) -> None:
    click.echo(f"\r{rows} rows checked", nl=False, err=True)


def _name_problems(file: Path, refused: ImportRefused) -> NoReturn:
    click.echo(err=True)
    for problem in refused.problems:
        where = f"{file}:{problem.line}" + (f": {problem.column}" if problem.column else "")
        click.echo(f"{where}: {problem.reason}", err=True)
    fail(f"Nothing was imported: {len(refused.problems)} problems.")


def _say(would: Preview) -> None:
    """Print what an import would do: how many rows of each sort, and the first of those by name."""
    sorts = (("made", would.made, would.first_made), ("changed", would.changed, would.first_changed))
    for word, count, first in sorts:
        click.echo(f"{count} would be {word}{':' if first else '.'}")
        for row in first:
            changes = "".join(
                f"; {name}: {now or 'empty'} → {then or 'empty'}" for name, (now, then) in row.changes.items()
            )
            click.echo(_printable(f"  line {row.line}: {row.key}{changes}"))
        if count > len(first):
            click.echo(f"  and {count - len(first)} more")
    click.echo(f"{would.unchanged} would stay as they are.\nThis was a dry run: nothing was changed.")


def _printable(text: str) -> str:
    return "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text)


demo = AppGroup("demo", help="The demo company.")


@demo.command("load")
@click.option("--password", envvar="DEMO_PASSWORD", required=True, help="Everybody's; better given as DEMO_PASSWORD.")
def demo_load(password: str) -> None:
    """Load the demo company from demo/*.csv."""
    demo_company.load(house().database, house().audit_keys, importers(registry()), password, click.echo)
