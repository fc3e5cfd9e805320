"""The record for staff: found by every filter, visits folded, told in words, exported, quick however long it is."""

import ast
import csv
import io
import json
import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Table, func, insert, select, text, update

from gateway import clock
from gateway.audit import telling, words
from gateway.audit.models import OF_INDIVIDUALS, AuditEvent, AuditHead
from gateway.audit.operations import Stamp, record
from gateway.audit.queries import EXPORTED_AT_ONCE
from gateway.errors import DeclarationError
from gateway.i18n.formats import formats_for
from gateway.i18n.preferences import GATEWAY_DEFAULTS
from gateway.identity.models import Kind, Session
from gateway.portal.declaration import Portal
from gateway.portal.registry import Registry, discover
from tests.cast import ABC, AUDREY, HELEN, JOHN, ROOT
from tests.house import Browser, add_identity, counting, house_of, rows, visit_of, working
from tests.programs import Program
from tests.test_lists import faults, plan_of, sent

NewBrowser = Callable[[], Browser]
EVENTS: Table = AuditEvent.__table__  # type: ignore[assignment]
SOURCES = Path(__file__).parent.parent
RECORD = "/admin/audit"


@pytest.fixture
def root(new_browser: NewBrowser) -> Browser:
    """Root, logged in."""
    found = new_browser()
    found.log_in(ROOT)
    return found


def lines_of(page: str) -> list[str]:
    """Return the lines of the record that a page shows, as the text of each."""
    if "<tbody>" not in page:
        return []
    body = page.split('<table class="record">')[1].split("<tbody>")[1].split("</tbody>")[0]
    return [" ".join(re.sub(r"<[^>]+>", " ", part).split()) for part in body.split("<tr>")[1:]]


def next_of(page: str) -> str | None:
    """Return where a list goes on."""
    found = re.search(r'rel="next" href="([^"]+)"', page)
    return found[1].replace("&amp;", "&") if found else None


def busy_visit(browser: Browser, subject: str = "abc", changes: int = 1, **more: str) -> str:
    """Open the PBX for somebody, change an extension so many times, and end the visit; returns its handle."""
    visit = visit_of(browser.open(subject, "pbx", **more))
    for number in range(changes):
        page = f"{visit}/portals/pbx/configuration/extensions/abc-100"
        answer = browser.post(page, {"number": "100", "name": f"Name {number}", "version": str(number + 1)})
        assert answer.status_code == 303, answer.text
    assert browser.post(f"{visit}/end", page=f"{visit}/portals/pbx/overview").status_code == 303
    return visit


def many(app: Flask, count: int, **values: Any) -> None:
    """Put rows on the record that are only in the way; they are not chained."""
    row = {"event": "login.ok", "outcome": "ok", "details": {}, "key_id": "many", "mac": "0" * 64, **values}
    with working(app) as work:
        head = work.get_one(AuditHead, 1).seq
        at = clock.now()
        numbered = [{**row, "at": at, "seq": head + number} for number in range(1, count + 1)]
        work.execute(insert(EVENTS), numbered)
        work.execute(update(AuditHead).values(seq=head + count))


def test_a_visit_is_one_line_that_says_who_as_whom_where_how_long_and_why(app: Flask, root: Browser) -> None:
    busy_visit(root, reason="Ticket 4711")
    page = root.get(RECORD).text
    visits = [line for line in lines_of(page) if "Visit" in line]
    assert len(visits) == 1
    (line,) = visits
    assert re.search(r"Rosa Root for ABC Company · Cloud PBX · assigned role · 0:0\d · 1 event", line), line
    assert "Reason Ticket 4711" in line
    assert "Role owner" in line
    assert "Extension changed pbx.extension.changed" in line
    assert "Name abc 100 became Name 0" in line
    assert "Number 100" in line
    assert "The visit has ended." in line
    assert '<details class="fold">' in page
    assert "launch.started" not in page.split("<tbody>")[1]


