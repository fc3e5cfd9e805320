"""Customers: made, changed, and their status, with what is wrong said beside its field."""

import html
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from gateway import clock
from gateway.access import customers
from gateway.audit.models import AuditEvent
from gateway.errors import Invalid
from gateway.identity.models import CustomerClass, CustomerStatus, Identity, Kind
from tests.cast import ABC, AUDREY, HELEN, JOHN, ROOT, Member
from tests.house import Browser, change, rows, value, working

NewBrowser = Callable[[], Browser]
NEW = "a fresh pass phrase of staff"
GOOD = {"name": "Acme, s.r.o.", "email": "it@acme.example", "customer_class": "gold", "status": "active"}
ACCESS = {"login": "acme", "role": "default-selfcare", "password": ""}


@pytest.fixture
def root(new_browser: NewBrowser) -> Browser:
    """Root, logged in."""
    found = new_browser()
    found.log_in(ROOT)
    return found


def people(app: Flask) -> list[Any]:
    """Return all identities."""
    return rows(app, select(Identity.__table__).order_by(Identity.id))


def test_a_customer_is_made_and_logs_in_with_the_password_that_must_be_changed(
    app: Flask, root: Browser, new_browser: NewBrowser
) -> None:
    form = {**GOOD, **ACCESS, "customer_class": "standard", "password": NEW}
    answer = root.post("/admin/customers/new", form)
    assert answer.status_code == 303
    id = answer.location.removeprefix("/admin/customers/").removesuffix("?done=created")
    stored = rows(app, select(Identity.__table__).where(Identity.id == id))[0]
    assert (stored.kind, stored.customer_id, stored.class_id, stored.role_id) == (
        *(Kind.CUSTOMER, id, "standard", "default-selfcare"),
    )
    assert "Acme, s.r.o." in root.get("/admin/customers?q=acme").text
    [row] = rows(app, select(AuditEvent.__table__).where(AuditEvent.event == "customer.created"))
    assert (row.actor_id, row.subject_id, row.details["after"]["login"]) == ("root", id, "acme")
    assert NEW not in str(row.details)
    assert new_browser().log_in(Member("ACME", "/login"), NEW).location.startswith("/login/password")


def test_without_login_role_and_password_a_customer_has_the_default_role_and_no_access(
    app: Flask, root: Browser
) -> None:
    with working(app) as work:
        given = customers.Record("Acme", "", "standard")
        id = customers.create(work, given, "", CustomerStatus.ACTIVE, None, None, clock.now())
    assert value(app, Identity.role_id, id) == "default-selfcare"
    assert value(app, Identity.login_key, id) is None
    assert "none: no self-care access" in root.get(f"/admin/customers/{id}").text


REFUSED = [
    ("login", "two words", "no spaces"),
    ("login", "\u202eadmin", "no spaces"),
    ("login", "adm\u200bin", "no spaces"),
    ("login", "x" * 65, "at most 64"),
    ("login", "\u0430dmin", "one script"),
    ("login", "\u0430\u0441\u0435", "looks like"),
    ("login", "Globex", "taken"),
    ("login", "\uff27\uff2c\uff2f\uff22\uff25\uff38", "taken"),
    ("login", "eve", "taken"),
    ("name", "", "Enter a name"),
    ("name", "   ", "Enter a name"),
    ("name", "x" * 201, "At most 200"),
    ("name", "a\x07b", "Leave out control"),
    ("name", "a\u202eb", "Leave out control"),
    ("name", "two\nlines", "Leave out control"),
    ("email", "nobody", "no e-mail address"),
    ("email", "a@b\r\nBcc: all@example.com", "no e-mail address"),
    ("email", f"{'x' * 250}@example.com", "At most 254"),
    ("customer_class", "platinum", "Not a valid choice"),
    ("customer_class", "", "Not a valid choice"),
    ("status", "gone", "Not a valid choice"),
    ("role", "helpdesk", "Not a valid choice"),
    ("role", "default-admin", "Not a valid choice"),
    ("password", "short", "at least 15"),
    ("password", "acme acme acme acme", "must not contain the login"),
]


