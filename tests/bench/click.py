"""T2: one click, from the POST to the portal's page."""

import statistics
from collections.abc import Iterator
from contextlib import contextmanager

from flask import Flask
from sqlalchemy import event, update

from gateway import clock
from gateway.identity.models import Scope, Session
from gateway.launch.queries import MOST_VISITS
from tests.bench.places import application, logged_in
from tests.bench.tables import show
from tests.bench.wsgi import Answer, Client, cpu
from tests.cast import ROOT
from tests.house import counting, form_token, house_of, working

ROUNDS = 25
TIMES = MOST_VISITS // 2
STATEMENTS, COMMITS = 10, 2


class Clicker:
    """An administrator who opens the same portal for the same customer, time after time."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.client: Client = logged_in(app, ROOT)
        token = form_token(self.client.get("/admin/customers").body.decode())
        self.form = {"csrf_token": token, "subject": "abc", "portal": "iot", "mode": "assigned"}
        self._kept = dict(self.client.cookies)

    def __call__(self) -> None:
        """Click, land, and look at the page."""
        self.page(self.land(self.start()))

    def start(self, _before: Answer | None = None) -> Answer:
        """Click."""
        return self._expect(303, self.client.post("/admin/launches", self.form))

    def land(self, started: Answer) -> Answer:
        """Follow to the landing."""
        return self._expect(303, self.client.get(started.header("location")))

    def page(self, landed: Answer) -> Answer:
        """Follow to the portal's page."""
        return self._expect(200, self.client.get(landed.header("location")))

    def leave(self) -> None:
        """End every visit: nobody has more than a few open at a time."""
        with working(self.app) as work:
            ended = update(Session).where(Session.scope == Scope.VISIT, Session.ended_at.is_(None))
            work.execute(ended.values(ended_at=clock.now(), ended_why="ended"))
        self.client.cookies = dict(self._kept)

    def _expect(self, status: int, answer: Answer) -> Answer:
        if answer.status != status:
            raise RuntimeError(f"a click was answered with {answer.status}: {answer.body[:300]!r}")
        return answer


@contextmanager
def committing(app: Flask) -> Iterator[list[str]]:
    """Collect the commits meanwhile."""
    done: list[str] = []

    def note(_connection: object) -> None:
        done.append("commit")

    engine = house_of(app).database.write_engine
    event.listen(engine, "commit", note)
    try:
        yield done
    finally:
        event.remove(engine, "commit", note)


def click(kind: str, url: str) -> float:
    """Measure and show; returns the CPU seconds of one click."""
    with application(url) as app:
        clicker = Clicker(app)
        clicker()
        steps: list[str] = []
        with committing(app) as commits:
            answer = Answer(0, [], b"")
            for step in (clicker.start, clicker.land, clicker.page):
                with counting(app) as counted:
                    answer = step(answer)
                steps.append(str(sum(not statement.startswith("BEGIN") for statement in counted)))
        statements = sum(map(int, steps))
        found = []
        for _ in range(ROUNDS + 1):
            clicker.leave()
            found.append(cpu(clicker, TIMES))
    seconds = statistics.median(found[1:])
    good = "must" if statements <= STATEMENTS and len(commits) <= COMMITS else "MISSED"
    row = ["T2 one click", f"{seconds * 1e3:.2f}", f"{statements} ({' + '.join(steps)})", str(len(commits))]
    header = ["what", "CPU ms", "statements", "commits", "must", "verdict"]
    show(
        f"{kind}: the click, the landing and the portal's page (CPU beside a peer's: --peers)",
        header,
        [[*row, f"≤ {STATEMENTS} statements, {COMMITS} commits", good]],
    )
    return seconds