def test_a_visit_that_is_open_says_so_and_one_that_went_idle_does_not(app: Flask, root: Browser) -> None:
    root.open("abc", "pbx")
    assert "still open" in lines_of(root.get(RECORD).text)[0]
    with working(app) as work:
        work.execute(
            update(Session).where(Session.scope == "visit").values(last_seen_at=clock.now() - timedelta(hours=1))
        )
    (line, *_rest) = lines_of(root.get(RECORD).text)
    assert "still open" not in line
    assert "ended by itself, after an hour at most" in line


def test_a_launch_that_nobody_landed_is_a_line_too(app: Flask, root: Browser) -> None:
    root.launch("abc", "iot")
    (waiting, *_rest) = lines_of(root.get(RECORD).text)
    assert "Visit that did not begin Rosa Root for ABC Company · IoT" in waiting
    assert "nobody got in" in waiting


def test_visits_stay_one_line_across_pages_whatever_happens_meanwhile(app: Flask, root: Browser) -> None:
    """Two visits that overlap, with so many events that both reach over pages, and one that goes on in between."""
    for member in ("abc", "john"):
        root.open(member, "pbx")
    launches = [row.launch_id for row in rows(app, select(EVENTS.c.launch_id).where(EVENTS.c.event == "visit.start"))]
    for number in range(200):
        launch = launches[number % 2] if number % 3 else None
        many(app, 1, event="test.event", actor_id="root", subject_id="abc", launch_id=launch)
    seen: list[str] = []
    where: str | None = RECORD
    while where:
        page = root.get(where).text
        seen += lines_of(page)
        many(app, 3, event="test.event", actor_id="root", subject_id="abc", launch_id=launches[0])
        where = next_of(page)
    visits = [line for line in seen if "Visit Rosa Root for" in line]
    assert len(visits) == 2
    assert len([line for line in seen if "test.event" in line and line not in visits]) == 67
    assert "Of each kind of event the first are shown; there are more." in visits[0]


def test_filters_find_a_visit_by_what_happened_in_it_once(app: Flask, root: Browser) -> None:
    busy_visit(root, changes=3)
    for query in (
        "event=pbx.extension.changed",
        "portal=pbx",
        "address=127.0.0.1&portal=pbx",
        "customer=abc&portal=pbx",
    ):
        found = [line for line in lines_of(root.get(f"{RECORD}?{query}").text) if "Visit" in line]
        assert len(found) == 1, query
        assert found[0].count("pbx.extension.changed") == 3, query
    assert not [line for line in lines_of(root.get(f"{RECORD}?event=iot.device.changed").text) if "Visit" in line]


def test_the_record_is_searched_by_customer_portal_and_address(
    app: Flask, new_browser: NewBrowser, root: Browser
) -> None:
    far = Browser(app, REMOTE_ADDR="203.0.113.7")
    far.log_in(JOHN)
    eve = new_browser()
    eve.log_in(ABC)
    assert [line for line in lines_of(root.get(f"{RECORD}?customer=abc").text) if "Rosa" in line] == []
    assert len(lines_of(root.get(f"{RECORD}?customer=abc").text)) == 2
    (line,) = lines_of(root.get(f"{RECORD}?address=203.0.113.7").text)
    assert "John Carter" in line
    assert len(lines_of(root.get(f"{RECORD}?address=203.0.113.8").text)) == 0
    assert len(lines_of(root.get(f"{RECORD}?subject=john&customer=globex").text)) == 0
    root.get(f"{RECORD}.csv")
    assert "audit.exported" in lines_of(root.get(f"{RECORD}?portal=console").text)[0]


