"""Support access on consent: the window, who asks for it, and what ends with it."""

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from html import escape
from pathlib import Path

import pytest
import time_machine
from flask import Flask
from sqlalchemy import select, update

from gateway import cli, clock, worker
from gateway.access import support
from gateway.access.models import SupportRequest
from gateway.access.operations import set_portal_view
from gateway.errors import Invalid, Stale
from gateway.identity.models import Identity, Kind
from gateway.importing import run
from tests.cast import ABC, ADAM, AUDREY, GLOBEX, HELEN, JOHN, ROOT
from tests.consent import PAGE, answer, ask, let_in, recorded, set_class
from tests.house import Browser, add_identity, change, house_of, rows, value, visit_of, working
from tests.post import letters, outbox, text_of

NewBrowser = Callable[[], Browser]
SAID = (Identity.support_until, Identity.support_by_id, Identity.support_mail)
MISSING = "This customer lets staff in on consent only, and there is none just now."


@pytest.fixture
def helen(new_browser: NewBrowser) -> Browser:
    """Helen of the help desk, logged in."""
    found = new_browser()
    found.log_in(HELEN)
    return found


@pytest.fixture
def root(new_browser: NewBrowser) -> Browser:
    """Root, logged in."""
    found = new_browser()
    found.log_in(ROOT)
    return found


@pytest.fixture
def abc(app: Flask, new_browser: NewBrowser) -> Browser:
    """The customer abc, logged in; its class lets staff in on consent."""
    set_class(app, "consent")
    found = new_browser()
    found.log_in(ABC)
    return found


def requests(app: Flask) -> list[str]:
    """Return the ids of the requests, the oldest first."""
    return [row.id for row in rows(app, select(SupportRequest.id).order_by(SupportRequest.created_at))]


def test_without_consent_nothing_opens_and_with_it_everything_does__IMP_04(helen: Browser, abc: Browser) -> None:
    for subject in ("abc", "john"):
        for way in ({}, {"view_only": "y"}):
            refused = helen.launch(subject, "pbx", **way)
            assert (refused.status_code, refused.headers["X-Error-Code"]) == (403, "consent-missing")
            assert MISSING in refused.text
        assert MISSING in helen.get(f"/admin/customers/{subject}/log-in").text
    assert MISSING in helen.get("/admin/customers?q=abc").text
    assert let_in(abc).location == f"{PAGE}?done=support-opened"
    for subject in ("abc", "john"):
        assert helen.get(helen.open(subject, "pbx")).status_code == 200
        assert MISSING not in helen.get(f"/admin/customers/{subject}/log-in").text
    assert helen.launch("globex", "pbx").status_code == 403


def test_closing_the_window_ends_visits_at_their_next_request_for_good__IMP_13(helen: Browser, abc: Browser) -> None:
    let_in(abc)
    visits = [helen.open("abc", "pbx"), helen.open("john", "pbx")]
    assert abc.post(f"{PAGE}/close", page=PAGE).location == f"{PAGE}?done=support-closed"
    for visit in visits:
        ended = helen.get(visit)
        assert ended.location == "/admin/customers?ended=consent-missing"
        assert MISSING in helen.get(ended.location).text
    let_in(abc)
    assert all(helen.get(visit).status_code == 303 for visit in visits)
    assert helen.get(helen.open("abc", "pbx")).status_code == 200


def test_a_window_that_runs_out_ends_visits_for_good__IMP_13(app: Flask, helen: Browser, abc: Browser) -> None:
    let_in(abc)
    visit = helen.open("abc", "pbx")
    change(app, "abc", support_until=clock.now() - timedelta(seconds=1))
    assert helen.get(visit).location == "/admin/customers?ended=consent-missing"
    let_in(abc)
    assert helen.get(visit).status_code == 303
    assert [row.reason for row in recorded(app, "visit.end")] == ["consent-missing"]


