"""All portals of one process: found, checked, mounted. A mistake in a declaration stops the start with a sentence."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import entry_points
from types import MappingProxyType

from flask import Flask, current_app, url_for
from werkzeug.routing import BuildError

from gateway.access.external import External
from gateway.access.levels import Level
from gateway.access.rights import Rights
from gateway.access.structure import Node, Structure
from gateway.errors import DeclarationError
from gateway.identity.models import Realm
from gateway.portal.declaration import AnyPortal, Portal
from gateway.web.marks import MARK, Mark

SLUG = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*\Z")


def discover() -> list[Portal]:
    """Return the portals that are installed, by the entry-point group `portico.portals`, in order of their titles."""
    portals = [point.load() for point in entry_points(group="portico.portals")]
    return sorted(portals, key=lambda portal: portal.title)


def registry() -> "Registry":
    """Return the portals of this process."""
    found: Registry = current_app.extensions["portico.registry"]
    return found


@dataclass(frozen=True, slots=True)
class Link:
    """A node that leads somewhere: its key, title, and path within the portal's realm."""

    key: str
    title: str
    path: str


class Registry:
    """The portals by slug, and for every endpoint the mark that the guard goes by.

    `own` are those of this process, `portals` all of them: those that live elsewhere come and go.
    """

    def __init__(self, portals: Sequence[Portal]) -> None:
        self.own: dict[str, Portal] = {}
        for portal in portals:
            if not SLUG.match(portal.slug):
                raise DeclarationError(f"the slug {portal.slug!r} should be lower-case words joined by hyphens")
            if portal.slug in self.own:
                raise DeclarationError(f"two portals are called {portal.slug!r}; a slug is for one portal only")
            if portal.hue not in range(1, 6):
                raise DeclarationError(f"the portal {portal.slug!r} has hue {portal.hue}; there are 1 to 5")
            portal.structure.nodes  # noqa: B018 - reading it checks the keys
            for event in portal.events:
                if not event.startswith(f"{portal.slug}."):
                    raise DeclarationError(f"the event {event!r} of {portal.slug!r} should begin with {portal.slug}.")
            self.own[portal.slug] = portal
        self.events = {code: title for portal in portals for code, title in portal.events.items()}
        self.details = {key: label for portal in portals for key, label in portal.details.items()}
        self.rights = Rights(self.structures())
        self._all: tuple[Mapping[str, External], Mapping[str, AnyPortal]] = ({}, self.own)
        self.marks: Mapping[str, Mark] = {}
        self.paths: Mapping[tuple[str, str], str] = {}

    @property
    def portals(self) -> Mapping[str, AnyPortal]:
        """Return every portal by slug, the console first."""
        externals = self.rights.externals
        if self._all[0] is not externals:
            elsewhere = {slug: found for slug, found in externals.items() if slug not in self.own}
            self._all = (externals, {**self.own, **elsewhere})
        return self._all[1]

    def structures(self) -> Mapping[Realm, Mapping[str, Structure]]:
        """Return the structures by realm and slug."""
        return {
            realm: {slug: portal.structure for slug, portal in self.own.items() if portal.realm is realm}
            for realm in Realm
        }

    def self_care(self) -> Iterator[AnyPortal]:
        """Yield the portals that customers and individuals may have."""
        return (portal for portal in self.portals.values() if portal.realm is Realm.SELF_CARE)

    def mount(self, app: Flask) -> None:
        """Register every portal's blueprint, then check that each view is marked and each page leads somewhere.

        Raises `DeclarationError` (POR-01).
        """
        for portal in self.own.values():
            app.register_blueprint(portal.blueprint, url_prefix=portal.prefix)
        self.marks = MappingProxyType(dict(self._read_marks(app)))
        with app.test_request_context():
            self.paths = MappingProxyType(dict(self._read_paths()))

    def first_path(self, portal: AnyPortal, levels: Mapping[str, Level]) -> str | None:
        """Return the path of the first page of a portal that may be looked at, or None.

        From the path of a portal elsewhere the way leads out.
        """
        if isinstance(portal, External):
            return f"{portal.prefix}/" if any(level > Level.FORBIDDEN for level in levels.values()) else None
        for key in portal.structure.nodes:
            if levels.get(key, Level.FORBIDDEN) > Level.FORBIDDEN and (path := self.paths.get((portal.slug, key))):
                return path
        return None

    def _read_marks(self, app: Flask) -> Iterator[tuple[str, Mark]]:
        by_blueprint = {portal.blueprint.name: portal for portal in self.own.values()}
        for endpoint, view in app.view_functions.items():
            mark: Mark | None = getattr(view, MARK, None)
            portal = by_blueprint.get(endpoint.partition(".")[0])
            if mark is None:
                where = f"the portal {portal.slug!r}" if portal else "the gateway"
                raise DeclarationError(
                    f'{where} has the view {endpoint!r} that belongs to no node; mark it with @belongs_to("…")'
                )
            if portal is None:
                for called in (mark.by_realm or {}).values():
                    self._check_called(endpoint, called)
                yield endpoint, mark
                continue
            if mark.node not in portal.structure.nodes:
                known = ", ".join(portal.structure.nodes)
                raise DeclarationError(
                    f"the view {endpoint!r} belongs to {mark.node!r}, which the portal {portal.slug!r} does not have; "
                    f"it has {known}"
                )
            yield endpoint, replace(mark, portal=portal.slug)

    def _check_called(self, endpoint: str, mark: Mark) -> None:
        portal = self.own[str(mark.portal)]
        if mark.node not in portal.structure.nodes:
            raise DeclarationError(
                f"the view {endpoint!r} takes the rights of {mark.node!r}, which {portal.slug!r} does not have"
            )

    def _read_paths(self) -> Iterator[tuple[tuple[str, str], str]]:
        for portal in self.own.values():
            for key, node in portal.structure.nodes.items():
                if node.endpoint is not None:
                    yield (portal.slug, key), self._path(portal, key, node)

    def _path(self, portal: Portal, key: str, node: Node) -> str:
        mark = self.marks.get(node.endpoint or "")
        if mark is None:
            raise DeclarationError(
                f"the node {key!r} of {portal.slug!r} leads to the endpoint {node.endpoint!r}, which no view has"
            )
        if mark.portal != portal.slug or mark.node != key:
            raise DeclarationError(
                f"the node {key!r} of {portal.slug!r} leads to {node.endpoint!r}, which belongs to {mark.node!r}"
            )
        try:
            return url_for(str(node.endpoint))
        except BuildError as error:
            raise DeclarationError(
                f"the node {key!r} of {portal.slug!r} leads to {node.endpoint!r}, whose address needs a value"
            ) from error
