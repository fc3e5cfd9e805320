"""Nobody gives what they do not have, nor takes hold of somebody above them: every way that somebody could try."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.cli import FlaskGroup
from sqlalchemy import select, update

from gateway import clock
from gateway.access import administrators, customers, individuals
from gateway.access.individuals import Manager
from gateway.access.models import DEFAULT_ROLE, AllowedRole, Role
from gateway.access.operations import create_role, set_portal_view
from gateway.audit.models import AuditEvent
from gateway.errors import Forbidden, Invalid
from gateway.identity.models import CustomerStatus, Identity, Kind, Realm
from tests.cast import HELEN, ROOT, Member
from tests.house import Browser, add_identity, change, house_of, rows, value, working
from tests.test_importing import write

NewBrowser = Callable[[], Browser]
OWN = "/portals/self-care/individuals"
CONSOLE = "/admin/customers/abc/individuals"
DORA = Member("dora", "/login")
HERS = {
    "pbx": {"overview": "view", "configuration": "full", "calls": "view"},
    "self-care": {"individuals": "full"},
}
GOOD = {"name": "Nora Quist", "email": "nora@example.com", "login": "nora", "role": "itsupport"}

# What a role gives beyond hers: by one level, at one node, at the root, in another portal, by a tab below.
BEYOND: dict[str, dict[str, dict[str, str]]] = {
    "a level more": {"pbx": {"calls": "full"}},
    "a page more": {"pbx": {"finance": "view"}},
    "a tab more": {"pbx": {"": "forbidden", "finance.payments": "view"}},
    "everything of a portal": {"pbx": {"": "full"}},
    "another portal": {"pbx": HERS["pbx"], "iot": {"usage": "view"}},
    "the root of another": {"iot": {"": "view"}},
}


@pytest.fixture
def dora(new_browser: NewBrowser, app: Flask) -> Browser:
    """An individual of abc who looks after the others."""
    with working(app) as work:
        role_id = create_role(work, Realm.SELF_CARE, "deputy", "", HERS, {})
        work.add(AllowedRole(customer_id="abc", role_id=role_id))
        add_identity(work, Kind.INDIVIDUAL, "dora", "Dora Deputy", role_id, clock.now(), customer="abc")
    browser = new_browser()
    browser.log_in(DORA)
    return browser


def people(app: Flask) -> list[Any]:
    """Return all identities."""
    return rows(app, select(Identity.__table__).order_by(Identity.id))


def refusals(app: Flask) -> list[tuple[str, str]]:
    """Return who was refused, and why, from the record."""
    found = select(AuditEvent.actor_id, AuditEvent.reason).where(AuditEvent.event == "access.refused")
    return [tuple(row) for row in rows(app, found.order_by(AuditEvent.seq))]


def allowed(app: Flask, views: dict[str, dict[str, str]]) -> str:
    """Make a role that abc may hand out, and return its id."""
    with working(app) as work:
        role_id = create_role(work, Realm.SELF_CARE, "beyond", "", views, {})
        work.add(AllowedRole(customer_id="abc", role_id=role_id))
    return role_id


@pytest.mark.parametrize("how", BEYOND)
def test_a_role_beyond_ones_own_at_any_node_is_not_given_by_any_way__ROL_06(
    dora: Browser, app: Flask, how: str
) -> None:
    role = allowed(app, BEYOND[how])
    before = people(app)
    mark = {"name": "Mark Novak", "email": "mark@example.com", "login": "mark"}
    assert f'value="{role}"' not in dora.get(f"{OWN}/new").text
    assert f'value="{role}"' not in dora.get(f"{OWN}/change?to=role&individual=mark").text
    for path, form in (
        (f"{OWN}/new", {**GOOD, "role": role}),
        (f"{OWN}/mark", {**mark, "role": role}),
        (f"{OWN}/mark", {**mark, "role": [role, "itsupport"]}),
        (f"{OWN}/change", {"individual": "mark", "to": "role", "role": role}),
        (f"{OWN}/change", {"individual": ["mark"], "to": "role", "role": [role, "itsupport"]}),
    ):
        assert dora.post(path, form, page=f"{OWN}/mark").status_code == 403
    assert people(app) == before
    assert refusals(app) == [("dora", "beyond_own")] * 5


def test_the_rest_is_hers_to_give(dora: Browser, app: Flask) -> None:
    role = allowed(app, {"pbx": {"overview": "view", "configuration": "view", "calls": "forbidden"}})
    assert dora.post(f"{OWN}/new", {**GOOD, "role": role}).status_code == 303
    assert dora.post(f"{OWN}/change", {"individual": "mark", "to": "role", "role": role}, page=OWN).status_code == 303
    assert value(app, Identity.role_id, "mark") == role


WAYS: dict[str, Callable[[Browser], Any]] = {
    "edit": lambda browser: browser.post(
        f"{OWN}/john", {"name": "Mine", "login": "john", "role": "itlead"}, page=f"{OWN}/mark"
    ),
    "move": lambda browser: browser.post(
        f"{OWN}/change", {"individual": ["john", "mark"], "to": "role", "role": "itsupport"}, page=OWN
    ),
    "suspend": lambda browser: browser.post(f"{OWN}/change", {"individual": "john", "to": "suspend"}, page=OWN),
    "restore": lambda browser: browser.post(f"{OWN}/change", {"individual": "john", "to": "restore"}, page=OWN),
    "delete": lambda browser: browser.post(f"{OWN}/change", {"individual": "john", "to": "delete"}, page=OWN),
    "reset": lambda browser: browser.post(f"{OWN}/john/password", page=f"{OWN}/mark"),
    "invite": lambda browser: browser.post(f"{OWN}/john/invitation", page=f"{OWN}/mark"),
}


@pytest.mark.parametrize("way", WAYS)
def test_somebody_whose_role_is_not_handed_out_just_now_is_still_above__ROL_06(
    dora: Browser, app: Flask, way: str
) -> None:
    with working(app) as work:
        work.delete(work.get(AllowedRole, ("abc", "itlead")))
    before = people(app)
    assert "Their rights exceed yours" in dora.get(f"{OWN}/john").text
    assert WAYS[way](dora).status_code == 403
    assert people(app) == before


@pytest.mark.parametrize("way", WAYS)
def test_an_individual_with_a_default_role_is_above_everybody(dora: Browser, app: Flask, way: str) -> None:
    change(app, "john", role_id=DEFAULT_ROLE[Realm.SELF_CARE])
    before = people(app)
    assert WAYS[way](dora).status_code == 403
    assert people(app) == before


def test_a_role_that_grew_since_the_page_was_shown_is_refused__ROL_06(dora: Browser, app: Flask) -> None:
    role = allowed(app, {"pbx": {"overview": "view"}})
    assert f'value="{role}"' in dora.get(f"{OWN}/new").text
    with working(app) as work:
        set_portal_view(work, role, "pbx", {"": "full"})
    assert dora.post(f"{OWN}/new", {**GOOD, "role": role}).status_code == 403


def test_a_manager_whose_own_role_shrinks_gives_and_touches_less_at_the_next_request__ROL_03(
    dora: Browser, app: Flask
) -> None:
    form = {"name": "Mark", "email": "", "login": "mark", "role": "itsupport"}
    assert dora.post(f"{OWN}/mark", form).status_code == 303
    role = value(app, Identity.role_id, "dora")
    with working(app) as work:
        set_portal_view(work, role, "pbx", {"overview": "view"})
    assert dora.post(f"{OWN}/mark", form, page=f"{OWN}/new").status_code == 403
    with working(app) as work:
        set_portal_view(work, role, "self-care", {"individuals": "view"})
    assert dora.get(OWN).status_code == 200
    assert dora.post(f"{OWN}/new", GOOD).status_code == 403
    with working(app) as work:
        set_portal_view(work, role, "self-care", {})
    assert dora.get(OWN).status_code == 404


def test_a_manager_has_no_way_to_the_customer_itself_or_into_the_console__IDOR_01(dora: Browser, app: Flask) -> None:
    before = people(app)
    for path in (f"{OWN}/abc", f"{OWN}/abc/password", f"{OWN}/abc/invitation"):
        assert dora.post(path, {**GOOD, "name": "Mine"}, page=f"{OWN}/new").status_code == 404
    for path in (
        "/admin/customers/abc/self-care",
        f"{CONSOLE}/new",
        f"{CONSOLE}/mark/self-care",
        "/admin/roles/itlead",
    ):
        assert dora.post(path, {"role": "owner"}, page=f"{OWN}/new").status_code == 303
        assert dora.get(path).location.startswith("/admin/login")
    assert people(app) == before


@pytest.mark.parametrize("dry", [True, False])
@pytest.mark.parametrize("role", ["owner", "Default role", "helpdesk", ""])
def test_a_file_gives_no_role_that_the_customer_may_not_hand_out__ROL_01(
    app: Flask, tmp_path: Path, role: str, dry: bool
) -> None:
    before = people(app)
    path = write(tmp_path / "people.csv", [{"customer": "abc", "login": "mark", "name": "Mark", "role": role}])
    command = ["import", "individuals", str(path), *(["--dry-run"] if dry else [])]
    result = app.test_cli_runner().invoke(FlaskGroup(load_dotenv=False), command)
    assert result.exit_code == 1
    assert f"{path}:2: role:" in result.stderr
    assert people(app) == before


def test_a_hundred_rounds_of_renaming_roles_while_they_are_given_never_give_the_wrong_one__ROL_06(
    dora: Browser, app: Flask
) -> None:
    house, beyond = house_of(app), allowed(app, {"pbx": {"": "full"}})
    with house.database.reading() as reader:
        hers = house.rights.of(reader, Realm.SELF_CARE, str(value(app, Identity.role_id, "dora")), 1)
    manager = Manager("dora", "abc", hers)

    def give(role: str) -> bool:
        try:
            with working(app) as work:
                individuals.move(work, house.rights, manager, ["mark"], role)
        except Forbidden:
            return False
        return True

    def rename(number: int) -> None:
        names = {beyond: f"itsupport {number}", "itsupport": f"beyond {number}"}
        with working(app) as work:
            for role_id, name in names.items():
                work.execute(update(Role).where(Role.id == role_id).values(name=name, name_key=name))

    with ThreadPoolExecutor(6) as pool:
        renamed = [pool.submit(rename, number) for number in range(100)]
        refused = [pool.submit(give, beyond) for _ in range(100)]
        given = [pool.submit(give, "itsupport") for _ in range(100)]
        assert [one.result() for one in renamed] == [None] * 100
        assert not any(one.result() for one in refused)
        assert all(one.result() for one in given)
    assert value(app, Identity.role_id, "mark") == "itsupport"


def test_somebody_who_was_raised_since_they_were_looked_at_is_above__ROL_06(app: Flask) -> None:
    house = house_of(app)
    with house.database.reading() as reader:
        lower = house.rights.of(reader, Realm.ADMIN, "helpdesk", 1)
    hand = administrators.Hand("helen", lower, house.rights)
    with working(app) as work:
        add_identity(work, Kind.ADMINISTRATOR, "ada", "Ada", "helpdesk", clock.now())
    with working(app) as work:
        administrators.reset(work, hand, "ada", "hash of helen", clock.now())
    change(app, "ada", role_id=DEFAULT_ROLE[Realm.ADMIN])
    before = people(app)
    with pytest.raises(Forbidden), working(app) as work:
        administrators.reset(work, hand, "ada", "another", clock.now())
    with pytest.raises(Forbidden), working(app) as work:
        administrators.suspend(work, hand, "ada", clock.now(), suspended=True)
    given = administrators.Record("ada", "Mine", "", "helpdesk")
    with pytest.raises(Forbidden), working(app) as work:
        administrators.change(work, hand, "ada", 1, given, [], clock.now())
    with pytest.raises(Forbidden), working(app) as work:
        administrators.create(work, hand, administrators.Record("new", "New", "", "auditor"), "hash", clock.now())
    assert people(app) == before


def test_the_page_of_an_administrator_above_one_is_to_look_at_and_says_so(app: Flask, new_browser: NewBrowser) -> None:
    with working(app) as work:
        set_portal_view(work, "helpdesk", "console", {"customers": "full", "administrators": "full"})
    helen, root = new_browser(), new_browser()
    helen.log_in(HELEN)
    root.log_in(ROOT)
    page = helen.get("/admin/administrators/root").text
    assert "Their rights exceed yours" in page
    assert '<button class="btn pri" >' not in page
    assert "Their rights exceed yours" in helen.get("/admin/administrators").text
    assert "Their rights exceed yours" not in root.get("/admin/administrators").text


SPELLINGS = ("bigbird", "BigBird", "BIGBIRD", "\uff42igbird", "bi\uff47bird", "bigBIRD", "BIGbird", "b\uff29gbird")


def test_twenty_rounds_of_sixteen_who_take_one_login_as_a_customer_or_an_individual_have_one_winner_each__UNI_03(
    app: Flask,
) -> None:
    rights = house_of(app).rights

    def attempt(round_number: int, number: int) -> bool:
        login = f"{SPELLINGS[number % len(SPELLINGS)]}{round_number}"
        try:
            with working(app) as work:
                if number % 2:
                    given = customers.Record("Bird", "", "standard")
                    customers.create(work, given, login, CustomerStatus.ACTIVE, None, None, clock.now())
                else:
                    person = individuals.Record(login, "Bird", "", "itlead", None, None, suspended=False)
                    individuals.create(work, rights, Manager("root", "abc", None), person, None, clock.now())
        except Invalid as invalid:
            assert invalid.errors == {"login": ["This login is taken."]}  # noqa: PT017
            return False
        return True

    with ThreadPoolExecutor(16) as pool:
        for round_number in range(20):
            won = list(pool.map(lambda number, turn=round_number: attempt(turn, number), range(16)))
            assert sum(won) == 1
    keys = rows(app, select(Identity.login_key).where(Identity.login_key.startswith("bigbird")))
    assert len(keys) == len(set(keys)) == 20
