"""The self-care panel: saved whole or not at all, with what changed on the record, and nothing false on the page."""

import html
import json
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from flask import Flask, g
from sqlalchemy import select, update

from gateway import clock
from gateway.access import panel
from gateway.access.importer import IMPORTERS
from gateway.access.models import AllowedRole
from gateway.audit.models import AuditEvent
from gateway.errors import Stale
from gateway.identity import passwords
from gateway.identity.models import CustomerClass, Identity, TrustedNetwork
from gateway.identity.password_rules import Rules, offered_password, password_faults
from gateway.importing import run
from tests.cast import ABC, AUDREY, JOHN, PASSWORD, ROOT, Member
from tests.house import Browser, change, house_of, rows, value, working

NewBrowser = Callable[[], Browser]
CUSTOMER = "/admin/customers/abc/self-care"
INDIVIDUAL = "/admin/customers/abc/individuals/john/self-care"
NEW = "a fresh pass phrase of staff"


@pytest.fixture
def root(new_browser: NewBrowser) -> Browser:
    """Root, logged in."""
    found = new_browser()
    found.log_in(ROOT)
    return found


def typed(page: str) -> dict[str, str]:
    """Return what a browser would send of a page as it stands."""
    main = page.split('<main id="main"')[1]
    found = {
        name: html.unescape(text) for name, text in re.findall(r'<input[^>]* name="(\w+)"[^>]* value="([^"]*)"', main)
    }
    for name in re.findall(r'<input[^>]*? name="(\w+)"[^>]*? type="checkbox"', main):
        found.pop(name, None)
    for box in re.findall(r"<input checked[^>]*>", main):
        found[re.findall(r'name="(\w+)"', box)[0]] = "y"
    for name, inner in re.findall(r'<select[^>]* name="(\w+)"[^>]*>(.*?)</select>', main, re.S):
        found[name] = (re.findall(r'<option selected value="([^"]*)"', inner) or [""])[0]
    for name, inner in re.findall(r'<textarea[^>]* name="(\w+)"[^>]*>\r?\n?(.*?)</textarea>', main, re.S):
        found[name] = html.unescape(inner)
    return {"password": "", **found}


def save(browser: Browser, path: str = CUSTOMER, **fields: str | None) -> Any:
    """Open the panel, change fields (None: leave one out) and save."""
    form = {**typed(browser.get(path).text), **fields}
    return browser.client.post(path, data={name: text for name, text in form.items() if text is not None})


def events(app: Flask) -> list[dict[str, Any]]:
    """Return the details of changed access."""
    statement = select(AuditEvent.details).where(AuditEvent.event == "access.changed").order_by(AuditEvent.seq)
    return [row.details for row in rows(app, statement)]


def test_a_page_that_is_saved_as_it_stands_changes_nothing(app: Flask, root: Browser) -> None:
    for path in (CUSTOMER, INDIVIDUAL):
        before = rows(app, select(Identity.__table__).order_by(Identity.id))
        assert save(root, path).location == f"{path}?done=saved"
        assert rows(app, select(Identity.__table__).order_by(Identity.id)) == before
    assert events(app) == []


def test_everything_is_saved_at_once_and_one_row_names_what_changed(app: Flask, root: Browser) -> None:
    given = {
        "login": "abc.company",
        "second_factor": "no",
        "trusted_networks": "10.0.0.9/24; 127.0.0.1",
        "api_access": "y",
        "role": "itlead",
        "time_zone": "europe/prague",
        "language": "en",
        "output_date_format": "DD.MM.YYYY",
        "output_time_format": "HH24:MI",
        "input_date_format": "DD.MM.YYYY",
        "input_time_format": "HH24:MI",
        "password": NEW,
    }
    assert save(root, **given).status_code == 303
    stored = rows(app, select(Identity.__table__).where(Identity.id == "abc"))[0]
    assert (stored.login, stored.login_key, stored.role_id, stored.time_zone) == (
        *("abc.company", "abc.company", "itlead", "Europe/Prague"),
    )
    assert stored.password_must_change is True
    assert passwords.matches(stored.password_hash, NEW)
    [row] = rows(app, select(AuditEvent.__table__).where(AuditEvent.event == "access.changed"))
    assert (row.actor_id, row.subject_id, row.customer_id) == ("root", "abc", "abc")
    assert row.details["before"]["role_id"] == "owner"
    assert row.details["before"]["trusted_networks"] == []
    assert row.details["after"]["trusted_networks"] == ["10.0.0.0/24", "127.0.0.1"]
    assert row.details["after"]["password"] == "changed"
    assert NEW not in json.dumps(row.details)
    assert stored.password_hash not in json.dumps(row.details)
    page = root.get(CUSTOMER).text
    assert "10.0.0.0/24;\n127.0.0.1;</textarea>" in page
    assert NEW not in page


