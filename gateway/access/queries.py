"""Who is it? The rules that the row of a session must pass, and what its role gives."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from gateway.access.acting import Facts, Powers, consent_missing, visit_verdict
from gateway.access.levels import Level
from gateway.access.rights import Compiled, Defaults, Rights, without_individuals
from gateway.access.statements import ADMIN, SELF_CARE, VISIT
from gateway.access.visitor import Actor, Visit, Visitor
from gateway.db import AnyRow
from gateway.i18n.preferences import Preferences
from gateway.identity import networks
from gateway.identity.inheritance import preferences_in_force
from gateway.identity.models import (
    Kind,
    Mode,
    Realm,
    Scope,
    Stage,
    SupportAccess,
)
from gateway.identity.proofs import DEVICE, is_twofold
from gateway.identity.standing import Standing, individual_standing, log_in_refusal

OUTSIDE = "network"
"""Why a request from outside the trusted networks finds no session, though it lives on inside them."""
VISIT_IDLE = timedelta(minutes=20)
VISIT_ABSOLUTE = timedelta(minutes=60)


@dataclass(frozen=True, slots=True)
class Ended:
    """A session that is no more; `why` is a stable word. `noted`: its row says so, or there is none."""

    why: str
    noted: bool = False


def role_levels(
    rights: Rights, reader: Connection, kind: Kind, role_id: str | None, version: int | None, allowed: bool
) -> Compiled:
    """Return what a self-care role gives to a customer or an individual: nothing, if there is a `role_fault`."""
    if role_id is None or version is None or role_fault(kind, role_id, allowed):
        return rights.none(Realm.SELF_CARE)
    return rights.of(reader, Realm.SELF_CARE, role_id, version)


def role_fault(kind: Kind, role_id: str | None, allowed: bool) -> str | None:
    """Return why a role gives nothing, or None: it is `missing`, deleted or of the wrong realm, or `not-allowed`.

    So is one that the individual's customer may not hand out (any more): never "default, so full" (ROL-02, ROL-05).
    `role_id` is that of the role as it was found in the self-care realm.
    """
    if role_id is None:
        return "missing"
    return "not-allowed" if kind is Kind.INDIVIDUAL and not allowed else None


def levels_of(rights: Rights, reader: Connection, row: Any, *, full: bool = False) -> Compiled:
    """Return what somebody has, or would have with `full` access, of a row with their role and `hands_out`.

    Without any role to hand out there are no individuals to look after.
    """
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
        row = VISIT.one_or_none(reader, {"key": key, "handle": handle})
    else:
        row = (ADMIN if scope is Scope.ADMIN else SELF_CARE).one_or_none(reader, {"key": key})
    return visitor_from(reader, rights, scope, key, row, now, address)


def visitor_from(
    reader: Connection, rights: Rights, scope: Scope, key: bytes, row: Any, now: datetime, address: str | None
) -> Visitor | Ended:
    """Make the visitor of a row that was read for `key`, or say why the session is no more."""
    if row is None or row.stage is not Stage.LIVE:
        return Ended("unknown", noted=True)
    if row.ended_at is not None:
        return Ended(row.ended_why or "ended", noted=True)
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


def _words(kept: str | None) -> tuple[str, ...]:
    return tuple(kept.split()) if kept else ()


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
    methods = _words(row.methods)
    return made_of(
        row,
        key,
        Scope.ADMIN,
        admin_levels(rights, reader, row.role_id, row.role_version),
        preferences_in_force(row, defaults.preferences),
        defaults,
        realm=Realm.ADMIN,
        customer_id=None,
        customer_name=None,
        customer_status=None,
        ceilings=(),
        portals_off=frozenset(),
        last_seen_at=row.last_seen_at,
        proved_at=row.proved_at,
        methods=methods,
        alarms=bool(row.alarms),
        unproved=defaults.admin_second_factor and not (is_twofold(methods) or DEVICE in methods),
    )


def made_of(
    row: AnyRow,
    key: bytes,
    scope: Scope,
    levels: Compiled,
    preferences: Preferences,
    defaults: Defaults,
    **more: Any,
) -> Visitor:
    """Make a visitor of what every row of a session says, and of what its kind alone does (`more`)."""
    return Visitor(
        session_id=row.session_id,
        session_key=key,
        scope=scope,
        id=row.id,
        kind=row.kind,
        name=row.name,
        login=row.login or "",
        role_id=row.role_id,
        role_name=row.role_name,
        levels=levels,
        preferences=preferences,
        started_at=more.pop("started_at", row.started_at),
        support_access=defaults.support_access,
        **more,
    )


def _of_customer(row: AnyRow, defaults: Defaults) -> dict[str, Any]:
    return {
        "realm": Realm.SELF_CARE,
        "customer_id": row.customer_id,
        "customer_name": row.customer_name,
        "customer_status": row.customer_status,
        "portals_off": defaults.portals_off,
        "last_seen_at": row.last_seen_at,
        "proved_at": row.proved_at,
        "class_support": row.class_support,
    }


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
    return made_of(
        row,
        key,
        Scope.SELF_CARE,
        levels_of(rights, reader, row),
        preferences,
        defaults,
        ceilings=(),
        methods=_words(row.methods),
        **_of_customer(row, defaults),
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
    levels = levels_of(rights, reader, row, full=row.mode is Mode.FULL)
    return made_of(
        row,
        key,
        Scope.VISIT,
        levels,
        preferences,
        defaults,
        ceilings=(Level.VIEW,) if view_only else (),
        started_at=row.parent_started_at,
        methods=_words(row.parent_methods),
        **_of_customer(row, defaults),
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
