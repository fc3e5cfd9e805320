"""Commands about keys: the secret ones of the settings, and those that sign for portals elsewhere."""

import click
from flask.cli import AppGroup

from gateway import clock
from gateway.audit.operations import Stamp, record
from gateway.cli.common import fail, house, in_work
from gateway.identity import app_keys
from gateway.oidc import keys as signing_keys

KEYS_AT_ONCE = 200


keys = AppGroup("keys", help="The secret keys, GATEWAY_SECRET_KEYS, and those that sign.")


@keys.command("re-encrypt")
def keys_re_encrypt() -> None:
    """Encrypt what is kept under older secret keys anew, under the first; can be stopped and run again."""
    own, (total, unreadable) = house(), in_work(lambda unit: signing_keys.reseal(unit, house().vault))
    after: str | None = ""
    while after is not None:
        with own.database.writing() as unit:
            after, renewed, lost = app_keys.renew_seals(own.stamped(unit, Stamp()), own.vault, after, KEYS_AT_ONCE)
            total, unreadable = total + renewed, unreadable + lost
            if after is None:
                record(unit, "keys.renewed", key=own.vault.newest, renewed=total, unreadable=unreadable)
            unit.commit()
        click.echo(f"\r{total} re-encrypted", nl=False, err=True)
    click.echo(err=True)
    click.echo(f"{total} re-encrypted under the first key.")
    if unreadable:
        fail(f"{unreadable} cannot be read: an older key is missing, or they were changed. Their owners need a reset.")


@keys.command("rotate-signing")
def rotate_signing() -> None:
    """Make the next key that signs tokens for portals elsewhere; it is published now and signs in an hour."""
    kid = in_work(lambda unit: signing_keys.rotate(unit, house().vault, clock.now()))
    click.echo(f"The key {kid} is published, and signs from an hour on. It happens by itself every 30 days.")
