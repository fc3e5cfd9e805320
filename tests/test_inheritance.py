"""What is in force and where it comes from: the panel says what counts."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from flask import Flask
from sqlalchemy import select, update

from gateway import clock
from gateway.access.queries import visitor_of
from gateway.identity import networks
from gateway.identity.models import CustomerClass, Gateway, Identity, NetworkList, Scope, SecondFactor, Session
from tests.cast import ABC, JOHN, ROOT, Member
from tests.house import Browser, house_of, rows, working

NewBrowser = Callable[[], Browser]

# For each field: two values that differ from the gateway's, as they are shown.
FIELDS: dict[str, tuple[str, str]] = {
    "language": ("de", "fr"),
    "time_zone": ("Europe/Prague", "Pacific/Chatham"),
    "output_date_format": ("DD.MM.YYYY", "MON-DD-YY"),
    "output_time_format": ("HH24:MI", "HH12:MI AM"),
    "input_date_format": ("DD.MM.YYYY", "MM/DD/YYYY"),
    "input_time_format": ("HH24.MI", "HH12:MI PM"),
}
OURS = {
    "language": "en",
    "time_zone": "UTC",
    "output_date_format": "YYYY-MM-DD",
    "output_time_format": "HH24:MI:SS",
    "input_date_format": "YYYY-MM-DD",
    "input_time_format": "HH24:MI",
}
NAMES = {"de": "Deutsch", "fr": "français", "en": "English"}
PLACES = {
    "own": "set here",
    "customer": "from customer ABC Company",
    "class": "from class Standard",
    "gateway": "from the gateway",
}
# Where it is set, who is looked at, and which of those places counts.
TABLE = [
    ((), "john", "gateway"),
    (("class",), "john", "class"),
    (("customer",), "john", "customer"),
    (("own",), "john", "own"),
    (("class", "customer"), "john", "customer"),
    (("class", "own"), "john", "own"),
    (("customer", "own"), "john", "own"),
    (("class", "customer", "own"), "john", "own"),
    ((), "abc", "gateway"),
    (("class",), "abc", "class"),
    (("customer",), "abc", "own"),
    (("class", "customer"), "abc", "own"),
]


def put(app: Flask, place: str, **values: Any) -> None:
    """Set columns at one of the places."""
    statement: Any = {
        "own": update(Identity).where(Identity.id == "john"),
        "customer": update(Identity).where(Identity.id == "abc"),
        "class": update(CustomerClass).where(CustomerClass.id == "standard"),
        "gateway": update(Gateway),
    }[place]
    with working(app) as work:
        work.execute(statement.values(**values))


def panel_of(who: str) -> str:
    """Return the address of somebody's panel."""
    return f"/admin/customers/abc{'' if who == 'abc' else f'/individuals/{who}'}/self-care"


@pytest.fixture
def root(new_browser: NewBrowser) -> Browser:
    """Root, logged in."""
    found = new_browser()
    found.log_in(ROOT)
    return found


@pytest.mark.parametrize(("places", "who", "counts"), TABLE, ids=lambda part: str(part))
def test_the_panel_says_what_is_in_force_and_from_where_and_that_is_what_counts(
    app: Flask, root: Browser, new_browser: NewBrowser, places: tuple[str, ...], who: str, counts: str
) -> None:
    for number, place in enumerate(places):
        put(app, place, **{name: values[(len(places) - 1 - number) % 2] for name, values in FIELDS.items()})
    expected = {name: values[0] if places else OURS[name] for name, values in FIELDS.items()}
    page = root.get(panel_of(who)).text
    for name, value in expected.items():
        said = f"In force: {NAMES.get(value, value)}, {PLACES[counts]}."
        assert said in page.split(f'id="{name}-hint"')[1].split("</p>")[0], name
    looking = new_browser()
    looking.log_in(ABC if who == "abc" else JOHN)
    (key,) = rows(app, select(Session.key).where(Session.subject_id == who))[0]
    house = house_of(app)
    with house.database.reading() as reader:
        visitor = visitor_of(reader, house.rights, Scope.SELF_CARE, key, None, clock.now(), "127.0.0.1")
    assert visitor.preferences == type(visitor.preferences)(*expected.values())  # type: ignore[union-attr]
    assert f'<html lang="{expected["language"]}"' in looking.get("/portals/self-care/profile").text


