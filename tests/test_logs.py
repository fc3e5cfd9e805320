"""The log keeps to one line an event, whatever stands in it."""

import json
import logging

import pytest
import structlog
from flask import Flask

from gateway.web import current, logs


@pytest.fixture
def written(capsys: pytest.CaptureFixture[str]):
    """Return a function that gives the lines logged since; what was set up before is put back."""
    root, before = logging.getLogger(), structlog.get_config()
    handlers, level = set(root.handlers), root.level
    logs.configure()
    yield lambda: capsys.readouterr().err.splitlines()
    for handler in set(root.handlers) - handlers:
        root.removeHandler(handler)
    root.setLevel(level)
    structlog.configure(**before)


@pytest.mark.parametrize(
    "unsafe", ["\r", "\n", "\x1b[31m", "\x7f", "\x85", "\x9b", "\u2028", "\u2029", "\u202e", "\ud800"]
)
def test_nothing_from_outside_begins_a_line_or_steers_a_terminal(unsafe: str):
    line = logs.line({"login": f"a{unsafe}b"})
    assert unsafe not in line
    assert len(line.splitlines()) == 1
    assert json.loads(line) == {"login": f"a{unsafe}b"}


def test_names_stay_readable_in_every_script():
    assert "Žofie 中村" in logs.line({"name": "Žofie 中村"})


def test_an_event_is_one_line_with_its_moment_and_its_request(written):
    with Flask("here").test_request_context():
        request_id = current.request_id()
        structlog.get_logger("gateway.login").info("login.refused", login="eve\nroot")
    (line,) = written()
    event = json.loads(line)
    assert event.pop("at").endswith("+00:00")
    assert event == {"event": "login.refused", "login": "eve\nroot", "level": "info", "request_id": request_id}


def test_what_libraries_log_reads_the_same_and_once(written):
    logs.configure()
    logging.getLogger("library").warning("two\nlines")
    (line,) = written()
    assert json.loads(line)["event"] == "two\nlines"


def test_a_traceback_is_one_line_and_shows_no_values(written):
    def check(password: str) -> None:
        raise RuntimeError(f"broken after {len(password)}")

    try:
        check("hunter2" * 2)
    except RuntimeError:
        structlog.get_logger().exception("request.failed")
    (line,) = written()
    assert "RuntimeError: broken after 14" in json.loads(line)["exception"]
    assert "hunter2hunter2" not in line
