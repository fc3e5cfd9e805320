"""Portals elsewhere in the console, in roles and on the picker; what the gateway calls, and what it never does."""

import json
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import time_machine
from flask import Flask
from sqlalchemy import select, update

from gateway import clock, outbound
from gateway.access import addresses, external, structure_files
from gateway.access.models import ExternalPortal, PortalView
from gateway.audit.models import AuditEvent
from gateway.identity.models import LogoutNotice, Mode, Session
from gateway.oidc import logouts
from tests.cast import ABC, AUDREY, HELEN, JOHN, ROOT
from tests.elsewhere import PAGES, Elsewhere, register, rounds
from tests.house import Browser, form_token, house_of, rows, visit_of, working

NewBrowser = Callable[[], Browser]
LOOPBACK = (ip_network("127.0.0.0/8"),)
STRUCTURE = structure_files.text_of(PAGES)
FORM = {
    "slug": "crm",
    "title": "CRM",
    "icon": "inbox",
    "hue": "2",
    "start_url": "https://crm.example/start",
    "redirect_uris": "https://crm.example/callback\r\nhttps://crm.example/other\r\n",
    "post_logout_uris": "",
    "logout_uri": "https://crm.example/logout",
    "structure": STRUCTURE,
}


@pytest.fixture
def root(new_browser: NewBrowser) -> Browser:
    """Root, logged in."""
    found = new_browser()
    found.log_in(ROOT)
    return found


def portal_row(app: Flask, slug: str = "tickets") -> Any:
    """Return the row of a portal."""
    return rows(app, select(ExternalPortal.__table__).where(ExternalPortal.slug == slug))[0]


def test_a_portal_is_registered_with_a_secret_that_is_shown_once(app: Flask, root: Browser) -> None:
    page = root.post("/admin/portals/new", FORM)
    assert page.status_code == 200
    secret = page.text.split('<code id="secret">')[1].split("<")[0]
    assert len(secret) == 43
    row = portal_row(app, "crm")
    assert row.redirect_uris == ["https://crm.example/callback", "https://crm.example/other"]
    assert secret.encode() not in row.secret_key
    assert secret not in root.get("/admin/portals/crm").text
    assert "CRM" in root.get("/admin/portals").text
    assert "CRM" in root.get("/admin/roles/itlead").text
    events = rows(app, select(AuditEvent.event, AuditEvent.details).where(AuditEvent.event == "portal.registered"))
    assert len(events) == 1
    assert secret not in str(events)


def test_no_role_opens_a_new_portal_but_the_default_one(root: Browser, app: Flask, new_browser: NewBrowser) -> None:
    root.post("/admin/portals/new", FORM)
    abc, initech = new_browser(), new_browser()
    abc.log_in(ABC)
    initech.post("/login", {"login": "initech", "password": "correct horse battery staple"})
    assert "CRM" not in abc.get("/").text
    assert abc.get("/portals/crm/").status_code == 404
    assert "CRM" in initech.get("/").text


@pytest.mark.parametrize("slug", ["pbx", "self-care", "console", "tickets"])
def test_a_short_name_is_for_one_portal(app: Flask, root: Browser, slug: str) -> None:
    register(app)
    page = root.post("/admin/portals/new", {**FORM, "slug": slug})
    assert page.status_code == 422
    assert "This short name is taken." in page.text


def test_everybodys_own_pages_are_not_switched_off(root: Browser) -> None:
    page = "/admin/portals"
    assert root.post("/admin/portals/self-care/enabled", {"enabled": ""}, page=page).status_code == 403
    assert root.post("/admin/portals/console/enabled", {"enabled": ""}, page=page).status_code == 404
    assert root.post("/admin/portals/pbx/enabled", {"enabled": ""}, page=page).status_code == 303
    assert root.get(page).text.count(">Off<") == 1


BAD_ADDRESSES = [
    "javascript:alert(1)",
    "data:text/html,x",
    "http://crm.example/",
    "ftp://crm.example/",
    "https://name:password@crm.example/",
    "https://name@crm.example/",
    "//crm.example/",
    "/start",
    "crm.example",
    "https://",
    "https:///x",
    "https://crm.example/#part",
    "https://crm.example/a b",
    "https://crm.example\\@evil.example/",
    "https://cr\u043c.example/",
    "https://crm.example:99999/",
    "https://crm.example/\u202e",
    "HTTPS://[::1/",
    "https://crm..example/",
    "https://" + "x" * 500,
]


@pytest.mark.parametrize("address", BAD_ADDRESSES)
def test_an_address_that_is_stored_is_https_and_nothing_hides_in_it__INJ_04(root: Browser, address: str) -> None:
    for name in ("start_url", "redirect_uris", "post_logout_uris", "logout_uri"):
        page = root.post("/admin/portals/new", {**FORM, name: address})
        assert page.status_code == 422, name
        assert f'id="{name}-errors"' in page.text, name


