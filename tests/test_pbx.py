"""Cloud PBX, configuration: extensions, ring groups and forwarding, each as far as the role goes."""

import html
import re
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from gateway.audit.models import AuditEvent
from gateway.audit.operations import Keys
from gateway.importing import run
from portals.pbx.importer import IMPORTERS
from portals.pbx.models import Extension, Kind, RingGroup, RingMember, Strategy
from tests.cast import ABC, ADAM, HELEN, JOHN
from tests.conftest import AUDIT
from tests.house import Browser, house_of, rows, working

NewBrowser = Callable[[], Browser]
EXTENSIONS, GROUPS, FORWARDING = (
    f"/portals/pbx/configuration/{name}" for name in ("extensions", "ring-groups", "forwarding")
)
SALES = {"number": "700", "name": "Sales", "strategy": "all", "seconds": "25", "members": ["102", "", "100"]}
EXTENSION = {"number": "100", "name": "Front desk", "email": "", "forward_to": "", "version": "1"}
FORWARDS = {"forward_to": "", "forward_busy": "", "forward_no_answer": "", "no_answer_seconds": "20", "version": "1"}


@pytest.fixture
def abc(new_browser: NewBrowser) -> Browser:
    """The customer abc, whose role opens the PBX in full."""
    browser = new_browser()
    browser.log_in(ABC)
    return browser


@pytest.fixture
def visit(new_browser: NewBrowser) -> tuple[Browser, str]:
    """Helen in a view-only visit of abc, and the prefix of her visit."""
    helen = new_browser()
    helen.log_in(HELEN)
    return helen, helen.open("abc", "pbx", view_only="y").partition("/portals")[0]


def members(app: Flask, group: str) -> list[str]:
    """Return the numbers that a ring group rings, in their order."""
    statement = (
        select(Extension.number)
        .join(RingMember, RingMember.extension_id == Extension.id)
        .where(RingMember.group_id == group)
        .order_by(RingMember.position)
    )
    return [row.number for row in rows(app, statement)]


def extension(app: Flask, id: str) -> Any:
    """Return a row of an extension."""
    return rows(app, select(Extension.__table__).where(Extension.id == id))[0]


def events(app: Flask, begins: str) -> list[Any]:
    """Return the rows of the record whose event begins so, in order."""
    found = rows(app, select(AuditEvent.event, AuditEvent.details).order_by(AuditEvent.seq))
    return [row for row in found if row.event.startswith(begins)]


def chosen(page: str) -> list[str]:
    """Return the members that are chosen in a form of a ring group."""
    places = re.findall(r'<select name="members".*?</select>', page, re.DOTALL)
    found = [re.search(r'<option (?:value="([^"]*)" )?selected>([^<]*)', place) for place in places]
    return [html.unescape(one[1] or one[2]) for one in found if one]


def test_a_ring_group_is_made_changed_and_deleted_and_each_is_on_the_record(abc: Browser, app: Flask) -> None:
    made = abc.post(f"{GROUPS}/new", SALES)
    assert made.status_code == 303
    page = made.location.partition("?")[0]
    id = page.rpartition("/")[2]
    assert members(app, id) == ["102", "100"]
    changed = {**SALES, "strategy": "in-order", "members": ["104", "100", "102"], "version": "1"}
    assert abc.post(page, changed).status_code == 303
    assert members(app, id) == ["104", "100", "102"]
    assert chosen(abc.get(page).text) == ["104", "100", "102"]
    assert "Delete the ring group Sales?" in abc.get(f"{page}/delete").text
    assert abc.post(f"{page}/delete", {"version": "1"}).status_code == 409
    assert abc.post(f"{page}/delete", {"version": "2"}).status_code == 303
    assert abc.get(page).status_code == 404
    assert members(app, id) == []
    assert extension(app, "abc-100").name == "abc 100"
    created, saved, deleted = events(app, "pbx.ring_group")
    assert created.details["after"]["members"] == ["102", "100"]
    assert saved.details["before"] == {"strategy": "all", "members": ["102", "100"]}
    assert saved.details["after"] == {"strategy": "in-order", "members": ["104", "100", "102"]}
    assert deleted.details["before"] == {"number": "700", "name": "Sales"}


