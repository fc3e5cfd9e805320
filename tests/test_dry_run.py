"""The dry run of an import: it checks everything, says what would change, and changes nothing."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.cli import FlaskGroup
from sqlalchemy import MetaData, select

from gateway.audit.models import AuditEvent
from gateway.db import Base, Database
from gateway.identity.models import CustomerStatus, Identity, Session, TrustedNetwork
from gateway.importing import ImportRefused, preview, run
from tests.cast import ABC, JOHN
from tests.house import Browser, change, house_of, rows, value
from tests.test_importing import BAD, GOOD, KEYS, KINDS, OTHER_KEY, Row, write

NewBrowser = Callable[[], Browser]

# For each kind, a row as it is after `GOOD`, with one column changed: the column, and how it stands and would stand.
CHANGED: dict[str, tuple[Row, dict[str, tuple[str, str]]]] = {
    "customers": (
        {"customer_class": "Gold", "status": "blocked", "role": "itlead", "email": "a@example.com"},
        {
            "email": ("", "a@example.com"),
            "customer_class": ("Standard", "Gold"),
            "status": ("active", "blocked"),
            "role": ("owner", "itlead"),
        },
    ),
    "individuals": (
        {"name": "Zoe Zing", "role": "accountant", "suspended": "y", "expires_on": "2030-01-01"},
        {
            "name": ("Zoe Zoom", "Zoe Zing"),
            "role": ("itlead", "accountant"),
            "expires_on": ("", "2030-01-01"),
            "suspended": ("n", "y"),
        },
    ),
    "pbx-extensions": ({"name": "Back door"}, {"name": ("Front door", "Back door")}),
    "pbx-ring-groups": ({"seconds": "30"}, {"seconds": ("20", "30")}),
    "pbx-calls": ({"duration_seconds": "62"}, {"duration_seconds": ("61", "62")}),
    "pbx-invoices": ({"status": "paid"}, {"status": ("open", "paid")}),
    "pbx-payments": ({"method": "transfer"}, {"method": ("card", "transfer")}),
    "iot-plans": ({"monthly_bytes": "8000000000"}, {"monthly_bytes": ("7000000000", "8000000000")}),
    "iot-devices": ({"name": "Old gate"}, {"name": ("Gate", "Old gate")}),
    "iot-usage": ({"bytes": "18"}, {"bytes": ("17", "18")}),
}


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """The filled database of the test."""
    found = Database(database_url)
    yield found
    found.dispose()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the file of the test lies."""
    return tmp_path / "rows.csv"


def everything(database: Database) -> dict[str, list[Any]]:
    """Return every row of every table, and the tables that there are."""
    there = MetaData()
    with database.reading() as reader:
        there.reflect(reader)
        found = {name: sorted(map(repr, reader.execute(select(table)))) for name, table in Base.metadata.tables.items()}
    return {"tables": sorted(there.tables), **found}


@pytest.mark.parametrize("name", KINDS)
def test_a_dry_run_tells_what_the_import_then_does_and_changes_nothing_itself(
    database: Database, path: Path, name: str
) -> None:
    importer, good = KINDS[name], GOOD[name]
    other = {**good, **OTHER_KEY[name]}
    untouched = everything(database)
    write(path, [good, other])
    told = preview(database, importer, path)
    assert (told.made, told.changed, told.unchanged) == (2, 0, 0)
    assert [row.line for row in told.first_made] == [2, 3]
    assert everything(database) == untouched
    run(database, KEYS, importer, path)
    told = preview(database, importer, path)
    assert (told.made, told.changed, told.unchanged) == (0, 0, 2)
    columns, differences = CHANGED[name]
    before = everything(database)
    write(path, [{**good, **columns}, other])
    told = preview(database, importer, path)
    assert (told.made, told.changed, told.unchanged) == (0, 1, 1)
    assert told.first_changed[0].changes == differences
    assert everything(database) == before


@pytest.mark.parametrize("name", KINDS)
def test_a_dry_run_names_every_bad_row_as_the_import_does(database: Database, path: Path, name: str) -> None:
    importer, good = KINDS[name], GOOD[name]
    write(path, [good, *({**good, **OTHER_KEY[name], column: text} for column, text, _ in BAD[name])])
    with pytest.raises(ImportRefused) as dry:
        preview(database, importer, path)
    with pytest.raises(ImportRefused) as real:
        run(database, KEYS, importer, path)
    assert dry.value.problems == real.value.problems