@pytest.mark.parametrize(
    "address",
    ["https://crm.example", "https://crm.example:8443/a/b?c=d%20e", "http://localhost:3000/", "http://[::1]/"],
)
def test_a_good_address_is_taken__INJ_04(address: str) -> None:
    assert addresses.fault(address) is None


@pytest.mark.parametrize(
    "address",
    [
        "https://169.254.169.254/latest",
        "https://localhost/x",
        "https://localhost./x",
        "https://127.0.0.1/",
        "https://10.0.0.1/",
        "https://[::1]/",
        "https://[::ffff:10.0.0.1]/",
        "https://[fe80::1]/",
        "https://100.64.0.1/",
        "https://0.0.0.0/",
    ],
)
def test_the_gateway_is_given_no_private_address_to_call__INP_05(root: Browser, address: str) -> None:
    page = root.post("/admin/portals/new", {**FORM, "logout_uri": address})
    assert page.status_code == 422
    assert "does not call private addresses" in page.text
    assert root.post("/admin/portals/new", {**FORM, "start_url": address}).status_code == 200


@contextmanager
def stub(answer: bytes | None) -> Iterator[tuple[str, list[bytes]]]:
    """Serve one fixed answer to everybody (None: none at all) and note what was asked."""
    asked: list[bytes] = []
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(0.1)
    over = threading.Event()
    kept: list[socket.socket] = []

    def serve() -> None:
        while not over.is_set():
            try:
                connection, _peer = listener.accept()
            except TimeoutError:
                continue
            kept.append(connection)
            asked.append(connection.recv(65536))
            if answer is not None:
                connection.sendall(answer)
                connection.close()

    thread = threading.Thread(target=serve)
    thread.start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}", asked
    over.set()
    thread.join()
    listener.close()
    for connection in kept:
        connection.close()


def test_a_call_goes_where_it_may_and_reads_the_status_alone__INP_05() -> None:
    with stub(b"HTTP/1.1 204 No Content\r\n\r\n") as (url, asked):
        assert outbound.call("POST", f"{url}/x?y=z", LOOPBACK, b"a=b", {"Content-Type": "text/plain"}) == 204
        assert asked[0].startswith(b"POST /x?y=z HTTP/1.1\r\n")
        assert asked[0].endswith(b"\r\n\r\na=b")
        with pytest.raises(outbound.Unreachable, match="a private address"):
            outbound.call("GET", url, ())
        with pytest.raises(outbound.Unreachable, match="not https"):
            outbound.call("GET", "http://crm.example/", LOOPBACK)
        assert len(asked) == 1


def test_a_redirect_is_an_answer_and_is_not_followed__INP_05() -> None:
    with stub(b"HTTP/1.1 200 OK\r\n\r\n") as (target, never):
        with stub(f"HTTP/1.1 302 Found\r\nLocation: {target}/\r\n\r\n".encode()) as (url, asked):
            assert outbound.call("GET", url, LOOPBACK) == 302
        assert len(asked) == 1
        assert never == []


@pytest.mark.parametrize("answer", [None, b"", b"hello\r\n\r\n", b"HTTP/1.1 abc\r\n\r\n", b"x" * 5000])
def test_a_server_that_hangs_or_babbles_costs_three_seconds_at_most__INP_05(answer: bytes | None) -> None:
    assert outbound.SECONDS == 3.0
    with stub(answer) as (url, _asked):
        begun = time.monotonic()
        with pytest.raises(outbound.Unreachable):
            outbound.call("GET", url, LOOPBACK, seconds=0.5)
        assert time.monotonic() - begun < 2


def test_a_server_that_trickles_gains_no_time__INP_05() -> None:
    listener = socket.create_server(("127.0.0.1", 0))

    def trickle() -> None:
        connection, _peer = listener.accept()
        with connection:
            for letter in b"HTTP/1.1 2":
                try:
                    connection.sendall(bytes([letter]))
                except OSError:
                    return
                time.sleep(0.2)

    thread = threading.Thread(target=trickle)
    thread.start()
    begun = time.monotonic()
    with pytest.raises(outbound.Unreachable, match="no answer in time"):
        outbound.call("GET", f"http://127.0.0.1:{listener.getsockname()[1]}", LOOPBACK, seconds=0.6)
    assert time.monotonic() - begun < 1.5
    thread.join()
    listener.close()


def test_a_name_is_judged_by_what_it_resolves_to__INP_05(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 443)) for address in ("192.0.43.8", "10.0.0.7")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_options: found)
    with pytest.raises(outbound.Unreachable, match="a private address"):
        outbound.call("GET", "https://crm.example/", ())


@pytest.fixture
def calling(make_app: Callable[..., Flask]) -> Flask:
    """An application that may call this machine."""
    return make_app(outbound_networks=LOOPBACK)


def notices(app: Flask) -> list[Any]:
    """Return what is to be told."""
    return rows(app, select(LogoutNotice.__table__))


