"""The whole document, fuzzed: as an administrator, a customer, an individual and nobody (ERR-01)."""

from typing import Any

import pytest
import schemathesis
from flask import Flask
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.canaries import Canaries
from tests.programs import Program

EXAMPLES = 5
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
    headers = {**Program(app, login).headers, "If-Match": "*"}
    operations = [found.ok() for found in document.get_all_operations()]
    assert len(operations) > 30
    for operation in operations:
        if operation.label != "DELETE /api/v1/session":
            _fuzz(operation, headers, login)


def _fuzz(operation: Any, headers: dict[str, str], login: str | None) -> None:
    """Make calls with values that fit the document and values that do not, on records that are there."""
    noun = operation.path.split("/")[3]
    is_open = operation.definition.raw.get("security") == []

    @given(case=operation.as_strategy())
    @settings(
        max_examples=EXAMPLES, derandomize=True, database=None, deadline=None, suppress_health_check=list(HealthCheck)
    )
    def call(case: Any) -> None:
        if "id" in case.path_parameters and case.method != "DELETE":
            case.path_parameters["id"] = RECORDS.get(noun, case.path_parameters["id"])
        answer = case.call_and_validate(headers=headers, checks=CHECKS)
        if login is None and not is_open:
            assert answer.status_code == 401

    call()
