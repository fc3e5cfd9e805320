"""The matrix: every route, every member of the cast, and the answer that the rules of the product give.

A new route without a row fails. In the table: `.` answers 200, `>` leads on (303), `-` is not found (404), `!` is
refused (403), `?` cannot be taken (422), `S` is stale (409).
"""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import delete

from gateway import clock, create_app
from gateway.access.models import AllowedRole
from gateway.access.operations import set_portal_view
from gateway.identity.models import NetworkList, Throttle, TrustedNetwork
from gateway.portal.registry import discover
from tests.cast import ABC, ADAM, CAST, HELEN, JOHN, STAFF, Member
from tests.conftest import _filled, settings_for
from tests.elsewhere import register
from tests.house import Browser, change, form_token, visit_of, working

STATUS = {".": 200, ">": 303, "-": 404, "!": 403, "?": 422}
STAFF_COLUMNS = ("root", "helen", "audrey")
PEOPLE_COLUMNS = ("abc", "john", "mark", "adam", "globex", "eve", "initech")

# Route: staff (root helen audrey), people (abc john mark adam globex eve initech). A record is abc's.
TABLE = {
    "GET /admin/": (">>>", ">>>>>>>"),
    "GET /admin/customers": ("...", ">>>>>>>"),
    "GET /admin/customers/new": ("...", ">>>>>>>"),
    "POST /admin/customers/new": ("??!", ">>>>>>>"),
    "GET /admin/customers/<id>": ("...", ">>>>>>>"),
    "POST /admin/customers/<id>": (">>!", ">>>>>>>"),
    "GET /admin/customers/<id>/status": ("...", ">>>>>>>"),
    "POST /admin/customers/<id>/status": ("??!", ">>>>>>>"),
    "GET /admin/customers/<id>/log-in": ("...", ">>>>>>>"),
    "POST /admin/customers/<id>/support-requests": (">>!", ">>>>>>>"),
    "GET /admin/customers/<id>/self-care": ("...", ">>>>>>>"),
    "POST /admin/customers/<id>/self-care": (">>!", ">>>>>>>"),
    "GET /admin/customers/<id>/individuals/<individual>/self-care": ("...", ">>>>>>>"),
    "POST /admin/customers/<id>/individuals/<individual>/self-care": (">>!", ">>>>>>>"),
    "GET /admin/customers/<id>/self-care/networks/<entry>": ("...", ">>>>>>>"),
    "POST /admin/customers/<id>/self-care/networks/<entry>": (">>!", ">>>>>>>"),
    "GET /admin/customers/<id>/individuals/<individual>/self-care/networks/<entry>": ("---", ">>>>>>>"),
    "POST /admin/customers/<id>/individuals/<individual>/self-care/networks/<entry>": ("--!", ">>>>>>>"),
    "POST /admin/customers/<id>/self-care/attempts": (">>!", ">>>>>>>"),
    "POST /admin/customers/<id>/individuals/<individual>/self-care/attempts": (">>!", ">>>>>>>"),
    "GET /admin/administrators/<id>/networks/<entry>": ("---", ">>>>>>>"),
    "POST /admin/administrators/<id>/networks/<entry>": ("--!", ">>>>>>>"),
    "GET /admin/security/networks": ("...", ">>>>>>>"),
    "POST /admin/security/networks": (">>>", ">>>>>>>"),
    "GET /admin/security/networks/<entry>": ("---", ">>>>>>>"),
    "POST /admin/security/networks/<entry>": ("---", ">>>>>>>"),
    "GET /admin/customers/<id>/explain": ("...", ">>>>>>>"),
    "GET /admin/customers/<id>/individuals/<individual>/explain": ("...", ">>>>>>>"),
    "POST /admin/customers/<id>/explain/allow": ("??!", ">>>>>>>"),
    "POST /admin/customers/<id>/individuals/<individual>/explain/allow": ("??!", ">>>>>>>"),
    "GET /admin/customers/<id>/individuals": ("...", ">>>>>>>"),
    "GET /admin/customers/<id>/individuals/new": ("...", ">>>>>>>"),
    "POST /admin/customers/<id>/individuals/new": ("??!", ">>>>>>>"),
    "GET /admin/customers/<id>/individuals/change": (">>>", ">>>>>>>"),
    "POST /admin/customers/<id>/individuals/change": ("??!", ">>>>>>>"),
    "GET /admin/customers/<id>/individuals/<individual>": ("...", ">>>>>>>"),
    "POST /admin/customers/<id>/individuals/<individual>": (">>!", ">>>>>>>"),
    "GET /admin/launches/<id>": ("---", ">>>>>>>"),
    "GET /admin/tokens": (".-.", ">>>>>>>"),
    "POST /admin/tokens": ("?-!", ">>>>>>>"),
    "POST /admin/tokens/<token>/revoke": ("--!", ">>>>>>>"),
    "GET /admin/customers/<id>/tokens": ("...", ">>>>>>>"),
    "POST /admin/customers/<id>/tokens": ("??!", ">>>>>>>"),
    "POST /admin/customers/<id>/tokens/<token>/revoke": ("--!", ">>>>>>>"),
    "GET /admin/customers/<id>/individuals/<individual>/tokens": ("...", ">>>>>>>"),
    "POST /admin/customers/<id>/individuals/<individual>/tokens": ("??!", ">>>>>>>"),
    "POST /admin/customers/<id>/individuals/<individual>/tokens/<token>/revoke": ("--!", ">>>>>>>"),
    "GET /admin/administrators/<id>/tokens": (".-.", ">>>>>>>"),
    "POST /admin/administrators/<id>/tokens": ("?-!", ">>>>>>>"),
    "POST /admin/administrators/<id>/tokens/<token>/revoke": ("--!", ">>>>>>>"),
    "POST /admin/administrators/<id>/api-access": (">-!", ">>>>>>>"),
    "POST /admin/customers/<id>/self-care/second-factor/reset": ("??!", ">>>>>>>"),
    "POST /admin/customers/<id>/individuals/<individual>/self-care/second-factor/reset": ("??!", ">>>>>>>"),
    "POST /admin/customers/<id>/individuals/<individual>/second-factor/reset": ("??!", ">>>>>>>"),
    "POST /admin/administrators/<id>/second-factor/reset": ("?-!", ">>>>>>>"),
    "GET /admin/security": ("...", ">>>>>>>"),
    "POST /admin/security": ("???", ">>>>>>>"),
    "POST /admin/security/sessions/<id>": ("---", ">>>>>>>"),
    "GET /admin/security/second-factor": ("...", ">>>>>>>"),
    "GET /admin/security/second-factor/app": ("...", ">>>>>>>"),
    "POST /admin/security/second-factor/app": ("???", ">>>>>>>"),
    "POST /admin/security/second-factor/app/confirm": ("???", ">>>>>>>"),
    "GET /admin/security/second-factor/recovery-codes": ("...", ">>>>>>>"),
    "POST /admin/security/second-factor/recovery-codes": ("???", ">>>>>>>"),
    "GET /admin/security/second-factor/on": ("...", ">>>>>>>"),
    "POST /admin/security/second-factor/on": ("???", ">>>>>>>"),
    "GET /admin/security/second-factor/off": ("...", ">>>>>>>"),
    "POST /admin/security/second-factor/off": ("???", ">>>>>>>"),
    "GET /admin/security/second-factor/passkeys/new": ("...", ">>>>>>>"),
    "POST /admin/security/second-factor/passkeys/new": ("???", ">>>>>>>"),
    "POST /admin/security/second-factor/passkeys": ("???", ">>>>>>>"),
    "GET /admin/security/second-factor/passkeys/<id>": ("---", ">>>>>>>"),
    "POST /admin/security/second-factor/passkeys/<id>": ("---", ">>>>>>>"),
    "POST /admin/security/second-factor/passkeys/<id>/remove": ("---", ">>>>>>>"),
    "POST /admin/security/second-factor/devices/forget": (">>>", ">>>>>>>"),
    "POST /admin/security/second-factor/devices/<id>/forget": ("---", ">>>>>>>"),
    "GET /admin/mail": (".-.", ">>>>>>>"),
    "POST /admin/mail/<id>/again": ("--!", ">>>>>>>"),
    "GET /admin/alarms": (".-.", ">>>>>>>"),
    "POST /admin/alarms/<id>/close": ("--!", ">>>>>>>"),
    "GET /admin/customers/<id>/sessions": ("...", ">>>>>>>"),
    "POST /admin/customers/<id>/sessions/<session>": ("--!", ">>>>>>>"),
    "GET /admin/customers/<id>/individuals/<individual>/sessions": ("...", ">>>>>>>"),
    "POST /admin/customers/<id>/individuals/<individual>/sessions/<session>": ("--!", ">>>>>>>"),
    "GET /admin/administrators/<id>/sessions": (".-.", ">>>>>>>"),
    "POST /admin/administrators/<id>/sessions/<session>": ("--!", ">>>>>>>"),
    "POST /admin/security/sessions": ("???", ">>>>>>>"),
    "GET /admin/reauthenticate": ("...", ">>>>>>>"),
    "POST /admin/reauthenticate": ("???", ">>>>>>>"),
    "POST /admin/gateway/sessions": ("?-!", ">>>>>>>"),
    "GET /reauthenticate": (">>>", "......."),
    "POST /reauthenticate": (">>>", "???????"),
    "GET /admin/formats": ("...", ">>>>>>>"),
    "POST /admin/launches": (">>!", ">>>>>>>"),
    "GET /admin/classes": (".-.", ">>>>>>>"),
    "GET /admin/classes/new": (".-.", ">>>>>>>"),
    "POST /admin/classes/new": ("?-!", ">>>>>>>"),
    "GET /admin/classes/<id>": (".-.", ">>>>>>>"),
    "POST /admin/classes/<id>": (".-!", ">>>>>>>"),
    "POST /admin/classes/<id>/delete": ("?-!", ">>>>>>>"),
    "GET /admin/roles": (".-.", ">>>>>>>"),
    "GET /admin/roles/<id>": (".-.", ">>>>>>>"),
    "POST /admin/roles/<id>": ("S-!", ">>>>>>>"),
    "GET /admin/roles/new": (".-.", ">>>>>>>"),
    "POST /admin/roles/new": ("?-!", ">>>>>>>"),
    "GET /admin/roles/import": (".-.", ">>>>>>>"),
    "POST /admin/roles/import": ("?-!", ">>>>>>>"),
    "GET /admin/roles/compare": (".-.", ">>>>>>>"),
    "GET /admin/roles/<id>/preview": (".-.", ">>>>>>>"),
    "GET /admin/roles/<id>/export": (".-.", ">>>>>>>"),
    "GET /admin/roles/<id>/delete": (".-.", ">>>>>>>"),
    "POST /admin/roles/<id>/delete": ("S-!", ">>>>>>>"),
    "GET /admin/portals": (".-.", ">>>>>>>"),
    "GET /admin/portals/new": (".-.", ">>>>>>>"),
    "POST /admin/portals/new": ("?-!", ">>>>>>>"),
    "GET /admin/portals/<slug>": (".-.", ">>>>>>>"),
    "POST /admin/portals/<slug>": (">-!", ">>>>>>>"),
    "POST /admin/portals/<slug>/enabled": (">-!", ">>>>>>>"),
    "GET /admin/portals/<slug>/structure": (".-.", ">>>>>>>"),
    "POST /admin/portals/<slug>/structure": ("?-!", ">>>>>>>"),
    "GET /admin/portals/<slug>/delete": (".-.", ">>>>>>>"),
    "POST /admin/portals/<slug>/delete": ("?-!", ">>>>>>>"),
    "GET /admin/administrators": (".-.", ">>>>>>>"),
    "GET /admin/administrators/new": (".-.", ">>>>>>>"),
    "POST /admin/administrators/new": ("?-!", ">>>>>>>"),
    "GET /admin/administrators/<id>": (".-.", ">>>>>>>"),
    "POST /admin/administrators/<id>": (">-!", ">>>>>>>"),
    "GET /admin/customers/<id>/allowed-roles": ("...", ">>>>>>>"),
    "POST /admin/customers/<id>/allowed-roles": ("??!", ">>>>>>>"),
    "GET /admin/customers/<id>/allowed-roles/<role>/remove": ("---", ">>>>>>>"),
    "POST /admin/customers/<id>/allowed-roles/<role>/remove": ("--!", ">>>>>>>"),
    "POST /admin/administrators/<id>/suspended": (">-!", ">>>>>>>"),
    "GET /admin/audit": (".-.", ">>>>>>>"),
    "GET /admin/audit.csv": (".-.", ">>>>>>>"),
    "GET /admin/audit.jsonl": (".-.", ">>>>>>>"),
    "GET /admin/gateway": (".-.", ">>>>>>>"),
    "POST /admin/gateway": ("?-!", ">>>>>>>"),
    "GET /": (">>>", "......."),
    "GET /portals/<slug>/": (">>>", ">>>>>>>"),
    "GET /portals/self-care/profile": (">>>", "......."),
    "POST /portals/self-care/profile": (">>>", "???????"),
    "POST /portals/self-care/security/sessions": (">>>", "???????"),
    "GET /portals/self-care/security": (">>>", "......."),
    "GET /portals/self-care/preferences": (">>>", "......."),
    "POST /portals/self-care/preferences": (">>>", ">>>>>>>"),
    "GET /portals/self-care/preferences/formats": (">>>", "......."),
    "POST /portals/self-care/security": (">>>", "???????"),
    "POST /portals/self-care/security/sessions/<id>": (">>>", "-------"),
    "POST /portals/self-care/security/elsewhere/<id>": (">>>", "-------"),
    "GET /portals/self-care/security/networks": (">>>", "......."),
    "POST /portals/self-care/security/networks": (">>>", ">>>>>>>"),
    "GET /portals/self-care/security/second-factor": (">>>", "......."),
    "GET /portals/self-care/security/second-factor/app": (">>>", "......."),
    "POST /portals/self-care/security/second-factor/app": (">>>", "???????"),
    "POST /portals/self-care/security/second-factor/app/confirm": (">>>", "???????"),
    "GET /portals/self-care/security/second-factor/recovery-codes": (">>>", "......."),
    "POST /portals/self-care/security/second-factor/recovery-codes": (">>>", "???????"),
    "GET /portals/self-care/security/second-factor/on": (">>>", "......."),
    "POST /portals/self-care/security/second-factor/on": (">>>", "???????"),
    "GET /portals/self-care/security/second-factor/off": (">>>", "......."),
    "POST /portals/self-care/security/second-factor/off": (">>>", "???????"),
    "GET /portals/self-care/security/second-factor/passkeys/new": (">>>", "......."),
    "POST /portals/self-care/security/second-factor/passkeys/new": (">>>", "???????"),
    "POST /portals/self-care/security/second-factor/passkeys": (">>>", "???????"),
    "GET /portals/self-care/security/second-factor/passkeys/<id>": (">>>", "-------"),
    "POST /portals/self-care/security/second-factor/passkeys/<id>": (">>>", "-------"),
    "POST /portals/self-care/security/second-factor/passkeys/<id>/remove": (">>>", "-------"),
    "POST /portals/self-care/security/second-factor/devices/forget": (">>>", ">>>>>>>"),
    "POST /portals/self-care/security/second-factor/devices/<id>/forget": (">>>", "-------"),
    "POST /portals/self-care/individuals/<individual>/second-factor/reset": (">>>", "?------"),
    "GET /portals/self-care/individuals": (">>>", ".---.--"),
    "GET /portals/self-care/individuals/new": (">>>", ".---.--"),
    "POST /portals/self-care/individuals/new": (">>>", "?---?--"),
    "GET /portals/self-care/individuals/change": (">>>", ">--->--"),
    "POST /portals/self-care/individuals/change": (">>>", "?---?--"),
    "GET /portals/self-care/individuals/<individual>": (">>>", ".------"),
    "POST /portals/self-care/individuals/<individual>": (">>>", ">------"),
    "GET /portals/self-care/tokens": (">>>", ".---.-."),
    "POST /portals/self-care/tokens": (">>>", "?---?-?"),
    "GET /portals/self-care/activity/support-access": (">>>", ".---.-."),
    "POST /portals/self-care/activity/support-access": (">>>", "?---?-?"),
    "POST /portals/self-care/activity/support-access/close": (">>>", "S---S-S"),
    "POST /portals/self-care/activity/support-access/mail": (">>>", ">--->->"),
    "POST /portals/self-care/activity/support-access/requests/<id>": (">>>", "?---?-?"),
    "GET /portals/self-care/activity": (">>>", "......."),
    "GET /portals/pbx/overview": (">>>", "......."),
    "GET /portals/pbx/configuration/extensions": (">>>", "...-..."),
    "GET /portals/pbx/configuration/extensions/new": (">>>", "...-..."),
    "POST /portals/pbx/configuration/extensions/new": (">>>", "???-???"),
    "GET /portals/pbx/configuration/extensions/<id>": (">>>", "...----"),
    "POST /portals/pbx/configuration/extensions/<id>": (">>>", "???----"),
    "GET /portals/pbx/configuration/ring-groups": (">>>", "...-..."),
    "GET /portals/pbx/configuration/ring-groups/new": (">>>", "...-..."),
    "POST /portals/pbx/configuration/ring-groups/new": (">>>", "???-???"),
    "GET /portals/pbx/configuration/ring-groups/<id>": (">>>", "...----"),
    "POST /portals/pbx/configuration/ring-groups/<id>": (">>>", "???----"),
    "GET /portals/pbx/configuration/ring-groups/<id>/delete": (">>>", "...----"),
    "POST /portals/pbx/configuration/ring-groups/<id>/delete": (">>>", "SSS----"),
    "GET /portals/pbx/configuration/forwarding": (">>>", "...-..."),
    "GET /portals/pbx/configuration/forwarding/<id>": (">>>", "...----"),
    "POST /portals/pbx/configuration/forwarding/<id>": (">>>", "???----"),
    "GET /portals/pbx/calls": (">>>", "......."),
    "GET /portals/pbx/calls.csv": (">>>", "......."),
    "GET /portals/pbx/finance/balance": (">>>", ".--..-."),
    "GET /portals/pbx/finance/invoices.csv": (">>>", ".--..-."),
    "GET /portals/pbx/finance/payments.csv": (">>>", ".--..-."),
    "GET /portals/pbx/finance/invoices/<id>/pay": (">>>", ">-->---"),
    "POST /portals/pbx/finance/invoices/<id>/pay": (">>>", "S--S---"),
    "GET /portals/pbx/finance/invoices": (">>>", ".--..-."),
    "GET /portals/pbx/finance/invoices/<id>": (">>>", ".--.---"),
    "GET /portals/pbx/finance/payments": (">>>", ".--..-."),
    "GET /portals/pbx/finance/payments/<id>": (">>>", ".--.---"),
    "GET /portals/iot/devices": (">>>", "..--..."),
    "GET /portals/iot/devices/<id>": (">>>", "..-----"),
    "POST /portals/iot/devices/<id>": (">>>", "??-----"),
    "GET /portals/iot/devices/change": (">>>", ">>-->>>"),
    "POST /portals/iot/devices/change": (">>>", ">>-----"),
    "GET /portals/iot/usage": (">>>", "..--..."),
    "GET /portals/iot/usage.csv": (">>>", "..--..."),
    "GET /portals/iot/alerts": (">>>", "..--..."),
    "GET /portals/iot/alerts/new": (">>>", "..--..."),
    "POST /portals/iot/alerts/new": (">>>", "??--???"),
    "GET /portals/iot/alerts/<id>": (">>>", "..-----"),
    "POST /portals/iot/alerts/<id>": (">>>", "??-----"),
    "GET /portals/iot/alerts/<id>/delete": (">>>", "..-----"),
    "POST /portals/iot/alerts/<id>/delete": (">>>", "SS-----"),
}
# Open to strangers, or answering to nothing but themselves: each has tests of its own.
ELSEWHERE = {
    *("POST /language", "POST /admin/language", "POST /clock"),
    *("GET /login", "POST /login", "POST /logout", "GET /login/password", "POST /login/password"),
    "POST /admin/administrators/<id>/reset",
    "POST /admin/customers/<id>/individuals/<individual>/password",
    "POST /admin/customers/<id>/individuals/<individual>/invitation",
    "POST /portals/self-care/individuals/<individual>/password",
    "POST /portals/self-care/individuals/<individual>/invitation",
    "POST /portals/self-care/tokens/<token>/revoke",
    *("GET /api/openapi.json", "GET /api/docs"),
    "POST /admin/portals/<slug>/secret",
    *("GET /.well-known/openid-configuration", "GET /oidc/jwks", "GET /schemas/portal-structure.json"),
    *("GET /oidc/authorize", "POST /oidc/authorize", "POST /oidc/token", "GET /oidc/userinfo", "POST /oidc/userinfo"),
    *("GET /oidc/end-session", "POST /oidc/end-session", "POST /oidc/end-session/confirm"),
    *("POST /admin/customers/<id>/sessions", "POST /admin/customers/<id>/individuals/<individual>/sessions"),
    "POST /admin/administrators/<id>/sessions",
    *("GET /login/forgotten", "POST /login/forgotten", "GET /admin/login/forgotten", "POST /admin/login/forgotten"),
    *("GET /login/reset/<token>", "POST /login/reset/<token>", "POST /login/strength", "POST /admin/login/strength"),
    *("GET /admin/login/reset/<token>", "POST /admin/login/reset/<token>"),
    *("GET /portals/self-care/profile/email/<token>", "POST /portals/self-care/profile/email/<token>"),
    *("GET /portals/self-care/security/networks/<entry>", "POST /portals/self-care/security/networks/<entry>"),
    "GET /login/invitation/<token>",
    "POST /login/invitation/<token>",
    *("GET /admin/login", "POST /admin/login", "POST /admin/logout"),
    *(
        f"{method} {realm}/login/{step}"
        for realm in ("", "/admin")
        for method, step in (
            *(("GET", "code"), ("POST", "code"), ("GET", "enrol"), ("POST", "enrol")),
            *(("POST", "passkey"), ("POST", "passkey/options")),
        )
    ),
    *(
        "GET /admin/login/password",
        "POST /admin/login/password",
        "GET /healthz",
        "GET /readyz",
        "GET /land",
        "POST /end",
    ),
}
RECORDS = {
    "/admin/customers": "abc",
    "/admin/classes": "standard",
    "/admin/roles": "itlead",
    "/admin/administrators": "audrey",
    "/admin/launches": "nothing",
    "/portals/pbx/configuration/extensions": "abc-100",
    "/portals/pbx/configuration/ring-groups": "abc-ring",
    "/portals/pbx/configuration/forwarding": "abc-100",
    "/portals/pbx/finance/invoices": "abc-inv",
    "/portals/pbx/finance/payments": "abc-pay",
    "/portals/iot/devices": "abc-dev",
    "/portals/iot/alerts": "abc-alert",
    "/portals/self-care/security/sessions": "none",
    "/portals/self-care/activity/support-access/requests": "none",
    "/portals/self-care/security/elsewhere": "none",
    "/admin/security/sessions": "none",
    "/admin/mail": "none",
    "/admin/alarms": "none",
    "/portals/self-care/security/second-factor/passkeys": "none",
    "/portals/self-care/security/second-factor/devices": "none",
    "/admin/security/second-factor/passkeys": "none",
    "/admin/security/second-factor/devices": "none",
}
FORMS = {
    "POST /admin/launches": {"subject": "abc", "portal": "pbx", "mode": "assigned"},
    "POST /admin/roles/<id>": {"version": "0"},
    "POST /admin/administrators/<id>/suspended": {"suspended": ""},
    "POST /admin/portals/<slug>/enabled": {"enabled": "y"},
    "POST /portals/iot/devices/change": {"to": "active", "device": "abc-dev"},
}


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """One application for the whole matrix."""
    url = f"sqlite:///{tmp_path_factory.mktemp('matrix') / 'house.db'}"
    _filled(url)
    made = create_app(settings_for(url), discover())
    register(made)
    with working(made) as work:
        place = {"list": NetworkList.PROVIDER, "network": "127.0.0.1", "position": 0, "created_at": clock.now()}
        work.add(TrustedNetwork(id="abc-net", identity_id="abc", **place))
    yield made
    made.extensions["portico"].database.dispose()


