"""What everybody has for oneself. In a visit profile and security can be looked at and never changed."""

from flask import render_template, request, url_for
from werkzeug.wrappers import Response

from gateway.access import panel
from gateway.db import AnyRow
from gateway.errors import NotFound
from gateway.i18n import samples
from gateway.i18n.catalog import gettext as _
from gateway.i18n.zones import zones_with_offsets
from gateway.identity import operations, passwords, queries, sessions
from gateway.identity.inheritance import PREFERENCES, InForce, Origin, in_force
from gateway.identity.models import Stage
from gateway.self_care.forms import ChangePasswordForm, PreferencesForm
from gateway.self_care.portal import bp
from gateway.web import browser, current
from gateway.web.marks import belongs_to
from gateway.web.redirects import see_other


@bp.get("/profile")
@belongs_to("profile")
def profile() -> str:
    """Show who one is here."""
    return render_template("self_care/profile.html", person=queries.profile(current.reader(), current.visitor().id))


@bp.get("/security")
@belongs_to("security")
def security() -> str:
    """Show the sessions of one's own, and the form for a new password."""
    return _page(ChangePasswordForm(formdata=None))


@bp.post("/security")
@belongs_to("security")
def change_password() -> str | tuple[str, int] | Response:
    """Change one's password; every other session ends, this one goes on under a new id."""
    form, who = ChangePasswordForm(), current.visitor()
    password = form.password.data or ""
    shortest = queries.shortest_password(current.reader(), who.id)
    faults = operations.password_faults(password, form.confirm.data or "", who.login, shortest)
    if not operations.has_password(current.reader(), who.id, form.current.data or ""):
        faults = {"current": [_("This is not your present password.")]}
    if faults:
        for name, texts in faults.items():
            form[name].errors = texts
        return _page(form), 422
    new_hash = passwords.hashed(password)
    work, now = current.writer(), current.now()
    operations.change_password(work, who.id, new_hash, now, keep=None)
    cookie = sessions.start(work, who.id, who.scope, Stage.LIVE, now, current.address(), current.agent())
    work.commit()
    response = see_other(f"{url_for('self_care.security')}?done=password-changed")
    browser.set_session_cookie(response, who.scope, None, cookie)
    return response


@bp.post("/security/sessions/<id>")
@belongs_to("security")
def end_session(id: str) -> Response:
    """End one of one's own sessions."""
    work = current.writer()
    if not sessions.end_own(work, current.visitor().id, id, current.now()):
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


def _page(form: ChangePasswordForm) -> str:
    who = current.visitor()
    own = queries.own_sessions(current.reader(), who.id)
    shortest = queries.shortest_password(current.reader(), who.id)
    return render_template("self_care/security.html", form=form, sessions=own, this=who.session_id, shortest=shortest)
