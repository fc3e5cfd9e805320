"""The record at the server: checked, exported with an anchor, and what a role of PostgreSQL may do to it."""

import csv
import io
import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from secrets import token_hex
from typing import Any

import psycopg
import pytest
from click.testing import Result
from flask import Flask
from flask.cli import FlaskGroup
from sqlalchemy import Table, delete, insert, make_url, select, text, update
from sqlalchemy.exc import ProgrammingError

from gateway import clock, create_app, retention, worker
from gateway.audit import exporting
from gateway.audit.models import AuditEvent, AuditHead
from gateway.audit.operations import Stamp, record
from gateway.identity.models import Gateway
from gateway.portal.registry import discover
from tests.cast import ABC, HELEN, JOHN
from tests.conftest import Server, settings_for
from tests.house import Browser, counting, house_of, rows, working

EVENTS: Table = AuditEvent.__table__  # type: ignore[assignment]


def flask(app: Flask, *arguments: str) -> Result:
    """Run `flask --app wsgi audit` with arguments."""
    return app.test_cli_runner().invoke(FlaskGroup(load_dotenv=False), ["audit", *arguments])


def happen(app: Flask, number: int) -> None:
    """Let so many things happen, each in a transaction of its own."""
    for each in range(1, number + 1):
        with working(app) as work:
            record(work, "test.event", number=each, word="=1+1 čau", of_=clock.now().isoformat())


def tamper(app: Flask, *statements: Any) -> None:
    """Change the tables behind the gateway's back."""
    with house_of(app).database.write_engine.begin() as connection:
        for statement in statements:
            connection.execute(statement)


def copied(app: Flask, of: int, **changed: Any) -> Any:
    """Return the statement that adds a copy of a row."""
    return insert(EVENTS).values({**rows(app, select(EVENTS).where(EVENTS.c.seq == of))[0]._asdict(), **changed})


def swap(one: int, other: int) -> list[Any]:
    """Return the statements by which two rows change places."""
    return [
        update(EVENTS).where(EVENTS.c.seq == was).values(seq=becomes)
        for was, becomes in ((one, 99), (other, one), (99, other))
    ]


def test_the_command_says_that_all_holds__AUD_04(app: Flask) -> None:
    happen(app, 3)
    result = flask(app, "verify")
    assert (result.exit_code, result.stdout) == (0, "All 3 rows hold.\n")


@pytest.mark.parametrize(
    ("how", "seq", "said"),
    [
        ("edit", 4, "changed, or not in its place"),
        ("delete", 4, "missing"),
        ("insert", 8, "changed, or not in its place"),
        ("reorder", 3, "changed, or not in its place"),
        ("truncate", 6, "missing; the anchor knows 7 rows"),
        ("beside", 4, "its address or agent was changed"),
    ],
)
def test_each_of_six_tamperings_is_found_and_named__AUD_04(
    app: Flask, tmp_path: Path, how: str, seq: int, said: str
) -> None:
    happen(app, 6)
    exported = tmp_path / "record.jsonl"
    assert flask(app, "export", str(exported)).exit_code == 0
    assert flask(app, "verify", "--anchor", str(exported)).stdout == "All 7 rows hold.\n"
    fifth = rows(app, select(EVENTS.c.mac).where(EVENTS.c.seq == 5))[0].mac
    statements = {
        "edit": [update(EVENTS).where(EVENTS.c.seq == 4).values(actor_id="somebody")],
        "delete": [delete(EVENTS).where(EVENTS.c.seq == 4)],
        "insert": [copied(app, 4, seq=8)],
        "reorder": swap(3, 5),
        "truncate": [delete(EVENTS).where(EVENTS.c.seq > 5), update(AuditHead).values(seq=5, mac=fifth)],
        "beside": [update(EVENTS).where(EVENTS.c.seq == 4).values(address="198.51.100.9")],
    }[how]
    tamper(app, *statements)
    result = flask(app, "verify", "--anchor", str(exported))
    assert (result.exit_code, result.stdout) == (1, f"Row {seq}: {said}. The {seq - 1} rows before it hold.\n")
    without = flask(app, "verify")
    assert without.exit_code == (0 if how == "truncate" else 1)