def test_a_login_that_is_there_in_both_realms_finds_both_in_order(app: Flask, root: Browser) -> None:
    with working(app) as work:
        add_identity(work, Kind.CUSTOMER, "two", "Two Ltd", "owner", clock.now())
        add_identity(work, Kind.ADMINISTRATOR, "three", "Three Desk", "helpdesk", clock.now(), login_key="two")
    for number in range(50):
        many(app, 1, event=f"test.{number}", actor_id="two" if number % 2 else "three", subject_id="abc")
    first = root.get(f"{RECORD}?actor=two").text
    second = root.get(str(next_of(first))).text
    found = [re.search(r"test\.(\d+)", line) for line in lines_of(first) + lines_of(second)]
    assert [int(one[1]) for one in found if one] == list(range(49, -1, -1))


def test_somebody_who_is_gone_is_found_by_their_id(app: Flask, root: Browser) -> None:
    many(app, 1, event="individual.deleted", actor_id="abc", subject_id="gone-for-good", customer_id="abc")
    (line,) = lines_of(root.get(f"{RECORD}?subject=gone-for-good").text)
    assert "Individual deleted" in line
    assert "gone-for-good" in line


def test_what_is_no_longer_kept_is_said(app: Flask, root: Browser) -> None:
    with house_of(app).database.write_engine.begin() as connection:
        connection.execute(update(EVENTS).values(address=None, agent=None))
    assert "no longer kept" in lines_of(root.get(RECORD).text)[0]


def test_changes_are_told_in_words_and_never_as_json(app: Flask, root: Browser) -> None:
    panel = "/admin/customers/abc/individuals/john/self-care"
    form = {"login": "john", "role": "itsupport", "language": "de", "second_factor": "yes", "version": "1"}
    assert root.post(panel, form).status_code == 303
    page = root.get(f"{RECORD}?event=access.changed").text
    (line,) = lines_of(page)
    assert "Access changed" in line
    assert "Role itlead became itsupport" in line
    assert "Two-factor authentication inherited became yes" in line
    assert "Language empty became de" in line
    assert "{" not in line
    assert "[" not in line


def test_values_are_as_their_reader_has_them() -> None:
    f = formats_for(GATEWAY_DEFAULTS)
    told = {
        "before": {"suspended": False, "expires_on": "2026-03-01", "networks": ["10.0.0.1", "10.0.0.2"]},
        "after": {"suspended": True, "expires_on": None, "networks": []},
        "until": "2026-03-12T08:30:00+00:00",
        "strange": {"deep": {"a": "view", "b": 3}},
        "identity": "john",
        "nothing": None,
    }
    found = telling.facts("test.event", told, {"john": "John Carter"}, {}, f)
    assert [(fact.label, fact.known, fact.before, fact.now) for fact in found] == [
        ("suspended", False, "no", "yes"),
        ("Expires", True, "2026-03-01", "empty"),
        ("Trusted networks", True, "10.0.0.1, 10.0.0.2", "empty"),
        ("Until", True, None, "2026-03-12 08:30:00"),
        ("strange", False, None, "deep: a: view, b: 3"),
        ("Who", True, None, "John Carter"),
    ]
    assert set(telling.ids_in(told)) == {"john"}
    (status,) = telling.facts("customer.status", {"before": "active", "after": "blocked"}, {}, {}, f)
    assert (status.label, status.before, status.now) == ("Status", "active", "blocked")
    assert telling.facts("test.event", None, {}, {}, f) == []


def recorded() -> set[str]:
    """Return every event that anything of the gateway and the portals records, read off the code."""
    found: set[str] = set()
    for folder in ("gateway", "portals"):
        for path in (SOURCES / folder).rglob("*.py"):
            tree = ast.parse(path.read_text(encoding="utf-8"))
            names = [node.args[1] for node in ast.walk(tree) if _records(node)]
            plain = {const.value for name in names for const in ast.walk(name) if _is_event(const)}
            if any(not isinstance(name, ast.Constant | ast.IfExp | ast.JoinedStr) for name in names):
                plain |= {const.value for const in ast.walk(tree) if _is_event(const)}
            found |= plain
    return found


