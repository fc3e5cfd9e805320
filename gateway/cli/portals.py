"""Commands about portals, of this process and elsewhere."""

from collections.abc import Mapping
from pathlib import Path

import click
from flask import current_app
from flask.cli import AppGroup
from sqlalchemy.orm import Session as Work

from gateway import clock
from gateway.access import external, external_files
from gateway.access.external import External
from gateway.access.operations import set_portal_enabled
from gateway.cli.common import fail, house, in_work
from gateway.errors import Invalid
from gateway.oidc import keys
from gateway.portal.declaration import AnyPortal
from gateway.portal.registry import registry

portal = AppGroup("portal", help="The portals of this installation.")


@portal.command("list")
def portal_list() -> None:
    """List the portals, those that live elsewhere with their start page."""
    for slug, found in _all_portals().items():
        where = found.start_url if isinstance(found, External) else f"{found.prefix}/"
        click.echo(f"{slug}\t{where}\t{found.title}")


@portal.command("check")
@click.argument("slug", required=False)
def portal_check(slug: str | None) -> None:
    """Check that every route of a portal (of all, without a SLUG) belongs to a node, and show which."""
    ours = registry()
    if slug is not None and slug not in ours.own:
        fail(f"There is no portal {slug!r}. There are {', '.join(ours.own)}.")
    rules = sorted(current_app.url_map.iter_rules(), key=lambda rule: rule.rule)
    for name, found in ours.own.items():
        if slug not in (None, name):
            continue
        click.echo(f"{name}: {len(found.structure.nodes)} nodes")
        for rule in rules:
            mark = ours.marks[rule.endpoint]
            if mark.portal == name:
                methods = ",".join(sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}))
                click.echo(f"  {methods:5} {rule.rule}  {mark.node}")
        for key in found.structure.nodes:
            if not any(mark.portal == name and mark.node == key for mark in ours.marks.values()):
                click.echo(f"  note: no route belongs to the node {key}")


def _switch(slug: str, *, enabled: bool) -> None:
    if slug not in _all_portals():
        fail(f"There is no portal {slug!r}.")
    in_work(lambda unit: set_portal_enabled(unit, slug, enabled=enabled))


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


@portal.command("register")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def portal_register(file: Path) -> None:
    """Register a portal that lives elsewhere, or change it; prints a new secret alone on the last line."""
    networks = house().settings.outbound_networks
    try:
        said = external_files.read(file.read_text(encoding="utf-8"), networks)
    except (external_files.BadRegistration, UnicodeDecodeError) as error:
        fail(f"{file} cannot be taken:\n{error}")
    secret = in_work(lambda unit: _register(unit, said))
    click.echo(f"{said.slug} is registered.")
    if secret:
        click.echo("Its secret, shown this once:")
        click.echo(secret)


def _register(unit: Work, said: external_files.Said) -> str | None:
    now, taken = clock.now(), list(registry().own)
    keys.ensure(unit, house().vault, now)
    known = external.client(unit.connection(), said.slug)
    if known is None:
        try:
            return external.register(unit, said.slug, said.registration, said.pages, taken, now)
        except Invalid as invalid:
            fail(str(invalid))
    secret = external.change(unit, said.slug, known.version, said.registration)
    known = external.client(unit.connection(), said.slug)
    if known is not None and known.pages != said.pages:
        external.set_pages(unit, said.slug, known.version, said.pages)
    return secret


@portal.command("secret")
@click.argument("slug")
def portal_secret(slug: str) -> None:
    """Give the client of a portal elsewhere another secret; prints it alone on the last line."""

    def do(unit: Work) -> str:
        known = external.client(unit.connection(), slug)
        if known is None or known.public:
            fail(f"There is no portal {slug!r} with a secret.")
        return external.new_client_secret(unit, slug, known.version)

    click.echo("The secret before stops working now. The new one:")
    click.echo(in_work(do))


def _all_portals() -> Mapping[str, AnyPortal]:
    """Return every portal, those that live elsewhere as they stand now."""
    with house().database.reading() as reader:
        house().rights.refresh(reader)
    return registry().portals
