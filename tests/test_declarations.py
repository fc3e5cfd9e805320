"""A portal that is declared wrongly does not start, and what is declared is guarded, however it is asked for."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Blueprint, Flask
from sqlalchemy import select

from gateway import create_app
from gateway.audit.models import AuditEvent
from gateway.errors import DeclarationError
from gateway.portal import Page, Portal, Root, Tab, belongs_to
from gateway.portal.registry import discover
from tests.cast import ADAM, HELEN, JOHN
from tests.conftest import settings_for
from tests.house import Browser, rows

NewBrowser = Callable[[], Browser]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Flask]]:
    """Starts an application with portals."""
    made: list[Flask] = []

    def do(*portals: Portal) -> Flask:
        app = create_app(settings_for(f"sqlite:///{tmp_path / 'house.db'}"), portals)
        made.append(app)
        return app

    yield do
    for app in made:
        app.extensions["portico"].database.dispose()


def shop(slug: str = "shop", **more: Any) -> Portal:
    """Make a portal with one page, `things`, and one view; a test puts one thing wrong."""
    bp = Blueprint(slug.replace("-", "_"), __name__)
    bp.get("/things")(belongs_to("things")(_view("things")))
    return portal_of(bp, slug=slug, **more)


def _view(name: str) -> Callable[..., str]:
    def view(**_values: str) -> str:
        return "ok"

    view.__name__ = name
    return view


def portal_of(bp: Blueprint, slug: str = "shop", **more: Any) -> Portal:
    """Make a portal of a blueprint."""
    declared: dict[str, Any] = {
        "slug": slug,
        "title": "Shop",
        "icon": "cpu",
        "blueprint": bp,
        "structure": Root(Page("things", "Things", endpoint=f"{bp.name}.things")),
    }
    return Portal(**declared | more)


def refused(start: Callable[..., Flask], *portals: Portal) -> str:
    """Start, and return the sentence that says why not."""
    with pytest.raises(DeclarationError) as caught:
        start(*portals)
    return str(caught.value)


def test_a_portal_that_is_declared_rightly_starts(start: Callable[..., Flask]) -> None:
    app = start(shop(), shop("other-shop"))
    assert {"shop.things", "other_shop.things"} <= set(app.view_functions)
    assert app.test_client().get("/portals/shop/things").status_code == 303


def test_a_view_without_a_node_is_named__POR_01(start: Callable[..., Flask]) -> None:
    portal = shop()
    portal.blueprint.post("/secret")(_view("secret"))
    assert refused(start, portal) == (
        "the portal 'shop' has the view 'shop.secret' that belongs to no node; mark it with @belongs_to(\"…\")"
    )


def test_a_view_of_the_gateway_without_a_mark_would_be_named_too__POR_01(start: Callable[..., Flask]) -> None:
    stray = Blueprint("stray", __name__)
    stray.get("/stray")(_view("stray"))
    portal = shop()
    portal.blueprint.register_blueprint(stray)
    assert "'shop.stray.stray' that belongs to no node" in refused(start, portal)


def test_a_view_of_an_unknown_node_is_named__POR_01(start: Callable[..., Flask]) -> None:
    portal = shop()
    portal.blueprint.get("/lost")(belongs_to("thing")(_view("lost")))
    assert refused(start, portal) == (
        "the view 'shop.lost' belongs to 'thing', which the portal 'shop' does not have; it has things"
    )


@pytest.mark.parametrize("slug", ["shop", "pbx", "console", "self-care"])
def test_two_portals_with_one_slug_are_named__POR_01(start: Callable[..., Flask], slug: str) -> None:
    more = {} if slug == "console" else {"path": f"/elsewhere/{slug}"}
    found = refused(start, *discover(), shop(), portal_of(Blueprint("twin", __name__), slug=slug, **more))
    assert found == f"two portals are called {slug!r}; a slug is for one portal only"


@pytest.mark.parametrize("slug", ["", "Shop", "my shop", "shop/../admin", "-shop", "shop_2", "a\n"])
def test_a_slug_that_is_no_address_is_named__POR_01(start: Callable[..., Flask], slug: str) -> None:
    assert repr(slug) in refused(start, portal_of(Blueprint("odd", __name__), slug=slug))


def test_a_node_that_leads_nowhere_is_named__POR_01(start: Callable[..., Flask]) -> None:
    structure = Root(Page("things", "Things", endpoint="shop.thinks"))
    assert refused(start, shop(structure=structure)) == (
        "the node 'things' of 'shop' leads to the endpoint 'shop.thinks', which no view has"
    )


def test_a_node_that_leads_to_a_view_of_another_node_is_named__POR_01(start: Callable[..., Flask]) -> None:
    structure = Root(Page("things", "Things"), Page("others", "Others", endpoint="shop.things"))
    assert refused(start, shop(structure=structure)) == (
        "the node 'others' of 'shop' leads to 'shop.things', which belongs to 'things'"
    )


def test_a_node_that_leads_to_a_view_of_another_portal_is_named__POR_01(start: Callable[..., Flask]) -> None:
    structure = Root(Page("things", "Things", endpoint="console.customers"))
    assert "'things' of 'shop' leads to 'console.customers'" in refused(start, shop(structure=structure))


def test_a_node_that_leads_to_one_record_is_named__POR_01(start: Callable[..., Flask]) -> None:
    portal = shop(structure=Root(Page("things", "Things", endpoint="shop.thing")))
    portal.blueprint.get("/things/<id>")(belongs_to("things")(_view("thing")))
    assert "whose address needs a value" in refused(start, portal)


def test_a_bad_or_repeated_node_key_is_named__POR_01(start: Callable[..., Flask]) -> None:
    assert "'Things'" in refused(start, shop(structure=Root(Page("Things", "Things"))))
    twice = Root(Page("things", "Things", tabs=(Tab("a", "A"), Tab("a", "B"))))
    assert "the node 'things.a' is declared twice" in refused(start, shop(structure=twice))


@pytest.mark.parametrize("hue", [0, 6, -1])
def test_a_hue_that_there_is_not_is_named__POR_01(start: Callable[..., Flask], hue: int) -> None:
    assert refused(start, shop(hue=hue)) == f"the portal 'shop' has hue {hue}; there are 1 to 5"


@pytest.mark.parametrize("first", ["mark", "route"])
def test_the_mark_guards_in_whichever_order_decorators_stand__POR_01(start: Callable[..., Flask], first: str) -> None:
    bp = Blueprint("shop", __name__)
    mark, route = belongs_to("things"), bp.get("/things")
    if first == "mark":
        route(mark(_view("things")))
    else:
        mark(route(_view("things")))
    answer = start(portal_of(bp)).test_client().get("/portals/shop/things")
    assert (answer.status_code, answer.location) == (303, "/login?next=/portals/shop/things")


INVOICES = "/portals/pbx/finance/invoices"
TRICKS = [
    *("/" + INVOICES, "/" * 3 + INVOICES, INVOICES + "/", INVOICES.upper(), INVOICES.replace("pbx", "PBX")),
    *(INVOICES + ";x", INVOICES + "%00", INVOICES + "%20", INVOICES + "%2f", INVOICES + "/.", INVOICES + "."),
    "/portals/pbx/overview/../finance/invoices",
    "/portals/pbx/overview/%2e%2e/finance/invoices",
    "/portals/pbx/overview/..%2ffinance/invoices",
    "/portals/pbx//finance/invoices",
    "/portals/./pbx/finance/invoices",
    "/portals/pbx/finance%2finvoices",
    "/portals/pbx/%66inance/invoices",
    "/static/..%2fportals/pbx/finance/invoices",
    "/as/0123456789abcdef" + INVOICES,
    "/as/0123456789abcdef/as/0123456789abcdef" + INVOICES,
    "/admin/../portals/pbx/finance/invoices",
    "/admin" + INVOICES,
]


@pytest.mark.parametrize("followed", [False, True])
def test_a_trick_with_the_path_opens_nothing__POR_03(app: Flask, new_browser: NewBrowser, followed: bool) -> None:
    john, adam = new_browser(), new_browser()
    john.log_in(JOHN)
    adam.log_in(ADAM)
    assert adam.get(INVOICES).status_code == 200
    assert adam.client.get("/", environ_overrides=wire(INVOICES)).status_code == 200
    for path in TRICKS:
        # What is given is the path on the wire: nothing is tidied up before it is sent.
        answer = john.client.get("/", environ_overrides=wire(path), follow_redirects=followed)
        assert "abc-0001" not in answer.text, path
        if followed:
            assert answer.status_code == 404 or answer.request.path.endswith("/login"), path
        else:
            assert answer.status_code in (303, 308, 404), path


def wire(path: str) -> dict[str, str]:
    """Return what a server makes of a path on the wire: decoded once."""
    decoded = path.encode("ascii")
    for code in ("00", "20", "2e", "2f", "66"):
        decoded = decoded.replace(f"%{code}".encode(), bytes.fromhex(code))
    return {"PATH_INFO": decoded.decode("latin-1"), "REQUEST_URI": path, "RAW_URI": path}


def test_a_script_name_or_another_method_by_header_changes_nothing__POR_03(new_browser: NewBrowser) -> None:
    john = new_browser()
    john.log_in(JOHN)
    for headers in (
        {"SCRIPT_NAME": "/as/0123456789abcdef"},
        {"Script-Name": INVOICES},
        {"X-Script-Name": "/as/0123456789abcdef"},
        {"X-Original-URL": INVOICES},
        {"X-Rewrite-URL": INVOICES},
        {"X-Forwarded-Prefix": "/as/0123456789abcdef"},
        {"X-HTTP-Method-Override": "DELETE"},
    ):
        assert john.get(INVOICES, headers=headers).status_code == 404
        page = john.get("/portals/pbx/overview", headers=headers)
        assert page.status_code == 200
        assert 'href="/portals/pbx/calls"' in page.text
        assert "0123456789abcdef" not in page.text


NAMES = ("X-User", "Remote-User", "X-Remote-User", "X-Forwarded-User", "X-Gateway-User", "X_Gateway_User")
MORE = ("X-Gateway-Role", "X-Auth-Request-User", "X-Authenticated-User", "Remote_User", "X-WEBAUTH-USER", "From")


def test_headers_that_name_somebody_make_nobody_of_a_stranger_and_no_other_of_a_visitor__POR_05(
    app: Flask, new_browser: NewBrowser
) -> None:
    stranger, john, helen = new_browser(), new_browser(), new_browser()
    john.log_in(JOHN)
    helen.log_in(HELEN)
    for name in (*NAMES, *MORE):
        for whom in ("root", "adam", "abc", "administrator:root"):
            headers = {name: whom}
            assert stranger.get("/portals/pbx/overview", headers=headers).status_code == 303
            assert stranger.get("/admin/customers", headers=headers).location == "/admin/login?next=/admin/customers"
            assert john.get(INVOICES, headers=headers).status_code == 404
            assert helen.get("/admin/administrators", headers=headers).status_code == 404
    page = john.get("/portals/pbx/overview", headers={"X-User": "adam"}).text
    assert "John Carter" in page
    assert "Adam Weiss" not in page
    refused = rows(app, select(AuditEvent.actor_id).where(AuditEvent.event == "access.refused").distinct())
    assert {row[0] for row in refused} == {"john", "helen"}
