"""Who is it? One prebuilt statement for each kind of session, and the rules that the row must pass."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, bindparam, exists, select
from sqlalchemy.orm import aliased

from gateway.access.acting import Facts, Powers, consent_missing, visit_verdict
from gateway.access.levels import Level
from gateway.access.models import AllowedRole, Role
from gateway.access.rights import Compiled, Defaults, Rights, without_individuals
from gateway.access.visitor import Actor, Visit, Visitor
from gateway.db import AnyRow, AnySelect, Prepared
from gateway.i18n.preferences import Preferences
from gateway.identity import networks
from gateway.identity.inheritance import PREFERENCES, preferences_in_force, says
from gateway.identity.models import (
    CustomerClass,
    Gateway,
    Identity,
    Kind,
    Mode,
    Realm,
    Scope,
    Session,
    Stage,
    SupportAccess,
)
from gateway.identity.standing import Standing, individual_standing, log_in_refusal

OUTSIDE = "network"
"""Why a request from outside the trusted networks finds no session, though it lives on inside them."""
VISIT_IDLE = timedelta(minutes=20)
VISIT_ABSOLUTE = timedelta(minutes=60)

_subject, _customer, _actor = aliased(Identity), aliased(Identity), aliased(Identity)
_parent, _actor_role, _handed_out = aliased(Session), aliased(Role), aliased(AllowedRole)


@dataclass(frozen=True, slots=True)
class Ended:
    """A session that is no more; `why` is a stable word."""

    why: str


_COMMON = (
    Session.id.label("session_id"),
    Session.stage,
    Session.started_at,
    Session.last_seen_at,
    Session.proved_at,
    Session.ended_at,
    Session.ended_why,
    _subject.id,
    _subject.kind,
    _subject.name,
    _subject.login,
    _subject.suspended,
    _subject.role_id.label("assigned_role_id"),
    Role.id.label("role_id"),
    Role.name.label("role_name"),
    Role.version.label("role_version"),
    Gateway.version.label("gateway_version"),
)

ADMINISTRATOR: AnySelect = (
    select(*_COMMON, *says(PREFERENCES, _subject), *networks.lists(_subject))
    .select_from(Session)
    .join(_subject, _subject.id == Session.subject_id)
    .outerjoin(Role, (Role.id == _subject.role_id) & (Role.realm == Realm.ADMIN))
    .join(Gateway, Gateway.id == 1)
    .where(Session.key == bindparam("key"), Session.scope == Scope.ADMIN)
)

_ADMIN = Prepared(ADMINISTRATOR)

_self_care_columns = (
    *_COMMON,
    _subject.activates_on,
    _subject.expires_on,
    _customer.id.label("customer_id"),
    _customer.name.label("customer_name"),
    _customer.status.label("customer_status"),
    CustomerClass.idle_minutes,
    CustomerClass.absolute_minutes,
    CustomerClass.support_access.label("class_support"),
    AllowedRole.role_id.label("allowed_role_id"),
    exists().where(_handed_out.customer_id == _subject.customer_id).label("hands_out"),
    *says(PREFERENCES, _subject, _customer, CustomerClass),
)


def _with_subject(statement: AnySelect) -> AnySelect:
    return (
        statement.join(_subject, _subject.id == Session.subject_id)
        .join(_customer, _customer.id == _subject.customer_id)
        .join(CustomerClass, CustomerClass.id == _customer.class_id)
        .outerjoin(Role, (Role.id == _subject.role_id) & (Role.realm == Realm.SELF_CARE))
        .outerjoin(
            AllowedRole,
            (AllowedRole.customer_id == _subject.customer_id) & (AllowedRole.role_id == _subject.role_id),
        )
        .join(Gateway, Gateway.id == 1)
    )


_SELF_CARE = Prepared(
    _with_subject(select(*_self_care_columns, *networks.lists(_subject, _customer)).select_from(Session)).where(
        Session.key == bindparam("key"), Session.scope == Scope.SELF_CARE
    )
)

_VISIT = Prepared(
    _with_subject(
        select(
            *_self_care_columns,
            Session.mode,
            Session.view_only,
            Session.emergency,
            _customer.support_until,
            Session.reason,
            Session.handle,
            Session.launch_id,
            Session.return_to,
            _parent.ended_at.label("parent_ended_at"),
            _parent.started_at.label("parent_started_at"),
            _parent.last_seen_at.label("parent_last_seen_at"),
            _parent.key.label("parent_key"),
            _actor.id.label("actor_id"),
            _actor.name.label("actor_name"),
            _actor.login.label("actor_login"),
            _actor.suspended.label("actor_suspended"),
            _actor.time_zone.label("actor_time_zone"),
            _actor_role.id.label("actor_role_id"),
            _actor_role.version.label("actor_role_version"),
            *networks.lists(_actor),
        ).select_from(Session)
    )
    .join(_parent, _parent.key == Session.parent_key)
    .join(_actor, _actor.id == Session.actor_id)
    .outerjoin(_actor_role, (_actor_role.id == _actor.role_id) & (_actor_role.realm == Realm.ADMIN))
    .where(Session.key == bindparam("key"), Session.scope == Scope.VISIT, Session.handle == bindparam("handle"))
)


def role_levels(
    rights: Rights, reader: Connection, kind: Kind, role_id: str | None, version: int | None, allowed: bool
) -> Compiled:
    """Return what a self-care role gives to a customer or an individual.

    A missing, deleted or wrong-realm role gives nothing; neither does one that the individual's customer may not hand
    out (any more): never "default, so full" (ROL-02, ROL-05).
    """
    if role_id is None or version is None or (kind is Kind.INDIVIDUAL and not allowed):
        return rights.none(Realm.SELF_CARE)
    return rights.of(reader, Realm.SELF_CARE, role_id, version)


def _levels(rights: Rights, reader: Connection, row: Any, *, full: bool = False) -> Compiled:
    """Return what somebody has; without any role to hand out there are no individuals to look after."""
    allowed = row.allowed_role_id is not None
    levels = (
        rights.full(Realm.SELF_CARE)
        if full
        else role_levels(rights, reader, row.kind, row.role_id, row.role_version, allowed)
    )
    return levels if row.hands_out else without_individuals(levels)


def visitor_of(
    reader: Connection,
    rights: Rights,
    scope: Scope,
    key: bytes,
    handle: str | None,
    now: datetime,
    address: str | None,
) -> Visitor | Ended:
    """Resolve a session by its key (the SHA-256 of the cookie), in one query, or say why it is no more.

    `handle` is that of the visit's path; a key of another scope or handle is unknown here (CK-02). `address` is the
    client's (None: unknown). It has to be in the trusted networks of whoever is at the keyboard, so in a visit the
    administrator's count and the customer's do not (TIP-07).
    """
    if scope is Scope.VISIT:
        row = _VISIT.one_or_none(reader, {"key": key, "handle": handle})
    else:
        row = (_ADMIN if scope is Scope.ADMIN else _SELF_CARE).one_or_none(reader, {"key": key})
    return visitor_from(reader, rights, scope, key, row, now, address)


def visitor_from(
    reader: Connection, rights: Rights, scope: Scope, key: bytes, row: Any, now: datetime, address: str | None
) -> Visitor | Ended:
    """Make the visitor of a row that was read for `key`, or say why the session is no more."""
    if row is None or row.stage is not Stage.LIVE:
        return Ended("unknown")
    if row.ended_at is not None:
        return Ended(row.ended_why or "ended")
    if not networks.admitted(row, address, now):
        return Ended(OUTSIDE)
    defaults = rights.defaults(reader, row.gateway_version)
    if scope is Scope.ADMIN:
        return _administrator(reader, rights, row, key, defaults, now)
    if scope is Scope.VISIT:
        return _acting(reader, rights, row, key, defaults, now)
    return _self_care(reader, rights, row, key, defaults, now)


def _over(
    started_at: datetime, last_seen_at: datetime, idle: timedelta, absolute: timedelta, now: datetime
) -> str | None:
    """Return which limit a session has passed (SES-04), or None."""
    if now - started_at > absolute:
        return "absolute"
    if now - last_seen_at > idle:
        return "idle"
    return None


def _minutes(*limits: int | None) -> timedelta:
    return timedelta(minutes=next(limit for limit in limits if limit is not None))


def _administrator(
    reader: Connection, rights: Rights, row: AnyRow, key: bytes, defaults: Defaults, now: datetime
) -> Visitor | Ended:
    limits = (_minutes(defaults.admin_idle_minutes), _minutes(defaults.admin_absolute_minutes))
    if over := _over(row.started_at, row.last_seen_at, *limits, now):
        return Ended(over)
    if row.suspended:
        return Ended("suspended")
    return Visitor(
        session_id=row.session_id,
        session_key=key,
        scope=Scope.ADMIN,
        realm=Realm.ADMIN,
        id=row.id,
        kind=row.kind,
        name=row.name,
        login=row.login or "",
        customer_id=None,
        customer_name=None,
        customer_status=None,
        role_id=row.role_id,
        role_name=row.role_name,
        levels=admin_levels(rights, reader, row.role_id, row.role_version),
        ceilings=(),
        portals_off=frozenset(),
        preferences=preferences_in_force(row, defaults.preferences),
        started_at=row.started_at,
        last_seen_at=row.last_seen_at,
        proved_at=row.proved_at,
        support_access=defaults.support_access,
    )


def admin_levels(rights: Rights, reader: Connection, role_id: str | None, version: int | None) -> Compiled:
    """Return what an admin role gives; a missing, deleted or wrong-realm role gives nothing."""
    if role_id is None or version is None:
        return rights.none(Realm.ADMIN)
    return rights.of(reader, Realm.ADMIN, role_id, version)


def _standing(row: AnyRow, preferences: Preferences, now: datetime) -> Standing:
    if row.kind is not Kind.INDIVIDUAL:
        return Standing.ACTIVE
    return individual_standing(row.suspended, row.activates_on, row.expires_on, preferences.time_zone, now)


def _self_care(
    reader: Connection, rights: Rights, row: AnyRow, key: bytes, defaults: Defaults, now: datetime
) -> Visitor | Ended:
    limits = (
        _minutes(row.idle_minutes, defaults.idle_minutes),
        _minutes(row.absolute_minutes, defaults.absolute_minutes),
    )
    if over := _over(row.started_at, row.last_seen_at, *limits, now):
        return Ended(over)
    preferences = preferences_in_force(row, defaults.preferences)
    if cause := log_in_refusal(row.customer_status, _standing(row, preferences, now)):
        return Ended(cause)
    return Visitor(
        session_id=row.session_id,
        session_key=key,
        scope=Scope.SELF_CARE,
        realm=Realm.SELF_CARE,
        id=row.id,
        kind=row.kind,
        name=row.name,
        login=row.login or "",
        customer_id=row.customer_id,
        customer_name=row.customer_name,
        customer_status=row.customer_status,
        role_id=row.role_id,
        role_name=row.role_name,
        levels=_levels(rights, reader, row),
        ceilings=(),
        portals_off=defaults.portals_off,
        preferences=preferences,
        started_at=row.started_at,
        last_seen_at=row.last_seen_at,
        proved_at=row.proved_at,
        support_access=defaults.support_access,
        class_support=row.class_support,
    )


def _visit_until(row: AnyRow) -> datetime:
    """Return when a visit ends at the latest: its hour, or before that the window of the customer's consent."""
    hour: datetime = row.started_at + VISIT_ABSOLUTE
    on_consent = row.class_support is SupportAccess.CONSENT and not row.emergency
    return min(hour, row.support_until) if on_consent else hour