def test_members_may_be_written_as_in_the_file(abc: Browser, app: Flask) -> None:
    page = abc.post(f"{GROUPS}/new", {**SALES, "members": "103 101"}).location.partition("?")[0]
    assert members(app, page.rpartition("/")[2]) == ["103", "101"]


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("number", "", "Enter a number."),
        ("number", "12a", "A number has 1 to 16 digits"),
        ("number", "100", "This number is taken."),
        ("number", "600", "This number is taken."),
        ("name", " ", "Enter a name."),
        ("name", "x" * 121, "At most 120 characters."),
        ("strategy", "by chance", "Not a valid choice"),
        ("seconds", "4", "From 5 to 300 seconds."),
        ("seconds", "301", "From 5 to 300 seconds."),
        ("seconds", "soon", "Not a valid integer value"),
        ("members", [], "Choose at least one extension."),
        ("members", ["100", "999"], "There is no extension 999."),
        ("members", ["100", "600"], "There is no extension 600."),
        ("members", ["100", "101", "100"], "Extension 100 is there twice."),
        ("members", ["<b>"], "Choose from your extensions."),
        ("members", [str(number) for number in range(21)], "At most 20 members."),
    ],
)
def test_a_bad_ring_group_is_refused_beside_its_field_and_what_was_typed_is_kept(
    abc: Browser, app: Flask, field: str, value: Any, message: str
) -> None:
    before = len(rows(app, select(Extension.id)))
    answer = abc.post(f"{GROUPS}/new", {**SALES, field: value})
    assert answer.status_code == 422
    assert message in answer.text
    assert len(rows(app, select(Extension.id))) == before
    if field != "members":
        assert chosen(answer.text) == ["102", "100"]
    elif value:
        assert chosen(answer.text)[: len(value)] == value[:20]


def test_an_extension_of_another_customer_is_no_member(abc: Browser, app: Flask) -> None:
    with working(app) as work:
        work.add(Extension(id="globex-800", customer_id="globex", number="800", name="Theirs"))
    answer = abc.post(f"{GROUPS}/new", {**SALES, "members": ["800"]})
    assert answer.status_code == 422
    assert "Theirs" not in answer.text


def test_a_number_is_given_once_among_extensions_and_ring_groups(abc: Browser) -> None:
    taken = abc.post(f"{EXTENSIONS}/new", {**EXTENSION, "number": "600"})
    assert taken.status_code == 422
    assert "This number is taken." in taken.text
    assert abc.post(f"{EXTENSIONS}/abc-100", {**EXTENSION, "number": "600"}).status_code == 422
    moved = {**SALES, "number": "101", "version": "1"}
    assert abc.post(f"{GROUPS}/abc-ring", moved).status_code == 422
    assert abc.post(f"{GROUPS}/abc-ring", {**moved, "number": "700"}).status_code == 303
    assert abc.post(f"{EXTENSIONS}/new", {**EXTENSION, "number": "600"}).status_code == 303


