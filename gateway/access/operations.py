"""What can be done with roles and portals."""

from collections.abc import Mapping, Sequence

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session as Work
from sqlalchemy.orm.attributes import flag_modified

from gateway.access.doors import Doors
from gateway.access.models import AllowedRole, PortalState, PortalView, Role
from gateway.audit.operations import record
from gateway.db import new_id
from gateway.errors import Forbidden, Invalid, NotFound, Stale
from gateway.i18n.catalog import N_
from gateway.identity.concerning import concerning
from gateway.identity.logins import canonical
from gateway.identity.models import Gateway, Identity, Kind, Realm


def set_portal_view(work: Work, role_id: str, portal: str, levels: Mapping[str, str]) -> None:
    """Give a role these levels (node key to word) in a portal, none for an empty mapping; acts at the next request.

    Raises `NotFound` for an unknown role and `Forbidden` for a default role, which is not edited.
    """
    role = _editable(work, role_id)
    changed = _write_view(work, role, portal, levels, None)
    if changed:
        role.version += 1
        record(work, "role.changed", role=role.id, before={portal: changed[0]}, after={portal: changed[1]})


def save_role(
    work: Work,
    role_id: str,
    version: str,
    name: str,
    description: str,
    views: Mapping[str, Mapping[str, str]],
    known: Mapping[str, Sequence[str]],
    doors: Mapping[str, Doors],
) -> None:
    """Save a role: its name, what it is for, and its levels in several portals (slug to node key to word).

    `known` are the nodes that each portal has now, `doors` this role's own to some of those that live elsewhere (empty:
    it enters where everybody does); of others they stay as they are. Raises as `set_portal_view` does, `Stale` when the
    role has changed since `version` was shown, and `Invalid` for a name that is taken.
    """
    role = _editable(work, role_id)
    if str(role.version) != version:
        raise Stale
    before: dict[str, object] = {}
    after: dict[str, object] = {}
    for field, value in (("name", name), ("description", description)):
        if getattr(role, field) != value:
            before[field], after[field] = getattr(role, field), value
            setattr(role, field, value)
    role.name_key = canonical(name)
    role.version += 1
    _taken_unless_flushed(work)
    for portal, levels in views.items():
        if changed := _write_view(work, role, portal, levels, known.get(portal), doors.get(portal)):
            before[portal], after[portal] = changed
    if before:
        record(work, "role.changed", role=role.id, before=before, after=after)


def create_role(
    work: Work,
    realm: Realm,
    name: str,
    description: str,
    views: Mapping[str, Mapping[str, str]],
    known: Mapping[str, Sequence[str]],
    doors: Mapping[str, Doors] | None = None,
) -> str:
    """Make a role with these levels, and doors of its own to portals elsewhere (`doors`); return its id.

    Raises `Invalid` for a name that is taken in its realm.
    """
    role = Role(id=new_id(), realm=realm, name=name, description=description)
    work.add(role)
    _taken_unless_flushed(work)
    for portal, levels in views.items():
        _write_view(work, role, portal, levels, known.get(portal), (doors or {}).get(portal))
    record(work, "role.created", role=role.id, name=name, realm=realm, after={**views}, doors=doors or None)
    return role.id


def delete_role(work: Work, role_id: str, version: str, move_to: str | None) -> None:
    """Delete a role. Whoever holds it gets `move_to`, and customers may hand that out where they could this one.

    Raises `NotFound`, `Forbidden` for a default role, `Stale`, and `Invalid` when it is in use and there is nowhere to
    move to, or not to a role of the same realm; a default role is for customers and administrators only.
    """
    role = _editable(work, role_id)
    if str(role.version) != version:
        raise Stale
    held = select(Identity.id).where(Identity.role_id == role_id)
    allowed = work.scalars(select(AllowedRole.customer_id).where(AllowedRole.role_id == role_id)).all()
    holders = work.scalar(select(func.count()).select_from(held.subquery())) or 0
    if (holders or allowed) and move_to is None:
        raise Invalid({"move_to": [N_("This role is in use. Choose the role that takes its place.")]})
    if move_to is not None:
        target = work.get(Role, move_to)
        if target is None or target.realm is not role.realm or target is role:
            raise Invalid({"move_to": [N_("Choose another role of the same realm.")]})
        individuals = work.scalar(select(held.where(Identity.kind == Kind.INDIVIDUAL).exists()))
        if target.is_default and (individuals or allowed):
            raise Invalid({"move_to": [N_("A default role cannot be handed to individuals.")]})
        for customer_id in allowed:
            if work.get(AllowedRole, (customer_id, move_to)) is None:
                work.add(AllowedRole(customer_id=customer_id, role_id=move_to))
        work.flush()
        moved = {"role_id": move_to, "version": Identity.version + 1}
        work.execute(update(Identity).where(Identity.role_id == role_id).values(moved))
    work.execute(delete(AllowedRole).where(AllowedRole.role_id == role_id))
    work.execute(delete(PortalView).where(PortalView.role_id == role_id))
    before = {"name": role.name, "realm": str(role.realm)}
    work.delete(role)
    work.flush()
    record(work, "role.deleted", role=role_id, before=before, moved_to=move_to, holders=holders)


