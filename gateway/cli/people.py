"""Commands about people: administrators, who is logged in, tokens."""

import sys
from collections.abc import Callable
from datetime import datetime
from typing import Any

import click
from flask.cli import AppGroup
from sqlalchemy import Connection, func, select
from sqlalchemy.orm import Session as Work
from sqlalchemy.orm import aliased

from gateway import clock
from gateway.access.erasing import erase
from gateway.access.models import Role
from gateway.cli.common import fail, house, in_work
from gateway.db import AnyRow
from gateway.errors import Forbidden, Invalid, NotFound
from gateway.identity import api_tokens, operations, passwords, sessions
from gateway.identity.logins import canonical
from gateway.identity.models import Identity, Kind, Realm
from gateway.identity.password_rules import offered_password, rules_for_staff
from gateway.identity.queries import ids_of_login
from gateway.portal.registry import registry

Command = Callable[..., Any]

_individual = aliased(Identity)
_WHO = select(
    Identity.kind,
    Identity.name,
    Identity.login,
    select(func.count())
    .select_from(_individual)
    .where(_individual.customer_id == Identity.id, _individual.id != Identity.id)
    .scalar_subquery()
    .label("individuals"),
)

administrator = AppGroup("administrator", help="People who run the console.")


@administrator.command("create")
@click.argument("login")
@click.option("--role", "role_name", default="Default role", show_default=True, help="A role of the admin realm.")
def create_administrator(login: str, role_name: str) -> None:
    """Make an administrator, or give a lost one access again; prints a password for one use."""
    password = offered_password(rules_for_staff(house().names).with_words(login))
    password_hash = passwords.hashed(password)

    def do(unit: Work) -> None:
        role_id = unit.scalars(
            select(Role.id).where(Role.realm == Realm.ADMIN, Role.name_key == canonical(role_name))
        ).one_or_none()
        if role_id is None:
            fail(f"There is no role {role_name!r} in the admin realm.")
        try:
            operations.create_administrator(unit, login, login, role_id, password_hash, clock.now())
        except Invalid as invalid:
            fail(str(invalid))

    in_work(do)
    click.echo(f"{login} logs in at /admin/login with this password, once, and then chooses another:")
    click.echo(password)


token = AppGroup("token", help="Tokens of the API.")


def of_somebody(command: Command) -> Command:
    """Have a command of tokens asked whose they are: `kind` and `login`."""
    command = click.argument("login")(command)
    for kind in reversed(Kind):
        article = "a" if kind is Kind.CUSTOMER else "an"
        option = click.option(f"--{kind}", "kind", flag_value=kind.value, type=str, help=f"For {article} {kind}.")
        command = option(command)
    return command


def _owner(reader: Connection, kind: str | None, login: str) -> AnyRow:
    if kind is None:
        fail("Say whose it is: --administrator, --customer or --individual.")
    realm = Realm.ADMIN if kind == Kind.ADMINISTRATOR else Realm.SELF_CARE
    owner = api_tokens.owner_by_login(reader, realm, login)
    if owner is None or owner.kind != kind:
        fail(f"There is no {kind} with the login {login!r}.")
    return owner


@token.command("create")
@of_somebody
@click.option("--name", required=True, help="Which program it is for.")
@click.option("--days", default=api_tokens.USUAL_DAYS, show_default=True, help="For how long it is good.")
@click.option("--level", type=click.Choice(["view", "full"]), default="view", show_default=True)
def create_token(kind: str | None, login: str, name: str, days: int, level: str) -> None:
    """Make a token for LOGIN and print it, alone on the last line: it is never shown again."""

    def do(unit: Work) -> str:
        owner = _owner(unit.connection(), kind, login)
        if not api_tokens.access_of(unit.connection(), owner.id):
            click.echo(f"Note: the API is switched off for {login}, so the token does not work yet.", err=True)
        try:
            return api_tokens.make(unit, owner.id, api_tokens.Terms(name, level, (), days), clock.now())
        except Invalid as invalid:
            fail(str(invalid))

    click.echo(in_work(do))


