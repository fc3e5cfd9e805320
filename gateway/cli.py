"""`flask --app wsgi …`: what is done at the server, not in a browser."""

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NoReturn

import click
from flask import Flask, current_app
from flask.cli import AppGroup
from sqlalchemy import select
from sqlalchemy.orm import Session as Work

from gateway import clock, demo_company, migrations, settings, worker
from gateway.access.importer import IMPORTERS as IDENTITY_IMPORTERS
from gateway.access.models import Role
from gateway.access.operations import set_portal_enabled
from gateway.audit.operations import Stamp, record, verify
from gateway.errors import Invalid
from gateway.identity import app_keys, operations, passwords, sessions
from gateway.identity.logins import canonical
from gateway.identity.models import Realm
from gateway.identity.password_rules import offered_password, rules_for_staff
from gateway.identity.queries import ids_of_login
from gateway.importing import Importer, ImportRefused, Preview, preview, run
from gateway.portal.registry import Registry
from gateway.web.current import House

KEYS_AT_ONCE = 200


def register(app: Flask) -> None:
    """Give the application its commands."""
    for command in (migrate, settings_command, work):
        app.cli.add_command(command)
    for group in (administrator, audit, demo, keys, portal, sessions_group):
        app.cli.add_command(group)
    importing = AppGroup("import", help="Load a CSV file: all of it, or nothing.")
    registry: Registry = app.extensions["portico.registry"]
    for kind in importers(registry).values():
        importing.add_command(_import_command(kind))
    app.cli.add_command(importing)


def _house() -> House:
    house: House = current_app.extensions["portico"]
    return house


def _registry() -> Registry:
    registry: Registry = current_app.extensions["portico.registry"]
    return registry


def _in_work(do: Callable[[Work], None]) -> None:
    """Run `do` in one transaction and commit it."""
    house = _house()
    with house.database.writing() as unit:
        do(house.stamped(unit, Stamp()))
        unit.commit()


def _fail(message: str) -> NoReturn:
    raise click.ClickException(message)


@click.command()
def migrate() -> None:
    """Bring the database up to date."""
    migrations.upgrade(_house().database)
    click.echo("The database is up to date.")


@click.command("settings")
def settings_command() -> None:
    """Show every setting, what it means and where its value comes from; secrets are masked."""
    for description, shown, source in settings.in_force():
        click.echo(f"{description.name}={shown}  ({source})\n    {description.meaning}")


administrator = AppGroup("administrator", help="People who run the console.")


@administrator.command("create")
@click.argument("login")
@click.option("--role", "role_name", default="Default role", show_default=True, help="A role of the admin realm.")
def create_administrator(login: str, role_name: str) -> None:
    """Make an administrator, or give a lost one access again; prints a password for one use."""
    password = offered_password(rules_for_staff(_house().names).with_words(login))
    password_hash = passwords.hashed(password)

    def do(unit: Work) -> None:
        role_id = unit.scalars(
            select(Role.id).where(Role.realm == Realm.ADMIN, Role.name_key == canonical(role_name))
        ).one_or_none()
        if role_id is None:
            _fail(f"There is no role {role_name!r} in the admin realm.")
        try:
            operations.create_administrator(unit, login, login, role_id, password_hash, clock.now())
        except Invalid as invalid:
            _fail(str(invalid))

    _in_work(do)
    click.echo(f"{login} logs in at /admin/login with this password, once, and then chooses another:")
    click.echo(password)


audit = AppGroup("audit", help="The record.")


@audit.command("verify")
def audit_verify() -> None:
    """Check the whole chain; names the first row that does not hold and exits with 1."""
    house = _house()
    with house.database.reading() as reader:
        good, fault = verify(reader, house.audit_keys)
    if fault is not None:
        click.echo(f"Row {fault.seq}: {fault.what}. The {good} rows before it hold.")
        sys.exit(1)
    click.echo(f"All {good} rows hold.")


portal = AppGroup("portal", help="The portals of this installation.")


@portal.command("list")
def portal_list() -> None:
    """List the portals."""
    for slug, found in _registry().portals.items():
        click.echo(f"{slug}\t{found.prefix}/\t{found.title}")


