"""`flask --app wsgi …`: what is done at the server, not in a browser."""

import click
from flask import Flask
from flask.cli import AppGroup

from gateway import migrations, settings, worker
from gateway.cli.audit import audit
from gateway.cli.common import house
from gateway.cli.imports import demo, import_command, importers
from gateway.cli.keys import keys
from gateway.cli.people import administrator, identity, sessions_group, token
from gateway.cli.portals import portal
from gateway.portal.registry import registry

__all__ = ["importers", "register"]


def register(app: Flask) -> None:
    """Give the application its commands."""
    for command in (migrate, settings_command, work):
        app.cli.add_command(command)
    for group in (administrator, audit, demo, identity, keys, portal, sessions_group, token):
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


@click.command()
def work() -> None:
    """Do what is due in the background: mail, log-outs told to portals elsewhere, what is long over or kept enough."""
    worker.run(house(), list(registry().own.values()))
