"""What is done beside the server: portals elsewhere told of log-outs, and what is long over taken away."""

import secrets
import time
from collections.abc import Callable
from functools import partial
from typing import TypeVar

from sqlalchemy.orm import Session as Work

from gateway import clock
from gateway.api import operations as answers
from gateway.audit.operations import Stamp
from gateway.identity import api_tokens, sessions
from gateway.launch import requests
from gateway.oidc import logouts
from gateway.web.current import House

T = TypeVar("T")

ROUND_SECONDS = 2
SWEEP_SECONDS = 10
TIDY_SECONDS = 60


def run(house: House) -> None:
    """Go round for ever."""
    swept = tidied = 0.0
    while True:
        if time.monotonic() - swept > SWEEP_SECONDS:
            logouts.end_what_is_over(house.database, house.rights, partial(_in_work, house), clock.now())
            swept = time.monotonic()
        tell_portals_elsewhere(house)
        if time.monotonic() - tidied > TIDY_SECONDS:
            tidy(house)
            tidied = time.monotonic()
        time.sleep(ROUND_SECONDS + secrets.randbelow(1000) / 1000)


def tell_portals_elsewhere(house: House) -> None:
    """Tell portals elsewhere of log-outs, and ask whether they answer."""
    in_work = partial(_in_work, house)
    logouts.send_logouts(house.settings, in_work, clock.now())
    logouts.check_health(house.database, house.settings, in_work, clock.now())


def _in_work(house: House, do: Callable[[Work], T]) -> T:
    with house.database.writing() as work:
        found = do(house.stamped(work, Stamp()))
        work.commit()
    return found


def tidy(house: House) -> None:
    """Take away sessions, tokens, answers and launches that are long over; look after the signing keys."""
    now = clock.now()
    with house.database.writing() as work:
        house.stamped(work, Stamp())
        for forget in (sessions.forget_old, api_tokens.forget_old, answers.forget_old, requests.forget_old):
            forget(work, now)
        logouts.clean_up(work, house.settings, now)
        work.commit()
