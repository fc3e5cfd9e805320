"""One's own preferences: the same form and the same rules as staff have, and they act at the next page."""

import re
from collections.abc import Callable
from typing import Any

import pytest
import time_machine
from flask import Flask
from sqlalchemy import select

from gateway.audit.models import AuditEvent
from gateway.identity.models import Identity
from tests.cast import ABC, JOHN, ROOT
from tests.house import Browser, change, rows, value, visit_of

NewBrowser = Callable[[], Browser]
PAGE = "/portals/self-care/preferences"


@pytest.fixture
def john(new_browser: NewBrowser) -> Browser:
    """John, logged in."""
    found = new_browser()
    found.log_in(JOHN)
    return found


def events(app: Flask) -> list[Any]:
    """Return what the record says of changed access."""
    return rows(app, select(AuditEvent.__table__).where(AuditEvent.event == "access.changed"))


def test_what_one_saves_acts_at_the_next_page_and_is_on_the_record(
    app: Flask, john: Browser, new_browser: NewBrowser
) -> None:
    form = {"time_zone": "asia/tokyo", "output_date_format": "D MONTH YYYY", "output_time_format": "HH24.MI"}
    assert john.post(PAGE, form).location == f"{PAGE}?done=saved"
    assert value(app, Identity.time_zone, "john") == "Asia/Tokyo"
    page = john.get(PAGE).text
    assert "In force: Asia/Tokyo, your own choice." in page
    assert "In force: YYYY-MM-DD, as your provider has it." in page
    [row] = events(app)
    assert (row.actor_id, row.subject_id, row.customer_id) == ("john", "john", "abc")
    assert row.details["after"] == {"time_zone": "Asia/Tokyo", **{k: v for k, v in form.items() if k != "time_zone"}}
    with time_machine.travel("2026-03-11T20:05:00Z", tick=True):
        later = new_browser()
        later.log_in(JOHN)
        assert "12 March 2026 05.05" in later.get("/portals/self-care/profile").text


def test_an_empty_field_inherits_again(app: Flask, john: Browser) -> None:
    change(app, "abc", time_zone="Europe/Prague")
    change(app, "john", time_zone="Asia/Tokyo")
    assert john.post(PAGE, {"time_zone": ""}).status_code == 303
    assert value(app, Identity.time_zone, "john") is None
    assert "In force: Europe/Prague, from ABC Company." in john.get(PAGE).text


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("time_zone", "Mars/Olympus", "no such time zone"),
        ("language", "tlh", "Not a valid choice"),
        ("output_date_format", "QQQ", "not understood"),
        ("input_date_format", "DD.MM.YY", "year in full"),
        ("output_time_format", "HH12:MI", "HH12 needs"),
    ],
)
def test_what_cannot_be_is_said_beside_its_field__INP_03(
    app: Flask, john: Browser, name: str, text: str, message: str
) -> None:
    answer = john.post(PAGE, {"input_time_format": "HH24.MI", name: text})
    assert answer.status_code == 422
    assert message in answer.text.split(f'id="{name}-errors"')[1].split("</ul>")[0]
    assert 'value="HH24.MI"' in answer.text
    assert events(app) == []


def test_who_comes_second_is_told(john: Browser) -> None:
    assert john.post(PAGE, {"time_zone": "Asia/Tokyo", "version": "1"}).status_code == 303
    assert john.post(PAGE, {"time_zone": "Asia/Seoul", "version": "1"}).status_code == 409


def test_nothing_but_preferences_can_be_saved_here__INJ_07(app: Flask, john: Browser) -> None:
    before = rows(app, select(Identity.login, Identity.role_id, Identity.name).where(Identity.id == "john"))
    form = {"login": "x", "role": "owner", "role_id": "owner", "name": "x", "email": "x@example.com", "id": "abc"}
    john.post(PAGE, {**form, "time_zone": "Asia/Tokyo"})
    assert rows(app, select(Identity.login, Identity.role_id, Identity.name).where(Identity.id == "john")) == before
    assert value(app, Identity.time_zone, "abc") is None


def test_a_full_visit_may_change_them_with_both_names_on_the_record_and_a_view_only_one_looks__IMP_06(
    app: Flask, new_browser: NewBrowser
) -> None:
    root = new_browser()
    root.log_in(ROOT)
    looking = visit_of(root.open("abc", "self-care", view_only="y"))
    page = root.get(f"{looking}{PAGE}")
    assert page.status_code == 200
    assert "You can look but not change anything here." in page.text
    assert root.post(f"{looking}{PAGE}", {"time_zone": "Asia/Tokyo"}).status_code == 403
    assert root.get(f"{looking}{PAGE}/formats?output_date_format=DD").status_code == 200
    acting = visit_of(root.open("abc", "self-care"))
    assert root.post(f"{acting}{PAGE}", {"time_zone": "Asia/Tokyo"}).location.startswith(f"{acting}{PAGE}")
    [row] = events(app)
    assert (row.actor_id, row.subject_id, row.mode) == ("root", "abc", "assigned")


def test_the_profile_shows_name_and_mail_and_nothing_but_the_mail_to_change(new_browser: NewBrowser) -> None:
    abc = new_browser()
    abc.log_in(ABC)
    page = abc.get("/portals/self-care/profile").text.split("<main")[1]
    assert "ABC Company" in page
    assert "abc@example.com" in page
    assert set(re.findall(r'<input[^>]* name="(\w+)"', page)) == {"csrf_token", "email"}
    assert f'href="{PAGE}"' in abc.get("/").text
