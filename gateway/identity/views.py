"""Logging in and out, for both realms: password, then what else is due, then in."""

from flask import Blueprint, render_template, request
from werkzeug.wrappers import Response

from gateway.errors import LoginRefused
from gateway.i18n.catalog import gettext as _
from gateway.i18n.samples import samples
from gateway.identity import invitations, operations, passwords, queries, sessions
from gateway.identity.forms import LogInForm, NewPasswordForm
from gateway.identity.models import Realm, Scope, Stage
from gateway.identity.operations import Candidate
from gateway.web import browser, current, speech
from gateway.web.letters import invitation_tokens
from gateway.web.marks import for_everyone_logged_in, open_to_all
from gateway.web.redirects import safe_next, see_other

bp = Blueprint("identity", __name__)

HOME = {Scope.SELF_CARE: "/", Scope.ADMIN: "/admin/"}
PREFIX = {Scope.SELF_CARE: "/", Scope.ADMIN: "/admin/"}
REALM = {Scope.SELF_CARE: Realm.SELF_CARE, Scope.ADMIN: Realm.ADMIN}


def _log_in_path() -> str:
    return "/admin/login" if browser.scope() is Scope.ADMIN else "/login"


def _form_page(form: LogInForm, message: str | None, status: int) -> tuple[str, int]:
    scope = browser.scope()
    page = render_template("identity/login.html", form=form, realm=REALM[scope], message=message, action=_log_in_path())
    return page, status


@bp.get("/login")
@bp.get("/admin/login", endpoint="admin_login")
@open_to_all
def login() -> tuple[str, int] | Response:
    """The log-in page; whoever is logged in already goes on."""
    scope = browser.scope()
    target = request.args.get("next", "")
    if current.maybe_visitor() is not None:
        return see_other(safe_next(target, PREFIX[scope], HOME[scope]))
    return _form_page(LogInForm(formdata=None, next=target), None, 200)


@bp.post("/login")
@bp.post("/admin/login", endpoint="admin_login_post")
@open_to_all
def login_post() -> tuple[str, int] | Response:
    """Check the password. A refusal is one sentence, whatever was wrong, and is on the record (LOG-02)."""
    form = LogInForm()
    scope = browser.scope()
    work = current.writer()
    try:
        who = operations.check_password(
            current.reader(), REALM[scope], form.login.data or "", form.password.data or "", current.now()
        )
    except LoginRefused as refused:
        operations.refuse_log_in(work, REALM[scope], form.login.data or "", refused)
        work.commit()
        form.password.data = ""
        return _form_page(form, _("The login or the password is wrong, or this access is not active."), 422)
    return _go_on(who, form.next.data)


@bp.get("/login/password")
@bp.get("/admin/login/password", endpoint="admin_new_password")
@open_to_all
def new_password() -> str | Response:
    """Ask for a new password where one is due."""
    who = _on_the_way("password")
    if who is None:
        return see_other(_log_in_path())
    return _new_password_page(NewPasswordForm(formdata=None), who)


@bp.post("/login/password")
@bp.post("/admin/login/password", endpoint="admin_new_password_post")
@open_to_all
def new_password_post() -> str | tuple[str, int] | Response:
    """Take the new password and let its owner in."""
    who = _on_the_way("password")
    if who is None:
        return see_other(_log_in_path())
    form = NewPasswordForm()
    password = form.password.data or ""
    faults = operations.password_faults(password, form.confirm.data or "", None, who.shortest)
    if not faults and operations.has_password(current.reader(), who.id, password):
        faults = {"password": [_("This is the old password. Choose a new one.")]}
    if faults:
        for name, texts in faults.items():
            form[name].errors = texts
        return _new_password_page(form, who), 422
    new_hash = passwords.hashed(password)
    operations.change_password(current.writer(), who.id, new_hash, current.now(), keep=None)
    return _go_on(Candidate(who.id, who.kind, who.customer_id, None), request.args.get("next"))


@bp.get("/login/invitation/<token>")
@open_to_all
def invitation(token: str) -> tuple[str, int]:
    """Ask to go on, so that whatever looks at links in mails does not use this one up."""
    return _invitation_page(_invited(token))


