"""What can be opened for whom, what not, and why: the menu and the door ask the same function."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, and_, bindparam, func, select, true
from sqlalchemy.orm import aliased

from gateway.access.acting import CONSENT_MISSING, REASONS, Facts, Powers, consent_missing, refusal
from gateway.access.delegation import Levels
from gateway.access.external import External
from gateway.access.levels import Level
from gateway.access.models import DEFAULT_ROLE, AllowedRole, Role
from gateway.access.queries import VISIT_ABSOLUTE, VISIT_IDLE, Ended, role_levels, visitor_from
from gateway.access.rights import Compiled, Rights
from gateway.access.roles import called
from gateway.access.statements import ADMINISTRATOR
from gateway.access.visitor import Visitor
from gateway.audit.visits import Visit
from gateway.db import AnySelect, Part, Prepared
from gateway.i18n.catalog import N_
from gateway.i18n.catalog import gettext as _
from gateway.identity.inheritance import says
from gateway.identity.models import CustomerClass, Gateway, Identity, Kind, Mode, Realm, Scope, Session, SupportAccess
from gateway.identity.standing import Standing, standing_of
from gateway.portal.declaration import AnyPortal
from gateway.portal.registry import Registry

MOST_VISITS = 20
MENU_INDIVIDUALS = 20
SAY_WHY = N_("Say why first: the customer reads it.")

_customer = aliased(Identity)

ZONE = func.coalesce(Identity.time_zone, _customer.time_zone, CustomerClass.time_zone, Gateway.time_zone)
"""The time zone in force, for a condition on `SUBJECT`."""

SUBJECT: AnySelect = (
    select(
        Identity.id,
        Identity.kind,
        Identity.name,
        Identity.login,
        Identity.suspended,
        Identity.activates_on,
        Identity.expires_on,
        Identity.role_id.label("assigned_role_id"),
        Identity.customer_id,
        _customer.name.label("customer_name"),
        _customer.status.label("customer_status"),
        Role.id.label("role_id"),
        Role.name.label("role_name"),
        Role.version.label("role_version"),
        AllowedRole.role_id.label("allowed_role_id"),
        Gateway.version.label("gateway_version"),
        CustomerClass.support_access,
        _customer.support_until,
        _customer.support_mail,
        *says(("time_zone",), Identity, _customer, CustomerClass),
        Gateway.time_zone.label("gateway_time_zone"),
    )
    .select_from(Identity)
    .outerjoin(_customer, _customer.id == Identity.customer_id)
    .outerjoin(CustomerClass, CustomerClass.id == _customer.class_id)
    .outerjoin(Role, (Role.id == Identity.role_id) & (Role.realm == Realm.SELF_CARE))
    .outerjoin(
        AllowedRole, (AllowedRole.customer_id == Identity.customer_id) & (AllowedRole.role_id == Identity.role_id)
    )
    .join(Gateway, Gateway.id == 1)
)
_ONE = SUBJECT.where(Identity.id == bindparam("id"))
_SUBJECT = Prepared(_ONE)
_CLICK = Prepared(
    _ONE.add_columns(Session.handle.label("live_visit")).outerjoin(
        Session,
        and_(
            Session.actor_id == bindparam("actor_id"),
            Session.scope == Scope.VISIT,
            Session.ended_at.is_(None),
            Session.started_at > bindparam("since"),
            Session.last_seen_at > bindparam("idle_since"),
        ),
    )
)
_administrator, _subject = ADMINISTRATOR.subquery(), _ONE.subquery()
_LANDING = Prepared(
    select(
        *(column.label(f"administrator_{column.key}") for column in _administrator.c),
        *(column.label(f"subject_{column.key}") for column in _subject.c),
    ).select_from(_administrator.join(_subject, true()))
)


@dataclass(frozen=True, slots=True)
class Subject:
    """Somebody whose portals may be opened, with what decides about it.

    `on_consent`: the customer's class asks for it. `wants_mail`: the customer is told by mail.
    """

    id: str
    kind: Kind
    name: str
    login: str | None
    customer_id: str | None
    customer_name: str | None
    role_name: str | None
    has_default_role: bool
    standing: Standing
    facts: Facts
    on_consent: bool
    levels: Compiled
    portals_off: frozenset[str]
    wants_mail: bool


@dataclass(frozen=True, slots=True)
class Choice:
    """One way to open something: allowed, or disabled with the reason. `asks`: staff have to say why first."""

    mode: Mode
    view_only: bool
    label: str
    allowed: bool
    reason: str | None
    asks: bool = False


@dataclass(frozen=True, slots=True)
class PortalChoices:
    """A portal of the menu, or a further `view` of one, with the ways to open it."""

    slug: str
    title: str
    icon: str
    hue: str
    choices: Sequence[Choice]
    view: str = ""

    @property
    def value(self) -> str:
        """Return what a click sends of it."""
        return f"{self.slug}:{self.view}" if self.view else self.slug


@dataclass(frozen=True, slots=True)
class Individual:
    """An individual of the menu, which leads to a menu of its own."""

    id: str
    name: str
    role_name: str
    status: str
    offer_url: str


@dataclass(frozen=True, slots=True)
class Offer:
    """Everything that the menu of one subject shows.

    `may_ask`: nothing but the customer's consent is missing. `emergency` is what can then be opened without it.
    """

    subject_id: str
    subject_name: str
    main: Choice
    portals: Sequence[PortalChoices]
    other_portals: Sequence[PortalChoices]
    individuals: Sequence[Individual]
    more_url: str | None
    reason_required: bool = False
    may_ask: bool = False
    emergency: "Offer | None" = None


def subject_of(reader: Connection, rights: Rights, identity_id: str, now: datetime) -> Subject | None:
    """Read what decides about opening portals for somebody, or None if there is no such identity."""
    row = _SUBJECT.one_or_none(reader, {"id": identity_id})
    return subject_from(reader, rights, row, now) if row else None


def clicked(
    reader: Connection, rights: Rights, actor_id: str, subject_id: str, since: tuple[datetime, datetime], now: datetime
) -> tuple[Subject | None, set[str]]:
    """Read what decides about a click, in one query: the subject (None: there is none), and the handles of the visits
    that the administrator has open, started and last used since two moments.
    """
    values = {"id": subject_id, "actor_id": actor_id, "since": since[0], "idle_since": since[1]}
    rows = _CLICK.all(reader, values)
    if not rows:
        return None, set()
    return subject_from(reader, rights, rows[0], now), {row.live_visit for row in rows if row.live_visit}


def landing(
    reader: Connection, rights: Rights, key: bytes, subject_id: str, now: datetime, address: str | None
) -> tuple[Visitor | Ended, Subject | None]:
    """Read what decides about a landing, in one query: who is logged in to the console under `key`, and the subject."""
    row = _LANDING.one_or_none(reader, {"key": key, "id": subject_id})
    if row is None:
        return Ended("unknown"), subject_of(reader, rights, subject_id, now)
    who = visitor_from(reader, rights, Scope.ADMIN, key, Part(row, "administrator_"), now, address)
    return who, subject_from(reader, rights, Part(row, "subject_"), now)


def subject_from(reader: Connection, rights: Rights, row: Any, now: datetime) -> Subject:
    """Make a subject from a row of `SUBJECT`."""
    standing = standing_of(row, now)
    allowed = row.allowed_role_id is not None
    defaults = rights.defaults(reader, row.gateway_version)
    return Subject(
        id=row.id,
        kind=row.kind,
        name=row.name,
        login=row.login,
        customer_id=row.customer_id,
        customer_name=row.customer_name,
        role_name=row.role_name,
        has_default_role=row.role_id == DEFAULT_ROLE[Realm.SELF_CARE] and row.kind is Kind.CUSTOMER,
        standing=standing,
        facts=Facts(
            row.kind,
            bool(row.login),
            row.customer_status,
            standing,
            defaults.support_access,
            row.support_access is SupportAccess.REASON,
            consent_missing(row.support_access, row.support_until, now),
        ),
        on_consent=row.support_access is SupportAccess.CONSENT,
        levels=role_levels(rights, reader, row.kind, row.role_id, row.role_version, allowed),
        portals_off=defaults.portals_off,
        wants_mail=bool(row.support_mail),
    )


def powers_of(who: Visitor) -> Powers:
    """Return what an administrator may do with other people's portals."""
    return Powers.from_levels(who.levels, not who.unproved)


