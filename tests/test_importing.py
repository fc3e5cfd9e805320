"""Every kind of file: all or nothing, every bad row named, done again without doubling anything."""

import csv
import hashlib
import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.cli import FlaskGroup
from sqlalchemy import func, select

from gateway.access.importer import IMPORTERS
from gateway.access.models import Role
from gateway.audit.models import AuditEvent
from gateway.audit.operations import Keys
from gateway.audit.verifying import verify
from gateway.db import Database
from gateway.identity.models import CustomerStatus, Identity
from gateway.importing import Importer, ImportRefused, Problem, run
from gateway.portal.registry import discover
from portals.pbx.models import Extension, Payment
from tests.conftest import AUDIT, Server
from tests.house import change, rows, value

KINDS = {kind.name: kind for kind in (*IMPORTERS, *(kind for portal in discover() for kind in portal.importers))}
KEYS = Keys((AUDIT,))
Row = Mapping[str, str]

DEVICE_OF_ABC = "8942000000000000789"
GOOD: dict[str, Row] = {
    "customers": {"login": "acme", "name": "Acme", "customer_class": "Standard", "status": "active", "role": "owner"},
    "individuals": {"customer": "abc", "login": "zoe", "name": "Zoe Zoom", "role": "itlead", "suspended": ""},
    "pbx-extensions": {"customer": "abc", "number": "300", "name": "Front door", "email": "", "forward_to": ""},
    "pbx-ring-groups": {
        "customer": "abc",
        "number": "700",
        "name": "Sales",
        "strategy": "in-order",
        "seconds": "20",
        "members": "102 100",
    },
    "pbx-calls": {
        "customer": "abc",
        "started_at": "2026-03-12T08:30:00+01:00",
        "from": "+1555",
        "to": "100",
        "direction": "incoming",
        "duration_seconds": "61",
        "charge": "0.04",
        "currency": "EUR",
    },
    "pbx-invoices": {
        "customer": "abc",
        "number": "X-1",
        "issued_on": "2026-03-01",
        "due_on": "2026-03-15",
        "amount": "12.50",
        "currency": "EUR",
        "status": "open",
    },
    "pbx-payments": {
        "customer": "abc",
        "invoice": "abc-0001",
        "paid_on": "2026-03-12",
        "amount": "12.50",
        "currency": "EUR",
        "method": "card",
    },
    "iot-plans": {"name": "IoT 7 GB", "monthly_bytes": "7000000000"},
    "iot-devices": {
        "customer": "abc",
        "iccid": "894200000000001111",
        "name": "Gate",
        "plan": "IoT 1 GB",
        "status": "active",
    },
    "iot-usage": {"iccid": DEVICE_OF_ABC, "day": "2026-03-12", "bytes": "17"},
}
OTHER_KEY: dict[str, Row] = {
    "customers": {"login": "acme2"},
    "individuals": {"login": "zoe2"},
    "pbx-extensions": {"number": "301"},
    "pbx-ring-groups": {"number": "701"},
    "pbx-calls": {"to": "101"},
    "pbx-invoices": {"number": "X-2"},
    "pbx-payments": {"paid_on": "2026-03-13"},
    "iot-plans": {"name": "IoT 8 GB"},
    "iot-devices": {"iccid": "894200000000002222"},
    "iot-usage": {"day": "2026-03-13"},
}
# For each kind: a column, a text that it cannot be, and what is said of it.
BAD: dict[str, list[tuple[str, str, str]]] = {
    "customers": [
        ("login", "two words", "no spaces"),
        ("name", "x" * 201, "at most 200 characters"),
        ("email", "nobody", "no e-mail address"),
        ("customer_class", "Platinum", "no such class"),
        ("status", "gone", "one of active"),
        ("role", "Emperor", "no role 'Emperor'"),
        ("login", "john", "an individual's"),
        ("time_zone", "Mars/Olympus", "no such time zone"),
        ("language", "english!", "no language tag"),
        ("second_factor", "maybe", "one of inherit"),
        ("trusted_networks", "10.0.0.0/8; nonsense;", "Line 1: “nonsense” is no network"),
        ("api_access", "perhaps", "y for yes"),
        ("output_date_format", "QQQ", "QQQ"),
        ("name", "a\0b", "zero byte"),
        ("name", "", "a value is missing"),
    ],
    "individuals": [
        ("customer", "nobody", "no customer with the login 'nobody'"),
        ("customer", "john", "no customer with the login 'john'"),
        ("login", "eve", "taken by somebody else"),
        ("login", "globex", "taken by somebody else"),
        ("role", "Default role", "not among the roles"),
        ("role", "owner", "not among the roles"),
        ("role", "helpdesk", "not among the roles"),
        ("activates_on", "tomorrow", "no day in ISO 8601"),
        ("expires_on", "2026-02-30", "no day in ISO 8601"),
        ("suspended", "yes", "y for yes"),
    ],
    "pbx-extensions": [
        ("customer", "john", "no customer with the login 'john'"),
        ("number", "12a", "1 to 16 digits"),
        ("number", "600", "this number is that of a ring group"),
        ("forward_to", "call me", "no telephone number"),
        ("forward_to", "301", "cannot forward to itself"),
        ("forward_busy", "call me", "no telephone number"),
        ("forward_no_answer", "301", "cannot forward to itself"),
        ("no_answer_seconds", "4", "from 5 to 300 seconds"),
        ("no_answer_seconds", "9" * 12, "out of range"),
        ("email", "x" * 255, "at most 254 characters"),
    ],
    "pbx-ring-groups": [
        ("customer", "nobody", "no customer"),
        ("number", "100", "this number is that of an extension"),
        ("number", "x", "1 to 16 digits"),
        ("strategy", "by chance", "one of all, in-order"),
        ("seconds", "301", "from 5 to 300 seconds"),
        ("members", "100 999", "this customer has no extension '999'"),
        ("members", "600", "this customer has no extension '600'"),
        ("members", "100 100", "a number is there twice"),
        ("members", " ".join(str(number) for number in range(21)), "at most 20 members"),
        ("members", "", "a value is missing"),
    ],
    "pbx-calls": [
        ("customer", "nobody", "no customer"),
        ("started_at", "yesterday", "no moment in ISO 8601"),
        ("started_at", "2026-03-12T08:30:00", "the offset is missing"),
        ("started_at", "0001-01-01T00:00:00+10:00", "out of range"),
        ("direction", "sideways", "one of incoming"),
        ("duration_seconds", "-1", "no whole number"),
        ("duration_seconds", "99999999999", "out of range"),
        ("charge", "free", "no decimal number"),
        ("charge", "NaN", "out of range"),
        ("currency", "euro", "three capital letters"),
    ],
    "pbx-invoices": [
        ("customer", "nobody", "no customer"),
        ("amount", "1e40", "out of range"),
        ("status", "lost", "one of open"),
        ("due_on", "", "a value is missing"),
        ("pay_to", "x" * 121, "at most 120 characters"),
    ],
    "pbx-payments": [
        ("invoice", "globex-0001", "this customer has no invoice 'globex-0001'"),
        ("method", "barter", "one of card"),
        ("paid_on", "x", "no day in ISO 8601"),
    ],
    "iot-plans": [
        ("name", "", "missing"),
        ("monthly_bytes", "-1", "whole number"),
        ("monthly_bytes", "9" * 16, "at most 1000000000000000"),
    ],
    "iot-devices": [
        ("customer", "nobody", "no customer"),
        ("iccid", "12", "18 to 22 digits"),
        ("iccid", "8942000000000003818", "belongs to another customer"),
        ("status", "off", "one of active"),
    ],
    "iot-usage": [
        ("iccid", "894200000000009999", "no such device"),
        ("day", "x", "no day in ISO 8601"),
        ("bytes", "1.5", "no whole number"),
        ("bytes", "1" * 19, "no whole number"),
    ],
}


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """The filled database of the test."""
    found = Database(database_url)
    yield found
    found.dispose()


