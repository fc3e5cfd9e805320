"""The guide for portals elsewhere does not lie: every command and every piece of code in it is run."""

import json
import os
import re
import secrets
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.metadata import version
from ipaddress import ip_network
from pathlib import Path

import pytest
import requests
from authlib.integrations.flask_client import OAuth
from flask import Flask, redirect, render_template_string, request, session, url_for

from gateway import create_app
from gateway.access import structure_files
from gateway.portal.registry import discover
from tests.cast import HELEN, INITECH, JOHN
from tests.conftest import settings_for
from tests.servers import Pair, Person, free_port, serving

ROOT = Path(__file__).parent.parent
EXAMPLE = ROOT / "examples" / "external_portal"
GUIDE = (ROOT / "docs" / "external-portals.md").read_text(encoding="utf-8")


def block(begins: str) -> str:
    """Return the indented block of the guide that begins so, without its indent."""
    found = re.search(rf"^( +){re.escape(begins)}.*(?:\n(?:\1.*)?$)*", GUIDE, re.MULTILINE)
    assert found is not None, begins
    return "\n".join(line.removeprefix(found[1]) for line in found[0].splitlines()).strip()


def test_every_command_of_the_guide_is_run_here(make_app: Callable[..., Flask]) -> None:
    app = make_app(outbound_networks=(ip_network("127.0.0.0/8"),))
    commands = set(re.findall(r"(?:flask --app wsgi|make) [\w-]+(?: [a-z][\w-]*)?", GUIDE))
    assert commands == {
        *("make demo", "make demo-external"),
        *("flask --app wsgi portal register", "flask --app wsgi keys rotate-signing", "flask --app wsgi work"),
    }
    for words in (["portal", "register", str(EXAMPLE / "registration.json")], ["keys", "rotate-signing"]):
        done = app.test_cli_runner().invoke(args=words)
        assert done.exit_code == 0, done.output
    assert "tickets" in app.test_cli_runner().invoke(args=["portal", "list"]).output
    assert app.test_cli_runner().invoke(args=["work", "--help"]).exit_code == 0  # tests/test_mail.py runs it
    assert "examples/external_portal/registration.json" in GUIDE


def test_the_structure_of_the_guide_is_taken() -> None:
    shown = block('{\n      "format"')
    pages = structure_files.read(shown)
    assert list(structure_files.structure_of(pages).nodes) == ["tickets", "tickets.open", "reports"]
    assert json.loads(shown)["format"] == "portico-structure-1"


def portal_of_the_guide(issuer: str, secret: str) -> Flask:
    """Make a portal of what the guide says, and of nothing else of ours."""
    app = Flask("guide")
    app.config.update(SECRET_KEY="only for this test", SESSION_COOKIE_NAME="guide")
    oauth = OAuth(app)
    code = block("gateway = oauth.register(").replace("https://portico.example", issuer).replace('"crm"', '"tickets"')
    names = {"oauth": oauth, "SECRET": secret}
    exec(code, names)
    begin = compile(block("return gateway.authorize_redirect").removeprefix("return "), "guide", "eval")

    @app.get("/start")
    def start() -> object:
        return eval(begin, {**names, "url_for": url_for, "hint": request.args.get("login_hint")})

    @app.get("/callback")
    def callback() -> object:
        session["claims"] = dict(names["gateway"].authorize_access_token()["userinfo"])  # type: ignore[attr-defined]
        return redirect("/")

    @app.get("/")
    def page() -> str:
        return render_template_string(
            block("{% if claims.act %}") + "<p>{{ claims.sub }}</p>", claims=session["claims"]
        )

    return app


def test_a_portal_made_of_the_guide_works(sqlite_template: Path, tmp_path: Path) -> None:
    pair = Pair(sqlite_template, tmp_path)
    pair.portal = portal_of_the_guide(pair.url, str(pair.client.secret))
    with pair.running():
        john, helen = Person(pair.url, JOHN), Person(pair.url, HELEN)
        assert john.get(f"{pair.url}/portals/tickets/").text == "<p>john</p>"
        assert helen.open("john", "tickets").text == "<p>Acting as John Carter, by Helen Desk</p><p>john</p>"


