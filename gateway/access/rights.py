"""What each role gives, compiled once for each version of it and kept in memory."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from sqlalchemy import Connection, bindparam, select

from gateway.access.levels import Level
from gateway.access.models import DEFAULT_ROLE, PortalState, PortalView
from gateway.access.structure import Structure
from gateway.i18n.preferences import Preferences
from gateway.identity.models import Gateway, Realm

_VIEWS = select(PortalView.portal, PortalView.levels).where(PortalView.role_id == bindparam("role_id"))
_GATEWAY = select(Gateway.__table__).where(Gateway.id == 1)
_OFF = select(PortalState.slug).where(PortalState.enabled.is_(False))


class Compiled(dict[str, Mapping[str, Level]]):
    """The levels of one version of a role. Never changed, so what is made of it can be kept under it."""

    __hash__ = object.__hash__  # type: ignore[assignment]


NOTHING = Compiled()
KEPT = 4096
SELF_CARE, INDIVIDUALS = "self-care", "individuals"


@lru_cache(maxsize=KEPT)
def without_individuals(levels: Compiled) -> Compiled:
    """Return levels without the individuals of the self-care portal, kept like the levels themselves."""
    own = levels.get(SELF_CARE, {})
    return Compiled({**levels, SELF_CARE: {**own, INDIVIDUALS: Level.FORBIDDEN}}) if INDIVIDUALS in own else levels


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


class Rights:
    """The levels of every role over the structures of one process, and the gateway's defaults."""

    def __init__(self, structures: Mapping[Realm, Mapping[str, Structure]]) -> None:
        self._structures = structures
        self._compiled: dict[tuple[str, int], Compiled] = {}
        self._defaults: tuple[int, Defaults] | None = None
        self._full = {
            realm: Compiled({slug: dict.fromkeys(structure.nodes, Level.FULL) for slug, structure in portals.items()})
            for realm, portals in structures.items()
        }
        self._own = {realm: self.resolve(realm, {}) for realm in Realm}

    def resolve(self, realm: Realm, views: Mapping[str, Mapping[str, Level]]) -> Compiled:
        """Resolve portal views (slug to node key to own level) over the structures of `realm`."""
        portals = self._structures.get(realm, {})
        return Compiled({slug: structure.levels(views.get(slug, {})) for slug, structure in portals.items()})

    def full(self, realm: Realm) -> Compiled:
        """Return what the default role of a realm gives: everything."""
        return self._full.get(realm, NOTHING)

    def none(self, realm: Realm) -> Compiled:
        """Return what somebody without a valid role has: their own pages, where there are such, and nothing else."""
        return self._own[realm]

    def of(self, reader: Connection, realm: Realm, role_id: str, version: int) -> Compiled:
        """Return the levels of a role of `realm` at `version`; reads its portal views the first time."""
        if role_id == DEFAULT_ROLE[realm]:
            return self.full(realm)
        levels = self._compiled.get((role_id, version))
        if levels is None:
            views = {
                slug: {key: Level.of(word) for key, word in words.items()}
                for slug, words in reader.execute(_VIEWS, {"role_id": role_id})
            }
            levels = self.resolve(realm, views)
            if len(self._compiled) >= KEPT:
                self._compiled.clear()
            self._compiled[role_id, version] = levels
        return levels

    def defaults(self, reader: Connection, version: int) -> Defaults:
        """Return the gateway's defaults at `version`; reads them when the version has moved."""
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
            limits = (row.admin_idle_minutes, row.admin_absolute_minutes, row.idle_minutes, row.absolute_minutes)
            self._defaults = (row.version, Defaults(preferences, *limits, off, row.support_access))
        return self._defaults[1]