def why_not(
    who: Visitor,
    subject: Subject,
    portal: AnyPortal | None,
    mode: Mode,
    view_only: bool,
    emergency: bool = False,
    view: str | None = None,
) -> str | None:
    """Return the code of `REASONS` for which this cannot be opened, or None.

    `portal` None is the picker, `view` None where the role enters a portal elsewhere.

    The one function: it draws the menu, answers the click, and is asked again at the landing.
    """
    if who.actor is not None:
        return "inside-a-visit"
    reason = refusal(powers_of(who), subject.facts, mode, view_only, emergency)
    if reason is not None or portal is None:
        return reason
    if portal.realm is not Realm.SELF_CARE or (view and view not in subject.levels.further(portal.slug)):
        return "portal-unknown"
    if portal.slug in subject.portals_off:
        return "portal-off"
    if isinstance(portal, External) and not portal.up:
        return "portal-down"
    if mode is Mode.ASSIGNED and not _opens(subject.levels, portal.slug):
        return "portal-not-in-role"
    return None


def may_ask(who: Visitor, subject: Subject) -> bool:
    """Tell whether `who` could open something for a subject, were it not for the customer's consent."""
    ways = ((mode, view_only) for mode in Mode for view_only in (False, True))
    return any(why_not(who, subject, None, mode, view_only) == CONSENT_MISSING for mode, view_only in ways)


