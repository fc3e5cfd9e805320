"""Whatever keeps somebody out, it takes the same time (LOG-03)."""

import time
from collections.abc import Callable
from datetime import timedelta
from statistics import median

import pytest
from argon2 import PasswordHasher
from flask import Flask
from sqlalchemy import delete

from gateway import clock
from gateway.identity import passwords
from gateway.identity.models import CustomerStatus, Kind, Throttle
from tests.cast import PASSWORD
from tests.house import Browser, add_identity, change, working

SAMPLES, WARM_UPS, TRIES = 200, 10, 3
NEAR = 0.05
pytestmark = pytest.mark.usefixtures("hashing_for_real")
CAUSES = {
    "unknown login": ("nobody", PASSWORD),
    "wrong password": ("abc", "wrong"),
    "suspended": ("mark", PASSWORD),
    "not yet active": ("adam", PASSWORD),
    "expired": ("john", PASSWORD),
    "blocked customer": ("globex", PASSWORD),
    "no password": ("empty", PASSWORD),
    "network": ("initech", PASSWORD),
    "old hash, wrong password": ("old", "wrong"),
}


def with_every_cause(app: Flask) -> None:
    """Give everybody a reason of their own not to get in."""
    now = clock.now()
    old = PasswordHasher(time_cost=1, memory_cost=4096, parallelism=1).hash(PASSWORD)
    with working(app) as work:
        add_identity(work, Kind.CUSTOMER, "empty", "Empty", "owner", now, password_hash=None)
        add_identity(work, Kind.CUSTOMER, "old", "Old", "owner", now, password_hash=old)
    change(app, "mark", suspended=True)
    change(app, "adam", activates_on=now.date() + timedelta(days=2))
    change(app, "john", expires_on=now.date() - timedelta(days=2))
    change(app, "globex", status=CustomerStatus.BLOCKED)
    change(app, "initech", own_networks="10.0.0.0/8")


def hash_time() -> float:
    """Return the processor time of one hash, in seconds."""
    return median(taken(lambda: passwords.hashed(PASSWORD)) for _ in range(20))


def taken(act: Callable[[], object]) -> float:
    """Return the processor time that something takes: what else the machine does counts least in it."""
    begun = time.process_time()
    act()
    return time.process_time() - begun


def medians(app: Flask) -> dict[str, float]:
    """Return the median time of a refusal for each cause, the causes taken in turn."""
    browser = Browser(app)
    token = browser.token("/login")
    found: dict[str, list[float]] = {cause: [] for cause in CAUSES}
    for _ in range(WARM_UPS + SAMPLES):
        with working(app) as work:
            work.execute(delete(Throttle))
        for cause, (login, password) in CAUSES.items():
            form = {"csrf_token": token, "login": login, "password": password}
            found[cause].append(taken(lambda form=form: browser.client.post("/login", data=form)))  # type: ignore[misc]
    return {cause: median(samples[WARM_UPS:]) for cause, samples in found.items()}


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_every_cause_of_refusal_takes_the_same_time__LOG_03(app: Flask) -> None:
    with_every_cause(app)
    for _ in range(TRIES):
        found, near = medians(app), NEAR * hash_time()
        if max(found.values()) - min(found.values()) <= near:
            return
    pytest.fail(f"further apart than {near * 1000:.2f} ms: {found}")