def test_a_chain_that_went_on_after_it_was_cut_short_is_not_the_one_of_the_anchor__AUD_04(
    app: Flask, tmp_path: Path
) -> None:
    happen(app, 6)
    exported = tmp_path / "record.jsonl"
    flask(app, "export", str(exported))
    fifth = rows(app, select(EVENTS.c.mac).where(EVENTS.c.seq == 5))[0].mac
    tamper(app, delete(EVENTS).where(EVENTS.c.seq > 5), update(AuditHead).values(seq=5, mac=fifth))
    happen(app, 4)
    assert flask(app, "verify").stdout == "All 9 rows hold.\n"
    result = flask(app, "verify", "--anchor", str(exported))
    assert result.exit_code == 1
    assert result.stdout == "Row 7: not the row that the anchor knows. The 6 rows before it hold.\n"


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda text: text.replace('"seq": 3', '"seq": 2'), "it was changed"),
        (lambda text: text.replace('"key_id": "', '"key_id": "x'), "not in GATEWAY_AUDIT_KEYS"),
        (lambda text: text.replace("anchor", "anker"), "its last line is no anchor"),
        (lambda text: text.replace('"mac"', '"more": 1, "mac"'), "its last line is no anchor"),
        (lambda _text: "[]", "its last line is no anchor"),
        (lambda _text: "", "its last line is no anchor"),
    ],
)
def test_an_anchor_that_is_not_the_gateways_own_is_refused__AUD_04(
    app: Flask, tmp_path: Path, change: Any, why: str
) -> None:
    happen(app, 2)
    exported = tmp_path / "record.csv"
    flask(app, "export", "--format", "csv", str(exported))
    beside = tmp_path / "record.csv.anchor"
    beside.write_text(change(beside.read_text()))
    result = flask(app, "verify", "--anchor", str(beside))
    assert (result.exit_code, result.stdout) == (1, "")
    assert why in result.stderr


def test_an_export_holds_every_row_whole_and_ends_in_the_anchor(app: Flask, tmp_path: Path) -> None:
    happen(app, 3)
    exported = tmp_path / "record.jsonl"
    assert flask(app, "export", str(exported)).output == ""
    *lines, last = [json.loads(line) for line in exported.read_text(encoding="utf-8").splitlines()]
    stored = [row._asdict() for row in rows(app, select(EVENTS).order_by(EVENTS.c.seq))]
    assert [line["seq"] for line in lines] == [1, 2, 3, 4]
    for line, row in zip(lines, stored, strict=True):
        assert line == {
            **row,
            "at": row["at"].isoformat(timespec="microseconds"),
            **{name: row[name].hex() for name in row if name.endswith(("_salt", "_digest"))},
        }
    assert (last["anchor"]["seq"], last["anchor"]["mac"]) == (4, lines[-1]["mac"])
    assert [line["event"] for line in lines][-1] == "audit.exported"
    assert lines[-1]["details"] == {"format": "jsonl", "since": None, "until": None}


def test_an_export_can_go_to_standard_output_and_into_a_spreadsheet_that_runs_nothing__INJ_05(app: Flask) -> None:
    with working(app) as work:
        record(work, "test.event", reason="=HYPERLINK(0)", word="čau")
    result = flask(app, "export", "--format", "csv", "-")
    head, first, second = list(csv.reader(io.StringIO(result.stdout)))
    row = dict(zip(head, first, strict=True))
    assert row["reason"] == "'=HYPERLINK(0)"
    assert json.loads(row["details"]) == {"word": "čau"}
    assert second[head.index("event")] == "audit.exported"
    assert json.loads(result.stderr)["anchor"]["seq"] == 2


def test_an_export_of_some_days_leaves_the_others_out_and_keeps_the_anchor_of_all(app: Flask, tmp_path: Path) -> None:
    happen(app, 2)
    today, exported = clock.now().date().isoformat(), tmp_path / "record.jsonl"
    flask(app, "export", "--until", today, str(exported))
    assert [*json.loads(exported.read_text())] == ["anchor"]
    flask(app, "export", "--since", today, str(exported))
    assert len(exported.read_text().splitlines()) == 5
    flask(app, "export", "--since", f"{today}T00:00:00+0000", "--until", "9999-01-01", str(exported))
    assert len(exported.read_text().splitlines()) == 6
    assert flask(app, "export", "--since", "yesterday", str(exported)).exit_code == 2


def test_an_export_of_many_rows_holds_a_thousand_at_a_time(app: Flask) -> None:
    with working(app) as work:
        for number in range(2500):
            record(work, "test.event", number=number)
    with counting(app) as sent, house_of(app).database.reading() as reader:
        found = exporting.as_json_lines(exporting.rows(reader, 2400))
        assert json.loads(next(found))["seq"] == 1
        assert len(sent) == 1
        assert sum(1 for _ in found) == 2399
        assert len(sent) == 4


@pytest.fixture
def role(server: Server, database_url: str) -> Iterator[str]:
    """A role of the database, made as the documents say, and the URL with which it comes in."""
    name = f"portico_{token_hex(4)}"
    with psycopg.connect(_plain(database_url), autocommit=True) as owner:
        owner.execute(f"CREATE ROLE {name} LOGIN PASSWORD 'app'")
    yield name
    with psycopg.connect(_plain(database_url), autocommit=True) as owner:
        owner.execute(f"DROP OWNED BY {name}")
        owner.execute(f"DROP ROLE {name}")


def _plain(url: str) -> str:
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


