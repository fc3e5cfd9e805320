"""A portal elsewhere is deleted: who was there is out, its server is told, and nothing of it stays anywhere."""

from collections.abc import Callable
from ipaddress import ip_network
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from gateway.access.models import ExternalPortal, PortalState, PortalView, Role
from gateway.access.operations import set_portal_enabled
from gateway.audit.models import AuditEvent
from gateway.identity.models import LogoutNotice
from tests.cast import ABC, AUDREY, HELEN, INITECH, JOHN, ROOT, Member
from tests.elsewhere import Elsewhere, register, rounds
from tests.house import Browser, rows, working
from tests.test_portals_elsewhere import stub

NewBrowser = Callable[[], Browser]
PAGE = "/admin/portals/tickets/delete"
STRUCTURE = '{"format": "portico-structure-1", "pages": [{"key": "tickets", "title": "Tickets"}]}'
NEW = {
    "slug": "tickets",
    "title": "Other",
    "icon": "inbox",
    "hue": "1",
    "start_url": "https://other.example/start",
    "redirect_uris": "https://other.example/callback",
    "structure": STRUCTURE,
}
FORM = {"version": "1", "confirm": "y"}


@pytest.fixture
def app(make_app: Callable[..., Flask]) -> Flask:
    """An application that may call this machine."""
    return make_app(outbound_networks=(ip_network("127.0.0.0/8"),))


@pytest.fixture
def tickets(app: Flask) -> Elsewhere:
    """A portal elsewhere."""
    return register(app)


@pytest.fixture
def root(app: Flask) -> Browser:
    """The administrator."""
    found = Browser(app)
    found.log_in(ROOT)
    return found


@pytest.fixture
def john(app: Flask) -> Browser:
    """John, logged in."""
    found = Browser(app)
    found.log_in(JOHN)
    return found


def test_the_page_says_who_is_there_and_which_roles_know_it(tickets: Elsewhere, root: Browser, john: Browser) -> None:
    assert f'href="{PAGE}"' in root.get("/admin/portals/tickets").text
    assert "Nobody is logged in there just now." in root.get(PAGE).text
    tickets.enter(john)
    page = root.get(PAGE).text
    assert "1 person is logged in there" in page
    for role in ("owner", "itlead", "itsupport"):
        assert f"<li><bdi>{role}</bdi></li>" in page
    assert "accountant" not in page


def test_who_was_there_is_out_and_its_server_is_told_though_it_is_gone__SES_08(
    app: Flask, root: Browser, john: Browser
) -> None:
    with stub(b"HTTP/1.1 200 OK\r\n\r\n") as (url, asked):
        tickets, other = register(app, logout_uri=f"{url}/logout"), register(app, "reports", logout_uri="")
        held, kept = tickets.enter(john), other.enter(john)
        assert root.post(PAGE, FORM).location == "/admin/portals?done=deleted"
        assert rows(app, select(ExternalPortal.slug)) == [("reports",)]
        assert tickets.userinfo(held["access_token"]).status_code == 401
        assert tickets.refresh(held["refresh_token"]).status_code == 401
        assert john.get(tickets.request()).status_code == 400
        assert john.get("/portals/tickets/").status_code == 404
        assert "/portals/tickets/" not in john.get("/").text
        assert root.get("/admin/portals/tickets").status_code == 404
        assert rounds(app) == 1
        assert asked[0].startswith(b"POST /logout ")
        assert b"logout_token=ey" in asked[0]
        assert rounds(app) == 0
    assert other.refresh(kept["refresh_token"]).status_code == 200
    (notice,) = rows(app, select(LogoutNotice.portal, LogoutNotice.confirmed_at))
    assert notice.confirmed_at is not None


def test_roles_forget_it_and_the_record_says_so(app: Flask, tickets: Elsewhere, root: Browser, john: Browser) -> None:
    tickets.enter(john)
    before = dict(rows(app, select(Role.id, Role.version)))
    root.post(PAGE, FORM)
    assert rows(app, select(PortalView.id).where(PortalView.portal == "tickets")) == []
    after = dict(rows(app, select(Role.id, Role.version)))
    assert {role for role in after if after[role] != before[role]} == {"owner", "itlead", "itsupport"}
    (event,) = rows(app, select(AuditEvent.details).where(AuditEvent.event == "portal.deleted"))
    assert event.details["before"]["roles"] == ["itlead", "itsupport", "owner"]
    assert (event.details["slug"], event.details["sessions_ended"]) == ("tickets", 1)
    assert john.get("/portals/pbx/overview").status_code == 200


def test_another_portal_of_its_name_begins_anew(
    app: Flask, tickets: Elsewhere, root: Browser, john: Browser, new_browser: NewBrowser
) -> None:
    held = tickets.enter(john)
    with working(app) as work:
        set_portal_enabled(work, "tickets", enabled=False)
    root.post(PAGE, FORM)
    assert rows(app, select(PortalState.slug)) == []
    made = root.post("/admin/portals/new", NEW)
    secret = made.text.split('<code id="secret">')[1].split("<")[0]
    again = Elsewhere(app, "tickets", "https://other.example/callback", secret)
    assert again.refresh(held["refresh_token"]).json["error"] == "invalid_grant"
    assert again.userinfo(held["access_token"]).status_code == 401
    assert again.asked(john)["error"] == "access_denied"
    initech = new_browser()
    initech.log_in(INITECH)
    assert "code" in again.asked(initech), "the default role opens everything"


@pytest.mark.parametrize(
    ("form", "status"),
    [({"version": "1"}, 422), ({"version": "0", "confirm": "y"}, 409), ({"version": "x", "confirm": "y"}, 409)],
)
def test_without_the_tick_or_of_another_version_nothing_goes(
    app: Flask, tickets: Elsewhere, root: Browser, john: Browser, form: dict[str, str], status: int
) -> None:
    held = tickets.enter(john)
    answer = root.post(PAGE, form)
    assert answer.status_code == status
    assert ("Tick the box" in answer.text) is (status == 422)
    assert tickets.refresh(held["refresh_token"]).status_code == 200


@pytest.mark.parametrize("member", [HELEN, AUDREY, ABC], ids=lambda member: member.login)
def test_only_who_may_change_portals_deletes_one(app: Flask, tickets: Elsewhere, member: Member) -> None:
    browser = Browser(app)
    browser.log_in(member)
    page = "/portals/self-care/profile" if member is ABC else "/admin/customers"
    assert browser.post(PAGE, FORM, page=page).status_code == {HELEN: 404, AUDREY: 403, ABC: 303}[member]
    assert rows(app, select(ExternalPortal.slug)) == [("tickets",)]
    if member is AUDREY:
        looked: Any = browser.get(PAGE)
        assert 'name="confirm" value="y" disabled' in looked.text
        assert browser.get("/admin/portals/tickets").text.count("Delete …") == 1


@pytest.mark.parametrize("slug", ["pbx", "self-care", "console", "nothing"])
def test_a_portal_of_this_gateway_or_none_is_not_deleted(root: Browser, slug: str) -> None:
    assert root.get(f"/admin/portals/{slug}/delete").status_code == 404
    assert root.post(f"/admin/portals/{slug}/delete", FORM, page="/admin/portals").status_code == 404


def test_a_launch_on_its_way_to_it_is_refused__LT_14(tickets: Elsewhere, root: Browser) -> None:
    started = root.launch("john", "tickets")
    root.post(PAGE, FORM)
    assert root.get(started.location).status_code == 403
