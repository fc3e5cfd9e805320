"""Why can't they see it? Every rule between somebody and a page, in the order in which it is asked (`product.md` §11).

Nothing is decided here: each rule asks the function that the log-in or the guard asks, and says what it answered.
"""

import enum
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, bindparam, exists, select
from sqlalchemy.orm import aliased

from gateway.access.delegation import Levels
from gateway.access.levels import Level
from gateway.access.models import DEFAULT_ROLE, AllowedRole, Role
from gateway.access.queries import role_fault
from gateway.access.rights import INDIVIDUALS, SELF_CARE
from gateway.access.roles import View
from gateway.access.structure import Structure
from gateway.access.visitor import closed, level_at
from gateway.db import AnyRow, Prepared
from gateway.identity import networks, second_factor, throttle, wrong_codes
from gateway.identity.factor_models import WrongCodes
from gateway.identity.inheritance import in_force, says
from gateway.identity.models import Counted, CustomerClass, Gateway, Identity, Kind, Realm
from gateway.identity.standing import Standing, lapsed, log_in_refusal, must_change, standing_of

_customer, _handed_out = aliased(Identity), aliased(AllowedRole)

_PERSON = Prepared(
    select(
        Identity.id,
        Identity.kind,
        Identity.name,
        Identity.login,
        Identity.password_hash,
        Identity.password_must_change,
        Identity.password_set_at,
        Identity.suspended,
        Identity.activates_on,
        Identity.expires_on,
        Identity.last_login_at,
        Identity.customer_id,
        Identity.role_id.label("assigned_role_id"),
        _customer.name.label("customer_name"),
        _customer.status.label("customer_status"),
        CustomerClass.name.label("class_name"),
        CustomerClass.password_days,
        CustomerClass.support_access,
        _customer.support_until,
        _customer.support_mail,
        *second_factor.COLUMNS,
        WrongCodes.locked_at.label("codes_locked_at"),
        WrongCodes.moments.label("wrong_codes"),
        *says(("time_zone", "second_factor"), Identity, _customer, CustomerClass),
        *networks.lists(Identity, _customer),
        Gateway.time_zone.label("gateway_time_zone"),
        Gateway.version.label("gateway_version"),
        Role.id.label("role_id"),
        Role.name.label("role_name"),
        Role.version.label("role_version"),
        AllowedRole.role_id.label("allowed_role_id"),
        exists().where(_handed_out.customer_id == Identity.customer_id).label("hands_out"),
    )
    .select_from(Identity)
    .join(_customer, _customer.id == Identity.customer_id)
    .join(CustomerClass, CustomerClass.id == _customer.class_id)
    .outerjoin(Role, (Role.id == Identity.role_id) & (Role.realm == Realm.SELF_CARE))
    .outerjoin(
        AllowedRole, (AllowedRole.customer_id == Identity.customer_id) & (AllowedRole.role_id == Identity.role_id)
    )
    .outerjoin(WrongCodes, WrongCodes.identity_id == Identity.id)
    .join(Gateway, Gateway.id == 1)
    .where(Identity.id == bindparam("id"))
)


class Verdict(enum.StrEnum):
    """What a rule says. A `step` stands in the way until they have taken it themselves; `unasked`: it does not come
    to that.
    """

    PASSES = "passes"
    STEP = "step"
    STOPS = "stops"
    UNASKED = "unasked"


@dataclass(frozen=True, slots=True)
class Rule:
    """What one rule says and why: both stable words, the reason with what it is about."""

    name: str
    verdict: Verdict
    reason: str
    about: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Place:
    """A portal, and a page of it (None: any). `up`: it answers; None where there is no other server to ask."""

    slug: str
    structure: Structure
    node: str | None = None
    up: bool | None = None

    @property
    def nodes(self) -> Collection[str]:
        """Return the pages that are asked about."""
        return self.structure.nodes if self.node is None else (self.node,)


@dataclass(frozen=True, slots=True)
class Arrival:
    """From which `address` somebody comes (None: it is not known), until when an attempt from there has to wait, and
    every wait of their login, as the throttle has them (`waiting`).
    """

    address: str | None
    wait_until: datetime | None = None
    waiting: Sequence[AnyRow] = ()


