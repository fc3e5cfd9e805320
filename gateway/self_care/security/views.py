"""One's own second factor. Every change asks for the password, and for a code where there is one (TOTP-09)."""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, make_response, render_template, request, url_for
from werkzeug.wrappers import Response

from gateway.account.views.proof import asks_code, proved
from gateway.db import AnyRow
from gateway.errors import FactorRefused, Forbidden, NotFound
from gateway.i18n.catalog import N_
from gateway.identity import app_keys, devices, passkeys, second_factor, sessions
from gateway.identity.factor.forms import CodeForm, NewPasskeyForm, ProofForm
from gateway.identity.factor.words import refusal
from gateway.identity.models import Realm, Stage
from gateway.identity.passkeys import Party, Place
from gateway.portal.guard import refuse
from gateway.self_care.portal import bp
from gateway.self_care.security.steps import STEPS
from gateway.web import browser, current
from gateway.web.marks import belongs_to, for_everyone_logged_in
from gateway.web.origin import party
from gateway.web.redirects import see_other

own = Blueprint("own", __name__)

Answer = str | tuple[str, int] | Response
View = Callable[..., Answer]


def overview() -> Answer:
    """Show how one's second factor stands: app, passkeys, recovery codes, remembered devices."""
    who, reader, now = current.visitor(), current.reader(), current.now()
    return render_template(
        "self_care/second_factor.html",
        state=second_factor.state(reader, who.id, now),
        passkeys=passkeys.of(reader, who.id),
        devices=devices.of(reader, who.id, now),
        named=party() is not None,
        back=_security_url(),
        here=_here(),
    )


def app() -> Answer:
    """Ask for password and code, or show the key that this session is to confirm."""
    return _app_page(ProofForm(formdata=None))


def begin_app() -> Answer:
    """Make a key for an app; it counts once a code of it is typed."""

    def do() -> Response:
        work, who = current.writer(), current.visitor()
        app_keys.begin(work, current.house().vault, who.id, who.session_key, current.now())
        work.commit()
        return see_other(f"{_here()}/app")

    return _proved("app", do)


def confirm_app() -> Answer:
    """Take the first code of an app, show new recovery codes, and end one's other sessions."""
    form, work, who = ProofForm(), current.writer(), current.visitor()
    typed = form.code.data or ""
    try:
        codes = second_factor.set_up_app(
            work, current.house().vault, who.id, who.session_key, typed, current.now(), chosen=True
        )
    except FactorRefused as refused:
        work.rollback()
        form.code.errors = [refusal(refused)]
        return _app_page(form, refusal(refused) if refused.cause == "gone" else None), 422
    return _renewed(codes)


def recovery_codes() -> Answer:
    """Ask for password and code before new recovery codes."""
    return _ask("recovery-codes")


def renew_codes() -> Answer:
    """Show ten new recovery codes, once."""

    def do() -> Response:
        work = current.writer()
        codes = second_factor.renew_codes(work, current.visitor().id, current.now())
        work.commit()
        return _codes_page(codes)

    return _proved("recovery-codes", do)


def turn_on() -> Answer:
    """Ask for password and code before the second factor is turned on."""
    return _ask("on")


def on() -> Answer:
    """Have what is set up asked for at the log-in."""

    def do() -> Response:
        second_factor.turn_on(current.writer(), current.visitor().id, current.now())
        return _renewed(None, "factor-on")

    return _proved("on", do)


def turn_off() -> Answer:
    """Ask for password and code before the second factor is turned off."""
    return _ask("off")


def off() -> Answer:
    """Turn one's second factor off, where it is not required."""

    def do() -> Response:
        second_factor.turn_off(current.writer(), current.visitor().id, current.now())
        return _renewed(None, "factor-off")

    return _proved("off", do)


def new_passkey() -> Answer:
    """Ask for password and code, or show the button that makes a passkey."""
    return _passkey_page(ProofForm(formdata=None), NewPasskeyForm(formdata=None))


def begin_passkey() -> Answer:
    """Make the challenge of a new passkey: whoever has one has shown that it is them."""

    def do() -> Response:
        work = current.writer()
        passkeys.ask(work, _place(), current.now())
        work.commit()
        return see_other(f"{_here()}/passkeys/new")

    return _proved("passkeys/new", do)


def add_passkey() -> Answer:
    """Keep a new passkey; recovery codes come with the first."""
    form, who = NewPasskeyForm(), current.visitor()
    if not form.validate():
        return _passkey_page(ProofForm(formdata=None), form), 422
    work, now, said = current.writer(), current.now(), form.credential.data or ""
    try:
        codes, _method = second_factor.add_passkey(work, _party(), _place(), who.id, said, form.name.data or "", now)
    except FactorRefused as refused:
        work.rollback()
        return _passkey_page(ProofForm(formdata=None), form, refusal(refused)), 422
    return _renewed(codes or None, "created")


def passkey(id: str) -> Answer:
    """Show one passkey, to be renamed or removed."""
    row = _passkey(id)
    return _ask("passkey", passkey_row=row, name_form=NewPasskeyForm(formdata=None, data={"name": row.name}))


def rename_passkey(id: str) -> Answer:
    """Call a passkey something else."""
    row, form, work = _passkey(id), NewPasskeyForm(), current.writer()
    if not form.validate():
        return _ask("passkey", passkey_row=row, name_form=form), 422
    passkeys.rename(work, current.visitor().id, id, form.name.data or "")
    work.commit()
    return see_other(f"{_here()}?done=saved")


