"""Portals: which there are, on or off, and those that live elsewhere registered, changed and given their structure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask import render_template, request
from werkzeug.wrappers import Response

from gateway.access import external, structure_files
from gateway.access.external import External
from gateway.access.levels import Level
from gateway.access.operations import set_portal_enabled
from gateway.access.rights import SELF_CARE
from gateway.access.structure import Structure
from gateway.admin import trees
from gateway.admin.forms.portals import HUES, NewPortalForm, PortalForm, StructureForm
from gateway.admin.portal import bp
from gateway.db import AnyRow
from gateway.errors import Forbidden, Invalid, NotFound, Stale
from gateway.i18n.catalog import N_
from gateway.i18n.catalog import gettext as _
from gateway.identity import elsewhere
from gateway.oidc import keys
from gateway.portal.declaration import AnyPortal
from gateway.portal.registry import registry
from gateway.web import current
from gateway.web.marks import belongs_to, needs_recent
from gateway.web.redirects import see_other

SAMPLE = [{"key": "overview", "title": "Overview"}, {"key": "orders", "title": "Orders"}]


@dataclass(frozen=True, slots=True)
class Gain:
    """What a role gets at nodes that are new, or loses at those that go: (title, level before, level after)."""

    role: str
    nodes: list[tuple[str, str, str]]


@bp.get("/portals")
@belongs_to("portals")
def portals() -> str:
    """List the portals of customers, on or off, with the health of those that live elsewhere."""
    off = external.off(current.reader())
    shown = [(portal, _(portal.title), isinstance(portal, External)) for portal in registry().self_care()]
    return render_template("admin/portals.html", portals=shown, off=off)


@bp.get("/portals/new")
@belongs_to("portals")
def new_portal() -> str:
    """Show the form that registers a portal elsewhere, with the least structure as a sample."""
    form = NewPortalForm(_networks(), formdata=None, structure=structure_files.text_of(SAMPLE))
    return render_template("admin/portal_new.html", form=form)


@bp.post("/portals/new")
@belongs_to("portals")
@needs_recent
def create_portal() -> str | tuple[str, int]:
    """Register a portal elsewhere; the secret of its client is shown on the answering page, and never again."""
    form = NewPortalForm(_networks())
    valid = form.validate()
    pages = _pages(form)
    if not valid or pages is None:
        return render_template("admin/portal_new.html", form=form), 422
    work, now = current.writer(), current.now()
    try:
        secret = external.register(work, form.slug.data or "", form.registration, pages, list(registry().own), now)
    except Invalid as invalid:
        form.slug.errors = [_(text) for text in invalid.errors["slug"]]
        return render_template("admin/portal_new.html", form=form), 422
    keys.ensure(work, current.house().vault, now)
    work.commit()
    return _once(form.slug.data or "", secret)


@bp.get("/portals/<slug>")
@belongs_to("portals")
def portal(slug: str) -> str:
    """Show a portal: what is registered of one elsewhere, ready to be edited; the structure of any."""
    found = _portal(slug)
    if not isinstance(found, External):
        return _page(found, None, None)
    row = _row(slug)
    form = _form(row, formdata=None)
    form.keep_shown(_stored(row), row.version)
    return _page(found, row, form)


@bp.post("/portals/<slug>")
@belongs_to("portals")
@needs_recent
def save_portal(slug: str) -> str | tuple[str, int] | Response:
    """Save what is said of a portal elsewhere; it acts at everybody's next request."""
    row = _row(slug)
    form = _form(row)
    if not form.validate():
        return _page(_portal(slug), row, form), 422
    version = form.version_or(row.version)
    work = current.writer()
    try:
        secret = external.change(work, slug, version, form.registration)
    except Stale:
        work.rollback()
        return _stale(form, slug), 409
    work.commit()
    return _once(slug, secret) if secret else see_other(f"/admin/portals/{slug}?done=saved")


@bp.post("/portals/<slug>/enabled")
@belongs_to("portals")
def switch_portal(slug: str) -> Response:
    """Switch a portal on or off for everybody, at the next request."""
    if not any(found.slug == slug for found in registry().self_care()):
        raise NotFound
    enabled = request.form.get("enabled") == "y"
    if slug == SELF_CARE and not enabled:
        raise Forbidden(N_("Everybody's own pages stay on."), "own_pages")
    work = current.writer()
    set_portal_enabled(work, slug, enabled=enabled)
    work.commit()
    return see_other("/admin/portals?done=saved")


@bp.post("/portals/<slug>/secret")
@belongs_to("portals")
@needs_recent
def new_secret(slug: str) -> str:
    """Give the client of a portal another secret, shown on the answering page; the one before stops working."""
    row = _row(slug)
    work = current.writer()
    secret = external.new_client_secret(work, slug, row.version)
    work.commit()
    return _once(slug, secret)


@bp.get("/portals/<slug>/delete")
@belongs_to("portals")
def ask_to_delete_portal(slug: str) -> str:
    """Say what goes with a portal elsewhere, and ask."""
    return _deletion(_row(slug))


