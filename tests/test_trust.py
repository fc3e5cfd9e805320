"""Trusted networks at work: at every door and request, looked after by staff and by oneself."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from flask import Flask
from sqlalchemy import select, update

from gateway import clock
from gateway.audit.models import AuditEvent
from gateway.identity import networks
from gateway.identity.models import Identity, NetworkList, TrustedNetwork
from tests.cast import ABC, AUDREY, EVE, HELEN, JOHN, PASSWORD, ROOT, Member
from tests.house import Browser, change, counting, form_token, rows, value, visit_of, working

NewBrowser = Callable[[], Browser]
INSIDE, OUTSIDE = "10.0.0.7", "203.0.113.7"
OWN = "/portals/self-care/security/networks"
SENTENCE = "The login or the password is wrong, or this access is not active."


def trust(app: Flask, identity: str, which: NetworkList, *listed: str) -> None:
    """Put networks on somebody's list."""
    with working(app) as work:
        networks.save(work, identity, which, listed, None, clock.now())


def browser_at(app: Flask, address: str, member: Member | None = None) -> Browser:
    """Return a browser at an address, with somebody logged in."""
    found = Browser(app, REMOTE_ADDR=address)
    if member:
        assert found.log_in(member).status_code == 303
    return found


def move(browser: Browser, address: str) -> Browser:
    """Take a browser to another address."""
    browser.client.environ_base["REMOTE_ADDR"] = address
    return browser


def refusals(app: Flask, event: str) -> list[tuple[str | None, str | None]]:
    """Return reason and subject of what was refused."""
    found = select(AuditEvent).where(AuditEvent.event == event).order_by(AuditEvent.seq)
    return [(row.reason, row.subject_id) for row in rows(app, found)]


@pytest.mark.parametrize("which", NetworkList)
@pytest.mark.parametrize(("member", "page"), [(ABC, "/portals/self-care/profile"), (ROOT, "/admin/customers")])
def test_from_outside_a_log_in_looks_like_a_wrong_password__TIP_07(
    app: Flask, member: Member, page: str, which: NetworkList
) -> None:
    trust(app, member.login, which, "10.0.0.0/8")
    refused = browser_at(app, OUTSIDE).log_in(member)
    assert refused.status_code == 422
    assert SENTENCE in refused.text
    assert "network" not in refused.text.lower().replace("trusted networks", "")
    assert refusals(app, "login.refused") == [("network", member.login)]
    assert browser_at(app, INSIDE, member).get(page).status_code == 200


@pytest.mark.parametrize(("member", "page"), [(JOHN, "/portals/self-care/profile"), (HELEN, "/admin/customers")])
def test_a_session_is_worth_nothing_outside_and_what_was_tried_is_recorded_once_a_minute__TIP_07(
    app: Flask, member: Member, page: str
) -> None:
    trust(app, member.login, NetworkList.PROVIDER, "10.0.0.0/8")
    with time_machine.travel("2026-10-05T09:00:00Z", tick=False) as clocks:
        browser = browser_at(app, INSIDE, member)
        for _ in range(3):
            assert move(browser, OUTSIDE).get(page).status_code == 303
        assert browser.get(page).location.startswith(member.log_in_at)
        assert refusals(app, "access.refused") == [("network", member.login)]
        clocks.shift(61)
        assert browser.get(page).status_code == 303
        assert refusals(app, "access.refused") == [("network", member.login)] * 2
    assert move(browser, INSIDE)


def test_an_edit_of_a_list_acts_at_the_next_request__TIP_07(app: Flask) -> None:
    browser = browser_at(app, OUTSIDE, ABC)
    assert browser.get("/portals/pbx/overview").status_code == 200
    trust(app, "abc", NetworkList.PROVIDER, "10.0.0.0/8")
    assert browser.get("/portals/pbx/overview").status_code == 303
    trust(app, "abc", NetworkList.PROVIDER)
    assert browser.get("/portals/pbx/overview").status_code == 200