def log_in_and_out(portal: Elsewhere, browser: Browser) -> None:
    """Enter a portal, then log out of the gateway."""
    browser.log_in(JOHN)
    portal.enter(browser)
    browser.post("/logout", page="/portals/self-care/profile")


def test_a_notice_is_tried_again_until_it_is_confirmed_and_once_more_never__SES_08(calling: Flask) -> None:
    with stub(b"HTTP/1.1 503 Busy\r\n\r\n") as (url, asked):
        portal = register(calling, logout_uri=f"{url}/logout")
        log_in_and_out(portal, Browser(calling))
        assert rounds(calling) == 0
        assert rounds(calling) == 0
        assert len(asked) == 1
        (notice,) = notices(calling)
        assert (notice.fault, notice.attempts, notice.confirmed_at) == ("HTTP 503", 1, None)
        with time_machine.travel(clock.now() + timedelta(seconds=3)):
            rounds(calling)
        assert len(asked) == 2
    with stub(b"HTTP/1.1 200 OK\r\n\r\n") as (url, asked):
        with working(calling) as work:
            work.execute(update(ExternalPortal).values(logout_uri=f"{url}/logout"))
        with time_machine.travel(clock.now() + timedelta(minutes=1)):
            assert rounds(calling) == 1
            assert rounds(calling) == 0
        assert len(asked) == 1
        assert asked[0].partition(b"\r\n\r\n")[2].startswith(b"logout_token=ey")
    (notice,) = notices(calling)
    assert notice.confirmed_at is not None
    assert notice.due_at is None


def test_somebody_gives_up_in_the_end_and_the_console_says_so__SES_08(calling: Flask) -> None:
    with stub(b"HTTP/1.1 302 Found\r\nLocation: https://evil.example/\r\n\r\n") as (url, _asked):
        portal = register(calling, logout_uri=f"{url}/logout")
        log_in_and_out(portal, Browser(calling))
        at = clock.now()
        for _ in range(len(logouts.PAUSES) + 1):
            with time_machine.travel(at):
                rounds(calling)
            at += timedelta(hours=13)
    (notice,) = notices(calling)
    assert (notice.due_at, notice.fault) == (None, "HTTP 302")
    given_up = rows(calling, select(AuditEvent.reason).where(AuditEvent.event == "logout.unconfirmed"))
    assert [row.reason for row in given_up] == ["given-up"]
    root = Browser(calling)
    root.log_in(ROOT)
    page = root.get("/admin/portals/tickets").text
    assert "Given up" in page
    assert "HTTP 302" in page


def test_a_portal_without_an_address_for_it_cannot_be_told_and_that_is_said__SES_08(calling: Flask) -> None:
    portal = register(calling, logout_uri="")
    log_in_and_out(portal, Browser(calling))
    assert rounds(calling) == 0
    (notice,) = notices(calling)
    assert (notice.due_at, notice.fault) == (None, "no address for log-outs")