@pytest.mark.parametrize(("name", "text", "message"), REFUSED)
def test_a_bad_value_is_refused_beside_its_field_and_the_rest_stays__UNI_02__INP_02(
    app: Flask, root: Browser, name: str, text: str, message: str
) -> None:
    before = people(app)
    answer = root.post("/admin/customers/new", {**GOOD, **ACCESS, "password": NEW, name: text})
    assert answer.status_code == 422
    page = html.unescape(answer.text)
    assert message in page.split(f'id="{name}-errors"')[1].split("</ul>")[0]
    for kept in ("name", "email", "login"):
        assert kept == name or f'value="{(GOOD | ACCESS)[kept]}"' in page
    assert NEW not in page
    assert people(app) == before
    if name in ("name", "email", "customer_class"):
        answer = root.post("/admin/customers/abc", {**GOOD, name: text})
        assert answer.status_code == 422
        assert message in html.unescape(answer.text).split(f'id="{name}-errors"')[1].split("</ul>")[0]
        assert people(app) == before


SPELLINGS = ("BigBird", "bigbird", "BIGBIRD", "\uff42igbird", "bi\uff47bird", "bigBIRD", "BIGbird", "b\uff29gbird")


def test_of_sixteen_who_make_one_login_in_different_spellings_one_wins__UNI_01__UNI_03(app: Flask) -> None:
    def attempt(number: int) -> bool:
        given = customers.Record(f"Bird {number}", "", "standard")
        login = SPELLINGS[number % len(SPELLINGS)]
        try:
            with working(app) as work:
                customers.create(work, given, login, CustomerStatus.ACTIVE, None, None, clock.now())
        except Invalid as invalid:
            assert invalid.errors == {"login": ["This login is taken."]}  # noqa: PT017
            return False
        return True

    with ThreadPoolExecutor(16) as pool:
        assert sum(pool.map(attempt, range(16))) == 1
    made = rows(app, select(Identity.id).where(Identity.login_key == "bigbird"))
    assert len(made) == 1
    assert len(rows(app, select(AuditEvent.seq).where(AuditEvent.event == "customer.created"))) == 1


def test_the_record_is_saved_found_by_its_new_name_and_on_the_record(app: Flask, root: Browser) -> None:
    form = {"name": "Alphabet", "email": "new@abc.example", "customer_class": "gold", "version": "1"}
    assert root.post("/admin/customers/abc", form).location == "/admin/customers/abc?done=saved"
    assert "Alphabet" in root.get("/admin/customers?q=new@abc").text
    [row] = rows(app, select(AuditEvent.__table__).where(AuditEvent.event == "customer.changed"))
    assert row.details == {
        "before": {"name": "ABC Company", "email": "abc@example.com", "class_id": "standard"},
        "after": {"name": "Alphabet", "email": "new@abc.example", "class_id": "gold"},
    }
    assert (row.subject_id, row.customer_id) == ("abc", "abc")
    assert root.post("/admin/customers/abc", form).status_code == 409
    assert root.post("/admin/customers/abc", {**form, "version": "2"}).status_code == 303
    assert len(rows(app, select(AuditEvent.seq).where(AuditEvent.event == "customer.changed"))) == 1


@pytest.mark.parametrize("path", ["", "/status"])
@pytest.mark.parametrize("id", ["john", "root", "nobody"])
def test_what_is_no_customer_is_not_found__IDOR_01(app: Flask, root: Browser, id: str, path: str) -> None:
    before = people(app)
    answer = root.post(f"/admin/customers/{id}{path}", {**GOOD, "version": "1"}, page="/admin/customers")
    assert answer.status_code == 404
    assert people(app) == before


def test_fields_that_are_not_of_the_form_take_no_effect__INJ_07(app: Flask, root: Browser) -> None:
    extra = {"role_id": "owner", "customer_id": "globex", "kind": "administrator", "login": "other"}
    root.post("/admin/customers/abc", {"name": "ABC Company", "customer_class": "standard", **extra})
    stored = rows(app, select(Identity.__table__).where(Identity.id == "abc"))[0]
    assert (stored.login, stored.customer_id, stored.kind, stored.status) == (
        *("abc", "abc", Kind.CUSTOMER, CustomerStatus.ACTIVE),
    )