def test_the_end_by_the_customer_is_not_put_down_to_the_customers_address(app: Flask, helen: Browser) -> None:
    set_class(app, "consent")
    abc = Browser(app, REMOTE_ADDR="203.0.113.50", HTTP_USER_AGENT="Customers/1")
    abc.log_in(ABC)
    let_in(abc)
    helen.open("abc", "pbx")
    abc.post(f"{PAGE}/close", page=PAGE)
    (ended,) = recorded(app, "visit.end")
    assert (ended.actor_id, ended.address, ended.agent) == ("helen", None, None)
    let_in(abc)
    visit = visit_of(helen.open("abc", "pbx"))
    helen.post(f"{visit}/end", page=f"{visit}/portals/pbx/overview")
    assert recorded(app, "visit.end")[-1].address == "127.0.0.1"


def test_visits_end_within_a_minute_of_the_window_though_nobody_asks_for_a_page__IMP_13(
    app: Flask, root: Browser, helen: Browser, abc: Browser
) -> None:
    root.open("john", "pbx", emergency="y", reason="Fire")
    for subject in ("globex", "abc"):
        change(app, subject, support_until=clock.now() + timedelta(hours=1))
        helen.open(subject, "pbx")
    worker.tidy(house_of(app))
    assert recorded(app, "visit.end") == []
    change(app, "abc", support_until=clock.now())
    worker.tidy(house_of(app))
    (ended,) = recorded(app, "visit.end")
    assert (ended.actor_id, ended.subject_id, ended.reason) == ("helen", "abc", "consent-missing")
    assert abc.get(PAGE).text.count("still open") == 1
    set_class(app, "open")
    worker.tidy(house_of(app))
    assert len(recorded(app, "visit.end")) == 1


@pytest.mark.parametrize("reason", ["", "x" * 201, "a\u202eb", "Ticket\n\nURGENT: go to http://evil.example"])
def test_a_click_without_a_good_reason_is_refused_beside_it_and_keeps_what_was_chosen(
    app: Flask, root: Browser, reason: str
) -> None:
    set_class(app, "reason")
    refused = root.launch("abc", "pbx", mode="full", view_only="y", reason=reason, next="/admin/customers?q=abc")
    assert refused.status_code == 422
    page = refused.text
    field = page.split('id="reason-abc"')[1].split("</div>")[0]
    assert f'value="{escape(reason.strip())}"' in field
    assert 'aria-invalid="true"' in field
    assert 'id="reason-abc-errors"' in field
    assert re.search(r'name="mode" value="full" checked', page)
    assert re.search(r'name="view_only" value="y" checked', page)
    assert 'name="next" value="/admin/customers?q=abc"' in page
    assert recorded(app, "launch.started") == []
    set_class(app, "consent")
    refused = root.launch("abc", "pbx", emergency="y", reason=reason)
    assert refused.status_code == 422
    assert '<details class="emergency" open>' in refused.text
    assert 'id="emergency-abc-errors"' in refused.text


def test_a_class_that_turns_to_consent_ends_visits_and_one_that_turns_to_reasons_does_not__IMP_13(
    app: Flask, helen: Browser
) -> None:
    visit = helen.open("abc", "pbx")
    set_class(app, "reason")
    assert helen.get(visit).status_code == 200
    assert helen.launch("abc", "pbx").status_code == 422
    set_class(app, "consent")
    assert helen.get(visit).location == "/admin/customers?ended=consent-missing"


@pytest.mark.parametrize("happened", ["closed", "run out", "class"])
def test_a_window_that_closes_between_launch_and_landing_lets_nobody_land__IMP_13__LT_14(
    app: Flask, helen: Browser, abc: Browser, happened: str
) -> None:
    if happened == "class":
        set_class(app, "open")
    else:
        let_in(abc)
    land = helen.launch("abc", "pbx").location
    if happened == "closed":
        abc.post(f"{PAGE}/close", page=PAGE)
    elif happened == "run out":
        change(app, "abc", support_until=clock.now())
    else:
        set_class(app, "consent")
    refused = helen.get(land)
    assert (refused.status_code, refused.headers["X-Error-Code"]) == (403, "consent-missing")


def test_a_landing_while_the_window_closes_leaves_no_visit_that_goes_on__IMP_13(
    helen: Browser, abc: Browser, make_app: Callable[..., Flask]
) -> None:
    for _ in range(5):
        let_in(abc)
        land = helen.launch("abc", "pbx").location
        token, landing = abc.token(PAGE), Browser(make_app())
        landing.client._cookies = dict(helen.client._cookies)
        with ThreadPoolExecutor(2) as pool:
            landed = pool.submit(landing.get, land)
            closed = pool.submit(abc.client.post, f"{PAGE}/close", data={"csrf_token": token})
        assert closed.result().status_code == 303
        there = landed.result()
        assert there.status_code in (303, 403)
        if there.status_code == 303:
            assert landing.get(there.location).location == "/admin/customers?ended=consent-missing"


