"""Real servers on loopback: a gateway, and the example portal that lives elsewhere."""

import shutil
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import ip_network
from pathlib import Path
from typing import Any

from flask import Flask
from werkzeug.serving import WSGIRequestHandler, make_server

from examples.external_portal import portal as example
from gateway import create_app
from gateway.portal.registry import discover
from tests.conftest import settings_for
from tests.elsewhere import register


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