def test_the_steps_behind_the_password_ask_the_address_too__TIP_07(app: Flask) -> None:
    change(app, "abc", password_must_change=True)
    trust(app, "abc", NetworkList.OWN, "10.0.0.0/8")
    browser = browser_at(app, INSIDE)
    assert browser.log_in(ABC).location == "/login/password?next=/"
    assert move(browser, OUTSIDE).get("/login/password").location == "/login"
    assert move(browser, INSIDE).get("/login/password").status_code == 200


MATRIX = [
    # individual's provider list, customer's provider list, own list; admitted from 10.0.0.7
    ((), (), (), True),
    (("10.0.0.0/8",), (), (), True),
    (("192.0.2.0/24",), (), (), False),
    ((), ("10.0.0.0/8",), (), True),
    ((), ("192.0.2.0/24",), (), False),
    (("10.0.0.0/8",), ("192.0.2.0/24",), (), True),
    (("192.0.2.0/24",), ("10.0.0.0/8",), (), False),
    ((), (), ("10.0.0.0/8",), True),
    ((), (), ("192.0.2.0/24",), False),
    (("10.0.0.0/8",), (), ("192.0.2.0/24",), False),
    (("192.0.2.0/24",), (), ("10.0.0.0/8",), False),
    ((), ("10.0.0.0/8",), ("10.0.0.7",), True),
    ((), ("192.0.2.0/24",), ("10.0.0.7",), False),
]


@pytest.mark.parametrize(("provider", "customer", "own", "admitted"), MATRIX)
def test_the_address_passes_the_providers_list_in_force_and_ones_own__TIP_08(
    app: Flask, provider: tuple[str, ...], customer: tuple[str, ...], own: tuple[str, ...], admitted: bool
) -> None:
    browser = browser_at(app, INSIDE, JOHN)
    trust(app, "john", NetworkList.PROVIDER, *provider)
    trust(app, "abc", NetworkList.PROVIDER, *customer)
    trust(app, "abc", NetworkList.OWN, "198.51.100.1")
    trust(app, "john", NetworkList.OWN, *own)
    assert (browser.get("/portals/self-care/profile").status_code == 200) is admitted
    assert (browser_at(app, INSIDE).log_in(JOHN).status_code == 303) is admitted


@pytest.mark.parametrize(
    ("listed", "address", "admitted"),
    [
        ("10.0.0.0/8", "::ffff:10.0.0.7", True),
        ("::ffff:10.0.0.7", "10.0.0.7", True),
        ("2001:db8::/32", "2001:db8::7", True),
        ("2001:db8::/32", "2001:db9::7", False),
        ("10.0.0.0/8", "unix:", False),
        ("10.0.0.0/8", "fe80::1%eth0", False),
        ("fe80::/10", "fe80::1%eth0", False),
    ],
)
def test_a_mapped_address_is_its_own_and_an_unknown_one_passes_no_list__TIP_04__TIP_06(
    app: Flask, listed: str, address: str, admitted: bool
) -> None:
    trust(app, "abc", NetworkList.PROVIDER, *networks.parse(listed))
    assert (browser_at(app, address).log_in(ABC).status_code == 303) is admitted


def test_an_entry_lets_in_until_its_end_and_then_nobody__TIP_07(app: Flask) -> None:
    trust(app, "abc", NetworkList.PROVIDER, "10.0.0.0/8")
    with working(app) as work:
        id = work.scalars(select(TrustedNetwork.id)).one()
        networks.change_entry(work, "abc", NetworkList.PROVIDER, id, "for an hour", clock.now() + timedelta(minutes=10))
    browser = browser_at(app, INSIDE, ABC)
    with time_machine.travel(clock.now() + timedelta(minutes=9)):
        assert browser.get("/portals/self-care/profile").status_code == 200
    with time_machine.travel(clock.now() + timedelta(minutes=11)):
        assert browser.get("/portals/self-care/profile").status_code == 303
        assert browser_at(app, OUTSIDE).log_in(ABC).status_code == 422


