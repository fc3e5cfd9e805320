"""The document of the API, its page, and the examples in the documentation, which are run."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from gateway import create_app
from gateway.portal.registry import discover
from tests.conftest import settings_for
from tests.house import Browser
from tests.programs import token_for
from tests.servers import free_port, serving

ROOT = Path(__file__).parent.parent
GUIDE = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")


@pytest.fixture
def served(tmp_path: Path, sqlite_template: Path) -> Iterator[tuple[Flask, str]]:
    """A real server, and its address."""
    shutil.copy(sqlite_template, tmp_path / "house.db")
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    app = create_app(settings_for(f"sqlite:///{tmp_path / 'house.db'}", base_url=url), discover())
    with serving(app, port):
        yield app, url
    app.extensions["portico"].database.dispose()


def test_the_document_describes_every_call_with_an_example(app: Flask) -> None:
    document = app.test_client().get("/api/openapi.json").json
    assert document["openapi"] == "3.1.0"
    described = {
        f"{method.upper()} {path}"
        for path, calls in document["paths"].items()
        for method in calls
        if method != "parameters"
    }
    there = {
        f"{method} {rule.rule.replace('<', '{').replace('>', '}')}"
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith("/api/v1/")
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    assert described == there
    names = [
        call["operationId"]
        for calls in document["paths"].values()
        for name, call in calls.items()
        if name != "parameters"
    ]
    assert len(names) == len(set(names))
    for name, schema in document["components"]["schemas"].items():
        assert "example" in schema or name.endswith(("Page", "Self")), name


def test_the_page_of_the_api_is_open_to_strangers_and_shows_every_call(app: Flask) -> None:
    page = Browser(app).get("/api/docs")
    assert page.status_code == 200
    document = app.test_client().get("/api/openapi.json").json
    for path, calls in document["paths"].items():
        assert path in page.text
        for name, call in calls.items():
            assert name == "parameters" or f'id="{call["operationId"]}"' in page.text
    for word in ("curl -X POST", "import requests", "Idempotency-Key", "If-Match", "Needs full at console/customers"):
        assert word in page.text


def test_the_guides_python_runs(served: tuple[Flask, str]) -> None:
    app, url = served
    token = token_for(app, "root")
    code = re.findall(r"```python\n(.*?)```", GUIDE, re.DOTALL)[0]
    scope: dict[str, Any] = {}
    exec(code.replace("https://portal.example", url).replace("ptc_…", token), scope)
    assert [customer["login"] for customer in scope["customers"]] == ["abc", "globex", "initech"]


def test_the_documents_typed_client_is_made_checked_and_used(served: tuple[Flask, str], tmp_path: Path) -> None:
    app, url = served
    commands = re.findall(r"^    ((?:pip|openapi-python-client) .*)$", GUIDE, re.MULTILINE)
    assert len(commands) == 2
    programs = str(Path(sys.executable).parent)
    for command in commands:
        told = subprocess.run(
            command.replace("https://portal.example", url).split(),
            env={**os.environ, "PATH": f"{programs}:{os.environ['PATH']}", "PIP_DISABLE_PIP_VERSION_CHECK": "1"},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=True,
        )
    assert "arning" not in told.stdout + told.stderr
    use = re.findall(r"```python\n(.*?)```", GUIDE, re.DOTALL)[1]
    use = use.replace("https://portal.example", url).replace("ptc_…", token_for(app, "root"))
    (tmp_path / "use.py").write_text(use + 'print(*names, sep=", ")\n', encoding="utf-8")
    package = tmp_path / "portico-client"
    for words in (["-m", "mypy", "--strict", "--follow-imports=silent", "use.py"], ["use.py"]):
        told = subprocess.run(
            [sys.executable, *words],
            env={**os.environ, "MYPYPATH": str(package), "PYTHONPATH": str(package)},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        assert told.returncode == 0, told.stdout + told.stderr
    assert told.stdout == "ABC Company, Globex Corporation, Initech\n"


def test_the_guides_curl_runs(served: tuple[Flask, str]) -> None:
    app, url = served
    token = token_for(app, "root")
    opening, *asking = re.findall(r"^ +(curl -s (?:.*\\\n)?.*)$", GUIDE, re.MULTILINE)
    shell = ["/bin/sh", "-c"]
    command = opening.replace("https://portal.example", url).replace("ptc_…", token)
    opened = subprocess.run([*shell, command], capture_output=True, text=True, check=True).stdout
    bearer = re.search(r"pts_[\w-]+", opened)
    assert bearer is not None, opened
    for asked, said in zip(asking, ('"login":"root"', '"items":'), strict=True):
        command = asked.replace("https://portal.example", url).replace("pts_…", bearer[0])
        assert said in subprocess.run([*shell, command], capture_output=True, text=True, check=True).stdout


def test_the_guides_commands_run(app: Flask) -> None:
    create, listing, revoke = re.findall(r"flask --app wsgi (token .*)", GUIDE)

    def said(command: str) -> str:
        result = app.test_cli_runner().invoke(args=shlex.split(command))
        assert result.exit_code == 0, result.output
        return result.stdout.splitlines()[-1]

    assert said(create).startswith("ptc_")
    id = said(listing).partition("\t")[0]
    assert said(revoke.replace("06f2k9w3d8b1x5qa", id)) == f"{id} is revoked."