def test_several_workers_tell_a_portal_once__SES_08(calling: Flask) -> None:
    with stub(b"HTTP/1.1 200 OK\r\n\r\n") as (url, asked):
        portal = register(calling, logout_uri=f"{url}/logout")
        log_in_and_out(portal, Browser(calling))
        workers = [threading.Thread(target=rounds, args=(calling,)) for _ in range(6)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        assert len(asked) == 1


def test_a_visit_that_runs_out_by_itself_is_told_too__SES_08(calling: Flask) -> None:
    with stub(b"HTTP/1.1 200 OK\r\n\r\n") as (url, asked):
        portal = register(calling, logout_uri=f"{url}/logout")
        helen = Browser(calling)
        helen.log_in(HELEN)
        handle = visit_of(helen.open("john", "tickets")).removeprefix("/as/")
        portal.enter(helen, login_hint=f"visit:{handle}")
        assert rounds(calling) == 0
        with time_machine.travel(clock.now() + timedelta(minutes=21)):
            assert rounds(calling) == 1
        assert len(asked) == 1


def check_health(app: Flask) -> None:
    """Do once what the worker does every minute."""
    house = house_of(app)

    def in_work(do: Any) -> Any:
        with working(app) as work:
            return do(work)

    logouts.check_health(house.database, house.settings, in_work, clock.now())


def test_a_portal_that_does_not_answer_is_listed_and_cannot_be_opened__IMP_01(calling: Flask) -> None:
    abc, helen = Browser(calling), Browser(calling)
    abc.log_in(ABC)
    helen.log_in(HELEN)
    with stub(b"HTTP/1.1 200 OK\r\n\r\n") as (url, asked):
        register(calling, start_url=f"{url}/start")
        check_health(calling)
        check_health(calling)
        assert [line.partition(b"\r\n")[0] for line in asked] == [b"HEAD /start HTTP/1.1"]
        assert portal_row(calling).up
    with time_machine.travel(clock.now() + timedelta(minutes=2)):
        check_health(calling)
        assert portal_row(calling).up
    with time_machine.travel(clock.now() + timedelta(seconds=131)):
        check_health(calling)
        page = abc.get("/").text
        assert "The portal does not answer just now." in page
        assert 'href="/portals/tickets/"' not in page
        assert abc.get("/portals/tickets/").status_code == 403
        menu = helen.get("/admin/customers/abc/log-in").text
        assert "The portal does not answer just now." in menu
        assert helen.launch("abc", "tickets").status_code == 403
    with stub(b"HTTP/1.1 500 Oops\r\n\r\n") as (url, _asked), time_machine.travel(clock.now() + timedelta(minutes=4)):
        with working(calling) as work:
            work.execute(update(ExternalPortal).values(start_url=f"{url}/start"))
        check_health(calling)
        assert not portal_row(calling).up
    down = rows(calling, select(AuditEvent.event).where(AuditEvent.event.in_(("portal.up", "portal.down"))))
    assert [row.event for row in down] == ["portal.down"]


def test_a_start_page_that_may_not_be_called_from_here_is_not_down(app: Flask) -> None:
    register(app, start_url="https://10.0.0.7/start")
    check_health(app)
    assert portal_row(app).up


def test_a_change_of_a_portal_acts_at_the_next_request_in_every_process(make_app: Callable[..., Flask]) -> None:
    here, there = make_app(), make_app()
    register(here)
    abc = Browser(there)
    abc.log_in(ABC)
    assert "Tickets" in abc.get("/").text
    root = Browser(here)
    root.log_in(ROOT)
    form = {**FORM, "title": "Help desk", "slug": ""}
    assert root.post("/admin/portals/tickets", form).status_code == 303
    assert "Help desk" in abc.get("/").text
    root.post("/admin/portals/tickets/enabled", {"enabled": ""}, page="/admin/portals")
    assert "Help desk" not in abc.get("/").text
    assert abc.get("/portals/tickets/").status_code == 403


def test_what_is_typed_of_a_portal_is_text_everywhere__INJ_02(app: Flask, root: Browser) -> None:
    pages = [{"key": "x", "title": "<script>alert(2)</script>"}]
    form = {**FORM, "title": "<script>alert(1)</script>", "structure": structure_files.text_of(pages)}
    assert root.post("/admin/portals/new", form).status_code == 200
    for path in (
        *("/admin/portals", "/admin/portals/crm", "/admin/portals/crm/structure", "/admin/roles/itlead"),
        *("/admin/roles/default-selfcare/preview", "/admin/customers/initech/log-in"),
        "/admin/roles/compare?left=itlead&right=itsupport",
    ):
        page = root.get(path)
        assert page.status_code == 200
        assert "<script>alert" not in page.text, path
        assert "&lt;script&gt;" in page.text, path


def test_of_two_who_save_at_once_the_second_is_told(app: Flask, root: Browser) -> None:
    register(app)
    stale = {**FORM, "version": "1", "slug": ""}
    assert root.post("/admin/portals/tickets", {**stale, "title": "One"}).status_code == 303
    assert root.post("/admin/portals/tickets", {**stale, "title": "Two"}).status_code == 409
    assert portal_row(app).title == "One"


def test_a_secret_is_changed_and_the_one_before_stops_at_once(
    app: Flask, root: Browser, new_browser: NewBrowser
) -> None:
    portal, john = register(app), new_browser()
    john.log_in(JOHN)
    page = root.post("/admin/portals/tickets/secret", page="/admin/portals/tickets")
    new = page.text.split('<code id="secret">')[1].split("<")[0]
    code = portal.code(john)
    assert portal.redeem(code).status_code == 401
    portal.secret = new
    assert portal.redeem(code).status_code == 200


@pytest.mark.parametrize("member", [HELEN, AUDREY, ABC], ids=lambda member: member.login)
def test_only_who_may_change_portals_makes_a_secret(app: Flask, new_browser: NewBrowser, member: Any) -> None:
    register(app)
    before = portal_row(app).secret_key
    browser = new_browser()
    browser.log_in(member)
    page = "/admin/customers" if member is not ABC else "/portals/self-care/profile"
    answer = browser.post("/admin/portals/tickets/secret", page=page)
    assert answer.status_code == {HELEN: 404, AUDREY: 403, ABC: 303}[member]
    assert portal_row(app).secret_key == before


def test_a_public_portal_has_no_secret_and_gets_one_when_it_can_keep_it(app: Flask, root: Browser) -> None:
    register(app, public=True)
    assert "Another secret" not in root.get("/admin/portals/tickets").text
    assert root.post("/admin/portals/tickets/secret", page="/admin/portals").status_code == 404
    page = root.post("/admin/portals/tickets", {**FORM, "slug": ""})
    assert '<code id="secret">' in page.text
    assert root.post("/admin/portals/tickets", {**FORM, "slug": "", "public": "y"}).status_code == 303
    assert portal_row(app).secret_key is None


def test_a_new_structure_is_shown_with_what_it_changes_for_whom_before_it_counts(app: Flask, root: Browser) -> None:
    register(app)
    pages = [
        {
            "key": "tickets",
            "title": "Requests",
            "tabs": [{"key": "open", "title": "Open"}, {"key": "mine", "title": "Mine"}],
        },
        {"key": "reports", "title": "Reports"},
    ]
    text = structure_files.text_of(pages)
    asked = root.post("/admin/portals/tickets/structure", {"structure": text})
    assert asked.status_code == 200
    page = " ".join(asked.text.split())
    for said in (
        "<bdi>Mine</bdi><small><bdi>tickets.mine</bdi></small>",
        "<bdi>tickets.closed</bdi>",
        "<bdi>settings</bdi>",
        "was “Tickets”",
        "<h3><bdi>itlead</bdi></h3>",
    ):
        assert said in page, said
    assert '<bdi>Mine</bdi></th><td data-label="Now">–</td><td data-label="Then">Full</td>' in page
    assert portal_row(app).pages == PAGES
    saved = root.post("/admin/portals/tickets/structure", {"structure": text, "confirm": "y", "version": "1"})
    assert saved.status_code == 303
    assert portal_row(app).pages == pages
    assert "Mine" in root.get("/admin/roles/itlead").text


def test_a_role_keeps_what_it_says_of_a_page_that_goes_and_comes_back(app: Flask, root: Browser) -> None:
    register(app)
    less = structure_files.text_of(PAGES[:1])
    root.post("/admin/portals/tickets/structure", {"structure": less, "confirm": "y", "version": "1"})
    assert (
        root.post(
            "/admin/roles/itlead", {"version": _version_of(root, "itlead"), "tickets:tickets": "full"}
        ).status_code
        == 303
    )
    (row,) = rows(app, select(PortalView.levels).where(PortalView.role_id == "itlead", PortalView.portal == "tickets"))
    assert row.levels == {"tickets": "full", "reports": "view"}


BAD_STRUCTURES = {
    "no JSON": ("{", "Line 1, column 2: this is not JSON"),
    "a list": ("[]", "Line 1, $: a structure is an object"),
    "no format": ('{"pages": [{"key": "a", "title": "A"}]}', "$.format"),
    "no pages": ('{"format": "portico-structure-1", "pages": []}', "$.pages"),
    "a bad key": (
        '{"format": "portico-structure-1",\n "pages": [\n  {"key": "A b", "title": "A"}]}',
        "Line 3, $.pages[0].key",
    ),
    "a key twice": (
        '{"format":"portico-structure-1","pages":[{"key":"a","title":"A"},\n{"key":"a","title":"B"}]}',
        "Line 2, $.pages[1].key",
    ),
    "no title": ('{"format":"portico-structure-1","pages":[{"key":"a"}]}', "$.pages[0].title"),
    "a strange field": (
        '{"format":"portico-structure-1","pages":[{"key":"a","title":"A","tabs":[\n{"key":"b","title":"B","own":true}]}]}',
        "Line 2, $.pages[0].tabs[0].own",
    ),
    "a name twice": ('{"format":"portico-structure-1","format":"x","pages":[]}', "stands twice in an object"),
    "too deep": ("[" * 3000 + "]" * 3000, "a structure is an object"),
    "too long": ('{"format":"' + "x" * 100_001 + '"}', "at most 100000 bytes"),
    "a surrogate in a name": (
        '{"format":"portico-structure-1",\n"pages":[{"key":"a","title":"A"}],"\\ud800":1}',
        "$.?",
    ),
    "a surrogate in a field": (
        '{"format":"portico-structure-1",\n"pages":[{"key":"a","title":"A","b\\udfff":1}]}',
        "Line 2, $.pages[0].b?",
    ),
    "a surrogate twice": ('{"\\ud800":1,"\\ud800":2}', "“?” stands twice in an object"),
    "a surrogate": ('{"format":"portico-structure-1","pages":[{"key":"a","title":"\\ud800"}]}', "$.pages[0].title"),
}


@pytest.mark.parametrize("kind", BAD_STRUCTURES)
def test_a_structure_that_cannot_be_taken_says_where(kind: str) -> None:
    text, said = BAD_STRUCTURES[kind]
    with pytest.raises(structure_files.BadStructure) as refused:
        structure_files.read(text)
    assert any(said in fault for fault in refused.value.faults) or "recursion" in str(refused.value)


def test_a_fault_of_a_structure_stands_beside_the_field_and_what_was_typed_is_kept(app: Flask, root: Browser) -> None:
    register(app)
    text = BAD_STRUCTURES["a bad key"][0]
    for path, form in (("/admin/portals/new", FORM), ("/admin/portals/tickets/structure", {})):
        page = root.post(path, {**form, "structure": text})
        assert page.status_code == 422
        assert 'id="structure-errors"' in page.text
        assert "Line 3, $.pages[0].key" in page.text
        assert "A b" in page.text


@pytest.mark.parametrize("kind", [kind for kind in BAD_STRUCTURES if "surrogate" in kind])
def test_half_a_character_in_a_structure_is_refused_like_any_other_fault__ERR_01(
    app: Flask, root: Browser, kind: str
) -> None:
    register(app)
    text, said = BAD_STRUCTURES[kind]
    for path, form in (("/admin/portals/new", FORM), ("/admin/portals/tickets/structure", {})):
        page = root.post(path, {**form, "structure": text})
        assert (page.status_code, said in page.text) == (422, True)


def test_half_a_character_in_a_registration_is_refused_at_the_server(app: Flask, tmp_path: Path) -> None:
    for more in ({"\ud800": 1}, {"structure": {"\ud800": 1}}, {"title": "\ud800"}, {"redirect_uris": ["\ud800"]}):
        done = app.test_cli_runner().invoke(args=["portal", "register", str(registration_file(tmp_path, **more))])
        assert (done.exit_code, "Error: " in done.output) == (1, True)


def test_the_published_schema_takes_what_the_reader_takes(root: Browser) -> None:
    schema = root.get("/schemas/portal-structure.json").json
    check = jsonschema_rs.validator_for(schema)
    for example in schema["examples"]:
        assert check.is_valid(example)
        structure_files.read(json.dumps(example))
    for kind in ("a list", "no format", "no pages", "a bad key", "no title", "a strange field"):
        assert not check.is_valid(json.loads(BAD_STRUCTURES[kind][0])), kind


def registration_file(folder: Path, **more: Any) -> Path:
    """Write the example's registration with some of it changed."""
    said = json.loads(Path("examples/external_portal/registration.json").read_text(encoding="utf-8"))
    path = folder / "registration.json"
    path.write_text(json.dumps({**said, **more}), encoding="utf-8")
    return path


def test_a_command_registers_a_portal_and_changes_it(make_app: Callable[..., Flask], tmp_path: Path) -> None:
    app = make_app(outbound_networks=LOOPBACK)
    run = app.test_cli_runner().invoke
    first = run(args=["portal", "register", str(registration_file(tmp_path))])
    assert first.exit_code == 0, first.output
    secret = first.output.splitlines()[-1]
    assert len(secret) == 43
    assert "http://127.0.0.1:8100/start\tTickets" in run(args=["portal", "list"]).output
    again = run(args=["portal", "register", str(registration_file(tmp_path, title="Help desk"))])
    assert again.output.splitlines() == ["tickets is registered."]
    assert portal_row(app).title == "Help desk"
    other = run(args=["portal", "secret", "tickets"]).output.splitlines()[-1]
    assert other != secret
    assert run(args=["portal", "off", "tickets"]).exit_code == 0
    assert run(args=["keys", "rotate-signing"]).exit_code == 0


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"slug": "Tickets!"}, "slug should be lower-case"),
        ({"start_url": "javascript:alert(1)"}, "start_url: "),
        ({"redirect_uris": []}, "redirect_uris should be"),
        ({"redirect_uris": ["https://x.example/#y"]}, "redirect_uris: "),
        ({"logout_uri": "https://169.254.169.254/"}, "logout_uri: "),
        ({"icon": "skull"}, "icon should be one of"),
        ({"hue": 9}, "hue should be 1 to 5"),
        ({"public": "yes"}, "public should be"),
        ({"secret": "x"}, "secret is not known"),
        ({"structure": {"format": "x", "pages": []}}, "structure: Line 1, $.format"),
        ({"slug": "pbx"}, "This short name is taken."),
    ],
)
def test_a_file_that_cannot_be_taken_says_why(app: Flask, tmp_path: Path, wrong: dict[str, Any], said: str) -> None:
    public = {"logout_uri": "https://tickets.example/logout", **wrong}
    refused = app.test_cli_runner().invoke(args=["portal", "register", str(registration_file(tmp_path, **public))])
    assert refused.exit_code == 1
    assert said in refused.output
    with house_of(app).database.reading() as reader:
        assert external.rows(reader) == []