@token.command("list")
@of_somebody
def list_tokens(kind: str | None, login: str) -> None:
    """List the tokens of LOGIN: id, name, level, portals, until when, and when and from where each was used last."""
    with house().database.reading() as reader:
        for row in api_tokens.tokens(reader, _owner(reader, kind, login).id):
            used = f"{_minute(row.last_used_at)} from {row.last_used_address}" if row.last_used_at else "never used"
            shown = (row.id, row.name, row.level, row.portals or "every portal", _minute(row.expires_at), used)
            click.echo("\t".join(shown))


@token.command("revoke")
@of_somebody
@click.argument("token_id", metavar="ID")
def revoke_token(kind: str | None, login: str, token_id: str) -> None:
    """Revoke the token of LOGIN that the list shows under ID; what it opened ends at once."""

    def do(unit: Work) -> None:
        try:
            api_tokens.revoke(unit, _owner(unit.connection(), kind, login).id, token_id)
        except NotFound:
            fail(f"{login} has no token {token_id!r}.")

    in_work(do)
    click.echo(f"{token_id} is revoked.")


def _minute(moment: datetime) -> str:
    return moment.isoformat(timespec="minutes")


identity = AppGroup("identity", help="Whoever can log in.")


@identity.command("erase")
@click.option("--login", help="Whose values to erase.")
@click.option("--id", "given_id", help="The same by id, where a login is in both realms or there is none.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def erase_identity(login: str | None, given_id: str | None, yes: bool) -> None:
    """Erase an administrator, an individual, or a customer with all its individuals. It cannot be undone.

    All that is known of them goes, in the portals too; the record keeps what happened, with ids and no values.
    """
    with house().database.reading() as reader:
        id = _one_identity(reader, login, given_id)
        found = reader.execute(_WHO.where(Identity.id == id)).one_or_none()
    if found is None:
        fail(f"There is nobody with the id {id!r}.")
    if not yes:
        with_them = f", with {found.individuals} individuals" if found.individuals else ""
        if not sys.stdin.isatty():
            fail("Nobody is there to be asked: say --yes.")
        click.confirm(f"Erase the {found.kind} {found.name} ({found.login or id}){with_them}, for good?", abort=True)
    portals = [portal.forget for portal in registry().own.values() if portal.forget is not None]
    try:
        erased = in_work(lambda unit: erase(unit, id, portals, clock.now()))
    except Forbidden as refused:
        fail(refused.reason)
    click.echo(f"{erased.identities} erased.")
    if erased.rows_kept:
        click.echo(f"{erased.rows_kept} rows of the record are from before values could be taken out, and stay whole.")


def _one_identity(reader: Connection, login: str | None, given_id: str | None) -> str:
    if (login is None) == (given_id is None):
        fail("Say whose: --login LOGIN or --id ID.")
    if login is None:
        return str(given_id)
    ids = ids_of_login(reader, login)
    if len(ids) != 1:
        fail(
            f"The login {login!r} is in both realms. Say --id: {' or '.join(ids)}."
            if ids
            else f"Nobody has the login {login!r}."
        )
    return ids[0]


sessions_group = AppGroup("sessions", help="Who is logged in.")


@sessions_group.command("end")
@click.option("--login", help="Whose sessions to end, in either realm.")
@click.option("--everybody", is_flag=True, help="End the sessions of everybody.")
def sessions_end(login: str | None, everybody: bool) -> None:
    """End every session of a login, or of everybody, and the visits that hang on them."""
    if bool(login) == everybody:
        fail("Say whose: --login LOGIN, or --everybody.")

    def do(unit: Work) -> None:
        if login is None:
            click.echo(f"{sessions.end_everybodys(unit, clock.now())} sessions ended.")
            return
        found = ids_of_login(unit.connection(), login)
        if not found:
            fail(f"Nobody has the login {login!r}.")
        ended = sum(sessions.end_all(unit, identity_id, "ended-by-staff", clock.now()) for identity_id in found)
        click.echo(f"{ended} sessions ended.")

    in_work(do)
