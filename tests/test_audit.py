"""The record: chained, told apart from what was tampered with, and a condition of every change."""

import json
import subprocess
import sys
import traceback
from collections.abc import Callable, Iterator
from secrets import token_hex
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Table, delete, insert, select, text, update
from sqlalchemy.exc import IntegrityError

from gateway import clock
from gateway.audit.models import AuditEvent, AuditHead
from gateway.audit.operations import FIRST_MAC, Keys, Stamp, record
from gateway.audit.verifying import Fault, verify
from gateway.db import Database
from gateway.identity.models import Identity, Kind, Session
from gateway.launch.models import Launch
from tests.cast import ABC, HELEN, JOHN, PASSWORD, ROOT
from tests.conftest import AUDIT
from tests.house import Browser, add_identity, house_of, rows, value

NewBrowser = Callable[[], Browser]
EVENTS: Table = AuditEvent.__table__  # type: ignore[assignment]
NEW = "n3w-Audit-key-for-these-tests-1111-ijklmnop"


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """A filled database with nine rows on its record."""
    found = Database(database_url)
    for number in range(1, 10):
        write(found, Keys((AUDIT,)), number)
    yield found
    found.dispose()


def write(database: Database, keys: Keys, number: int) -> None:
    """Put one event on the record."""
    with database.writing() as work:
        stamp = Stamp(actor_id="root", subject_id="abc", address="192.0.2.7", agent="Browser/1.0")
        work.info.update(stamp=stamp, audit_keys=keys)
        record(work, "test.event", number=number, word="čau")
        work.commit()


def checked(database: Database, *keys: str) -> tuple[int, Fault | None]:
    """Verify the chain."""
    with database.reading() as reader:
        return verify(reader, Keys(keys or (AUDIT,)))


def tamper(database: Database, *statements: Any) -> None:
    """Change the tables behind the gateway's back."""
    with database.write_engine.begin() as connection:
        for statement in statements:
            connection.execute(statement)


def renumber(seq: int, becomes: int) -> Any:
    """Return the statement that gives a row another number."""
    return update(EVENTS).where(EVENTS.c.seq == seq).values(seq=becomes)


def test_a_chain_that_nobody_touched_holds__AUD_04(database: Database) -> None:
    assert checked(database) == (9, None)


@pytest.mark.parametrize(
    ("column", "changed"),
    [
        ("event", "test.other"),
        ("actor_id", "helen"),
        ("subject_id", None),
        ("outcome", "refused"),
        ("reason", "other"),
        ("details_digest", b"0" * 32),
        ("place_digest", None),
        ("at", "1 second later"),
        ("mac", "0" * 64),
    ],
)
def test_a_row_that_was_changed_is_named__AUD_04(database: Database, column: str, changed: Any) -> None:
    if column == "at":
        with database.reading() as reader:
            changed = reader.execute(select(EVENTS.c.at).where(EVENTS.c.seq == 6)).scalar_one()
    tamper(database, update(EVENTS).where(EVENTS.c.seq == 5).values({column: changed}))
    assert checked(database) == (4, Fault(5, "changed, or not in its place"))


@pytest.mark.parametrize(
    ("changed", "what"),
    [
        ({"details": {"number": 5, "word": "ahoj"}}, "its details were changed"),
        ({"details_salt": b"1" * 16}, "its details were changed"),
        ({"details_salt": None}, "its details were changed"),
        ({"details": {}, "details_salt": None}, "its details were taken away, and no event says so"),
        ({"address": "198.51.100.9"}, "its address or agent was changed"),
        ({"agent": None}, "its address or agent was changed"),
        ({"place_salt": None}, "its address or agent was changed"),
        (
            {"address": None, "agent": None, "place_salt": None},
            "its address and agent were taken away, and no event says so",
        ),
    ],
)
def test_a_value_beside_the_chain_that_was_changed_or_taken_away_is_named__AUD_04(
    database: Database, changed: dict[str, Any], what: str
) -> None:
    tamper(database, update(EVENTS).where(EVENTS.c.seq == 5).values(changed))
    assert checked(database) == (4, Fault(5, what))


def test_rows_from_before_there_were_digests_still_hold_and_a_change_of_them_is_named__AUD_04(
    database: Database,
) -> None:
    with database.reading() as reader:
        rows = [row._asdict() for row in reader.execute(select(EVENTS).order_by(EVENTS.c.seq))]
    keys, mac = Keys((AUDIT,)), FIRST_MAC
    for row in rows:
        row |= dict.fromkeys(("place_salt", "place_digest", "details_salt", "details_digest"))
        mac = row["mac"] = str(keys.mac(row["key_id"], mac, row))
    tamper(database, delete(EVENTS), insert(EVENTS).values(rows))
    write(database, keys, 10)
    assert checked(database) == (10, None)
    tamper(database, update(EVENTS).where(EVENTS.c.seq == 5).values(address="198.51.100.9"))
    assert checked(database) == (4, Fault(5, "changed, or not in its place"))


