"""Customers: the list, one customer, and the menu that opens portals for them."""

from collections.abc import Mapping, Sequence
from typing import Any

from flask import make_response, render_template, request
from werkzeug.wrappers import Response

from gateway.access import customers as operations
from gateway.access.acting import Facts, consent_missing
from gateway.access.levels import Level
from gateway.access.panel import NewPassword, roles_to_hold
from gateway.admin import queries, refusals
from gateway.admin.asking import asking
from gateway.admin.forms.customers import STATUSES, NewCustomerForm, RecordForm, StatusForm
from gateway.admin.forms.support import AskForm
from gateway.admin.portal import bp
from gateway.db import AnyRow
from gateway.errors import Invalid, NotFound, Stale
from gateway.i18n.catalog import gettext as _
from gateway.i18n.catalog import ngettext
from gateway.identity import passwords
from gateway.identity import queries as identities
from gateway.identity.forms import add_faults, choices
from gateway.identity.inheritance import in_force
from gateway.identity.models import CustomerStatus, Kind, SupportAccess
from gateway.identity.operations import set_customer_status
from gateway.identity.password_rules import Rules, offered_password, password_faults, rules_in_class
from gateway.identity.standing import Standing
from gateway.launch import queries as launches
from gateway.launch import views as launch
from gateway.launch.forms import LaunchForm
from gateway.paging import COUNT_LIMIT, Page
from gateway.people.queries import Wanted, kept_out
from gateway.people.queries import individuals as people_of
from gateway.portal.pages import next_links, query_text
from gateway.portal.registry import registry
from gateway.web import current
from gateway.web.marks import belongs_to
from gateway.web.redirects import see_other


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


@bp.get("/customers/new")
@belongs_to("customers")
def new_customer() -> str:
    """Show the form for a new customer."""
    return _new_page(_new_form(formdata=None))


@bp.post("/customers/new")
@belongs_to("customers")
def create_customer() -> tuple[str, int] | Response:
    """Make a customer."""
    form = _new_form()
    typed = form.password.data or ""
    faults: Mapping[str, Sequence[str]] = {}
    if typed:
        faults = password_faults(typed, typed, _rules(form))
    if not form.validate() or faults:
        return _refused(form, faults), 422
    password = NewPassword(passwords.hashed(typed), must_change=True) if typed else None
    work = current.writer()
    status = CustomerStatus(form.status.data)
    try:
        id = operations.create(
            work, form.record, form.login.data or "", status, form.role.data, password, current.now()
        )
    except Invalid as invalid:
        return _refused(form, invalid.errors), 422
    work.commit()
    return see_other(f"/admin/customers/{id}?done=created")


@bp.get("/customers/<id>")
@belongs_to("customers")
def customer(id: str) -> str:
    """Show one customer with its individuals and the ways to open their portals."""
    row = _row(id)
    form = _record_form(row, formdata=None)
    form.keep_shown(_stored(row), row.version)
    return _page(row, form)


@bp.post("/customers/<id>")
@belongs_to("customers")
def save_customer(id: str) -> tuple[str, int] | Response:
    """Save the record of a customer, and its status where that is sent too."""
    row = _row(id)
    form = _record_form(row)
    if not form.validate():
        return _page(row, form), 422
    work, status = current.writer(), CustomerStatus(form.status.data)
    try:
        operations.change(work, id, form.version_or(row.version), form.record, current.now())
        if status is not row.status:
            set_customer_status(work, id, status, current.now())
    except Invalid as invalid:
        add_faults(form, invalid.errors)
        return _page(row, form), 422
    except Stale:
        work.rollback()
        return _stale(form, id), 409
    work.commit()
    return see_other(f"/admin/customers/{id}?done=saved")


@bp.get("/customers/<id>/status")
@belongs_to("customers")
def status(id: str) -> str:
    """Show what each status means for a customer, and how many people it would reach."""
    row = _row(id)
    form = StatusForm(formdata=None, data={"status": row.status.value})
    form.keep_shown({"status": row.status}, row.version)
    return _status_page(row, form)


@bp.post("/customers/<id>/status")
@belongs_to("customers")
def save_status(id: str) -> tuple[str, int] | Response:
    """Change how a customer stands; it acts at once."""
    row = _row(id)
    form = StatusForm()
    if not form.validate():
        return _status_page(row, form), 422
    work, status = current.writer(), CustomerStatus(form.status.data)
    try:
        set_customer_status(work, id, status, current.now(), form.version_or(row.version))
    except Stale:
        work.rollback()
        return _status_stale(form, id), 409
    work.commit()
    return see_other(f"/admin/customers/{id}?done=saved")


@bp.get("/customers/<id>/log-in")
@belongs_to("customers")
def log_in_menu(id: str) -> Response:
    """Show the menu of a customer or an individual."""
    return menu(subject_at(id))


def menu(
    subject: launches.Subject, refused: AskForm | None = None, status: int = 200, again: LaunchForm | None = None
) -> Response:
    """Draw the menu of somebody: a page, or only the menu for the popover that asks for it.

    `refused` asked for consent, `again` for a portal, each with a reason that is not right.
    """
    people, more_url = [], None
    if subject.kind is Kind.CUSTOMER:
        id = subject.id
        page = people_of(current.reader(), id, Wanted(), None, current.now())
        people, more_url = [_person(row) for row in page.rows], _more(page, id)
    back_url = f"/admin/customers/{subject.customer_id}"
    offer = launches.offer(current.visitor(), subject, registry(), _individuals(people), more_url)
    response = make_response(
        render_template(
            "admin/_menu.html" if "X-Fragment" in request.headers else "admin/log_in.html",
            offer=offer,
            asking=asking(str(subject.customer_id), offer, refused),
            again=again,
            here=(again.next.data if again else None) or back_url,
            back_url=back_url,
        ),
        status,
    )
    response.vary.add("X-Fragment")
    return response


