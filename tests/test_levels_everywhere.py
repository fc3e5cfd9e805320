"""One level, wherever it is asked: on the pages, in the API, in the claims of portals elsewhere.

Each portal of this gateway gets a twin elsewhere, with the same pages and the same levels in every role, so that what
its claims say can be held against the pages themselves.
"""

import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import pytest
from flask import Flask

from gateway import clock
from gateway.access import external
from gateway.access.levels import Level
from gateway.access.operations import set_portal_view
from gateway.identity.models import Realm
from gateway.oidc import keys
from gateway.portal.registry import Registry
from tests.cast import CAST, EVE, GLOBEX, INITECH, PEOPLE, ROOT, STAFF, Member
from tests.elsewhere import Elsewhere, registration
from tests.house import ROLES, Browser, form_token, house_of, visit_of, working
from tests.programs import Program, token_for
from tests.test_permissions import FORMS, THEIRS, address

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
NewBrowser = Callable[[], Browser]
Words = Mapping[str, str]
TWINS = ("pbx", "iot", "self-care")
NO_RECORD = re.compile("<|/(none|nothing|abc-net)(/|$)")
# What a view answers to whom the guard let through: after some wrong passwords it has them wait.
ANSWERS = (200, 303, 409, 422, 429)
NAMES_A_DEVICE = ("/portals/iot/devices/change",)
# What takes a second right beside that of the page on which it stands.
ASKS_MORE = dict.fromkeys(("/admin/launches", "/admin/customers/<id>/support-requests"), "open.assigned")


def registry_of(app: Flask) -> Registry:
    """Return the portals of an application."""
    found: Registry = app.extensions["portico.registry"]
    return found


def twin(app: Flask, slug: str) -> Elsewhere:
    """Register the twin of a portal, and let every role into it as into the portal itself."""
    nodes, name = registry_of(app).own[slug].structure.nodes, f"{slug}-twin"
    pages: list[dict[str, Any]] = []
    for key, node in nodes.items():
        if "." not in key:
            pages.append({"key": key, "title": node.title, "tabs": []})
        else:
            pages[-1]["tabs"].append({"key": key.split(".")[1], "title": node.title})
    said = registration(name)
    with working(app) as work:
        keys.ensure(work, house_of(app).vault, clock.now())
        secret = external.register(work, name, said, pages, (), clock.now())
        for role, (realm, views) in ROLES.items():
            if realm is Realm.SELF_CARE and slug in views:
                set_portal_view(work, role, name, views[slug])
    return Elsewhere(app, name, said.redirect_uris[0], secret)


@pytest.fixture
def twins(app: Flask) -> dict[str, Elsewhere]:
    """The twins by the slug of the portal."""
    return {slug: twin(app, slug) for slug in TWINS}


def filled(rule: str, member: Member) -> str | None:
    """Return the path of a rule with a record of somebody's customer (staff: one that there is), or None."""
    if "<" not in rule:
        return rule if member is not INITECH or rule not in NAMES_A_DEVICE else None
    if member in (GLOBEX, EVE):
        return rule.replace("<id>", THEIRS[rule]) if rule in THEIRS else None
    path = address(rule).replace("/tickets", "/pbx-twin")
    return path if member is not INITECH and not NO_RECORD.search(path) else None


def by_pages(app: Flask, browser: Browser, slug: str, words: Words, member: Member, prefix: str = "") -> None:
    """Hold levels against every route of a portal: what is not found, what is only looked at, and what answers."""
    registry = registry_of(app)
    start = f"{prefix}/portals/self-care/profile" if slug != "console" else "/admin/security"
    token = form_token(browser.get(start).text)
    for key in registry.own[slug].structure.nodes:
        if path := registry.paths.get((slug, key)):
            closed = level_in(words, key) is Level.FORBIDDEN
            assert browser.get(f"{prefix}{path}").status_code == (404 if closed else 200), path
    for rule in app.url_map.iter_rules():
        mark = registry.marks[rule.endpoint]
        path = filled(rule.rule, member) if mark.portal == slug else None
        if mark.node is None or path is None:
            continue
        level, changes = level_in(words, mark.node), level_in(words, ASKS_MORE.get(rule.rule, mark.node))
        form = {"csrf_token": token, **FORMS.get(f"POST {rule.rule}", {})}
        if rule.rule in NAMES_A_DEVICE and member in (GLOBEX, EVE):
            form["device"] = "globex-dev"
        for method, ask in (("GET", browser.client.get), ("POST", partial(browser.client.post, data=form))):
            if method not in (rule.methods or ()):
                continue
            status = ask(f"{prefix}{path}").status_code
            if level is Level.FORBIDDEN:
                assert status == 404, (method, path, status)
            elif method == "POST" and changes is not Level.FULL:
                assert status == 403, (method, path, status)
            else:
                assert status in ANSWERS, (method, path, status)