REFUSED = [
    ("login", "two words", "no spaces"),
    ("login", "trailing ", "no spaces"),
    ("login", "zero\u200bwidth", "no spaces"),
    ("login", "bidi\u202e", "no spaces"),
    ("login", "x" * 65, "at most 64"),
    ("login", "\u0430bcd", "one script"),
    ("login", "\u0430\u0441\u0435", "looks like"),
    ("login", "GLOBEX", "taken"),
    ("login", "\uff47lobex", "taken"),
    ("login", "john", "taken"),
    ("password", "brief", "at least 15"),
    ("password", "abc has a login in it", "must not contain the login"),
    ("password", "x" * 257, "at most 256 characters"),
    ("second_factor", "maybe", "Not a valid choice"),
    ("trusted_networks", "10.0.0.1;\nnonsense;", "Line 2: \u201cnonsense\u201d is no network"),
    ("role", "helpdesk", "Choose a role"),
    ("role", "default-admin", "Choose a role"),
    ("role", "nobody", "Choose a role"),
    ("time_zone", "Mars/Olympus", "no such time zone"),
    ("time_zone", "../../etc/passwd", "no such time zone"),
    ("time_zone", "Factory", "no such time zone"),
    ("language", "tlh", "Not a valid choice"),
    ("output_date_format", "QQQ", "not understood"),
    ("output_date_format", "DD/DD", "says again"),
    ("output_date_format", "DD\u200bMM", "no control characters"),
    ("output_time_format", "HH12:MI", "HH12 needs"),
    ("input_date_format", "DD.MM.YY", "year in full"),
    ("input_date_format", "DD.MM", "day, the month and the year"),
    ("input_time_format", "x" * 65, "1 to 64 characters"),
    ("version", "1e3", "Enter a whole number"),
]


@pytest.mark.parametrize(("name", "text", "message"), REFUSED)
def test_what_cannot_be_is_said_beside_its_field_and_what_was_typed_stays__INP_02__INP_03__UNI_02(
    app: Flask, root: Browser, name: str, text: str, message: str
) -> None:
    before = rows(app, select(Identity.__table__).order_by(Identity.id))
    others = {"output_time_format": "HH24.MI.SS"} if name != "output_time_format" else {}
    answer = save(root, **{"password": NEW, **others, name: text})
    assert answer.status_code == 422
    if name != "version":
        said = html.unescape(answer.text.split(f'id="{name}-errors"')[1].split("</ul>")[0])
        assert message in said
    for kept in (*others.values(), *((text,) if name in ("login", "time_zone", "trusted_networks") else ())):
        assert kept in html.unescape(answer.text)
    assert NEW not in answer.text
    assert name != "password" or text not in answer.text
    assert rows(app, select(Identity.__table__).order_by(Identity.id)) == before
    assert events(app) == []


@pytest.mark.parametrize("role", ["owner", "default-selfcare", "helpdesk", ""])
def test_an_individual_gets_allowed_roles_only__ROL_02(app: Flask, root: Browser, role: str) -> None:
    assert save(root, INDIVIDUAL, role=role).status_code == 422
    assert value(app, Identity.role_id, "john") == "itlead"
    assert save(root, INDIVIDUAL, role="accountant").status_code == 303
    assert value(app, Identity.role_id, "john") == "accountant"


