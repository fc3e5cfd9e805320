"""Support access without consent, in an emergency: a right of its own, a reason, word to the customer, a mark."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select, update

from gateway import clock, migrations
from gateway.access.models import PortalView, Role
from gateway.access.operations import set_portal_view
from gateway.db import Database
from gateway.identity.models import Gateway, Identity, Realm, Session
from tests.cast import ABC, HELEN, ROOT
from tests.consent import PAGE, let_in, recorded, set_class
from tests.house import Browser, change, form_token, house_of, rows, visit_of, working
from tests.post import outbox, text_of
from tests.programs import Program

NewBrowser = Callable[[], Browser]
WITHOUT = {"emergency": "y", "reason": "Fire in the exchange"}


@pytest.fixture
def root(app: Flask, new_browser: NewBrowser) -> Browser:
    """Root, logged in; the class of abc lets staff in on consent."""
    set_class(app, "consent")
    found = new_browser()
    found.log_in(ROOT)
    return found


def test_an_emergency_opens_without_consent_is_told_by_mail_and_says_so_everywhere__IMP_04__IMP_14(
    app: Flask, root: Browser
) -> None:
    visit = root.open("john", "pbx", **WITHOUT)
    page = root.get(visit).text
    assert "emergency, without consent" in page
    assert "Fire in the exchange" in page
    (mail,) = outbox(app)
    text = text_of(app, mail)
    assert (mail.identity_id, mail.letter) == ("abc", "support-access")
    for words in ("without your consent, in an emergency", "Rosa Root", "John Carter", "Fire in the exchange"):
        assert words in text
    for event in ("launch.started", "visit.start"):
        (row,) = recorded(app, event)
        assert row.details["emergency"] is True
    assert rows(app, select(Session.emergency).where(Session.actor_id == "root"))[0].emergency is True
    abc = Browser(app)
    abc.log_in(ABC)
    for listed in (abc.get(PAGE).text, root.get("/admin/audit").text.split("<tbody>")[1]):
        assert "emergency, without consent" in listed


@pytest.mark.parametrize("reason", ["", "   "])
def test_an_emergency_needs_a_reason__IMP_04(root: Browser, reason: str) -> None:
    assert root.launch("abc", "pbx", emergency="y", reason=reason).status_code == 422


def test_the_menu_sets_it_apart_for_whoever_has_that_right_and_only_while_consent_is_missing__IMP_01(
    app: Flask, root: Browser, new_browser: NewBrowser
) -> None:
    helen, abc = new_browser(), new_browser()
    helen.log_in(HELEN)
    abc.log_in(ABC)
    assert "Enter without consent (emergency)" in root.get("/admin/customers/abc/log-in").text
    assert "Enter without consent (emergency)" not in helen.get("/admin/customers/abc/log-in").text
    refused = helen.launch("abc", "pbx", **WITHOUT)
    assert (refused.status_code, refused.headers["X-Error-Code"]) == (403, "emergency-not-allowed")
    let_in(abc)
    assert "Enter without consent" not in root.get("/admin/customers/abc/log-in").text
    set_class(app, "open")
    assert "Enter without consent" not in root.get("/admin/customers/abc/log-in").text


@pytest.mark.parametrize("lost", [{"open.full": "forbidden"}, {"open.individual": "forbidden"}])
def test_an_emergency_goes_no_further_than_the_other_rights__IMP_01(
    app: Flask, root: Browser, lost: dict[str, str]
) -> None:
    with working(app) as work:
        work.add(Role(id="rescue", realm=Realm.ADMIN, name="Rescue", description=""))
        work.flush()
        set_portal_view(work, "rescue", "console", {"": "full", **lost})
    change(app, "root", role_id="rescue")
    subject, mode = ("abc", "full") if "open.full" in lost else ("john", "assigned")
    refused = root.launch(subject, "pbx", mode=mode, **WITHOUT)
    assert refused.status_code == 403
    assert refused.headers["X-Error-Code"] in ("full-not-allowed", "individual-not-allowed")
    assert root.launch("abc", "pbx", **WITHOUT).status_code == 303


def test_a_lack_of_consent_ends_it_neither_at_the_landing_nor_later__IMP_13(
    root: Browser, new_browser: NewBrowser
) -> None:
    abc = new_browser()
    abc.log_in(ABC)
    visit = root.open("abc", "pbx", **WITHOUT)
    land = root.launch("abc", "pbx", **WITHOUT).location
    let_in(abc)
    abc.post(f"{PAGE}/close", page=PAGE)
    assert root.get(visit).status_code == 200
    assert root.get(land).status_code == 303


def test_where_there_is_consent_it_is_a_visit_like_any_other_and_ends_with_it__IMP_13(
    app: Flask, root: Browser, new_browser: NewBrowser
) -> None:
    abc = new_browser()
    abc.log_in(ABC)
    let_in(abc)
    visit = root.open("abc", "pbx", **WITHOUT)
    assert "emergency, without consent" not in root.get(visit).text
    assert outbox(app) == []
    abc.post(f"{PAGE}/close", page=PAGE)
    assert root.get(visit).location == "/admin/customers?ended=consent-missing"


@pytest.mark.parametrize("happened", ["switch", "right"])
def test_the_switch_and_the_loss_of_the_right_end_an_emergency_too__IMP_10__IMP_13(
    app: Flask, root: Browser, happened: str
) -> None:
    with working(app) as work:
        work.add(Role(id="rescue", realm=Realm.ADMIN, name="Rescue", description=""))
        work.flush()
        set_portal_view(work, "rescue", "console", {"": "full"})
    change(app, "root", role_id="rescue")
    visit = root.open("abc", "pbx", **WITHOUT)
    land = root.launch("abc", "pbx", **WITHOUT).location
    with working(app) as work:
        if happened == "switch":
            work.execute(update(Gateway).values(support_access=False, version=Gateway.version + 1))
        else:
            set_portal_view(work, "rescue", "console", {"": "full", "open.emergency": "view"})
    code = "support-access-off" if happened == "switch" else "emergency-not-allowed"
    assert root.get(land).headers["X-Error-Code"] == code
    assert root.get(visit).location == f"/admin/customers?ended={code}"
    refused = root.launch("abc", "pbx", **WITHOUT)
    assert (refused.status_code, refused.headers["X-Error-Code"]) == (403, code)


def test_never_while_acting_holds_in_an_emergency__IMP_06(root: Browser) -> None:
    visit = visit_of(root.open("abc", "self-care", **WITHOUT))
    refused = root.post(f"{visit}{PAGE}", {"open_for": "day"}, page=f"{visit}{PAGE}")
    assert refused.headers["X-Error-Code"] == "impersonation_forbidden"


def test_a_program_asks_for_an_emergency_and_its_administrator_confirms_it(app: Flask, root: Browser) -> None:
    program = Program(app, "root")
    body = {"subject": "abc", "portal": "pbx"}
    assert program.post("/launches", body).json["code"] == "consent-missing"
    assert program.post("/launches", {**body, "emergency": True}).status_code == 422
    helen = Program(app, "helen").post("/launches", {**body, "emergency": True, "reason": "x"})
    assert (helen.status_code, helen.json["code"]) == (403, "emergency-not-allowed")
    path = program.post("/launches", {**body, "emergency": True, "reason": "Fire"}).json["url"]
    page = root.get(path).text
    assert "Without the customer" in page
    form = {**body, "csrf_token": form_token(page), "mode": "assigned", "emergency": "y", "reason": "Fire"}
    landed = root.get(root.client.post("/admin/launches", data=form).location)
    assert "emergency, without consent" in root.get(landed.location).text
    change(app, "abc", support_until=clock.now() + timedelta(hours=1))
    assert "Without the customer" not in root.get(path).text


def test_nobody_has_the_new_right_by_the_page_above_it_once_the_database_has_moved(app: Flask) -> None:
    with working(app) as work:
        for id, levels in (("all", {"": "full"}), ("opens", {"open": "full"}), ("some", {"open.full": "full"})):
            work.add(Role(id=id, realm=Realm.ADMIN, name=id, description=""))
            work.flush()
            work.add(PortalView(role_id=id, portal="console", name=id, levels=levels))
    database = Database(house_of(app).database.write_engine.url.render_as_string(hide_password=False))
    migrations.downgrade(database, "0015")
    migrations.upgrade(database)
    found = dict(rows(app, select(PortalView.role_id, PortalView.levels).where(PortalView.portal == "console")))
    assert found["all"] == {"": "full", "open.emergency": "forbidden"}
    assert found["opens"] == {"open": "full", "open.emergency": "forbidden"}
    assert found["some"] == {"open.full": "full"}
    assert len(rows(app, select(Identity.id))) == 10
    migrations.downgrade(database, "0015")
    with database.reading() as reader:
        kept = reader.exec_driver_sql("SELECT levels FROM portal_view WHERE role_id = 'all'").scalar_one()
    assert "emergency" not in str(kept)
    migrations.upgrade(database)
    database.dispose()
