"""What the tests of support access share: a class on consent, windows, and what the customer does on its page."""

from datetime import datetime
from typing import Any

from flask import Flask
from sqlalchemy import select

from gateway.audit.models import AuditEvent
from gateway.identity.models import CustomerClass, SupportAccess
from tests.house import Browser, rows, working

PAGE = "/portals/self-care/activity/support-access"


def set_class(app: Flask, word: str, id: str = "standard") -> None:
    """Have a class let staff in at any time (`open`), with a `reason`, or on `consent`."""
    with working(app) as work:
        work.get_one(CustomerClass, id).support_access = SupportAccess(word)


def let_in(browser: Browser, open_for: str = "hour", until: str = "") -> Any:
    """Open the window as a customer does on its page."""
    return browser.post(PAGE, {"open_for": open_for, "until": until})


def ask(browser: Browser, subject: str = "abc", reason: str = "Ticket 7", customer: str = "abc") -> Any:
    """Ask for access in the menu."""
    form = {"subject": subject, "reason": reason}
    return browser.post(f"/admin/customers/{customer}/support-requests", form, page="/admin/customers")


def answer(browser: Browser, request: str, open_for: str, until: str = "") -> Any:
    """Answer a request as a customer does on its page."""
    return browser.post(f"{PAGE}/requests/{request}", {"open_for": open_for, "until": until}, page=PAGE)


def recorded(app: Flask, event: str) -> list[Any]:
    """Return the rows of the record of an event, the oldest first."""
    found = select(AuditEvent.__table__).where(AuditEvent.event == event).order_by(AuditEvent.seq)
    return rows(app, found)


def moment(text: str) -> datetime:
    """Read a moment in ISO 8601."""
    return datetime.fromisoformat(text)