def test_a_visit_is_bound_by_the_administrators_lists_and_not_by_the_customers__TIP_07(app: Flask) -> None:
    trust(app, "abc", NetworkList.PROVIDER, "192.0.2.0/24")
    helen = browser_at(app, INSIDE, HELEN)
    landed = helen.open("abc", "pbx")
    assert helen.get(landed).status_code == 200
    trust(app, "helen", NetworkList.OWN, "10.0.0.0/8")
    assert helen.get(landed).status_code == 200
    assert move(helen, OUTSIDE).get(landed).location == "/admin/login"
    assert helen.get(f"{visit_of(landed)}/").location == "/admin/login"
    assert move(helen, INSIDE).get(landed).status_code == 200


def test_a_launch_lands_from_inside_only__TIP_07(app: Flask) -> None:
    helen = browser_at(app, INSIDE, HELEN)
    launched = helen.launch("abc", "pbx")
    trust(app, "helen", NetworkList.PROVIDER, "10.0.0.0/8")
    assert move(helen, OUTSIDE).get(launched.location).status_code == 403
    assert helen.get("/admin/customers").status_code == 303
    found = select(AuditEvent.subject_id).where(AuditEvent.event.like("launch.%"), AuditEvent.reason.is_not(None))
    assert [row.subject_id for row in rows(app, found)] == ["abc"]


def test_networks_cost_no_statement(app: Flask) -> None:
    browser = browser_at(app, INSIDE, JOHN)
    page = "/portals/self-care/preferences/formats"

    def sent() -> int:
        browser.get(page)
        with counting(app) as statements:
            assert browser.get(page).status_code == 200
        return len(statements)

    bare = sent()
    for login, which in (("john", NetworkList.OWN), ("abc", NetworkList.PROVIDER)):
        trust(app, login, which, *(f"10.0.0.{number}" for number in range(100)))
    assert sent() == bare == 1


def test_the_text_on_the_identity_is_what_the_list_says_and_never_a_part_of_it__TIP_02(app: Flask) -> None:
    trust(app, "abc", NetworkList.PROVIDER, "10.0.0.0/8", "10.0.0.1")
    assert value(app, Identity.provider_networks, "abc") == "10.0.0.0/8;10.0.0.1"
    root = browser_at(app, OUTSIDE, ROOT)
    form = {"trusted_networks": "192.0.2.1;\nnonsense;"}
    assert root.post("/admin/customers/abc/self-care", form).status_code == 422
    assert value(app, Identity.provider_networks, "abc") == "10.0.0.0/8;10.0.0.1"
    trust(app, "abc", NetworkList.PROVIDER)
    assert value(app, Identity.provider_networks, "abc") is None


def save_own(browser: Browser, typed: str, page: str = OWN, **more: str) -> Any:
    """Save one's own list as typed."""
    version = re.findall(r'name="version"[^>]*value="(\d+)"', browser.get(page).text)
    return browser.post(page, {"trusted_networks": typed, "version": version[0], **more})


@pytest.mark.parametrize(
    ("member", "page"), [(ABC, OWN), (JOHN, OWN), (HELEN, "/admin/security/networks")], ids=["abc", "john", "helen"]
)
def test_ones_own_list_is_saved_and_shown_normalised__TIP_01__TIP_08(app: Flask, member: Member, page: str) -> None:
    browser = browser_at(app, INSIDE, member)
    assert "You are here from 10.0.0.7." in browser.get(page).text
    assert save_own(browser, "10.0.0.9/24; 192.0.2.1", page).location == f"{page}?done=saved"
    shown = browser.get(page).text
    assert "10.0.0.0/24;\n192.0.2.1;</textarea>" in shown
    assert value(app, Identity.own_networks, member.login) == "10.0.0.0/24;192.0.2.1"
    [row] = rows(app, select(AuditEvent).where(AuditEvent.event == "networks.changed"))
    assert (row.actor_id, row.details["after"]) == (member.login, ["10.0.0.0/24", "192.0.2.1"])
    [author] = {entry.author_id for entry in rows(app, select(TrustedNetwork.author_id))}
    assert author == member.login