@pytest.fixture(scope="module")
def browsers(app: Flask) -> dict[str, Browser]:
    """Everybody, logged in."""
    found = {}
    for member in CAST:
        found[member.login] = Browser(app)
        assert found[member.login].log_in(member).status_code == 303
    return found


@pytest.fixture(autouse=True)
def not_throttled(app: Flask) -> None:
    """Forget the wrong passwords of the forms that were tried before."""
    with working(app) as work:
        work.execute(delete(Throttle))


def routes(app: Flask) -> set[str]:
    """Return every method and rule of the pages; the API has a matrix of its own."""
    return {
        f"{method} {rule.rule}"
        for rule in app.url_map.iter_rules()
        if not rule.rule.startswith("/api/v1/")
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }


def address(rule: str) -> str:
    """Fill a rule in with a record of abc."""
    path = rule.replace("<slug>", "tickets" if rule.startswith("/admin/") else "pbx").replace("<individual>", "john")
    path = path.replace("<session>", "none").replace("<entry>", "abc-net")
    if "<id>" in path:
        before = path.partition("/<id>")[0]
        path = path.replace("<id>", RECORDS[before])
    return path


def asked(browser: Browser, route: str, prefix: str = "", page: str = "/") -> int:
    """Ask for a route as a form on `page` would, and return the status."""
    method, rule = route.split()
    path = f"{prefix}{address(rule)}"
    if method == "GET":
        return int(browser.get(path).status_code)
    form = {"csrf_token": form_token(browser.get(page).text), **FORMS.get(route, {})}
    return int(browser.client.post(path, data=form).status_code)


