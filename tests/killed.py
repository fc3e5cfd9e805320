"""A process that is killed in the midst of what it does: `python -m tests.killed <url> <what> <moment>`.

`what` is a step of the second factor, `moment` is before or after the commit that makes it count.
"""

import os
import signal
import sys
from collections.abc import Callable
from typing import Any

from sqlalchemy import event
from sqlalchemy.orm import Session

from gateway import create_app
from gateway.portal.registry import discover
from tests.cast import ABC, HELEN
from tests.conftest import settings_for
from tests.house import Browser
from tests.second_factor import code, key_in

PANEL = "/admin/customers/abc/self-care"


def enrolment(browser: Browser, _given: str) -> Callable[[], Any]:
    """Come as far as the first code of an app."""
    browser.log_in(ABC)
    page = browser.get("/login/enrol").text
    token = browser.token("/login/enrol")
    return lambda: browser.client.post("/login/enrol", data={"csrf_token": token, "code": code(key_in(page))})


def recovery_code(browser: Browser, given: str) -> Callable[[], Any]:
    """Come as far as a recovery code."""
    browser.log_in(ABC)
    token = browser.token("/login/code")
    return lambda: browser.client.post("/login/code", data={"csrf_token": token, "code": given})


def reset(browser: Browser, _given: str) -> Callable[[], Any]:
    """Come as far as the reset of somebody's second factor."""
    browser.log_in(HELEN)
    token = browser.token(PANEL)
    return lambda: browser.client.post(f"{PANEL}/second-factor/reset", data={"csrf_token": token, "reason": "lost"})


STEPS = {"enrolment": enrolment, "code": recovery_code, "reset": reset}


def die(_session: Session) -> None:
    """End as a power cut would."""
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    url, what, moment, given = sys.argv[1:]
    last = STEPS[what](Browser(create_app(settings_for(url), discover())), given)
    event.listen(Session, f"{moment}_commit", die)
    last()
