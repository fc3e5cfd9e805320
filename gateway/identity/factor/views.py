"""The steps of the second factor at the log-in, and the log-in by passkey, for both realms."""

from dataclasses import replace

from flask import Blueprint, make_response, render_template, request
from werkzeug.wrappers import Response

from gateway.errors import FactorRefused, Forbidden, KeyMissing, LoginRefused
from gateway.i18n.catalog import N_
from gateway.i18n.catalog import gettext as _
from gateway.identity import app_keys, devices, operations, passkeys, queries, second_factor, sessions
from gateway.identity.factor.forms import NewPasskeyForm, PasskeyForm, StepForm
from gateway.identity.factor.words import refusal
from gateway.identity.forms import LogInForm
from gateway.identity.operations import Candidate
from gateway.identity.passkeys import Party, Place
from gateway.identity.proofs import CODE
from gateway.identity.views import (
    HOME,
    PREFIX,
    REALM,
    FormPage,
    enter,
    go_on,
    log_in_page,
    log_in_path,
    on_the_way,
    step_url,
)
from gateway.web import browser, current
from gateway.web.marks import open_to_all
from gateway.web.origin import party
from gateway.web.redirects import safe_next, see_other

bp = Blueprint("factor", __name__)

Answer = str | tuple[str, int] | FormPage | Response


@bp.get("/login/code")
@bp.get("/admin/login/code", endpoint="admin_code")
@open_to_all
def code() -> Answer:
    """Ask for the second factor."""
    who = on_the_way("code")
    if who is None:
        return see_other(log_in_path())
    return _code_page(who, StepForm(formdata=None))


@bp.post("/login/code")
@bp.post("/admin/login/code", endpoint="admin_code_post")
@open_to_all
def code_post() -> Answer:
    """Take a code: whoever gave the right one goes on. A refusal counts, so it is committed as well."""
    who = on_the_way("code")
    if who is None:
        return see_other(log_in_path())
    form, work, vault = StepForm(), current.writer(), current.house().vault
    try:
        second_factor.check(work, vault, who.id, form.code.data or "", current.now(), app_counts=who.factor.app_counts)
    except FactorRefused as refused:
        work.commit()
        return _code_refused(who, form, refused)
    except KeyMissing:
        work.commit()
        raise
    return _let_on(who, CODE, remember=form.remember.data)


@bp.post("/login/passkey/options")
@bp.post("/admin/login/passkey/options", endpoint="admin_passkey_options")
@open_to_all
def passkey_options() -> Response:
    """Make the challenge for a passkey: of whoever is at the second factor, else of anybody."""
    who, work = _at_code(), current.writer()
    challenge = passkeys.ask(work, _place(who), current.now())
    options = passkeys.to_use(current.reader(), _party(), challenge, who.id if who else None)
    work.commit()
    return _written_json(options)


@bp.post("/login/passkey")
@bp.post("/admin/login/passkey", endpoint="admin_passkey")
@open_to_all
def passkey() -> Answer:
    """Take a passkey: as the second factor, or to log in without a password."""
    who, work, now = _at_code(), current.writer(), current.now()
    said = PasskeyForm().credential.data or ""
    try:
        id, method = second_factor.use_passkey(work, _party(), _place(who), said, now, who.id if who else None)
        return _let_on(who, method, remember=False) if who else go_on(_admitted(id, method), request.form.get("next"))
    except FactorRefused as refused:
        work.commit()
        if who is not None:
            return _code_refused(who, StepForm(formdata=None), refused)
    except LoginRefused as refused:
        work.rollback()
        operations.refuse_log_in(work, REALM[browser.scope()], "", refused, "passkey")
        work.commit()
    form = LogInForm(formdata=None, next=request.form.get("next", ""))
    return log_in_page(form, _("This passkey was not accepted, or this access is not active."), 422)


@bp.get("/login/enrol")
@bp.get("/admin/login/enrol", endpoint="admin_enrol")
@open_to_all
def enrol() -> Answer:
    """Let whoever needs a second factor and has none set one up; nothing else is open to them (TOTP-03)."""
    who = on_the_way("enrol")
    if who is None:
        return see_other(log_in_path())
    if who.factor.lacks_passkey:
        return _passkey_page(who, NewPasskeyForm(formdata=None))
    return _app_page(who, StepForm(formdata=None))


@bp.post("/login/enrol")
@bp.post("/admin/login/enrol", endpoint="admin_enrol_post")
@open_to_all
def enrol_post() -> Answer:
    """Take the first code of an app, or a new passkey; then show the recovery codes, once, and go on."""
    who = on_the_way("enrol")
    if who is None:
        return see_other(log_in_path())
    if who.factor.lacks_passkey:
        return _enrol_passkey(who)
    form, work = StepForm(), current.writer()
    try:
        codes = second_factor.set_up_app(
            work, current.house().vault, who.id, _session_key(), form.code.data or "", current.now()
        )
    except FactorRefused as refused:
        work.rollback()
        if refused.cause == "gone":
            return see_other(log_in_path())
        form.code.errors = [refusal(refused)]
        return _app_page(who, form, 422)
    return _show_codes(who, codes, CODE)