def test_shutting_oneself_out_takes_a_second_yes__TIP_08(app: Flask) -> None:
    browser = browser_at(app, INSIDE, ABC)
    asked = save_own(browser, "192.0.2.1;")
    assert asked.status_code == 422
    assert "your present address is not on this list" in asked.text
    assert "192.0.2.1;</textarea>" in asked.text
    assert value(app, Identity.own_networks, "abc") is None
    assert save_own(browser, "192.0.2.1;", confirm="y").status_code == 303
    assert browser.get(OWN).location == f"/login?next={OWN}"
    assert browser_at(app, "192.0.2.1", ABC).get(OWN).status_code == 200


def test_add_my_address_adds_it_and_keeps_what_was_typed__TIP_08(app: Flask) -> None:
    browser = browser_at(app, INSIDE, ABC)
    assert save_own(browser, "192.0.2.1", add="y").status_code == 303
    assert value(app, Identity.own_networks, "abc") == "192.0.2.1;10.0.0.7"
    assert save_own(browser, "192.0.2.1;10.0.0.7", add="y").status_code == 303
    assert value(app, Identity.own_networks, "abc") == "192.0.2.1;10.0.0.7"


def test_an_unknown_address_cannot_be_added_and_is_told__TIP_06(app: Flask) -> None:
    browser = browser_at(app, "unix:", ABC)
    assert "From where you are here is unknown." in browser.get(OWN).text
    refused = save_own(browser, "192.0.2.1;", add="y")
    assert refused.status_code == 422
    assert "cannot be added" in refused.text


def test_a_list_has_an_end_here_too__TIP_08(app: Flask) -> None:
    browser = browser_at(app, INSIDE, ABC)
    many = "".join(f"10.1.{number // 200}.{number % 200};\n" for number in range(201))
    refused = save_own(browser, many)
    assert refused.status_code == 422
    assert "at most 200 entries" in refused.text
    assert save_own(browser, ";" * 9000).status_code == 422


def test_two_tabs_do_not_overwrite_each_other(app: Flask) -> None:
    browser = browser_at(app, INSIDE, ABC)
    token = form_token(browser.get(OWN).text)
    version = value(app, Identity.version, "abc")
    first = {"csrf_token": token, "trusted_networks": "10.0.0.0/8;", "version": str(version)}
    assert browser.client.post(OWN, data=first).status_code == 303
    stale = browser.client.post(OWN, data={**first, "trusted_networks": "10.0.0.0/16;"})
    assert stale.status_code == 409
    assert "10.0.0.0/8;" in stale.text
    assert "10.0.0.0/16;</textarea>" in stale.text
    assert value(app, Identity.own_networks, "abc") == "10.0.0.0/8"


def test_the_providers_entries_are_shown_to_their_owner_and_not_theirs_to_change__TIP_08(app: Flask) -> None:
    trust(app, "abc", NetworkList.PROVIDER, "10.0.0.0/8")
    john = browser_at(app, INSIDE, JOHN)
    page = john.get(OWN).text
    assert "10.0.0.0/8" in page
    id = rows(app, select(TrustedNetwork.id))[0].id
    assert f"{OWN}/{id}" not in page
    form = {"note": "mine", "open_for": "always"}
    for browser in (john, browser_at(app, INSIDE, ABC)):
        assert browser.get(f"{OWN}/{id}").status_code == 404
        assert browser.post(f"{OWN}/{id}", form, page=OWN).status_code == 404
    save_own(john, "")
    assert value(app, Identity.provider_networks, "abc") == "10.0.0.0/8"


def entry_of(app: Flask, identity: str) -> str:
    """Return the id of somebody's first entry."""
    return str(rows(app, select(TrustedNetwork.id).where(TrustedNetwork.identity_id == identity))[0].id)


