"""Support access: a customer lets staff in for a while, answers those who ask, and sees who came in."""

from collections.abc import Callable

from flask import render_template, request
from werkzeug.wrappers import Response

from gateway.access import support
from gateway.access.acting import consent_missing
from gateway.audit import visits
from gateway.errors import Invalid, Stale
from gateway.identity.forms import add_faults
from gateway.identity.models import SupportAccess
from gateway.launch.queries import live_visits
from gateway.portal.pages import next_links
from gateway.portal.telling import teller
from gateway.self_care.portal import bp
from gateway.self_care.support.forms import MailForm, WindowForm
from gateway.web import current
from gateway.web.marks import belongs_to
from gateway.web.redirects import see

Answer = tuple[str, int] | Response


@bp.get("/activity/support-access")
@belongs_to("activity.support-access")
def support_access() -> str:
    """Show how staff may come in, the window, who asks for it, and the visits, the latest first."""
    return _page()


@bp.post("/activity/support-access")
@belongs_to("activity.support-access")
def open_support() -> Answer:
    """Let staff in for an hour, a day, or until a moment."""
    return _open(None)


@bp.post("/activity/support-access/requests/<id>")
@belongs_to("activity.support-access")
def answer_support(id: str) -> Answer:
    """Answer somebody who asks: let staff in, or decline."""
    if WindowForm().open_for.data != "decline":
        return _open(id)
    return _unless_stale("declined", support.decline, id)


@bp.post("/activity/support-access/close")
@belongs_to("activity.support-access")
def close_support() -> Answer:
    """Let staff in no longer; their visits end."""
    return _unless_stale("support-closed", support.close_window)


@bp.post("/activity/support-access/mail")
@belongs_to("activity.support-access")
def save_support_mail() -> Response:
    """Save whether the customer is told by mail of every visit of staff."""
    work = current.writer()
    support.want_mail(work, _customer_id(), MailForm().support_mail.data)
    work.commit()
    return see("self_care.support_access", done="saved")


def _unless_stale(done: str, change: Callable[..., None], *of: str) -> Answer:
    """Make a change of the window, or of a request of it; where it stands otherwise meanwhile, show how."""
    work = current.writer()
    try:
        change(work, _customer_id(), *of, current.now())
    except Stale:
        work.rollback()
        return _page(stale=True), 409
    work.commit()
    return see("self_care.support_access", done=done)


def _open(request_id: str | None) -> Answer:
    form, now = WindowForm(), current.now()
    if not form.validate():
        return _page(form, request_id), 422
    work = current.writer()
    try:
        support.open_window(work, _customer_id(), current.visitor().id, form.moment(now), now, request_id)
    except Invalid as invalid:
        work.rollback()
        add_faults(form, invalid.errors)
        return _page(form, request_id), 422
    except Stale:
        work.rollback()
        return _page(stale=True), 409
    work.commit()
    return see("self_care.support_access", done="support-opened-first" if form.until.remark else "support-opened")


def _customer_id() -> str:
    return str(current.visitor().customer_id)


def _page(refused: WindowForm | None = None, request_id: str | None = None, *, stale: bool = False) -> str:
    """Draw the page; `refused` is what was typed to open the window, or to answer the request `request_id`."""
    reader, now, customer_id = current.reader(), current.now(), _customer_id()
    state = support.state(reader, customer_id)
    asks = state.support_access is SupportAccess.CONSENT
    is_open = asks and not consent_missing(state.support_access, state.support_until, now)
    waiting = support.waiting(reader, customer_id, now) if asks and not is_open else []
    page = visits.of_customer(reader, customer_id, request.args.get("after"))
    return render_template(
        "self_care/support_access.html",
        state=state,
        is_open=is_open,
        form=refused if refused and not request_id else WindowForm(formdata=None),
        requests=[(row, _answer_form(row.id, refused if row.id == request_id else None)) for row in waiting],
        mail_form=MailForm(formdata=None, data={"support_mail": state.support_mail}),
        stale=stale,
        visits=page.rows,
        live=live_visits(reader, page.rows, now),
        tell=teller((), page.rows, to_customers=True),
        me=current.visitor().id,
        **next_links(page),
    )


def _answer_form(request_id: str, refused: WindowForm | None) -> WindowForm:
    form = refused or WindowForm(formdata=None)
    form.until.id = f"until-{request_id}"
    return form
