"""Allowed roles: what a customer may hand to its individuals; taken away only when nobody is left with it."""

from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import select

from gateway.access.models import AllowedRole
from gateway.audit.models import AuditEvent
from gateway.identity.models import Identity
from tests.cast import JOHN, ROOT
from tests.house import Browser, rows

NewBrowser = Callable[[], Browser]
PAGE = "/admin/customers/abc/allowed-roles"


@pytest.fixture
def root(new_browser: NewBrowser) -> Browser:
    """An administrator with the default role."""
    browser = new_browser()
    browser.log_in(ROOT)
    return browser


def allowed(app: Flask, customer: str = "abc") -> set[str]:
    """Return the roles that a customer may hand out."""
    return {row[0] for row in rows(app, select(AllowedRole.role_id).where(AllowedRole.customer_id == customer))}


def role_of(app: Flask, identity: str) -> str:
    """Return somebody's role."""
    return str(rows(app, select(Identity.role_id).where(Identity.id == identity))[0][0])


def test_a_role_is_added_and_one_that_nobody_holds_is_removed(root: Browser, app: Flask) -> None:
    before = allowed(app)
    assert root.post(PAGE, {"role": "owner"}).status_code == 303
    assert allowed(app) == before | {"owner"}
    assert "None of this customer" in root.get(f"{PAGE}/owner/remove").text
    assert root.post(f"{PAGE}/owner/remove").status_code == 303
    assert allowed(app) == before
    events = [row.event for row in rows(app, select(AuditEvent.event)) if row.event.startswith("allowed_role")]
    assert events == ["allowed_role.added", "allowed_role.removed"]


@pytest.mark.parametrize("role", ["default-selfcare", "default-admin", "helpdesk", "nobody", ""])
def test_default_roles_roles_of_staff_and_nonsense_are_never_allowed__ROL_01(
    root: Browser, app: Flask, role: str
) -> None:
    before = allowed(app)
    answer = root.post(PAGE, {"role": role})
    assert answer.status_code == 422
    assert "Choose a role" in answer.text
    assert allowed(app) == before


def test_a_role_that_individuals_hold_is_refused_and_they_are_listed__ROL_04(root: Browser, app: Flask) -> None:
    assert "John" in root.get(f"{PAGE}/itlead/remove").text
    answer = root.post(f"{PAGE}/itlead/remove")
    assert answer.status_code == 422
    assert "Individuals hold this role." in answer.text
    assert "itlead" in allowed(app)


def test_they_are_moved_and_the_role_removed_in_one_step__ROL_04(
    root: Browser, app: Flask, new_browser: NewBrowser
) -> None:
    john = new_browser()
    john.log_in(JOHN)
    assert root.post(f"{PAGE}/itlead/remove", {"move_to": "itsupport"}).status_code == 303
    assert role_of(app, "john") == "itsupport"
    assert "itlead" not in allowed(app)
    assert "itlead" in allowed(app, "globex")
    assert role_of(app, "eve") == "itlead"
    assert john.get("/portals/iot/devices").status_code == 404


@pytest.mark.parametrize("move_to", ["itlead", "owner", "default-selfcare", "helpdesk", "nobody"])
def test_they_are_moved_to_another_allowed_role_only__ROL_04(root: Browser, app: Flask, move_to: str) -> None:
    assert root.post(f"{PAGE}/itlead/remove", {"move_to": move_to}).status_code == 422
    assert role_of(app, "john") == "itlead"


def test_what_is_not_allowed_is_not_found(root: Browser) -> None:
    for path in (f"{PAGE}/owner/remove", f"{PAGE}/nobody/remove", "/admin/customers/john/allowed-roles"):
        assert root.get(path).status_code == 404, path
    assert root.post(f"{PAGE}/owner/remove", page=PAGE).status_code == 404
