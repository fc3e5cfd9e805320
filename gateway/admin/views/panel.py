"""The self-care panel: everything that decides about somebody's access, with what is in force and where it is from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import render_template, request
from werkzeug.wrappers import Response

from gateway.access import panel as operations
from gateway.admin.forms.panel import PanelForm
from gateway.admin.portal import bp
from gateway.db import AnyRow
from gateway.errors import Invalid, NotFound, Stale
from gateway.i18n import samples
from gateway.i18n.catalog import gettext as _
from gateway.i18n.zones import zones_with_offsets
from gateway.identity import networks, passwords, queries, second_factor
from gateway.identity.forms import add_faults
from gateway.identity.inheritance import PREFERENCES, InForce, Origin, in_force
from gateway.identity.models import Kind, NetworkList
from gateway.identity.password_rules import Rules, offered_password, password_faults, rules_of
from gateway.portal.pages import form_text
from gateway.web import current
from gateway.web.marks import belongs_to, needs_recent
from gateway.web.redirects import see_other

FIELDS = (*PREFERENCES, "second_factor")


@dataclass(frozen=True, slots=True)
class Shown:
    """A value in force as the panel says it, and where it comes from."""

    value: str
    place: str


@bp.get("/customers/<id>/self-care")
@bp.get("/customers/<id>/individuals/<individual>/self-care")
@belongs_to("customers")
def panel(id: str, individual: str | None = None) -> str:
    """Show somebody's access."""
    row = row_of(id, individual)
    entries = _entries(row)
    stored = _stored(row, entries)
    form = PanelForm(formdata=None, data=stored)
    form.keep_shown(stored, row.version)
    return _page(row, entries, form)


@bp.post("/customers/<id>/self-care")
@bp.post("/customers/<id>/individuals/<individual>/self-care")
@belongs_to("customers")
def save_panel(id: str, individual: str | None = None) -> tuple[str, int] | Response:
    """Save somebody's access: all of it, or nothing."""
    row = row_of(id, individual)
    entries = _entries(row)
    form = PanelForm(data=_stored(row, entries))
    form.offer(
        operations.roles_to_hold(current.reader(), row.kind, row.customer_id, row.role_id),
        current.house().settings.languages,
        {name: _in_force(row, name, own=False).value for name in FIELDS},
    )
    typed = form.password.data or ""
    faults: Mapping[str, Sequence[str]] = {}
    if typed:
        faults = password_faults(typed, typed, _rules(row).with_words(form.login.data))
    if not form.validate() or faults:
        return _refused(row, entries, form, faults)
    password = operations.NewPassword(passwords.hashed(typed), form.password_must_change.data) if typed else None
    work = current.writer()
    try:
        operations.save(
            work,
            row.id,
            form.version_or(row.version),
            form.access,
            current.now(),
            trusted_networks=form.trusted_networks.networks,
            password=password,
        )
    except Invalid as invalid:
        return _refused(row, entries, form, invalid.errors)
    except Stale:
        work.rollback()
        return _stale(row_of(id, individual), form)
    work.commit()
    return see_other(f"{request.path}?done=saved")


@bp.post("/customers/<id>/self-care/second-factor/reset")
@bp.post("/customers/<id>/individuals/<individual>/self-care/second-factor/reset")
@needs_recent
@belongs_to("customers")
def reset_factor(id: str, individual: str | None = None) -> Response:
    """Drop somebody's second factor and end their sessions; whether one is asked stays as it is (TOTP-08)."""
    row = row_of(id, individual)
    work = current.writer()
    second_factor.reset(work, row.id, form_text("reason"), current.now())
    work.commit()
    return see_other(f"{request.path.removesuffix('/second-factor/reset')}?done=factor-reset")


def row_of(customer_id: str, individual: str | None) -> AnyRow:
    """Return the access of a customer or of one of its individuals; raises `NotFound`."""
    row = queries.access(current.reader(), individual or customer_id)
    kind = Kind.INDIVIDUAL if individual else Kind.CUSTOMER
    if row is None or row.kind is not kind or row.customer_id != customer_id:
        raise NotFound
    return row


def _entries(row: AnyRow) -> Sequence[AnyRow]:
    return networks.on_list(current.reader(), row.id, NetworkList.PROVIDER)