@dataclass(frozen=True, slots=True)
class Has:
    """What somebody's role gives: the levels that count, what stands in it for each portal, and the portals off."""

    levels: Levels
    views: Mapping[str, View]
    off: Collection[str]


@dataclass(frozen=True, slots=True)
class Explanation:
    """Every rule in turn, and the level that a page would have for them (None without a page)."""

    rules: Sequence[Rule]
    level: Level | None

    @property
    def opens(self) -> bool:
        """Tell whether nothing stops them; a step may be before them."""
        return not self.those(Verdict.STOPS)

    def those(self, verdict: Verdict) -> Sequence[Rule]:
        """Return the rules with a verdict."""
        return [rule for rule in self.rules if rule.verdict is verdict]


def person(reader: Connection, identity_id: str) -> Any:
    """Return what decides about a customer or an individual, or None if there is none of that id."""
    return _PERSON.one_or_none(reader, {"id": identity_id})


def explain(row: Any, has: Has, place: Place | None, arrival: Arrival, now: datetime) -> Explanation:
    """Explain whether whoever a row of `person` is about gets in, and to a place (None: only whether they get in)."""
    rules = list(_entering(row, arrival, now))
    if place is None:
        return Explanation(rules, None)
    rules += _rights(row, has, place)
    return Explanation(rules, max(level_at(has.levels, (), place.slug, node) for node in place.nodes))


def _entering(row: Any, arrival: Arrival, now: datetime) -> Iterator[Rule]:
    yield _rule("login", None if row.login else "no-login", "login", login=row.login)
    status = log_in_refusal(row.customer_status, Standing.ACTIVE)
    yield _rule("customer", status, str(row.customer_status), customer=row.customer_name)
    if row.kind is Kind.INDIVIDUAL:
        zone = in_force(row, "time_zone", row.gateway_time_zone).value
        standing = log_in_refusal(None, standing_of(row, now))
        yield _rule("individual", standing, "active", since=row.activates_on, until=row.expires_on, zone=zone)
    yield _networks(row, arrival.address, now)
    yield _attempts(arrival)
    yield _password(row, now)
    yield _second_factor(row, now)


def _networks(row: Any, address: str | None, now: datetime) -> Rule:
    provider, own = networks.provider_in_force(row), row.own_networks
    about = {"address": address, "customer": row.customer_name, "provider": provider, "own": own}
    if not provider and not own:
        return _rule("networks", None, "anywhere", **about)
    for listed, over in ((provider, "network-over"), (own, "network-own-over")):
        if not networks.ever_admits(listed, now):
            return _rule("networks", over, "", **about)
    if address is None:
        return _rule("networks", None, "listed", **about)
    outside = None
    if not networks.admitted(row, address, now):
        outside = "network-own" if networks.admits(provider, address, now) else "network"
    return _rule("networks", outside, "inside", **about)


def _attempts(arrival: Arrival) -> Rule:
    """Say whether they have to wait: from their address, or wherever they come from. Who waits elsewhere is named."""
    until = {one.counted: one.until for one in arrival.waiting}
    here = throttle.source_of(arrival.address) if arrival.address else None
    elsewhere = [one.source for one in arrival.waiting if one.counted == Counted.PAIR and one.source != here]
    wait_until = arrival.wait_until or until.get(Counted.LOGIN)
    about = {"until": wait_until, "elsewhere": elsewhere or None, "known": until.get(Counted.DEVICE)}
    return _rule("attempts", "throttled" if wait_until else None, "none", **about)


def _password(row: Any, now: datetime) -> Rule:
    if not row.has_passkey:
        if row.password_hash is None:
            return _rule("password", "no-password", "")
        if lapsed(row, now):
            return _rule("password", "password-unused", "")
    if must_change(row, now):
        due = "password-must-change" if row.password_must_change else "password-old"
        return Rule("password", Verdict.STEP, due, {"class": row.class_name})
    return _rule("password", None, "passkey" if row.password_hash is None else "set")


