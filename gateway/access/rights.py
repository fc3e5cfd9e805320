"""What each role gives, compiled once for each version of it and kept in memory."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType

from sqlalchemy import Connection, bindparam, select

from gateway.access.doors import Doors
from gateway.access.external import External, externals
from gateway.access.levels import Level
from gateway.access.models import DEFAULT_ROLE, PortalState, PortalView
from gateway.access.structure import Structure
from gateway.i18n.preferences import Preferences
from gateway.identity.models import Gateway, Realm

_VIEWS = select(PortalView.portal, PortalView.levels, PortalView.doors).where(
    PortalView.role_id == bindparam("role_id")
)
_GATEWAY = select(Gateway.__table__).where(Gateway.id == 1)
_OFF = select(PortalState.slug).where(PortalState.enabled.is_(False))


class Compiled(dict[str, Mapping[str, Level]]):
    """The levels of one version of a role. Never changed, so what is made of it can be kept under it.

    `doors` are, by slug, the addresses where this role enters portals elsewhere by doors of its own.
    """

    doors: Mapping[str, Doors] = MappingProxyType({})

    def further(self, slug: str) -> list[str]:
        """Return the names of the further views of a portal elsewhere."""
        return [name for name in self.doors.get(slug, {}) if name]

    __hash__ = object.__hash__  # type: ignore[assignment]


NOTHING = Compiled()
KEPT = 4096
SELF_CARE, INDIVIDUALS = "self-care", "individuals"


@lru_cache(maxsize=KEPT)
def without_individuals(levels: Compiled) -> Compiled:
    """Return levels without the individuals of the self-care portal, kept like the levels themselves."""
    own = levels.get(SELF_CARE, {})
    if INDIVIDUALS not in own:
        return levels
    made = Compiled({**levels, SELF_CARE: {**own, INDIVIDUALS: Level.FORBIDDEN}})
    made.doors = levels.doors
    return made


@dataclass(frozen=True, slots=True)
class Defaults:
    """The gateway's defaults, as of one version: preferences, limits in minutes, what is switched off."""

    preferences: Preferences
    admin_idle_minutes: int
    admin_absolute_minutes: int
    idle_minutes: int
    absolute_minutes: int
    portals_off: frozenset[str]
    support_access: bool
    admin_second_factor: bool


@dataclass(frozen=True, slots=True)
class _Drawn:
    """The structures as they stand, and what was worked out from them: replaced as a whole when one changes."""

    externals: Mapping[str, External]
    structures: Mapping[Realm, Mapping[str, Structure]]
    full: Mapping[Realm, Compiled]
    own: Mapping[Realm, Compiled]
    compiled: dict[tuple[str, int], Compiled]


def _drawn(structures: Mapping[Realm, Mapping[str, Structure]], externals: Mapping[str, External]) -> _Drawn:
    elsewhere = {slug: external.structure for slug, external in externals.items()}
    both = {**structures, Realm.SELF_CARE: {**elsewhere, **structures.get(Realm.SELF_CARE, {})}}
    full = {
        realm: Compiled({slug: dict.fromkeys(structure.nodes, Level.FULL) for slug, structure in portals.items()})
        for realm, portals in both.items()
    }
    own = {realm: _resolved(both.get(realm, {}), {}) for realm in Realm}
    return _Drawn(externals, both, full, own, {})


def _resolved(portals: Mapping[str, Structure], views: Mapping[str, Mapping[str, Level]]) -> Compiled:
    return Compiled({slug: structure.levels(views.get(slug, {})) for slug, structure in portals.items()})


class Rights:
    """The levels of every role over the structures of one process and of the portals elsewhere, and the gateway's
    defaults.
    """

    def __init__(self, structures: Mapping[Realm, Mapping[str, Structure]]) -> None:
        self._declared = structures
        self._drawn = _drawn(structures, {})
        self._defaults: tuple[int, Defaults] | None = None

    @property
    def externals(self) -> Mapping[str, External]:
        """Return the portals elsewhere by slug, as of the last version of the gateway that was seen."""
        return self._drawn.externals

    def resolve(self, realm: Realm, views: Mapping[str, Mapping[str, Level]]) -> Compiled:
        """Resolve portal views (slug to node key to own level) over the structures of `realm`."""
        return _resolved(self._drawn.structures.get(realm, {}), views)

    def full(self, realm: Realm) -> Compiled:
        """Return what the default role of a realm gives: everything."""
        return self._drawn.full.get(realm, NOTHING)

    def none(self, realm: Realm) -> Compiled:
        """Return what somebody without a valid role has: their own pages, where there are such, and nothing else."""
        return self._drawn.own[realm]

    def of(self, reader: Connection, realm: Realm, role_id: str, version: int) -> Compiled:
        """Return the levels of a role of `realm` at `version`; reads its portal views the first time."""
        if role_id == DEFAULT_ROLE[realm]:
            return self.full(realm)
        drawn = self._drawn
        levels = drawn.compiled.get((role_id, version))
        if levels is None:
            found = reader.execute(_VIEWS, {"role_id": role_id}).all()
            views = {row.portal: {key: Level.of(word) for key, word in row.levels.items()} for row in found}
            levels = _resolved(drawn.structures.get(realm, {}), views)
            levels.doors = {row.portal: row.doors for row in found if row.doors}
            if len(drawn.compiled) >= KEPT:
                drawn.compiled.clear()
            drawn.compiled[role_id, version] = levels
        return levels

    def refresh(self, reader: Connection) -> None:
        """Read the gateway's defaults and the portals elsewhere as they stand now."""
        self.defaults(reader, -1)

    def defaults(self, reader: Connection, version: int) -> Defaults:
        """Return the gateway's defaults at `version`; reads them, and the portals elsewhere, when it has moved."""
        if self._defaults is None or self._defaults[0] != version:
            row = reader.execute(_GATEWAY).one()
            off = frozenset(reader.execute(_OFF).scalars())
            preferences = Preferences(
                language=row.language,
                time_zone=row.time_zone,
                output_date=row.output_date_format,
                output_time=row.output_time_format,
                input_date=row.input_date_format,
                input_time=row.input_time_format,
            )
            found = externals(reader)
            if found != self._drawn.externals:
                self._drawn = _drawn(self._declared, found)
            limits = (row.admin_idle_minutes, row.admin_absolute_minutes, row.idle_minutes, row.absolute_minutes)
            switches = (row.support_access, row.admin_second_factor)
            self._defaults = (row.version, Defaults(preferences, *limits, off, *switches))
        return self._defaults[1]
