"""Links by mail that are good once. What looks at one does not use it up; one caller wins in using it."""

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, delete, select, update
from sqlalchemy.orm import Session as Work

from gateway.identity.link_models import EmailChange, Invitation, PasswordReset
from gateway.tokens import key_of, new_secret

Link = type[Invitation] | type[PasswordReset] | type[EmailChange]
KINDS: tuple[Link, ...] = (Invitation, PasswordReset, EmailChange)


def make(work: Work, kind: Link, identity_id: str, until: datetime, now: datetime, **more: Any) -> str:
    """Make somebody a link, good until `until`, and return its secret; earlier ones of the kind die."""
    work.execute(
        update(kind).where(kind.identity_id == identity_id, kind.expires_at > now).values(expires_at=kind.created_at)
    )
    secret = new_secret()
    work.add(kind(key=key_of(secret), identity_id=identity_id, created_at=now, expires_at=until, **more))
    return secret


def whose(reader: Connection, kind: Link, secret: str, now: datetime, *also: ColumnElement[bool]) -> str | None:
    """Return whose link this is while it is good, and `also` holds; else None."""
    return reader.execute(select(kind.identity_id).where(_good(kind, secret, now, *also))).scalar_one_or_none()


def use(work: Work, kind: Link, secret: str, now: datetime, *also: ColumnElement[bool]) -> str | None:
    """Use a link up and return whose it was, or None unless it is good and `also` holds."""
    used = update(kind).where(_good(kind, secret, now, *also)).values(used_at=now).returning(kind.identity_id)
    return work.execute(used, execution_options={"synchronize_session": False}).scalar_one_or_none()


def forget_old(work: Work, before: datetime) -> None:
    """Take away links that were good until `before` at the latest."""
    for kind in KINDS:
        work.execute(delete(kind).where(kind.expires_at < before))


def _good(kind: Link, secret: str, now: datetime, *also: ColumnElement[bool]) -> ColumnElement[bool]:
    return and_(kind.key == key_of(secret), kind.used_at.is_(None), kind.expires_at > now, *also)