@bp.post("/portals/<slug>/delete")
@belongs_to("portals")
@needs_recent
def delete_portal(slug: str) -> tuple[str, int] | Response:
    """Take a portal elsewhere away, once that is confirmed; its sessions end, and its server is told."""
    row, form = _row(slug), request.form
    if form.get("confirm") != "y":
        return _deletion(row, _("Tick the box to confirm that this portal goes.")), 422
    work = current.writer()
    external.delete_portal(work, slug, form.get("version", 0, int), current.now())
    work.commit()
    return see_other("/admin/portals?done=deleted")


@bp.get("/portals/<slug>/structure")
@belongs_to("portals")
def structure(slug: str) -> str:
    """Show the structure of a portal elsewhere as JSON, to be replaced."""
    row = _row(slug)
    form = StructureForm(formdata=None, structure=structure_files.text_of(row.pages), version=row.version)
    return render_template("admin/portal_structure.html", portal=row, form=form, difference=None)


@bp.post("/portals/<slug>/structure")
@belongs_to("portals")
def save_structure(slug: str) -> str | tuple[str, int] | Response:
    """Read another structure and show what it changes and for whom; with `confirm=y` save it."""
    row, form = _row(slug), StructureForm()
    pages = _pages(form) if form.validate() else None
    if pages is None:
        return render_template("admin/portal_structure.html", portal=row, form=form, difference=None), 422
    if form.confirm.data != "y":
        before, after = (structure_files.structure_of(one) for one in (row.pages, pages))
        difference = structure_files.difference(before, after)
        gains = _gains(slug, before, after)
        return render_template(
            "admin/portal_structure.html", portal=row, form=form, difference=difference, gains=gains, titles=after.nodes
        )
    version = form.version_or(row.version)
    work = current.writer()
    external.set_pages(work, slug, version, pages)
    work.commit()
    return see_other(f"/admin/portals/{slug}?done=saved")


def _networks() -> Any:
    return current.house().settings.outbound_networks


def _portal(slug: str) -> AnyPortal:
    found = next((found for found in registry().self_care() if found.slug == slug), None)
    if found is None:
        raise NotFound
    return found


def _row(slug: str) -> AnyRow:
    row = external.client(current.reader(), slug)
    if row is None:
        raise NotFound
    return row


def _form(row: AnyRow, **given: Any) -> PortalForm:
    return PortalForm(_networks(), data=_stored(row), **given)


def _stored(row: AnyRow) -> dict[str, Any]:
    plain = {name: getattr(row, name) for name in ("title", "icon", "start_url", "logout_uri", "public")}
    lists = {name: "\n".join(getattr(row, name)) for name in ("redirect_uris", "post_logout_uris")}
    return {**plain, **lists, "hue": str(row.hue)}


def _stale(form: PortalForm, slug: str) -> str:
    """Show what others saved meanwhile, with what was typed kept."""
    row = _row(slug)
    stored = _stored(row)
    hue = dict(HUES)[stored["hue"]]
    words = {**stored, "hue": _(hue), "public": _("Yes") if row.public else _("No")}
    changed = form.catch_up(stored, row.version)
    return _page(_portal(slug), row, form, [(_(form[name].label.text), words[name] or "") for name in changed])


def _pages(form: Any) -> list[dict[str, Any]] | None:
    """Return the pages of the typed structure, or None with the faults beside the field."""
    try:
        return structure_files.read(form.structure.data or "")
    except structure_files.BadStructure as bad:
        form.structure.errors = bad.faults
        return None


def _page(
    found: AnyPortal,
    row: AnyRow | None,
    form: PortalForm | None,
    meanwhile: Sequence[tuple[str, str]] | None = None,
) -> str:
    notices = elsewhere.unconfirmed(current.reader(), found.slug) if row else []
    nodes = [(key.count("."), _(node.title), key) for key, node in found.structure.nodes.items()]
    return render_template(
        "admin/portal.html",
        portal=found,
        title=_(found.title),
        row=row,
        form=form,
        nodes=nodes,
        notices=notices,
        meanwhile=meanwhile,
    )


def _deletion(row: AnyRow, problem: str | None = None) -> str:
    reader = current.reader()
    return render_template(
        "admin/portal_delete.html",
        portal=row,
        roles=[name for name, _levels in external.views_of(reader, row.slug)],
        sessions=elsewhere.live(reader, row.slug),
        problem=problem,
    )


def _once(slug: str, secret: str | None) -> str:
    issuer = current.house().settings.base_url
    return render_template("admin/portal_secret.html", slug=slug, secret=secret, issuer=issuer)


def _gains(slug: str, before: Structure, after: Structure) -> list[Gain]:
    """Return what each role that opens the portal gets and loses by another structure."""
    words = {level: _(trees.WORDS[level.word]) for level in Level}
    gains = []
    for name, own in external.views_of(current.reader(), slug):
        levels = {key: Level.of(word) for key, word in own.items()}
        nodes = [
            (
                (after.nodes.get(key) or before.nodes[key]).title,
                "–" if was is None else words[was],
                "–" if now is None else words[now],
            )
            for key, was, now in structure_files.regraded(before, after, levels)
        ]
        gains.append(Gain(name, nodes))
    return gains
