"""Asking a customer for its consent to support access. Nobody here opens its window."""

from werkzeug.wrappers import Response

from gateway.access import support
from gateway.access.levels import Level
from gateway.admin.forms.support import AskForm
from gateway.admin.portal import bp
from gateway.admin.views.customers import menu, subject_at
from gateway.errors import Invalid, LaunchRefused, NotFound, Stale
from gateway.identity.forms import add_faults
from gateway.identity.models import Mode
from gateway.launch import operations, queries
from gateway.web import current
from gateway.web.marks import belongs_to
from gateway.web.redirects import see_other


@bp.post("/customers/<id>/support-requests")
@belongs_to("customers", needs=Level.VIEW)
def ask_for_access(id: str) -> Response:
    """Ask a customer to let staff in. Who may open something but for its consent may ask: the menu's own question."""
    form, who, now = AskForm(), current.visitor(), current.now()
    subject = subject_at((form.subject.data or id).replace("\0", ""))
    if subject.customer_id != id:
        raise NotFound
    there = f"/admin/customers/{subject.id}/log-in"
    work = current.writer()
    if not queries.may_ask(who, subject):
        code = queries.why_not(who, subject, None, Mode.ASSIGNED, view_only=False)
        if code is None:
            return see_other(there)
        operations.refuse(work, who, subject, None, Mode.ASSIGNED, code)
        work.commit()
        raise LaunchRefused(code)
    if not form.validate():
        return menu(subject, form, 422)
    try:
        support.ask(work, id, (who.id, who.name), subject.id, form.reason.data or "", now)
    except Invalid as invalid:
        work.rollback()
        add_faults(form, invalid.errors)
        return menu(subject, form, 422)
    except Stale:
        return see_other(there)
    work.commit()
    return see_other(f"{there}?done=asked")