def _records(node: ast.AST) -> bool:
    called = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "record"
    return called and len(node.args) > 1  # type: ignore[attr-defined]


def _is_event(node: ast.AST) -> bool:
    text = getattr(node, "value", None) if isinstance(node, ast.Constant) else None
    return isinstance(text, str) and bool(re.fullmatch(r"[a-z_]+(\.[a-z_]+)+|logout", text))


def test_every_event_that_is_recorded_anywhere_has_a_title() -> None:
    titled = {*words.TITLES, *(event for portal in discover() for event in portal.events)}
    found = recorded()
    assert len(found) > 90
    assert found - titled == set(), "these events have no title: gateway/audit/words.py, or the portal's declaration"


def test_what_customers_are_shown_is_a_fixed_part_of_what_there_is() -> None:
    assert set(words.TITLES) >= words.OWN
    assert words.CHANGED_IN_VISITS <= words.OWN
    of_individuals = set(re.findall(r"'([a-z_.]+)'", str(OF_INDIVIDUALS)))
    assert of_individuals - {"individual.deleted"} <= words.OWN


def test_an_event_of_a_portal_begins_with_its_slug() -> None:
    pbx = next(portal for portal in discover() if portal.slug == "pbx")
    wrong = Portal("other", "Other", "phone", pbx.blueprint, pbx.structure, events={"pbx.made": "Made"})
    with pytest.raises(DeclarationError, match=r"should begin with other\."):
        Registry([wrong])


def test_the_record_is_exported_as_csv_and_as_json_lines_as_it_was_searched(app: Flask, root: Browser) -> None:
    busy_visit(root, reason="=HYPERLINK(1)")
    Browser(app).post("/login", {"login": "=cmd|x", "password": "x"})
    answer = root.get(f"{RECORD}.csv?event=pbx.extension.changed")
    assert answer.mimetype == "text/csv"
    assert 'filename="record.csv"' in answer.headers["Content-Disposition"]
    (row,) = csv.DictReader(io.StringIO(answer.text))
    assert (row["actor"], row["actor_name"], row["customer_name"]) == ("root", "Rosa Root", "ABC Company")
    assert json.loads(row["details"])["after"] == {"name": "Name 0"}
    answer = root.get(f"{RECORD}.jsonl?customer=abc")
    found = [json.loads(line) for line in answer.text.splitlines()]
    assert answer.mimetype == "application/jsonl"
    assert [one["event"] for one in found][::-1][:3] == ["launch.started", "visit.start", "pbx.extension.changed"]
    assert found[0]["actor_name"] == "Rosa Root"
    assert root.get(f"{RECORD}.csv?since=nonsense").status_code == 422
    exported = rows(app, select(EVENTS).where(EVENTS.c.event == "audit.exported").order_by(EVENTS.c.seq))
    assert [row.details for row in exported] == [
        {"format": "csv", "filters": {"event": "pbx.extension.changed"}},
        {"format": "jsonl", "filters": {"customer": "abc"}},
    ]
    assert exported[0].actor_id == "root"


def test_no_cell_of_the_export_is_run_by_a_spreadsheet__INJ_05(app: Flask, root: Browser) -> None:
    many(app, 1, event="test.event", agent="=cmd|' /C calc'!A0", reason="+1", address="@SUM(1)")
    (row,) = csv.DictReader(io.StringIO(root.get(f"{RECORD}.csv?event=test.event").text))
    assert (row["agent"], row["reason"], row["address"]) == ("'=cmd|' /C calc'!A0", "'+1", "'@SUM(1)")


def test_an_export_is_read_some_at_a_time_and_ends_where_it_began(app: Flask, root: Browser) -> None:
    many(app, 2 * EXPORTED_AT_ONCE + 5, event="test.event")
    with counting(app) as sent_meanwhile:
        answer = root.get(f"{RECORD}.jsonl?event=test.event", buffered=False)
        assert answer.is_streamed
        first = next(answer.response)
        many(app, 1, event="test.event")
        found = [first, *answer.response]
        answer.close()
    numbers = [json.loads(line)["seq"] for line in b"".join(found).splitlines()]
    assert len(numbers) == 2 * EXPORTED_AT_ONCE + 5
    assert numbers == sorted(numbers, reverse=True)
    reads = [statement for statement in sent_meanwhile if "FROM audit_event" in statement and "LIMIT" in statement]
    assert len(reads) == 4


