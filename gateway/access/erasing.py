"""Erase a person: what the gateway and the portals know of them goes; the record keeps ids, and that it was done."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session as Work

from gateway.access.administrators import keep_one, lock_the_last
from gateway.audit.forgetting import forget_people
from gateway.audit.operations import record
from gateway.audit.verifying import ERASED
from gateway.db import AnySelect
from gateway.errors import NotFound
from gateway.identity import sessions
from gateway.identity.concerning import concerning
from gateway.identity.models import Identity, Kind, Session, Throttle
from gateway.identity.throttle import account_of
from gateway.mail.models import Mail

Forget = Callable[[Work, AnySelect, datetime | None, int], int]
"""What a portal forgets rows with: of these customers (a statement that finds their ids), from before a moment (None:
of any), at most so many at once. Returns how many went; whoever calls it goes on while there were any.
"""

AT_ONCE = 1000


@dataclass(frozen=True, slots=True)
class Erased:
    """How many identities went, and in how many rows of the record, from before digests, their values had to stay."""

    identities: int
    rows_kept: int


def _leave_out(work: Work, ids: Sequence[str], part: str) -> None:
    """Take people out of the letters to others: as the `subject` of those to their customer, or the `actor` in any."""
    for letter in work.scalars(select(Mail).where(Mail.given[f"{part}_id"].as_string().in_(ids))):
        reason = {"reason": "–"} if letter.given.get("reason") else {}
        letter.given = letter.given | {part: "–", f"{part}_id": None} | reason


def erase(work: Work, identity_id: str, portals: Iterable[Forget], now: datetime) -> Erased:
    """Erase somebody, a customer with all its individuals and its rows in the portals.

    Raises `NotFound`, and `Forbidden` for the last administrator with the default role.
    """
    lock_the_last(work)
    chosen = (Identity.id == identity_id) | (Identity.customer_id == identity_id)
    people = work.scalars(select(Identity).where(chosen).order_by(Identity.id).with_for_update()).all()
    if not people:
        raise NotFound
    ids = [who.id for who in people]
    for who in people:
        sessions.end_all(work, who.id, "erased", now)
        sessions.end_visits(work, Session.subject_id == who.id, "erased", now)
        record(work, ERASED, of=concerning(work, who), kind=str(who.kind))
    customers = select(Identity.id).where(Identity.id.in_(ids), Identity.kind == Kind.CUSTOMER)
    for forget in portals:
        while forget(work, customers, None, AT_ONCE):
            pass
    accounts = [account_of(who.realm, who.login) for who in people if who.login]
    work.execute(delete(Throttle).where(Throttle.account.in_(accounts)))
    work.execute(delete(Mail).where(Mail.identity_id.in_(ids)))
    _leave_out(work, ids, "actor" if people[0].kind is Kind.ADMINISTRATOR else "subject")
    kept = forget_people(work, ids)
    for customers_too in (False, True):
        work.execute(delete(Identity).where(Identity.id.in_(ids), (Identity.kind == Kind.CUSTOMER) == customers_too))
    if people[0].kind is Kind.ADMINISTRATOR:
        keep_one(work)
    return Erased(len(ids), kept)
