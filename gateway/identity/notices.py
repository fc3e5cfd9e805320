"""Telling people by mail what was done to their access (LOG-09)."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session as Work

from gateway.audit.operations import Stamp
from gateway.identity.models import Identity
from gateway.mail.letters import Letter
from gateway.mail.operations import put


def tell(
    work: Work,
    identity: Identity,
    letter: Letter,
    now: datetime,
    *,
    to: str | None = None,
    by_others: bool = False,
    **values: Any,
) -> None:
    """Write a letter to somebody who has an address, or to the one they had (`to`); nobody's address, no letter.

    It says where from their own doing was; of what others did, only that it was not they.
    """
    address = to or identity.email
    if not address:
        return
    stamp: Stamp = work.info["stamp"]
    place = {"by_others": True} if by_others else {"source": stamp.address, "agent": stamp.agent}
    put(work, identity.id, address, letter, now, at=now.isoformat(), **place, **values)


def tell_of_naming(work: Work, identity: Identity, before: Mapping[str, Any], now: datetime) -> None:
    """Tell somebody of another login, and whoever read their mail so far of another address; `before`: what it was."""
    stamp: Stamp = work.info["stamp"]
    by_others = stamp.actor_id != identity.id
    if before.get("login", identity.login) != identity.login:
        tell(work, identity, Letter.LOGIN_CHANGED, now, by_others=by_others)
    held = before.get("email", identity.email)
    if held and held != identity.email:
        tell(work, identity, Letter.EMAIL_CHANGED, now, to=held, by_others=by_others)
