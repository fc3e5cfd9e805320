"""What the explainer's page and call show of somebody: read once, explained by `access.explain`, and where to go."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

from gateway.access.acting import CONSOLE
from gateway.access.delegation import Levels
from gateway.access.explain import Arrival, Explanation, Has, Place, Rule, Verdict, explain, person
from gateway.access.external import External
from gateway.access.levels import Level
from gateway.access.queries import levels_of
from gateway.access.roles import portal_views
from gateway.admin import refusals, trees
from gateway.admin.refusals import LOOKED_BACK, Refusals
from gateway.admin.verdicts import CHANGES
from gateway.audit.queries import refused_outside
from gateway.errors import NotFound
from gateway.i18n.catalog import N_
from gateway.i18n.catalog import gettext as _
from gateway.identity import networks, throttle
from gateway.identity.models import Kind, Realm
from gateway.portal.declaration import AnyPortal
from gateway.portal.registry import registry
from gateway.web import current

REFUSALS_SHOWN, ADDRESSES_SHOWN, LOOKED_AT = 50, 6, 100

EVENTS: Mapping[str, str] = {
    "login.refused": N_("at the log-in"),
    "access.refused": N_("on a page, while logged in"),
    "token.refused": N_("in the API"),
}
"""Where somebody was refused because of their address."""


@dataclass(frozen=True, slots=True)
class Outside:
    """An address from which somebody was refused: when last and where, whether it is let in now, and whether the
    provider's list lets it in: else it is their own that does not.
    """

    address: str
    at: datetime
    where: str
    admitted: bool
    by_provider: bool


@dataclass(frozen=True, slots=True)
class Where:
    """Where something is set: a page, and the node of the console that opens it."""

    url: str
    node: str = "customers"

    def at_least(self, level: Level) -> bool:
        """Tell whether the present administrator has a level there."""
        return current.visitor().level(CONSOLE, self.node) >= level


@dataclass(frozen=True, slots=True)
class Case:
    """Somebody, what is asked about them, and the answer."""

    row: Any
    portal: AnyPortal | None
    place: Place | None
    address: str | None
    explanation: Explanation
    has: Has
    full: Levels
    refusals: Refusals
    outside: Sequence[Outside]

    @property
    def url(self) -> str:
        """Return the page of whoever it is about."""
        own = f"/individuals/{self.row.id}" if self.row.kind is Kind.INDIVIDUAL else ""
        return f"/admin/customers/{self.row.customer_id}{own}"

    @property
    def list_holder(self) -> str:
        """Return whose provider's list is in force: their own, else their customer's."""
        return str(self.row.id if self.row.provider_networks else self.row.customer_id)


def row_of(customer_id: str, individual: str | None) -> Any:
    """Return what decides about a customer or one of its individuals; raises `NotFound`."""
    kind = Kind.INDIVIDUAL if individual else Kind.CUSTOMER
    row = person(current.reader(), individual or customer_id)
    if row is None or row.kind is not kind or row.customer_id != customer_id:
        raise NotFound
    return row


def case_of(row: Any, slug: str, node: str, address: str | None) -> Case:
    """Explain somebody; `slug` and `node` may be empty, and an address of None is that of the last refusal by network
    since they were last in. Raises `NotFound` for a portal or a page that there is not.
    """
    reader, now, rights = current.reader(), current.now(), current.house().rights
    defaults = rights.defaults(reader, row.gateway_version)
    portal, place = _place(slug, node)
    views = portal_views(reader, row.role_id) if place is not None and row.role_id else {}
    has = Has(levels_of(rights, reader, row), views, defaults.portals_off)
    outside, told = _outside(row, now), refusals.of_one(row, REFUSALS_SHOWN)
    if address is None:
        recent = (one.address for one in outside if row.last_login_at is None or one.at > row.last_login_at)
        address = next(recent, None)
    return Case(
        row,
        portal,
        place,
        address,
        explain(row, has, place, Arrival(address, _wait_until(row, address, now), told.waiting), now),
        has,
        levels_of(rights, reader, row, full=True),
        told,
        outside,
    )


def where_of(rule: Rule, case: Case) -> Where | None:
    """Return where what a rule asks is set, or None: nowhere that staff reach."""
    customer = f"/admin/customers/{case.row.customer_id}"
    panel = Where(f"{case.url}/self-care")
    if rule.reason in ("role-not-allowed", "nothing-to-hand-out"):
        return Where(f"{customer}/allowed-roles")
    if rule.reason in ("network-own", "network-own-over"):
        return None
    if rule.name == "networks" and case.list_holder != case.row.id and case.row.customer_networks:
        return Where(f"{customer}/self-care")
    if rule.name in ("login", "networks", "password", "second-factor", "role"):
        return panel
    if rule.name in ("view", "page") and rule.verdict is not Verdict.UNASKED and case.row.role_id:
        return Where(f"/admin/roles/{case.row.role_id}#tree-{case.place.slug if case.place else ''}", "roles")
    elsewhere = {
        "customer": Where(f"{customer}/status"),
        "individual": Where(case.url),
        "attempts": Where(f"{case.url}/explain#refused-head"),
        **dict.fromkeys(("portal", "up"), Where("/admin/portals", "portals")),
    }
    return elsewhere.get(rule.name)


def change_of(rule: Rule) -> str:
    """Return the one change that opens what a rule stops."""
    return _(CHANGES[rule.reason])


def who_may(where: Where) -> str:
    """Return who may make a change, for whoever may not."""
    page = registry().portals[CONSOLE].structure.nodes[where.node].title
    return _("Whoever has full rights at “%(page)s” in the console can do this.") % {"page": _(page)}


def _place(slug: str, node: str) -> tuple[AnyPortal | None, Place | None]:
    if not slug:
        if node:
            raise NotFound
        return None, None
    portal = next((one for one in trees.portals_of(Realm.SELF_CARE) if one.slug == slug), None)
    if portal is None or (node and node not in portal.structure.nodes):
        raise NotFound
    up = portal.up if isinstance(portal, External) else None
    return portal, Place(slug, portal.structure, node or None, up)


def _outside(row: Any, now: datetime) -> list[Outside]:
    provider = networks.provider_in_force(row)
    found = refused_outside(current.reader(), row.id, now - LOOKED_BACK, LOOKED_AT)
    latest: dict[str, Any] = {}
    for one in found:
        latest.setdefault(one.address, one)
    return [
        Outside(
            one.address,
            one.at,
            _(EVENTS[one.event]) if one.event in EVENTS else one.event,
            networks.admitted(row, one.address, now),
            networks.admits(provider, one.address, now),
        )
        for one in islice(latest.values(), ADDRESSES_SHOWN)
    ]


def _wait_until(row: Any, address: str | None, now: datetime) -> datetime | None:
    """Return until when a log-in from an address is not looked at."""
    if row.login is None or address is None:
        return None
    return throttle.blocked_until(current.reader(), Realm.SELF_CARE, row.login, address, now)