def _acting(
    reader: Connection, rights: Rights, row: AnyRow, key: bytes, defaults: Defaults, now: datetime
) -> Visitor | Ended:
    parent_limits = (_minutes(defaults.admin_idle_minutes), _minutes(defaults.admin_absolute_minutes))
    seen = max(row.parent_last_seen_at, row.last_seen_at)
    if row.parent_ended_at is not None or _over(row.parent_started_at, seen, *parent_limits, now):
        return Ended("console-ended")
    if over := _over(row.started_at, row.last_seen_at, VISIT_IDLE, VISIT_ABSOLUTE, now):
        return Ended(over)
    if row.actor_suspended:
        return Ended("actor-suspended")
    preferences = preferences_in_force(row, defaults.preferences)
    actor_levels = admin_levels(rights, reader, row.actor_role_id, row.actor_role_version)
    facts = Facts(
        row.kind,
        bool(row.login),
        row.customer_status,
        _standing(row, preferences, now),
        defaults.support_access,
        consent_missing=consent_missing(row.class_support, row.support_until, now),
    )
    powers = Powers.from_levels(actor_levels)
    ending, view_only = visit_verdict(powers, facts, row.mode, row.view_only, row.emergency)
    if ending is not None:
        return Ended(ending)
    levels = _levels(rights, reader, row, full=row.mode is Mode.FULL)
    return Visitor(
        session_id=row.session_id,
        session_key=key,
        scope=Scope.VISIT,
        realm=Realm.SELF_CARE,
        id=row.id,
        kind=row.kind,
        name=row.name,
        login=row.login,
        customer_id=row.customer_id,
        customer_name=row.customer_name,
        customer_status=row.customer_status,
        role_id=row.role_id,
        role_name=row.role_name,
        levels=levels,
        ceilings=(Level.VIEW,) if view_only else (),
        portals_off=defaults.portals_off,
        preferences=preferences,
        started_at=row.parent_started_at,
        last_seen_at=row.last_seen_at,
        proved_at=row.proved_at,
        support_access=defaults.support_access,
        class_support=row.class_support,
        actor=Actor(
            row.actor_id,
            row.actor_name,
            row.actor_login or "",
            actor_levels,
            row.actor_time_zone or defaults.preferences.time_zone,
        ),
        visit=Visit(
            handle=row.handle,
            mode=row.mode,
            view_only=view_only,
            emergency=row.emergency,
            reason=row.reason,
            until=_visit_until(row),
            launch_id=row.launch_id,
            return_to=row.return_to or "/admin/",
            parent_key=row.parent_key,
        ),
    )
