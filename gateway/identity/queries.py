"""What pages need to know of identities."""

from collections.abc import Collection, Sequence

from sqlalchemy import Connection, bindparam, select
from sqlalchemy.orm import aliased

from gateway.db import AnyRow
from gateway.identity import logins
from gateway.identity.models import Gateway, Identity, Realm, Session, Stage

_customer = aliased(Identity)
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
    rows = reader.execute(select(Identity.id, Identity.name).where(Identity.id.in_(ids)))
    return {row.id: row.name for row in rows}


def gateway(reader: Connection) -> AnyRow:
    """Return the gateway's defaults."""
    return reader.execute(select(Gateway.__table__).where(Gateway.id == 1)).one()