def test_rows_that_are_missing_moved_or_put_in_are_named__AUD_04(database: Database) -> None:
    missing = delete(EVENTS).where(EVENTS.c.seq == 3)
    tamper(database, missing)
    assert checked(database) == (2, Fault(3, "missing"))
    tamper(database, *(renumber(seq, seq - 1) for seq in range(4, 10)))
    assert checked(database) == (2, Fault(3, "changed, or not in its place"))


def test_rows_that_changed_places_are_named__AUD_04(database: Database) -> None:
    tamper(database, renumber(4, 99), renumber(5, 4), renumber(99, 5))
    assert checked(database) == (3, Fault(4, "changed, or not in its place"))


@pytest.mark.parametrize("seq", [-7, 0, 10])
def test_a_row_that_was_put_in_at_either_end_is_named__AUD_04(database: Database, seq: int) -> None:
    with database.reading() as reader:
        copied = dict(reader.execute(select(EVENTS).where(EVENTS.c.seq == 9)).one()._mapping)
    tamper(database, insert(EVENTS).values({**copied, "seq": seq}))
    good, fault = checked(database)
    assert (good, fault and fault.seq) == (9 if seq == 10 else 0, seq)


@pytest.mark.parametrize("left", [0, 6])
def test_a_chain_that_was_cut_short_does_not_fit_its_end__AUD_04(database: Database, left: int) -> None:
    tamper(database, delete(EVENTS).where(EVENTS.c.seq > left))
    assert checked(database) == (left, Fault(left + 1, "missing"))


def test_an_end_of_the_chain_that_was_set_back_or_taken_away_is_named__AUD_04(database: Database) -> None:
    tamper(database, update(AuditHead).values(seq=8))
    assert checked(database)[1] == Fault(9, "the end of the chain is not the one that was written last")
    tamper(database, delete(AuditHead))
    assert checked(database)[1] == Fault(9, "the end of the chain is not the one that was written last")


def test_keys_rotate_while_the_old_one_is_kept_and_a_key_that_is_missing_is_named__AUD_04(database: Database) -> None:
    write(database, Keys((NEW, AUDIT)), 10)
    assert checked(database, NEW, AUDIT) == (10, None)
    assert checked(database, AUDIT, NEW) == (10, None)
    good, fault = checked(database, NEW)
    assert (good, fault and fault.seq) == (0, 1)
    assert fault is not None
    assert "GATEWAY_AUDIT_KEYS" in fault.what
    good, fault = checked(database, AUDIT)
    assert (good, fault and fault.seq) == (9, 10)


def test_eight_writers_in_each_of_two_processes_leave_one_chain__AUD_05(database: Database) -> None:
    url = database.write_engine.url.render_as_string(hide_password=False)
    command = (sys.executable, "-m", "tests.writers", url, "8", "10")
    writing = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) for _ in range(2)]
    for process in writing:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
    for process in writing:
        process.communicate(b"go\n", timeout=60)
    assert [process.returncode for process in writing] == [0, 0]
    assert checked(database) == (169, None)
    with database.reading() as reader:
        written = reader.execute(select(EVENTS.c.details).where(EVENTS.c.event == "test.written")).scalars().all()
    found = sorted((each["process"], each["writer"], each["number"]) for each in written)
    pids = sorted(process.pid for process in writing)
    assert found == [(pid, writer, number) for pid in pids for writer in range(8) for number in range(10)]


def test_what_was_rolled_back_is_not_on_the_record(database: Database) -> None:
    with database.writing() as work:
        work.info.update(stamp=Stamp(), audit_keys=Keys((AUDIT,)))
        record(work, "test.undone")
        work.rollback()
        record(work, "test.done")
        work.commit()
    with database.reading() as reader:
        events = reader.execute(select(EVENTS.c.event).where(EVENTS.c.event.in_(("test.undone", "test.done")))).all()
    assert [row.event for row in events] == ["test.done"]
    assert checked(database)[1] is None