def test_every_route_has_its_row(app: Flask) -> None:
    missing = routes(app) - set(TABLE) - ELSEWHERE
    assert not missing, f"these routes have no row in the matrix: {sorted(missing)}"
    gone = (set(TABLE) | ELSEWHERE) - routes(app)
    assert not gone, f"these rows of the matrix have no route: {sorted(gone)}"


@pytest.mark.parametrize("route", TABLE)
def test_every_route_answers_everybody_as_the_table_says__POR_02__IDOR_01(
    app: Flask, browsers: dict[str, Browser], route: str
) -> None:
    staff, people = TABLE[route]
    row = dict(zip((*STAFF_COLUMNS, *PEOPLE_COLUMNS), staff + people, strict=True))
    page = {login: "/admin/customers" if login in STAFF_COLUMNS else "/portals/self-care/profile" for login in row}
    answers = {login: asked(browsers[login], route, page=page[login]) for login in row}
    expected = {login: 409 if sign == "S" else STATUS[sign] for login, sign in row.items()}
    assert answers == expected
    assert asked(Browser(app), route, page="/login") == 303


@pytest.mark.parametrize(("subject", "mode"), [("abc", "assigned"), ("john", "assigned"), ("adam", "full")])
def test_in_a_view_only_visit_nothing_changes__IMP_02(
    app: Flask, browsers: dict[str, Browser], subject: str, mode: str
) -> None:
    root = browsers["root"]
    landed = root.open(subject, "self-care", mode=mode, view_only="y")
    visit = visit_of(landed)
    column = PEOPLE_COLUMNS.index("abc" if mode == "full" else subject)
    for route, (_, people) in TABLE.items():
        if "/admin" in route or "/reauthenticate" in route:
            assert asked(root, route, prefix=visit, page=landed) == 404, route
            continue
        seen = people[column]
        if route.startswith("POST"):
            expected = 404 if seen == "-" and "/security/" not in route else 403
        else:
            expected = STATUS[seen]
        assert asked(root, route, prefix=visit, page=landed) == expected, route