def test_an_empty_role_of_a_customer_is_the_default_role_written_down(app: Flask, root: Browser) -> None:
    assert save(root, role="").status_code == 303
    assert value(app, Identity.role_id, "abc") == "default-selfcare"


def test_a_customer_without_a_role_is_given_none_by_saving_the_page(app: Flask, root: Browser) -> None:
    change(app, "abc", role_id=None)
    assert "No role: no rights" in root.get(CUSTOMER).text
    assert save(root, time_zone="Asia/Tokyo").status_code == 303
    assert value(app, Identity.role_id, "abc") is None


def test_a_role_that_is_not_allowed_any_more_stays_until_another_is_chosen(app: Flask, root: Browser) -> None:
    with working(app) as work:
        work.delete(work.get(AllowedRole, ("abc", "itlead")))
    page = root.get(INDIVIDUAL).text
    assert "itlead (not allowed any more)" in page
    assert "This role opens no portal" in page
    assert save(root, INDIVIDUAL, time_zone="Asia/Tokyo").status_code == 303
    assert value(app, Identity.role_id, "john") == "itlead"


@pytest.mark.parametrize(
    "path",
    [
        "/admin/customers/john/self-care",
        "/admin/customers/root/self-care",
        "/admin/customers/nobody/self-care",
        "/admin/customers/abc/individuals/eve/self-care",
        "/admin/customers/globex/individuals/john/self-care",
        "/admin/customers/abc/individuals/abc/self-care",
        "/admin/customers/abc/individuals/root/self-care",
    ],
)
def test_an_address_that_fits_nobody_is_not_found__IDOR_01(root: Browser, path: str) -> None:
    assert root.get(path).status_code == 404
    assert root.post(path, {"login": "x"}, page=CUSTOMER).status_code == 404


def test_whoever_may_only_look_sees_everything_disabled_and_no_password(new_browser: NewBrowser) -> None:
    audrey = new_browser()
    audrey.log_in(AUDREY)
    page = audrey.get(CUSTOMER).text
    fields = re.findall(r"<(?:input|select|textarea)[^>]*>", page.split('<form method="post" class="stack"')[1])
    assert [tag for tag in fields if "hidden" not in tag and "disabled" not in tag] == []
    assert 'id="offered"' not in page
    assert audrey.post(CUSTOMER, {"login": "x"}, page="/admin/customers").status_code == 403


@pytest.mark.parametrize("box", ["y", None])
def test_a_password_of_staff_ends_sessions_and_must_be_changed_unless_the_box_is_cleared__PWD_05__SES_05(
    app: Flask, root: Browser, new_browser: NewBrowser, box: str | None
) -> None:
    john = new_browser()
    john.log_in(JOHN)
    assert save(root, INDIVIDUAL, password=NEW, password_must_change=box).status_code == 303
    assert john.get("/portals/self-care/profile").status_code == 303
    assert john.log_in(JOHN, PASSWORD).status_code == 422
    assert john.log_in(JOHN, NEW).location.startswith("/login/password" if box else "/")
    assert (john.get("/portals/self-care/profile").status_code == 200) is (box is None)


def test_a_password_of_staff_that_nobody_used_is_good_for_three_days__PWD_05(
    root: Browser, new_browser: NewBrowser
) -> None:
    save(root, INDIVIDUAL, password=NEW)
    with time_machine.travel(clock.now() + timedelta(hours=71), tick=True):
        assert new_browser().log_in(JOHN, NEW).status_code == 303
    with time_machine.travel(clock.now() + timedelta(hours=73), tick=True):
        assert new_browser().log_in(JOHN, NEW).status_code == 422


def test_an_empty_password_leaves_password_sessions_and_what_is_due_alone(
    app: Flask, root: Browser, new_browser: NewBrowser
) -> None:
    john = new_browser()
    john.log_in(JOHN)
    assert save(root, INDIVIDUAL, password="", password_must_change="y", login="johnny").status_code == 303
    assert john.get("/portals/self-care/profile").status_code == 200
    assert value(app, Identity.password_must_change, "john") is False
    assert new_browser().log_in(Member("johnny", "/login")).status_code == 303


