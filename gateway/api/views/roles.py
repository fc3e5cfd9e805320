"""Roles and their portal views, held to what the caller may give."""

from collections.abc import Mapping
from typing import Any

from flask import Response
from sqlalchemy import Connection
from sqlalchemy.orm import Session as Work

from gateway.access import doors, operations
from gateway.access import roles as queries
from gateway.access.levels import Level
from gateway.admin import trees
from gateway.api.blueprint import ETAG, bp
from gateway.api.schemas.common import ByName
from gateway.api.schemas.roles import MoveTo, NewRole, Role, RoleChange, Roles
from gateway.api.views.answering import (
    Answer,
    Body,
    Made,
    asked_version,
    changing,
    cursor_of,
    listed,
    no_body,
    once,
    tagged,
    with_cursor,
)
from gateway.errors import Invalid
from gateway.i18n.catalog import N_
from gateway.i18n.catalog import gettext as _
from gateway.identity.models import Realm
from gateway.web import current
from gateway.web.marks import serves

WORDS = [level.word for level in Level]


@bp.get("/roles", tags=["roles"])
@serves(console="roles")
@bp.arguments(ByName, location="query")
@bp.answers(Roles)
def roles(asked: dict[str, Any]) -> Body:
    """List the roles of both realms, the default role of each first."""
    reader = current.reader()
    return listed(with_cursor(lambda: queries.page(reader, asked["q"], cursor_of(asked), asked["limit"])), _item)


@bp.post("/roles", tags=["roles"])
@serves(console="roles")
@bp.makes(NewRole)
@bp.answers(Role, 201, headers=ETAG)
def create_role(given: dict[str, Any]) -> Response:
    """Make a role. Nobody makes one for administrators that gives more than they have."""
    realm, views, own_doors = given["realm"], given.get("views", {}), given.get("doors", {})
    _check(realm, views)
    _check_doors(realm, own_doors, views)

    def make(work: Work) -> Made:
        trees.hold_to_own(realm, trees.levels_of(realm, views))
        description = given.get("description", "")
        id = operations.create_role(work, realm, given["name"], description, views, trees.nodes_of(realm), own_doors)
        work.flush()
        body, version = _whole(work.connection(), id)
        return Made(body, {"ETag": f'"{version}"', "Location": f"/api/v1/roles/{id}"})

    return once(make)


@bp.get("/roles/<id>", tags=["roles"])
@serves(console="roles")
@bp.answers(Role, headers=ETAG)
def role(id: str) -> Answer:
    """Show a role with its portal views."""
    return _tagged(id)


@bp.patch("/roles/<id>", tags=["roles"])
@serves(console="roles")
@bp.changes(RoleChange)
@bp.answers(Role, headers=ETAG)
def change_role(given: dict[str, Any], id: str) -> Answer:
    """Change a role. It acts at the next request of whoever holds it."""
    row = queries.role(current.reader(), id)
    version, views, own_doors = asked_version(row.version), given.get("views", {}), given.get("doors", {})
    _check(row.realm, views)
    before = trees.words_of(queries.portal_views(current.reader(), id))
    _check_doors(row.realm, own_doors, {**before, **views})

    def change(work: Work) -> None:
        after = {**before, **views}
        trees.hold_to_own(row.realm, trees.levels_of(row.realm, before), trees.levels_of(row.realm, after))
        name, description = given.get("name", row.name), given.get("description", row.description)
        written = {slug: after[slug] for slug in {**views, **own_doors} if slug in after}
        operations.save_role(work, id, str(version), name, description, written, trees.nodes_of(row.realm), own_doors)

    work = current.writer()
    changing(change)(work)
    work.commit()
    return _tagged(id)


@bp.delete("/roles/<id>", tags=["roles"])
@serves(console="roles")
@bp.arguments(MoveTo, location="query")
@bp.answers(None)
def delete_role(asked: dict[str, Any], id: str) -> Response:
    """Delete a role.

    Whoever holds it gets the role `move_to` in the same step; without it, a role in use stays (422).
    """
    row, move_to, reader = queries.role(current.reader(), id), asked.get("move_to") or None, current.reader()

    def delete(work: Work) -> None:
        concerned = [trees.levels_of(row.realm, trees.words_of(queries.portal_views(reader, id)))]
        if move_to is not None:
            target = queries.role(reader, move_to)
            concerned.append(trees.levels_of_role(target, trees.words_of(queries.portal_views(reader, move_to))))
        trees.hold_to_own(row.realm, *concerned)
        operations.delete_role(work, id, str(row.version), move_to)

    work = current.writer()
    changing(delete)(work)
    work.commit()
    return no_body()


def _check(realm: Realm, views: Mapping[str, Mapping[str, str]]) -> None:
    """Raise `Invalid` for a portal, a page or a level that there is not."""
    nodes = trees.nodes_of(realm)
    faults: dict[str, list[str]] = {}
    for slug, levels in views.items():
        if slug not in nodes:
            faults[f"views.{slug}"] = [_("There is no such portal in this realm.")]
            continue
        for key, word in levels.items():
            if key and key not in nodes[slug]:
                faults[f"views.{slug}.{key}"] = [_("This portal has no such page.")]
            elif word not in WORDS:
                faults[f"views.{slug}.{key}"] = [N_("A level is full, view or forbidden.")]
    if faults:
        raise Invalid(faults)


def _check_doors(realm: Realm, own: Mapping[str, doors.Doors], views: Mapping[str, object]) -> None:
    """Raise `Invalid` for a door that is no address, or to a portal that has none or that the role says nothing of."""
    elsewhere = trees.elsewhere() if realm is Realm.SELF_CARE else ()
    if found := doors.faults_by_portal(own, elsewhere, views):
        raise Invalid({f"doors.{slug}": faults for slug, faults in found.items()})


def _tagged(id: str) -> Answer:
    return tagged(*_whole(current.reader(), id))


def _whole(reader: Connection, id: str) -> tuple[Body, int]:
    """Return a role with its views and doors, and its version."""
    row, views = queries.role(reader, id), queries.portal_views(reader, id)
    return {**_item(row), "views": trees.words_of(views), "doors": queries.doors_of(views)}, row.version


def _item(row: queries.RoleRow) -> Body:
    names = ("id", "realm", "name", "description", "is_default", "holders")
    return {name: getattr(row, name) for name in names}