def test_the_banner_counts_down_to_the_end_of_the_window(helen: Browser, abc: Browser, app: Flask) -> None:
    let_in(abc, "day")
    visit = helen.open("abc", "pbx")
    assert 'id="minutes" class="num">60<' in helen.get(visit).text
    change(app, "abc", support_until=clock.now() + timedelta(minutes=10))
    assert 'id="minutes" class="num">10<' in helen.get(visit).text


def test_a_window_is_opened_until_a_moment_typed_as_its_reader_types(app: Flask, abc: Browser) -> None:
    patterns = {"input_date_format": "DD.MM.YYYY", "input_time_format": "HH24:MI", "time_zone": "Europe/Prague"}
    change(app, "abc", language="de", output_date_format="DD.MM.YYYY", output_time_format="HH24:MI", **patterns)
    with time_machine.travel("2026-07-01T10:00:00+00:00", tick=True):
        abc.log_in(ABC)
        assert "DD.MM.YYYY HH24:MI" in abc.get(PAGE).text
        assert let_in(abc, "until", "03.07.2026 18:30").status_code == 303
        assert value(app, Identity.support_until, "abc").isoformat() == "2026-07-03T16:30:00+00:00"
        page = abc.get(PAGE).text
        assert "03.07.2026 18:30</time>" in page
        assert "(Prag, UTC+02:00)" in page
        for wrong, said in (
            ("2026/07/03", "DD.MM.YYYY"),
            ("", ""),
            ("01.07.2026 11:59", ""),
            ("01.08.2026 12:01", ""),
        ):
            refused = let_in(abc, "until", wrong)
            assert refused.status_code == 422
            errors = refused.text.split('id="until-errors"')[1].split("</ul>")[0]
            assert said in errors
            assert f'value="{wrong}"' in refused.text
    assert [row.details.keys() for row in recorded(app, "support.opened")] == [{"after"}]


def test_a_time_that_the_clocks_show_twice_is_the_first_and_says_so(app: Flask, abc: Browser) -> None:
    change(app, "abc", time_zone="Europe/Prague")
    with time_machine.travel("2026-10-20T10:00:00+00:00", tick=True):
        abc.log_in(ABC)
        there = let_in(abc, "until", "2026-10-25 02:30").location
        assert "the first one was taken" in abc.get(there).text
    assert value(app, Identity.support_until, "abc").isoformat() == "2026-10-25T00:30:00+00:00"


@pytest.mark.parametrize("word", ["open", "reason"])
def test_where_no_consent_is_asked_there_is_no_window_to_open_and_the_page_says_so(
    app: Flask, abc: Browser, word: str
) -> None:
    set_class(app, word)
    page = abc.get(PAGE).text
    assert "There is nothing to agree to" in page
    assert 'name="open_for"' not in page
    assert let_in(abc).status_code == 422
    assert value(app, Identity.support_until, "abc") is None


def test_who_asks_is_told_to_the_customer_by_mail_on_the_picker_and_on_its_page(
    app: Flask, helen: Browser, abc: Browser
) -> None:
    change(app, "abc", language="de", time_zone="Europe/Prague")
    assert ask(helen, "john", "Ticket 4711 <b>").location == "/admin/customers/john/log-in?done=asked"
    (mail,) = outbox(app)
    assert (mail.letter, mail.identity_id, mail.address) == ("support-asked", "abc", "abc@example.com")
    change(app, "abc", language="en")
    text = text_of(app, mail)
    for words in ("Helen Desk of", "acting as John Carter", "Ticket 4711 <b>", f"http://localhost{PAGE}", "Prague"):
        assert words in text
    assert f'href="{PAGE}"' in abc.get("/").text
    page = abc.get(PAGE).text
    for words in (
        "Helen Desk",
        "as <bdi>John Carter</bdi>",
        "Ticket 4711 &lt;b&gt;",
        "1 request waits for your answer",
    ):
        assert words in page
    (row,) = recorded(app, "support.asked")
    assert (row.actor_id, row.subject_id, row.customer_id) == ("helen", "john", "abc")
    assert row.details == {"why": "Ticket 4711 <b>"}


