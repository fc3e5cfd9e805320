"""A client that nobody here wrote: Apache's mod_auth_openidc, set up as the guide says, and an application behind it."""

import json
import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from html import unescape
from ipaddress import ip_network
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import requests
from flask import Flask, jsonify, request

from gateway import create_app
from gateway.access.operations import set_portal_view
from gateway.portal.registry import discover
from tests.cast import ABC, HELEN, JOHN
from tests.conftest import settings_for
from tests.elsewhere import register, rounds
from tests.house import change, working
from tests.servers import Person, free_port, serving

APACHE, MODULES = Path("/usr/sbin/apache2"), Path("/usr/lib/apache2/modules")
pytestmark = pytest.mark.skipif(
    not (APACHE.exists() and (MODULES / "mod_auth_openidc.so").exists()),
    reason="Apache with mod_auth_openidc is not installed",
)

GUIDE = (Path(__file__).parent.parent / "docs" / "external-portals.md").read_text(encoding="utf-8")
LOADED = ("mpm_event", "authn_core", "authz_core", "authz_user", "proxy", "proxy_http", "headers", "auth_openidc")
SURROUNDINGS = """
ServerRoot {folder}
DefaultRuntimeDir {folder}
PidFile {folder}/pid
ErrorLog {folder}/error.log
ServerName 127.0.0.1
Listen 127.0.0.1:{port}
User {owner}
"""


def echo() -> Flask:
    """An application that answers the headers it was sent."""
    app = Flask("echo")

    @app.get("/")
    @app.get("/<path:_any>")
    def headers(_any: str = "") -> Any:
        return jsonify({name.lower(): value for name, value in request.headers.items()})

    return app


class Front:
    """A gateway, Apache, and the application behind Apache."""

    def __init__(self, url: str, folder: Path) -> None:
        self.folder = folder
        self.port, self.front, self.back = free_port(), free_port(), free_port()
        self.url, self.site = f"http://127.0.0.1:{self.port}", f"http://127.0.0.1:{self.front}"
        networks = (ip_network("127.0.0.0/8"),)
        self.app = create_app(settings_for(url, base_url=self.url, outbound_networks=networks), discover())
        self.client = register(
            self.app,
            start_url=f"{self.site}/oidc",
            redirect_uris=[f"{self.site}/oidc"],
            post_logout_uris=[f"{self.site}/bye"],
            logout_uri=f"{self.site}/oidc?logout=backchannel",
        )

    def config(self) -> str:
        """Return the guide's directives with what is this test's own, for the user who runs it."""
        found = re.search(r"^    OIDCProviderMetadataURL .*?(?=^\S)", GUIDE, re.DOTALL | re.MULTILINE)
        assert found is not None
        own = {
            "https://portico.example": self.url,
            "https://crm.example": self.site,
            "OIDCClientID crm": f"OIDCClientID {self.client.slug}",
            '"SECRET"': f'"{self.client.secret}"',
            '"PASSPHRASE"': f'"{os.urandom(16).hex()}"',
            "127.0.0.1:9000": f"127.0.0.1:{self.back}",
        }
        text = found[0]
        for words, ours in own.items():
            assert words in text
            text = text.replace(words, ours)
        modules = "".join(f"LoadModule {name}_module {MODULES}/mod_{name}.so\n" for name in LOADED)
        owner = "www-data" if os.getuid() == 0 else f"#{os.getuid()}"
        return modules + SURROUNDINGS.format(folder=self.folder, port=self.front, owner=owner) + text

    @contextmanager
    def running(self) -> Iterator["Front"]:
        """Serve all three."""
        config = self.folder / "apache.conf"
        config.write_text(self.config(), encoding="utf-8")
        with serving(self.app, self.port), serving(echo(), self.back):
            apache = subprocess.Popen([APACHE, "-f", config, "-DFOREGROUND"])
            try:
                self._wait()
                yield self
            finally:
                apache.terminate()
                apache.wait(10)
        self.app.extensions["portico"].database.dispose()

    def _wait(self) -> None:
        for _ in range(100):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.front)) == 0:
                    return
            time.sleep(0.05)
        pytest.fail(f"Apache does not answer: {(self.folder / 'error.log').read_text(encoding='utf-8')}")


@pytest.fixture
def front(sqlite_template: Path, tmp_path: Path) -> Iterator[Front]:
    """All three servers."""
    shutil.copy(sqlite_template, tmp_path / "house.db")
    with Front(f"sqlite:///{tmp_path / 'house.db'}", tmp_path).running() as found:
        yield found


def told(answer: requests.Response) -> dict[str, Any]:
    """Return the claims that reached the application; empty if somebody was led elsewhere."""
    if "json" not in answer.headers.get("Content-Type", ""):
        return {}
    headers = {name.removeprefix("oidc-"): value for name, value in answer.json().items() if name.startswith("oidc-")}
    return {name: json.loads(value) if value.startswith("{") else value for name, value in headers.items()}


