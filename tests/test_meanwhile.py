"""Of two who save at once, the second is told what the first changed, and nothing of either is lost: on every page."""

import html
import re
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from gateway import clock
from gateway.access import administrators, customers, individuals
from gateway.access.individuals import Manager
from gateway.errors import Stale
from gateway.identity.models import CustomerClass, Gateway, Identity, Realm
from gateway.identity.operations import change_gateway
from tests.cast import ABC, ROOT
from tests.house import Browser, house_of, rows, working

NewBrowser = Callable[[], Browser]


@dataclass(frozen=True)
class Case:
    """A page that two people save: what the first and the second type, and what the second is told."""

    path: str
    table: Any
    id: Any
    first: Mapping[str, str]
    second: Mapping[str, str]
    told: tuple[str, str]
    after: Mapping[str, Any]
    who: str = "root"


CASES = {
    "customer": Case(
        "/admin/customers/abc",
        Identity,
        "abc",
        {"name": "First Company"},
        {"email": "second@example.com"},
        ("Name", "First Company"),
        {"name": "First Company", "email": "second@example.com"},
    ),
    "class": Case(
        "/admin/classes/standard",
        CustomerClass,
        "standard",
        {"time_zone": "Asia/Tokyo"},
        {"idle_minutes": "17"},
        ("Time zone", "Asia/Tokyo"),
        {"time_zone": "Asia/Tokyo", "idle_minutes": 17},
    ),
    "administrator": Case(
        "/admin/administrators/helen",
        Identity,
        "helen",
        {"role": "auditor"},
        {"name": "Second Helen"},
        ("Role", "auditor"),
        {"role_id": "auditor", "name": "Second Helen"},
    ),
    "individual": Case(
        "/admin/customers/abc/individuals/john",
        Identity,
        "john",
        {"expires_on": "2031-05-06"},
        {"role": "itsupport"},
        ("Expires", "2031-05-06"),
        {"role_id": "itsupport"},
    ),
    "individual in self-care": Case(
        "/portals/self-care/individuals/john",
        Identity,
        "john",
        {"email": "first@example.com"},
        {"suspended": "y"},
        ("E-mail", "first@example.com"),
        {"email": "first@example.com", "suspended": True},
        who="abc",
    ),
    "gateway": Case(
        "/admin/gateway",
        Gateway,
        1,
        {"output_date_format": "DD.MM.YYYY"},
        {"idle_minutes": "17"},
        ("Dates are shown as", "DD.MM.YYYY"),
        {"output_date_format": "DD.MM.YYYY", "idle_minutes": 17},
    ),
    "panel": Case(
        "/admin/customers/abc/self-care",
        Identity,
        "abc",
        {"second_factor": "no"},
        {"language": "en"},
        ("Two-factor authentication", "no"),
        {"second_factor": "no", "language": "en"},
    ),
}


@pytest.fixture
def browsers(new_browser: NewBrowser) -> dict[str, Browser]:
    """Root and the customer abc, logged in."""
    found = {"root": new_browser(), "abc": new_browser()}
    found["root"].log_in(ROOT)
    found["abc"].log_in(ABC)
    return found


def form_on(page: str) -> dict[str, str]:
    """Return what a browser would send of the form of a page that carries a version."""
    form = next(part for part in re.findall(r"<form.*?</form>", page, re.S) if 'name="version"' in part)
    found = {}
    for tag in re.findall(r"<input[^>]*>", form):
        name, given = re.search(r' name="(\w+)"', tag), re.search(r' value="([^"]*)"', tag)
        if name and ('type="checkbox"' not in tag or "checked" in tag):
            found[name[1]] = html.unescape(given[1]) if given else ""
    for name, inner in re.findall(r'<select[^>]* name="(\w+)"[^>]*>(.*?)</select>', form, re.S):
        found[name] = (re.findall(r'<option selected value="([^"]*)"', inner) or [""])[0]
    for name, inner in re.findall(r'<textarea[^>]* name="(\w+)"[^>]*>\r?\n?(.*?)</textarea>', form, re.S):
        found[name] = html.unescape(inner)
    return found


def stored(app: Flask, case: Case) -> Any:
    """Return the row of a case."""
    return rows(app, select(case.table.__table__).where(case.table.id == case.id))[0]


