"""Logging in and out, for both realms: password, then what else is due, then in."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from urllib.parse import quote

from flask import Blueprint, render_template, request
from werkzeug.wrappers import Response

from gateway.errors import LoginRefused, TooManyAttempts
from gateway.i18n.catalog import gettext as _
from gateway.i18n.samples import samples
from gateway.identity import (
    devices,
    elsewhere,
    invitations,
    logins,
    operations,
    passwords,
    queries,
    second_factor,
    sessions,
)
from gateway.identity.arrivals import Failures
from gateway.identity.forms import LogInForm, NewPasswordForm
from gateway.identity.models import Realm, Scope, Stage
from gateway.identity.operations import Candidate
from gateway.identity.password_rules import Rules, offered_password, password_faults, rules_for
from gateway.identity.proofs import DEVICE
from gateway.web import browser, current, speech
from gateway.web.attempts import counted, refuse
from gateway.web.errors import wait
from gateway.web.letters import link_tokens
from gateway.web.marks import for_everyone_logged_in, open_to_all
from gateway.web.origin import party
from gateway.web.redirects import safe_next, see_other

bp = Blueprint("identity", __name__)

HOME = {Scope.SELF_CARE: "/", Scope.ADMIN: "/admin/"}
PREFIX = {Scope.SELF_CARE: "/", Scope.ADMIN: "/admin/"}
FormPage = tuple[str, int, Mapping[str, str]]
REALM = {Scope.SELF_CARE: Realm.SELF_CARE, Scope.ADMIN: Realm.ADMIN}


def log_in_path() -> str:
    """Return the address of the log-in page of the present realm."""
    return "/admin/login" if browser.scope() is Scope.ADMIN else "/login"


def step_url(step: str, target: str) -> str:
    """Return the address of a step of the log-in, from which one goes on to `target`."""
    return f"{log_in_path()}/{step}?next={quote(target, safe='/')}"


def log_in_page(
    form: LogInForm, message: str | None, status: int, headers: Mapping[str, str] | None = None
) -> FormPage:
    """Draw the log-in page, with what was wrong."""
    form.password.data = ""
    page = render_template(
        "identity/login.html",
        form=form,
        realm=REALM[browser.scope()],
        message=message,
        action=log_in_path(),
        passkeys=party() is not None,
    )
    return page, status, headers or {}


@bp.get("/login")
@bp.get("/admin/login", endpoint="admin_login")
@open_to_all
def login() -> FormPage | Response:
    """The log-in page; whoever is logged in already goes on, unless asked to prove it `again`."""
    scope = browser.scope()
    target = request.args.get("next", "")
    if current.maybe_visitor() is not None and "again" not in request.args:
        return see_other(safe_next(target, PREFIX[scope], HOME[scope]))
    login = request.args.get("login", "")[: logins.LONGEST]
    return log_in_page(LogInForm(formdata=None, next=target, login=login), None, 200)


@bp.post("/login")
@bp.post("/admin/login", endpoint="admin_login_post")
@open_to_all
def login_post() -> FormPage | Response:
    """Check the password. A refusal is one sentence, whatever was wrong, and is on the record (LOG-02)."""
    form = LogInForm()
    scope = browser.scope()
    realm, login, password = REALM[scope], form.login.data or "", form.password.data or ""
    try:
        with counted("log-in", realm, login, known_device=_known_device(realm, login)):
            who = operations.check_password(current.reader(), realm, login, password, current.now(), current.address())
    except TooManyAttempts as refused:
        return log_in_page(form, wait(refused), 429, {"Retry-After": str(refused.seconds_left(current.now()))})
    except LoginRefused as refused:
        refuse("log-in", realm, login, refused)
        return log_in_page(form, _("The login or the password is wrong, or this access is not active."), 422)
    operations.renew_hash(current.writer(), who)
    return go_on(_remembered(who), form.next.data)


@bp.get("/login/password")
@bp.get("/admin/login/password", endpoint="admin_new_password")
@open_to_all
def new_password() -> str | Response:
    """Ask for a new password where one is due."""
    who = on_the_way("password")
    if who is None:
        return see_other(log_in_path())
    return _new_password_page(NewPasswordForm(formdata=None), who)


@bp.post("/login/password")
@bp.post("/admin/login/password", endpoint="admin_new_password_post")
@open_to_all
def new_password_post() -> str | tuple[str, int] | Response:
    """Take the new password and let its owner in."""
    who = on_the_way("password")
    if who is None:
        return see_other(log_in_path())
    form = NewPasswordForm()
    password = form.password.data or ""
    faults = password_faults(password, form.confirm.data or "", _rules(who))
    if not faults and operations.has_password(current.reader(), who.id, password):
        faults = {"password": [_("This is the old password. Choose a new one.")]}
    if faults:
        for name, texts in faults.items():
            form[name].errors = texts
        return _new_password_page(form, who), 422
    new_hash = passwords.hashed(password)
    operations.change_password(current.writer(), who.id, new_hash, current.now(), keep=None)
    return go_on(replace(who, must_change=False), request.args.get("next"))


@bp.get("/login/invitation/<token>")
@open_to_all
def invitation(token: str) -> tuple[str, int]:
    """Ask to go on, so that whatever looks at links in mails does not use this one up."""
    return _invitation_page(_invited(token))


@bp.post("/login/invitation/<token>")
@open_to_all
def use_invitation(token: str) -> tuple[str, int] | Response:
    """Let in, once, whoever was invited: to the page where a password is chosen, and no further (PWD-05)."""
    try:
        with counted("invitation", Realm.SELF_CARE, None):
            who = _invited(token)
            if who is None or not invitations.use(current.writer(), who.id, _secret(token), current.now()):
                raise LoginRefused("unknown-invitation")
    except LoginRefused as refused:
        refuse("invitation", Realm.SELF_CARE, None, refused)
        return _invitation_page(None)
    return go_on(who, None)


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
    response = see_other(safe_next(request.form.get("next"), PREFIX[browser.scope()], log_in_path()))
    if (tag := request.form.get("language")) in current.house().settings.languages:
        speech.choose_language(response, str(tag))
    return response


@bp.post("/logout")
@bp.post("/admin/logout", endpoint="admin_logout")
@open_to_all
def logout() -> Response:
    """End the session on the server, with every visit that hangs on it (SES-03)."""
    scope = browser.scope()
    cookie, told = browser.session_cookie(), False
    if cookie is not None:
        work, key = current.writer(), sessions.key_of(cookie)
        told = elsewhere.has_any(current.reader(), key)
        operations.log_out(work, key, current.now())
        work.commit()
    response = see_other(f"{log_in_path()}?done={'logged-out-elsewhere' if told else 'logged-out'}")
    browser.delete_session_cookie(response, scope, None)
    response.headers["Clear-Site-Data"] = '"cache"'
    return response


def _secret(token: str) -> str:
    return link_tokens(current.house(), invitations.PURPOSE).read(token, current.now()) or ""


def _invited(token: str) -> Candidate | None:
    """Return whom an invitation lets in just now."""
    reader, now = current.reader(), current.now()
    identity_id = invitations.whose(reader, _secret(token), now)
    return operations.candidate(reader, identity_id, now, current.address()) if identity_id else None


def _invitation_page(who: Candidate | None) -> tuple[str, int]:
    person = queries.profile(current.reader(), who.id) if who else None
    return render_template("identity/invitation.html", person=person), 200 if person else 410


def _rules(who: Candidate) -> Rules:
    return rules_for(current.reader(), who.id, current.house().names)


def _new_password_page(form: NewPasswordForm, who: Candidate) -> str:
    rules = _rules(who)
    target = safe_next(request.args.get("next"), PREFIX[browser.scope()], HOME[browser.scope()])
    return render_template(
        "identity/password.html",
        form=form,
        rules=rules,
        generated=offered_password(rules),
        action=step_url("password", target),
        strength_url=f"{log_in_path()}/strength",
    )


def _known_device(realm: Realm, login: str) -> bool:
    """Tell whether this browser is a remembered one of whoever has a login: a flood by others shuts it out never."""
    cookie = browser.device_cookie()
    row = operations.whose_login(current.reader(), realm, login) if cookie else None
    return row is not None and devices.is_known(current.reader(), row.id, cookie, current.now())


def _remembered(who: Candidate) -> Candidate:
    """Take a remembered browser for the second factor, where the class lets it."""
    cookie, now = browser.device_cookie(), current.now()
    known = who.due == "code" and who.factor.remembers and devices.is_known(current.reader(), who.id, cookie, now)
    if not known:
        return who
    devices.used(current.writer(), who.id, str(cookie), now)
    return replace(who, passed=True, methods=(*who.methods, DEVICE))


def on_the_way(step: str) -> Candidate | None:
    """Return who is half logged in and due at `step`, or None: every step is asked anew, none is skipped (LOG-06)."""
    cookie = browser.session_cookie()
    if cookie is None:
        return None
    reader, now = current.reader(), current.now()
    pending = sessions.pending(reader, browser.scope(), sessions.key_of(cookie), now)
    if pending is None:
        return None
    who = operations.candidate(reader, pending.identity_id, now, current.address(), passed=pending.passed)
    return replace(who, methods=pending.methods) if who and who.due == step else None


@dataclass(frozen=True, slots=True)
class Entered:
    """A session that was opened: its cookie, where to go on, and what failed since the last log-in."""

    cookie: str
    there: str
    failures: Failures | None

    def on(self, response: Response) -> Response:
        """Give the browser what it needs to go on."""
        scope, failed = browser.scope(), self.failures
        browser.set_session_cookie(response, scope, None, self.cookie)
        if failed is not None and failed.latest is not None:
            browser.remember_failures(response, scope, failed.count, failed.latest)
        return response


def go_on(who: Candidate, target: str | None) -> Response:
    """Let somebody in, or on to the step that is due; commits."""
    entered = enter(who, target)
    return entered.on(see_other(entered.there))


def enter(who: Candidate, target: str | None) -> Entered:
    """Open a new session, half logged in while a step is due; the id is new and the old one dies (SES-02). Commits."""
    scope, now, work = browser.scope(), current.now(), current.writer()
    old = browser.session_cookie()
    if old is not None:
        sessions.end(work, sessions.key_of(old), "replaced", now)
    stage = Stage.LIVE if who.due is None else Stage.FACTOR if who.passed else Stage.PASSWORD
    failed = operations.log_in(work, who, now) if who.due is None else None
    cookie = sessions.start(work, who.id, scope, stage, now, current.address(), current.agent(), who.methods)
    if who.due == "enrol":
        second_factor.begin(work, current.house().vault, who.id, who.factor, sessions.key_of(cookie), now)
    sessions.keep_latest(work, who.id, now)
    work.commit()
    there = safe_next(target, PREFIX[scope], HOME[scope])
    return Entered(cookie, there if who.due is None else step_url(who.due, there), failed)