@pytest.mark.parametrize(("subject", "mode"), [("abc", "full"), ("adam", "assigned")])
def test_every_page_of_a_visit_says_so_and_no_other_does__IMP_05(
    monkeypatch: pytest.MonkeyPatch, app: Flask, browsers: dict[str, Browser], subject: str, mode: str
) -> None:
    visit = visit_of(browsers["root"].open(subject, "pbx", mode=mode))
    paths = [address(route.split()[1]) for route in sorted(TABLE) if route.startswith("GET /portals/")]
    seen = set()
    monkeypatch.setitem(app.view_functions, "pbx.invoices", broken)
    for path in (*paths, "/portals/nowhere", "/"):
        inside, outside = browsers["root"].get(visit + path), browsers[subject].get(path)
        if "<html" in inside.text and not inside.location:
            seen.add(inside.status_code)
            for words in ('id="visit-banner"', "Rosa Root", f"{visit}/end"):
                assert words in inside.text, path
        assert 'id="visit-banner"' not in outside.text, path
    assert seen == {200, 404, 500}


def broken(**_of: str) -> str:
    """Fail as a view with a mistake in it would."""
    raise RuntimeError


THEIRS = {
    "/portals/pbx/configuration/extensions/<id>": "globex-100",
    "/portals/pbx/configuration/ring-groups/<id>": "globex-ring",
    "/portals/pbx/configuration/ring-groups/<id>/delete": "globex-ring",
    "/portals/pbx/configuration/forwarding/<id>": "globex-100",
    "/portals/pbx/finance/invoices/<id>": "globex-inv",
    "/portals/pbx/finance/invoices/<id>/pay": "globex-due",
    "/portals/pbx/finance/payments/<id>": "globex-pay",
    "/portals/iot/devices/<id>": "globex-dev",
    "/portals/iot/alerts/<id>": "globex-alert",
    "/portals/iot/alerts/<id>/delete": "globex-alert",
}
OWN_RECORDS = ("/portals/self-care/security/", "/portals/self-care/activity/")


