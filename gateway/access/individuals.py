"""Individuals: made, changed, moved, suspended, let in, taken away, under the delegation ceiling (`product.md` §2).

Every path comes through here: the console, the self-care portal, an import. Who may touch whom and give what is asked
in `_held` and `_role`, and nowhere else.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, select
from sqlalchemy import delete as sql_delete
from sqlalchemy.orm import Session as Work

from gateway.access.delegation import Levels, excess
from gateway.access.models import Role
from gateway.access.panel import flush_login, role_of
from gateway.access.queries import role_levels
from gateway.access.rights import Rights
from gateway.access.visitor import Visitor
from gateway.audit.operations import record
from gateway.errors import Forbidden, NotFound, Stale
from gateway.i18n.catalog import N_
from gateway.identity import invitations, operations, second_factor, sessions
from gateway.identity.concerning import concerning
from gateway.identity.models import Identity, Kind, Realm, Session
from gateway.identity.naming import rename
from gateway.identity.notices import tell_of_naming
from gateway.identity.standing import begin

_TOLD = ("login", "name", "email", "role_id", "activates_on", "expires_on")


@dataclass(frozen=True, slots=True)
class Record:
    """What is kept of an individual; both days are whole days of their own time zone."""

    login: str
    name: str
    email: str
    role_id: str | None
    activates_on: date | None
    expires_on: date | None
    suspended: bool


@dataclass(frozen=True, slots=True)
class Manager:
    """Who looks after the individuals of a customer.

    `levels` bound what an individual who does so gives and whom they touch; None: the customer itself, or staff, who
    are bound by the allowed roles alone.
    """

    id: str
    customer_id: str
    levels: Levels | None

    @classmethod
    def of(cls, who: Visitor, customer_id: str) -> "Manager":
        """Return a visitor as the manager of a customer's individuals."""
        return cls(who.id, customer_id, who.levels if who.kind is Kind.INDIVIDUAL else None)

    def may_hold(self, levels: Levels) -> bool:
        """Tell whether somebody with these levels, or a role that gives them, is theirs to hand out or touch."""
        return self.levels is None or not excess(levels, self.levels)


def create(work: Work, rights: Rights, by: Manager, given: Record, password_hash: str | None, now: datetime) -> str:
    """Make an individual and return its id; a password must be changed at the first log-in.

    Raises `Invalid` for a login or a role that cannot be, and `Forbidden` for a role beyond the manager's own.
    """
    individual = Identity(
        kind=Kind.INDIVIDUAL,
        realm=Realm.SELF_CARE,
        customer_id=by.customer_id,
        role_id=_role(work, rights, by, given.role_id),
        activates_on=given.activates_on,
        expires_on=given.expires_on,
        suspended=given.suspended,
        password_hash=password_hash,
        password_must_change=True,
        password_set_at=now if password_hash else None,
        created_at=now,
    )
    rename(individual, login=given.login, name=given.name, email=given.email)
    work.add(individual)
    flush_login(work)
    record(work, "individual.created", of=concerning(work, individual), after=_told(individual))
    return individual.id


def change(work: Work, rights: Rights, by: Manager, id: str, version: int, given: Record, now: datetime) -> None:
    """Change an individual; one row of the record names what changed.

    Raises `NotFound`, `Forbidden`, `Stale` when somebody saved since `version` was shown, and `Invalid`.
    """
    (individual,) = _held(work, rights, by, [id])
    if individual.version != version:
        raise Stale
    before = _told(individual)
    if given.role_id != individual.role_id:
        individual.role_id = _role(work, rights, by, given.role_id)
    rename(individual, login=given.login, name=given.name, email=given.email)
    individual.activates_on, individual.expires_on = given.activates_on, given.expires_on
    after = _told(individual)
    changed = [name for name in _TOLD if before[name] != after[name]]
    if changed or given.suspended != individual.suspended:
        individual.version += 1
        flush_login(work)
    if changed:
        tell_of_naming(work, individual, before, now)
        record(
            work,
            "individual.changed",
            of=concerning(work, individual),
            before={name: before[name] for name in changed},
            after={name: after[name] for name in changed},
        )
    if given.suspended != individual.suspended:
        operations.suspend(work, id, now, suspended=given.suspended)


def suspend(work: Work, rights: Rights, by: Manager, ids: Collection[str], now: datetime, *, suspended: bool) -> None:
    """Suspend or restore individuals, all of them or none; suspending ends their sessions at once."""
    for individual in _held(work, rights, by, ids):
        if individual.suspended != suspended:
            individual.version += 1
            work.flush()
            operations.suspend(work, individual.id, now, suspended=suspended)


