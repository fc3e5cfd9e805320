"""Whoever makes the present request: the subject, whose rights and data, and the actor, who is really there."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from gateway.access.delegation import Levels
from gateway.access.levels import Level, under
from gateway.access.rights import Compiled
from gateway.i18n.preferences import Preferences
from gateway.identity.models import CustomerStatus, Kind, Mode, Realm, Scope, SupportAccess


def level_at(levels: Levels, ceilings: Collection[Level], portal: str, node: str) -> Level:
    """Return what counts at a node: the least of the level that a role gives and of every ceiling."""
    return under(levels.get(portal, {}).get(node, Level.FORBIDDEN), ceilings)


def closed(
    levels: Levels, ceilings: Collection[Level], off: Collection[str], portal: str, node: str, needs: Level
) -> str | None:
    """Return why a node is closed to whoever needs a level there, or None: asked at every door and by the explainer.

    `portal_off`: the portal is among those that are `off`; `forbidden`; `view_only`: the level there is too low.
    """
    if portal in off:
        return "portal_off"
    level = level_at(levels, ceilings, portal, node)
    if level is Level.FORBIDDEN:
        return "forbidden"
    return "view_only" if level < needs else None


@dataclass(frozen=True, slots=True)
class Actor:
    """The administrator who acts for somebody, with levels of their own in the admin realm and a zone of their own."""

    id: str
    name: str
    login: str
    levels: Levels
    time_zone: str


@dataclass(frozen=True, slots=True)
class Visit:
    """An acting session. `until` is when it ends at the latest. `emergency`: without the customer's consent."""

    handle: str
    mode: Mode
    view_only: bool
    emergency: bool
    reason: str | None
    until: datetime
    launch_id: str
    return_to: str
    parent_key: bytes


@dataclass(frozen=True, slots=True)
class Visitor:
    """A frozen value, resolved once a request and passed along.

    `started_at` is when whoever is at the keyboard logged in, `methods` how they proved who they are (RFC 8176);
    `class_support` what the customer's class asks of staff. Of an administrator, `alarms`: whether one is open;
    `unproved`: a second factor is asked of them, and they showed none.
    """

    session_id: str
    session_key: bytes
    scope: Scope
    realm: Realm
    id: str
    kind: Kind
    name: str
    login: str
    customer_id: str | None
    customer_name: str | None
    customer_status: CustomerStatus | None
    role_id: str | None
    role_name: str | None
    levels: Compiled
    ceilings: tuple[Level, ...]
    portals_off: frozenset[str]
    preferences: Preferences
    started_at: datetime
    last_seen_at: datetime
    proved_at: datetime | None
    methods: tuple[str, ...]
    support_access: bool
    alarms: bool = False
    unproved: bool = False
    class_support: SupportAccess | None = None
    actor: Actor | None = None
    visit: Visit | None = None

    def level(self, portal: str, node: str) -> Level:
        """Return the level that counts at a node: the one answer behind menus, buttons, doors and claims."""
        return level_at(self.levels, self.ceilings, portal, node)

    def closed(self, portal: str, node: str, needs: Level) -> str | None:
        """Return why a node is closed to this visitor, as `closed` does."""
        return closed(self.levels, self.ceilings, self.portals_off, portal, node, needs)

    def portal_levels(self, portal: str) -> Mapping[str, Level]:
        """Return the level that counts at every node of a portal."""
        levels = self.levels.get(portal, {})
        return {node: under(level, self.ceilings) for node, level in levels.items()} if self.ceilings else levels

    def minutes_left(self, now: datetime) -> int:
        """Return the whole minutes until a visit ends at the latest, rounded up; 0 outside a visit."""
        if self.visit is None:
            return 0
        return max(0, -(-(self.visit.until - now) // timedelta(minutes=1)))