def _second_factor(row: Any, now: datetime) -> Rule:
    factor = second_factor.of_row(row)
    origin = in_force(row, "second_factor", None).origin if factor.required else "chosen"
    about = {"origin": str(origin), "customer": row.customer_name, "class": row.class_name}
    if factor.due(passed=False) == "code" and not factor.passkey:
        if row.codes_locked_at is not None:
            return _rule("second-factor", "codes-locked", "", **about)
        usable_from = datetime.fromtimestamp(wrong_codes.usable_from(row.wrong_codes or ()), UTC)
        if usable_from > now:
            return _rule("second-factor", "codes-wait", "", until=usable_from, **about)
    if factor.due(passed=True) == "enrol":
        return Rule("second-factor", Verdict.STEP, "passkey" if factor.lacks_passkey else "enrol", about)
    return _rule("second-factor", None, "asked" if factor.asked else "not-asked", **about)


def _rights(row: Any, has: Has, place: Place) -> Iterator[Rule]:
    doors = {closed(has.levels, (), has.off, place.slug, node, Level.VIEW) for node in place.nodes}
    yield _rule("portal", "portal-off" if "portal_off" in doors else None, "on")
    yield from _role(row, has, place, _opens(has, place))
    yield Rule("ceilings", Verdict.PASSES, "none")
    if place.up is not None:
        yield _rule("up", None if place.up else "portal-down", "answers")


def _role(row: Any, has: Has, place: Place, opens: bool) -> Iterator[Rule]:
    """Say of role, portal view and page which of them it is, once the guard's own answer is known."""
    fault = role_fault(row.kind, row.role_id, row.allowed_role_id is not None)
    about = {"role": row.role_name, "customer": row.customer_name}
    if fault == "missing" and row.assigned_role_id is not None:
        fault = "gone"
    is_default = fault is None and row.role_id == DEFAULT_ROLE[Realm.SELF_CARE]
    for_oneself = all(place.structure.nodes[node].own for node in place.nodes)
    if fault is not None and not opens:
        yield _rule("role", f"role-{fault}", "", **about)
        yield Rule("view", Verdict.UNASKED, "")
        yield Rule("page", Verdict.UNASKED, "")
        return
    yield _rule("role", None, "unneeded" if fault is not None else "default" if is_default else "given", **about)
    view = has.views.get(place.slug)
    if is_default or for_oneself or fault is not None:
        yield _rule("view", None, "default" if is_default else "own")
    else:
        stops = "no-view" if view is None and not opens else None
        yield _rule("view", stops, "view" if view else "own", view=view.name if view else "", **about)
        if stops:
            yield Rule("page", Verdict.UNASKED, "")
            return
    yield _page(row, has, place, view, is_default)


def _page(row: Any, has: Has, place: Place, view: View | None, is_default: bool) -> Rule:
    if place.node is None:
        return _rule("page", None if _opens(has, place) else "no-page", "some-page")
    level = level_at(has.levels, (), place.slug, place.node)
    own = {key: Level.of(word) for key, word in view.levels.items()} if view else {}
    decider = place.structure.decider(own, place.node)
    about = {"level": level, "decider": decider, "node": place.node, "customer": row.customer_name}
    if level > Level.FORBIDDEN:
        is_own = place.structure.nodes[place.node].own
        reason = "default" if is_default else "own" if is_own else "self" if decider == place.node else "above"
        return _rule("page", None, reason, **about)
    given = Level.FULL if is_default else own.get(decider, Level.FORBIDDEN)
    if given > Level.FORBIDDEN and (place.slug, place.node) == (SELF_CARE, INDIVIDUALS):
        return _rule("page", "nothing-to-hand-out", "", **about)
    return _rule("page", "forbidden" if decider in own else "unset", "", **about)


def _opens(has: Has, place: Place) -> bool:
    return any(level_at(has.levels, (), place.slug, node) > Level.FORBIDDEN for node in place.nodes)


def _rule(name: str, stops: str | None, passes: str, **about: Any) -> Rule:
    """Return a rule that stops for a reason, or (None) passes for another."""
    return Rule(name, Verdict.STOPS if stops else Verdict.PASSES, stops or passes, about)
