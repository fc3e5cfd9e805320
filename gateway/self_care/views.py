"""What everybody has for oneself. In a visit profile and security can be looked at and never changed."""

from flask import render_template, request, url_for
from werkzeug.wrappers import Response

from gateway.access import panel
from gateway.account.views.security import Place, pages
from gateway.db import AnyRow
from gateway.errors import Invalid, NotFound
from gateway.i18n import samples
from gateway.i18n.catalog import gettext as _
from gateway.i18n.zones import zones_with_offsets
from gateway.identity import elsewhere, email_changes, queries
from gateway.identity.inheritance import PREFERENCES, InForce, Origin, in_force
from gateway.self_care.forms import EmailForm, PreferencesForm
from gateway.self_care.portal import bp
from gateway.web import current
from gateway.web.letters import link_tokens
from gateway.web.marks import belongs_to, needs_recent
from gateway.web.redirects import see_other


def _place() -> Place:
    return Place("portal.html", url_for("self_care.security"), url_for("self_care.networks"))


pages(bp, "/security", belongs_to("security"), _place)


@bp.get("/profile")
@belongs_to("profile")
def profile() -> str:
    """Show who one is here."""
    return _profile_page(EmailForm(formdata=None))


@bp.post("/profile")
@needs_recent
@belongs_to("profile")
def change_email() -> tuple[str, int] | Response:
    """Send a link to the new address; nothing changes before it is opened."""
    form, who = EmailForm(), current.visitor()
    if not form.validate():
        return _profile_page(form), 422
    work = current.writer()
    try:
        email_changes.ask(work, who.id, form.email.data or "", current.now())
    except Invalid as invalid:
        form.email.errors = invalid.errors["email"]
        return _profile_page(form), 422
    work.commit()
    return see_other(f"{url_for('self_care.profile')}?done=email-asked")


@bp.get("/profile/email/<token>")
@belongs_to("profile")
def new_email(token: str) -> tuple[str, int]:
    """Ask to confirm the new address, so that whatever looks at links in mails does not use this one up."""
    reader, now = current.reader(), current.now()
    address = email_changes.asked(reader, current.visitor().id, _secret(token), now)
    return render_template("self_care/email.html", address=address), 200 if address else 410


@bp.post("/profile/email/<token>")
@belongs_to("profile")
def confirm_email(token: str) -> tuple[str, int] | Response:
    """Make the new address one's own, once."""
    work = current.writer()
    if not email_changes.confirm(work, current.visitor().id, _secret(token), current.now()):
        return render_template("self_care/email.html", address=None), 410
    work.commit()
    return see_other(f"{url_for('self_care.profile')}?done=email-changed")


@bp.post("/security/elsewhere/<id>")
@belongs_to("security")
def end_elsewhere(id: str) -> Response:
    """End one of one's own sessions at portals elsewhere; the portal is told."""
    work = current.writer()
    if not elsewhere.end_own(work, current.visitor().id, id, current.now()):
        raise NotFound
    work.commit()
    return see_other(f"{url_for('self_care.security')}?done=session-ended")


@bp.get("/preferences")
@belongs_to("preferences")
def preferences() -> str:
    """Show how things read for oneself, and what is inherited."""
    row = _access()
    return _preferences_page(row, PreferencesForm(formdata=None, data=row._mapping))


@bp.post("/preferences")
@belongs_to("preferences")
def save_preferences() -> tuple[str, int] | Response:
    """Save how things read for oneself; it acts at the next page."""
    row = _access()
    form = PreferencesForm(data=row._mapping)
    _offer(form, row)
    if not form.validate():
        return _preferences_page(row, form), 422
    work = current.writer()
    version = row.version if form.version.data is None else form.version.data
    panel.save(work, row.id, version, form.preferences, current.now())
    work.commit()
    return see_other(f"{url_for('self_care.preferences')}?done=saved")


@bp.get("/preferences/formats")
@belongs_to("preferences")
def formats() -> str:
    """Show how patterns write the present moment: a part of a page, asked for as they are typed."""
    return render_template("identity/_samples.html", samples=samples.samples(request.args, current.now()))


def _access() -> AnyRow:
    row = queries.access(current.reader(), current.visitor().id)
    if row is None:
        raise NotFound
    return row


def _in_force(row: AnyRow, *, own: bool = True) -> dict[str, InForce]:
    return {name: in_force(row, name, getattr(row, f"gateway_{name}"), own=own) for name in PREFERENCES}


def _offer(form: PreferencesForm, row: AnyRow) -> None:
    inherited = _in_force(row, own=False)
    form.offer_languages(current.house().settings.languages, inherited["language"].value)


def _preferences_page(row: AnyRow, form: PreferencesForm) -> str:
    _offer(form, row)
    places = {
        Origin.OWN: _("your own choice"),
        Origin.CUSTOMER: _("from %(name)s") % {"name": row.customer_name},
        Origin.CLASS: _("as your provider has it"),
        Origin.GATEWAY: _("as your provider has it"),
    }
    inherited = {name: found.value for name, found in _in_force(row, own=False).items()}
    typed = {name: form[name].data or inherited[name] for name in PREFERENCES}
    return render_template(
        "self_care/preferences.html",
        form=form,
        shown={
            name: {"value": samples.word(name, found.value), "place": places[found.origin]}
            for name, found in _in_force(row).items()
        },
        inherited=inherited,
        samples=samples.samples(typed, current.now()),
        zones=zones_with_offsets(current.now()),
    )


def _profile_page(form: EmailForm) -> str:
    person = queries.profile(current.reader(), current.visitor().id)
    return render_template("self_care/profile.html", person=person, form=form)


def _secret(token: str) -> str:
    return link_tokens(current.house(), email_changes.PURPOSE).read(token, current.now()) or ""