def test_networks_are_compared_like_columns_and_columns_that_a_file_lacks_are_not(
    database: Database, path: Path
) -> None:
    row = {"login": "abc", "name": "ABC Company", "customer_class": "Standard"}
    write(path, [{**row, "trusted_networks": "10.0.0.1; 10.1.0.0/16;"}])
    told = preview(database, KINDS["customers"], path)
    assert told.first_changed[0].changes == {"trusted_networks": ("", "10.0.0.1; 10.1.0.0/16")}
    run(database, KEYS, KINDS["customers"], path)
    assert preview(database, KINDS["customers"], path).unchanged == 1
    write(path, [{**row, "trusted_networks": ""}])
    told = preview(database, KINDS["customers"], path)
    assert told.first_changed[0].changes == {"trusted_networks": ("10.0.0.1; 10.1.0.0/16", "")}
    write(path, [row])
    assert preview(database, KINDS["customers"], path).unchanged == 1


def test_only_the_first_rows_are_named_and_all_are_counted(database: Database, path: Path) -> None:
    write(path, [{"customer": "abc", "number": str(number), "name": "x"} for number in range(1000, 6000)])
    told = preview(database, KINDS["pbx-extensions"], path)
    assert told.made == 5000
    assert [row.key for row in told.first_made] == [str(number) for number in range(1000, 1020)]


def test_the_command_prints_it(app: Flask, path: Path) -> None:
    write(path, [{**GOOD["individuals"], "login": "john", "name": "John\u0085Carter"}])
    runner, flask = app.test_cli_runner(), FlaskGroup(load_dotenv=False)
    refused = runner.invoke(flask, ["import", "individuals", str(path), "--dry-run"])
    assert refused.exit_code == 1
    assert f"{path}:2: name: a name has no control characters" in refused.stderr
    more = [{**GOOD["individuals"], "login": f"more{number:02}"} for number in range(25)]
    write(path, [{**GOOD["individuals"], "login": "john", "role": "accountant"}, *more])
    told = runner.invoke(flask, ["import", "individuals", str(path), "--dry-run"])
    assert told.exit_code == 0
    lines = told.stdout.splitlines()
    assert lines[0] == "25 would be made:"
    assert lines[1] == "  line 3: more00"
    assert lines[21:23] == ["  and 5 more", "1 would be changed:"]
    assert lines[23] == "  line 2: john; name: John Carter → Zoe Zoom; role: itlead → accountant"
    assert lines[24:] == ["0 would stay as they are.", "This was a dry run: nothing was changed."]
    assert value(app, Identity.role_id, "john") == "itlead"
    assert rows(app, select(AuditEvent.seq)) == []


@pytest.mark.parametrize(
    ("column", "text", "reason"),
    [
        ("name", "a\u202eb", "no control characters"),
        ("name", "a\x07b", "no control characters"),
        ("email", "a\x07@example.com", "no e-mail address"),
        ("time_zone", "Factory", "no such time zone"),
        ("input_date_format", "DD.MM.YY", "year in full"),
        ("output_date_format", "DD\u200bMM", "no control characters"),
        ("expires_on", "2026-01-01", "later than activates_on"),
    ],
)
def test_a_file_is_held_to_the_rules_of_the_pages__INP_02__INP_03(
    database: Database, path: Path, column: str, text: str, reason: str
) -> None:
    write(path, [{**GOOD["individuals"], "activates_on": "2026-01-01", column: text}])
    with pytest.raises(ImportRefused) as refused:
        preview(database, KINDS["individuals"], path)
    (problem,) = refused.value.problems
    assert problem.column == column
    assert reason in problem.reason


def test_whoever_a_file_shuts_out_has_no_session_left_when_let_in_again__ROL_03(
    app: Flask, new_browser: NewBrowser, path: Path
) -> None:
    abc, john = new_browser(), new_browser()
    abc.log_in(ABC)
    john.log_in(JOHN)
    database = house_of(app).database
    write(path, [{"customer": "abc", "login": "john", "name": "John Carter", "role": "itlead", "suspended": "y"}])
    run(database, KEYS, KINDS["individuals"], path)
    change(app, "john", suspended=False)
    assert john.get("/portals/pbx/overview").status_code == 303
    assert abc.get("/portals/pbx/overview").status_code == 200
    write(path, [{"login": "abc", "name": "ABC", "customer_class": "Standard", "role": "owner", "status": "blocked"}])
    run(database, KEYS, KINDS["customers"], path)
    change(app, "abc", status=CustomerStatus.ACTIVE)
    assert abc.get("/portals/pbx/overview").status_code == 303
    assert {row.ended_why for row in rows(app, select(Session.ended_why))} == {"suspended", "customer-shut"}


def test_networks_from_a_file_make_an_open_panel_stale(app: Flask, path: Path) -> None:
    before = value(app, Identity.version, "abc")
    write(path, [{"login": "abc", "name": "ABC Company", "customer_class": "Standard", "trusted_networks": "10.0.0.1"}])
    for _ in range(2):
        run(house_of(app).database, KEYS, KINDS["customers"], path)
        assert value(app, Identity.version, "abc") == before + 1
    assert [row.network for row in rows(app, select(TrustedNetwork.network))] == ["10.0.0.1"]
