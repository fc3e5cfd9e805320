"""Erasing a person: nothing of them stays but ids, the record says so and still holds."""

import json
from collections.abc import Callable, Iterator

import pytest
from click.testing import Result
from flask import Flask
from flask.cli import FlaskGroup
from sqlalchemy import Table, func, inspect, select, text, update

from gateway import clock, worker
from gateway.access.administrators import Hand, Record, change
from gateway.audit.models import AuditEvent
from gateway.audit.verifying import Fault, verify
from gateway.identity.models import Identity, Kind, Realm
from gateway.mail.models import Mail
from portals.pbx.models import Call, Extension
from tests.cast import ABC, EVE, HELEN, JOHN, MARK, ROOT
from tests.consent import ask, set_class
from tests.house import ADMIN_DEFAULT, Browser, add_identity, house_of, rows, working
from tests.programs import Program
from tests.second_factor import set_up

NewBrowser = Callable[[], Browser]
EVENTS: Table = AuditEvent.__table__  # type: ignore[assignment]


def erase(app: Flask, *arguments: str, typed: str | None = None) -> Result:
    """Run `flask --app wsgi identity erase`."""
    return app.test_cli_runner().invoke(FlaskGroup(load_dotenv=False), ["identity", "erase", *arguments], input=typed)


def everything(app: Flask) -> Iterator[tuple[str, str]]:
    """Yield every row of every table as text, with the table's name."""
    with house_of(app).database.reading() as reader:
        for table in inspect(reader).get_table_names():
            if not table.startswith("identity_search"):
                for row in reader.execute(text(f"SELECT * FROM {table}")):
                    yield table, json.dumps(row._asdict(), default=str, ensure_ascii=False)


def where(app: Flask, *words: str) -> set[str]:
    """Return the tables in which one of the words stands."""
    return {table for table, row in everything(app) if any(word in row for word in words)}


def checked(app: Flask) -> Fault | None:
    """Verify the chain and return what is wrong."""
    with house_of(app).database.reading() as reader:
        return verify(reader, house_of(app).audit_keys)[1]


@pytest.fixture
def lived(app: Flask, new_browser: NewBrowser) -> None:
    """John, Mark and the customer used all that there is."""
    address = {"REMOTE_ADDR": "192.0.2.77", "HTTP_USER_AGENT": "Johns-Browser/9"}
    john = Browser(app, **address)
    with working(app) as work:
        work.execute(update(Identity).where(Identity.id == "john").values(email="john.carter@canary.example"))
    john.log_in(JOHN)
    set_up(john)
    Browser(app, REMOTE_ADDR="192.0.2.78").log_in(JOHN, password="wrong")
    Browser(app, REMOTE_ADDR="192.0.2.78").post("/login/forgotten", {"login": "john"})
    Program(app, "john")
    worker.answer_resets(house_of(app))
    mark, abc, root, helen = (new_browser() for _ in range(4))
    mark.log_in(MARK)
    abc.log_in(ABC)
    abc.post("/portals/pbx/configuration/extensions/abc-100", {"number": "100", "name": "Canary desk", "version": "1"})
    root.log_in(ROOT)
    page = "/admin/customers/abc/individuals/john"
    form = {"login": "john", "name": "John Canary", "email": "john.carter@canary.example", "role": "itlead"}
    assert root.post(page, form).status_code == 303
    networks = {"login": "john", "role": "itlead", "trusted_networks": "192.0.2.0/24;", "second_factor": "yes"}
    assert root.post(f"{page}/self-care", networks).status_code == 303
    helen.log_in(HELEN)
    with working(app) as work:
        work.execute(update(Identity).where(Identity.id == "abc").values(support_mail=True))
    helen.open("john", "pbx")
    set_class(app, "consent")
    assert ask(helen, "john", "John Canary lost his phone").location.endswith("?done=asked")


def test_an_individual_is_erased_and_only_ids_stay(app: Flask, lived: None) -> None:
    assert where(app, "Canary", "canary.example", "192.0.2.77", "Johns-Browser") >= {"identity", "audit_event"}
    events = rows(app, select(func.count()).select_from(EVENTS))[0][0]
    result = erase(app, "--login", "john", "--yes")
    assert (result.exit_code, result.output) == (0, "1 erased.\n")
    assert where(app, "John C", "john.carter", "192.0.2.77", "Johns-Browser") == set()
    assert where(app, '"john"') <= {"audit_event", "logout_notice"}
    assert rows(app, select(Identity.id).where(Identity.id.in_(("john", "mark", "abc"))).order_by(Identity.id)) == [
        ("abc",),
        ("mark",),
    ]
    kept = rows(app, select(EVENTS).where(EVENTS.c.subject_id == "john").order_by(EVENTS.c.seq))
    assert {row.event for row in kept} >= {"individual.changed", "access.changed", "visit.start", "identity.erased"}
    by_erasing = ("identity.erased", "visit.end", "api_session.ended")
    for row in kept:
        assert (row.address, row.agent, row.place_salt) == (None, None, None) or row.event in by_erasing
        assert row.details == {} or row.event in by_erasing
    assert kept[-1].event == "identity.erased"
    assert kept[-1].details == {"kind": "individual"}
    assert rows(app, select(func.count()).select_from(EVENTS))[0][0] == events + 3
    assert checked(app) is None


