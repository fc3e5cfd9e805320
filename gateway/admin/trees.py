"""Roles as trees of levels: read from forms, laid out for pages, held to what the visitor may give."""

from collections.abc import Mapping
from dataclasses import dataclass

from flask import request

from gateway.access import doors
from gateway.access.delegation import Levels, excess
from gateway.access.external import External
from gateway.access.levels import Level
from gateway.access.roles import RoleRow, View
from gateway.errors import Forbidden, Invalid
from gateway.i18n.catalog import N_
from gateway.i18n.catalog import gettext as _
from gateway.identity.models import Realm
from gateway.portal.declaration import AnyPortal
from gateway.portal.registry import registry
from gateway.web import current

WORDS = {"forbidden": N_("Forbidden"), "view": N_("View only"), "full": N_("Full")}

Views = Mapping[str, Mapping[str, str]]
"""Portal slug to node key to the word of a level."""

Rows = Mapping[str, list[tuple[str, str]]]
"""Portal slug to the doors as typed: name and address."""


@dataclass(frozen=True, slots=True)
class Line:
    """A node of a tree: its own level (empty: inherited), what it inherits, and the level in force.

    `new`: the portal has gained this node since the role was saved.
    """

    field: str
    title: str
    depth: int
    own: str
    inherited: str
    in_force: str
    always: bool
    new: bool


@dataclass(frozen=True, slots=True)
class Door:
    """A view of a portal elsewhere at an address of its own, as typed, with what is wrong with it."""

    name: str
    url: str
    fault: doors.Fault | None


@dataclass(frozen=True, slots=True)
class Tree:
    """A portal with its lines; `open`: the role opens some of it.

    `doors` are the role's own to a portal elsewhere, as typed, the first where it enters; None for a portal of this
    process.
    """

    slug: str
    title: str
    icon: str
    hue: str
    lines: list[Line]
    open: bool
    new: bool
    doors: list[Door] | None


def portals_of(realm: Realm) -> list[AnyPortal]:
    """Return the portals that roles of a realm are about."""
    return [portal for portal in registry().portals.values() if portal.realm is realm]


def elsewhere() -> list[str]:
    """Return the slugs of the portals that live elsewhere."""
    return [portal.slug for portal in portals_of(Realm.SELF_CARE) if isinstance(portal, External)]


def nodes_of(realm: Realm) -> dict[str, list[str]]:
    """Return the node keys of every portal of a realm, by slug."""
    return {portal.slug: list(portal.structure.nodes) for portal in portals_of(realm)}


def levels_of(realm: Realm, views: Views) -> Levels:
    """Return what portal views give, at every node."""
    own = {slug: {key: Level.of(word) for key, word in words.items()} for slug, words in views.items()}
    return current.house().rights.resolve(realm, own)


def levels_of_role(found: RoleRow, views: Views) -> Levels:
    """Return what a role gives, at every node; a default role gives everything."""
    return current.house().rights.full(found.realm) if found.is_default else levels_of(found.realm, views)


def words_of(views: Mapping[str, View]) -> Views:
    """Return the levels of portal views alone."""
    return {slug: view.levels for slug, view in views.items()}


def hold_to_own(realm: Realm, *several: Levels) -> None:
    """Raise `Forbidden` if any of these admin roles gives more than the visitor has (ROL-06); asked on every path."""
    if realm is Realm.ADMIN and any(excess(levels, current.visitor().levels) for levels in several):
        raise Forbidden(N_("Nobody gives rights, or edits a role with rights, beyond their own."), "beyond_own")


def typed(realm: Realm, before: Views) -> dict[str, dict[str, str]]:
    """Read the levels from the form: a field for each node, empty for inherited.

    What was set for a node that its portal does not have just now is kept: keys are stable, a node may come back.
    Raises `Invalid` for a word that is no level.
    """
    return {portal.slug: _typed(portal, before.get(portal.slug, {})) for portal in portals_of(realm)}


def _typed(portal: AnyPortal, before: Mapping[str, str]) -> dict[str, str]:
    levels = {key: word for key, word in before.items() if key and key not in portal.structure.nodes}
    for key in ("", *portal.structure.nodes):
        word = request.form.get(f"{portal.slug}:{key}", "")
        if word and word not in WORDS:
            raise Invalid({f"{portal.slug}:{key}": [N_("A level is full, view or forbidden.")]})
        if word:
            levels[key] = word
    return levels


def typed_doors(realm: Realm) -> Rows:
    """Read the doors of a role to portals elsewhere from the form: names and addresses, the first without a name."""
    found = {}
    for portal in portals_of(realm):
        if isinstance(portal, External):
            names = ["", *request.form.getlist(f"{portal.slug}@name")]
            urls = [request.form.get(f"{portal.slug}@start", ""), *request.form.getlist(f"{portal.slug}@url")]
            rows = [(name.strip(), url.strip()) for name, url in zip(names, urls, strict=False)]
            found[portal.slug] = [rows[0], *(row for row in rows[1:] if any(row))]
    return found


def doors_of(rows: Rows) -> dict[str, doors.Doors]:
    """Return doors by slug, without the rows that were left empty."""
    return {slug: {name: url for name, url in typed if url} for slug, typed in rows.items()}


def are_good(rows: Rows, views: Views) -> bool:
    """Tell whether doors can be as they were typed."""
    return not any(doors.faults(typed, bool(views.get(slug))) for slug, typed in rows.items())


def trees(realm: Realm, views: Views, known: Mapping[str, View], rows: Rows | None = None) -> list[Tree]:
    """Lay levels out, a tree for each portal; `known` are the views as they were saved, `rows` the doors as typed."""
    resolved = levels_of(realm, views)
    return [
        _tree(portal, views.get(portal.slug, {}), resolved[portal.slug], known, rows)
        for portal in portals_of(realm)
        if portal.slug in resolved
    ]


def _tree(
    portal: AnyPortal,
    own: Mapping[str, str],
    resolved: Mapping[str, Level],
    known: Mapping[str, View],
    rows: Rows | None,
) -> Tree:
    saved = known.get(portal.slug)
    typed = doors.in_order((saved and saved.doors) or {}) if rows is None else rows.get(portal.slug, [])
    faults = doors.faults(typed, bool(own))
    own_doors = [Door(name, url, faults.get(place)) for place, (name, url) in enumerate(typed)]
    old = None if saved is None or saved.known is None else set(saved.known)
    root = own.get("", "forbidden")
    lines = [
        Line(f"{portal.slug}:", _("Everything in this portal"), 0, own.get("", ""), "forbidden", root, False, False)
    ]
    for key, node in portal.structure.nodes.items():
        parent = key.rpartition(".")[0]
        lines.append(
            Line(
                field=f"{portal.slug}:{key}",
                title=_(node.title),
                depth=key.count(".") + 1,
                own=own.get(key, ""),
                inherited=resolved[parent].word if parent else root,
                in_force=resolved[key].word,
                always=node.own,
                new=old is not None and key not in old,
            )
        )
    return Tree(
        portal.slug,
        _(portal.title),
        portal.icon,
        f"h{portal.hue}",
        lines,
        any(level > Level.FORBIDDEN for level in resolved.values()),
        any(line.new for line in lines),
        own_doors if isinstance(portal, External) else None,
    )