def test_a_request_that_is_granted_opens_the_menu_and_answers_everybody(
    app: Flask, helen: Browser, abc: Browser, new_browser: NewBrowser
) -> None:
    root = new_browser()
    root.log_in(ROOT)
    ask(helen)
    ask(root, "john")
    waiting = helen.get("/admin/customers/abc/log-in", headers={"X-Fragment": "1"}).text
    assert 'data-wait="/admin/customers/abc/log-in"' in waiting
    first, second = requests(app)
    assert answer(abc, first, "day").status_code == 303
    menu = helen.get("/admin/customers/abc/log-in", headers={"X-Fragment": "1"}).text
    assert "data-wait" not in menu
    assert 'name="portal" value="pbx"' in menu
    assert helen.get(helen.open("abc", "pbx")).status_code == 200
    assert "waits for your answer" not in abc.get(PAGE).text
    assert abc.get("/").text.count(PAGE) == 0
    assert answer(abc, second, "hour").status_code == 409
    left = value(app, Identity.support_until, "abc") - clock.now()
    assert timedelta(hours=23, minutes=55) < left <= timedelta(days=1)
    (row,) = recorded(app, "support.opened")
    assert (row.actor_id, row.customer_id, row.details["request"]) == ("abc", "abc", first)


def test_the_reason_that_was_asked_with_is_that_of_the_visits_for_a_day__IMP_14(
    app: Flask, root: Browser, helen: Browser, abc: Browser
) -> None:
    ask(helen, reason="Ticket 7")
    (request,) = requests(app)
    answer(abc, request, "day")
    assert "Ticket 7" in helen.get(helen.open("john", "pbx")).text
    helen.open("abc", "pbx", reason="Ticket 8")
    root.open("abc", "pbx")
    with time_machine.travel(clock.now() + timedelta(hours=25)):
        later, customer = Browser(app), Browser(app)
        later.log_in(HELEN)
        customer.log_in(ABC)
        let_in(customer)
        later.open("abc", "pbx")
    told = [row.details.get("why") for row in recorded(app, "launch.started")]
    assert told == ["Ticket 7", "Ticket 8", None, None]


def test_a_request_that_is_declined_says_so_and_may_be_made_again(app: Flask, helen: Browser, abc: Browser) -> None:
    ask(helen)
    (first,) = requests(app)
    assert answer(abc, first, "decline").location == f"{PAGE}?done=declined"
    assert answer(abc, first, "decline").status_code == 409
    assert answer(abc, first, "hour").status_code == 409
    menu = helen.get("/admin/customers/abc/log-in").text
    assert "The customer declined on" in menu
    assert "Ask for access" in menu
    assert helen.launch("abc", "pbx").status_code == 403
    assert ask(helen).status_code == 303
    assert len(recorded(app, "support.declined")) == 1


def test_a_request_is_granted_until_a_moment_and_a_bad_one_is_refused_beside_it(
    app: Flask, helen: Browser, abc: Browser
) -> None:
    ask(helen)
    (id,) = requests(app)
    refused = answer(abc, id, "until", "soon")
    assert refused.status_code == 422
    assert f'id="until-{id}-errors"' in refused.text
    assert 'id="until-errors"' not in refused.text
    assert 'value="soon"' in refused.text
    until = (clock.now() + timedelta(days=3)).replace(second=0, microsecond=0)
    assert answer(abc, id, "until", until.strftime("%Y-%m-%dT%H:%MZ")).status_code == 303
    assert value(app, Identity.support_until, "abc") == until


def test_nobody_asks_twice_before_an_answer_and_no_more_than_five_wait(
    app: Flask, helen: Browser, abc: Browser, new_browser: NewBrowser
) -> None:
    ask(helen)
    again = ask(helen, reason="Once more")
    assert again.status_code == 422
    assert len(letters(app, "abc")) == 1
    with working(app) as work:
        for number in range(4):
            add_identity(work, Kind.ADMINISTRATOR, f"a{number}", f"Admin {number}", "helpdesk", clock.now())
            support.ask(work, "abc", (f"a{number}", f"Admin {number}"), "abc", "x", clock.now())
    root = new_browser()
    root.log_in(ROOT)
    refused = ask(root, reason="Kept words")
    assert refused.status_code == 422
    assert "Too many requests wait" in refused.text
    assert 'value="Kept words"' in refused.text
    assert len(requests(app)) == 5


