"""What customers and individuals are shown of the record: their own part, and who of the staff came in."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import Table, delete, select, text, update

from gateway import clock
from gateway.access.operations import set_portal_view
from gateway.audit import words
from gateway.audit.forgetting import forget_people
from gateway.audit.models import AuditEvent
from gateway.audit.operations import Stamp, record
from gateway.db import new_id
from gateway.identity.models import Identity, Session
from tests.cast import ABC, EVE, GLOBEX, HELEN, JOHN, MARK, ROOT
from tests.elsewhere import register
from tests.house import Browser, change, counting, house_of, rows, visit_of, working
from tests.test_lists import faults, plan_of, sent
from tests.test_record import busy_visit, lines_of, many, next_of

NewBrowser = Callable[[], Browser]
EVENTS: Table = AuditEvent.__table__  # type: ignore[assignment]
OWN, SUPPORT = "/portals/self-care/activity", "/portals/self-care/activity/support-access"


@pytest.fixture
def root(new_browser: NewBrowser) -> Browser:
    """Root, logged in."""
    found = new_browser()
    found.log_in(ROOT)
    return found


@pytest.fixture
def abc(new_browser: NewBrowser) -> Browser:
    """The customer abc, logged in."""
    found = new_browser()
    found.log_in(ABC)
    return found


@pytest.fixture
def john(new_browser: NewBrowser) -> Browser:
    """John, an individual of abc, logged in."""
    found = new_browser()
    found.log_in(JOHN)
    return found


def visits_of(page: str) -> list[str]:
    """Return the visits that a page lists, as the text of each."""
    if 'class="rows visits"' not in page:
        return []
    body = page.split('class="rows visits">')[1].split("</section>")[0]
    return [" ".join(re.sub(r"<[^>]+>", " ", part).split()) for part in body.split('<div class="g">')[1:]]


def test_somebody_sees_their_own_log_ins_and_changes(app: Flask, new_browser: NewBrowser, john: Browser) -> None:
    stranger = Browser(app, REMOTE_ADDR="203.0.113.9")
    stranger.log_in(JOHN, password="wrong")
    form = {"language": "en", "time_zone": "Europe/Prague", "version": "1"}
    assert john.post("/portals/self-care/preferences", form).status_code == 303
    changed, refused, logged_in = lines_of(john.get(OWN).text)
    assert "Access changed You" in changed
    assert "Time zone empty became Europe/Prague" in changed
    assert "Log-in refused unknown 203.0.113.9" in refused
    assert "Logged in You 127.0.0.1" in logged_in
    for staffs_own in ("wrong-password", "wrong", "login.refused", "itlead", "sessions_ended"):
        assert staffs_own not in " ".join((changed, refused, logged_in)), staffs_own


def test_moments_are_in_the_zone_and_the_format_of_the_reader(app: Flask, john: Browser) -> None:
    change(app, "john", time_zone="Asia/Kathmandu", output_date_format="DD.MM.YYYY", output_time_format="HH24:MI")
    with working(app) as work:
        of = Stamp(actor_id="john", subject_id="john", customer_id="abc")
        record(work, "password.changed", of=of)
        work.info["events"][-1]["at"] = clock.now().replace(year=2026, month=3, day=12, hour=20, minute=30)
    assert lines_of(john.get(OWN).text)[0].startswith("13.03.2026 02:15")


def test_staff_are_named_and_never_where_they_were(app: Flask, root: Browser, john: Browser) -> None:
    desk = Browser(app, REMOTE_ADDR="198.51.100.77")
    desk.log_in(HELEN)
    assert (
        desk.post(
            "/admin/customers/abc/individuals/john/self-care",
            {"language": "de", "login": "john", "role": "itlead", "version": "1"},
        ).status_code
        == 303
    )
    visit_of(desk.open("john", "pbx"))
    change(app, "john", language=None)
    opened, changed, _logged_in = lines_of(john.get(OWN).text)
    assert "Your provider opened your portals as you Helen Desk" in opened
    assert "Access changed Helen Desk" in changed
    page = john.get(OWN).text
    assert "198.51.100.77" not in page
    assert "Werkzeug" not in page.split("<main")[1]


def test_a_customer_sees_changes_of_its_individuals_and_not_their_log_ins(
    app: Flask, abc: Browser, john: Browser, root: Browser
) -> None:
    root.post("/admin/customers/abc/individuals/change", {"to": "suspend", "individual": "mark"}, page="/admin/audit")
    root.post("/admin/customers/abc/allowed-roles", {"role": "owner"})
    found = lines_of(abc.get(OWN).text)
    assert any("Suspended Mark Novak Rosa Root" in line for line in found)
    assert any("Allowed role added" in line for line in found)
    assert not any("John" in line for line in found)
    assert not any("Suspended" in line for line in lines_of(john.get(OWN).text))


def test_nobody_sees_what_is_somebody_elses(
    app: Flask, new_browser: NewBrowser, root: Browser, abc: Browser, john: Browser
) -> None:
    busy_visit(root, "globex", changes=0, reason="Only for Globex")
    globex, eve = new_browser(), new_browser()
    globex.log_in(GLOBEX)
    eve.log_in(EVE)
    assert "Only for Globex" in globex.get(SUPPORT).text
    for browser in (abc, john, eve):
        for path in (OWN, SUPPORT):
            answer = browser.get(path)
            assert "Globex" not in answer.text.split("<main")[1]
    assert eve.get(SUPPORT).status_code == john.get(SUPPORT).status_code == 404
    assert new_browser().get(OWN).status_code == new_browser().get(SUPPORT).status_code == 303
    assert abc.client.post(OWN, data={"csrf_token": abc.token(OWN)}).status_code == 405
    assert root.get(OWN).status_code == root.get(SUPPORT).status_code == 303


def test_only_a_fixed_set_of_events_is_ever_shown(app: Flask, abc: Browser, john: Browser) -> None:
    titled = [*words.TITLES, "pbx.extension.changed", "import.customers", "test.event"]
    of = Stamp(realm="self-care", actor_id="root", subject_id="abc", customer_id="abc")
    with working(app) as work:
        work.execute(delete(EVENTS))
        for event in titled:
            record(work, event, of=of, why=f"canary {event}", after={"class_id": f"canary {event}"})
    shown: list[str] = []
    where: str | None = OWN
    while where:
        page = abc.get(where).text
        shown += lines_of(page)
        assert "canary" not in page
        where = next_of(page)
    assert len(shown) == len(words.OWN)
    assert lines_of(john.get(OWN).text) == []


def test_days_bound_what_is_listed_and_unreadable_ones_are_told(app: Flask, abc: Browser) -> None:
    assert len(lines_of(abc.get(f"{OWN}?since=2026-01-01&until=2999-01-01").text)) == 1
    assert "Nothing happened between these days" in abc.get(f"{OWN}?until=2020-01-01").text
    assert "Nothing happened between these days" in abc.get(f"{OWN}?since=2999-01-01").text
    answer = abc.get(f"{OWN}?since=31/31/2026")
    assert answer.status_code == 422
    assert "Write a day as YYYY-MM-DD" in answer.text
    assert 'value="31/31/2026"' in answer.text


def test_both_lists_page_by_key_without_gap_or_repeat(app: Flask, abc: Browser) -> None:
    mine = Stamp(realm="self-care", actor_id="abc", subject_id="abc", customer_id="abc")
    with working(app) as work:
        work.execute(delete(EVENTS))
        for number in range(70):
            who = Stamp(realm="self-care", actor_id="root", subject_id="john", customer_id="abc")
            record(work, "individual.changed", of=who if number % 2 else mine, after={"name": f"Name-{number:03}"})
            launch = Stamp("self-care", "root", "abc", "abc", "pbx", "assigned", new_id())
            record(work, "launch.started", of=launch, why=f"Why-{number:03}", view_only=True)
            record(work, "visit.start", of=launch, role="owner", view_only=True)
    for path, pattern, count in ((SUPPORT, r"Why-(\d+)", 70), (OWN, r"Name-(\d+)", 70)):
        seen: list[str] = []
        where: str | None = path
        while where:
            page = abc.get(where).text
            seen += re.findall(pattern, page)
            where = next_of(page)
        assert seen == [f"{number:03}" for number in reversed(range(count))], path


def test_the_customer_reads_who_came_in_when_where_how_why_and_what_was_changed__IMP_14(
    app: Flask, root: Browser, abc: Browser
) -> None:
    busy_visit(root, "abc", reason="Ticket 4711")
    root.post(f"{visit_of(root.open('john', 'pbx', mode='full', view_only='y'))}/end", page="/admin/audit")
    individual, customer = visits_of(abc.get(SUPPORT).text)
    assert re.match(
        r"Rosa Root · Cloud PBX When \S+ \S+ How long 0:0\d Rights assigned role owner Reason Ticket 4711", customer
    )
    assert "1 change" in customer
    assert "Extension changed" in customer
    assert "Name abc 100 became Name 0" in customer
    assert "Number 100" in customer
    for staffs_own in ("127.0.0.1", "Werkzeug", "abc-100", "pbx.extension", "launch"):
        assert staffs_own not in customer, staffs_own
    assert "as John Carter" in individual
    assert "full access · view only Default role" in individual
    assert "Reason none given" in individual
    assert "Nothing was changed." in individual


def test_what_was_refused_in_a_visit_never_hides_what_was_changed__IMP_14(
    app: Flask, root: Browser, abc: Browser
) -> None:
    visit = visit_of(root.open("abc", "pbx"))
    profile, extension = f"{visit}/portals/self-care/profile", f"{visit}/portals/pbx/configuration/extensions/abc-100"
    token = root.token(extension)
    for _ in range(52):
        assert root.client.post(profile, data={"csrf_token": token}).status_code == 403
    assert root.post(extension, {"number": "100", "name": "Hidden", "version": "1"}).status_code == 303
    (told,) = visits_of(abc.get(SUPPORT).text)
    assert "1 change" in told
    assert "these are the first" not in told
    assert "Nothing was changed." not in told
    (row,) = [line for line in lines_of(root.get("/admin/audit").text) if "Visit Rosa Root for" in line]
    assert "pbx.extension.changed" in row
    assert "there are more" in row


def test_of_very_many_changes_the_first_are_told_and_that_there_are_more(
    app: Flask, root: Browser, abc: Browser
) -> None:
    root.open("abc", "pbx")
    (launch,) = [row.launch_id for row in rows(app, select(EVENTS.c.launch_id).where(EVENTS.c.event == "visit.start"))]
    about = {"actor_id": "root", "subject_id": "abc", "customer_id": "abc", "launch_id": launch}
    many(app, 51, event="pbx.extension.changed", **about)
    (told,) = visits_of(abc.get(SUPPORT).text)
    assert "50 changes · these are the first" in told


def test_a_visit_that_went_on_to_a_portal_elsewhere_says_where_its_changes_stand(
    app: Flask, root: Browser, abc: Browser
) -> None:
    tickets = register(app)
    handle = visit_of(root.open("abc", "pbx")).removeprefix("/as/")
    tickets.enter(root, login_hint=f"visit:{handle}")
    (told,) = visits_of(abc.get(SUPPORT).text)
    assert "What was changed there stands in that portal." in told
    assert "Nothing was changed." not in told


def test_what_is_no_longer_kept_of_a_visit_is_said_so_and_not_called_none__IMP_14(
    app: Flask, root: Browser, abc: Browser
) -> None:
    root.open("john", "pbx", view_only="y", reason="Ticket 4711")
    busy_visit(root, "john", reason="Ticket 4712")
    root.open("abc", "pbx")
    with working(app) as work:
        forget_people(work, ["john"])
    known, changed, looked = visits_of(abc.get(SUPPORT).text)
    assert "Rights assigned role owner Reason none given" in known
    for visit in (changed, looked):
        assert (
            "Rights assigned role · whether view only is no longer kept no longer kept Reason no longer kept" in visit
        )
        assert "Ticket" not in visit
    assert "Extension changed no longer kept" in changed
    record_page = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", root.get("/admin/audit?subject=john").text))
    assert record_page.count("assigned role · whether view only is no longer kept") == 2
    assert record_page.count("Reason no longer kept Role no longer kept") == 2


def test_a_visit_to_a_portal_elsewhere_is_listed_and_says_where_its_changes_stand(
    app: Flask, root: Browser, abc: Browser
) -> None:
    register(app)
    answer = root.launch("abc", "tickets", mode="full")
    root.get(answer.location)
    (visit,) = visits_of(abc.get(SUPPORT).text)
    assert "What was changed there stands in that portal." in visit


def test_a_visit_is_open_until_it_ends_or_goes_idle(app: Flask, root: Browser, abc: Browser) -> None:
    visit = visit_of(root.open("abc", "pbx"))
    assert "How long still open" in visits_of(abc.get(SUPPORT).text)[0]
    root.post(f"{visit}/end", page=f"{visit}/portals/pbx/overview")
    assert "still open" not in visits_of(abc.get(SUPPORT).text)[0]
    root.open("abc", "pbx")
    idle = clock.now() - timedelta(minutes=21)
    with working(app) as work:
        work.execute(update(Session).where(Session.scope == "visit").values(last_seen_at=idle))
    assert "ended by itself" in visits_of(abc.get(SUPPORT).text)[0]


def test_an_individual_with_the_page_sees_the_visits_to_everybody_of_the_customer(
    app: Flask, root: Browser, john: Browser
) -> None:
    busy_visit(root, "abc")
    busy_visit(root, "mark", changes=0)
    assert john.get(SUPPORT).status_code == 404
    assert SUPPORT not in john.get(OWN).text
    with working(app) as work:
        set_portal_view(work, "itlead", "self-care", {"activity.support-access": "view"})
    assert len(visits_of(john.get(SUPPORT).text)) == 2
    assert f'href="{SUPPORT}"' in john.get(OWN).text


def test_the_pages_can_be_looked_at_in_a_visit(app: Flask, root: Browser) -> None:
    visit = visit_of(root.open("abc", "pbx", view_only="y"))
    for path in (OWN, SUPPORT):
        assert root.get(f"{visit}{path}").status_code == 200
    assert "still open" in root.get(f"{visit}{SUPPORT}").text


def test_everybody_gets_to_their_own_part_by_their_menu(john: Browser, abc: Browser) -> None:
    for browser in (john, abc):
        assert f'<a class="it" href="{OWN}"' in browser.get("/portals/pbx/overview").text


def test_a_page_that_is_only_a_heading_leads_to_its_first_open_tab(abc: Browser, john: Browser) -> None:
    page = john.get("/portals/pbx/calls").text
    assert '<a href="/portals/pbx/configuration/extensions">Configuration</a>' in page
    assert f'<a href="{OWN}">Activity</a>' in abc.get("/portals/self-care/profile").text
    # Forbidden for John but for the tab of his own: it stays a heading.
    assert "<span>Activity</span>" in john.get("/portals/self-care/profile").text


def test_somebody_who_is_gone_is_not_named(app: Flask, root: Browser, abc: Browser) -> None:
    busy_visit(root, "mark", changes=0)
    with working(app) as work:
        work.execute(delete(Identity).where(Identity.id == MARK.login))
    (visit,) = visits_of(abc.get(SUPPORT).text)
    assert "as somebody who is not there any more" in visit


@pytest.mark.parametrize("path", [OWN, f"{OWN}?since=2026-01-01&until=2999-12-31", SUPPORT])
def test_each_list_goes_through_its_index_in_as_many_statements_for_many_rows_as_for_few(
    app: Flask, root: Browser, abc: Browser, path: str
) -> None:
    busy_visit(root)
    with counting(app) as few:
        abc.get(path)
    many(app, 2000, event="access.refused", actor_id="abc", subject_id="abc", customer_id="abc")
    many(app, 2000, event="login.ok", actor_id="mark", subject_id="mark", customer_id="abc")
    for event in ("visit.start", "individual.changed"):
        many(app, 1000, event=event, actor_id="root", subject_id="eve", customer_id="globex")
    for _ in range(3):
        busy_visit(root, changes=0)
    with house_of(app).database.write_engine.begin() as connection:
        connection.execute(text("ANALYZE"))
    plans = [plan_of(app, *statement) for statement in sent(app, abc, path)]
    for plan in plans:
        assert faults(plan) == []
    index = "ix_audit_event_visit" if path == SUPPORT else "ix_audit_event_people"
    if "since" not in path:  # between two moments PostgreSQL may find another one cheaper
        assert any(index in plan for plan in plans), plans
    with counting(app) as more:
        abc.get(path)
    assert len(more) == len(few) <= 5