def test_a_status_that_is_sent_with_the_record_counts_and_one_that_is_not_stays(app: Flask, root: Browser) -> None:
    form = {"name": "ABC Company", "email": "abc@example.com", "customer_class": "standard"}
    assert root.post("/admin/customers/abc", {**form, "status": "suspended"}).status_code == 303
    assert root.post("/admin/customers/abc", {**form, "name": "Alphabet"}).status_code == 303
    assert value(app, Identity.status, "abc") is CustomerStatus.SUSPENDED
    answer = root.post("/admin/customers/abc", {**form, "status": "gone"})
    assert answer.status_code == 422
    assert "Not a valid choice" in answer.text.split('id="status-errors"')[1].split("</ul>")[0]
    events = rows(
        app, select(AuditEvent.event).where(AuditEvent.event.startswith("customer.")).order_by(AuditEvent.seq)
    )
    assert [row.event for row in events] == ["customer.status", "customer.changed"]


def test_the_page_of_the_status_says_whom_it_reaches(root: Browser, new_browser: NewBrowser) -> None:
    abc, john = new_browser(), new_browser()
    abc.log_in(ABC)
    john.log_in(JOHN)
    root.open("abc", "pbx")
    page = root.get("/admin/customers/abc/status").text
    assert "The customer and its 3 individuals may not log in." in page
    assert "2 live sessions end at once." in page
    assert "1 visit of staff" in page
    assert (
        "The customer may not log in. Nobody is logged in just now." in root.get("/admin/customers/initech/status").text
    )


def test_the_page_of_the_status_says_who_stays_out_when_a_customer_is_opened_again(app: Flask, root: Browser) -> None:
    change(app, "abc", status=CustomerStatus.BLOCKED)
    assert "stay out" not in root.get("/admin/customers/abc/status").text
    change(app, "john", suspended=True)
    change(app, "mark", expires_on=date(2020, 1, 1))
    page = root.get("/admin/customers/abc/status").text
    opened = page.split('id="status-active-hint"')[1].split("</p>")[0]
    assert "The customer and its 3 individuals may log in" in opened
    assert "2 of these individuals stay out: suspended, expired, not yet active or without a login." in opened


@pytest.mark.parametrize("word", ["blocked", "closed"])
def test_a_status_acts_at_once_and_is_on_the_record__LOG_07(
    app: Flask, root: Browser, new_browser: NewBrowser, word: str
) -> None:
    john = new_browser()
    john.log_in(JOHN)
    visit = root.open("abc", "pbx")
    page = "/admin/customers/abc/status"
    assert root.post(page, {"status": word, "version": "1"}).status_code == 303
    assert john.get("/portals/self-care/profile").status_code == 303
    assert john.log_in(JOHN).status_code == 422
    assert root.get(visit).status_code == (200 if word == "blocked" else 303)
    [row] = rows(app, select(AuditEvent.__table__).where(AuditEvent.event == "customer.status"))
    assert row.details == {"identity": "abc", "before": "active", "after": word, "sessions_ended": 1}
    assert root.post(page, {"status": "active", "version": "1"}).status_code == 409
    assert root.post(page, {"status": "active", "version": "2"}).status_code == 303
    assert john.log_in(JOHN).status_code == 303
    assert root.post(page, {"status": "gone"}).status_code == 422


def test_helen_makes_customers_and_audrey_only_looks(new_browser: NewBrowser, app: Flask) -> None:
    helen, audrey = new_browser(), new_browser()
    helen.log_in(HELEN)
    audrey.log_in(AUDREY)
    assert helen.post("/admin/customers/new", {**GOOD, **ACCESS}).status_code == 303
    page = audrey.get("/admin/customers/new").text
    assert page.count("disabled") >= 7
    assert audrey.post("/admin/customers/new", {**GOOD, **ACCESS}, page="/admin/customers").status_code == 403
    assert 'aria-disabled="true"' in audrey.get("/admin/customers/abc/status").text


def test_a_class_that_was_taken_away_meanwhile_is_refused(app: Flask) -> None:
    with working(app) as work:
        work.delete(work.get(CustomerClass, "gold"))
    with pytest.raises(Invalid), working(app) as work:
        customers.change(work, "abc", 1, customers.Record("ABC", "", "gold"))