def test_a_customer_logs_in_through_apache_and_the_application_reads_who_and_what_they_may(front: Front) -> None:
    john = Person(front.url, JOHN)
    answer = john.get(f"{front.site}/orders?page=2")
    assert answer.url == f"{front.site}/orders?page=2"
    said = told(answer)
    assert (said["sub"], said["name"]) == ("john", "John Carter")
    assert said["customer"] == {"id": "abc", "name": "ABC Company", "status": "active"}
    assert (said["levels"]["tickets.open"], said["levels"]["reports"]) == ("full", "view")
    assert (said["levels"]["settings"], said["view-only"], "act" in said) == ("forbidden", "0", False)
    assert (said["amr"], said["acr"]) == ("pwd", "urn:portico:acr:1")
    assert told(john.get(f"{front.url}/portals/tickets/"))["sub"] == "john"


def test_headers_of_a_browser_do_not_reach_the_application(front: Front) -> None:
    john = Person(front.url, JOHN)
    john.get(f"{front.site}/")
    john.web.headers.update(
        {"OIDC-sub": "abc", "OIDC_levels": "{}", "OIDC-act": '{"sub": "root"}', "oidc-mode": "full"}
    )
    said = told(john.get(f"{front.site}/"))
    assert (said["sub"], said["mode"], "act" in said) == ("john", "assigned", False)
    assert said["levels"]["tickets"] == "full"
    stranger = requests.get(f"{front.site}/", headers={"OIDC-sub": "john"}, allow_redirects=False, timeout=10)
    assert stranger.status_code == 302
    assert stranger.headers["Location"].startswith(f"{front.url}/oidc/authorize?")
    assert "code_challenge_method=S256" in stranger.headers["Location"]


@pytest.mark.parametrize("view_only", ["", "y"])
def test_helen_enters_with_one_click_and_act_arrives__IMP_05__IMP_11(front: Front, view_only: str) -> None:
    helen = Person(front.url, HELEN)
    answer = helen.open("john", "tickets", view_only=view_only)
    assert answer.url == f"{front.site}/"
    said = told(answer)
    assert (said["sub"], said["name"]) == ("john", "John Carter")
    assert said["act"] == {"sub": "helen", "name": "Helen Desk", "preferred_username": "helen"}
    assert (said["mode"], said["view-only"]) == ("assigned", "1" if view_only else "0")
    assert said["levels"]["tickets"] == ("view" if view_only else "full")


def test_a_log_out_at_the_gateway_reaches_apache_and_leaves_others_in__SES_08(front: Front) -> None:
    john, abc, helen = Person(front.url, JOHN), Person(front.url, ABC), Person(front.url, HELEN)
    for person in (john, abc):
        assert told(person.get(f"{front.site}/"))["customer"]["id"] == "abc"
    assert told(helen.open("john", "tickets"))["act"]["sub"] == "helen"
    john.get(f"{front.url}/portals/self-care/profile")
    john.post("/logout")
    assert rounds(front.app) == 1
    assert john.get(f"{front.site}/").url.startswith(f"{front.url}/login?")
    assert told(abc.get(f"{front.site}/"))["sub"] == "abc"
    assert told(helen.get(f"{front.site}/"))["act"]["sub"] == "helen"


def test_the_end_of_a_visit_reaches_apache_and_leaves_the_customer_in__SES_08(front: Front) -> None:
    john, helen = Person(front.url, JOHN), Person(front.url, HELEN)
    assert told(john.get(f"{front.site}/"))["sub"] == "john"
    helen.open("john", "tickets")
    helen.end_visit()
    assert rounds(front.app) == 1
    assert helen.get(f"{front.site}/").url.startswith(f"{front.url}/login?")
    assert told(john.get(f"{front.site}/"))["sub"] == "john"


def test_blocking_and_another_role_reach_apache__SES_08(front: Front) -> None:
    john = Person(front.url, JOHN)
    john.get(f"{front.site}/")
    with working(front.app) as work:
        set_portal_view(work, "itlead", "tickets", {"tickets": "view"})
    assert rounds(front.app) == 1
    assert told(john.get(f"{front.site}/"))["levels"]["tickets"] == "view"
    change(front.app, "abc", status="blocked")
    assert rounds(front.app) == 1
    assert john.get(f"{front.site}/").url.startswith(f"{front.url}/login?")


def test_a_log_out_message_of_somebody_else_ends_nothing__SES_09(front: Front) -> None:
    john = Person(front.url, JOHN)
    john.get(f"{front.site}/")
    for token in ("", "e30.e30.e30", "x"):
        forged = requests.post(f"{front.site}/oidc?logout=backchannel", data={"logout_token": token}, timeout=10)
        assert forged.status_code == 400
    assert told(john.get(f"{front.site}/"))["sub"] == "john"


def test_a_log_out_from_the_application_asks_at_the_gateway_and_comes_back(front: Front) -> None:
    john = Person(front.url, JOHN)
    john.get(f"{front.site}/")
    page = john.get(f"{front.site}/oidc?logout={quote(f'{front.site}/bye', safe='')}")
    assert page.url.startswith(f"{front.url}/oidc/end-session?id_token_hint=")
    hidden = dict(re.findall(r'name="(id_token_hint|post_logout_redirect_uri|state)" value="([^"]+)"', page.text))
    left = john.post("/oidc/end-session/confirm", **{name: unescape(value) for name, value in hidden.items()})
    assert f"{front.site}/bye" in left.text
    assert john.get(f"{front.url}/portals/pbx/overview").url.startswith(f"{front.url}/login")
