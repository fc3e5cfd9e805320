"""The watch over secrets that every test is under: it finds what it is there to find."""

from collections.abc import Callable

import pytest
import structlog
from flask import Flask

from gateway import clock, create_app
from gateway.audit.operations import record
from gateway.mail.letters import Letter
from gateway.mail.operations import put
from gateway.portal.registry import discover
from tests.canaries import Canaries
from tests.cast import JOHN, PASSWORD
from tests.conftest import settings_for
from tests.house import Browser, house_of, working

PLANTS: dict[str, Callable[[Flask], None]] = {}


def plant(where: str) -> Callable[[Callable[[Flask], None]], Callable[[Flask], None]]:
    """Name a way in which a secret could get to where it must not be."""

    def named(do: Callable[[Flask], None]) -> Callable[[Flask], None]:
        PLANTS[where] = do
        return do

    return named


@plant("the record")
def _on_the_record(app: Flask) -> None:
    with working(app) as work:
        record(work, "test.event", before={"password": PASSWORD})


@plant("a letter")
def _in_a_letter(app: Flask) -> None:
    with working(app) as work:
        put(work, "john", "john@example.com", Letter.PASSWORD_CHANGED, clock.now(), password=PASSWORD)


@plant("the log")
def _in_the_log(_app: Flask) -> None:
    structlog.get_logger("gateway").error("test.failed", given=PASSWORD)


@pytest.mark.parametrize("where", PLANTS)
def test_a_secret_that_got_onto_the_record_into_a_letter_or_the_log_is_found__AUD_03(
    database_url: str, where: str
) -> None:
    app, canaries = create_app(settings_for(database_url), discover()), Canaries()
    canaries.watch(app)
    assert Browser(app).log_in(JOHN).status_code == 303
    assert PASSWORD in canaries.secrets
    assert len([secret for secret in canaries.secrets if len(secret) > 40]) >= 1
    PLANTS[where](app)
    with pytest.raises(AssertionError, match=where):
        canaries.check(house_of(app).database)
    house_of(app).database.dispose()