def test_an_export_that_nobody_reads_to_its_end_holds_nothing(app: Flask, root: Browser) -> None:
    many(app, EXPORTED_AT_ONCE + 1, event="test.event")
    held = house_of(app).database.read_engine.pool
    before = held.checkedout()  # type: ignore[attr-defined]
    for path in (f"{RECORD}.csv", f"{RECORD}.jsonl"):
        for chunks in (0, 2):
            answer = root.get(path, buffered=False)
            for _ in range(chunks):
                next(answer.response)
            answer.close()
    assert held.checkedout() == before  # type: ignore[attr-defined]


def test_looking_at_the_head_of_an_export_records_nothing(app: Flask, root: Browser) -> None:
    assert root.client.head(f"{RECORD}.csv").status_code == 200
    assert rows(app, select(EVENTS).where(EVENTS.c.event == "audit.exported")) == []


@pytest.mark.parametrize("path", [RECORD, f"{RECORD}.csv", f"{RECORD}.jsonl"])
def test_only_staff_whose_role_shows_the_record_see_it(app: Flask, new_browser: NewBrowser, path: str) -> None:
    helen, audrey, abc = new_browser(), new_browser(), new_browser()
    helen.log_in(HELEN)
    audrey.log_in(AUDREY)
    abc.log_in(ABC)
    assert audrey.get(path).status_code == 200
    assert helen.get(path).status_code == 404
    assert abc.get(path).status_code == 303
    assert new_browser().get(path).status_code == 303
    assert audrey.client.post(path, data={"csrf_token": audrey.token(RECORD)}).status_code == 405
    visit = visit_of(helen.open("abc", "pbx"))
    assert helen.get(f"{visit}{path}").status_code == 404


def test_customers_and_individuals_lead_to_their_part_of_the_record_for_whoever_may_see_it(
    app: Flask, new_browser: NewBrowser, root: Browser
) -> None:
    helen = new_browser()
    helen.log_in(HELEN)
    for page, link in (
        ("/admin/customers/abc", f"{RECORD}?customer=abc"),
        ("/admin/customers/abc/individuals/john", f"{RECORD}?subject=john"),
    ):
        assert f'href="{link}"' in root.get(page).text
        assert f'href="{RECORD}' not in helen.get(page).text


QUERIES = (
    *("", "actor=root", "subject=abc", "customer=abc", "event=login.refused", "portal=iot", "address=203.0.113.7"),
    *("since=2026-01-01", "until=2026-12-31", "since=2026-01-01&until=2099-12-31"),
    *("actor=root&event=pbx.extension.changed", "subject=abc&event=login.refused", "customer=abc&event=visit.start"),
    *(
        "customer=abc&since=2026-01-01",
        "actor=root&subject=abc",
        "customer=abc&portal=pbx",
        "portal=iot&since=2026-01-01",
    ),
    *("address=203.0.113.7&event=login.refused", "event=login.refused&since=2026-01-01&until=2099-12-31"),
)

INDEXES = {name: name for name in ("event", "portal", "address")} | {
    f"{name}": f"{name}_id" for name in ("actor", "subject", "customer")
}


