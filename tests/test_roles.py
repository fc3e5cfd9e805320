"""Roles: made, copied, renamed, compared, deleted with a move, exported and imported; never beyond one's own levels."""

import io
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import Flask
from sqlalchemy import select

from gateway.access.models import AllowedRole, PortalView, Role
from gateway.access.operations import create_role, set_portal_view
from gateway.audit.models import AuditEvent
from gateway.errors import Invalid
from gateway.identity.models import Identity, Realm
from tests.cast import HELEN, JOHN, MARK, ROOT
from tests.house import Browser, rows, working

NewBrowser = Callable[[], Browser]
ROLE = "/admin/roles/itlead"


@pytest.fixture
def root(new_browser: NewBrowser) -> Browser:
    """An administrator with the default role."""
    browser = new_browser()
    browser.log_in(ROOT)
    return browser


@pytest.fixture
def limited(new_browser: NewBrowser, app: Flask) -> Browser:
    """Helen, whose role may now edit roles, but not open portals with full access."""
    with working(app) as work:
        levels = {"customers": "full", "open.view-only": "full", "roles": "full"}
        set_portal_view(work, "helpdesk", "console", levels)
    browser = new_browser()
    browser.log_in(HELEN)
    return browser


def version(app: Flask, role: str = "itlead") -> str:
    """Return the version of a role."""
    return str(rows(app, select(Role.version).where(Role.id == role))[0][0])


def named(app: Flask, name: str) -> str:
    """Return the id of the role of a name."""
    return str(rows(app, select(Role.id).where(Role.name == name))[0][0])


def views(app: Flask, role: str) -> dict[str, dict[str, str]]:
    """Return the portal views of a role."""
    found = rows(app, select(PortalView.portal, PortalView.levels).where(PortalView.role_id == role))
    return {row.portal: row.levels for row in found}


def recorded(app: Flask, event: str) -> list[AuditEvent]:
    """Return the rows of an event."""
    return rows(app, select(AuditEvent.__table__).where(AuditEvent.event == event))


def test_a_role_is_made_empty_and_opens_nothing__ROL_02(root: Browser, app: Flask) -> None:
    answer = root.post("/admin/roles/new", {"name": "Night shift", "realm": "self-care", "description": "Nights"})
    assert answer.status_code == 303
    assert views(app, named(app, "Night shift")) == {}
    assert [row.details["name"] for row in recorded(app, "role.created")] == ["Night shift"]


def test_a_copy_gives_what_its_model_gives(root: Browser, app: Flask) -> None:
    page = root.get("/admin/roles/new?like=itlead").text
    assert "itlead (copy)" in page
    root.post("/admin/roles/new", {"name": "Twin", "realm": "self-care", "like": "itlead"})
    assert views(app, named(app, "Twin")) == views(app, "itlead")
    root.post("/admin/roles/new", {"name": "All", "realm": "self-care", "like": "default-selfcare"})
    assert views(app, named(app, "All"))["pbx"] == {"": "full"}


@pytest.mark.parametrize(
    ("form", "message"),
    [
        ({"name": " "}, "Enter a name."),
        ({"name": "x" * 121}, "At most 120 characters."),
        ({"name": "a\u0007b"}, "Control characters cannot be used here."),
        ({"name": "ＩＴＬＥＡＤ"}, "Another role of this realm has this name."),
        ({"description": "x" * 501}, "At most 500 characters."),
        ({"realm": "both"}, "Not a valid choice"),
        ({"like": "helpdesk"}, "Choose a role of the same realm."),
        ({"like": "nobody"}, "Choose a role of the same realm."),
    ],
)
def test_a_bad_role_is_refused_beside_its_field_and_what_was_typed_stays(
    root: Browser, app: Flask, form: dict[str, str], message: str
) -> None:
    before = len(rows(app, select(Role.id)))
    answer = root.post("/admin/roles/new", {"name": "Fine", "realm": "self-care", "description": "Typed", **form})
    assert answer.status_code == 422
    assert message in answer.text
    assert "description" in form or "Typed" in answer.text
    assert len(rows(app, select(Role.id))) == before


def test_one_of_many_roles_of_one_name_made_at_once_is_there(app: Flask) -> None:
    def make(name: str) -> bool:
        try:
            with working(app) as work:
                create_role(work, Realm.SELF_CARE, name, "", {}, {})
        except Invalid:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(make, ["Straße", "STRASSE", "strasse", "ｓｔｒａｓｓｅ"] * 2))
    assert made.count(True) == 1


