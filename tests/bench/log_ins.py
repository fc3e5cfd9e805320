"""T3: a password log-in beside the hash that it cannot do without, and an unrelated page beside a flood of log-ins."""

import statistics
import threading
import time
from typing import Any

from argon2 import PasswordHasher
from flask import Flask
from sqlalchemy import delete

from gateway.identity.models import Throttle
from tests.bench.places import application, logged_in
from tests.bench.tables import Target, show
from tests.bench.wsgi import Answer, Client, interleaved, ratio
from tests.cast import ABC, PASSWORD
from tests.house import form_token, working

ROUNDS, TIMES = 15, 4
FLOOD, PAGES = 16, 150
LOG_IN, BESIDE, SLOWEST = Target(1.25, 1.12), Target(3.0, 2.0), Target(1.0, 0.1, " s")


class Stranger:
    """A browser that has the log-in page before it, and sends it again and again as if for the first time."""

    def __init__(self, app: Flask) -> None:
        self._app, client = app, Client(app)
        self._token = form_token(client.get(ABC.log_in_at).body.decode())
        self._cookies = dict(client.cookies)

    def log_in(self, login: str = ABC.login) -> Answer:
        """Send a login and a password."""
        client = Client(self._app, cookies=dict(self._cookies))
        return client.post(ABC.log_in_at, {"csrf_token": self._token, "login": login, "password": PASSWORD})


def forget(app: Flask) -> None:
    """Forget every attempt: here nobody guesses."""
    with working(app) as work:
        work.execute(delete(Throttle))


def page_times(call: Any, count: int) -> list[float]:
    """Return how long a page took, so many times, in seconds as its reader waits."""
    found = []
    for _ in range(count):
        begin = time.perf_counter()
        call()
        found.append(time.perf_counter() - begin)
    return sorted(found)


def at(share: float, times: list[float]) -> float:
    """Return the time within which so large a share of the pages came."""
    return times[int(len(times) * share)]


def log_ins(kind: str, url: str) -> None:
    """Measure and show."""
    hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
    kept = hasher.hash(PASSWORD)
    with application(url) as app:
        stranger = Stranger(app)
        if stranger.log_in().status != 303:
            raise RuntimeError("the log-in was refused")
        found = interleaved({"ours": stranger.log_in, "raw": lambda: hasher.verify(kept, PASSWORD)}, ROUNDS, TIMES)
        times = ratio(found["ours"], found["raw"])
        each = statistics.median(found["ours"])
        call = logged_in(app, ABC).again("/")
        idle = page_times(call, PAGES)
        done = threading.Event()
        flood = [threading.Thread(target=_flood, args=(stranger, done)) for _ in range(FLOOD)]
        for thread in flood:
            thread.start()
        beside = page_times(call, PAGES)
        done.set()
        for thread in flood:
            thread.join()
        forget(app)
    slower = at(0.99, beside) / at(0.99, idle)
    rows = [
        [f"T3 log-in to raw argon2, CPU ({each * 1e3:.1f} ms, {1 / each:.0f} a second a core)", *LOG_IN.cells(times)],
        [f"T3 a page's p99 beside {FLOOD} who log in, to that when idle", *BESIDE.cells(slower)],
        ["T3 a page's p95 beside them", *SLOWEST.cells(at(0.95, beside))],
    ]
    show(f"{kind}: log-ins", ["what", "found", "must", "aim", "verdict"], rows)


def _flood(stranger: Stranger, done: threading.Event) -> None:
    while not done.is_set():
        stranger.log_in(login="nobody")