@pytest.fixture(scope="module", params=("sqlite", "postgresql"))
def shared(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """One filled database of each kind, for the tests that change nothing or add rows of their own."""
    server: Server | None = None if request.param == "sqlite" else request.getfixturevalue("server")
    if server:
        url = server.copy()
    else:
        file = tmp_path_factory.mktemp("shared") / "house.db"
        shutil.copy(request.getfixturevalue("sqlite_template"), file)
        url = f"sqlite:///{file}"
    found = Database(url)
    yield found
    found.dispose()
    if server:
        server.drop(url)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the file of the test lies."""
    return tmp_path / "rows.csv"


def write(path: Path, lines: Sequence[Row], encoding: str = "utf-8") -> Path:
    """Write rows, whose columns are those of any of them."""
    columns = list(dict.fromkeys(name for line in lines for name in line))
    with path.open("w", encoding=encoding, newline="") as file:
        writer = csv.DictWriter(file, columns, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(lines)
    return path


def refused(database: Database, importer: Importer, path: Path) -> list[Problem]:
    """Import a file that is refused, and return why."""
    before = counted(database, importer), counted(database, AuditEvent)
    with pytest.raises(ImportRefused) as caught:
        run(database, KEYS, importer, path)
    assert (counted(database, importer), counted(database, AuditEvent)) == before
    return list(caught.value.problems)


def counted(database: Database, of: Any) -> int:
    """Count the rows of the table of an importer or a model."""
    table = of.table if isinstance(of, Importer) else of.__table__
    with database.reading() as reader:
        return int(reader.execute(select(func.count()).select_from(table)).scalar_one())


def contents(database: Database, importer: Importer) -> list[Any]:
    """Return all rows of the table of an importer."""
    with database.reading() as reader:
        key = [importer.table.c[name] for name in importer.key]
        return list(reader.execute(select(importer.table).order_by(*key)).all())


def test_every_kind_of_file_is_tested_here() -> None:
    assert set(GOOD) == set(BAD) == set(OTHER_KEY) == set(KINDS)


@pytest.mark.parametrize("name", KINDS)
def test_a_file_goes_in_once_however_often_it_is_loaded_and_is_on_the_record(
    shared: Database, path: Path, name: str
) -> None:
    importer = KINDS[name]
    write(path, [GOOD[name], {**GOOD[name], **OTHER_KEY[name]}])
    before = counted(shared, importer)
    assert run(shared, KEYS, importer, path) == 2
    after = contents(shared, importer)
    assert len(after) == before + 2
    assert run(shared, KEYS, importer, path) == 2
    assert contents(shared, importer) == after
    with shared.reading() as reader:
        events = reader.execute(select(AuditEvent.__table__).where(AuditEvent.event == f"import.{name}")).all()
        assert verify(reader, KEYS)[1] is None
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    assert [event.details for event in events] == [{"file": "rows.csv", "sha256": digest, "rows": 2}] * 2


@pytest.mark.parametrize("name", KINDS)
def test_every_bad_row_is_named_and_nothing_goes_in(shared: Database, path: Path, name: str) -> None:
    good = GOOD[name]
    lines = [good, *({**good, **OTHER_KEY[name], column: text} for column, text, _ in BAD[name])]
    write(path, lines)
    problems = refused(shared, KINDS[name], path)
    found = {(problem.line, problem.column): problem.reason for problem in problems}
    for number, (column, text, reason) in enumerate(BAD[name], start=3):
        said = found.get((number, column))
        assert said is not None, f"nothing is said of line {number}, where {column} is {text!r}; of others: {found}"
        assert reason in said
    assert {problem.line for problem in problems} == set(range(3, 3 + len(BAD[name])))


@pytest.mark.parametrize("name", KINDS)
def test_a_key_that_repeats_in_the_file_names_the_first_line(shared: Database, path: Path, name: str) -> None:
    column, text, _ = next(bad for bad in BAD[name] if bad[0] not in KINDS[name].key)
    write(path, [GOOD[name], {**GOOD[name], **OTHER_KEY[name]}, GOOD[name], GOOD[name], {**GOOD[name], column: text}])
    problems = refused(shared, KINDS[name], path)
    repeats = [(problem.line, problem.reason) for problem in problems if "repeats" in problem.reason]
    assert repeats == [(4, "this repeats line 2"), (5, "this repeats line 2")]
    assert any(problem.line == 6 for problem in problems)
    assert all(problem.column in GOOD[name] for problem in problems)


@pytest.mark.parametrize("name", KINDS)
def test_columns_that_are_unknown_missing_or_there_twice_are_named(shared: Database, path: Path, name: str) -> None:
    importer = KINDS[name]
    needed = [column.name for column in importer.fields if column.required]
    path.write_text(",".join([*needed[1:], needed[1], "shoe_size"]) + "\n", encoding="utf-8")
    assert {(problem.line, problem.column, problem.reason) for problem in refused(shared, importer, path)} == {
        (1, "shoe_size", "there is no such column; known are " + ", ".join(field.name for field in importer.fields)),
        (1, needed[1], "this column stands twice"),
        (1, needed[0], "this column is missing"),
    }


def test_a_byte_order_mark_and_any_line_ends_are_fine(database: Database, path: Path) -> None:
    write(path, [GOOD["pbx-extensions"]], encoding="utf-8-sig")
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert run(database, KEYS, KINDS["pbx-extensions"], path) == 1


def test_an_empty_file_lacks_its_columns_and_a_header_alone_is_no_row(shared: Database, path: Path) -> None:
    path.write_bytes(b"")
    assert [problem.column for problem in refused(shared, KINDS["iot-usage"], path)] == ["iccid", "day", "bytes"]
    path.write_text("iccid,day,bytes\n\n", encoding="utf-8")
    assert run(shared, KEYS, KINDS["iot-usage"], path) == 0


def test_a_file_that_is_not_utf_8_is_refused(shared: Database, path: Path) -> None:
    path.write_bytes("customer,number,name\nabc,300,Empfänger\n".encode("latin-1"))
    (problem,) = refused(shared, KINDS["pbx-extensions"], path)
    assert "not UTF-8" in problem.reason


def test_rows_with_too_few_or_too_many_values_and_broken_quotes_are_named(shared: Database, path: Path) -> None:
    path.write_text("customer,number,name\nabc,300\nabc,301,Door,more\nabc,302,Good\n", encoding="utf-8")
    assert refused(shared, KINDS["pbx-extensions"], path) == [
        Problem(2, "", "this row has 2 values, the header has 3"),
        Problem(3, "", "this row has 4 values, the header has 3"),
    ]
    path.write_text('customer,number,name\nabc,300,"Do"or\n', encoding="utf-8")
    (problem,) = refused(shared, KINDS["pbx-extensions"], path)
    assert (problem.line, problem.reason.startswith("this is not CSV")) == (2, True)


def test_a_bad_row_far_down_takes_back_all_that_came_before(shared: Database, path: Path) -> None:
    good = [{"customer": "abc", "number": str(number), "name": "x"} for number in range(1000, 5500)]
    write(path, [*good, {**good[0], "name": ""}, good[10]])
    assert [(problem.line, problem.column) for problem in refused(shared, KINDS["pbx-extensions"], path)] == [
        (4502, "name"),
        (4503, "number"),
    ]


def test_loading_again_changes_what_the_file_says_and_keeps_the_row(database: Database, path: Path) -> None:
    write(path, [{"customer": "ABC", "number": "100", "name": "Reception"}])
    run(database, KEYS, KINDS["pbx-extensions"], path)
    with database.reading() as reader:
        row = reader.execute(select(Extension.__table__).where(Extension.id == "abc-100")).one()
    assert row.name == "Reception"


def test_a_file_never_reaches_rows_of_another_customer(database: Database, path: Path) -> None:
    write(path, [{**GOOD["pbx-payments"], "customer": "globex"}])
    (problem,) = refused(database, KINDS["pbx-payments"], path)
    assert (problem.line, problem.column) == (2, "invoice")
    with database.reading() as reader:
        assert set(reader.execute(select(Payment.customer_id, Payment.invoice_id)).all()) == {
            (customer, f"{customer}-inv") for customer in ("abc", "globex", "initech")
        }


def test_a_password_survives_and_a_new_login_has_none(app: Flask, database: Database, path: Path) -> None:
    before = value(app, Identity.password_hash, "john")
    write(path, [GOOD["individuals"], {**GOOD["individuals"], "login": "JOHN", "name": "John C."}])
    run(database, KEYS, KINDS["individuals"], path)
    assert value(app, Identity.name, "john") == "John C."
    assert value(app, Identity.password_hash, "john") == before
    new = rows(app, select(Identity.password_hash, Identity.realm).where(Identity.login_key == "zoe"))
    assert [tuple(row) for row in new] == [(None, "self-care")]


def test_a_column_that_is_not_in_the_file_is_left_as_it_is(app: Flask, database: Database, path: Path) -> None:
    change(app, "john", suspended=True, time_zone="Europe/Prague", language="cs", email="john@example.com")
    write(path, [{"customer": "abc", "login": "john", "name": "John C.", "role": "itlead"}])
    run(database, KEYS, KINDS["individuals"], path)
    change(app, "abc", status=CustomerStatus.CLOSED)
    write(path, [{"login": "abc", "name": "ABC again", "customer_class": "Standard"}])
    run(database, KEYS, KINDS["customers"], path)
    john = rows(app, select(Identity.__table__).where(Identity.id == "john"))[0]
    assert (john.name, john.suspended, john.time_zone, john.language) == ("John C.", True, "Europe/Prague", "cs")
    assert john.email == "john@example.com"
    abc = rows(app, select(Identity.__table__).where(Identity.id == "abc"))[0]
    assert (abc.name, abc.status, abc.role_id) == ("ABC again", CustomerStatus.CLOSED, "owner")


def test_the_default_role_is_for_customers_who_have_no_other(app: Flask, database: Database, path: Path) -> None:
    write(path, [{"login": "acme", "name": "Acme", "customer_class": "Standard"}])
    run(database, KEYS, KINDS["customers"], path)
    role = select(Role.is_default).join(Identity, Identity.role_id == Role.id).where(Identity.login_key == "acme")
    assert [row[0] for row in rows(app, role)] == [True]


def test_the_command_prints_file_line_column_and_reason_and_exits_with_1(app: Flask, path: Path) -> None:
    write(path, [GOOD["pbx-extensions"], {**GOOD["pbx-extensions"], "number": "x", "name": ""}])
    runner, flask = app.test_cli_runner(), FlaskGroup(load_dotenv=False)
    result = runner.invoke(flask, ["import", "pbx-extensions", str(path)])
    assert result.exit_code == 1
    assert f"{path}:3: name: a value is missing\n{path}:3: number: a number has 1 to 16 digits, * or #" in result.stderr
    assert "Nothing was imported: 2 problems." in result.stderr
    write(path, [GOOD["pbx-extensions"]])
    result = runner.invoke(flask, ["import", "pbx-extensions", str(path)])
    assert (result.exit_code, result.stdout) == (0, "1 rows imported.\n")