def test_every_record_of_a_portal_is_asked_for_here() -> None:
    asked = {route.split()[1] for route in TABLE if "<id>" in route and "/portals/" in route}
    assert {path for path in asked if not path.startswith(OWN_RECORDS)} == set(THEIRS)


@pytest.mark.parametrize("login", ["abc", "john", "mark", "adam"])
@pytest.mark.parametrize("path", THEIRS)
def test_somebody_elses_record_and_an_unknown_one_answer_alike__IDOR_01(
    browsers: dict[str, Browser], path: str, login: str
) -> None:
    asking = browsers[login]
    for method in ("get", "post", "put", "delete", "head"):
        page = {} if method in ("get", "head") else {"csrf_token": asking.token("/portals/self-care/profile")}
        strange, unknown = (
            asking.client.open(path.replace("<id>", id), method=method.upper(), data=page)
            for id in (THEIRS[path], "nothing")
        )
        assert strange.status_code == unknown.status_code, method
        assert strange.status_code in ((404,) if method in ("get", "head") else (404, 405)), method
        assert _body(strange.text) == _body(unknown.text)
        assert "globex" not in strange.text


def test_the_console_takes_no_id_of_another_kind_for_a_customers__IDOR_01(browsers: dict[str, Browser]) -> None:
    for id in ("root", "nothing", "abc-100", "itlead", "%00"):
        assert browsers["root"].get(f"/admin/customers/{id}").status_code == 404
        assert browsers["root"].get(f"/admin/customers/{id}/log-in").status_code == 404
    assert browsers["root"].get("/admin/customers/john").status_code == 404
    assert browsers["root"].get("/admin/roles/abc").status_code == 404