def test_a_role_is_renamed_and_edited_in_one_step_and_one_row(root: Browser, app: Flask) -> None:
    form = {"version": version(app), "name": "IT head", "description": "Leads", "pbx:": "view"}
    assert root.post(ROLE, form).status_code == 303
    assert views(app, "itlead") == {"pbx": {"": "view"}}
    (row,) = recorded(app, "role.changed")
    assert row.details["after"]["name"] == "IT head"
    assert row.details["after"]["pbx"] == {"": "view"}
    assert set(row.details["before"]) == {"name", "description", "pbx", "iot"}


def test_of_two_who_save_at_once_the_second_sees_what_changed_and_keeps_what_was_typed(
    root: Browser, app: Flask
) -> None:
    shown = version(app)
    root.post(ROLE, {"version": shown, "name": "First", "pbx:": "view"})
    answer = root.post(ROLE, {"version": shown, "name": "Second", "pbx:": "full"})
    assert answer.status_code == 409
    assert "Somebody saved this role meanwhile." in answer.text
    for text in ("First", "Second", "Cloud PBX"):
        assert text in answer.text
    assert 'value="Second"' in answer.text
    again = {"version": version(app), "name": "Second", "pbx:": "full"}
    assert f'name="version" value="{again["version"]}"' in answer.text
    assert root.post(ROLE, again).status_code == 303


def test_pages_that_a_portal_gained_since_the_last_save_are_marked(root: Browser, app: Flask) -> None:
    assert "New pages" not in root.get(ROLE).text
    root.post(ROLE, {"version": version(app), "name": "itlead", "pbx:": "view"})
    assert "New pages" not in root.get(ROLE).text
    with working(app) as work:
        (view,) = work.scalars(select(PortalView).where(PortalView.role_id == "itlead"))
        view.known = [key for key in view.known or [] if key != "calls"]
    assert "New pages" in root.get(ROLE).text


def test_a_role_in_use_is_not_deleted_and_the_page_says_who_holds_it(root: Browser, app: Flask) -> None:
    page = root.get(f"{ROLE}/delete").text
    for text in ("John", "Eve", "ABC Company", "Globex Corporation"):
        assert text in page, text
    answer = root.post(f"{ROLE}/delete", {"version": version(app)})
    assert answer.status_code == 422
    assert "This role is in use." in answer.text
    assert views(app, "itlead")


def test_deleting_moves_holders_and_what_customers_may_hand_out_in_one_step(
    root: Browser, app: Flask, new_browser: NewBrowser
) -> None:
    john = new_browser()
    john.log_in(JOHN)
    assert john.get("/portals/iot/devices").status_code == 200
    answer = root.post(f"{ROLE}/delete", {"version": version(app), "move_to": "itsupport"})
    assert answer.status_code == 303
    assert rows(app, select(Role.id).where(Role.id == "itlead")) == []
    holders = rows(app, select(Identity.role_id).where(Identity.id.in_(["john", "eve"])))
    assert {row[0] for row in holders} == {"itsupport"}
    assert len(rows(app, select(AllowedRole).where(AllowedRole.role_id == "itsupport"))) == 2
    assert john.get("/portals/iot/devices").status_code == 404
    assert john.get("/portals/pbx/configuration/extensions").status_code == 200


@pytest.mark.parametrize("move_to", ["helpdesk", "itlead", "default-selfcare", "nobody"])
def test_holders_are_moved_to_another_role_of_their_realm_only__ROL_05(root: Browser, app: Flask, move_to: str) -> None:
    answer = root.post(f"{ROLE}/delete", {"version": version(app), "move_to": move_to})
    assert answer.status_code == 422
    assert rows(app, select(Identity.role_id).where(Identity.id == "john"))[0][0] == "itlead"


def test_a_stale_deletion_is_refused_and_a_default_role_stays(root: Browser, app: Flask) -> None:
    assert root.post(f"{ROLE}/delete", {"version": "0", "move_to": "itsupport"}).status_code == 409
    token = {"version": version(app, "default-selfcare"), "move_to": "itlead"}
    assert root.post("/admin/roles/default-selfcare/delete", token, page=ROLE).status_code == 403
    assert "cannot be deleted" in root.get("/admin/roles/default-selfcare/delete").text