def test_one_ends_a_session_elsewhere_of_ones_own_and_of_nobody_else(app: Flask, new_browser: NewBrowser) -> None:
    portal = register(app)
    john, abc, helen = new_browser(), new_browser(), new_browser()
    john.log_in(JOHN)
    abc.log_in(ABC)
    helen.log_in(HELEN)
    tokens = portal.enter(john)
    sid = portal.read(tokens)["sid"]
    path = helen.open("john", "self-care")
    handle = visit_of(path).removeprefix("/as/")
    visiting = portal.enter(helen, login_hint=f"visit:{handle}")
    page = john.get("/portals/self-care/security").text
    assert f"/security/elsewhere/{sid}" in page
    assert portal.read(visiting)["sid"] not in page
    for other in (sid, "nothing", portal.read(visiting)["sid"]):
        answer = abc.post(f"/portals/self-care/security/elsewhere/{other}", page="/portals/self-care/security")
        assert answer.status_code == 404
    seen = helen.get(f"{visit_of(path)}/portals/self-care/security")
    form = {"csrf_token": form_token(seen.text)}
    acting = helen.client.post(f"{visit_of(path)}/portals/self-care/security/elsewhere/{sid}", data=form)
    assert acting.status_code == 403
    answer = john.post(f"/portals/self-care/security/elsewhere/{sid}", page="/portals/self-care/security")
    assert answer.status_code == 303
    assert portal.refresh(tokens["refresh_token"]).json["error"] == "invalid_grant"
    assert portal.refresh(visiting["refresh_token"]).status_code == 200
    assert john.get("/portals/pbx/overview").status_code == 200