def test_note_and_end_are_set_by_the_owner_and_stay_with_the_entry__TIP_08(app: Flask) -> None:
    browser = browser_at(app, INSIDE, ABC)
    save_own(browser, "10.0.0.0/8;")
    page = f"{OWN}/{entry_of(app, 'abc')}"
    assert browser.post(page, {"note": "Office", "open_for": "hour", "until": ""}).location == f"{OWN}?done=saved"
    [entry] = rows(app, select(TrustedNetwork.note, TrustedNetwork.expires_at))
    assert entry.note == "Office"
    assert timedelta(minutes=59) < entry.expires_at - clock.now() <= timedelta(hours=1)
    assert f"@{entry.expires_at.isoformat()}" in value(app, Identity.own_networks, "abc")
    save_own(browser, "192.0.2.1;10.0.0.0/8;")
    [kept] = rows(app, select(TrustedNetwork.note, TrustedNetwork.expires_at).where(TrustedNetwork.note.is_not(None)))
    assert kept == entry
    assert browser.post(page, {"note": "", "open_for": "", "until": ""}).status_code == 303
    assert entry.expires_at in {row.expires_at for row in rows(app, select(TrustedNetwork.expires_at))}
    assert browser.post(page, {"note": "", "open_for": "always", "until": ""}).status_code == 303
    assert value(app, Identity.own_networks, "abc") == "192.0.2.1;10.0.0.0/8"


@pytest.mark.parametrize(
    ("form", "message"),
    [
        ({"open_for": "until", "until": ""}, "Enter the last day"),
        ({"open_for": "until", "until": "2001-01-01"}, "This day is over"),
        ({"open_for": "until", "until": "9999-12-31"}, "This day is over, or too far away"),
        ({"open_for": "until", "until": "soon"}, "Write a day as"),
        ({"open_for": "for ever", "until": ""}, "Not a valid choice"),
        ({"open_for": "always", "note": "x" * 201}, "At most 200 characters"),
        ({"open_for": "always", "note": "a\u202eb"}, "Leave out control characters"),
    ],
)
def test_what_cannot_be_is_refused_beside_the_field(app: Flask, form: dict[str, str], message: str) -> None:
    browser = browser_at(app, INSIDE, ABC)
    save_own(browser, "10.0.0.0/8;")
    refused = browser.post(f"{OWN}/{entry_of(app, 'abc')}", {"note": "", **form})
    assert refused.status_code == 422
    assert message in refused.text
    assert value(app, Identity.own_networks, "abc") == "10.0.0.0/8"


@pytest.mark.parametrize(
    ("identity", "list_page"),
    [
        ("abc", "/admin/customers/abc/self-care"),
        ("john", "/admin/customers/abc/individuals/john/self-care"),
        ("audrey", "/admin/administrators/audrey"),
    ],
)
def test_staff_say_what_an_entry_is_for_and_until_when(app: Flask, identity: str, list_page: str) -> None:
    trust(app, identity, NetworkList.PROVIDER, "10.0.0.0/8")
    page = f"{list_page}/networks/{entry_of(app, identity)}"
    root = browser_at(app, OUTSIDE, ROOT)
    assert page in root.get(list_page).text
    tomorrow = (clock.now() + timedelta(days=2)).date().isoformat()
    answer = root.post(page, {"note": "Visiting", "open_for": "until", "until": tomorrow})
    assert answer.location == f"{list_page}?done=saved"
    assert "Visiting" in root.get(list_page).text
    assert "@" in value(app, Identity.provider_networks, identity)
    [row] = rows(app, select(AuditEvent).where(AuditEvent.event == "networks.changed"))
    assert (row.actor_id, row.subject_id, row.details["after"]["note"]) == ("root", identity, "Visiting")
    audrey = browser_at(app, INSIDE, AUDREY)
    assert audrey.get(page).status_code == 200
    assert audrey.post(page, {"note": "", "open_for": "always"}, page=page).status_code == 403


def test_an_entry_is_found_under_its_owner_only__IDOR_01(app: Flask) -> None:
    trust(app, "globex", NetworkList.PROVIDER, "10.0.0.0/8")
    trust(app, "eve", NetworkList.OWN, "10.0.0.0/8")
    root = browser_at(app, OUTSIDE, ROOT)
    theirs, own = entry_of(app, "globex"), entry_of(app, "eve")
    assert root.get(f"/admin/customers/abc/self-care/networks/{theirs}").status_code == 404
    assert root.get(f"/admin/customers/globex/individuals/eve/self-care/networks/{own}").status_code == 404
    assert root.get(f"/admin/security/networks/{theirs}").status_code == 404
    eve = browser_at(app, INSIDE, EVE)
    assert eve.get(f"{OWN}/{own}").status_code == 200
    assert browser_at(app, INSIDE, JOHN).get(f"{OWN}/{own}").status_code == 404


