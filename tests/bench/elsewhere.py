"""T2: one click into a portal that lives elsewhere, end to end: gateway, example portal and browser, over sockets."""

import statistics
import tempfile
import time
from pathlib import Path

from sqlalchemy import make_url, update

from gateway import clock
from gateway.identity.models import Scope, Session
from gateway.launch.queries import MOST_VISITS
from tests.bench.tables import show
from tests.cast import ROOT
from tests.house import form_token, working
from tests.servers import REFRESH, Pair, Person

CLICKS = MOST_VISITS // 2
ROUNDS = 5


def elsewhere(kind: str, url: str) -> None:
    """Measure and show; a file of SQLite, as both servers run in this process."""
    with tempfile.TemporaryDirectory(prefix="portico-bench-") as name:
        pair = Pair(Path(str(make_url(url).database)), Path(name))
        with pair.running():
            root = Person(pair.url, ROOT)
            root.get(f"{pair.url}/admin/customers/abc/log-in")
            token, found = form_token(root.answer.text), []
            for _ in range(ROUNDS):
                found += [_click(pair, root, token) for _ in range(CLICKS)]
                _leave(pair)
    ordered = sorted(found[CLICKS:])
    row = ["T2 one click elsewhere", *(f"{1e3 * one:.0f}" for one in _middle_and_worst(ordered)), str(len(ordered))]
    show(f"{kind}: from the click in the console to the page there, all on this machine", HEADER, [row])


HEADER = ["what", "median ms", "p95 ms", "clicks"]


def _middle_and_worst(ordered: list[float]) -> tuple[float, float]:
    return statistics.median(ordered), ordered[int(len(ordered) * 0.95)]


def _click(pair: Pair, root: Person, token: str) -> float:
    """Click, follow every redirect and the page that moves on, and check who is there; return the seconds it took."""
    form = {"csrf_token": token, "subject": "abc", "portal": "tickets", "mode": "assigned"}
    begun = time.perf_counter()
    answer = root.web.post(f"{pair.url}/admin/launches", data=form, timeout=10)
    if not REFRESH.search(answer.text):
        raise RuntimeError(f"a click was answered with {answer.status_code}: {answer.text[:300]}")
    root.go_on(answer)
    taken = time.perf_counter() - begun
    if "Acting as" not in root.answer.text:
        raise RuntimeError(f"the portal answered {root.answer.status_code}: {root.answer.text[:300]}")
    return taken


def _leave(pair: Pair) -> None:
    """End every visit: nobody has more than a few open at a time."""
    with working(pair.app) as work:
        ended = update(Session).where(Session.scope == Scope.VISIT, Session.ended_at.is_(None))
        work.execute(ended.values(ended_at=clock.now(), ended_why="ended"))
