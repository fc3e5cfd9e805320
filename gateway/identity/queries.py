"""What pages need to know of identities."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection, and_, bindparam, exists, func, or_, select
from sqlalchemy.orm import aliased

from gateway.db import AnyRow
from gateway.identity import logins, passwords
from gateway.identity.inheritance import PREFERENCES, says
from gateway.identity.models import (
    CustomerClass,
    Gateway,
    Identity,
    Kind,
    NetworkList,
    Realm,
    Scope,
    Session,
    Stage,
    TrustedNetwork,
)
from gateway.identity.networks import admits
from gateway.identity.second_factor import HAS

_customer, _above = aliased(Identity), aliased(Identity)
_PROFILE = (
    select(
        Identity.name,
        Identity.login,
        Identity.email,
        Identity.kind,
        Identity.last_login_at,
        Identity.created_at,
        _customer.name.label("customer_name"),
    )
    .outerjoin(_customer, _customer.id == Identity.customer_id)
    .where(Identity.id == bindparam("id"))
)
_SESSIONS = (
    select(Session.id, Session.started_at, Session.last_seen_at, Session.address, Session.agent)
    .where(
        Session.subject_id == bindparam("id"),
        Session.actor_id.is_(None),
        Session.stage == Stage.LIVE,
        Session.ended_at.is_(None),
    )
    .order_by(Session.last_seen_at.desc())
    .limit(50)
)
_SHORTEST = (
    select(CustomerClass.password_shortest)
    .join(_customer, _customer.class_id == CustomerClass.id)
    .join(Identity, Identity.customer_id == _customer.id)
    .where(Identity.id == bindparam("id"))
)
_ACCESS = (
    select(
        Identity.__table__,
        _customer.name.label("customer_name"),
        _customer.status.label("customer_status"),
        CustomerClass.name.label("class_name"),
        CustomerClass.password_shortest,
        *HAS,
        *says((*PREFERENCES, "second_factor"), Identity, _above, CustomerClass),
        *(getattr(Gateway, name).label(f"gateway_{name}") for name in PREFERENCES),
    )
    .join(_customer, _customer.id == Identity.customer_id)
    .outerjoin(_above, (_above.id == Identity.customer_id) & (Identity.kind == Kind.INDIVIDUAL))
    .join(CustomerClass, CustomerClass.id == _customer.class_id)
    .join(Gateway, Gateway.id == 1)
    .where(Identity.id == bindparam("id"))
)
_UNDER_LIST = (
    select(Identity.name, Session.address, Session.agent, Session.last_seen_at)
    .join(Session, Session.subject_id == Identity.id)
    .where(
        or_(
            Identity.id == bindparam("id"),
            and_(
                Identity.customer_id == bindparam("id"),
                ~exists().where(TrustedNetwork.identity_id == Identity.id, TrustedNetwork.list == NetworkList.PROVIDER),
            ),
        ),
        Session.scope == Scope.SELF_CARE,
        Session.stage == Stage.LIVE,
        Session.ended_at.is_(None),
    )
    .order_by(Session.last_seen_at.desc())
    .limit(200)
)
_people = select(Identity.id).where(Identity.customer_id == bindparam("id"))
_live = (
    Session.subject_id.in_(_people),
    Session.stage == Stage.LIVE,
    Session.ended_at.is_(None),
    Session.last_seen_at > bindparam("since"),
)
_REACH = select(
    select(func.count())
    .where(Identity.customer_id == bindparam("id"), Identity.kind == Kind.INDIVIDUAL)
    .scalar_subquery()
    .label("individuals"),
    select(func.count()).where(*_live, Session.scope == Scope.SELF_CARE).scalar_subquery().label("sessions"),
    select(func.count()).where(*_live, Session.scope == Scope.VISIT).scalar_subquery().label("visits"),
)


def profile(reader: Connection, identity_id: str) -> AnyRow:
    """Return what somebody's profile shows."""
    return reader.execute(_PROFILE, {"id": identity_id}).one()


def own_sessions(reader: Connection, identity_id: str) -> Sequence[AnyRow]:
    """Return somebody's own live sessions, the latest used first; visits of staff are not among them (IMP-09)."""
    return reader.execute(_SESSIONS, {"id": identity_id}).all()


def ids_of_login(reader: Connection, login: str) -> list[str]:
    """Return who has a login, in either realm; nobody, or up to two."""
    found = select(Identity.id).where(Identity.realm.in_(list(Realm)), Identity.login_key == logins.canonical(login))
    return list(reader.execute(found).scalars())


def names(reader: Connection, ids: Collection[str]) -> dict[str, str]:
    """Return the names of identities by id."""
    if not ids:
        return {}
    rows = reader.execute(select(Identity.id, Identity.name).where(Identity.id.in_(ids)))
    return {row.id: row.name for row in rows}


def shortest_password(reader: Connection, identity_id: str) -> int:
    """Return how many characters a new password of somebody needs: what the class says, else the gateway."""
    of_class = reader.execute(_SHORTEST, {"id": identity_id}).scalar_one_or_none()
    return of_class or passwords.SHORTEST


def shortest_in_class(reader: Connection, class_id: str) -> int:
    """Return how many characters a password needs in a class, which may be unknown."""
    found = select(CustomerClass.password_shortest).where(CustomerClass.id == class_id)
    return reader.execute(found).scalar_one_or_none() or passwords.SHORTEST


def access(reader: Connection, identity_id: str) -> AnyRow | None:
    """Return what the self-care panel shows of a customer or an individual, with the says of all levels, or None."""
    return reader.execute(_ACCESS, {"id": identity_id}).one_or_none()


def sessions_outside(reader: Connection, identity_id: str, networks: Sequence[str]) -> list[AnyRow]:
    """Return the live sessions that a provider's list would not let in.

    A customer's list counts for its individuals too, unless they have one of their own.
    """
    if not networks:
        return []
    return [row for row in reader.execute(_UNDER_LIST, {"id": identity_id}) if not admits(networks, row.address)]


def reach(reader: Connection, customer_id: str, now: datetime) -> AnyRow:
    """Return how many `individuals`, live `sessions` and `visits` of staff a change of a customer's status reaches."""
    return reader.execute(_REACH, {"id": customer_id, "since": now - timedelta(days=1)}).one()


def gateway(reader: Connection) -> AnyRow:
    """Return the gateway's defaults."""
    return reader.execute(select(Gateway.__table__).where(Gateway.id == 1)).one()
