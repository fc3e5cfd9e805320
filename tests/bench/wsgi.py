"""Requests without a network, and CPU time around them. Needs nothing but the standard library, so peers use it too."""

import gc
import io
import statistics
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

Application = Callable[[dict[str, Any], Any], Iterable[bytes]]
Call = Callable[[], object]


@dataclass
class Answer:
    """What came back: the number of the status, headers in order, the body."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> str:
        """Return the first header of a name; empty if there is none."""
        return next((value for key, value in self.headers if key.lower() == name), "")


@dataclass
class Client:
    """A browser as small as can be: a cookie jar and a loop around the WSGI call."""

    app: Application
    host: str = "localhost"
    cookies: dict[str, str] = field(default_factory=dict)

    def environ(self, path: str, body: bytes = b"") -> dict[str, Any]:
        """Return the environment of a request; with a body it posts a form."""
        path, _, query = path.partition("?")
        environ: dict[str, Any] = {
            "REQUEST_METHOD": "POST" if body else "GET",
            "SCRIPT_NAME": "",
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "SERVER_NAME": self.host,
            "SERVER_PORT": "80",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "HTTP_HOST": self.host,
            "HTTP_USER_AGENT": "Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101 Firefox/140.0",
            "HTTP_ACCEPT_LANGUAGE": "en",
            "REMOTE_ADDR": "127.0.0.1",
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(body),
            "wsgi.errors": io.StringIO(),
            "wsgi.multithread": True,
            "wsgi.multiprocess": True,
            "wsgi.run_once": False,
        }
        if body:
            environ |= {"CONTENT_TYPE": "application/x-www-form-urlencoded", "CONTENT_LENGTH": str(len(body))}
        if self.cookies:
            environ["HTTP_COOKIE"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        return environ

    def ask(self, environ: dict[str, Any]) -> Answer:
        """Make a request and keep its cookies."""
        answer = Answer(0, [], b"")

        def start(status: str, headers: list[tuple[str, str]], _error: object = None) -> None:
            answer.status, answer.headers = int(status[:3]), headers

        chunks = self.app(environ, start)
        answer.body = b"".join(chunks)
        if close := getattr(chunks, "close", None):
            close()
        for name, value in answer.headers:
            if name.lower() == "set-cookie":
                cookie, _, attributes = value.partition(";")
                key, _, word = cookie.partition("=")
                gone = "max-age=0" in attributes.lower()
                self.cookies.pop(key, None) if gone else self.cookies.update({key: word})
        return answer

    def get(self, path: str) -> Answer:
        """GET a page."""
        return self.ask(self.environ(path))

    def post(self, path: str, form: Mapping[str, str]) -> Answer:
        """POST a form."""
        return self.ask(self.environ(path, urlencode(form).encode()))

    def again(self, path: str) -> Call:
        """Return a call that gets one page over and over, as fast as it can be asked for; checks it once."""
        environ = self.environ(path)
        answer = self.ask(dict(environ))
        if answer.status != 200:
            raise RuntimeError(f"{path} answered {answer.status}")
        app = self.app

        def start(_status: str, _headers: list[tuple[str, str]], _error: object = None) -> None:
            pass

        def call() -> None:
            chunks = app(environ.copy(), start)
            b"".join(chunks)
            if close := getattr(chunks, "close", None):
                close()

        return call


def cpu(call: Call, times: int) -> float:
    """Return the CPU seconds of this process that one call takes, over so many."""
    begin = time.process_time()
    for _ in range(times):
        call()
    return (time.process_time() - begin) / times


def interleaved(calls: Mapping[str, Call], rounds: int, times: int) -> dict[str, list[float]]:
    """Measure several calls by turns, forwards and backwards, so that a slow moment falls on all of them alike."""
    for call in calls.values():
        cpu(call, times)
    found: dict[str, list[float]] = {name: [] for name in calls}
    gc.collect()
    for number in range(rounds):
        for name in list(calls) if number % 2 else reversed(list(calls)):
            found[name].append(cpu(calls[name], times))
    return found


def ratio(of: list[float], to: list[float]) -> float:
    """Return the median of the ratios, round by round."""
    return statistics.median(one / other for one, other in zip(of, to, strict=True))
