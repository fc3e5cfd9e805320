"""Pages of trusted networks, hung on self-care and on the console."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from flask import Blueprint, render_template, request
from werkzeug.wrappers import Response

from gateway.db import AnyRow
from gateway.errors import NotFound, Stale
from gateway.i18n.catalog import gettext as _
from gateway.identity import networks
from gateway.identity.models import NetworkList
from gateway.trust.forms import EntryForm, OwnListForm
from gateway.web import current
from gateway.web.marks import for_everyone_logged_in, needs_recent
from gateway.web.redirects import see_other

bp = Blueprint("trust", __name__)

OWN_IN_CONSOLE = "/admin/security/networks"

Answer = str | tuple[str, int] | Response
View = Callable[..., Answer]
Mark = Callable[[View], View]


@dataclass(frozen=True, slots=True)
class Place:
    """Whose list it is, which one, and where it is looked after: `url` is the page that shows it, `entries` the address
    under which its entries are. `hold` refuses whoever may look and not change.
    """

    identity_id: str
    which: NetworkList
    layout: str
    url: str
    entries: str
    crumbs: Sequence[tuple[str, str]] = ()
    hold: Callable[[], None] = lambda: None


def own_pages(bp: Blueprint, mark: Mark, path: str, place: Callable[[], Place]) -> None:
    """Hang the page of one's own list on a portal, under `path`, and the pages of its entries."""

    def show() -> Answer:
        return _show(place())

    def save() -> Answer:
        return _save(place())

    show.__doc__, save.__doc__ = _show.__doc__, _save.__doc__
    bp.add_url_rule(path, "networks", mark(show), methods=["GET"])
    bp.add_url_rule(path, "networks_save", needs_recent(mark(save)), methods=["POST"])
    entry_pages(bp, mark, path, "networks", place)


def entry_pages(bp: Blueprint, mark: Mark, path: str, name: str, place: Callable[..., Place]) -> None:
    """Hang the pages of a list's entries on a portal, under `path`; `place` gets what the path has besides."""

    def show(entry: str, **where: str) -> Answer:
        return _show_entry(place(**where), entry)

    def save(entry: str, **where: str) -> Answer:
        return _save_entry(place(**where), entry)

    show.__doc__, save.__doc__ = _show_entry.__doc__, _save_entry.__doc__
    bp.add_url_rule(f"{path}/<entry>", f"{name}_entry", mark(show), methods=["GET"])
    bp.add_url_rule(f"{path}/<entry>", f"{name}_entry_save", mark(save), methods=["POST"])


def _show(here: Place) -> Answer:
    """Show one's own list, the provider's beside it, and from where one is here now."""
    row, entries = _list(here)
    return _page(here, row, entries, OwnListForm(formdata=None, data=_stored(row, entries)))


def _save(here: Place) -> Answer:
    """Save one's own list; one that shuts out the present address wants a second yes (TIP-08)."""
    row, entries = _list(here)
    form = OwnListForm(data=_stored(row, entries))
    address, adding = current.address(), request.form.get("add") == "y"
    if not form.validate():
        return _page(here, row, entries, form), 422
    if adding and address is None:
        form.trusted_networks.errors = [_("Your address is unknown here, so it cannot be added.")]
        return _page(here, row, entries, form), 422
    wanted = list(dict.fromkeys([*form.trusted_networks.networks, *([address] if adding and address else [])]))
    until = {entry.network: entry.expires_at for entry in entries}
    listed = networks.kept((network, until.get(network)) for network in wanted)
    if not networks.admits(listed, address, current.now()) and not form.confirm.data:
        return _page(here, row, entries, form, shuts_out=True), 422
    version = row.version if form.version.data is None else form.version.data
    work = current.writer()
    try:
        networks.save_own(work, here.identity_id, version, wanted, current.now())
    except Stale:
        work.rollback()
        form.version.raw_data, form.version.data = None, row.version
        return _page(here, row, entries, form, meanwhile=True), 409
    work.commit()
    return see_other(f"{here.url}?done=saved")


def _show_entry(here: Place, id: str) -> Answer:
    """Show what is known of an entry."""
    entry = _entry(here, id)
    return _entry_page(here, entry, EntryForm(formdata=None, data=_known(entry)))


def _save_entry(here: Place, id: str) -> Answer:
    """Say what an entry is for, and until when it counts."""
    entry = _entry(here, id)
    form = EntryForm(data=_known(entry))
    form.offer(entry.expires_at)
    if not form.validate():
        return _entry_page(here, entry, form), 422
    here.hold()
    work = current.writer()
    until = form.expires_at(entry.expires_at)
    networks.change_entry(work, here.identity_id, here.which, id, form.note.data, until)
    work.commit()
    return see_other(f"{here.url}?done=saved")


def _list(here: Place) -> tuple[AnyRow, Sequence[AnyRow]]:
    reader = current.reader()
    return networks.holder(reader, here.identity_id), networks.on_list(reader, here.identity_id, here.which)


def _stored(row: AnyRow, entries: Sequence[AnyRow]) -> dict[str, object]:
    return {"trusted_networks": networks.as_text(entry.network for entry in entries), "version": row.version}


def _known(entry: AnyRow) -> dict[str, object]:
    return {"note": entry.note, "open_for": "" if entry.expires_at else "always"}


def _entry(here: Place, id: str) -> AnyRow:
    found = networks.entry(current.reader(), here.identity_id, here.which, id) if "\0" not in id else None
    if found is None:
        raise NotFound
    return found


def _page(
    here: Place,
    row: AnyRow,
    entries: Sequence[AnyRow],
    form: OwnListForm,
    *,
    shuts_out: bool = False,
    meanwhile: bool = False,
) -> str:
    source = row.id if row.provider_networks else row.customer_id or row.id
    return render_template(
        "trust/own.html",
        here=here,
        form=form,
        entries=entries,
        provider=networks.on_list(current.reader(), source, NetworkList.PROVIDER),
        address=current.address(),
        now=current.now(),
        shuts_out=shuts_out,
        meanwhile=networks.as_text(entry.network for entry in entries) if meanwhile else None,
    )


def _entry_page(here: Place, entry: AnyRow, form: EntryForm) -> str:
    form.offer(entry.expires_at)
    return render_template("trust/entry.html", here=here, entry=entry, form=form, now=current.now())


def _own_in_console() -> Place:
    return Place(current.visitor().id, NetworkList.OWN, "base.html", OWN_IN_CONSOLE, OWN_IN_CONSOLE)


own_pages(bp, for_everyone_logged_in, OWN_IN_CONSOLE, _own_in_console)