def test_in_a_visit_nobody_changes_the_networks__IMP_06(app: Flask) -> None:
    trust(app, "abc", NetworkList.OWN, "192.0.2.0/24")
    root = browser_at(app, OUTSIDE, ROOT)
    visit = visit_of(root.open("abc", "self-care"))
    page = f"{visit}{OWN}"
    assert "192.0.2.0/24" in root.get(page).text
    assert root.post(page, {"trusted_networks": ""}).headers["X-Error-Code"] == "impersonation_forbidden"
    entry = f"{page}/{entry_of(app, 'abc')}"
    assert root.get(entry).status_code == 200
    assert root.post(entry, {"open_for": "always"}).headers["X-Error-Code"] == "impersonation_forbidden"
    assert value(app, Identity.own_networks, "abc") == "192.0.2.0/24"


def test_an_administrators_list_is_set_by_staff_and_asks_twice_before_it_shuts_oneself_out__TIP_08(app: Flask) -> None:
    root = browser_at(app, OUTSIDE, ROOT)
    helen = browser_at(app, OUTSIDE, HELEN)
    form = {"login": "helen", "name": "Helen Desk", "role": "helpdesk", "trusted_networks": "10.0.0.0/8;"}
    assert root.post("/admin/administrators/helen", form).status_code == 303
    assert "Helen Desk</bdi> · <bdi>203.0.113.7" in root.get("/admin/administrators/helen").text
    assert helen.get("/admin/customers").status_code == 303
    own = {"login": "root", "name": "Rosa Root", "role": "default-admin", "trusted_networks": "10.0.0.0/8;"}
    asked = root.post("/admin/administrators/root", own)
    assert asked.status_code == 422
    assert "your present address is not on this list" in asked.text
    assert root.post("/admin/administrators/root", {**own, "confirm": "y"}).status_code == 303
    assert root.get("/admin/customers").status_code == 303


def test_the_panel_names_the_sessions_that_a_list_does_not_let_in__TIP_08(app: Flask) -> None:
    browser_at(app, OUTSIDE, JOHN)
    browser_at(app, INSIDE, ABC)
    root = browser_at(app, OUTSIDE, ROOT)
    answer = root.post("/admin/customers/abc/self-care", {"login": "abc", "trusted_networks": "10.0.0.0/8;"})
    shown = root.get(answer.location).text
    assert "1 live session is from an address that this list does not let in" in shown
    assert "<bdi>John Carter</bdi> · <bdi>203.0.113.7</bdi>" in shown


def test_what_is_spoilt_in_the_database_lets_nobody_in__ERR_02(app: Flask) -> None:
    browser = browser_at(app, INSIDE, ABC)
    with working(app) as work:
        work.execute(update(Identity).where(Identity.id == "abc").values(own_networks="nonsense"))
    assert browser.get("/portals/self-care/profile").status_code == 303
    assert browser_at(app, INSIDE).log_in(ABC).status_code == 422


def test_a_lost_administrator_gets_in_again_from_anywhere(app: Flask) -> None:
    trust(app, "root", NetworkList.PROVIDER, "192.0.2.1")
    trust(app, "root", NetworkList.OWN, "192.0.2.2")
    made = app.test_cli_runner().invoke(args=["administrator", "create", "root"])
    password = made.output.strip().splitlines()[-1]
    answer = browser_at(app, OUTSIDE).post("/admin/login", {"login": "root", "password": password})
    assert answer.location.startswith("/admin/login/password")
    [row] = rows(app, select(AuditEvent).where(AuditEvent.event == "password.reset"))
    assert row.details["networks_lifted"] == ["192.0.2.1", "192.0.2.2"]
    assert PASSWORD not in str(row)
