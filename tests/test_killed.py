"""The application is killed in the midst of an enrolment, a code and a reset: whole or not at all, and on it goes."""

import signal
import subprocess
import sys
from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import func, select

from gateway.audit.models import AuditEvent
from gateway.audit.verifying import verify
from gateway.identity.factor_models import AppKey, RecoveryCode
from tests.cast import ABC
from tests.house import Browser, change, house_of, rows
from tests.second_factor import enrol, log_in_with

CODES = 10


@pytest.fixture(autouse=True)
def gold(app: Flask) -> None:
    """Customer abc is asked for a second factor."""
    change(app, "abc", class_id="gold")


def kill(url: str, what: str, moment: str, given: str = "") -> None:
    """Run a step in a process that dies before or after its commit."""
    done = subprocess.run([sys.executable, "-m", "tests.killed", url, what, moment, given], check=False)
    assert done.returncode == -signal.SIGKILL


def codes_left(app: Flask) -> int:
    """Return how many recovery codes are good."""
    return int(rows(app, select(func.count()).select_from(RecoveryCode).where(RecoveryCode.used_at.is_(None)))[0][0])


def recorded(app: Flask, name: str) -> int:
    """Return how often an event stands on the record, which holds."""
    with house_of(app).database.reading() as reader:
        assert verify(reader, house_of(app).audit_keys)[1] is None
    return int(rows(app, select(func.count()).select_from(AuditEvent).where(AuditEvent.event == name))[0][0])


@pytest.mark.parametrize(("moment", "counts"), [("before", False), ("after", True)])
def test_an_enrolment_is_whole_or_not_at_all(
    app: Flask, database_url: str, new_browser: Callable[[], Browser], moment: str, counts: bool
) -> None:
    kill(database_url, "enrolment", moment)
    confirmed = rows(app, select(AppKey.id).where(AppKey.confirmed))
    assert len(confirmed) == counts
    assert codes_left(app) == (CODES if counts else 0)
    assert recorded(app, "factor.set_up") == counts
    assert ("/login/code" if counts else "/login/enrol") in new_browser().log_in(ABC).location


@pytest.mark.parametrize(("moment", "counts"), [("before", False), ("after", True)])
def test_a_code_is_used_up_with_the_log_in_or_not_at_all(
    app: Flask, database_url: str, new_browser: Callable[[], Browser], moment: str, counts: bool
) -> None:
    _key, codes = enrol(new_browser(), ABC)
    kill(database_url, "code", moment, codes[0])
    assert codes_left(app) == CODES - counts
    assert recorded(app, "recovery_code.used") == counts
    again = log_in_with(new_browser(), ABC, codes[0])
    assert again.status_code == (422 if counts else 303)
    assert log_in_with(new_browser(), ABC, codes[1]).status_code == 303


@pytest.mark.parametrize(("moment", "counts"), [("before", False), ("after", True)])
def test_a_reset_is_whole_or_not_at_all(
    app: Flask, database_url: str, new_browser: Callable[[], Browser], moment: str, counts: bool
) -> None:
    abc = new_browser()
    enrol(abc, ABC)
    kill(database_url, "reset", moment)
    assert len(rows(app, select(AppKey.id))) == (0 if counts else 1)
    assert codes_left(app) == (0 if counts else CODES)
    assert recorded(app, "factor.reset") == counts
    assert abc.get("/").status_code == (303 if counts else 200), "the sessions went with it, or stayed"
    assert ("/login/enrol" if counts else "/login/code") in new_browser().log_in(ABC).location
