"""What is in force and where it comes from: the panel says what counts."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, update

from gateway import clock
from gateway.access.queries import visitor_of
from gateway.identity.models import CustomerClass, Gateway, Identity, Scope, SecondFactor, Session
from tests.cast import ABC, JOHN, ROOT
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