@pytest.mark.parametrize("query", QUERIES)
def test_every_filter_goes_through_an_index_however_long_the_record_is(app: Flask, root: Browser, query: str) -> None:
    busy_visit(root)
    many(app, 3000, actor_id="globex", subject_id="globex", customer_id="globex", portal="pbx", address="192.0.2.1")
    with house_of(app).database.write_engine.begin() as connection:
        connection.execute(text("ANALYZE"))
    plans = [plan_of(app, *statement) for statement in sent(app, root, f"{RECORD}?{query}")]
    for plan in plans:
        assert faults(plan) == []
    name = query.partition("=")[0]
    # SQLite does not know how many rows have a value: it is led to the index of whom most is asked.
    if name in INDEXES and ("&" not in query or "sqlite" in str(house_of(app).database.write_engine.url)):
        assert any(f"ix_audit_event_{INDEXES[name]}" in plan for plan in plans), plans


@pytest.mark.parametrize("query", ["", "customer=abc", "event=visit.start&since=2026-01-01"])
def test_a_page_of_the_record_takes_no_more_statements_for_many_visits_than_for_one(
    app: Flask, root: Browser, query: str
) -> None:
    busy_visit(root)
    path = f"{RECORD}?{query}"
    root.get(path)
    with counting(app) as before:
        root.get(path)
    for _ in range(4):
        busy_visit(root, subject="initech", changes=0)
    with counting(app) as after:
        root.get(path)
    # One for the visitor, one for whom is asked, then events, visits and names.
    assert len(after) == len(before) == (5 if "customer" in query else 4)


@pytest.mark.parametrize(
    "query", ["customer=abc", "portal=pbx", "address=127.0.0.1", "event=visit.start", "actor=root"]
)
def test_the_api_takes_the_same_filters(app: Flask, root: Browser, query: str) -> None:
    busy_visit(root)
    program = Program(app, "root")
    found = program.get(f"/audit?{query}").json["items"]
    name, _, value = query.partition("=")
    assert found
    assert {one[name] for one in found} == {value}
    assert program.get(f"/audit?{query}&subject=nobody").json["items"] == []
    assert program.get("/audit?until=2020-01-01T00:00:00Z").json["items"] == []
    for edge in ("since=0001-01-01T00:00:00Z", "until=9999-12-31T23:59:59Z"):
        assert len(program.get(f"/audit?{query}&{edge}").json["items"]) == len(found)


def test_what_staff_do_to_somebody_is_on_the_record_of_that_somebody(app: Flask, root: Browser) -> None:
    john = Browser(app)
    john.log_in(JOHN)
    for path, form, page in (
        ("/admin/customers/abc/individuals/john/sessions", {}, None),
        ("/admin/customers/abc/sessions", {}, None),
        ("/admin/customers/abc/individuals/john/invitation", {}, "/admin/customers/abc/individuals/john"),
        ("/admin/customers/abc/individuals/change", {"to": "suspend", "individual": "john"}, RECORD),
        ("/admin/customers/abc/individuals/change", {"to": "restore", "individual": "john"}, RECORD),
        ("/admin/customers/globex/allowed-roles", {"role": "itsupport"}, None),
    ):
        assert root.post(path, form, page=page).status_code in (200, 303), path
    found = {row.event: row for row in rows(app, select(EVENTS).order_by(EVENTS.c.seq)) if row.actor_id == "root"}
    for event in ("invitation.sent", "identity.suspended", "identity.restored"):
        assert (found[event].subject_id, found[event].customer_id) == ("john", "abc"), event
    assert (found["sessions.ended"].subject_id, found["sessions.ended"].customer_id) == ("abc", "abc")
    assert (found["allowed_role.added"].subject_id, found["allowed_role.added"].customer_id) == ("globex", "globex")


def test_the_stamp_of_a_row_is_all_that_a_page_of_it_needs(app: Flask, root: Browser) -> None:
    """A row of the server itself, without anybody, is shown as well."""
    with working(app) as work:
        record(work, "import.customers", of=Stamp(), file="customers.csv", rows=3)
    (line, *_rest) = lines_of(root.get(RECORD).text)
    assert "File loaded import.customers – – – File customers.csv Rows 3" in line
    assert rows(app, select(func.count()).select_from(EVENTS))[0][0] == 2
