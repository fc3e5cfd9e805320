"""Events of the record for pages: told in the reader's words, to staff in full, to customers what concerns them."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from gateway.access.external import External
from gateway.access.named import named
from gateway.access.roles import called
from gateway.audit import telling, words
from gateway.audit.forgetting import is_forgotten
from gateway.audit.visits import Visit
from gateway.db import AnyRow
from gateway.i18n.catalog import gettext as _
from gateway.i18n.formats import Formats
from gateway.portal.registry import Registry, registry
from gateway.web import current


@dataclass(frozen=True, slots=True)
class Teller:
    """Tells events; `names` are those of everybody and everything in them."""

    names: Mapping[str, str]
    portals: Registry
    f: Formats
    to_customers: bool

    def title(self, event: str) -> str:
        """Return what an event is called."""
        return words.title(event, self.portals.events)

    def facts(self, row: AnyRow) -> list[telling.Fact]:
        """Return what an event tells."""
        return telling.facts(row.event, row.details, self.names, self.portals.details, self.f, self._only(row.event))

    def forgotten(self, row: AnyRow) -> bool:
        """Tell whether what an event told is no longer kept."""
        return is_forgotten(row)

    def changes(self, visit: Visit) -> list[AnyRow]:
        """Return what was changed in a visit, as far as customers are shown."""
        return visit.changes(self.portals.events)

    def portal(self, slug: str | None) -> str:
        """Return what a portal is called; an unknown one by its slug, none by a dash."""
        found = self.portals.portals.get(slug or "")
        return _(found.title) if found else slug or "–"

    def elsewhere(self, visit: Visit) -> bool:
        """Tell whether a visit entered a portal elsewhere, whose changes are on no record of ours."""
        outside = isinstance(self.portals.portals.get(visit.portal or ""), External)
        return outside or any(row.event == "external.entered" for row in visit.inside)

    def role(self, visit: Visit) -> str:
        """Return the role that a visit worked with."""
        if visit.mode == "full":
            return _("Default role")
        if visit.forgotten:
            return _("no longer kept")
        return called(visit.role) if visit.role else _("not noted")

    def _only(self, event: str) -> Collection[str] | None:
        if not self.to_customers:
            return None
        return self.portals.details.keys() | {"name"} if event in self.portals.events else words.FIELDS_SHOWN


def teller(
    rows: Iterable[AnyRow], visits: Iterable[Visit], *, to_customers: bool = False, more: Iterable[str] = ()
) -> Teller:
    """Return what tells these events and visits; their names, and those of the ids in `more`, take one statement."""
    ids: set[Any] = set(more)
    visits = list(visits)
    for visit in visits:
        ids |= {visit.actor_id, visit.subject_id}
    for row in [*rows, *(row for visit in visits for row in visit.inside)]:
        ids |= {row.actor_id, row.subject_id, *telling.ids_in(row.details)}
    names = named(current.reader(), sorted(ids - {None}))
    return Teller(names, registry(), current.formats(), to_customers)
