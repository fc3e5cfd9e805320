"""What takes an administrator's right away, ends what hangs on it: here, elsewhere, and on its way (IMP-10)."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, update

from gateway import clock
from gateway.access.external import note_health
from gateway.access.operations import set_portal_enabled, set_portal_view
from gateway.audit.models import AuditEvent
from gateway.identity import operations
from gateway.identity.models import CustomerStatus, Gateway
from tests.cast import HELEN, PASSWORD
from tests.elsewhere import register
from tests.house import Browser, change, counting, rows, visit_of, working

NewBrowser = Callable[[], Browser]
NEW = "another long enough one"


def suspended(app: Flask, _helen: Browser) -> None:
    """She is suspended."""
    with working(app) as work:
        operations.suspend(work, "helen", clock.now(), suspended=True)


def demoted(app: Flask, _helen: Browser) -> None:
    """She gets a role that looks and opens nothing."""
    change(app, "helen", role_id="auditor")


def deprived(app: Flask, _helen: Browser) -> None:
    """Her role opens nothing in the assigned role any more."""
    with working(app) as work:
        set_portal_view(work, "helpdesk", "console", {"customers": "full", "open.view-only": "full"})


def another_password(_app: Flask, helen: Browser) -> None:
    """She changes her password, here and in this browser."""
    form = {"current": PASSWORD, "password": NEW, "confirm": NEW}
    assert helen.post("/admin/security", form).status_code == 303


def logged_out(_app: Flask, helen: Browser) -> None:
    """She logs out."""
    helen.post("/admin/logout", page="/admin/customers")


@pytest.mark.parametrize(
    "event", [suspended, demoted, deprived, another_password, logged_out], ids=lambda event: event.__name__
)
def test_whoever_loses_the_right_is_out_here_elsewhere_and_on_the_way__IMP_10(
    app: Flask, new_browser: NewBrowser, event: Callable[[Flask, Browser], None]
) -> None:
    tickets, helen = register(app), new_browser()
    helen.log_in(HELEN)
    path = helen.open("abc", "pbx")
    hint = f"visit:{visit_of(path).removeprefix('/as/')}"
    held, code = tickets.enter(helen, login_hint=hint), tickets.code(helen, login_hint=hint)
    started = helen.launch("globex", "pbx").location
    assert helen.get(path).status_code == 200
    event(app, helen)
    assert helen.get(path).status_code == 303
    assert tickets.userinfo(held["access_token"]).status_code == 401
    assert tickets.redeem(code).json["error"] == "invalid_grant"
    assert tickets.refresh(held["refresh_token"]).json["error"] == "invalid_grant"
    assert helen.get(started).status_code == 403
    assert tickets.asked(helen, login_hint=hint)["error"] == "login_required"


@pytest.mark.parametrize("what", ["right", "customer", "switch"])
def test_a_visit_that_was_ended_does_not_come_back_with_what_ended_it__IMP_10__IMP_12(
    app: Flask, new_browser: NewBrowser, what: str
) -> None:
    helen = new_browser()
    helen.log_in(HELEN)
    path = helen.open("abc", "pbx")

    def stands(good: bool) -> None:
        if what == "right":
            change(app, "helen", role_id="helpdesk" if good else "auditor")
        if what == "customer":
            change(app, "abc", status=CustomerStatus.ACTIVE if good else CustomerStatus.CLOSED)
        if what == "switch":
            with working(app) as work:
                work.execute(update(Gateway).values(support_access=good, version=Gateway.version + 1))

    stands(False)
    ended = helen.get(path).location
    stands(True)
    with counting(app) as sent:
        assert helen.get(path).location == ended
    assert not [statement for statement in sent if not statement.startswith("SELECT")]
    (row,) = rows(app, select(AuditEvent.reason).where(AuditEvent.event == "visit.end"))
    assert f"ended={row.reason}" in ended


def off(work: Any) -> None:
    """It is switched off."""
    set_portal_enabled(work, "tickets", enabled=False)


def down(work: Any) -> None:
    """It does not answer."""
    for _ in range(2):
        note_health(work, "tickets", False, clock.now())


def unlinked(work: Any) -> None:
    """The role does not open it any more."""
    set_portal_view(work, "owner", "tickets", {})


@pytest.mark.parametrize("happened", [off, down, unlinked], ids=lambda happened: happened.__name__)
def test_a_portal_elsewhere_is_asked_for_again_at_the_landing__LT_14(
    app: Flask, new_browser: NewBrowser, happened: Callable[[Any], None]
) -> None:
    register(app)
    helen = new_browser()
    helen.log_in(HELEN)
    assert helen.launch("john", "no-such-portal").status_code == 403
    started = helen.launch("abc", "tickets").location
    with working(app) as work:
        happened(work)
    assert helen.get(started).status_code == 403
