"""One level, wherever it is asked: on the pages, in the API, in the claims of portals elsewhere.

Each portal of this gateway gets a twin elsewhere, with the same pages and the same levels in every role, so that what
its claims say can be held against the pages themselves.
"""

from collections.abc import Callable, Mapping
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
from tests.cast import CAST, PEOPLE, ROOT, STAFF, Member
from tests.elsewhere import Elsewhere, registration
from tests.house import ROLES, Browser, form_token, house_of, visit_of, working
from tests.programs import Program, token_for

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
NewBrowser = Callable[[], Browser]
Words = Mapping[str, str]
TWINS = ("pbx", "iot")
REFUSED = {Level.FORBIDDEN: 404, Level.VIEW: 403}


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


def by_pages(app: Flask, browser: Browser, slug: str, words: Words, prefix: str = "") -> None:
    """Hold levels against the pages of a portal: what opens, and what takes a change."""
    registry, rules = registry_of(app), list(app.url_map.iter_rules())
    token = form_token(
        browser.get(f"{prefix}/portals/self-care/profile" if slug != "console" else "/admin/security").text
    )
    for key in registry.own[slug].structure.nodes:
        level = Level.of(words.get(key, "forbidden"))
        if path := registry.paths.get((slug, key)):
            assert browser.get(f"{prefix}{path}").status_code == (404 if level is Level.FORBIDDEN else 200), path
        for rule in rules:
            mark = registry.marks[rule.endpoint]
            unsafe = "POST" in (rule.methods or ()) and mark.needs is Level.FULL and not rule.arguments
            if unsafe and (mark.portal, mark.node) == (slug, key) and not rule.rule.startswith("/api/"):
                answer = browser.client.post(f"{prefix}{rule.rule}", data={"csrf_token": token})
                assert answer.status_code == REFUSED.get(level, answer.status_code), rule.rule
                assert level < Level.FULL or answer.status_code != 403, rule.rule


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
            by_pages(app, browser, slug, told.get(slug, {}))
    for slug, portal in twins.items():
        if member in STAFF:
            assert browser.get(portal.request()).location.startswith("/login?"), "staff come in a visit alone"
            continue
        assert by_claims(portal, browser) == told.get(slug, {}) == told.get(portal.slug, {})
        opens = slug in told
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
        expected = role.get(slug, {}) if mode == "assigned" else dict.fromkeys(nodes, ceiling)
        assert by_claims(portal, root, login_hint=f"visit:{prefix.removeprefix('/as/')}") == expected
        by_pages(app, root, slug, expected, prefix)
