"""Proving again who one is, in the midst of a session."""

from flask import render_template, request
from werkzeug.wrappers import Response

from gateway.account.blueprint import bp
from gateway.account.forms import ProofForm
from gateway.audit.operations import record
from gateway.errors import LoginRefused
from gateway.identity import proofs, sessions
from gateway.identity.models import Scope
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
def prove() -> tuple[str, int] | Response:
    """Take the proofs and lead back to where one was; the session goes on under a new id (SES-02)."""
    form, who, now = ProofForm(), current.visitor(), current.now()
    given = {name: form[name].data or "" for name in proofs.due(current.reader(), who.id)}
    faults: dict[str, list[str]] = {}
    try:
        with counted(DOOR, who.realm, who.login):
            faults = proofs.faults(current.reader(), who.id, given)
            if faults:
                raise LoginRefused(f"wrong-{next(iter(faults))}", who.id, who.customer_id)
    except LoginRefused as refused:
        refuse(DOOR, who.realm, who.login, refused)
        for name, texts in faults.items():
            form[name].errors = texts
        return _page(form), 422
    work = current.writer()
    cookie = sessions.renew(work, who.session_key, now)
    record(work, "proof.ok")
    work.commit()
    response = see_other(_there(form.next.data))
    browser.set_session_cookie(response, who.scope, None, cookie)
    return response


def _there(target: str | None) -> str:
    home = HOME[current.visitor().scope]
    there = safe_next(target, home, home)
    return f"{there}{'&' if '?' in there else '?'}done=proved" if there != home else there


def _page(form: ProofForm) -> str:
    return render_template("account/proof.html", form=form, back=safe_next(form.next.data, "/", "/"))
