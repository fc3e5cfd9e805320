"""A forgotten password: asked for, and chosen anew by a link in a mail. Nobody gets in by that (PWD-07)."""

from flask import render_template, request
from werkzeug.exceptions import TooManyRequests
from werkzeug.wrappers import Response

from gateway.account.blueprint import bp
from gateway.account.forms import ForgottenForm
from gateway.errors import LoginRefused, NotFound
from gateway.identity import operations, passwords, resets, sessions
from gateway.identity.forms import NewPasswordForm
from gateway.identity.models import Realm, Scope
from gateway.identity.password_rules import (
    Rules,
    offered_password,
    password_faults,
    rules_for,
    rules_for_staff,
    strength,
)
from gateway.web import browser, current
from gateway.web.attempts import counted, refuse
from gateway.web.letters import link_tokens
from gateway.web.marks import open_to_all
from gateway.web.rates import limiter
from gateway.web.redirects import see_other

MEASURED_A_MINUTE = 60


@bp.get("/login/forgotten")
@bp.get("/admin/login/forgotten", endpoint="admin_forgotten")
@open_to_all
def forgotten() -> str:
    """Ask for a login or an e-mail address."""
    return _forgotten_page(ForgottenForm(formdata=None))


@bp.post("/login/forgotten")
@bp.post("/admin/login/forgotten", endpoint="admin_forgotten_post")
@open_to_all
def forgotten_post() -> tuple[str, int] | Response:
    """Note the wish. The answer and its time are the same for any login: the rest is the worker's (LOG-04)."""
    form = ForgottenForm()
    if not form.validate():
        return _forgotten_page(form), 422
    work = current.writer()
    resets.ask(work, _realm(), form.login.data or "", current.now())
    work.commit()
    return see_other(f"{request.path}?done=link-asked")


@bp.get("/login/reset/<token>")
@bp.get("/admin/login/reset/<token>", endpoint="admin_reset")
@open_to_all
def reset(token: str) -> tuple[str, int]:
    """Ask for a new password; looking does not use the link up."""
    return _reset_page(NewPasswordForm(formdata=None), token, 200)


@bp.post("/login/reset/<token>")
@bp.post("/admin/login/reset/<token>", endpoint="admin_reset_post")
@open_to_all
def reset_post(token: str) -> tuple[str, int] | Response:
    """Take the new password, once, and lead to the log-in page, where everything is asked as ever."""
    form, identity_id = NewPasswordForm(), None
    try:
        with counted("reset", _realm(), None):
            identity_id = _whose(token)
            if identity_id is None:
                raise LoginRefused("unknown-reset")
    except LoginRefused as refused:
        refuse("reset", _realm(), None, refused)
        return _reset_page(form, token, 410)
    password = form.password.data or ""
    faults = password_faults(password, form.confirm.data or "", _rules(identity_id))
    if faults:
        for name, texts in faults.items():
            form[name].errors = texts
        return _reset_page(form, token, 422)
    new_hash = passwords.hashed(password)
    work = current.writer()
    if not resets.use(work, _secret(token), new_hash, current.now()):
        work.rollback()
        return _reset_page(form, token, 410)
    work.commit()
    return see_other(f"{_log_in_path()}?done=password-reset")


@bp.post("/login/strength")
@bp.post("/admin/login/strength", endpoint="admin_strength")
@open_to_all
def measure() -> str:
    """Say how strong what is being typed is: a part of a page, for whoever chooses a password just now.

    Nothing of it is kept or logged. Raises `NotFound` for anybody else.
    """
    rules = _chooser()
    if rules is None:
        raise NotFound
    cookie = browser.session_cookie()
    asking = sessions.key_of(cookie).hex() if cookie else current.address() or ""
    if limiter().count("strength", asking) > MEASURED_A_MINUTE:
        raise TooManyRequests(retry_after=60)
    form = request.form
    typed = rules.with_words(form.get("login", rules.login), form.get("name"))
    return render_template("account/_strength.html", strength=strength(form.get("password", ""), typed))


def _chooser() -> Rules | None:
    """Return the rules for whoever is in a place to choose a password: logged in, on the way in, or with a link."""
    who, names = current.maybe_visitor(), current.house().names
    if who is not None:
        return rules_for_staff(names).with_words(None, who.name, who.customer_name)
    identity_id = _whose(request.form.get("token", "")) or _half_in()
    return _rules(identity_id) if identity_id else None


def _half_in() -> str | None:
    cookie = browser.session_cookie()
    if cookie is None:
        return None
    pending = sessions.pending(current.reader(), browser.scope(), sessions.key_of(cookie), current.now())
    return pending.identity_id if pending else None


def _realm() -> Realm:
    return Realm.ADMIN if browser.scope() is Scope.ADMIN else Realm.SELF_CARE


def _log_in_path() -> str:
    return "/admin/login" if browser.scope() is Scope.ADMIN else "/login"


def _rules(identity_id: str) -> Rules:
    return rules_for(current.reader(), identity_id, current.house().names)


def _secret(token: str) -> str:
    return link_tokens(current.house(), resets.PURPOSE).read(token, current.now()) or ""


def _whose(token: str) -> str | None:
    """Return for whom a link is good; whoever may not log in just now has none, whenever it was sent."""
    reader, now = current.reader(), current.now()
    identity_id = resets.whose(reader, _realm(), _secret(token), now) if token else None
    return identity_id if identity_id and operations.candidate(reader, identity_id, now, current.address()) else None


def _forgotten_page(form: ForgottenForm) -> str:
    return render_template("account/forgotten.html", form=form, action=request.path, back=_log_in_path())


def _reset_page(form: NewPasswordForm, token: str, status: int) -> tuple[str, int]:
    identity_id = _whose(token)
    rules = _rules(identity_id) if identity_id else None
    page = render_template(
        "account/reset.html",
        form=form,
        rules=rules,
        generated=offered_password(rules) if rules else "",
        token=token,
        log_in_path=_log_in_path(),
    )
    return page, status if rules else 410
