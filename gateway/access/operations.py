"""What can be done with roles and portals."""

from collections.abc import Mapping

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session as Work

from gateway.access.models import AllowedRole, PortalState, PortalView, Role
from gateway.audit.operations import record
from gateway.db import new_id
from gateway.errors import Forbidden, NotFound, Stale
from gateway.i18n.catalog import N_
from gateway.identity.models import Gateway, Realm


def set_portal_view(work: Work, role_id: str, portal: str, levels: Mapping[str, str]) -> None:
    """Give a role these levels (node key to word) in a portal, none for an empty mapping; acts at the next request.

    Raises `NotFound` for an unknown role and `Forbidden` for a default role, which is not edited.
    """
    _write_view(work, _editable(work, role_id), portal, levels)


def set_portal_views(work: Work, role_id: str, version: str, views: Mapping[str, Mapping[str, str]]) -> None:
    """Give a role these levels in several portals at once.

    Raises as `set_portal_view` does, and `Stale` when the role has changed since `version` was shown.
    """
    role = _editable(work, role_id)
    if str(role.version) != version:
        raise Stale
    for portal, levels in views.items():
        _write_view(work, role, portal, levels)


def _editable(work: Work, role_id: str) -> Role:
    role = work.scalars(select(Role).where(Role.id == role_id).with_for_update()).one_or_none()
    if role is None:
        raise NotFound
    if role.is_default:
        raise Forbidden(N_("A default role is not editable."))
    return role


def _write_view(work: Work, role: Role, portal: str, levels: Mapping[str, str]) -> None:
    view = work.scalars(
        select(PortalView).where(PortalView.role_id == role.id, PortalView.portal == portal)
    ).one_or_none()
    before = dict(view.levels) if view else {}
    if before == levels:
        return
    if view is not None and not levels:
        work.delete(view)
    elif view is not None:
        view.levels = dict(levels)
    else:
        work.add(PortalView(role_id=role.id, portal=portal, name=role.name, levels=dict(levels)))
    role.version += 1
    record(work, "role.changed", role=role.id, view=portal, before=before, after=dict(levels))


def ensure_role(work: Work, realm: Realm, name: str, description: str) -> str:
    """Return the id of the role of that name, made if there is none."""
    found = work.scalars(select(Role.id).where(Role.realm == realm, Role.name == name)).one_or_none()
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
        record(work, "allowed_role.added", customer=customer_id, role=role_id)


def set_portal_enabled(work: Work, slug: str, *, enabled: bool) -> None:
    """Switch a portal off or on for everybody; acts at the next request."""
    state = work.get(PortalState, slug)
    if state is None:
        work.execute(insert(PortalState).values(slug=slug, enabled=enabled))
    else:
        state.enabled = enabled
    work.execute(update(Gateway).where(Gateway.id == 1).values(version=Gateway.version + 1))
    record(work, "portal.on" if enabled else "portal.off", slug=slug)