def test_a_request_lapses_after_seven_days_and_can_be_made_again(app: Flask, helen: Browser, abc: Browser) -> None:
    ask(helen)
    (id,) = requests(app)
    with working(app) as work:
        work.execute(update(SupportRequest).values(expires_at=clock.now() - timedelta(seconds=1)))
    assert "waits for your answer" not in abc.get(PAGE).text
    assert answer(abc, id, "hour").status_code == 409
    assert "Ask for access" in helen.get("/admin/customers/abc/log-in").text
    assert ask(helen).status_code == 303
    assert id not in requests(app)
    with working(app) as work:
        support.forget_old(work, clock.now() + timedelta(days=38))
    assert requests(app) == []


@pytest.mark.parametrize("reason", ["", "  ", "x" * 201, "a\u202eb"])
def test_a_request_without_a_good_reason_is_refused_in_the_menu(
    app: Flask, helen: Browser, abc: Browser, reason: str
) -> None:
    refused = ask(helen, reason=reason)
    assert refused.status_code == 422
    assert 'id="ask-abc-errors"' in refused.text
    assert (requests(app), outbox(app)) == ([], [])


def test_only_who_could_open_something_may_ask__IMP_01(
    app: Flask, helen: Browser, abc: Browser, new_browser: NewBrowser
) -> None:
    audrey = new_browser()
    audrey.log_in(AUDREY)
    assert "Ask for access" not in audrey.get("/admin/customers/abc/log-in").text
    assert ask(audrey).status_code == 403
    assert ask(helen, "eve").status_code == 404
    assert ask(helen, "globex").status_code == 404
    assert ask(helen, "root", customer="root").status_code == 404
    let_in(abc)
    assert ask(helen).location == "/admin/customers/abc/log-in"
    set_class(app, "open")
    assert ask(helen).location == "/admin/customers/abc/log-in"
    assert requests(app) == []


def test_somebody_elses_request_is_not_found__IDOR_01(
    app: Flask, helen: Browser, abc: Browser, new_browser: NewBrowser
) -> None:
    globex = new_browser()
    globex.log_in(GLOBEX)
    ask(helen)
    (id,) = requests(app)
    for request in (id, "nothing"):
        for open_for in ("hour", "decline"):
            assert answer(globex, request, open_for).status_code == 404
    assert "Helen" not in globex.get(PAGE).text
    assert value(app, Identity.support_until, "globex") is None
    assert answer(abc, id, "hour").status_code == 303


def test_an_individual_governs_the_customers_window_as_far_as_the_role_goes(
    app: Flask, abc: Browser, new_browser: NewBrowser
) -> None:
    john, adam = new_browser(), new_browser()
    john.log_in(JOHN)
    adam.log_in(ADAM)
    assert john.get(PAGE).status_code == 404
    for role, level in (("itlead", "full"), ("accountant", "view")):
        with working(app) as work:
            set_portal_view(work, role, "self-care", {"activity": level})
    assert let_in(adam).status_code == 403
    assert "You can look but not change anything here." in adam.get(PAGE).text
    assert let_in(john, "day").status_code == 303
    assert "Opened by <bdi>John Carter</bdi>" in abc.get(PAGE).text
    (row,) = recorded(app, "support.opened")
    assert (row.actor_id, row.customer_id) == ("john", "abc")


def test_nobody_gives_consent_in_a_visit_and_the_page_points_to_no_place_for_it__IMP_06(
    app: Flask, helen: Browser, abc: Browser
) -> None:
    let_in(abc)
    visit = visit_of(helen.open("abc", "self-care"))
    page = helen.get(f"{visit}{PAGE}").text
    assert "This is never possible while acting for somebody." in page
    assert "Do it in the console" not in page
    for path in ("", "/close", "/mail", "/requests/x"):
        refused = helen.post(f"{visit}{PAGE}{path}", {"open_for": "day"}, page=f"{visit}{PAGE}")
        assert (refused.status_code, refused.headers["X-Error-Code"]) == (403, "impersonation_forbidden")
    assert len(recorded(app, "support.opened")) == 1


