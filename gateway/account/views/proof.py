"""Proving again who one is, in the midst of a session."""

from collections.abc import Mapping

from flask import render_template, request
from werkzeug.wrappers import Response
from wtforms import Field

from gateway.account.blueprint import bp
from gateway.account.forms import ProofForm
from gateway.audit.operations import record
from gateway.errors import FactorRefused, KeyMissing, LoginRefused
from gateway.i18n.catalog import gettext as _
from gateway.identity import operations, second_factor, sessions
from gateway.identity.factor.words import refusal
from gateway.identity.models import Scope
from gateway.identity.proofs import CODE, PASSWORD
from gateway.web import browser, current
from gateway.web.attempts import counted, refuse
from gateway.web.marks import for_everyone_logged_in
from gateway.web.redirects import safe_next, see_other

DOOR = "proof"
HOME = {Scope.SELF_CARE: "/", Scope.ADMIN: "/admin/"}


@bp.get("/reauthenticate")
@bp.get("/admin/reauthenticate", endpoint="admin_reauthenticate")
@for_everyone_logged_in
def reauthenticate() -> str:
    """Ask who one is."""
    return _page(ProofForm(formdata=None, next=request.args.get("next", "")))


@bp.post("/reauthenticate")
@bp.post("/admin/reauthenticate", endpoint="admin_reauthenticate_post")
@for_everyone_logged_in
def prove() -> tuple[str, int, Mapping[str, str]] | Response:
    """Take the proofs and lead back to where one was; the session goes on under a new id (SES-02)."""
    form, who = ProofForm(), current.visitor()
    methods = (PASSWORD, CODE) if asks_code() else (PASSWORD,)
    if refused := proved(form.password, form.code):
        return _page(form), *refused
    work = current.writer()
    cookie = sessions.renew(work, who.session_key, methods, current.now())
    record(work, "proof.ok")
    work.commit()
    response = see_other(_there(form.next.data))
    browser.set_session_cookie(response, who.scope, None, cookie)
    return response


def proved(password: Field, code: Field) -> tuple[int, Mapping[str, str]] | None:
    """Check the password of whoever is there, and a code where they have a second factor; None: both are right.

    Else the status and headers of the answer, with what is wrong said at the fields. A code is looked at only once the
    password was right, and a refusal counts.
    """
    who, work = current.visitor(), current.writer()
    try:
        with counted(DOOR, who.realm, who.login):
            operations.check_present_password(current.reader(), who.id, password.data or "")
    except LoginRefused as refused:
        refuse(DOOR, who.realm, who.login, refused)
        password.errors = [_("This is not your present password.")]
        return 422, {}
    if not asks_code():
        return None
    try:
        second_factor.check(work, current.house().vault, who.id, code.data or "", current.now())
    except FactorRefused as refused:
        work.commit()
        code.errors = [refusal(refused)]
        after = {} if refused.retry_after is None else {"Retry-After": str(refused.retry_after)}
        return (429 if refused.cause in ("wait", "locked") else 422), after
    except KeyMissing:
        work.commit()
        raise
    return None


def asks_code() -> bool:
    """Tell whether whoever is there has a second factor to be asked for."""
    return second_factor.state(current.reader(), current.visitor().id, current.now()).factor.set_up


def _there(target: str | None) -> str:
    home = HOME[current.visitor().scope]
    there = safe_next(target, home, home)
    return f"{there}{'&' if '?' in there else '?'}done=proved" if there != home else there


def _page(form: ProofForm) -> str:
    form.code.data = ""
    return render_template(
        "account/proof.html", form=form, asks_code=asks_code(), back=safe_next(form.next.data, "/", "/")
    )
