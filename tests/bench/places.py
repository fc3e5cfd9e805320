"""The houses that are measured: databases, applications on them, and people who are logged in."""

import secrets
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import psycopg
from flask import Flask
from sqlalchemy import insert, make_url, update

from gateway import clock, create_app, migrations
from gateway.access.importer import IMPORTERS
from gateway.audit.models import AuditEvent, AuditHead
from gateway.audit.operations import Keys, Stamp
from gateway.db import Database
from gateway.identity.models import Kind
from gateway.importing import run
from gateway.portal.declaration import Portal
from gateway.portal.registry import discover
from tests.bench.wsgi import Client
from tests.cast import PASSWORD, Member
from tests.conftest import AUDIT, settings_for
from tests.house import add_identity, fill, form_token

CUSTOMERS, INDIVIDUALS, EVENTS, VISITS = 1_000, 40, 1_000, 40
CHUNK = 5_000
BEGINNINGS = (
    "Al",
    "Ber",
    "Cor",
    "Dan",
    "El",
    "Fen",
    "Gar",
    "Hol",
    "Ing",
    "Jor",
    "Kal",
    "Lun",
    "Mar",
    "Nor",
    "Or",
    "Pel",
)
MIDDLES = ("a", "be", "co", "di", "e", "fi", "go", "hu", "i", "ka", "lo", "mi", "no", "pa", "ri", "su")
ENDS = ("bach", "dale", "dorf", "field", "gard", "ham", "holm", "land", "mont", "polis", "rive", "stad", "ton", "ville")


class Place:
    """Makes databases of one kind, as copies of each other, and drops them all at the end."""

    def __init__(self, kind: str, folder: Path, server: str) -> None:
        self.kind = kind
        self._folder = folder
        self._server = make_url(server).set(drivername="postgresql") if server else None
        self._made: list[str] = []

    def create(self, template: str | None = None) -> str:
        """Make a database, empty or a copy of another, and return its URL."""
        name = f"portico_bench_{secrets.token_hex(6)}"
        if self._server is None:
            path = self._folder / f"{name}.db"
            if template:
                shutil.copy(str(make_url(template).database), path)
            return f"sqlite:///{path}"
        self._run(f"CREATE DATABASE {name} TEMPLATE {make_url(template).database if template else 'template0'}")
        self._made.append(name)
        return self._server.set(database=name).render_as_string(hide_password=False)

    def settle(self, url: str) -> None:
        """Do what a database does by itself, some time after much has changed."""
        if self._server is None:
            with Database(url).reading() as reader:
                reader.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
            return
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("VACUUM ANALYZE")

    def close(self) -> None:
        """Drop what was made; files go with their folder."""
        for name in self._made:
            self._run(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    def _run(self, statement: str) -> None:
        assert self._server is not None
        with psycopg.connect(self._server.render_as_string(hide_password=False), autocommit=True) as connection:
            connection.execute(statement.encode())


def company(number: int) -> tuple[str, str]:
    """Return login and name of a customer: words as varied as names of companies are, the same in every run."""
    rest, words = number, []
    for syllables in (BEGINNINGS, MIDDLES, MIDDLES, ENDS):
        rest, which = divmod(rest * 7919 + 13, len(syllables)) if syllables is ENDS else divmod(rest, len(syllables))
        words.append(syllables[which])
    name = "".join(words)
    return f"{name.lower()}{number}", f"{name} {number}"


def furnish(url: str) -> None:
    """Fill an empty database: the cast, and as many customers, individuals and events as a small provider has."""
    database = Database(url)
    migrations.upgrade(database)
    now = clock.now()
    with database.writing() as work:
        work.info.update(stamp=Stamp(), audit_keys=Keys((AUDIT,)))
        fill(work)
        for number in range(CUSTOMERS):
            add_identity(work, Kind.CUSTOMER, *company(number), "owner", now)
        work.commit()
    more_individuals(database, 0, INDIVIDUALS)
    some_visits(database)
    more_events(database, EVENTS)
    database.dispose()


def more_individuals(database: Database, first: int, last: int) -> None:
    """Give the customer abc individuals, by an import."""
    importer = next(found for found in IMPORTERS if found.name == "individuals")
    with tempfile.TemporaryDirectory(prefix="portico-bench-") as folder:
        path = Path(folder) / "individuals.csv"
        lines = (f"abc,person{number:06},Person {number:06},itlead" for number in range(first, last))
        path.write_text("\n".join(["customer,login,name,role", *lines, ""]), encoding="utf-8")
        run(database, Keys((AUDIT,)), importer, path)


def some_visits(database: Database) -> None:
    """Put visits to the customer abc on the record, each with a change."""
    kinds = ("launch.started", "visit.start", "pbx.extension.changed", "visit.end")
    about = {"actor_id": "root", "subject_id": "abc", "customer_id": "abc", "portal": "pbx", "mode": "assigned"}
    _put(database, VISITS * 4, lambda n: {**about, "event": kinds[n % 4], "launch_id": f"launch{n // 4}"})


def more_events(database: Database, count: int) -> None:
    """Put rows of many kinds on the record, none of them about abc: here they are only in the way."""
    kinds, whose = ("login.ok", "login.refused", "access.changed", "pbx.extension.changed"), ("globex", "initech")

    def row(n: int) -> dict[str, object]:
        who = whose[n // 4 % 2]
        place = {"portal": ("pbx", "iot", None)[n % 3], "address": f"192.0.2.{n % 20}"}
        return {"event": kinds[n % 4], "actor_id": who, "subject_id": who, "customer_id": who, **place}

    _put(database, count, row)


def _put(database: Database, count: int, row: Callable[[int], dict[str, object]]) -> None:
    """Put rows at the end of the record. They are not chained."""
    empty = dict.fromkeys(("portal", "mode", "launch_id", "address"))
    kept = {"outcome": "ok", "realm": "self-care", "details": {}, "key_id": "bench", "mac": "0" * 64}
    common = {**empty, **kept, "at": clock.now()}
    with database.writing() as work:
        head = work.get_one(AuditHead, 1).seq
        for begin in range(0, count, CHUNK):
            numbers = range(begin, min(begin + CHUNK, count))
            work.execute(insert(AuditEvent), [{**common, **row(n), "seq": head + 1 + n} for n in numbers])
        work.execute(update(AuditHead).values(seq=head + count))
        work.commit()


@contextmanager
def application(url: str, more: Sequence[Portal] = ()) -> Iterator[Flask]:
    """Run an application on a database."""
    app = create_app(settings_for(url), [*discover(), *more])
    try:
        yield app
    finally:
        app.extensions["portico"].database.dispose()


def logged_in(app: Flask, member: Member) -> Client:
    """Return a browser in which a member of the cast is logged in."""
    client = Client(app)
    token = form_token(client.get(member.log_in_at).body.decode())
    form = {"csrf_token": token, "login": member.login, "password": PASSWORD}
    answer = client.post(member.log_in_at, form)
    if answer.status != 303:
        raise RuntimeError(f"{member.login} could not log in: {answer.status}")
    return client