def test_nobody_makes_copies_imports_or_deletes_an_admin_role_beyond_their_own__ROL_06(
    limited: Browser, app: Flask
) -> None:
    with working(app) as work:
        strong = create_role(work, Realm.ADMIN, "Strong", "", {"console": {"gateway": "full"}}, {})
    file = {"format": "portico-role-1", "realm": "admin", "name": "More", "views": {"console": {"gateway": "view"}}}
    page = "/admin/roles/new"
    for path, form in (
        (page, {"name": "Copy", "realm": "admin", "like": strong}),
        (page, {"name": "Copy", "realm": "admin", "like": "default-admin"}),
        ("/admin/roles/import", {"text": json.dumps(file), "confirm": "y"}),
        (f"/admin/roles/{strong}/delete", {"version": "1"}),
        (f"/admin/roles/{strong}", {"version": "1", "name": "Weak"}),
        ("/admin/roles/helpdesk/delete", {"version": version(app, "helpdesk"), "move_to": "default-admin"}),
    ):
        answer = limited.post(path, form, page=page)
        assert answer.status_code == 403, path
        assert answer.headers["X-Error-Code"] == "beyond_own"
    assert {row[0] for row in rows(app, select(Role.name))}.isdisjoint({"Copy", "More", "Weak"})
    assert limited.post(page, {"name": "Less", "realm": "admin", "like": "helpdesk"}).status_code == 303


def test_the_preview_shows_what_the_role_sees_and_nothing_else(root: Browser, new_browser: NewBrowser) -> None:
    page = root.get("/admin/roles/itsupport/preview").text
    assert "Extensions" in page
    assert "Invoices" not in page
    assert page.count("This portal is not there for them at all.") == 1
    mark = new_browser()
    mark.log_in(MARK)
    assert "IoT" not in mark.get("/").text


def test_two_roles_stand_side_by_side_with_their_differences_marked(root: Browser) -> None:
    page = root.get("/admin/roles/compare?left=itlead&right=itsupport").text
    assert "They differ" in page
    only = root.get("/admin/roles/compare?left=itlead&right=itsupport&only=y").text
    assert "No difference here." in only
    assert only.count("<tr>") < page.count("<tr>")
    assert "Choose two roles of the same realm." in root.get("/admin/roles/compare?left=itlead&right=helpdesk").text
    assert root.get("/admin/roles/compare?left=nobody&right=itlead").status_code == 200


def test_a_role_goes_out_as_a_file_and_comes_in_the_same(root: Browser, app: Flask) -> None:
    answer = root.get(f"{ROLE}/export")
    assert answer.headers["Content-Disposition"].startswith("attachment")
    file = json.loads(answer.text) | {"name": "Came back"}
    sent = {"file": (io.BytesIO(json.dumps(file).encode()), "role.json")}
    looked = root.post("/admin/roles/import", sent, content_type="multipart/form-data")
    assert looked.status_code == 200
    assert "Create this role" in looked.text
    assert rows(app, select(Role.id).where(Role.name == "Came back")) == []
    assert root.post("/admin/roles/import", {"text": json.dumps(file), "confirm": "y"}).status_code == 303
    assert views(app, named(app, "Came back")) == views(app, "itlead")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "This is not JSON"),
        ("[" * 5000, "This is not JSON"),
        ('{"format": "portico-role-1", "format": "x"}', "stands twice"),
        ('{"format": "other"}', "should be “portico-role-1”"),
        ({"realm": "x"}, "should be “self-care” or “admin”"),
        ({"name": ""}, "A name is missing."),
        ({"name": 7}, "should be a text"),
        ({"name": "itlead"}, "Another role of this realm has this name."),
        ({"more": 1}, "“more” is not known"),
        ({"views": []}, "should be an object"),
        ({"views": {"console": {}}}, "There is no portal “console” in this realm"),
        ({"views": {"pbx": 1}}, "should be an object"),
        ({"views": {"pbx": {"nowhere": "view"}}}, "has no page “nowhere”"),
        ({"views": {"pbx": {"calls": "most"}}}, "should be one of forbidden, view, full"),
        ({"views": {"pbx": {"calls": ["view"]}}}, "should be one of forbidden, view, full"),
        ({"\ud800": 1}, "“?” is not known"),
        ({"name": "\ud800"}, "should be a text"),
        ({"views": {"\ud800": {}}}, "There is no portal “?” in this realm"),
        ({"views": {"pbx": {"\ud800": "view"}}}, "has no page “?”"),
        ({"doors": {"\ud800": {}}}, "doors.?: There is no such portal elsewhere."),
    ],
)
def test_a_bad_file_is_refused_with_every_fault_named(
    root: Browser, app: Flask, text: str | dict[str, object], message: str
) -> None:
    before = len(rows(app, select(Role.id)))
    if isinstance(text, dict):
        text = json.dumps({"format": "portico-role-1", "realm": "self-care", "name": "New", "views": {}, **text})
    answer = root.post("/admin/roles/import", {"text": text, "confirm": "y"})
    assert answer.status_code == 422
    assert message in answer.text
    assert len(rows(app, select(Role.id))) == before


def test_roles_are_found_by_name(root: Browser) -> None:
    page = root.get("/admin/roles?q=ITL").text
    assert "itlead" in page
    assert "helpdesk" not in page
    assert "Nothing found" in root.get("/admin/roles?q=zzz").text