@contextmanager
def demo_external(folder: Path, gateway: int, portal: int) -> Iterator[None]:
    """Run what `make demo-external` runs, on ports of its own and with the libraries of these tests."""
    shutil.copytree(EXAMPLE, folder / "example", ignore=shutil.ignore_patterns(".venv", "__pycache__"))
    file = folder / "example" / "registration.json"
    file.write_text(file.read_text(encoding="utf-8").replace("8100", str(portal)), encoding="utf-8")
    script = (
        "import sys; from pathlib import Path; from gateway import demo; from examples.external_portal import start;"
        f"demo.VAR = Path({str(folder)!r}); start.HERE = demo.VAR / 'example'; start.PYTHON = Path(sys.executable);"
        f"start.PORT = {portal}; sys.exit(start.main())"
    )
    environ = {**os.environ, "PORT": str(gateway)}
    with (folder / "said").open("w", encoding="utf-8") as said:
        process = subprocess.Popen([sys.executable, "-c", script], cwd=ROOT, env=environ, stdout=said, stderr=said)
        try:
            yield
        finally:
            process.terminate()
            process.wait(20)


def test_make_demo_external_starts_what_is_started_here_with_the_libraries_of_these_tests() -> None:
    planned = subprocess.run(
        ["make", "-n", "--no-print-directory", "demo-external"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert planned.stdout.splitlines()[-1].endswith("-m examples.external_portal.start")
    wanted = (EXAMPLE / "requirements.in").read_text(encoding="utf-8").split()
    theirs, ours = (locked(path) for path in (EXAMPLE / "requirements.txt", ROOT / "requirements" / "test.txt"))
    assert {name: version(name) for name in wanted} == {name: theirs[name.lower()] for name in wanted}
    assert {name: theirs[name] for name in theirs.keys() & ours} == {name: ours[name] for name in theirs.keys() & ours}


def locked(path: Path) -> dict[str, str]:
    """Return the versions of a lock by name."""
    return dict(re.findall(r"^([a-z0-9._-]+)==([^ ;]+)", path.read_text(encoding="utf-8"), re.MULTILINE))


def test_make_demo_external_registers_the_example_and_serves_it(sqlite_template: Path, tmp_path: Path) -> None:
    shutil.copy(sqlite_template, tmp_path / "portico.db")
    gateway, portal = free_port(), free_port()
    url, there = (f"http://127.0.0.1:{port}" for port in (gateway, portal))
    database = f"sqlite:///{tmp_path / 'portico.db'}"
    secret, audit = (secrets.token_urlsafe(48) for _ in range(2))
    settings = {"GATEWAY_SECRET_KEYS": secret, "GATEWAY_AUDIT_KEYS": audit, "GATEWAY_DATABASE_URL": database}
    lines = [f"{name}={value}\n" for name, value in settings.items()]
    (tmp_path / "demo.env").write_text("".join(lines), encoding="utf-8")
    app = create_app(settings_for(database, base_url=url, secret_keys=(secret,), audit_keys=(audit,)), discover())
    with serving(app, gateway), demo_external(tmp_path, gateway, portal):
        for _ in range(720):
            try:
                requests.get(f"{there}/bye", timeout=5).raise_for_status()
                break
            except requests.RequestException:
                time.sleep(0.25)
        else:
            pytest.fail((tmp_path / "said").read_text(encoding="utf-8"))
        initech = Person(url, INITECH)
        page = initech.get(f"{url}/portals/tickets/")
        assert page.url == f"{there}/"
        assert "Tickets" in page.text
        start = requests.get(f"{there}/start", allow_redirects=False, timeout=5)
        assert "code_challenge_method=S256" in start.headers["Location"]
    app.extensions["portico"].database.dispose()
