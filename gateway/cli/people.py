"""Commands about people: administrators, who is logged in, tokens."""

import sys

import click
from flask.cli import AppGroup
from sqlalchemy import Connection, func, select
from sqlalchemy.orm import Session as Work
from sqlalchemy.orm import aliased

from gateway import clock
from gateway.access.erasing import erase
from gateway.access.models import Role
from gateway.cli.common import fail, house, in_work
from gateway.errors import Forbidden, Invalid
from gateway.identity import api_tokens, operations, passwords, sessions
from gateway.identity.logins import canonical
from gateway.identity.models import Identity, Kind, Realm
from gateway.identity.password_rules import offered_password, rules_for_staff
from gateway.identity.queries import ids_of_login
from gateway.portal.registry import registry

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


@token.command("create")
@click.option("--administrator", "kind", flag_value=Kind.ADMINISTRATOR.value, type=str, help="For an administrator.")
@click.option("--customer", "kind", flag_value=Kind.CUSTOMER.value, type=str, help="For a customer.")
@click.option("--individual", "kind", flag_value=Kind.INDIVIDUAL.value, type=str, help="For an individual.")
@click.argument("login")
@click.option("--name", required=True, help="Which program it is for.")
@click.option("--days", default=api_tokens.USUAL_DAYS, show_default=True, help="For how long it is good.")
@click.option("--level", type=click.Choice(["view", "full"]), default="view", show_default=True)
def create_token(kind: str | None, login: str, name: str, days: int, level: str) -> None:
    """Make a token for LOGIN and print it, alone on the last line: it is never shown again."""
    if kind is None:
        fail("Say whose it is: --administrator, --customer or --individual.")

    def do(unit: Work) -> str:
        realm = Realm.ADMIN if kind == Kind.ADMINISTRATOR else Realm.SELF_CARE
        owner = api_tokens.owner_by_login(unit.connection(), realm, login)
        if owner is None or owner.kind != kind:
            fail(f"There is no {kind} with the login {login!r}.")
        if not api_tokens.access_of(unit.connection(), owner.id):
            click.echo(f"Note: the API is switched off for {login}, so the token does not work yet.", err=True)
        try:
            return api_tokens.make(unit, owner.id, api_tokens.Terms(name, level, (), days), clock.now())
        except Invalid as invalid:
            fail(str(invalid))

    click.echo(in_work(do))


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