@pytest.mark.parametrize("name", CASES)
def test_the_second_sees_what_the_first_changed_and_nothing_is_lost(
    app: Flask, browsers: dict[str, Browser], name: str
) -> None:
    case = CASES[name]
    browser = browsers[case.who]
    second = form_on(browser.get(case.path).text)
    first = {**second, **case.first, "confirm": "y"}
    assert browser.client.post(case.path, data=first).status_code == 303
    after_first = stored(app, case)
    answer = browser.client.post(case.path, data={**second, **case.second, "confirm": "y"})
    assert answer.status_code == 409
    assert stored(app, case) == after_first
    said = answer.text.split('id="meanwhile"')[1].split("</section>")[0]
    told = [
        (label, html.unescape(re.sub(r"<[^>]+>", "", word)))
        for label, word in re.findall(r"<dt>(.*?)</dt><dd>(.*?)</dd>", said)
    ]
    assert told == [case.told]
    again = form_on(answer.text)
    for field, text in case.second.items():
        assert again[field] == text
    for field, text in case.first.items():
        assert again[field] == text
    assert browser.client.post(case.path, data={**again, "confirm": "y"}).status_code == 303
    now = stored(app, case)
    assert {column: getattr(now, column) for column in case.after} == case.after


@pytest.mark.parametrize("shown", ["", "nonsense", "[]", "7", '{"name": 1}', "[" * 5000])
@pytest.mark.parametrize("name", CASES)
def test_a_stale_form_that_lost_what_it_showed_still_tells_the_difference(
    app: Flask, browsers: dict[str, Browser], name: str, shown: str
) -> None:
    case = CASES[name]
    browser = browsers[case.who]
    form = {**form_on(browser.get(case.path).text), **case.second, "version": "77", "shown": shown, "confirm": "y"}
    before = stored(app, case)
    answer = browser.client.post(case.path, data=form)
    assert answer.status_code == 409
    assert 'id="meanwhile"' in answer.text
    assert stored(app, case) == before


def test_the_second_who_changes_a_status_sees_how_the_customer_stands(app: Flask, browsers: dict[str, Browser]) -> None:
    root, path = browsers["root"], "/admin/customers/abc/status"
    second = form_on(root.get(path).text)
    assert root.client.post(path, data={**second, "status": "suspended"}).status_code == 303
    answer = root.client.post(path, data={**second, "status": "closed"})
    assert answer.status_code == 409
    said = answer.text.split('id="meanwhile"')[1].split("</section>")[0]
    assert "Suspended" in said
    assert 'value="closed" id="status-closed" aria-describedby="status-closed-hint" checked' in answer.text
    assert root.client.post(path, data={**form_on(answer.text), "status": "closed"}).status_code == 303


def test_a_class_that_changed_meanwhile_is_told_before_anything_is_confirmed(
    app: Flask, browsers: dict[str, Browser]
) -> None:
    root, path = browsers["root"], "/admin/classes/standard"
    second = form_on(root.get(path).text)
    root.client.post(path, data={**second, "time_zone": "Asia/Tokyo", "confirm": "y"})
    answer = root.client.post(path, data={**second, "idle_minutes": "17"})
    assert answer.status_code == 409
    assert "Asia/Tokyo" in answer.text.split('id="meanwhile"')[1]


def _customer(app: Flask, number: int) -> None:
    with working(app) as work:
        customers.change(work, "abc", 1, customers.Record(f"ABC {number}", "", "standard"), clock.now())


def _individual(app: Flask, number: int) -> None:
    given = individuals.Record("john", f"John {number}", "", "itlead", None, None, suspended=False)
    with working(app) as work:
        by = Manager("root", "abc", None)
        individuals.change(work, house_of(app).rights, by, "john", 1, given, clock.now())


def _administrator(app: Flask, number: int) -> None:
    rights = house_of(app).rights
    by = administrators.Hand("root", rights.full(Realm.ADMIN), rights)
    with working(app) as work:
        administrators.change(
            work, by, "helen", 1, administrators.Record("helen", f"H {number}", "", "helpdesk"), [], clock.now()
        )


def _gateway(app: Flask, number: int) -> None:
    with working(app) as work:
        change_gateway(work, 1, {"idle_minutes": number + 1})


@pytest.mark.parametrize("save", [_customer, _individual, _administrator, _gateway])
def test_of_thirty_who_save_at_once_one_wins(app: Flask, save: Callable[[Flask, int], None]) -> None:
    def attempt(number: int) -> bool:
        try:
            save(app, number)
        except Stale:
            return False
        return True

    with ThreadPoolExecutor(15) as pool:
        assert sum(pool.map(attempt, range(30))) == 1