def _editable(work: Work, role_id: str) -> Role:
    role = work.scalars(select(Role).where(Role.id == role_id).with_for_update()).one_or_none()
    if role is None:
        raise NotFound
    if role.is_default:
        raise Forbidden(N_("A default role is not editable."))
    return role


def _taken_unless_flushed(work: Work) -> None:
    try:
        work.flush()
    except IntegrityError as error:
        raise Invalid({"name": [N_("Another role of this realm has this name.")]}) from error


def _write_view(
    work: Work,
    role: Role,
    portal: str,
    levels: Mapping[str, str],
    known: Sequence[str] | None,
    doors: Doors | None = None,
) -> tuple[dict[str, str], dict[str, str]] | None:
    """Write one portal view; return what was there and what is there now, or None where nothing changed.

    Empty `doors` take away those of its own; None leaves them as they are.
    """
    view = work.scalars(
        select(PortalView).where(PortalView.role_id == role.id, PortalView.portal == portal)
    ).one_or_none()
    before, after = dict(view.levels) if view else {}, dict(levels)
    held = (view.doors if view else None) or {}
    wanted = held if doors is None else doors
    own = {name: url for name, url in wanted.items() if url and levels}
    if view is not None and known is not None:
        view.known = list(known)
    same_doors = list(held.items()) == list(own.items())
    if before == after and same_doors:
        return None
    if view is not None and not levels:
        work.delete(view)
    elif view is not None:
        view.levels, view.doors = after, own or None
        flag_modified(view, "doors")  # Another order alone would not be written.
    elif levels:
        nodes = None if known is None else list(known)
        made = PortalView(role_id=role.id, portal=portal, name=role.name, levels=after, known=nodes, doors=own or None)
        work.add(made)
    if not same_doors:
        before = {**before, **{f"@{name}": url for name, url in held.items()}}
        after = {**after, **{f"@{name}": url for name, url in own.items()}}
    return before, after


def ensure_role(work: Work, realm: Realm, name: str, description: str) -> str:
    """Return the id of the role of that name, made if there is none."""
    found = work.scalars(select(Role.id).where(Role.realm == realm, Role.name_key == canonical(name))).one_or_none()
    if found is not None:
        return found
    role = Role(id=new_id(), realm=realm, name=name, description=description)
    work.add(role)
    work.flush()
    record(work, "role.created", role=role.id, name=name)
    return role.id


def allow_role(work: Work, customer_id: str, role_id: str) -> None:
    """Let a customer hand a self-care role to its individuals; a default role is never one of them.

    Raises `NotFound` for a role of the other realm or none, `Forbidden` for a default role.
    """
    role = work.get(Role, role_id)
    if role is None or role.realm is not Realm.SELF_CARE:
        raise NotFound
    if role.is_default:
        raise Forbidden(N_("A default role cannot be handed out."))
    if work.get(AllowedRole, (customer_id, role_id)) is None:
        work.add(AllowedRole(customer_id=customer_id, role_id=role_id))
        record(work, "allowed_role.added", of=concerning(work, work.get_one(Identity, customer_id)), role=role_id)


def disallow_role(work: Work, customer_id: str, role_id: str, move_to: str | None) -> None:
    """Take a role from those that a customer may hand out; individuals who hold it get `move_to` in the same step.

    Raises `NotFound` if it is not among them, and `Invalid` when somebody holds it and there is nowhere to move to, or
    to a role that the customer may not hand out either.
    """
    allowed = work.get(AllowedRole, (customer_id, role_id), with_for_update=True)
    if allowed is None:
        raise NotFound
    held = (Identity.customer_id == customer_id) & (Identity.kind == Kind.INDIVIDUAL) & (Identity.role_id == role_id)
    holders = work.scalars(select(Identity.id).where(held)).all()
    if holders and (move_to is None or move_to == role_id or work.get(AllowedRole, (customer_id, move_to)) is None):
        raise Invalid({"move_to": [N_("Individuals hold this role. Choose another of the allowed roles for them.")]})
    if holders:
        work.execute(update(Identity).where(held).values(role_id=move_to, version=Identity.version + 1))
    work.delete(allowed)
    about = concerning(work, work.get_one(Identity, customer_id))
    record(work, "allowed_role.removed", of=about, role=role_id, moved=list(holders), moved_to=move_to)


def set_portal_enabled(work: Work, slug: str, *, enabled: bool) -> None:
    """Switch a portal off or on for everybody; acts at the next request."""
    state = work.get(PortalState, slug)
    if state is None:
        work.execute(insert(PortalState).values(slug=slug, enabled=enabled))
    else:
        state.enabled = enabled
    work.execute(update(Gateway).where(Gateway.id == 1).values(version=Gateway.version + 1))
    record(work, "portal.on" if enabled else "portal.off", slug=slug)
