"""Where customers, individuals and administrators are logged in; staff end one session, or all of them."""

from dataclasses import dataclass
from datetime import datetime

from flask import render_template, request
from werkzeug.wrappers import Response

from gateway.admin import queries
from gateway.admin.portal import bp
from gateway.admin.views.administrators import hold
from gateway.db import AnyRow
from gateway.errors import NotFound
from gateway.i18n.catalog import gettext as _
from gateway.identity import elsewhere
from gateway.identity import queries as identities
from gateway.identity import sessions as operations
from gateway.paging import Page
from gateway.people.queries import individual as individual_of
from gateway.portal.pages import next_links
from gateway.web import current
from gateway.web.marks import belongs_to, needs_recent
from gateway.web.redirects import see_other

STAFF = "ended-by-staff"


@dataclass(frozen=True, slots=True)
class Whose:
    """Whose sessions a page shows; `customer`: with those of its individuals."""

    id: str
    name: str
    url: str
    crumbs: tuple[tuple[str, str], ...]
    customer: bool = False


@bp.get("/customers/<id>/sessions")
@belongs_to("customers")
def sessions(id: str) -> str:
    """List the sessions of a customer and its individuals."""
    return _page(_customer(id))


@bp.post("/customers/<id>/sessions")
@belongs_to("customers")
def end_customers_sessions(id: str) -> Response:
    """End everybody's sessions of a customer: its own and those of its individuals."""
    whose, work = _customer(id), current.writer()
    operations.end_everybodys(work, current.now(), customer_id=id)
    work.commit()
    return see_other(f"{whose.url}?done=sessions-ended")


@bp.post("/customers/<id>/sessions/<session>")
@belongs_to("customers")
def end_customers_session(id: str, session: str) -> Response:
    """End one session of a customer or of one of its individuals."""
    whose = _customer(id)
    row = identities.session_at(current.reader(), id, session)
    if row is None:
        raise NotFound
    return _end(whose, row.subject_id, session)


@bp.get("/customers/<id>/individuals/<individual>/sessions")
@belongs_to("customers")
def individual_sessions(id: str, individual: str) -> str:
    """List the sessions of an individual."""
    return _page(_individual(id, individual))


@bp.post("/customers/<id>/individuals/<individual>/sessions")
@belongs_to("customers")
def end_individual_sessions(id: str, individual: str) -> Response:
    """End all sessions of an individual."""
    return _end_all(_individual(id, individual))


@bp.post("/customers/<id>/individuals/<individual>/sessions/<session>")
@belongs_to("customers")
def end_individual_session(id: str, individual: str, session: str) -> Response:
    """End one session of an individual."""
    whose = _individual(id, individual)
    return _end(whose, whose.id, session)


@bp.get("/administrators/<id>/sessions")
@belongs_to("administrators")
def administrator_sessions(id: str) -> str:
    """List the sessions of an administrator."""
    return _page(_administrator(id))


@bp.post("/administrators/<id>/sessions")
@needs_recent
@belongs_to("administrators")
def end_administrator_sessions(id: str) -> Response:
    """End all sessions of an administrator, and their visits; not of one whose rights exceed one's own."""
    whose = _administrator(id, to_change=True)
    return _end_all(whose)


@bp.post("/administrators/<id>/sessions/<session>")
@needs_recent
@belongs_to("administrators")
def end_administrator_session(id: str, session: str) -> Response:
    """End one session of an administrator, with its visits."""
    whose = _administrator(id, to_change=True)
    return _end(whose, id, session)


def _customer(id: str) -> Whose:
    row = queries.customer(current.reader(), id)
    if row is None:
        raise NotFound
    record = f"/admin/customers/{id}"
    crumbs = ((_("Customers"), "/admin/customers"), (row.name, record))
    return Whose(id, row.name, f"{record}/sessions", crumbs, customer=True)


def _individual(customer_id: str, id: str) -> Whose:
    above = _customer(customer_id)
    row = individual_of(current.reader(), customer_id, id)
    if row is None:
        raise NotFound
    record = f"/admin/customers/{customer_id}/individuals/{id}"
    return Whose(id, row.name, f"{record}/sessions", (*above.crumbs, (row.name, record)))


def _administrator(id: str, *, to_change: bool = False) -> Whose:
    row = queries.administrator(current.reader(), id)
    if row is None:
        raise NotFound
    if to_change:
        hold(row)
    record = f"/admin/administrators/{id}"
    return Whose(
        id, row.name, f"{record}/sessions", ((_("Administrators"), "/admin/administrators"), (row.name, record))
    )


def _page(whose: Whose) -> str:
    reader, now = current.reader(), current.now()
    page = _of_customer(whose, now) if whose.customer else Page(identities.own_sessions(reader, whose.id, now), None)
    externals = current.house().rights.externals
    held = elsewhere.held_by(reader, [row.id for row in page.rows]) if externals else {}
    about = _("The customer's own log-ins and those of its individuals; visits of staff are not among them.")
    return render_template(
        "admin/sessions.html",
        name=whose.name,
        crumbs=whose.crumbs,
        url=whose.url,
        rows=page.rows,
        named=whose.customer,
        elsewhere={id: [externals[slug].title for slug in slugs if slug in externals] for id, slugs in held.items()},
        about=about if whose.customer else "",
        end_all=_("End everybody's sessions") if whose.customer else _("End all sessions"),
        **next_links(page),
    )


def _of_customer(whose: Whose, now: datetime) -> Page[AnyRow]:
    return identities.sessions_at(current.reader(), whose.id, request.args.get("after"), now)


def _end(whose: Whose, subject_id: str, session: str) -> Response:
    work = current.writer()
    if not operations.end_one(work, subject_id, session, current.now(), STAFF):
        raise NotFound
    work.commit()
    return see_other(f"{whose.url}?done=session-ended")


def _end_all(whose: Whose) -> Response:
    work = current.writer()
    operations.end_all_own(work, whose.id, current.now(), why=STAFF)
    work.commit()
    return see_other(f"{whose.url}?done=sessions-ended")
