"""One's own password and sessions: one set of pages, hung on the self-care portal and on the console."""

from collections.abc import Callable
from dataclasses import dataclass

from flask import Blueprint, render_template, request
from werkzeug.wrappers import Response

from gateway.account.blueprint import bp as gateway_bp
from gateway.account.forms import ChangePasswordForm
from gateway.db import AnyRow
from gateway.errors import Invalid, LoginRefused, NotFound
from gateway.i18n.catalog import N_
from gateway.i18n.catalog import gettext as _
from gateway.identity import elsewhere, operations, passwords, queries, second_factor, sessions
from gateway.identity.models import Realm, Scope, Stage
from gateway.identity.password_rules import Rules, offered_password, password_faults, rules_for
from gateway.web import browser, current
from gateway.web.attempts import counted, refuse
from gateway.web.marks import for_everyone_logged_in, needs_recent
from gateway.web.redirects import see_other

LOG_IN = {Scope.SELF_CARE: "/login", Scope.ADMIN: "/admin/login"}


Answer = str | tuple[str, int] | Response
View = Callable[..., Answer]


@dataclass(frozen=True, slots=True)
class Place:
    """Where the pages stand: the frame around them, their address, and that of one's trusted networks."""

    layout: str
    url: str
    networks_url: str


def pages(bp: Blueprint, path: str, mark: Callable[[View], View], place: Callable[[], Place]) -> None:
    """Hang the pages of one's own security on a portal, under `path`, with `mark` on every view."""

    def hang(rule: str, method: str, view: View, *, sensitive: bool = False) -> None:
        def page(**given: str) -> Answer:
            return view(place(), **given)

        page.__doc__ = view.__doc__
        marked = mark(page)
        bp.add_url_rule(f"{path}{rule}", view.__name__, needs_recent(marked) if sensitive else marked, methods=[method])

    hang("", "GET", security)
    hang("", "POST", change_password)
    hang("/sessions", "POST", end_sessions, sensitive=True)
    hang("/sessions/<id>", "POST", end_session, sensitive=True)


def security(place: Place) -> str:
    """Show the sessions of one's own, and the form for a new password."""
    return _page(place, ChangePasswordForm(formdata=None))


def change_password(place: Place) -> Answer:
    """Change one's password; every other session ends, this one goes on under a new id."""
    form, who = ChangePasswordForm(), current.visitor()
    password = form.password.data or ""
    faults = password_faults(password, form.confirm.data or "", _rules())
    try:
        with counted("present-password", who.realm, who.login):
            operations.check_present_password(current.reader(), who.id, form.current.data or "")
        if not faults and password == form.current.data:
            faults = {"password": [_("This is the old password. Choose a new one.")]}
    except LoginRefused as refused:
        refuse("present-password", who.realm, who.login, refused)
        faults = {"current": [_("This is not your present password.")]}
    if faults:
        for name, texts in faults.items():
            form[name].errors = texts
        return _page(place, form), 422
    new_hash = passwords.hashed(password)
    work, now = current.writer(), current.now()
    operations.change_password(work, who.id, new_hash, now, keep=None)
    cookie = sessions.start(work, who.id, who.scope, Stage.LIVE, now, current.address(), current.agent(), who.methods)
    work.commit()
    response = see_other(f"{place.url}?done=password-changed")
    browser.set_session_cookie(response, who.scope, None, cookie)
    return response


def end_session(place: Place, id: str) -> Response:
    """End one of one's own sessions."""
    work = current.writer()
    if not sessions.end_one(work, current.visitor().id, id, current.now()):
        raise NotFound
    work.commit()
    return see_other(f"{place.url}?done=session-ended")


def end_sessions(place: Place) -> Response:
    """End the other sessions of one's own, or all of them: this one too."""
    which, who = request.form.get("which"), current.visitor()
    if which not in ("others", "all"):
        raise Invalid({"which": [N_("Say which sessions to end: others or all.")]})
    work = current.writer()
    sessions.end_all_own(work, who.id, current.now(), but=who.session_key if which == "others" else None)
    work.commit()
    if which == "others":
        return see_other(f"{place.url}?done=sessions-ended")
    response = see_other(f"{LOG_IN[who.scope]}?done=logged-out")
    browser.delete_session_cookie(response, who.scope, None)
    return response


def _rules() -> Rules:
    return rules_for(current.reader(), current.visitor().id, current.house().names)


def _page(place: Place, form: ChangePasswordForm) -> str:
    who, rules = current.visitor(), _rules()
    return render_template(
        "account/security.html",
        place=place,
        form=form,
        rules=rules,
        generated=offered_password(rules),
        sessions=queries.own_sessions(current.reader(), who.id, current.now()),
        this=who.session_id,
        most=sessions.MOST,
        state=second_factor.state(current.reader(), who.id, current.now()),
        strength_url="/admin/login/strength" if who.scope is Scope.ADMIN else "/login/strength",
        elsewhere=_elsewhere(),
    )


def _elsewhere() -> list[tuple[AnyRow, str]] | None:
    """Return one's own sessions at portals elsewhere with their titles, or None where there can be none."""
    who, known = current.visitor(), current.house().rights.externals
    if not known or who.realm is Realm.ADMIN:
        return None
    found = elsewhere.own(current.reader(), who.id, current.now())
    return [(row, known[row.portal].title if row.portal in known else row.portal) for row in found]


pages(
    gateway_bp,
    "/admin/security",
    for_everyone_logged_in,
    lambda: Place("base.html", "/admin/security", "/admin/security/networks"),
)
