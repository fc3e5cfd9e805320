"""Letting somebody try again who was made to wait after too many attempts."""

from dataclasses import replace
from datetime import timedelta

from werkzeug.wrappers import Response

from gateway.admin.portal import bp
from gateway.admin.views import panel
from gateway.audit.queries import refused_log_ins
from gateway.errors import NotFound
from gateway.identity import throttle
from gateway.identity.models import Realm
from gateway.web import current
from gateway.web.marks import belongs_to
from gateway.web.redirects import see_other

RECENT = timedelta(hours=1)


@bp.post("/customers/<id>/self-care/attempts")
@bp.post("/customers/<id>/individuals/<individual>/self-care/attempts")
@belongs_to("customers")
def free_attempts(id: str, individual: str | None = None) -> Response:
    """Forget the failed attempts at a login, and those of the sources from which it was refused within the hour."""
    row = panel.row_of(id, individual)
    if row.login is None:
        raise NotFound
    now, work = current.now(), current.writer()
    refused = refused_log_ins(current.reader(), id, row.id, now - RECENT, 50)
    addresses = {one.address for one in refused if one.reason == "throttled"}
    about = replace(current.stamp(), subject_id=row.id, customer_id=row.customer_id)
    throttle.free(work, Realm.SELF_CARE, row.login, addresses, about)
    work.commit()
    back = f"/admin/customers/{id}/individuals/{individual}" if individual else f"/admin/customers/{id}"
    return see_other(f"{back}?done=freed")