def unwritable(app: Flask, how: str) -> None:
    """Make the record refuse new rows."""
    with house_of(app).database.write_engine.begin() as connection:
        if how == "renamed":
            connection.execute(text("ALTER TABLE audit_event RENAME TO audit_event_away"))
        elif how == "headless":
            connection.execute(delete(AuditHead))
        elif connection.dialect.name == "sqlite":
            connection.execute(
                text(
                    "CREATE TRIGGER full BEFORE INSERT ON audit_event BEGIN SELECT RAISE(ABORT, 'the disk is full'); END"
                )
            )
        else:
            connection.execute(text("ALTER TABLE audit_event ADD CONSTRAINT full_disk CHECK (seq < 0) NOT VALID"))


@pytest.mark.parametrize("how", ["renamed", "headless", "refusing"])
def test_what_cannot_be_recorded_is_not_done__AUD_06(app: Flask, new_browser: NewBrowser, how: str) -> None:
    helen, stranger, john = new_browser(), new_browser(), new_browser()
    helen.log_in(HELEN)
    john.log_in(JOHN)
    before = rows(app, select(Session.id)), value(app, Identity.last_login_at, "abc")
    unwritable(app, how)
    extension = "/portals/pbx/configuration/extensions/abc-100"
    answers = {
        "log-in": stranger.log_in(ABC),
        "refused log-in": stranger.log_in(ABC, password="wrong"),
        "launch": helen.launch("abc", "pbx"),
        "change": john.post(extension, {"number": "100", "name": "Changed", "version": "1"}),
        "refused page": john.get("/portals/pbx/finance/invoices"),
        "log-out": john.post("/logout", page=extension),
    }
    assert {what: answer.status_code for what, answer in answers.items()} == dict.fromkeys(answers, 503)
    assert "Retry-After" in answers["log-in"].headers
    assert "Set-Cookie" not in answers["launch"].headers
    assert (rows(app, select(Session.id)), value(app, Identity.last_login_at, "abc")) == before
    assert rows(app, select(Launch.id)) == []
    assert "Changed" not in john.get(extension).text
    assert john.get(extension).status_code == 200


def test_every_row_says_who_was_there_and_in_whose_rights__AUD_02(app: Flask, new_browser: NewBrowser) -> None:
    helen, john = new_browser(), new_browser()
    helen.client.environ_base["HTTP_USER_AGENT"] = "Browser/1.0"
    helen.log_in(HELEN)
    john.log_in(JOHN)
    landed = helen.open("john", "pbx")
    refused = helen.get(f"{'/'.join(landed.split('/')[:3])}/portals/pbx/finance/invoices")
    assert refused.status_code == 404
    found = {row.event: row for row in rows(app, select(EVENTS).order_by(EVENTS.c.seq))}
    own = found["login.ok"]
    assert (own.actor_id, own.subject_id, own.customer_id, own.realm) == ("john", "john", "abc", "self-care")
    for event in ("launch.started", "visit.start", "access.refused"):
        row = found[event]
        assert (row.actor_id, row.subject_id, row.customer_id, row.mode) == ("helen", "john", "abc", "assigned"), event
        assert (row.portal, row.agent, row.address) == ("pbx", "Browser/1.0", "127.0.0.1"), event
        assert row.request_id
        assert row.launch_id
    assert found["access.refused"].outcome == "refused"
    assert refused.status_code == 404
    assert found["access.refused"].request_id in refused.text


def test_no_secret_stands_on_the_record__AUD_03(app: Flask, new_browser: NewBrowser) -> None:
    root = new_browser()
    root.log_in(ROOT, password="canary-wrong-password-01")
    root.post("/admin/login", {"login": "canary-typed-into-the-wrong-field", "password": "x"})
    root.log_in(ROOT)
    root.open("abc", "pbx")
    mine = new_browser()
    mine.log_in(JOHN)
    page = "/portals/self-care/security"
    mine.post(page, {"current": PASSWORD, "password": "canary-new-password-02", "confirm": "canary-new-password-02"})
    cookies = [cookie.value for browser in (root, mine) for cookie in (browser.client._cookies or {}).values()]
    kept = json.dumps([dict(row._mapping) for row in rows(app, select(EVENTS))], default=str)
    assert "password.changed" in kept
    for secret in (PASSWORD, "canary-wrong", "canary-new", "canary-typed-into-the-wrong-field", "$argon2", *cookies):
        assert secret not in kept


def test_an_error_of_the_database_does_not_tell_the_values_of_its_row__AUD_03(database: Database) -> None:
    canary = token_hex(6)
    with database.writing() as work:
        add_identity(work, Kind.CUSTOMER, canary, "One", "owner", clock.now())
        with pytest.raises(IntegrityError) as caught:
            add_identity(work, Kind.CUSTOMER, "other", "Other", None, clock.now(), login_key=canary)
    told = "".join(traceback.format_exception(caught.value))
    assert "uq_identity" in told or "UNIQUE" in told
    assert canary not in told
