"""The client's address behind a real nginx: from the headers of trusted proxies, or unknown (TIP-06)."""

import http.client
import re
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from ipaddress import ip_network
from pathlib import Path
from urllib.parse import urlencode

import pytest
from flask import Flask
from sqlalchemy import select
from werkzeug.serving import make_server

from gateway.audit.models import AuditEvent
from tests.house import form_token, rows
from tests.servers import Quiet

NGINX = shutil.which("nginx") or "/usr/sbin/nginx"
pytestmark = pytest.mark.skipif(not Path(NGINX).exists(), reason="nginx is not installed")

CONFIG = """
worker_processes 1;
daemon off;
pid {folder}/pid;
error_log {folder}/error.log;
events {{ worker_connections 64; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{
        listen 127.0.0.1:{front};
        listen [::1]:{front};
        location / {{
            proxy_pass http://127.0.0.1:{back};
            proxy_set_header Host $host;
            proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
            proxy_set_header X-Forwarded-Proto $scheme;
        }}
    }}
}}
"""
STRANGER, PROXY = "127.0.0.9", "127.0.0.2"
FORWARDED = "X-Forwarded-For"
Headers = list[tuple[str, str]]

# From where nginx is asked, what is claimed there, and the client's address as it is to be seen.
SETS: list[tuple[str, Headers, str | None]] = [
    (STRANGER, [], STRANGER),
    (STRANGER, [(FORWARDED, "203.0.113.1")], STRANGER),
    (STRANGER, [(FORWARDED, "127.0.0.1")], STRANGER),
    (STRANGER, [(FORWARDED, "203.0.113.1, 127.0.0.2")], STRANGER),
    (STRANGER, [(FORWARDED, "garbage")], STRANGER),
    (STRANGER, [(FORWARDED, "")], STRANGER),
    (STRANGER, [("X_Forwarded_For", "203.0.113.1")], STRANGER),
    (
        STRANGER,
        [("Forwarded", "for=203.0.113.1"), ("X-Real-IP", "203.0.113.1"), ("True-Client-IP", "1.1.1.1")],
        STRANGER,
    ),
    (STRANGER, [(FORWARDED, "203.0.113.1"), (FORWARDED, "127.0.0.2")], STRANGER),
    (PROXY, [(FORWARDED, "203.0.113.2")], "203.0.113.2"),
    (PROXY, [(FORWARDED, "10.9.9.9, 203.0.113.2")], "203.0.113.2"),
    (PROXY, [(FORWARDED, "10.9.9.9"), (FORWARDED, "203.0.113.3")], "203.0.113.3"),
    (PROXY, [(FORWARDED, "203.0.113.4, 127.0.0.3, 127.0.0.4")], "203.0.113.4"),
    (PROXY, [(FORWARDED, "203.0.113.5:4711")], "203.0.113.5"),
    (PROXY, [(FORWARDED, "[2001:db8::5]:4711")], "2001:db8::5"),
    (PROXY, [(FORWARDED, "2001:db8::6")], "2001:db8::6"),
    (PROXY, [(FORWARDED, "::ffff:203.0.113.7")], "203.0.113.7"),
    (PROXY, [(FORWARDED, "203.0.113.8, unknown")], None),
    (PROXY, [(FORWARDED, "203.0.113.8, [2001:db8::9")], None),
    (PROXY, [(FORWARDED, "203.0.113.8, 0313.0.0113.8")], None),
    (PROXY, [(FORWARDED, "203.0.113.8, fe80::1%eth0")], None),
    (PROXY, [(FORWARDED, "")], None),
    (PROXY, [], None),
    ("::1", [(FORWARDED, "203.0.113.1")], "::1"),
]


def free_port() -> int:
    """Return a port that nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def behind_nginx(make_app: Callable[..., Flask], tmp_path: Path) -> Iterator[tuple[Flask, int]]:
    """An application behind nginx, which trusts 127.0.0.1 to 127.0.0.7, and nginx's port."""
    front, back = free_port(), free_port()
    app = make_app(base_url=f"http://127.0.0.1:{front}", trusted_proxies=(ip_network("127.0.0.0/29"),))
    server = make_server("127.0.0.1", back, app, threaded=True, request_handler=Quiet)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    config = tmp_path / "nginx.conf"
    config.write_text(CONFIG.format(folder=tmp_path, front=front, back=back), encoding="utf-8")
    nginx = subprocess.Popen([NGINX, "-p", str(tmp_path), "-e", str(tmp_path / "error.log"), "-c", str(config)])
    try:
        _wait_for(front)
        yield app, front
    finally:
        nginx.terminate()
        nginx.wait(10)
        server.shutdown()
        server.server_close()


def _wait_for(port: int) -> None:
    for _ in range(100):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    pytest.fail("nginx does not answer")


def log_in(port: int, source: str, headers: Headers, login: str) -> int:
    """Try to log in from an address, with these headers, and return the status."""
    host = "::1" if ":" in source else "127.0.0.1"
    with closing(http.client.HTTPConnection(host, port, source_address=(source, 0), timeout=10)) as connection:
        connection.request("GET", "/login", headers={"Host": f"127.0.0.1:{port}"})
        page = connection.getresponse()
        cookie = re.split(";", page.getheader("Set-Cookie") or "")[0]
        body = urlencode({"csrf_token": form_token(page.read().decode()), "login": login, "password": "x"})
        connection.putrequest("POST", "/login", skip_host=True)
        own = [("Host", f"127.0.0.1:{port}"), ("Cookie", cookie), ("Content-Length", str(len(body)))]
        for name, text in (*own, ("Content-Type", "application/x-www-form-urlencoded"), *headers):
            connection.putheader(name, text)
        connection.endheaders(body.encode())
        return connection.getresponse().status


def test_twenty_sets_of_headers_each_give_the_right_address_or_none__TIP_06(behind_nginx: tuple[Flask, int]) -> None:
    app, port = behind_nginx
    assert len(SETS) >= 20
    for number, (source, headers, _) in enumerate(SETS):
        assert log_in(port, source, headers, f"nobody{number}") == 422, SETS[number]
    found = select(AuditEvent.address).where(AuditEvent.event == "login.refused").order_by(AuditEvent.seq)
    assert [row.address for row in rows(app, found)] == [expected for _, _, expected in SETS]
