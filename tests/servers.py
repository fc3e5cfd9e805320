"""Real servers on loopback: a gateway, and the example portal that lives elsewhere; and people who visit them."""

import re
import shutil
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from html import unescape
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import requests
from flask import Flask
from werkzeug.serving import WSGIRequestHandler, make_server

from examples.external_portal import portal as example
from gateway import create_app
from gateway.portal.registry import discover
from tests.cast import PASSWORD, Member
from tests.conftest import settings_for
from tests.elsewhere import register
from tests.house import form_token

REFRESH = re.compile(r'content="0; url=([^"]+)"')


class Quiet(WSGIRequestHandler):
    """Serves without a line for each request."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        return None


def free_port() -> int:
    """Return a port of loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def serving(app: Any, port: int) -> Iterator[None]:
    """Serve an application meanwhile."""
    server = make_server("127.0.0.1", port, app, threaded=True, request_handler=Quiet)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class Pair:
    """A gateway and the example portal, each at an address of its own. The portal can be stopped and started."""

    def __init__(self, template: Path, folder: Path) -> None:
        shutil.copy(template, folder / "house.db")
        self.port, self.portal_port = free_port(), free_port()
        self.url, self.portal_url = (f"http://127.0.0.1:{port}" for port in (self.port, self.portal_port))
        self.settings = settings_for(
            f"sqlite:///{folder / 'house.db'}", base_url=self.url, outbound_networks=(ip_network("127.0.0.0/8"),)
        )
        self.app: Flask = create_app(self.settings, discover())
        self.client = register(
            self.app,
            start_url=f"{self.portal_url}/start",
            redirect_uris=[f"{self.portal_url}/callback"],
            post_logout_uris=[f"{self.portal_url}/bye"],
            logout_uri=f"{self.portal_url}/back-channel-logout",
        )
        self.portal = example.create_app(self.url, str(self.client.secret))

    @contextmanager
    def running(self) -> Iterator["Pair"]:
        """Serve both."""
        with serving(self.app, self.port), serving(self.portal, self.portal_port):
            yield self
        self.app.extensions["portico"].database.dispose()


class Person:
    """Somebody with a browser that follows redirects and pages that move on."""

    def __init__(self, url: str, member: Member) -> None:
        self.url, self.web = url, requests.Session()
        self.web.headers["Connection"] = "close"
        self.answer = self.get(f"{url}{member.log_in_at}")
        self.post(member.log_in_at, login=member.login, password=PASSWORD)

    def get(self, url: str) -> requests.Response:
        """Go somewhere, and on."""
        return self.go_on(self.web.get(url, timeout=10))

    def go_on(self, answer: requests.Response) -> requests.Response:
        """Go where a page moves on to by itself, and on."""
        self.answer = answer
        while found := REFRESH.search(self.answer.text):
            self.answer = self.web.get(unescape(found[1]), timeout=10)
        return self.answer

    def post(self, path: str, **form: str) -> requests.Response:
        """Send a form of the page that is there."""
        data = {"csrf_token": form_token(self.answer.text), **form}
        self.answer = self.web.post(f"{self.url}{path}", data=data, timeout=10)
        return self.answer

    def open(self, subject: str, portal: str, **more: str) -> requests.Response:
        """Click in the console, and go where that leads."""
        self.get(f"{self.url}/admin/customers/abc/log-in")
        page = self.post("/admin/launches", subject=subject, portal=portal, mode="assigned", **more)
        assert REFRESH.search(page.text), page.text
        return self.go_on(page)

    def end_visit(self) -> None:
        """Press End in the banner of the visit."""
        visit = next(cookie.name for cookie in self.web.cookies if cookie.name.startswith("visit-"))
        here = f"/as/{visit.removeprefix('visit-')}"
        self.get(f"{self.url}{here}/portals/pbx/overview")
        self.post(f"{here}/end")