def test_a_role_may_have_a_door_of_its_own__INJ_04(app: Flask, root: Browser, new_browser: NewBrowser) -> None:
    register(app)
    levels = {"tickets:": "full", "pbx:": "full", "iot:": "full", "self-care:": "full"}
    for wrong in ("javascript:alert(1)", "http://crm.example/"):
        form = {**levels, "version": _version_of(root, "owner"), "tickets@start": wrong}
        page = root.post("/admin/roles/owner", form)
        assert page.status_code == 422
        assert 'id="tickets@start-errors"' in page.text
    door = "https://tickets.example/owners?x=1"
    form = {**levels, "version": _version_of(root, "owner"), "tickets@start": door}
    assert root.post("/admin/roles/owner", form).status_code == 303
    assert f'value="{door}"' in root.get("/admin/roles/owner").text
    abc, john = new_browser(), new_browser()
    abc.log_in(ABC)
    john.log_in(JOHN)
    assert "url=https://tickets.example/owners?x=1&amp;iss=" in abc.get("/portals/tickets/").text
    assert "url=https://tickets.example/start?iss=" in john.get("/portals/tickets/").text
    without = {**levels, "version": _version_of(root, "owner"), "tickets@start": ""}
    assert root.post("/admin/roles/owner", without).status_code == 303
    assert "url=https://tickets.example/start?iss=" in abc.get("/portals/tickets/").text