@pytest.mark.parametrize("of_class", [False, True])
@pytest.mark.parametrize("of_customer", SecondFactor)
@pytest.mark.parametrize("own", SecondFactor)
def test_a_second_factor_is_asked_as_the_nearest_say_has_it__TOTP_02(
    app: Flask, root: Browser, new_browser: NewBrowser, own: SecondFactor, of_customer: SecondFactor, of_class: bool
) -> None:
    put(app, "own", second_factor=own)
    put(app, "customer", second_factor=of_customer)
    put(app, "class", second_factor=of_class)
    asked, origin = of_class, "class"
    if of_customer is not SecondFactor.INHERIT:
        asked, origin = of_customer is SecondFactor.YES, "customer"
    if own is not SecondFactor.INHERIT:
        asked, origin = own is SecondFactor.YES, "own"
    page = root.get(panel_of("john")).text
    assert f"In force: {'Yes' if asked else 'No'}, {PLACES[origin]}." in page
    assert ("/login/enrol" in new_browser().log_in(JOHN).location) is asked


def test_a_page_shows_dates_as_the_panel_says(app: Flask, new_browser: NewBrowser) -> None:
    abc = new_browser()
    abc.log_in(ABC)
    put(app, "class", output_date_format="DD.MM.YYYY")
    assert "01.10.2026" in abc.get("/portals/pbx/finance/invoices").text
    put(app, "customer", output_date_format="MON-DD-YY")
    assert "OCT-01-26" in abc.get("/portals/pbx/finance/invoices").text


# What has no value of a customer's own: where it is set (class, gateway), and what counts for everybody of the class.
LIMITS = [
    ("idle_minutes", None, 45, 45),
    ("idle_minutes", 7, 45, 7),
    ("idle_minutes", 90, 45, 90),
    ("absolute_minutes", None, 50, 50),
    ("absolute_minutes", 20, 50, 20),
]


@pytest.mark.parametrize("who", [ABC, JOHN], ids=lambda who: who.login)
@pytest.mark.parametrize(("name", "of_class", "of_gateway", "counts"), LIMITS)
def test_a_limit_of_sessions_is_the_classs_else_the_gateways_on_the_page_and_in_effect__SES_04(
    app: Flask,
    root: Browser,
    new_browser: NewBrowser,
    who: Member,
    name: str,
    of_class: int | None,
    of_gateway: int,
    counts: int,
) -> None:
    other = {"idle_minutes": "absolute_minutes", "absolute_minutes": "idle_minutes"}[name]
    put(app, "class", **{name: of_class, other: 10_000})
    put(app, "gateway", **{name: of_gateway, "version": Gateway.version + 1})
    field = re.findall(rf'<input[^>]* name="{name}"[^>]*>', root.get("/admin/classes/standard").text)[0]
    assert f'placeholder="{of_gateway}"' in field
    assert (f'value="{of_class}"' in field) is (of_class is not None)
    browser = new_browser()
    browser.log_in(who)
    with time_machine.travel(clock.now() + timedelta(minutes=counts - 1), tick=True):
        assert browser.get("/portals/self-care/profile").status_code == 200
    again = new_browser()
    again.log_in(who)
    with time_machine.travel(clock.now() + timedelta(minutes=counts + 1), tick=True):
        assert again.get("/portals/self-care/profile").status_code == 303


# Where a provider's list is set, who is looked at, and what the panel says counts.
LISTS = [
    ((), "john", None),
    (("abc",), "john", "In force: 10.0.0.1, from customer ABC Company."),
    (("john",), "john", None),
    (("abc", "john"), "john", None),
    (("abc",), "abc", None),
]


@pytest.mark.parametrize(("places", "who", "said"), LISTS)
def test_a_list_of_networks_is_the_individuals_own_else_the_customers(
    app: Flask, root: Browser, places: tuple[str, ...], who: str, said: str | None
) -> None:
    lists = {"abc": "10.0.0.1", "john": "10.9.9.9"}
    with working(app) as work:
        for place in places:
            networks.save(work, place, NetworkList.PROVIDER, [lists[place]], "root", clock.now())
    page = root.get(panel_of(who)).text
    typed = page.split('name="trusted_networks"')[1].split("</textarea>")[0]
    assert (lists[who] in typed) is (who in places)
    assert ("from customer ABC Company" in page.split('id="networks-head"')[1].split("</section>")[0]) is bool(said)
    assert said is None or said in page


@pytest.mark.parametrize(("of_class", "length"), [(None, 15), (8, 8), (30, 30)])
@pytest.mark.parametrize("who", ["abc", "john"])
def test_the_shortest_password_is_the_classs_else_the_gateways(
    app: Flask, root: Browser, new_browser: NewBrowser, who: str, of_class: int | None, length: int
) -> None:
    put(app, "class", password_shortest=of_class)
    page = root.get(panel_of(who)).text
    assert f"At least {length} characters" in page.split('class="rules"')[1].split("</ul>")[0]
    browser = new_browser()
    browser.log_in(ABC if who == "abc" else JOHN)
    assert f"At least {length} characters" in browser.get("/portals/self-care/security").text