@bp.post("/launches")
@belongs_to("customers", needs=Level.VIEW)
def start_launch() -> Response:
    """Answer the click; what may be opened is asked of the offer, not of the level of this page.

    Where a reason has to be given, what is wrong with it is said beside it.
    """
    form = LaunchForm()
    try:
        return launch.start(form)
    except Invalid as invalid:
        subject = subject_at((form.subject.data or "").replace("\0", ""))
        asked = subject.facts.reason_required or form.emergency.data == "y"
        if set(invalid.errors) != {"reason"} or not asked:
            raise
        form.reason.errors = invalid.errors["reason"]
        return menu(subject, status=422, again=form)


def _row(customer_id: str) -> AnyRow:
    row = queries.customer(current.reader(), customer_id)
    if row is None:
        raise NotFound
    return row


def _record_form(row: AnyRow, **given: object) -> RecordForm:
    form = RecordForm(**given, data={**_stored(row), "status": row.status.value})
    form.customer_class.choices = choices(queries.classes(current.reader()))
    form.status.choices = choices((word, _(title)) for word, title in STATUSES)
    return form


def _stored(row: AnyRow) -> dict[str, Any]:
    return {"name": row.name, "email": row.email, "customer_class": row.class_id}


def _stale(form: RecordForm, id: str) -> str:
    """Show what others saved meanwhile, with what was typed kept."""
    row = _row(id)
    words = {**_stored(row), "customer_class": row.class_name}
    return _page(row, form, [(form[name].label.text, words[name]) for name in form.catch_up(_stored(row), row.version)])


def _page(row: AnyRow, form: RecordForm, meanwhile: Sequence[tuple[str, str]] | None = None) -> str:
    subject = subject_at(row.id)
    iq = request.args.get("iq", "").strip()[:200].replace("\0", "")
    page = people_of(current.reader(), row.id, Wanted(iq), request.args.get("after"), current.now())
    people = [_person(found) for found in page.rows]
    offer = launches.offer(current.visitor(), subject, registry(), _individuals(people), _more(page, row.id))
    return render_template(
        "admin/customer.html",
        customer=row,
        form=form,
        offer=offer,
        asking=asking(row.id, offer),
        individuals=Page([_cells(person, found) for person, found in zip(people, page.rows, strict=True)], page.after),
        offers={person.id: launches.main_choice(current.visitor(), person.facts) for person in people},
        refusals=refusals.of_customer(row),
        iq=iq,
        meanwhile=meanwhile,
        here=_here() if request.method == "GET" else f"/admin/customers/{row.id}",
        **next_links(page, iq=iq),
    )


def _new_form(**given: object) -> NewCustomerForm:
    form = NewCustomerForm(**given)
    form.customer_class.choices = choices(queries.classes(current.reader()))
    form.role.choices = choices(roles_to_hold(current.reader(), Kind.CUSTOMER, None, None))
    form.status.choices = choices((word, _(title)) for word, title in STATUSES)
    return form


def _rules(form: NewCustomerForm) -> Rules:
    rules = rules_in_class(current.reader(), form.customer_class.data or "", current.house().names)
    return rules.with_words(form.login.data, form.name.data)


def _new_page(form: NewCustomerForm) -> str:
    rules = _rules(form)
    form.password.data = ""
    return render_template("admin/customer_new.html", form=form, rules=rules, generated=offered_password(rules))


def _refused(form: NewCustomerForm, faults: Mapping[str, Sequence[str]]) -> str:
    add_faults(form, faults)
    return _new_page(form)


def _status_page(row: AnyRow, form: StatusForm, meanwhile: Sequence[tuple[str, str]] | None = None) -> str:
    reader, now = current.reader(), current.now()
    return render_template(
        "admin/customer_status.html",
        customer=row,
        form=form,
        reach=identities.reach(reader, row.id, now),
        barred=kept_out(reader, row.id, now),
        statuses=STATUSES,
        meanwhile=meanwhile,
    )


def _status_stale(form: StatusForm, id: str) -> str:
    """Show how the customer stands now, with what was chosen kept."""
    row, titles = _row(id), dict(STATUSES)
    changed = form.catch_up({"status": row.status}, row.version)
    return _status_page(row, form, [(form.status.label.text, _(titles[row.status.value])) for _name in changed])


def subject_at(identity_id: str) -> launches.Subject:
    """Return a customer or an individual with what decides about opening their portals; raises `NotFound`."""
    subject = launches.subject_of(current.reader(), current.house().rights, identity_id, current.now())
    if subject is None or subject.kind is Kind.ADMINISTRATOR:
        raise NotFound
    return subject


def _facts(row: AnyRow) -> Facts:
    return Facts(
        Kind.CUSTOMER,
        bool(row.login),
        row.status,
        Standing.ACTIVE,
        current.visitor().support_access,
        row.support_access is SupportAccess.REASON,
        consent_missing(row.support_access, row.support_until, current.now()),
    )


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
    zone = in_force(row, "time_zone", row.gateway_time_zone).value
    return person.id, person.name, person.login, role, str(person.standing), row.activates_on, row.expires_on, zone


def _here() -> str:
    return request.full_path.rstrip("?")[:500]


def _count_text(found: int) -> str:
    if found > COUNT_LIMIT:
        return _("more than %(count)s customers") % {"count": current.formats().number(COUNT_LIMIT)}
    return ngettext("%(count)s customer", "%(count)s customers", found) % {"count": current.formats().number(found)}