def move(work: Work, rights: Rights, by: Manager, ids: Collection[str], role_id: str | None) -> None:
    """Give individuals another role, all of them or none; it acts at their next request."""
    held = _held(work, rights, by, ids)
    role_id = _role(work, rights, by, role_id)
    for individual in held:
        if individual.role_id != role_id:
            before, individual.role_id = individual.role_id, role_id
            individual.version += 1
            of = concerning(work, individual)
            record(work, "individual.changed", of=of, before={"role_id": before}, after={"role_id": role_id})


def delete(work: Work, rights: Rights, by: Manager, ids: Collection[str], now: datetime) -> None:
    """Take individuals away for good, all of them or none. The record keeps what they did."""
    held = _held(work, rights, by, ids)
    for individual in held:
        ended = sessions.end_all(work, individual.id, "deleted", now)
        sessions.end_visits(work, Session.subject_id == individual.id, "deleted", now)
        of = concerning(work, individual)
        record(work, "individual.deleted", of=of, before=_told(individual), sessions_ended=ended)
    work.execute(sql_delete(Identity).where(Identity.id.in_([individual.id for individual in held])))


def reset(work: Work, rights: Rights, by: Manager, id: str, password_hash: str, now: datetime) -> None:
    """Give an individual a password for one use; their sessions end."""
    (individual,) = _held(work, rights, by, [id])
    ended = operations.give_password(work, individual, password_hash, now)
    record(work, "password.reset", of=concerning(work, individual), sessions_ended=ended)


def reset_factor(work: Work, rights: Rights, by: Manager, id: str, reason: str, now: datetime) -> None:
    """Drop an individual's second factor; their sessions end. Raises as `second_factor.reset` does, and `Forbidden`."""
    _held(work, rights, by, [id])
    second_factor.reset(work, id, reason, now)


def invite(work: Work, rights: Rights, by: Manager, id: str, zone: str, now: datetime) -> None:
    """Send an individual a link to choose a password by; it counts from the day on which they become active."""
    (individual,) = _held(work, rights, by, [id])
    first = individual.activates_on
    usable_from = now if first is None else begin(first, zone)
    invitations.invite(work, individual, usable_from, now)


def levels_of_role(rights: Rights, reader: Connection, role_id: str | None, version: int | None) -> Levels:
    """Return what an individual's role would give: it may be allowed again, so it counts while it is not, too."""
    return role_levels(rights, reader, Kind.INDIVIDUAL, role_id, version, allowed=True)


def _held(work: Work, rights: Rights, by: Manager, ids: Collection[str]) -> Sequence[Identity]:
    """Lock individuals of the customer and return them; raises `NotFound` unless all are there.

    Raises `Forbidden` for oneself, and for somebody with more than one's own levels at any node (ROL-06).
    """
    rows = work.execute(
        select(Identity, Role.version)
        .outerjoin(Role, (Role.id == Identity.role_id) & (Role.realm == Realm.SELF_CARE))
        .where(Identity.id.in_(ids), Identity.customer_id == by.customer_id, Identity.kind == Kind.INDIVIDUAL)
        .order_by(Identity.id)
        .with_for_update(of=Identity)
    ).all()
    if len(rows) != len(set(ids)):
        raise NotFound
    if by.id in ids:
        raise Forbidden(N_("Nobody changes, suspends or deletes themselves here."), "oneself")
    reader = work.connection()
    for individual, version in rows:
        if not by.may_hold(levels_of_role(rights, reader, individual.role_id, version)):
            raise Forbidden(N_("Nobody takes hold of somebody whose rights exceed their own."), "beyond_own")
    return [individual for individual, _version in rows]


def _role(work: Work, rights: Rights, by: Manager, role_id: str | None) -> str:
    """Return the role that was chosen (ROL-01); raises `Invalid` unless allowed, `Forbidden` beyond one's own."""
    chosen = role_of(work, Kind.INDIVIDUAL, by.customer_id, role_id)
    version = work.execute(select(Role.version).where(Role.id == chosen)).scalar_one()
    if not by.may_hold(rights.of(work.connection(), Realm.SELF_CARE, chosen, version)):
        raise Forbidden(N_("Nobody gives rights beyond their own."), "beyond_own")
    return chosen


def _told(individual: Identity) -> dict[str, Any]:
    told = {name: getattr(individual, name) for name in _TOLD}
    return {name: value.isoformat() if isinstance(value, date) else value for name, value in told.items()}