@bp.post("/login/invitation/<token>")
@open_to_all
def use_invitation(token: str) -> tuple[str, int] | Response:
    """Let in, once, whoever was invited: to the page where a password is chosen, and no further (PWD-05)."""
    who, now, work = _invited(token), current.now(), current.writer()
    if who is None or not invitations.use(work, who.id, _secret(token), now):
        return _invitation_page(None)
    return _go_on(who, None)


@bp.get("/login/enrol")
@bp.get("/admin/login/enrol", endpoint="admin_enrol")
@open_to_all
def enrol() -> str | Response:
    """Say that a second factor is asked which this installation cannot take yet: nobody gets in without it."""
    if _on_the_way("enrol") is None:
        return see_other(_log_in_path())
    return render_template("identity/second_factor.html", back_url=_log_in_path())


@bp.get("/admin/formats")
@for_everyone_logged_in
def formats() -> str:
    """Show how patterns write the present moment: a part of a page of the console, asked for as they are typed."""
    return render_template("identity/_samples.html", samples=samples(request.args, current.now()))


@bp.post("/language")
@bp.post("/admin/language", endpoint="admin_language")
@open_to_all
def choose_language() -> Response:
    """Speak another language with somebody who is not logged in; whoever is has preferences of their own."""
    response = see_other(safe_next(request.form.get("next"), PREFIX[browser.scope()], _log_in_path()))
    if (tag := request.form.get("language")) in current.house().settings.languages:
        speech.choose_language(response, str(tag))
    return response


@bp.post("/logout")
@bp.post("/admin/logout", endpoint="admin_logout")
@open_to_all
def logout() -> Response:
    """End the session on the server, with every visit that hangs on it (SES-03)."""
    scope = browser.scope()
    cookie = browser.session_cookie()
    if cookie is not None:
        work = current.writer()
        operations.log_out(work, sessions.key_of(cookie), current.now())
        work.commit()
    response = see_other(f"{_log_in_path()}?done=logged-out")
    browser.delete_session_cookie(response, scope, None)
    response.headers["Clear-Site-Data"] = '"cache"'
    return response


def _secret(token: str) -> str:
    return invitation_tokens(current.house()).read(token, current.now()) or ""


def _invited(token: str) -> Candidate | None:
    """Return whom an invitation lets in just now."""
    reader, now = current.reader(), current.now()
    identity_id = invitations.whose(reader, _secret(token), now)
    return operations.candidate(reader, identity_id, now) if identity_id else None


def _invitation_page(who: Candidate | None) -> tuple[str, int]:
    person = queries.profile(current.reader(), who.id) if who else None
    return render_template("identity/invitation.html", person=person), 200 if person else 410


def _new_password_page(form: NewPasswordForm, who: Candidate) -> str:
    rules = [_("At least %(count)d characters; any characters count.") % {"count": who.shortest}]
    action = f"{_log_in_path()}/password"
    target = safe_next(request.args.get("next"), PREFIX[browser.scope()], HOME[browser.scope()])
    return render_template("identity/password.html", form=form, rules=rules, action=f"{action}?next={target}")


def _on_the_way(step: str) -> Candidate | None:
    """Return who is half logged in and due at `step`, or None: every step is asked anew, none is skipped (LOG-06)."""
    cookie = browser.session_cookie()
    if cookie is None:
        return None
    pending = sessions.pending(current.reader(), browser.scope(), sessions.key_of(cookie), current.now())
    who = operations.candidate(current.reader(), pending, current.now()) if pending else None
    return who if who and who.due == step else None


def _go_on(who: Candidate, target: str | None) -> Response:
    """Open a new session, half logged in while a step is due; the id is new and the old one dies (SES-02)."""
    scope, now, work = browser.scope(), current.now(), current.writer()
    old = browser.session_cookie()
    if old is not None:
        sessions.end(work, sessions.key_of(old), "replaced", now)
    stage = Stage.LIVE if who.due is None else Stage.PASSWORD
    cookie = sessions.start(work, who.id, scope, stage, now, current.address(), current.agent())
    if who.due is None:
        operations.log_in(work, who, now)
    work.commit()
    there = safe_next(target, PREFIX[scope], HOME[scope])
    response = see_other(there if who.due is None else f"{_log_in_path()}/{who.due}?next={there}")
    browser.set_session_cookie(response, scope, None, cookie)
    return response