def offer(
    who: Visitor,
    subject: Subject,
    registry: Registry,
    individuals: Sequence[Individual] = (),
    more_url: str | None = None,
    *,
    emergency: bool = False,
) -> Offer:
    """Return the menu of a subject, as far as `who` may use it; `emergency`: that of entering without consent.

    `individuals` lead on to menus of their own; `more_url` is where the rest of them are found.
    """

    def choice(portal: AnyPortal | None, mode: Mode, view_only: bool) -> Choice:
        code = why_not(who, subject, portal, mode, view_only, emergency)
        return Choice(
            mode, view_only, _label(subject, mode, view_only), code is None, _(REASONS[code]) if code else None
        )

    def choices(portal: AnyPortal | None, modes: Sequence[Mode]) -> list[Choice]:
        return [choice(portal, mode, False) for mode in modes] + [choice(portal, modes[0], True)]

    modes = [Mode.ASSIGNED] if subject.has_default_role else [Mode.ASSIGNED, Mode.FULL]
    inside = [PortalChoices("", _("All portals"), "layout-grid", "h1", choices(None, modes))]
    outside: list[PortalChoices] = []
    for portal in registry.self_care():
        is_open = _opens(subject.levels, portal.slug)
        shown = PortalChoices(
            portal.slug,
            _(portal.title),
            portal.icon,
            f"h{portal.hue}",
            choices(portal, modes if is_open else [Mode.FULL]),
        )
        (inside if is_open else outside).append(shown)
        for name in subject.levels.further(portal.slug) if is_open else ():
            title = _("%(portal)s: %(view)s") % {"portal": shown.title, "view": name}
            ways = choices(portal, [Mode.ASSIGNED])
            inside.append(PortalChoices(portal.slug, title, portal.icon, shown.hue, ways, name))
    asks = not emergency and may_ask(who, subject)
    without = asks and powers_of(who).emergency
    return Offer(
        subject_id=subject.id,
        subject_name=subject.name,
        main=choice(None, Mode.ASSIGNED, False),
        portals=inside,
        other_portals=outside,
        individuals=individuals,
        more_url=more_url,
        reason_required=subject.facts.reason_required or emergency,
        may_ask=asks,
        emergency=offer(who, subject, registry, emergency=True) if without else None,
    )


def main_choice(who: Visitor, facts: Facts) -> Choice:
    """Return the main button of somebody on a list: their picker, with the assigned role."""
    code = refusal(powers_of(who), facts, Mode.ASSIGNED, False)
    why = _(REASONS[code]) if code else None
    return Choice(Mode.ASSIGNED, False, _("Log in"), code is None, why, facts.reason_required)


def live_visits(reader: Connection, visits: Iterable[Visit], now: datetime) -> Collection[str]:
    """Return which sessions of these visits are live; asks only for those that may be."""
    begun, used = now - VISIT_ABSOLUTE, now - VISIT_IDLE
    asked = [visit.session for visit in visits if visit.ended_at is None and visit.started_at > begun]
    if not any(asked):
        return ()
    live = (Session.ended_at.is_(None), Session.started_at > begun, Session.last_seen_at > used)
    return set(reader.execute(select(Session.id).where(Session.id.in_(asked), *live)).scalars())


def _opens(levels: Levels, slug: str) -> bool:
    return any(level > Level.FORBIDDEN for level in levels.get(slug, {}).values())


def _label(subject: Subject, mode: Mode, view_only: bool) -> str:
    if view_only:
        return _("View only")
    if mode is Mode.FULL:
        return _("Full access")
    if subject.has_default_role:
        return _("Default role (full access)")
    if subject.role_name is None:
        return _("No role")
    return _("As %(role)s") % {"role": called(subject.role_name)}