def test_a_role_has_several_views_of_a_portal_elsewhere_each_with_its_own_address(
    app: Flask, root: Browser, new_browser: NewBrowser
) -> None:
    register(app)
    archive = "https://tickets.example/archive?year=all"
    levels = {"tickets:": "view", "pbx:": "full", "iot:": "full", "self-care:": "full"}
    form = {
        **levels,
        "tickets@name": ["Archive", "Réports", ""],
        "tickets@url": [archive, "https://tickets.example/r", ""],
    }
    assert root.post("/admin/roles/owner", {**form, "version": _version_of(root, "owner")}).status_code == 303
    abc = new_browser()
    abc.log_in(ABC)
    picker = abc.get("/").text
    assert 'href="/portals/tickets/?view=Archive"' in picker
    assert 'href="/portals/tickets/?view=R%C3%A9ports"' in picker
    assert "url=https://tickets.example/archive?year=all&amp;iss=" in abc.get("/portals/tickets/?view=Archive").text
    assert "url=https://tickets.example/start?iss=" in abc.get("/portals/tickets/").text
    for unknown in ("archive", "Nothing"):
        assert abc.get("/portals/tickets/", query_string={"view": unknown}).status_code == 404
    copied = root.post("/admin/roles/new", {"like": "owner", "name": "Owner 2", "realm": "self-care"}).location
    exported = json.dumps({**root.get("/admin/roles/owner/export").json, "name": "Owner 3"})
    assert archive in root.get(copied.partition("?")[0]).text
    assert f'<bdi dir="ltr">{archive}</bdi>' in root.post("/admin/roles/import", {"text": exported}).text
    again = {"text": exported, "confirm": "y"}
    assert archive in root.get(root.post("/admin/roles/import", again).location.partition("?")[0]).text
    away = {"text": exported.replace(archive, "javascript:alert(1)"), "confirm": "y"}
    refused = root.post("/admin/roles/import", away)
    assert refused.status_code == 422
    assert "doors.tickets: Archive: An address begins with https://" in refused.text
    gone = {**levels, "tickets@name": ["", "Réports"], "tickets@url": ["", "https://tickets.example/r"]}
    assert root.post("/admin/roles/owner", {**gone, "version": _version_of(root, "owner")}).status_code == 303
    assert abc.get("/portals/tickets/?view=Archive").status_code == 404