def test_a_customer_is_erased_with_its_individuals_and_its_rows_in_portals(
    app: Flask, lived: None, new_browser: NewBrowser
) -> None:
    eve = new_browser()
    eve.log_in(EVE)
    assert erase(app, "--id", "abc", "--yes").output == "4 erased.\n"
    assert where(app, "Canary", "ABC Company", "Mark Novak", "canary.example", "192.0.2.77") == set()
    for model in (Call, Extension):
        assert rows(app, select(model.customer_id).distinct().order_by(model.customer_id)) == [
            ("globex",),
            ("initech",),
        ]
    assert rows(app, select(Mail.id).where(Mail.address.contains("abc@"))) == []
    erased = rows(app, select(EVENTS.c.subject_id, EVENTS.c.details).where(EVENTS.c.event == "identity.erased"))
    assert {(row.subject_id, row.details["kind"]) for row in erased} == {
        ("abc", "customer"),
        *((who, "individual") for who in ("adam", "john", "mark")),
    }
    assert eve.get("/portals/pbx/overview").status_code == 200
    assert new_browser().log_in(ABC).status_code == 422
    assert rows(app, select(EVENTS.c.address).where(EVENTS.c.customer_id == "globex"))[0].address == "127.0.0.1"
    root = new_browser()
    root.log_in(ROOT)
    assert "abc@example.com" not in root.get("/admin/customers?q=ABC Company").text
    assert root.get("/admin/audit").status_code == 200
    assert checked(app) is None


def test_an_administrator_is_erased_and_what_they_did_to_others_stays(app: Flask, new_browser: NewBrowser) -> None:
    root, helen = new_browser(), new_browser()
    root.log_in(ROOT)
    helen.log_in(HELEN)
    helen.open("abc", "pbx")
    with working(app) as work:
        hand = Hand("root", house_of(app).rights.full(Realm.ADMIN), house_of(app).rights)
        change(work, hand, "helen", 1, Record("helen", "Helen Canary", "", "helpdesk"), [], clock.now())
    form = {"name": "Renamed role", "description": "", "version": "1"}
    assert root.post("/admin/roles/itlead", form).status_code == 303
    assert erase(app, "--login", "helen", "--yes").exit_code == 0
    assert where(app, "Canary") == set()
    assert helen.get("/admin/customers").status_code == 303
    visit = rows(app, select(EVENTS).where(EVENTS.c.event == "visit.start"))[0]
    assert (visit.actor_id, visit.subject_id, visit.address, visit.details) == (
        "helen",
        "abc",
        None,
        {"view_only": False, "role": "owner"},
    )
    with working(app) as work:
        add_identity(work, Kind.ADMINISTRATOR, "rita", "Rita", ADMIN_DEFAULT, clock.now())
    assert erase(app, "--login", "root", "--yes").exit_code == 0
    renamed = rows(app, select(EVENTS).where(EVENTS.c.event == "role.changed"))[0]
    assert (renamed.actor_id, renamed.address) == ("root", None)
    assert renamed.details["after"]["name"] == "Renamed role"
    assert checked(app) is None


def test_the_last_administrator_with_full_rights_stays(app: Flask) -> None:
    result = erase(app, "--login", "root", "--yes")
    assert result.exit_code == 1
    assert "The last administrator with the default role" in result.stderr
    assert rows(app, select(Identity.name).where(Identity.id == "root")) == [("Rosa Root",)]
    assert rows(app, select(EVENTS.c.event)) == []


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        ((), "Say whose"),
        (("--login", "john", "--id", "john"), "Say whose"),
        (("--login", "nobody", "--yes"), "Nobody has the login 'nobody'."),
        (("--id", "nobody", "--yes"), "There is nobody with the id 'nobody'."),
        (("--login", "eve"), "Nobody is there to be asked: say --yes."),
    ],
)
def test_what_is_not_clear_erases_nobody(app: Flask, arguments: tuple[str, ...], why: str) -> None:
    before = rows(app, select(func.count()).select_from(Identity))
    result = erase(app, *arguments)
    assert (result.exit_code, result.stdout) == (1, "")
    assert why in result.stderr
    assert rows(app, select(func.count()).select_from(Identity)) == before


def test_a_login_of_both_realms_is_named_by_its_id(app: Flask) -> None:
    with working(app) as work:
        add_identity(
            work, Kind.INDIVIDUAL, "other", "Another", "itlead", clock.now(), customer="abc", login_key="helen"
        )
    result = erase(app, "--login", "helen", "--yes")
    assert result.exit_code == 1
    assert "Say --id:" in result.stderr
    assert "other" in result.stderr
    assert erase(app, "--id", "other", "--yes").exit_code == 0


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(("typed", "left"), [("n\n", 1), ("y\n", 0)])
def test_on_a_terminal_it_asks_first(app: Flask, monkeypatch: pytest.MonkeyPatch, typed: str, left: int) -> None:
    monkeypatch.setattr("click.testing._NamedTextIOWrapper.isatty", lambda _self: True, raising=False)
    result = erase(app, "--login", "ABC", typed=typed)
    assert "Erase the customer ABC Company (abc), with 3 individuals, for good? [y/N]" in result.output
    assert len(rows(app, select(Identity.id).where(Identity.id == "abc"))) == left


def test_a_value_that_was_taken_out_without_the_event_is_named__AUD_04(app: Flask, lived: None) -> None:
    seq = rows(app, select(func.max(EVENTS.c.seq)).where(EVENTS.c.subject_id == "john"))[0][0]
    gone = {"details": {}, "details_salt": None}
    with house_of(app).database.write_engine.begin() as connection:
        connection.execute(update(EVENTS).where(EVENTS.c.seq == seq).values(gone))
    assert checked(app) == Fault(seq, "its details were taken away, and no event says so")
    assert erase(app, "--login", "john", "--yes").exit_code == 0
    assert checked(app) is None