def _body(text: str) -> str:
    return "".join(
        line for line in text.splitlines() if "mono" not in line and "nonce" not in line and "csrf" not in line
    )


@pytest.mark.parametrize("state", ["no role", "role of the other realm", "role not allowed any more", "default role"])
def test_a_missing_or_wrong_role_is_no_rights__ROL_02__ROL_05(tmp_path: Path, state: str) -> None:
    url = f"sqlite:///{tmp_path / 'house.db'}"
    _filled(url)
    app = create_app(settings_for(url), discover())
    john = Browser(app)
    john.log_in(JOHN)
    assert john.get("/portals/pbx/overview").status_code == 200
    if state == "role not allowed any more":
        with working(app) as work:
            work.delete(work.get(AllowedRole, ("abc", "itlead")))
    else:
        roles = {"no role": None, "role of the other realm": "helpdesk", "default role": "default-selfcare"}
        change(app, "john", role_id=roles[state])
    for path in ("/portals/pbx/overview", "/portals/iot/devices", "/portals/pbx/", "/portals/iot/"):
        assert john.get(path).status_code == 404
    assert john.get("/portals/self-care/profile").status_code == 200
    app.extensions["portico"].database.dispose()


def test_a_role_that_was_deleted_by_hand_is_no_rights__ROL_05(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'house.db'}"
    _filled(url)
    app = create_app(settings_for(url), discover())
    abc, helen = Browser(app), Browser(app)
    abc.log_in(ABC)
    helen.log_in(HELEN)
    assert helen.get("/admin/customers").status_code == 200
    behind = sqlite3.connect(tmp_path / "house.db")
    behind.execute("DELETE FROM role WHERE id IN ('owner', 'helpdesk')")
    behind.commit()
    behind.close()
    assert abc.get("/portals/pbx/overview").status_code == 404
    assert abc.get("/portals/self-care/profile").status_code == 200
    assert helen.get("/admin/customers").status_code == 404
    app.extensions["portico"].database.dispose()


def test_a_change_of_a_role_acts_at_the_next_request_in_every_process__ROL_03(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'house.db'}"
    _filled(url)
    here, there = (create_app(settings_for(url), discover()) for _ in range(2))
    adam, mirrored = Browser(here), Browser(there)
    adam.log_in(ADAM)
    mirrored.client._cookies = adam.client._cookies
    for number in range(50):
        level, status = ("view", 200) if number % 2 else ("forbidden", 404)
        with working(here) as work:
            set_portal_view(work, "accountant", "pbx", {"finance": level})
        for browser in (adam, mirrored):
            assert browser.get("/portals/pbx/finance/invoices").status_code == status
    for app in (here, there):
        app.extensions["portico"].database.dispose()


def test_the_cast_is_complete() -> None:
    def logins(members: tuple[Member, ...]) -> tuple[str, ...]:
        return tuple(member.login for member in members)

    assert logins(STAFF) == STAFF_COLUMNS
    assert logins(CAST) == STAFF_COLUMNS + PEOPLE_COLUMNS