@pytest.mark.parametrize(
    ("name", "address", "said"),
    [
        ("Archive", "", "Enter an address."),
        ("", "https://tickets.example/archive", "Enter a name."),
        ("Archive", "javascript:alert(1)", "An address begins with https://"),
        ("A" * 61, "https://tickets.example/archive", "Enter a name of at most 60 characters."),
        ("REPORTS", "https://tickets.example/archive", "This name stands twice."),
    ],
)
def test_what_is_wrong_with_a_view_is_said_beside_it_and_what_was_typed_stays(
    app: Flask, root: Browser, name: str, address: str, said: str
) -> None:
    register(app)
    form = {
        "tickets:": "view",
        "tickets@name": ["Reports", name],
        "tickets@url": ["https://tickets.example/r", address],
    }
    refused = root.post("/admin/roles/owner", {**form, "version": _version_of(root, "owner")})
    assert refused.status_code == 422
    assert said in refused.text
    assert f'name="tickets@name" value="{name}"' in refused.text
    assert f'name="tickets@url" value="{address}"' in refused.text


def test_a_view_of_a_portal_that_the_role_does_not_open_is_refused_and_not_lost(app: Flask, root: Browser) -> None:
    register(app)
    form = {"pbx:": "view", "tickets@start": "", "tickets@name": "Archive", "tickets@url": "https://tickets.example/a"}
    refused = root.post("/admin/roles/owner", {**form, "version": _version_of(root, "owner")})
    assert refused.status_code == 422
    assert "Give the role a level in this portal first." in refused.text
    assert 'name="tickets@url" value="https://tickets.example/a"' in refused.text


def test_ten_views_are_saved_in_the_order_they_stand_in_and_an_eleventh_is_refused(app: Flask, root: Browser) -> None:
    register(app)
    names = [f"View {number}" for number in range(10)]

    def save(*names: str) -> Any:
        urls = [f"https://tickets.example/{name[-1]}" if name else "" for name in names]
        form = {"tickets:": "view", "tickets@name": list(names), "tickets@url": urls}
        return root.post("/admin/roles/owner", {**form, "version": _version_of(root, "owner")})

    def saved() -> list[str]:
        return re.findall(r'name="tickets@name" value="([^"]+)"', root.get("/admin/roles/owner").text)

    assert save(*names, "").status_code == 303
    assert saved() == names
    assert save(*reversed(names), "").status_code == 303
    assert saved() == names[::-1]
    assert list(root.get("/admin/roles/owner/export").json["doors"]["tickets"]) == names[::-1]
    assert save("", *names[1:], "View X").status_code == 303
    refused = save(*names, "View X")
    assert refused.status_code == 422
    assert "At most 10 further views." in refused.text


def test_a_view_that_goes_between_launch_and_landing_lets_nobody_land__LT_14(
    app: Flask, root: Browser, new_browser: NewBrowser
) -> None:
    register(app)
    form = {"tickets:": "view", "pbx:": "full"}
    with_view = {**form, "tickets@name": "Archive", "tickets@url": "https://tickets.example/archive"}
    assert root.post("/admin/roles/owner", {**with_view, "version": _version_of(root, "owner")}).status_code == 303
    helen = new_browser()
    helen.log_in(HELEN)
    land = helen.launch("abc", "tickets:Archive").location
    assert root.post("/admin/roles/owner", {**form, "version": _version_of(root, "owner")}).status_code == 303
    assert helen.get(land).status_code == 403
    for odd in (":Archive", ":" + "x" * 100, "tickets:" + "x" * 100, "nothing:Archive"):
        assert helen.launch("abc", odd).status_code == 403, odd


def test_staff_open_a_further_view_with_one_click_in_the_assigned_role(
    app: Flask, root: Browser, new_browser: NewBrowser
) -> None:
    register(app)
    helen = new_browser()
    helen.log_in(HELEN)
    form = {
        "tickets:": "view",
        "pbx:": "full",
        "tickets@name": "Archive",
        "tickets@url": "https://tickets.example/archive",
    }
    assert root.post("/admin/roles/owner", {**form, "version": _version_of(root, "owner")}).status_code == 303
    assert 'value="tickets:Archive"' in helen.get("/admin/customers/abc/log-in").text
    landed = helen.get(helen.launch("abc", "tickets:Archive").location)
    assert landed.location.endswith("/portals/tickets/?view=Archive")
    page = helen.get(landed.location).text
    assert "url=https://tickets.example/archive?iss=" in page
    assert "login_hint=visit%3A" in page
    refused = helen.launch("abc", "tickets:Nothing")
    assert refused.status_code == 403
    assigned = root.get(root.launch("abc", "tickets:Archive", mode="full").location).location
    assert assigned.endswith("/portals/tickets/?view=Archive")
    assert rows(app, select(Session.mode).where(Session.actor_id == "root")) == [(Mode.ASSIGNED,)]


def _version_of(root: Browser, role: str) -> str:
    return root.get(f"/admin/roles/{role}").text.split('name="version" value="')[1].split('"')[0]