def test_of_thirty_who_take_a_number_at_once_one_gets_it(
    abc: Browser, app: Flask, make_app: Callable[..., Flask]
) -> None:
    apps = [make_app(), make_app()]
    token = abc.token(f"{GROUPS}/new")
    cookies = {cookie.key: cookie.value for cookie in abc.client._cookies.values()}
    forms: list[tuple[str, Mapping[str, Any]]] = [
        (f"{GROUPS}/new", SALES),
        (f"{EXTENSIONS}/new", {**EXTENSION, "number": "700"}),
    ]

    def take(number: int) -> int:
        other = Browser(apps[number // 2 % 2])
        for name, kept in cookies.items():
            other.client.set_cookie(name, kept)
        path, form = forms[number % 2]
        return int(other.client.post(path, data={"csrf_token": token, **form}).status_code)

    with ThreadPoolExecutor(30) as pool:
        answers = list(pool.map(take, range(30)))
    assert sorted(answers) == [303] + [422] * 29
    assert len(rows(app, select(Extension.id).where(Extension.number == "700"))) == 1


@pytest.mark.parametrize(
    ("page", "first", "second", "shown"),
    [
        (f"{EXTENSIONS}/abc-100", EXTENSION, {**EXTENSION, "name": "Back door"}, ["Front desk"]),
        (
            f"{FORWARDING}/abc-100",
            {**FORWARDS, "forward_busy": "101"},
            {**FORWARDS, "forward_to": "102"},
            ["<bdi>101</bdi>"],
        ),
        (
            f"{GROUPS}/abc-ring",
            {**SALES, "version": "1"},
            {**SALES, "name": "Buying", "strategy": "in-order", "members": ["103"], "version": "1"},
            ["<bdi>Sales</bdi>", "<bdi>All at once</bdi>", "<bdi>102, 100</bdi>"],
        ),
    ],
)
def test_the_second_of_two_is_shown_what_the_first_saved_and_may_put_theirs_over_it(
    abc: Browser, page: str, first: dict[str, Any], second: dict[str, Any], shown: list[str]
) -> None:
    assert abc.post(page, first).status_code == 303
    refused = abc.post(page, second)
    assert refused.status_code == 409
    assert "Somebody else saved this meanwhile" in refused.text
    for word in shown:
        assert word in refused.text.replace(' class="lines"', "")
    version = re.search(r'name="version"[^>]* value="(\d+)"', refused.text)
    assert version is not None
    assert version[1] == "2"
    assert abc.post(page, {**second, "version": version[1]}).status_code == 303


def test_what_is_stale_is_said_before_what_is_wrong(abc: Browser) -> None:
    assert abc.post(f"{EXTENSIONS}/abc-100", EXTENSION).status_code == 303
    assert abc.post(f"{EXTENSIONS}/abc-100", {**EXTENSION, "name": ""}).status_code == 409


def test_ring_groups_are_found_and_listed_by_number(abc: Browser) -> None:
    for number in ("690", "610"):
        abc.post(f"{GROUPS}/new", {**SALES, "number": number, "name": f"Group {number}"})
    page = abc.get(GROUPS).text
    assert page.index(">600<") < page.index(">610<") < page.index(">690<")
    found = abc.get(f"{GROUPS}?q=group 69").text
    assert ">690<" in found
    assert ">610<" not in found
    assert "No ring group fits" in abc.get(f"{GROUPS}?q=nothing").text


@pytest.mark.parametrize("path", [GROUPS, FORWARDING, EXTENSIONS])
def test_the_lists_page_by_key_without_gap_or_repeat(abc: Browser, app: Flask, path: str) -> None:
    with working(app) as work:
        for number in range(1000, 1070):
            one = f"n{number}"
            work.add(Extension(id=one, customer_id="abc", number=str(number), name="Same", kind=Kind.TELEPHONE))
            work.add(Extension(id=f"g{one}", customer_id="abc", number=f"*{number}", name="x", kind=Kind.RING_GROUP))
            work.flush()
            work.add(RingGroup(id=f"g{one}", strategy=Strategy.ALL, seconds=20))
    seen: list[str] = []
    page: str | None = path
    while page:
        text = abc.get(page).text
        seen += re.findall(r'<th scope="row"><a href="[^"]+"><bdi>([^<]+)', text)
        following = re.search(r'rel="next" href="([^"]+)"', text)
        page = html.unescape(following[1]) if following else None
    assert len(seen) == len(set(seen)) == (71 if path == GROUPS else 75)


def test_a_ring_group_is_no_extension_and_the_other_way_round(abc: Browser) -> None:
    assert "abc reception" not in abc.get(EXTENSIONS).text
    for page in (f"{EXTENSIONS}/abc-ring", f"{FORWARDING}/abc-ring", f"{GROUPS}/abc-100", f"{GROUPS}/abc-100/delete"):
        assert abc.get(page).status_code == 404, page
        assert abc.post(page, {}, page=f"{GROUPS}/new").status_code == 404, page


def test_an_extension_says_in_which_groups_it_rings(abc: Browser) -> None:
    assert "abc reception" in abc.get(f"{EXTENSIONS}/abc-100").text
    assert "abc reception" not in abc.get(f"{EXTENSIONS}/abc-103").text


def test_each_kind_of_forwarding_is_kept_and_shown(abc: Browser, app: Flask) -> None:
    form = {**FORWARDS, "forward_busy": "101", "forward_no_answer": "+420 555 0100", "no_answer_seconds": "35"}
    assert abc.post(f"{FORWARDING}/abc-100", form).status_code == 303
    row = extension(app, "abc-100")
    assert (row.forward_to, row.forward_busy, row.forward_no_answer, row.no_answer_seconds) == (
        *(None, "101", "+420 555 0100"),
        35,
    )
    page = abc.get(FORWARDING).text
    assert "+420 555 0100" in page
    assert "after 35 seconds" in page
    assert "Show them all" not in abc.get(f"{FORWARDING}?q=555").text
    (event,) = events(app, "pbx.extension.changed")
    assert event.details["after"]["forward_busy"] == "101"


def test_forwarding_every_call_is_one_rule_on_both_pages(abc: Browser, app: Flask) -> None:
    abc.post(f"{EXTENSIONS}/abc-100", {**EXTENSION, "forward_to": "102"})
    assert 'value="102"' in abc.get(f"{FORWARDING}/abc-100").text
    abc.post(f"{FORWARDING}/abc-100", {**FORWARDS, "version": "2"})
    assert extension(app, "abc-100").forward_to is None
    assert extension(app, "abc-100").name == "Front desk"


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"forward_to": "100"}, "An extension cannot forward to itself."),
        ({"forward_no_answer": "100"}, "An extension cannot forward to itself."),
        ({"forward_busy": "call me"}, "This is no telephone number."),
        ({"no_answer_seconds": "4"}, "From 5 to 300 seconds."),
        ({"no_answer_seconds": ""}, "Enter a whole number."),
    ],
)
def test_forwarding_that_cannot_be_is_refused_beside_its_field(
    abc: Browser, app: Flask, changed: dict[str, str], message: str
) -> None:
    answer = abc.post(f"{FORWARDING}/abc-100", {**FORWARDS, **changed})
    assert answer.status_code == 422
    assert message in answer.text
    assert extension(app, "abc-100").version == 1


