"""`flask --app wsgi …`: what is done at the server, not in a browser."""

import sys

import click
from flask import Flask
from flask.cli import AppGroup

from gateway import migrations, settings, worker
from gateway.audit.operations import verify
from gateway.cli.common import house
from gateway.cli.imports import demo, import_command, importers
from gateway.cli.keys import keys
from gateway.cli.people import administrator, sessions_group, token
from gateway.cli.portals import portal

__all__ = ["importers", "register"]


def register(app: Flask) -> None:
    """Give the application its commands."""
    for command in (migrate, settings_command, work):
        app.cli.add_command(command)
    for group in (administrator, audit, demo, keys, portal, sessions_group, token):
        app.cli.add_command(group)
    importing = AppGroup("import", help="Load a CSV file: all of it, or nothing.")
    for kind in importers(app.extensions["portico.registry"]).values():
        importing.add_command(import_command(kind))
    app.cli.add_command(importing)


@click.command()
def migrate() -> None:
    """Bring the database up to date."""
    migrations.upgrade(house().database)
    click.echo("The database is up to date.")


@click.command("settings")
def settings_command() -> None:
    """Show every setting, what it means and where its value comes from; secrets are masked."""
    for description, shown, source in settings.in_force():
        click.echo(f"{description.name}={shown}  ({source})\n    {description.meaning}")


audit = AppGroup("audit", help="The record.")


@audit.command("verify")
def audit_verify() -> None:
    """Check the whole chain; names the first row that does not hold and exits with 1."""
    with house().database.reading() as reader:
        good, fault = verify(reader, house().audit_keys)
    if fault is not None:
        click.echo(f"Row {fault.seq}: {fault.what}. The {good} rows before it hold.")
        sys.exit(1)
    click.echo(f"All {good} rows hold.")


@click.command()
def work() -> None:
    """Do what is due in the background: mail, log-outs told to portals elsewhere, what is long over."""
    worker.run(house())