def _as(app: Flask, url: str, role: str, *more: str) -> Iterator[Flask]:
    """Give a role what `audit grants` says, and make an application that comes in by it."""
    said = flask(app, "grants", role, *more)
    assert said.exit_code == 0
    with psycopg.connect(_plain(url), autocommit=True) as owner:
        owner.execute(said.stdout)  # type: ignore[arg-type]
    theirs = make_url(url).set(username=role, password="app").render_as_string(hide_password=False)
    made = create_app(settings_for(theirs), discover())
    yield made
    made.extensions["portico"].database.dispose()


@pytest.fixture
def as_role(app: Flask, database_url: str, role: str) -> Iterator[Flask]:
    """An application of the role that serves pages."""
    yield from _as(app, database_url, role)


@pytest.fixture
def as_worker(app: Flask, database_url: str, role: str) -> Iterator[Flask]:
    """An application of the role of the worker."""
    yield from _as(app, database_url, role, "--may-forget")


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_the_role_of_the_application_can_do_all_that_pages_need__AUD_05(as_role: Flask) -> None:
    helen, john = Browser(as_role), Browser(as_role)
    assert helen.log_in(HELEN).status_code == 303
    assert helen.get("/admin/customers").status_code == 200
    landed = helen.open("abc", "pbx")
    assert helen.get(landed).status_code == 200
    assert john.log_in(JOHN).status_code == 303
    page = "/portals/pbx/configuration/extensions/abc-100"
    assert john.post(page, {"number": "100", "name": "Changed", "version": "1"}).status_code == 303
    assert Browser(as_role).log_in(JOHN, password="wrong").status_code == 422
    assert john.get("/portals/pbx/finance/invoices").status_code == 404
    assert flask(as_role, "verify").exit_code == 0
    assert flask(as_role, "export", "-").exit_code == 0
    worker.tidy(house_of(as_role))
    events = {row.event for row in rows(as_role, select(EVENTS.c.event))}
    assert events >= {"login.ok", "login.refused", "launch.started", "visit.start", "pbx.extension.changed"}


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_event SET outcome = 'ok'",
        "UPDATE audit_event SET address = NULL",
        "DELETE FROM audit_event",
        "TRUNCATE audit_event",
        "UPDATE audit_head SET seq = 0",
        "UPDATE audit_head SET mac = ''",
        "DELETE FROM audit_head",
        "INSERT INTO audit_head VALUES (1, 0, '')",
        "ALTER TABLE audit_event DISABLE TRIGGER audit_event_added",
        "DROP TRIGGER audit_event_added ON audit_event",
        "CREATE OR REPLACE FUNCTION audit_event_added() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
        "CREATE TRIGGER mine AFTER INSERT ON audit_event FOR EACH ROW EXECUTE FUNCTION audit_event_added()",
        "CREATE TABLE mine (id integer)",
        "UPDATE alembic_version SET version_num = '0001'",
        "SET session_replication_role = replica",
    ],
)
def test_the_role_of_the_application_cannot_change_the_record__AUD_05(as_role: Flask, statement: str) -> None:
    happen(as_role, 3)
    with pytest.raises(ProgrammingError, match=r"permission denied|must be owner"):
        tamper(as_role, text(statement))
    assert flask(as_role, "verify").stdout == "All 3 rows hold.\n"


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_table_of_the_roles_own_does_not_stand_in_for_the_end_of_the_chain__AUD_05(as_role: Flask) -> None:
    happen(as_role, 2)
    with house_of(as_role).database.writing() as work:
        work.execute(text("CREATE TEMPORARY TABLE audit_head (id integer, seq bigint, mac text)"))
        house_of(as_role).stamped(work, Stamp())
        work.execute(copied(as_role, 2, seq=3))
        work.execute(text("DROP TABLE pg_temp.audit_head"))
        work.commit()
    assert rows(as_role, select(AuditHead.seq))[0].seq == 3


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_the_role_of_the_worker_takes_values_out_and_nothing_else__AUD_05(as_worker: Flask) -> None:
    Browser(as_worker).log_in(ABC)
    tamper(as_worker, update(Gateway).values(keep_addresses_days=1))
    sweep = retention.Sweep(house_of(as_worker), [])
    sweep.go_on(clock.now() + timedelta(days=3))
    assert {row.address for row in rows(as_worker, select(EVENTS.c.address))} == {None}
    assert flask(as_worker, "verify").exit_code == 0
    for statement in (
        "UPDATE audit_event SET actor_id = NULL",
        "DELETE FROM audit_event",
        "UPDATE audit_head SET seq = 0",
    ):
        with pytest.raises(ProgrammingError, match="permission denied"):
            tamper(as_worker, text(statement))


def test_a_name_of_a_role_cannot_smuggle_statements_in(app: Flask) -> None:
    said = flask(app, "grants", 'x"; DROP TABLE audit_event; --').stdout
    assert 'TO "x""; DROP TABLE audit_event; --";' in said
