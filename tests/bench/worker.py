"""T8: one worker of the server as it is deployed: its memory after some work, and its start."""

import http.client
import os
import re
import secrets
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlencode

from gateway.serve import BLOCKING_THREADS, SPARING
from tests.bench.loading import ROOT
from tests.bench.tables import Target, show
from tests.cast import ABC, PASSWORD
from tests.house import form_token

REQUESTS, STARTS, PATIENCE = 200, 3, 20.0
MEMORY, START = Target(90, 70, " MB"), Target(1.0, 0.6, " s")
PATHS = ("/", "/portals/pbx/calls", "/portals/pbx/overview", "/portals/iot/devices", "/portals/self-care/profile")


class Served:
    """A server with one worker, as seen from outside."""

    def __init__(self, url: str) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        environ = {name: value for name, value in os.environ.items() if not name.startswith("GATEWAY_")}
        environ |= SPARING | {
            "GATEWAY_SECRET_KEYS": secrets.token_urlsafe(48),
            "GATEWAY_AUDIT_KEYS": secrets.token_urlsafe(48),
            "GATEWAY_DATABASE_URL": url,
            "GATEWAY_BASE_URL": f"http://127.0.0.1:{self.port}",
        }
        command = [
            *(sys.executable, "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1"),
            *("--port", str(self.port), "--workers", "1", "--blocking-threads", str(BLOCKING_THREADS)),
            *("--no-ws", "--no-log", "wsgi:app"),
        ]
        self._cookie = ""
        begin = time.perf_counter()
        self.process = subprocess.Popen(command, cwd=ROOT, env=environ, stdout=subprocess.DEVNULL)
        self.text = self._first()
        self.seconds = time.perf_counter() - begin

    def _first(self) -> str:
        until = time.perf_counter() + PATIENCE
        while time.perf_counter() < until:
            try:
                return self.ask("GET", "/login")
            except OSError:
                time.sleep(0.005)
        raise RuntimeError("the server did not start")

    def ask(self, method: str, path: str, form: dict[str, str] | None = None) -> str:
        """Make a request and return the page."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        headers = {"Cookie": self._cookie} if self._cookie else {}
        if form:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        connection.request(method, path, urlencode(form) if form else None, headers)
        answer = connection.getresponse()
        text = answer.read().decode()
        if cookies := answer.headers.get_all("Set-Cookie"):
            self._cookie = "; ".join(cookie.partition(";")[0] for cookie in cookies)
        connection.close()
        if answer.status != (303 if form else 200):
            raise RuntimeError(f"{path} answered {answer.status}")
        return text

    def log_in(self) -> None:
        """Log in as a customer."""
        form = {"csrf_token": form_token(self.text), "login": ABC.login, "password": PASSWORD}
        self.ask("POST", ABC.log_in_at, form)

    def megabytes(self) -> float:
        """Return the resident memory of the worker."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text(encoding="ascii")
        return max(self._resident(child) for child in children.split())

    def cpu(self) -> float:
        """Return the CPU seconds of server and worker up to now."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text(encoding="ascii")
        texts = [Path(f"/proc/{number}/stat").read_text() for number in (self.process.pid, *children.split())]
        ticks = sum(sum(map(int, text.rpartition(")")[2].split()[11:13])) for text in texts)
        return float(ticks / os.sysconf("SC_CLK_TCK"))

    def _resident(self, process: str) -> float:
        status = Path(f"/proc/{process}/status").read_text(encoding="utf-8")
        found = re.search(r"VmRSS:\s+(\d+) kB", status)
        return int(found[1]) / 1024 if found else 0.0


@contextmanager
def served(url: str) -> Iterator[Served]:
    """Serve for a while."""
    found = Served(url)
    try:
        yield found
    finally:
        found.process.terminate()
        found.process.wait()


def worker(kind: str, url: str) -> None:
    """Measure and show; says so where a process cannot be looked into."""
    if not Path("/proc/self/status").exists():
        print(f"\n{kind}: T8 is left out: the memory of a process can be read on Linux only")
        return
    starts, busy = [], []
    for _ in range(STARTS):
        with served(url) as found:
            starts.append(found.seconds)
            busy.append(found.cpu())
            fresh = found.megabytes()
            found.log_in()
            for number in range(REQUESTS):
                found.ask("GET", PATHS[number % len(PATHS)])
            memory = found.megabytes()
    rows = [
        [f"T8 resident memory after {REQUESTS} requests ({fresh:.0f} MB at first)", *MEMORY.cells(memory)],
        [
            f"T8 from the start to the first page, median of {STARTS} ({statistics.median(busy):.2f} s of CPU)",
            *START.cells(statistics.median(starts)),
        ],
    ]
    show(f"{kind}: a worker of the server", ["what", "found", "must", "aim", "verdict"], rows)