@portal.command("check")
@click.argument("slug", required=False)
def portal_check(slug: str | None) -> None:
    """Check that every route of a portal (of all, without a SLUG) belongs to a node, and show which."""
    registry = _registry()
    if slug is not None and slug not in registry.portals:
        _fail(f"There is no portal {slug!r}. There are {', '.join(registry.portals)}.")
    rules = sorted(current_app.url_map.iter_rules(), key=lambda rule: rule.rule)
    for name, found in registry.portals.items():
        if slug not in (None, name):
            continue
        click.echo(f"{name}: {len(found.structure.nodes)} nodes")
        for rule in rules:
            mark = registry.marks[rule.endpoint]
            if mark.portal == name:
                methods = ",".join(sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}))
                click.echo(f"  {methods:5} {rule.rule}  {mark.node}")
        for key in found.structure.nodes:
            if not any(mark.portal == name and mark.node == key for mark in registry.marks.values()):
                click.echo(f"  note: no route belongs to the node {key}")


def _switch(slug: str, *, enabled: bool) -> None:
    if slug not in _registry().portals:
        _fail(f"There is no portal {slug!r}.")
    _in_work(lambda unit: set_portal_enabled(unit, slug, enabled=enabled))


@portal.command("off")
@click.argument("slug")
def portal_off(slug: str) -> None:
    """Switch a portal off for everybody, at the next request."""
    _switch(slug, enabled=False)


@portal.command("on")
@click.argument("slug")
def portal_on(slug: str) -> None:
    """Switch a portal on again."""
    _switch(slug, enabled=True)


sessions_group = AppGroup("sessions", help="Who is logged in.")


@sessions_group.command("end")
@click.option("--login", help="Whose sessions to end, in either realm.")
@click.option("--everybody", is_flag=True, help="End the sessions of everybody.")
def sessions_end(login: str | None, everybody: bool) -> None:
    """End every session of a login, or of everybody, and the visits that hang on them."""
    if bool(login) == everybody:
        _fail("Say whose: --login LOGIN, or --everybody.")

    def do(unit: Work) -> None:
        if login is None:
            click.echo(f"{sessions.end_everybodys(unit, clock.now())} sessions ended.")
            return
        found = ids_of_login(unit.connection(), login)
        if not found:
            _fail(f"Nobody has the login {login!r}.")
        ended = sum(sessions.end_all(unit, identity_id, "ended-by-staff", clock.now()) for identity_id in found)
        click.echo(f"{ended} sessions ended.")

    _in_work(do)


keys = AppGroup("keys", help="The secret keys, GATEWAY_SECRET_KEYS.")


@keys.command("re-encrypt")
def keys_re_encrypt() -> None:
    """Encrypt what is kept under older secret keys anew, under the first; can be stopped and run again."""
    house, total, unreadable = _house(), 0, 0
    after: str | None = ""
    while after is not None:
        with house.database.writing() as unit:
            after, renewed, lost = app_keys.renew_seals(house.stamped(unit, Stamp()), house.vault, after, KEYS_AT_ONCE)
            total, unreadable = total + renewed, unreadable + lost
            if after is None:
                record(unit, "keys.renewed", key=house.vault.newest, renewed=total, unreadable=unreadable)
            unit.commit()
        click.echo(f"\r{total} re-encrypted", nl=False, err=True)
    click.echo(err=True)
    click.echo(f"{total} re-encrypted under the first key.")
    if unreadable:
        _fail(f"{unreadable} cannot be read: an older key is missing, or they were changed. Their owners need a reset.")


demo = AppGroup("demo", help="The demo company.")


@demo.command("load")
@click.option("--password", envvar="DEMO_PASSWORD", required=True, help="Everybody's; better given as DEMO_PASSWORD.")
def demo_load(password: str) -> None:
    """Load the demo company from demo/*.csv."""
    house = _house()
    demo_company.load(house.database, house.audit_keys, importers(_registry()), password, click.echo)


def importers(registry: Registry) -> Mapping[str, Importer]:
    """Return every kind of file that can be imported, by name."""
    kinds = [*IDENTITY_IMPORTERS, *(kind for found in registry.portals.values() for kind in found.importers)]
    return {kind.name: kind for kind in kinds}


def _import_command(importer: Importer) -> click.Command:
    @click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
    @click.option("--dry-run", is_flag=True, help="Check everything and say what would change; change nothing.")
    def load(file: Path, dry_run: bool) -> None:
        house = _house()
        try:
            if dry_run:
                would = preview(house.database, importer, file, _progress)
            else:
                rows = run(house.database, house.audit_keys, importer, file, _progress)
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
    _fail(f"Nothing was imported: {len(refused.problems)} problems.")


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


@click.command()
def work() -> None:
    """Do what is due in the background: send mail, take away what is long over."""
    worker.run(_house())