def remove_passkey(id: str) -> Answer:
    """Take a passkey away; one's other sessions end."""
    row = _passkey(id)

    def do() -> Response:
        second_factor.remove_passkey(current.writer(), current.visitor().id, id, current.now())
        return _renewed(None, "deleted")

    name_form = NewPasskeyForm(formdata=None, data={"name": row.name})
    return _proved("passkey", do, passkey_row=row, name_form=name_form)


def forget_device(id: str) -> Answer:
    """Ask one remembered browser for the second factor again."""
    work = current.writer()
    if not devices.forget(work, current.visitor().id, id):
        raise NotFound
    work.commit()
    return see_other(f"{_here()}?done=deleted")


def forget_devices() -> Answer:
    """Ask every remembered browser for the second factor again."""
    work = current.writer()
    devices.forget(work, current.visitor().id)
    work.commit()
    return see_other(f"{_here()}?done=deleted")


ROUTES: tuple[tuple[str, str, View], ...] = (
    ("", "GET", overview),
    ("/app", "GET", app),
    ("/app", "POST", begin_app),
    ("/app/confirm", "POST", confirm_app),
    ("/recovery-codes", "GET", recovery_codes),
    ("/recovery-codes", "POST", renew_codes),
    ("/on", "GET", turn_on),
    ("/on", "POST", on),
    ("/off", "GET", turn_off),
    ("/off", "POST", off),
    ("/passkeys", "POST", add_passkey),
    ("/passkeys/new", "GET", new_passkey),
    ("/passkeys/new", "POST", begin_passkey),
    ("/passkeys/<id>", "GET", passkey),
    ("/passkeys/<id>", "POST", rename_passkey),
    ("/passkeys/<id>/remove", "POST", remove_passkey),
    ("/devices/forget", "POST", forget_devices),
    ("/devices/<id>/forget", "POST", forget_device),
)


def hang(on_bp: Blueprint, path: str, mark: Callable[[View], View], routes: tuple[tuple[str, str, View], ...]) -> None:
    """Hang pages on a blueprint under `path`, each with its mark. What is refused on the way is put on the record."""

    def one(rule: str, method: str, view: View) -> None:
        def page(**place: Any) -> Answer:
            try:
                return view(**place)
            except Forbidden as refusal_:
                refuse(refusal_)

        page.__doc__ = view.__doc__
        on_bp.add_url_rule(f"{path}{rule}", f"factor_{view.__name__}", mark(page), methods=[method])

    for rule, method, view in routes:
        one(rule, method, view)


def _security_url() -> str:
    return "/admin/security" if current.visitor().realm is Realm.ADMIN else url_for("self_care.security")


def _here() -> str:
    return f"{_security_url()}/second-factor"


def _party() -> Party:
    found = party()
    if found is None:
        raise Forbidden(N_("Passkeys work where the gateway has a name, not at an address of numbers."), "no_name")
    return found


def _place() -> Place:
    return Place("enrol", current.visitor().session_key)


def _passkey(id: str) -> AnyRow:
    found = [row for row in passkeys.of(current.reader(), current.visitor().id) if row.id == id]
    if not found:
        raise NotFound
    return found[0]


def _proved(name: str, do: Callable[[], Response], **shown: Any) -> Answer:
    """Do something if password and code are right."""
    form = ProofForm()
    if refused := proved(form.current, form.code):
        return make_response(_ask(name, form, **shown), *refused)
    return do()


def _renewed(codes: list[str] | None, done: str = "saved") -> Response:
    """End one's other sessions and go on under a new id, by way of the recovery codes if there are new ones."""
    who, work, now = current.visitor(), current.writer(), current.now()
    sessions.end_all(work, who.id, "factor-changed", now)
    cookie = sessions.start(work, who.id, who.scope, Stage.LIVE, now, current.address(), current.agent(), who.methods)
    work.commit()
    response = _codes_page(codes) if codes else see_other(f"{_here()}?done={done}")
    browser.set_session_cookie(response, who.scope, None, cookie)
    return response


def _codes_page(codes: list[str]) -> Response:
    return make_response(render_template("self_care/recovery_codes.html", codes=codes, back=_here()))


def _ask(name: str, form: CodeForm | None = None, **shown: Any) -> str:
    form = form or ProofForm(formdata=None)
    form.code.data = ""
    given: dict[str, Any] = dict.fromkeys(("offer", "options", "passkey_row", "name_form", "problem"))
    given |= {"action": f"{request.script_root}{request.path.removesuffix('/confirm').removesuffix('/remove')}"}
    return render_template(
        "self_care/factor_step.html",
        step=STEPS[name],
        form=form,
        asks_code=asks_code(),
        back=_here(),
        **given | shown,
    )


def _app_page(form: ProofForm, problem: str | None = None) -> str:
    who, house = current.visitor(), current.house()
    login, brand = who.login or who.name, house.settings.brand
    offer = app_keys.offer(current.reader(), house.vault, who.id, who.session_key, login, brand, current.now())
    return _ask("app", form, offer=offer, problem=problem)


def _passkey_page(form: ProofForm, name_form: NewPasskeyForm, problem: str | None = None) -> str:
    who, reader, where = current.visitor(), current.reader(), party()
    challenge = passkeys.asked(reader, _place(), current.now())
    options = None
    if challenge is not None and where is not None:
        options = passkeys.to_enrol(reader, where, challenge, who.id, who.login or who.name, who.name)
    action = f"{_here()}/passkeys/new"
    return _ask("passkeys/new", form, options=options, name_form=name_form, problem=problem, action=action)


hang(bp, "/security/second-factor", belongs_to("security"), ROUTES)
hang(own, "/admin/security/second-factor", for_everyone_logged_in, ROUTES)