def _above(row: AnyRow, entries: Sequence[AnyRow]) -> Sequence[AnyRow]:
    """Return the customer's list where it counts for an individual, who has none of their own."""
    if entries or row.kind is Kind.CUSTOMER:
        return ()
    return networks.on_list(current.reader(), row.customer_id, NetworkList.PROVIDER)


def _stored(row: AnyRow, entries: Sequence[AnyRow]) -> dict[str, Any]:
    return {
        "login": row.login,
        "second_factor": row.second_factor.value,
        "trusted_networks": networks.as_text(entry.network for entry in entries),
        "api_access": row.api_access,
        "role": row.role_id,
        **{name: getattr(row, name) for name in PREFERENCES},
    }


def _refused(
    row: AnyRow, entries: Sequence[AnyRow], form: PanelForm, faults: Mapping[str, Sequence[str]]
) -> tuple[str, int]:
    add_faults(form, faults)
    return _page(row, entries, form), 422


def _stale(row: AnyRow, form: PanelForm) -> tuple[str, int]:
    """Show what others changed meanwhile, with what was typed kept; saving again saves it over that."""
    entries = _entries(row)
    return _page(row, entries, form, form.catch_up(_stored(row, entries), row.version)), 409


def _page(row: AnyRow, entries: Sequence[AnyRow], form: PanelForm, changed: Sequence[str] | None = None) -> str:
    reader, now = current.reader(), current.now()
    stored, rules = _stored(row, entries), _rules(row)
    inherited = {name: _in_force(row, name, own=False) for name in FIELDS}
    roles = operations.roles_to_hold(reader, row.kind, row.customer_id, row.role_id)
    form.offer(roles, current.house().settings.languages, {name: found.value for name, found in inherited.items()})
    form.password.data = ""
    typed = {name: form[name].data or inherited[name].value for name in PREFERENCES}
    above = _above(row, entries)
    words = {**stored, "role": dict(roles).get(row.role_id, ""), "api_access": _word("api_access", row.api_access)}
    return render_template(
        "admin/panel.html",
        person=row,
        form=form,
        shown={name: _shown(row, name) for name in FIELDS},
        inherited={name: found.value for name, found in inherited.items()},
        samples=samples.samples(typed, now),
        zones=zones_with_offsets(now),
        entries=entries,
        above=[entry.network for entry in above],
        entries_url=f"{request.path}/networks",
        now=now,
        warnings=_warnings(row, entries),
        outside=queries.sessions_outside(
            reader, row.id, networks.kept((entry.network, entry.expires_at) for entry in entries or above), now
        ),
        generated=offered_password(rules),
        rules=rules,
        meanwhile=None if changed is None else [(_(form[name].label.text), words[name]) for name in changed],
    )


def _rules(row: AnyRow) -> Rules:
    return rules_of(row, current.house().names)


def _in_force(row: AnyRow, name: str, *, own: bool = True) -> InForce:
    return in_force(row, name, getattr(row, f"gateway_{name}", None), own=own)


def _shown(row: AnyRow, name: str) -> Shown:
    found = _in_force(row, name)
    if name == "second_factor" and row.second_factor_chosen and not found.value:
        return Shown(_("Yes"), _("their own choice"))
    places = {
        Origin.OWN: _("set here"),
        Origin.CUSTOMER: _("from customer %(name)s") % {"name": row.customer_name},
        Origin.CLASS: _("from class %(name)s") % {"name": row.class_name},
        Origin.GATEWAY: _("from the gateway"),
    }
    return Shown(_word(name, found.value), places[found.origin])


def _word(name: str, value: Any) -> str:
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    return samples.word(name, str(value))


def _warnings(row: AnyRow, entries: Sequence[AnyRow]) -> dict[str, str]:
    """Return what is worth a second look, by field: none of it is wrong."""
    found = {}
    if row.login is None:
        found["login"] = _("Without a login there is no self-care access, and no portal can be opened for them.")
    if operations.opens_nothing(current.reader(), current.house().rights, row.kind, row.customer_id, row.role_id):
        found["role"] = _("This role opens no portal: only their own pages are left.")
    asked = _in_force(row, "second_factor").value or row.second_factor_chosen
    if asked and not (row.has_app or row.has_passkey):
        found["second_factor"] = _("No second factor is set up yet: the next log-in asks for it first.")
    return found
