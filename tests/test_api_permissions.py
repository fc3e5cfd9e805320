"""The matrix of the API: every call and everybody. In the table the signs are those of `test_permissions.py`, and
`c` is made (201), `n` done (204), `=` the version is missing (428), `x` none of it (401).
"""

from collections.abc import Iterator

import pytest
from flask import Flask

from gateway import create_app
from gateway.errors import DeclarationError
from gateway.portal.registry import Registry, discover
from gateway.web.marks import serves
from tests.cast import CAST
from tests.conftest import _filled, settings_for
from tests.programs import Program
from tests.test_permissions import PEOPLE_COLUMNS, STAFF_COLUMNS

STATUS = {".": 200, "c": 201, "n": 204, "-": 404, "!": 403, "?": 422, "=": 428, "x": 401}
# Call: staff (root helen audrey), people (abc john mark adam globex eve initech). Records are abc's.
TABLE = {
    "GET /self": ("...", "......."),
    "GET /customers": ("...", "-------"),
    "POST /customers": ("??!", "-------"),
    "GET /customers/<id>": ("...", "-------"),
    "PATCH /customers/<id>": ("==!", "-------"),
    "GET /customers/<id>/allowed-roles": ("...", "-------"),
    "PUT /customers/<id>/allowed-roles/<role>": ("--!", "-------"),
    "DELETE /customers/<id>/allowed-roles/<role>": ("--!", "-------"),
    "GET /customers/<id>/sessions": ("...", "-------"),
    "DELETE /customers/<id>/sessions/<session>": ("--!", "-------"),
    "GET /customers/<id>/explain": ("...", "-------"),
    "GET /individuals/<id>/explain": ("...", "-------"),
    "GET /individuals": ("...", ".---.--"),
    "POST /individuals": ("??!", "?---?--"),
    "GET /individuals/<id>": ("...", ".------"),
    "PATCH /individuals/<id>": ("==!", "=------"),
    "DELETE /individuals/<id>": ("--!", "-------"),
    "GET /individuals/<id>/sessions": ("...", "-------"),
    "DELETE /individuals/<id>/sessions/<session>": ("--!", "-------"),
    "GET /allowed-roles": ("---", ".---.--"),
    "GET /sessions": ("---", "......."),
    "DELETE /sessions/<id>": ("---", "-------"),
    "GET /classes": (".-.", "-------"),
    "POST /classes": ("?-!", "-------"),
    "GET /classes/<id>": (".-.", "-------"),
    "PATCH /classes/<id>": ("=-!", "-------"),
    "DELETE /classes/<id>": ("?-!", "-------"),
    "GET /roles": (".-.", "-------"),
    "POST /roles": ("?-!", "-------"),
    "GET /roles/<id>": (".-.", "-------"),
    "PATCH /roles/<id>": ("=-!", "-------"),
    "DELETE /roles/<id>": ("?-!", "-------"),
    "GET /portals": (".-.", "-------"),
    "POST /launches": ("???", "-------"),
    "GET /audit": (".-.", "-------"),
}
# Open to strangers, or ending the caller's own session: each has tests of its own.
ELSEWHERE = {"POST /session", "DELETE /session", "POST /leaked-tokens"}
RECORDS = {"customers": "abc", "individuals": "john", "classes": "standard", "roles": "itlead", "sessions": "none"}


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """One application for the whole matrix."""
    url = f"sqlite:///{tmp_path_factory.mktemp('matrix') / 'house.db'}"
    _filled(url)
    made = create_app(settings_for(url), discover())
    yield made
    made.extensions["portico"].database.dispose()


@pytest.fixture(scope="module")
def programs(app: Flask) -> dict[str, Program]:
    """A program of everybody's, and one that only looks."""
    found = {member.login: Program(app, member.login) for member in CAST}
    return {**found, **{f"{login}, looking": Program(app, login, level="view") for login in found}}


def called(program: Program, route: str) -> int:
    """Make a call with records of abc, and return the status. What deletes goes for a record that is not there."""
    method, rule = route.split()
    noun = rule.split("/")[1]
    record = (
        "nothing" if method == "DELETE" and noun == "individuals" and rule.endswith("<id>") else RECORDS.get(noun, "")
    )
    path = rule.replace("<id>", record).replace("<role>", "nothing").replace("<session>", "none")
    body = {} if method in ("POST", "PATCH") else None
    return int(program.call(method, path, body).status_code)


def test_every_call_has_its_row(app: Flask) -> None:
    there = {
        f"{method} {rule.rule.removeprefix('/api/v1')}"
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith("/api/v1/")
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    assert there == set(TABLE) | ELSEWHERE


@pytest.mark.parametrize("route", TABLE)
def test_every_call_answers_everybody_as_the_table_says__POR_02__IDOR_01(
    app: Flask, programs: dict[str, Program], route: str
) -> None:
    staff, people = TABLE[route]
    row = dict(zip((*STAFF_COLUMNS, *PEOPLE_COLUMNS), staff + people, strict=True))
    assert {login: called(programs[login], route) for login in row} == {
        login: STATUS[sign] for login, sign in row.items()
    }
    assert called(Program(app), route) == 401


@pytest.mark.parametrize("route", TABLE)
def test_a_token_that_only_looks_changes_nothing__TOK_04(programs: dict[str, Program], route: str) -> None:
    for login in (*STAFF_COLUMNS, *PEOPLE_COLUMNS):
        status, looking = called(programs[login], route), called(programs[f"{login}, looking"], route)
        if route.startswith("GET"):
            assert looking == status, login
        else:
            # A forbidden page is not found; any other is seen and not changed. What is asked for is looked at first.
            assert looking in (403, 404, 422), login
            assert looking != 422 or route == "POST /launches", login
            assert looking == 403 or status in (404, 422), login


def test_a_call_without_a_mark_does_not_start(app: Flask) -> None:
    registry: Registry = app.extensions["portico.registry"]
    bare = Flask("bare", static_folder=None)
    bare.add_url_rule("/api/v1/forgotten", "api.forgotten", lambda: "")
    with pytest.raises(DeclarationError, match=r"api\.forgotten"):
        dict(registry._read_marks(bare))
    bare.view_functions["api.forgotten"] = serves(console="nothing")(lambda: "")
    with pytest.raises(DeclarationError, match="takes the rights of 'nothing'"):
        dict(registry._read_marks(bare))