def test_a_view_only_visit_looks_and_searches_and_changes_nothing(visit: tuple[Browser, str], app: Flask) -> None:
    helen, prefix = visit
    for path in (GROUPS, f"{GROUPS}?q=rec", f"{GROUPS}/abc-ring", FORWARDING, f"{FORWARDING}/abc-100", EXTENSIONS):
        assert helen.get(f"{prefix}{path}").status_code == 200, path
    form = helen.get(f"{prefix}{GROUPS}/abc-ring").text
    assert "You can look but not change anything here." in form
    assert form.count('aria-disabled="true"') == 2
    assert re.search(r'<select name="members"[^>]* disabled>', form)
    token = helen.token("/admin/customers/abc/log-in")
    for path in (
        *(f"{GROUPS}/new", f"{GROUPS}/abc-ring", f"{GROUPS}/abc-ring/delete"),
        *(f"{FORWARDING}/abc-100", f"{EXTENSIONS}/abc-100"),
    ):
        answer = helen.client.post(f"{prefix}{path}", data={"csrf_token": token, **SALES, "version": "1"})
        assert answer.status_code == 403, path
    assert members(app, "abc-ring") == ["101", "100"]
    assert extension(app, "abc-100").version == 1


def test_john_configures_and_adam_does_not(new_browser: NewBrowser) -> None:
    john, adam = new_browser(), new_browser()
    john.log_in(JOHN)
    adam.log_in(ADAM)
    for path in (GROUPS, f"{GROUPS}/new", f"{GROUPS}/abc-ring", FORWARDING, f"{FORWARDING}/abc-100"):
        assert john.get(path).status_code == 200, path
        assert adam.get(path).status_code == 404, path
    assert john.post(f"{GROUPS}/abc-ring", {**SALES, "version": "1"}).status_code == 303


def loaded(app: Flask, path: Path, name: str, text: str) -> None:
    """Load a file of the PBX."""
    path.write_text(text, encoding="utf-8")
    importer = next(one for one in IMPORTERS if one.name == name)
    run(house_of(app).database, Keys((AUDIT,)), importer, path)


def test_a_file_of_ring_groups_changes_members_and_its_open_form_is_stale_only_then(
    app: Flask, abc: Browser, tmp_path: Path
) -> None:
    header, path = "customer,number,name,strategy,seconds,members\n", tmp_path / "groups.csv"
    same = f"{header}abc,600,abc reception,in-order,20,101 100\nglobex,600,globex reception,all,20,104\n"
    loaded(app, path, "pbx-ring-groups", same)
    assert extension(app, "abc-ring").version == 1
    assert members(app, "globex-ring") == ["104"]
    loaded(app, path, "pbx-ring-groups", f"{header}abc,600,abc reception,in-order,20,100 101 102\n")
    assert members(app, "abc-ring") == ["100", "101", "102"]
    assert abc.post(f"{GROUPS}/abc-ring", {**SALES, "version": "1"}).status_code == 409


def test_a_file_of_extensions_without_forwarding_leaves_it_alone(app: Flask, abc: Browser, tmp_path: Path) -> None:
    abc.post(f"{FORWARDING}/abc-100", {**FORWARDS, "forward_busy": "101", "no_answer_seconds": "35"})
    loaded(app, tmp_path / "e.csv", "pbx-extensions", "customer,number,name\nabc,100,Reception\nabc,105,New\n")
    row = extension(app, "abc-100")
    assert (row.name, row.forward_busy, row.no_answer_seconds) == ("Reception", "101", 35)
    (new,) = rows(app, select(Extension.no_answer_seconds, Extension.kind).where(Extension.name == "New"))
    assert tuple(new) == (20, Kind.TELEPHONE)
    loaded(app, tmp_path / "e.csv", "pbx-extensions", "customer,number,name,forward_busy\nabc,100,Reception,\n")
    assert extension(app, "abc-100").forward_busy is None
