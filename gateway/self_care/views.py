"""Profile, password and sessions of whoever is logged in; in a visit they can be looked at and never changed."""

from flask import render_template, url_for
from werkzeug.wrappers import Response

from gateway.errors import NotFound
from gateway.i18n.catalog import gettext as _
from gateway.identity import operations, passwords, queries, sessions
from gateway.identity.models import Stage
from gateway.self_care.forms import ChangePasswordForm
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
    faults = operations.password_faults(password, form.confirm.data or "", who.login)
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


def _page(form: ChangePasswordForm) -> str:
    who = current.visitor()
    own = queries.own_sessions(current.reader(), who.id)
    return render_template(
        "self_care/security.html", form=form, sessions=own, this=who.session_id, shortest=passwords.SHORTEST
    )
