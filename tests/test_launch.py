"""One click: the launch, the landing, visits side by side, and their end."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event, select, update

from gateway import clock
from gateway.access.operations import set_portal_enabled, set_portal_view
from gateway.audit.alarms import Alarm
from gateway.audit.models import AuditEvent
from gateway.identity import operations
from gateway.identity.models import CustomerStatus, Gateway, Identity, Session
from gateway.launch.models import Launch
from gateway.launch.operations import GOOD_FOR
from gateway.tokens import Tokens
from tests.cast import ABC, AUDREY, HELEN, JOHN, PASSWORD, ROOT
from tests.house import Browser, change, form_token, house_of, rows, value, visit_of, working
from tests.second_factor import code, set_up

NewBrowser = Callable[[], Browser]


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


def token_cookie(browser: Browser) -> tuple[str, str]:
    """Return the name and value of the launch cookie in a browser."""
    jar = browser.client._cookies
    return next((cookie.key, cookie.value) for cookie in jar.values() if cookie.key.startswith("launch-"))


def test_one_click_opens_the_portal_at_its_first_page_in_the_customers_role(helen: Browser) -> None:
    path = helen.open("abc", "pbx")
    assert path.endswith("/portals/pbx/overview")
    page = helen.get(path).text
    assert 'id="visit-banner"' in page
    assert "<title>Acting as ABC Company" in page
    assert "Helen Desk" in page


def test_every_address_inside_a_visit_stays_inside_it(helen: Browser) -> None:
    path = helen.open("abc", "pbx")
    visit = visit_of(path)
    page = helen.get(path).text
    assert f'href="{visit}/portals/pbx/calls"' in page
    assert 'href="/portals/' not in page


def test_several_visits_live_side_by_side_and_ending_one_leaves_the_others__SES_10(helen: Browser) -> None:
    abc, globex = helen.open("abc", "pbx"), helen.open("globex", "pbx")
    assert "ABC Company" in helen.get(abc).text
    assert "Globex" in helen.get(globex).text
    ended = helen.post(f"{visit_of(abc)}/end", page=abc)
    assert ended.status_code == 303
    assert ended.location == "/admin/customers/abc"
    assert helen.get(abc).location == "/admin/customers?ended=unknown"
    assert helen.get(globex).status_code == 200
    assert helen.get("/admin/customers").status_code == 200


def test_a_form_of_one_visit_is_refused_in_another__SES_10(helen: Browser) -> None:
    abc, globex = (helen.open(name, "pbx") for name in ("abc", "globex"))
    token = helen.token(abc)
    path = f"{visit_of(globex)}/portals/pbx/configuration/extensions/globex-100"
    form = {"csrf_token": token, "number": "100", "name": "planted", "version": "1"}
    assert helen.client.post(path, data=form).status_code == 400


def test_the_end_leads_back_to_the_page_the_visit_began_on__IMP_08(helen: Browser) -> None:
    path = helen.open("abc", "pbx", next="/admin/customers?q=abc")
    answer = helen.post(f"{visit_of(path)}/end", {"id": "root", "user": "root"}, page=path)
    assert answer.location == "/admin/customers?q=abc"


@pytest.mark.parametrize(
    "evil", ["https://evil.example/", "//evil.example", "/\\evil.example", "/portals/pbx/overview"]
)
def test_a_visit_never_ends_elsewhere__RED_01(helen: Browser, evil: str) -> None:
    path = helen.open("abc", "pbx", next=evil)
    assert helen.post(f"{visit_of(path)}/end", page=path).location == "/admin/customers/abc"


def test_the_same_function_draws_the_menu_and_guards_the_door__IMP_01(helen: Browser) -> None:
    menu = helen.get("/admin/customers/abc/log-in").text
    assert "Your role does not let you use full access." in menu
    refused = helen.launch("abc", "pbx", mode="full")
    assert refused.status_code == 403
    assert "Your role does not let you use full access." in refused.text


def test_audrey_sees_every_choice_disabled_with_the_reason_and_opens_nothing__IMP_01(new_browser: NewBrowser) -> None:
    audrey = new_browser()
    audrey.log_in(AUDREY)
    page = audrey.get("/admin/customers/abc").text
    assert "Your role does not let you act with the assigned role." in page
    assert 'form="launch" name="subject" value="abc"' not in page
    for mode in ("assigned", "full"):
        for view_only in ({}, {"view_only": "y"}):
            answer = audrey.client.post(
                "/admin/launches",
                data={"csrf_token": form_token(page), "subject": "abc", "portal": "pbx", "mode": mode, **view_only},
            )
            assert answer.status_code == 403


def test_root_opens_a_customer_with_the_default_role(root: Browser) -> None:
    page = root.get(root.open("initech")).text
    assert "Cloud PBX" in page
    assert "IoT" in page
    assert root.open("initech", "pbx", mode="full").endswith("/portals/pbx/overview")


def test_full_access_opens_what_the_role_does_not(root: Browser, helen: Browser) -> None:
    assert helen.launch("mark", "iot").status_code == 403
    path = root.open("mark", "iot", mode="full")
    assert root.get(path).status_code == 200
    assert root.get(f"{visit_of(path)}/portals/pbx/finance/invoices").status_code == 200


def test_a_view_only_visit_looks_and_changes_nothing(helen: Browser, app: Flask) -> None:
    path = helen.open("john", "pbx", view_only="y")
    extension = f"{visit_of(path)}/portals/pbx/configuration/extensions/abc-100"
    page = helen.get(extension).text
    assert "You can look but not change anything here." in page
    assert "disabled" in page
    answer = helen.post(extension, {"number": "100", "name": "changed", "version": "1"})
    assert answer.status_code == 403
    assert helen.get(f"{visit_of(path)}/portals/pbx/calls.csv").status_code == 200


def test_nothing_can_be_opened_from_inside_a_visit__IMP_02__IMP_03(helen: Browser) -> None:
    path = helen.open("abc", "pbx")
    for inside in ("admin/customers", "admin/launches", "login", "logout"):
        assert helen.get(f"{visit_of(path)}/{inside}").status_code == 404
    stranger_with_child_cookie = Browser(helen.client.application)
    for cookie in helen.client._cookies.values():
        if cookie.key.startswith("visit-"):
            stranger_with_child_cookie.client.set_cookie(cookie.key, cookie.value)
    assert stranger_with_child_cookie.get("/admin/customers").status_code == 303


@pytest.mark.parametrize(
    ("subject", "values", "reason"),
    [
        ("abc", {"login": None, "login_key": None}, "No login is set"),
        ("abc", {"status": CustomerStatus.CLOSED}, "The customer is closed."),
        ("abc", {"status": CustomerStatus.BLOCKED}, "only view-only is possible"),
        ("john", {"suspended": True}, "only view-only is possible"),
        ("root", {"suspended": False}, "Only customers and their individuals"),
    ],
)
def test_what_cannot_be_opened_is_refused_with_the_reason__IMP_03(
    helen: Browser, app: Flask, subject: str, values: dict[str, Any], reason: str
) -> None:
    change(app, subject, **values)
    token = helen.token("/admin/customers")
    answer = helen.client.post("/admin/launches", data={"csrf_token": token, "subject": subject, "mode": "assigned"})
    assert answer.status_code == 403
    assert reason in answer.text


@pytest.mark.parametrize(
    ("subject", "values"), [("abc", {"status": CustomerStatus.BLOCKED}), ("john", {"suspended": True})]
)
def test_a_fuller_visit_drops_to_view_only_when_its_subject_is_barred(
    helen: Browser, app: Flask, subject: str, values: dict[str, Any]
) -> None:
    path = helen.open(subject, "pbx")
    change(app, subject, **values)
    assert "view only" in helen.get(path).text
    extension = f"{visit_of(path)}/portals/pbx/configuration/extensions/abc-100"
    assert helen.post(extension, {"number": "100", "name": "x", "version": "1"}).status_code == 403


def test_a_launch_is_good_for_one_landing__LT_04(helen: Browser, app: Flask) -> None:
    land = helen.launch("abc", "pbx").location
    name, token = token_cookie(helen)
    assert helen.get(land).status_code == 303
    helen.client.set_cookie(name, token)
    assert helen.get(land).status_code == 403
    assert len(rows(app, select(AuditEvent).where(AuditEvent.event == "launch.replay"))) == 1


def test_a_landing_that_a_rule_refuses_is_no_replay_and_rings_no_bell__LT_14(helen: Browser, app: Flask) -> None:
    land = helen.launch("abc", "pbx").location
    change(app, "abc", status=CustomerStatus.CLOSED)
    assert helen.get(land).status_code == 403
    refused = rows(app, select(AuditEvent.event, AuditEvent.reason).where(AuditEvent.outcome == "refused"))
    assert refused == [("launch.refused", "customer-closed")]
    assert rows(app, select(Alarm.kind)) == []


def test_thirty_landings_of_one_token_at_once_have_one_winner__LT_05(
    helen: Browser, make_app: Callable[..., Flask]
) -> None:
    apps = [make_app(), make_app()]
    land = helen.launch("abc", "pbx").location
    cookies = {cookie.key: cookie.value for cookie in helen.client._cookies.values()}

    def landing(number: int) -> int:
        other = Browser(apps[number % 2])
        for name, kept in cookies.items():
            other.client.set_cookie(name, kept)
        return int(other.get(land).status_code)

    with ThreadPoolExecutor(30) as pool:
        answers = list(pool.map(landing, range(30)))
    assert sorted(answers) == [303] + [403] * 29


def test_a_changed_token_is_refused_and_consumes_nothing__LT_01(helen: Browser) -> None:
    land = helen.launch("abc", "pbx").location
    name, token = token_cookie(helen)
    wrong = [token[:-1] + ("A" if token[-1] not in "ABCD" else "w"), token[:-3], "../../x", "' or 1=1", "x" * 4000]
    for position in range(0, len(token) - 1, 7):
        wrong.append(token[:position] + ("a" if token[position] != "a" else "b") + token[position + 1 :])
    for spoiled in wrong:
        helen.client.set_cookie(name, spoiled)
        answer = helen.get(land)
        if answer.status_code == 303:
            pytest.fail(f"{spoiled!r} landed for {token!r}")
    helen.client.set_cookie(name, token)
    assert helen.get(land).status_code == 303


def test_other_encodings_of_a_token_are_the_same_token__LT_06(helen: Browser) -> None:
    for first, second in ((str, "{}=".format), ("{}=".format, str)):
        land = helen.launch("abc", "pbx").location
        name, token = token_cookie(helen)
        helen.client.set_cookie(name, first(token))
        assert helen.get(land).status_code == 303
        helen.client.set_cookie(name, second(token))
        assert helen.get(land).status_code == 403


def test_a_launch_lands_within_a_minute_and_no_later__LT_03(helen: Browser, app: Flask) -> None:
    for seconds, status in ((58, 303), (62, 403)):
        land = helen.launch("abc", "pbx").location
        with working(app) as work:
            work.execute(
                update(Launch)
                .where(Launch.handle == land.split("/")[2])
                .values(created_at=Launch.created_at, expires_at=clock.now() + timedelta(seconds=60 - seconds))
            )
        assert helen.get(land).status_code == status


def test_landing_needs_the_live_log_in_of_whoever_launched__LT_09(
    helen: Browser, root: Browser, new_browser: NewBrowser
) -> None:
    land = helen.launch("abc", "pbx").location
    name, token = token_cookie(helen)
    for other in (new_browser(), root):
        other.client.set_cookie(name, token)
        assert other.get(land).status_code == 403
    assert helen.get(land).status_code == 303


def test_looking_at_the_landing_address_consumes_nothing__LT_11(helen: Browser) -> None:
    land = helen.launch("abc", "pbx").location
    helen.client.head(land)
    helen.client.options(land)
    helen.get(land, headers={"Sec-Purpose": "prefetch"})
    assert helen.get(land).status_code == 303


def test_the_token_is_in_no_address_and_no_page_and_its_cookie_is_strict__LT_11__CK_01(helen: Browser) -> None:
    answer = helen.launch("abc", "pbx")
    name, token = token_cookie(helen)
    cookie = next(line for line in answer.headers.getlist("Set-Cookie") if line.startswith(name))
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert token not in answer.location
    assert token not in answer.text


def test_a_launch_cannot_be_started_from_another_site__LT_10__CSRF_04(helen: Browser) -> None:
    for headers in ({"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}):
        token = helen.token("/admin/customers")
        form = {"csrf_token": token, "subject": "abc", "portal": "pbx"}
        assert helen.client.post("/admin/launches", data=form, headers=headers).status_code == 403


@pytest.mark.parametrize("happened", ["log out", "suspend", "close", "unlink", "switch off"])
def test_everything_is_asked_again_at_the_landing__LT_14__IMP_10(helen: Browser, app: Flask, happened: str) -> None:
    land = helen.launch("abc", "pbx").location
    name, token = token_cookie(helen)
    if happened == "log out":
        helen.post("/admin/logout", page="/admin/customers")
    with working(app) as work:
        if happened == "suspend":
            operations.suspend(work, "helen", clock.now(), suspended=True)
        if happened == "close":
            operations.set_customer_status(work, "abc", CustomerStatus.CLOSED, clock.now())
        if happened == "unlink":
            set_portal_view(work, "owner", "pbx", {})
        if happened == "switch off":
            set_portal_enabled(work, "pbx", enabled=False)
    helen.client.set_cookie(name, token)
    assert helen.get(land).status_code == 403


def test_suspending_or_logging_out_the_administrator_ends_visits_at_the_next_request__IMP_10(
    helen: Browser, root: Browser, app: Flask
) -> None:
    path = helen.open("abc", "pbx")
    with working(app) as work:
        operations.suspend(work, "helen", clock.now(), suspended=True)
    assert helen.get(path).location == "/admin/login"
    mine = root.open("abc", "pbx")
    root.post("/admin/logout", page="/admin/customers")
    assert root.get(mine).location == "/admin/login"


def test_losing_the_right_ends_the_visit_and_the_console_says_why__IMP_10(helen: Browser, app: Flask) -> None:
    path = helen.open("john", "pbx")
    with working(app) as work:
        set_portal_view(work, "helpdesk", "console", {"customers": "full", "open.assigned": "full"})
    answer = helen.get(path)
    assert answer.location == "/admin/customers?ended=individual-not-allowed"
    assert "Your role does not let you act as an individual." in helen.get(answer.location).text


def test_closing_the_customer_ends_the_visit(helen: Browser, app: Flask) -> None:
    path = helen.open("abc", "pbx")
    change(app, "abc", status=CustomerStatus.CLOSED)
    assert helen.get(path).location == "/admin/customers?ended=customer-closed"


@pytest.mark.parametrize(("minutes", "idle", "why"), [(61, 0, "absolute"), (30, 21, "idle")])
def test_a_visit_ends_after_twenty_idle_minutes_and_an_hour_at_most__IMP_12(
    helen: Browser, app: Flask, minutes: int, idle: int, why: str
) -> None:
    path = helen.open("abc", "pbx")
    now = clock.now()
    with working(app) as work:
        work.execute(
            update(Session)
            .where(Session.handle == path.split("/")[2])
            .values(started_at=now - timedelta(minutes=minutes), last_seen_at=now - timedelta(minutes=idle))
        )
    assert helen.get(path).location == f"/admin/customers?ended={why}"


def test_work_in_a_visit_keeps_the_administrators_session_from_idling_out(helen: Browser, app: Flask) -> None:
    path = helen.open("abc", "pbx")
    earlier = clock.now() - timedelta(minutes=15)
    with working(app) as work:
        work.execute(update(Session).values(last_seen_at=earlier))
    assert helen.get(path).status_code == 200
    assert min(row[0] for row in rows(app, select(Session.last_seen_at))) > earlier


def test_a_visit_leaves_no_mark_on_the_customer__IMP_07__IMP_09(
    helen: Browser, new_browser: NewBrowser, app: Flask
) -> None:
    before = rows(app, select(Identity.__table__).where(Identity.id == "abc"))
    abc = new_browser()
    for _ in range(3):
        helen.get(helen.open("abc", "pbx"))
    assert rows(app, select(Identity.__table__).where(Identity.id == "abc")) == before
    abc.log_in(ABC)
    page = abc.get("/portals/self-care/security").text
    assert page.count("Last used") == 1
    assert 'id="visit-banner"' not in page
    assert abc.post("/end", page="/portals/self-care/security").status_code == 404


def test_another_administrator_cannot_end_a_visit__IMP_09(helen: Browser, root: Browser) -> None:
    path = helen.open("abc", "pbx")
    token = root.token("/admin/customers")
    assert root.client.post(f"{visit_of(path)}/end", data={"csrf_token": token}).status_code == 400
    assert helen.get(path).status_code == 200


def test_the_end_works_when_the_customer_is_blocked_or_must_change_the_password__IMP_08(
    helen: Browser, app: Flask
) -> None:
    path = helen.open("abc", "pbx")
    token = helen.token(path)
    change(app, "abc", status=CustomerStatus.CLOSED, password_must_change=True)
    answer = helen.client.post(f"{visit_of(path)}/end", data={"csrf_token": token})
    assert answer.location == "/admin/customers/abc"


def test_a_forced_password_change_of_the_customer_does_not_stand_in_the_way__IMP_07(helen: Browser, app: Flask) -> None:
    change(app, "abc", password_must_change=True)
    assert helen.get(helen.open("abc", "pbx")).status_code == 200
    assert value(app, Identity.password_must_change, "abc") is True


def test_never_while_acting_is_refused_route_by_route__IMP_06(root: Browser, app: Flask) -> None:
    path = root.open("abc", "self-care", mode="full")
    visit = visit_of(path)
    page = f"{visit}/portals/self-care/security"
    assert root.get(page).status_code == 200
    assert "Do it in the console, under your own name." in root.get(page).text
    token = root.token(page)
    changing = [
        rule.rule.replace("<id>", "0000")
        for rule in app.url_map.iter_rules()
        if rule.endpoint.startswith("self_care.") and "POST" in (rule.methods or ())
        # Preferences are not on the list of what is never done while acting.
        if rule.endpoint != "self_care.save_preferences"
    ]
    assert len(changing) >= 2
    for target in changing:
        answer = root.client.post(f"{visit}{target}", data={"csrf_token": token})
        assert answer.status_code == 403
        assert answer.headers["X-Error-Code"] == "impersonation_forbidden"
    assert len(rows(app, select(AuditEvent).where(AuditEvent.reason == "impersonation_forbidden"))) == len(changing)


def test_both_names_stand_on_every_line_of_the_record__IMP_11(helen: Browser, app: Flask) -> None:
    path = helen.open("john", "pbx")
    extension = f"{visit_of(path)}/portals/pbx/configuration/extensions/abc-100"
    assert helen.post(extension, {"number": "100", "name": "By Helen", "version": "1"}).status_code == 303
    found = rows(app, select(AuditEvent.__table__).where(AuditEvent.event == "pbx.extension.changed"))[0]
    assert (found.actor_id, found.subject_id, found.customer_id, found.portal, found.mode) == (
        "helen",
        "john",
        "abc",
        "pbx",
        "assigned",
    )
    assert found.launch_id is not None
    assert found.details["after"] == {"name": "By Helen"}


def test_the_banner_stands_on_error_pages_of_a_visit_too__IMP_05(helen: Browser) -> None:
    path = helen.open("adam", "pbx")
    missing = helen.get(f"{visit_of(path)}/portals/pbx/configuration/extensions")
    assert missing.status_code == 404
    assert 'id="visit-banner"' in missing.text


def test_the_twenty_first_visit_is_refused_with_the_reason(helen: Browser) -> None:
    for _ in range(20):
        helen.open("abc", "pbx")
    answer = helen.launch("abc", "pbx")
    assert answer.status_code == 403
    assert "20 visits" in answer.text


def test_a_launch_never_touches_the_customers_own_session_in_the_same_browser__LT_10(helen: Browser) -> None:
    helen.log_in(JOHN)
    helen.open("globex", "pbx")
    assert "John Carter" in helen.get("/").text


def test_a_launch_is_one_transaction_and_so_is_the_landing(helen: Browser, app: Flask) -> None:
    commits: list[int] = []
    event.listen(house_of(app).database.write_engine, "commit", lambda _connection: commits.append(1))
    helen.open("abc", "pbx")
    assert len(commits) == 2


def test_the_cookies_of_visits_that_are_over_are_taken_back_at_the_next_click(helen: Browser, app: Flask) -> None:
    over, live = helen.open("abc", "pbx"), helen.open("globex", "pbx")
    with working(app) as work:
        earlier = clock.now() - timedelta(minutes=30)
        work.execute(update(Session).where(Session.handle == over.split("/")[2]).values(last_seen_at=earlier))
    helen.open("initech", "pbx")
    kept = {cookie.key for cookie in helen.client._cookies.values() if cookie.key.startswith("visit-")}
    assert f"visit-{over.split('/')[2]}" not in kept
    assert f"visit-{live.split('/')[2]}" in kept


def test_a_token_of_another_kind_is_no_launch__LT_02(helen: Browser, app: Flask) -> None:
    land = helen.launch("abc", "pbx").location
    name, token = token_cookie(helen)
    form = helen.token("/admin/customers")
    for other in (
        form,
        Tokens(house_of(app).settings.derived_keys("form"), "launch", GOOD_FOR).sign("x"),
        token.split(".")[0],
    ):
        helen.client.set_cookie(name, other)
        assert helen.get(land).status_code == 403
    helen.client.set_cookie(name, token)
    assert helen.get(land).status_code == 303


def test_keys_rotate_without_losing_launches_on_the_way__LT_12(
    new_browser: NewBrowser, make_app: Callable[..., Flask]
) -> None:
    old, new = "o1d-Key-for-these-tests-0000-abcdefgh", "n3w-Key-for-these-tests-1111-ijklmnop"
    apps = {keys: Browser(make_app(secret_keys=keys)) for keys in ((old,), (new, old), (new,))}
    for made_with, landed_with, status in (
        ((old,), (new, old), 303),
        ((new, old), (new,), 303),
        ((new, old), (old,), 403),
        ((old,), (new,), 403),
    ):
        clicking, landing = apps[made_with], apps[landed_with]
        clicking.client._cookies.clear()
        clicking.log_in(HELEN)
        land = clicking.launch("abc", "pbx").location
        landing.client._cookies = dict(clicking.client._cookies)
        assert landing.get(land).status_code == status, (made_with, landed_with)


def test_clocks_that_differ_by_seconds_do_not_matter_and_tokens_from_the_future_do__LT_13(app: Flask) -> None:
    signing = Tokens(house_of(app).settings.derived_keys("launch"), "launch", GOOD_FOR)
    token, now = signing.sign("x"), clock.now()
    assert signing.read(token, now - timedelta(seconds=5)) == "x"
    assert signing.read(token, now + timedelta(seconds=5)) == "x"
    assert signing.read(token, now - timedelta(seconds=90)) is None
    assert signing.read(token, now + timedelta(seconds=90)) is None


def test_the_picker_too_is_offered_in_the_role_or_with_full_access(root: Browser, helen: Browser) -> None:
    menu = root.get("/admin/customers/john/log-in").text
    assert "All portals" in menu
    assert root.get(root.open("mark")).text.count('class="tile"') == 2
    assert root.get(root.open("mark", mode="full")).text.count('class="tile"') == 3
    assert helen.launch("mark", mode="full").status_code == 403


def test_where_the_gateway_asks_for_a_second_factor_nothing_opens_without__IMP_04(helen: Browser, app: Flask) -> None:
    visit = helen.open("abc", "pbx")
    land = helen.launch("globex", "pbx").location
    with working(app) as work:
        work.execute(update(Gateway).values(admin_second_factor=True, version=Gateway.version + 1))
    refused = helen.launch("abc", "pbx")
    assert refused.status_code == 403
    assert "asks for your second factor" in refused.text
    assert helen.get(land).status_code == 403
    assert "asks for your second factor" in helen.get("/admin/customers/abc/log-in").text
    assert helen.get(visit).status_code == 200
    key, _codes = set_up(helen, "/admin/security/second-factor")
    assert helen.post("/admin/reauthenticate", {"password": PASSWORD, "code": code(key)}).status_code == 303
    helen.open("abc", "pbx")
