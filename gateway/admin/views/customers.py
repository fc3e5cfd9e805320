"""Customers: the list, one customer, and the menu that opens portals for them."""

from collections.abc import Sequence

from flask import make_response, render_template, request
from werkzeug.wrappers import Response

from gateway.access.acting import Facts
from gateway.access.levels import Level
from gateway.admin import queries
from gateway.admin.portal import bp
from gateway.db import AnyRow
from gateway.errors import NotFound
from gateway.i18n.catalog import gettext as _
from gateway.i18n.catalog import ngettext
from gateway.identity.models import CustomerStatus, Kind
from gateway.identity.standing import Standing
from gateway.launch import queries as launches
from gateway.launch import views as launch
from gateway.paging import COUNT_LIMIT, Page
from gateway.portal.pages import next_links, query_text
from gateway.web import current
from gateway.web.marks import belongs_to


@bp.get("/customers")
@belongs_to("customers")
def customers() -> str:
    """List customers, found by name, login or e-mail, an exact login first; by status and by class."""
    reader, who = current.reader(), current.visitor()
    classes = queries.classes(reader)
    asked = {name: query_text(name) for name in ("q", "status", "class")}
    wanted = queries.Wanted(
        asked["q"],
        CustomerStatus(asked["status"]) if asked["status"] in list(CustomerStatus) else None,
        asked["class"] if asked["class"] in dict(classes) else None,
    )
    page = queries.customers(reader, wanted, request.args.get("after"))
    return render_template(
        "admin/customers.html",
        page=Page([row[:7] for row in page.rows], page.after),
        offers={row.id: launches.main_choice(who, _facts(row)) for row in page.rows},
        q=wanted.q,
        asked=asked,
        classes=classes,
        statuses=list(CustomerStatus),
        count_text=_count_text(queries.count(reader, wanted)),
        here=_here(),
        **next_links(page, **asked),
    )


@bp.get("/customers/<id>")
@belongs_to("customers")
def customer(id: str) -> str:
    """Show one customer with its individuals and the ways to open their portals."""
    subject = _subject(id)
    row = queries.customer(current.reader(), id) if subject.kind is Kind.CUSTOMER else None
    if row is None:
        raise NotFound
    iq = request.args.get("iq", "").strip()[:200].replace("\0", "")
    page = queries.individuals(current.reader(), id, iq, request.args.get("after"))
    people = [_person(found) for found in page.rows]
    return render_template(
        "admin/customer.html",
        customer=row,
        offer=launches.offer(current.visitor(), subject, launch.registry(), _individuals(people), _more(page, id)),
        individuals=Page([_cells(person, found) for person, found in zip(people, page.rows, strict=True)], page.after),
        offers={person.id: launches.main_choice(current.visitor(), person.facts) for person in people},
        iq=iq,
        count_text="",
        here=_here(),
        **next_links(page, iq=iq),
    )


@bp.get("/customers/<id>/log-in")
@belongs_to("customers")
def log_in_menu(id: str) -> Response:
    """Show the menu of a customer or an individual: a page, or only the menu for the popover that asks for it."""
    subject = _subject(id)
    people, more_url = [], None
    if subject.kind is Kind.CUSTOMER:
        page = queries.individuals(current.reader(), id, "", None)
        people, more_url = [_person(row) for row in page.rows], _more(page, id)
    back_url = f"/admin/customers/{subject.customer_id}"
    response = make_response(
        render_template(
            "admin/_menu.html" if "X-Fragment" in request.headers else "admin/log_in.html",
            offer=launches.offer(current.visitor(), subject, launch.registry(), _individuals(people), more_url),
            here=back_url,
            back_url=back_url,
        )
    )
    response.vary.add("X-Fragment")
    return response


@bp.post("/launches")
@belongs_to("customers", needs=Level.VIEW)
def start_launch() -> Response:
    """Answer the click; what may be opened is asked of the offer, not of the level of this page."""
    return launch.start()


def _subject(identity_id: str) -> launches.Subject:
    subject = launches.subject_of(current.reader(), current.house().rights, identity_id, current.now())
    if subject is None or subject.kind is Kind.ADMINISTRATOR:
        raise NotFound
    return subject


def _facts(row: AnyRow) -> Facts:
    return Facts(Kind.CUSTOMER, bool(row.login), row.status, Standing.ACTIVE, current.visitor().support_access)


def _person(row: AnyRow) -> launches.Subject:
    return launches.subject_from(current.reader(), current.house().rights, row, current.now())


def _individuals(people: Sequence[launches.Subject]) -> list[launches.Individual]:
    return [
        launches.Individual(
            person.id,
            person.name,
            person.role_name or _("no role"),
            person.standing,
            f"/admin/customers/{person.id}/log-in",
        )
        for person in people
    ]


def _more(page: Page[AnyRow], customer_id: str) -> str | None:
    return f"/admin/customers/{customer_id}#individuals" if page.after else None


def _cells(person: launches.Subject, row: AnyRow) -> tuple[object, ...]:
    role = person.role_name or _("no role")
    return person.id, person.name, person.login, role, str(person.standing), row.activates_on, row.expires_on


def _here() -> str:
    return request.full_path.rstrip("?")[:500]


def _count_text(found: int) -> str:
    if found > COUNT_LIMIT:
        return _("more than %(count)s customers") % {"count": current.formats().number(COUNT_LIMIT)}
    return ngettext("%(count)s customer", "%(count)s customers", found) % {"count": current.formats().number(found)}