def test_hashing_is_done_before_the_transaction_opens(root: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []

    def watching(password: str, hashed: Any = passwords.hashed) -> Any:
        seen.append("writer" in g and g.writer.in_transaction())
        return hashed(password)

    monkeypatch.setattr(passwords, "hashed", watching)
    assert save(root, password=NEW).status_code == 303
    assert seen == [False]


def test_every_offered_password_is_good_and_another__PWD_05(root: Browser) -> None:
    made = [offered_password(Rules(15, "abcd", ("abcd",))) for _ in range(1000)]
    assert len(set(made)) == 1000
    assert {len(password) for password in made} == {20}
    assert len(offered_password(Rules(40))) == 40
    assert not any(password_faults(password, password, Rules(15, "abcd", ("abcd",))) for password in made)
    offered = [re.findall(r'id="offered"[^>]*>(\w+)<', root.get(CUSTOMER).text)[0] for _ in range(2)]
    assert offered[0] != offered[1]


def test_a_class_says_how_long_a_password_is_and_how_long_it_lasts__PWD_01(
    app: Flask, root: Browser, new_browser: NewBrowser
) -> None:
    with working(app) as work:
        work.execute(update(CustomerClass).values(password_shortest=30, password_days=90))
    assert "Use at least 30 characters." in save(root, password="seldom read almanacs").text
    assert save(root, password="seldom read almanacs forty one", password_must_change=None).status_code == 303
    abc = new_browser()
    with time_machine.travel(clock.now() + timedelta(days=89), tick=True):
        assert abc.log_in(ABC, "seldom read almanacs forty one").location == "/"
        assert "At least 30 characters" in abc.get("/portals/self-care/security").text
    with time_machine.travel(clock.now() + timedelta(days=91), tick=True):
        assert abc.log_in(ABC, "seldom read almanacs forty one").location.startswith("/login/password")
        assert "At least 30 characters" in abc.get("/login/password").text


def test_no_login_ends_access_and_says_so(app: Flask, root: Browser, new_browser: NewBrowser) -> None:
    john = new_browser()
    john.log_in(JOHN)
    assert save(root, INDIVIDUAL, login="").status_code == 303
    assert "Without a login there is no self-care access" in root.get(f"{INDIVIDUAL}?done=saved").text
    assert john.get("/portals/self-care/profile").status_code == 303
    assert root.launch("john").status_code == 403
    assert save(root, INDIVIDUAL, login="John").status_code == 303
    assert value(app, Identity.login_key, "john") == "john"


def test_entries_that_stay_keep_author_note_and_expiry__TIP_01(app: Flask, root: Browser) -> None:
    save(root, trusted_networks="10.0.0.1;\n10.0.0.2;")
    until = clock.now() + timedelta(hours=1)
    with working(app) as work:
        work.execute(
            update(TrustedNetwork)
            .where(TrustedNetwork.network == "10.0.0.2")
            .values(note="Until the move", author_id="helen", expires_at=until)
        )
    save(root, trusted_networks="10.0.0.3;\n10.0.0.2/32;")
    kept = rows(app, select(TrustedNetwork.__table__).order_by(TrustedNetwork.position))
    assert [(row.network, row.note, row.author_id) for row in kept] == [
        ("10.0.0.3", None, "root"),
        ("10.0.0.2", "Until the move", "helen"),
    ]
    assert isinstance(kept[1].expires_at, datetime)
    page = root.get(CUSTOMER).text
    assert "Until the move" in page
    assert "Helen Desk" in page


def test_sessions_that_come_from_elsewhere_are_listed(root: Browser, new_browser: NewBrowser) -> None:
    abc, john = new_browser(), new_browser()
    abc.log_in(ABC)
    john.log_in(JOHN)
    save(root, trusted_networks="10.0.0.1;")
    page = root.get(CUSTOMER).text
    assert "2 live sessions are from addresses that this list does not let in" in page
    save(root, INDIVIDUAL, trusted_networks="127.0.0.0/8;")
    assert "1 live session is from an address" in root.get(CUSTOMER).text
    assert "is live" not in root.get(INDIVIDUAL).text
    save(root, trusted_networks="")
    assert "is live" not in root.get(CUSTOMER).text


def test_a_role_that_opens_nothing_and_a_missing_second_factor_are_said(app: Flask, root: Browser) -> None:
    assert "opens no portal" not in root.get(CUSTOMER).text
    save(root, second_factor="yes", role="owner")
    assert "No second factor is set up yet" in root.get(CUSTOMER).text
    change(app, "abc", role_id="helpdesk")
    assert "This role opens no portal" in root.get(CUSTOMER).text


def test_who_comes_second_sees_what_changed_and_keeps_what_they_typed(app: Flask, root: Browser) -> None:
    second = typed(root.get(CUSTOMER).text)
    assert save(root, time_zone="Asia/Tokyo", trusted_networks="10.0.0.1;").status_code == 303
    answer = root.client.post(CUSTOMER, data={**second, "output_date_format": "MON-DD-YY", "password": NEW})
    assert answer.status_code == 409
    said = answer.text.split('id="meanwhile"')[1].split("</section>")[0]
    assert "Asia/Tokyo" in said
    assert "10.0.0.1;" in said
    assert "Dates are shown as" not in said
    assert NEW not in answer.text
    assert value(app, Identity.output_date_format, "abc") is None
    third = typed(answer.text)
    assert third["output_date_format"] == "MON-DD-YY"
    assert third["time_zone"] == "Asia/Tokyo"
    assert root.client.post(CUSTOMER, data=third).status_code == 303
    assert value(app, Identity.output_date_format, "abc") == "MON-DD-YY"
    assert value(app, Identity.time_zone, "abc") == "Asia/Tokyo"
    assert len(events(app)) == 2


def test_a_stale_page_without_what_it_showed_still_tells_the_difference(root: Browser) -> None:
    answer = save(root, version="77", shown="nonsense", login="someone")
    assert answer.status_code == 409
    said = answer.text.split('id="meanwhile"')[1].split("</section>")[0]
    assert "Login" in said
    assert 'value="someone"' in answer.text


def test_of_eight_who_save_at_once_one_wins(app: Flask) -> None:
    def attempt(number: int) -> bool:
        try:
            with working(app) as work:
                panel.save(work, "abc", 1, {"output_date_format": f"DD.MM.YYYY{number}"}, clock.now())
        except Stale:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(attempt, range(8))) == 1
    assert value(app, Identity.version, "abc") == 2
    assert len(events(app)) == 1