def _written_json(options: str) -> Response:
    """Answer JSON that is written already."""
    return make_response(options, {"Content-Type": "application/json"})


def _enrol_passkey(who: Candidate) -> Answer:
    form, work, now = NewPasskeyForm(), current.writer(), current.now()
    if not form.validate():
        return _passkey_page(who, form, 422)
    place, name = Place("enrol", _session_key()), form.name.data or ""
    try:
        codes, method = second_factor.add_passkey(work, _party(), place, who.id, form.credential.data or "", name, now)
    except FactorRefused as refused:
        work.rollback()
        passkeys.ask(work, place, now)
        work.commit()
        form.name.errors = [refusal(refused)]
        return _passkey_page(who, form, 422)
    return _show_codes(who, codes, method)


def _show_codes(who: Candidate, codes: list[str], method: str) -> Response:
    """Go on, by way of a page that shows the recovery codes if there are new ones."""
    work = current.writer()
    work.flush()
    now_due = operations.candidate(work.connection(), who.id, current.now(), current.address(), passed=True)
    proved = replace(now_due or replace(who, passed=True), methods=(*who.methods, method))
    entered = enter(proved, request.args.get("next"))
    page = render_template("identity/recovery_codes.html", codes=codes, next_url=entered.there)
    return entered.on(make_response(page) if codes else see_other(entered.there))


def _let_on(who: Candidate, method: str, *, remember: bool) -> Response:
    """Go on from a second factor that was right; the browser is remembered if that is wished and may be."""
    cookie = None
    if remember and who.factor.remembers:
        cookie = devices.remember(
            current.writer(), who.id, browser.device_cookie(), current.agent(), current.address(), current.now()
        )
    proved = replace(who, passed=True, methods=(*who.methods, method))
    response = go_on(proved, request.values.get("next"))
    if cookie is not None:
        browser.set_device_cookie(response, cookie, int(devices.GOOD_FOR.total_seconds()))
    return response


def _admitted(id: str, method: str) -> Candidate:
    return operations.admitted(current.reader(), REALM[browser.scope()], id, method, current.now(), current.address())


def _at_code() -> Candidate | None:
    """Return who is at the page of the second factor, whose form says so; raises where nobody is any more."""
    if request.form.get("step") != "code":
        return None
    who = on_the_way("code")
    if who is None:
        raise Forbidden(N_("Your log-in has expired. Begin again with the password."), "expired")
    return who


def _place(who: Candidate | None) -> Place:
    """Return what a challenge is tied to: the half-logged-in session, or the browser of a stranger."""
    return Place("factor", _session_key()) if who else Place("log-in", bytes.fromhex(browser.form_seed()))


def _party() -> Party:
    found = party()
    if found is None:
        raise Forbidden(N_("Passkeys work where the gateway has a name, not at an address of numbers."), "no_name")
    return found


def _session_key() -> bytes:
    return sessions.key_of(browser.session_cookie() or "")


def _code_refused(who: Candidate, form: StepForm, refused: FactorRefused) -> Response:
    """Say why a second factor was not accepted; 429 while one has to wait."""
    response = make_response(
        _code_page(who, form, refusal(refused)), 429 if refused.cause in ("wait", "locked") else 422
    )
    if refused.retry_after is not None:
        response.headers["Retry-After"] = str(refused.retry_after)
    return response


def _next() -> str:
    return safe_next(request.values.get("next"), PREFIX[browser.scope()], HOME[browser.scope()])


def _code_page(who: Candidate, form: StepForm, message: str | None = None) -> str:
    form.code.data = ""
    return render_template(
        "identity/code.html",
        form=form,
        message=message,
        factor=who.factor,
        recovery=request.args.get("with") == "recovery" or not who.factor.app_counts,
        passkeys=who.factor.passkey and party() is not None,
        here=step_url("code", _next()),
        next=_next(),
        back_url=log_in_path(),
    )


def _app_page(who: Candidate, form: StepForm, status: int = 200) -> Answer:
    reader, now = current.reader(), current.now()
    person, brand = queries.profile(reader, who.id), current.house().settings.brand
    login = person.login or person.name
    offer = app_keys.offer(reader, current.house().vault, who.id, _session_key(), login, brand, now)
    if offer is None:
        return see_other(log_in_path())
    form.code.data = ""
    action = step_url("enrol", _next())
    page = render_template("identity/enrol.html", form=form, offer=offer, action=action, back_url=log_in_path())
    return page, status


def _passkey_page(who: Candidate, form: NewPasskeyForm, status: int = 200) -> Answer:
    reader, now, where = current.reader(), current.now(), party()
    challenge = passkeys.asked(reader, Place("enrol", _session_key()), now)
    if challenge is None:
        return see_other(log_in_path())
    person = queries.profile(reader, who.id)
    login = person.login or person.name
    options = passkeys.to_enrol(reader, where, challenge, who.id, login, person.name) if where else None
    action = step_url("enrol", _next())
    page = render_template(
        "identity/enrol_passkey.html", form=form, options=options, action=action, back_url=log_in_path()
    )
    return page, status