def level_in(words: Words, key: str) -> Level:
    """Return a level that was told; what was not told of is forbidden."""
    return Level.of(words.get(key, "forbidden"))


def of_the_portal(app: Flask, slug: str, twins: Words, member: Member) -> Words:
    """Return what the levels of a twin are in the portal itself: some pages of self-care are everybody's own, and one
    is for those alone who have a role to hand out.
    """
    least = registry_of(app).own[slug].structure.levels({})
    words = {key: max(level, level_in(twins, key)).word for key, level in least.items()}
    if slug == "self-care" and member is INITECH:
        words["individuals"] = "forbidden"
    return words if set(words.values()) != {"forbidden"} else {}


def by_claims(portal: Elsewhere, browser: Browser, **hint: str) -> Words:
    """Return the levels that a twin is told of; none where it is not entered."""
    back = portal.asked(browser, **hint)
    if "code" not in back:
        assert back["error"] == "access_denied"
        return {}
    words: Words = portal.read(portal.redeem(back["code"]).json)["levels"]
    return words


def by_api(app: Flask, member: Member, level: str) -> dict[str, Words]:
    """Return the levels that the API tells somebody's program, by portal."""
    token = token_for(app, member.login, level=level)
    told = Program(app, member.login, token=token).get("/self").json["portals"]
    return {portal["slug"]: portal["levels"] for portal in told}


@pytest.mark.parametrize("member", CAST, ids=lambda member: member.login)
def test_pages_api_and_claims_give_everybody_one_level_at_every_node__POR_02(
    app: Flask, twins: dict[str, Elsewhere], new_browser: NewBrowser, member: Member
) -> None:
    browser, told = new_browser(), by_api(app, member, "full")
    browser.log_in(member)
    mine = Realm.ADMIN if member in STAFF else Realm.SELF_CARE
    assert told.keys() <= {slug for slug, portal in registry_of(app).portals.items() if portal.realm is mine}
    for slug, portal in registry_of(app).own.items():
        if portal.realm is mine:
            by_pages(app, browser, slug, told.get(slug, {}), member)
    for slug, portal in twins.items():
        if member in STAFF:
            assert browser.get(portal.request()).location.startswith("/login?"), "staff come in a visit alone"
            continue
        claimed = by_claims(portal, browser)
        assert claimed == told.get(portal.slug, {})
        assert of_the_portal(app, slug, claimed, member) == told.get(slug, {})
        opens = portal.slug in told
        assert (f'href="/portals/{portal.slug}/"' in browser.get("/").text) is opens
        assert browser.get(f"/portals/{portal.slug}/").status_code == (200 if opens else 404)


@pytest.mark.parametrize("member", PEOPLE, ids=lambda member: member.login)
@pytest.mark.parametrize("mode", ["assigned", "full"])
@pytest.mark.parametrize("view_only", ["", "y"])
def test_pages_and_claims_of_a_visit_have_its_mode_and_its_ceiling__POR_02__IMP_02(
    app: Flask, twins: dict[str, Elsewhere], new_browser: NewBrowser, member: Member, mode: str, view_only: str
) -> None:
    root = new_browser()
    root.log_in(ROOT)
    path = root.open(member.login, "", mode=mode, view_only=view_only)
    prefix = visit_of(path)
    role = by_api(app, member, "view" if view_only else "full")
    ceiling = "view" if view_only else "full"
    for slug, portal in twins.items():
        nodes = registry_of(app).own[slug].structure.nodes
        expected = role.get(portal.slug, {}) if mode == "assigned" else dict.fromkeys(nodes, ceiling)
        assert by_claims(portal, root, login_hint=f"visit:{prefix.removeprefix('/as/')}") == expected
        if slug != "self-care":
            by_pages(app, root, slug, expected, member, prefix)