def test_patterns_are_shown_as_they_are_typed(root: Browser) -> None:
    asked = {
        "output_date_format": "D MONTH YYYY",
        "output_time_format": "HH12:MI",
        "input_date_format": "YYYY/MM/DD",
        "input_time_format": "HH24.MI",
        "time_zone": "Asia/Tokyo",
        "language": "de",
    }
    with time_machine.travel("2026-03-11T20:05:00Z", tick=False):
        part = root.get("/admin/formats", query_string=asked).text
    assert "<html" not in part
    for text in ("12 März 2026", "HH12 needs AM, PM or AM/PM beside it.", "2026/03/12", "05.05"):
        assert text in part


def test_networks_come_in_by_csv_and_are_left_alone_by_a_file_without_them(app: Flask, tmp_path: Path) -> None:
    importer = {kind.name: kind for kind in IMPORTERS}["customers"]
    path = tmp_path / "customers.csv"

    def load(columns: str, row: str) -> list[str]:
        path.write_text(f"login,name,customer_class,role{columns}\nabc,ABC Company,Standard,owner{row}\n")
        run(house_of(app).database, house_of(app).audit_keys, importer, path)
        return [row.network for row in rows(app, select(TrustedNetwork.network).order_by(TrustedNetwork.position))]

    assert load(",trusted_networks", ',"10.0.0.1; 192.168.192.1/24"') == ["10.0.0.1", "192.168.192.0/24"]
    assert value(app, Identity.version, "abc") in (1, 2)
    assert load("", "") == ["10.0.0.1", "192.168.192.0/24"]
    assert load(",trusted_networks", ",") == []
