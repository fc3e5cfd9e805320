"""The whole document, fuzzed: as an administrator, a customer, an individual and nobody (ERR-01)."""

from typing import Any

import pytest
import schemathesis
from flask import Flask
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.canaries import Canaries
from tests.programs import Program
from tests.test_api_permissions import TABLE
from tests.test_permissions import PEOPLE_COLUMNS

EXAMPLES = {GenerationMode.POSITIVE: 5, GenerationMode.NEGATIVE: 3}
RECORDS = {"customers": "abc", "individuals": "john", "classes": "gold", "roles": "itsupport"}
CHECKS = (not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance)


@pytest.fixture
def document(app: Flask, canaries: Canaries) -> Any:
    """The document, read by a library that nobody here wrote. Calls are not counted here."""
    canaries.let_go()
    app.extensions["portico.rates"].count = lambda *_call: 0
    return schemathesis.openapi.from_wsgi("/api/openapi.json", app)


@pytest.mark.parametrize("login", ["root", "abc", "john", None], ids=str)
def test_no_call_breaks_and_every_answer_is_as_described__ERR_01(app: Flask, document: Any, login: str | None) -> None:
    program = Program(app, login)
    operations = [found.ok() for found in document.get_all_operations()]
    assert len(operations) > 30
    for operation in operations:
        for mode in GenerationMode:
            _fuzz(operation, mode, program, login)


def _fuzz(operation: Any, mode: GenerationMode, program: Program, login: str | None) -> None:
    """Make calls with values that fit the document, or some that do not, on records that are there.

    No door is open that should not be. What cannot even be read may be refused as such before it is asked who calls.
    """
    noun = operation.path.split("/")[3]
    refusals = _refusals(operation, login)

    @given(case=operation.as_strategy(generation_mode=mode))
    @settings(
        max_examples=EXAMPLES[mode],
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    def call(case: Any) -> None:
        if "id" in case.path_parameters and case.method != "DELETE":
            case.path_parameters["id"] = RECORDS.get(noun, case.path_parameters["id"])
        caller = program
        if login is not None and operation.label == "DELETE /api/v1/session":
            caller = Program(program.client.application, login, program.token)
        answer = case.call_and_validate(headers={**caller.headers, "If-Match": "*"}, checks=CHECKS)
        is_read = mode is GenerationMode.POSITIVE and "\\x00" not in repr(case.query)
        assert not refusals or answer.status_code in refusals | (set() if is_read else {400, 401, 404, 422})

    call()


def _refusals(operation: Any, login: str | None) -> set[int]:
    """Return what somebody is answered to a call that is not for them, as the matrix says; nothing if it is."""
    if login is None:
        return set() if operation.definition.raw.get("security") == [] else {401}
    route = operation.label.replace("/api/v1", "").replace("{", "<").replace("}", ">")
    column = PEOPLE_COLUMNS.index(login) if login in PEOPLE_COLUMNS else None
    return {403, 404} if column is not None and route in TABLE and TABLE[route][1][column] == "-" else set()