def test_of_thirty_who_grant_a_request_at_once_one_wins(app: Flask, helen: Browser, abc: Browser) -> None:
    ask(helen)
    (id,) = requests(app)
    now = clock.now()

    def grant(number: int) -> bool:
        try:
            with working(app) as work:
                support.open_window(work, "abc", "abc", now + timedelta(hours=1 + number), now, id)
        except Stale:
            return False
        return True

    with ThreadPoolExecutor(30) as pool:
        assert sum(pool.map(grant, range(30))) == 1
    assert len(recorded(app, "support.opened")) == 1


def test_of_thirty_who_ask_at_once_for_the_same_administrator_one_is_heard(app: Flask, abc: Browser) -> None:
    def once(_number: int) -> bool:
        try:
            with working(app) as work:
                support.ask(work, "abc", ("helen", "Helen Desk"), "abc", "x", clock.now())
        except Invalid:
            return False
        return True

    with ThreadPoolExecutor(30) as pool:
        assert sum(pool.map(once, range(30))) == 1
    assert letters(app, "abc") == ["support-asked"]


def test_closing_twice_is_told(abc: Browser) -> None:
    let_in(abc)
    assert abc.post(f"{PAGE}/close", page=PAGE).status_code == 303
    again = abc.post(f"{PAGE}/close", page=PAGE)
    assert again.status_code == 409
    assert "Meanwhile it stands otherwise." in again.text


def test_staff_see_how_the_window_stands_and_by_whom_and_have_no_way_to_open_it(
    app: Flask, helen: Browser, abc: Browser
) -> None:
    assert "On consent: none just now" in helen.get("/admin/customers/abc").text
    let_in(abc)
    page = helen.get("/admin/customers/abc").text
    assert "On consent: open until" in page
    assert "by <bdi>ABC Company</bdi>" in page
    assert value(app, Identity.version, "abc") == 1
    form = {"version": "1", "name": "ABC Company", "email": "", "customer_class": "standard", "support_until": ""}
    helen.post("/admin/customers/abc", form)
    assert value(app, Identity.support_until, "abc") is not None


def test_the_customer_is_told_by_mail_of_every_visit_where_it_wants_that__IMP_14(
    app: Flask, helen: Browser, abc: Browser
) -> None:
    set_class(app, "open")
    helen.open("abc", "pbx")
    assert outbox(app) == []
    assert abc.post(f"{PAGE}/mail", {"support_mail": "y"}, page=PAGE).status_code == 303
    helen.open("john", "pbx", view_only="y", reason="Ticket 9")
    helen.open("abc")
    first, second = outbox(app)
    text = text_of(app, first)
    assert (first.letter, first.address) == ("support-access", "abc@example.com")
    for words in ("Helen Desk of", "John Carter", "Cloud PBX", "Assigned role, View only", "Reason: Ticket 9", PAGE):
        assert words in text
    assert "All portals" in text_of(app, second)
    assert "emergency" not in text
    assert abc.post(f"{PAGE}/mail", page=PAGE).status_code == 303
    helen.open("abc")
    assert len(outbox(app)) == 2
    assert [row.details["after"] for row in recorded(app, "support.mail")] == [True, False]


def test_a_file_that_is_imported_leaves_the_window_and_the_mail_as_they_are(
    app: Flask, abc: Browser, tmp_path: Path
) -> None:
    let_in(abc, "day")
    abc.post(f"{PAGE}/mail", {"support_mail": "y"}, page=PAGE)
    before = rows(app, select(*SAID).where(Identity.id == "abc"))
    (tmp_path / "customers.csv").write_text(
        "login,name,customer_class,status,role\nabc,Renamed,Standard,active,owner\nnew,New,Standard,active,owner\n"
    )
    house, importers = house_of(app), cli.importers(app.extensions["portico.registry"])
    run(house.database, house.audit_keys, importers["customers"], tmp_path / "customers.csv")
    assert value(app, Identity.name, "abc") == "Renamed"
    assert rows(app, select(*SAID).where(Identity.id == "abc")) == before
    assert rows(app, select(*SAID).where(Identity.login == "new")) == [(None, None, False)]
