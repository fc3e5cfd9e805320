"""What pages need to know of identities."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection, and_, bindparam, case, func, or_, select
from sqlalchemy.orm import aliased

from gateway.db import AnyRow
from gateway.identity import logins
from gateway.identity.inheritance import PREFERENCES, says
from gateway.identity.models import (
    CustomerClass,
    Gateway,
    Identity,
    Kind,
    Realm,
    Scope,
    Session,
    Stage,
)
from gateway.identity.networks import admits
from gateway.identity.second_factor import HAS
from gateway.paging import PAGE_SIZE, Page, decode_cursor, page_of

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
_LIMITS = (
    select(
        case(
            (Identity.kind == Kind.ADMINISTRATOR, Gateway.admin_idle_minutes),
            else_=func.coalesce(CustomerClass.idle_minutes, Gateway.idle_minutes),
        ).label("idle"),
        case(
            (Identity.kind == Kind.ADMINISTRATOR, Gateway.admin_absolute_minutes),
            else_=func.coalesce(CustomerClass.absolute_minutes, Gateway.absolute_minutes),
        ).label("absolute"),
    )
    .select_from(Identity)
    .outerjoin(_customer, _customer.id == Identity.customer_id)
    .outerjoin(CustomerClass, CustomerClass.id == _customer.class_id)
    .join(Gateway, Gateway.id == 1)
    .where(Identity.id == bindparam("id"))
)
_SESSIONS = (
    select(
        Session.id,
        Session.subject_id,
        Session.started_at,
        Session.last_seen_at,
        Session.address,
        Session.agent,
        Identity.name,
        Identity.kind,
    )
    .join(Identity, Identity.id == Session.subject_id)
    .where(
        Session.actor_id.is_(None),
        Session.stage == Stage.LIVE,
        Session.ended_at.is_(None),
        Session.last_seen_at >= bindparam("seen_since"),
        Session.started_at >= bindparam("started_since"),
    )
    .order_by(Session.last_seen_at.desc(), Session.id.desc())
)
_EARLIER = and_(
    Session.last_seen_at <= bindparam("moment"),
    or_(Session.last_seen_at < bindparam("moment"), Session.id < bindparam("after_id")),
)
_RECIPIENT = (
    select(Identity.name, Identity.login, Identity.realm, *says(PREFERENCES, Identity, _above, CustomerClass))
    .outerjoin(_customer, _customer.id == Identity.customer_id)
    .outerjoin(_above, (_above.id == Identity.customer_id) & (Identity.kind == Kind.INDIVIDUAL))
    .outerjoin(CustomerClass, CustomerClass.id == _customer.class_id)
    .where(Identity.id == bindparam("id"))
)
_ACCESS = (
    select(
        Identity.__table__,
        _customer.login.label("customer_login"),
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
                Identity.provider_networks.is_(None),
            ),
        ),
        Session.scope.in_((Scope.SELF_CARE, Scope.ADMIN)),
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


def own_sessions(reader: Connection, identity_id: str, now: datetime) -> Sequence[AnyRow]:
    """Return somebody's own live sessions, the latest used first; visits of staff are not among them (IMP-09)."""
    statement = _SESSIONS.where(Session.subject_id == identity_id)
    return reader.execute(statement, _since(reader, identity_id, now)).all()


def sessions_at(reader: Connection, customer_id: str, after: str | None, now: datetime) -> Page[AnyRow]:
    """Return a page of the live sessions of a customer and its individuals, the latest used first.

    Raises `Invalid` for a cursor that is not ours.
    """
    statement = _SESSIONS.where(Identity.customer_id == customer_id).limit(PAGE_SIZE + 1)
    values: dict[str, object] = _since(reader, customer_id, now)
    if after:
        values["moment"], values["after_id"] = decode_cursor(after, datetime, str)
        statement = statement.where(_EARLIER)
    rows = reader.execute(statement, values).all()
    return page_of(rows, lambda row: (row.last_seen_at.isoformat(), row.id))


def session_at(reader: Connection, customer_id: str, session_id: str) -> AnyRow | None:
    """Return whose a session is (`subject_id`), if it is one of a customer or of its individuals; else None."""
    statement = select(Session.subject_id).join(Identity, Identity.id == Session.subject_id)
    found = statement.where(Session.id == session_id, Identity.customer_id == customer_id)
    return reader.execute(found).one_or_none()


def _since(reader: Connection, identity_id: str, now: datetime) -> dict[str, object]:
    """Return since when a session of somebody must have been used, and begun, to be live."""
    limits = reader.execute(_LIMITS, {"id": identity_id}).one()
    return {
        "seen_since": now - timedelta(minutes=limits.idle),
        "started_since": now - timedelta(minutes=limits.absolute),
    }


def ids_of_login(reader: Connection, login: str) -> list[str]:
    """Return who has a login, in either realm; nobody, or up to two."""
    found = select(Identity.id).where(Identity.realm.in_(list(Realm)), Identity.login_key == logins.canonical(login))
    return list(reader.execute(found).scalars())


def ids_of(reader: Connection, text: str) -> list[str]:
    """Return who is meant by a login or an id: whoever has that login, else the id, of somebody gone perhaps."""
    return ids_of_login(reader, text) or [text]


def names(reader: Connection, ids: Collection[str]) -> dict[str, str]:
    """Return the names of identities by id."""
    if not ids:
        return {}
    rows = reader.execute(select(Identity.id, Identity.name).where(Identity.id.in_(ids)))
    return {row.id: row.name for row in rows}


def recipient(reader: Connection, identity_id: str) -> AnyRow | None:
    """Return whom a letter is for, with the says on how it is to read, or None."""
    return reader.execute(_RECIPIENT, {"id": identity_id}).one_or_none()


def access(reader: Connection, identity_id: str) -> AnyRow | None:
    """Return what the self-care panel shows of a customer or an individual, with the says of all levels, or None."""
    return reader.execute(_ACCESS, {"id": identity_id}).one_or_none()


def sessions_outside(reader: Connection, identity_id: str, listed: str | None, now: datetime) -> list[AnyRow]:
    """Return the live sessions that a provider's list, as it is kept, does not let in.

    A customer's list counts for its individuals too, unless they have one of their own.
    """
    if not listed:
        return []
    return [row for row in reader.execute(_UNDER_LIST, {"id": identity_id}) if not admits(listed, row.address, now)]


def reach(reader: Connection, customer_id: str, now: datetime) -> AnyRow:
    """Return how many `individuals`, live `sessions` and `visits` of staff a change of a customer's status reaches."""
    return reader.execute(_REACH, {"id": customer_id, "since": now - timedelta(days=1)}).one()


def gateway(reader: Connection) -> AnyRow:
    """Return the gateway's defaults."""
    return reader.execute(select(Gateway.__table__).where(Gateway.id == 1)).one()
