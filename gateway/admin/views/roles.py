"""Roles: what each gives in each portal, as a tree of levels."""

from collections.abc import Mapping
from dataclasses import dataclass

from flask import render_template, request
from werkzeug.wrappers import Response

from gateway.access import operations
from gateway.access import roles as queries
from gateway.access.delegation import excess
from gateway.access.levels import Level
from gateway.admin.portal import bp
from gateway.errors import Forbidden, Invalid
from gateway.i18n.catalog import N_
from gateway.i18n.catalog import gettext as _
from gateway.identity.models import Realm
from gateway.launch.views import registry
from gateway.portal.declaration import Portal
from gateway.web import current
from gateway.web.marks import belongs_to
from gateway.web.redirects import see_other

WORDS = {"forbidden": N_("Forbidden"), "view": N_("View only"), "full": N_("Full")}


@dataclass(frozen=True, slots=True)
class Line:
    """A node of the tree editor: its own level (empty: inherited) and what it inherits."""

    field: str
    title: str
    depth: int
    own: str
    inherited: str
    always: bool


@dataclass(frozen=True, slots=True)
class Tree:
    """A portal in the tree editor."""

    slug: str
    title: str
    icon: str
    hue: str
    lines: list[Line]


@bp.get("/roles")
@belongs_to("roles")
def roles() -> str:
    """List the roles of both realms with how many people hold each."""
    return render_template("admin/roles.html", roles=queries.roles(current.reader()))


@bp.get("/roles/<id>")
@belongs_to("roles")
def role(id: str) -> str:
    """Show what a role gives in each portal of its realm."""
    found = queries.role(current.reader(), id)
    views = queries.portal_views(current.reader(), id)
    return _page(found, views)


@bp.post("/roles/<id>")
@belongs_to("roles")
def save_role(id: str) -> Response:
    """Save the levels of a role; nobody edits an admin role beyond their own levels."""
    found = queries.role(current.reader(), id)
    before = queries.portal_views(current.reader(), id)
    after = {portal.slug: _typed(portal, before.get(portal.slug, {})) for portal in _portals(found.realm)}
    rights = current.house().rights
    if found.realm is Realm.ADMIN:
        for views in (before, after):
            levels = rights.resolve(Realm.ADMIN, {slug: _levels(words) for slug, words in views.items()})
            if excess(levels, current.visitor().levels):
                raise Forbidden(N_("Nobody gives rights, or edits a role with rights, beyond their own."), "beyond_own")
    work = current.writer()
    operations.set_portal_views(work, id, request.form.get("version", ""), after)
    work.commit()
    return see_other(f"/admin/roles/{id}?done=saved")


def _portals(realm: Realm) -> list[Portal]:
    return [portal for portal in registry().portals.values() if portal.realm is realm]


def _levels(words: Mapping[str, str]) -> dict[str, Level]:
    return {key: Level.of(word) for key, word in words.items()}


def _typed(portal: Portal, before: Mapping[str, str]) -> dict[str, str]:
    """Read the levels of one portal from the form: a field for each node, empty for inherited.

    What was set for a node that the portal does not have just now is kept: keys are stable, a node may come back.
    """
    levels = {key: word for key, word in before.items() if key and key not in portal.structure.nodes}
    for key in ("", *portal.structure.nodes):
        word = request.form.get(f"{portal.slug}:{key}", "")
        if word and word not in WORDS:
            raise Invalid({f"{portal.slug}:{key}": [N_("A level is full, view or forbidden.")]})
        if word:
            levels[key] = word
    return levels


def _page(found: queries.RoleRow, views: Mapping[str, Mapping[str, str]]) -> str:
    trees = []
    for portal in _portals(found.realm):
        own = views.get(portal.slug, {})
        resolved = portal.structure.levels(_levels(own))
        lines = [Line(f"{portal.slug}:", _("Everything in this portal"), 0, own.get("", ""), "forbidden", False)]
        for key, node in portal.structure.nodes.items():
            parent = key.rpartition(".")[0]
            inherited = resolved[parent].word if parent else own.get("", "forbidden")
            lines.append(
                Line(f"{portal.slug}:{key}", _(node.title), key.count(".") + 1, own.get(key, ""), inherited, node.own)
            )
        trees.append(Tree(portal.slug, _(portal.title), portal.icon, f"h{portal.hue}", lines))
    words = {word: _(title) for word, title in WORDS.items()}
    return render_template("admin/role.html", role=found, trees=trees, words=words)
