"""Hostile values in every parameter of the gateway: refused or taken as text, never an error of the code."""

import re
from collections.abc import Callable

import pytest
from flask import Flask

from gateway.paging import encode_cursor
from tests.canaries import Canaries
from tests.cast import ABC, ROOT
from tests.elsewhere import register
from tests.house import Browser

VALUES = {
    "sql": "' OR 1=1; DROP TABLE identity; --",
    "template": "{{7*7}}${7*7}{0.__class__}%(x)s%s",
    "script": "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>",
    "zero byte": "a\0b",
    "surrogate": "a\ud800b",
    "bidi": "a\u202eb\u2066c",
    "astral": "\U0001f600" * 50,
    "huge number": "9" * 5000,
    "2**63": str(2**63),
    "negative": "-1",
    "underscore": "1_000",
    "400 digits": "9" * 400,
    "full-width": "\uff11\uff12",
    "not a number": "NaN",
    "lines": "a\r\nSet-Cookie: x=1",
    "long": "x" * 20_000,
    "path": "../../etc/passwd",
}
FIELDS = {
    "/login": ("login", "password", "next"),
    "/admin/login": ("login", "password", "next"),
    "/language": ("language", "next"),
    "/admin/language": ("language", "next"),
    "/admin/launches": ("subject", "portal", "mode", "view_only", "reason", "emergency", "next"),
    "/admin/gateway": (
        "version",
        "keep_addresses_days",
        "keep_usage_days",
        "shown",
        "language",
        "time_zone",
        "output_date_format",
        "input_time_format",
        "idle_minutes",
    ),
    "/admin/roles/new": ("name", "description", "realm", "like"),
    "/admin/roles/import": ("text", "confirm"),
    "/admin/roles/itlead/delete": ("version", "move_to"),
    "/admin/roles/itlead": (
        "name",
        "description",
        "version",
        "pbx:",
        "pbx:overview",
        "iot:devices",
        "tickets@start",
        "tickets@name",
        "tickets@url",
    ),
    "/admin/customers/new": ("login", "name", "email", "customer_class", "status", "role", "password"),
    "/admin/customers/abc": ("name", "email", "customer_class", "status", "version", "shown"),
    "/admin/customers/abc/status": ("status", "version", "shown"),
    "/admin/customers/abc/self-care": (
        *("login", "password", "second_factor", "trusted_networks", "api_access", "role", "time_zone", "language"),
        *("output_date_format", "output_time_format", "input_date_format", "input_time_format", "version", "shown"),
    ),
    "/admin/customers/abc/individuals/john/self-care": ("login", "role", "version", "shown"),
    "/admin/customers/abc/individuals/new": (
        *("login", "name", "email", "role", "activates_on", "expires_on", "suspended", "password", "invite"),
    ),
    "/admin/customers/abc/individuals/john": (
        "login",
        "name",
        "email",
        "role",
        "activates_on",
        "expires_on",
        "version",
        "shown",
    ),
    "/admin/customers/abc/individuals/change": ("to", "individual", "role"),
    "/portals/self-care/individuals/new": ("login", "name", "role", "activates_on", "password"),
    "/portals/self-care/individuals/john": ("login", "name", "role", "expires_on", "version", "shown"),
    "/portals/self-care/individuals/change": ("to", "individual", "role"),
    "/admin/classes/new": (
        *("name", "language", "time_zone", "output_date_format", "password_shortest", "password_days", "idle_minutes"),
        *("support_access", "keep_addresses_days", "keep_usage_days"),
    ),
    "/admin/classes/standard": (
        *("name", "version", "shown", "confirm", "second_factor", "absolute_minutes", "support_access"),
    ),
    "/admin/portals/new": (
        *("slug", "title", "icon", "hue", "start_url", "redirect_uris", "post_logout_uris", "logout_uri"),
        *("public", "structure"),
    ),
    "/admin/portals/tickets": ("title", "icon", "hue", "start_url", "redirect_uris", "logout_uri", "version"),
    "/admin/portals/tickets/structure": ("structure", "version", "confirm"),
    "/admin/portals/tickets/delete": ("version", "confirm"),
    "/admin/portals/iot/enabled": ("enabled",),
    "/oidc/authorize": ("client_id", "redirect_uri", "state", "scope", "nonce", "login_hint", "id_token_hint"),
    "/oidc/token": (
        *("grant_type", "client_id", "client_secret", "code", "redirect_uri", "code_verifier", "refresh_token"),
    ),
    "/oidc/end-session": ("id_token_hint", "client_id", "post_logout_redirect_uri", "state"),
    "/oidc/end-session/confirm": ("id_token_hint", "client_id", "post_logout_redirect_uri", "state"),
    "/admin/administrators/audrey/suspended": ("suspended",),
    "/admin/tokens": ("name", "level", "portals", "days"),
    "/admin/customers/abc/tokens": ("name", "level", "portals", "days"),
    "/admin/administrators/audrey/api-access": ("api_access",),
    "/portals/self-care/tokens": ("name", "level", "portals", "days"),
    "/admin/administrators/new": ("login", "name", "email", "role"),
    "/admin/administrators/audrey": (
        "login",
        "name",
        "email",
        "role",
        "second_factor",
        "trusted_networks",
        "confirm",
        "version",
    ),
    "/admin/customers/abc/allowed-roles": ("role",),
    "/admin/customers/abc/allowed-roles/itlead/remove": ("move_to",),
    "/admin/customers/abc/support-requests": ("subject", "reason"),
    "/portals/self-care/activity/support-access": ("open_for", "until"),
    "/portals/self-care/activity/support-access/requests/none": ("open_for", "until"),
    "/portals/self-care/activity/support-access/mail": ("support_mail",),
    "/portals/self-care/preferences": (
        *("language", "time_zone", "output_date_format", "output_time_format", "input_date_format"),
        *("input_time_format", "version"),
    ),
    "/portals/self-care/security/networks": ("trusted_networks", "add", "confirm", "version"),
    "/portals/self-care/security/networks/none": ("note", "open_for", "until"),
    "/admin/security/networks": ("trusted_networks", "add", "confirm", "version"),
    "/admin/customers/abc/self-care/networks/none": ("note", "open_for", "until"),
    "/admin/customers/abc/self-care/attempts": ("anything",),
    "/admin/customers/abc/explain/allow": ("address",),
    "/admin/customers/abc/individuals/john/explain/allow": ("address",),
    "/portals/self-care/security": ("current", "password", "confirm"),
    "/portals/self-care/security/sessions": ("which",),
    "/portals/self-care/profile": ("email",),
    "/admin/security": ("current", "password", "confirm"),
    "/admin/security/sessions": ("which",),
    "/admin/gateway/sessions": ("confirm",),
    "/reauthenticate": ("password", "next"),
    "/admin/reauthenticate": ("password", "next"),
    "/login/forgotten": ("login",),
    "/admin/login/forgotten": ("login",),
    "/login/strength": ("password", "login", "name", "token"),
    "/admin/login/strength": ("password", "login", "name", "token"),
    **{
        f"{own}/second-factor/{step}": ("current", "code", "name", "credential")
        for own in ("/portals/self-care/security", "/admin/security")
        for step in ("app", "app/confirm", "recovery-codes", "on", "off", "passkeys/new", "passkeys")
    },
    **{
        f"{realm}/login/{step}": ("code", "remember", "next", "step", "credential", "name")
        for realm in ("", "/admin")
        for step in ("code", "enrol", "passkey", "passkey/options")
    },
    "/admin/customers/abc/self-care/second-factor/reset": ("reason",),
    "/admin/administrators/helen/second-factor/reset": ("reason",),
    "/portals/self-care/individuals/john/second-factor/reset": ("reason",),
    "/portals/pbx/configuration/extensions/new": ("number", "name", "email", "forward_to", "version"),
    "/portals/pbx/configuration/extensions/abc-100": ("number", "name", "email", "forward_to", "version"),
    "/portals/pbx/configuration/ring-groups/new": ("number", "name", "strategy", "seconds", "members"),
    "/portals/pbx/configuration/ring-groups/abc-ring": (
        *("number", "name", "strategy", "seconds", "members", "version"),
    ),
    "/portals/pbx/configuration/ring-groups/abc-ring/delete": ("version",),
    "/portals/pbx/configuration/forwarding/abc-100": (
        *("forward_to", "forward_busy", "forward_no_answer", "no_answer_seconds", "version"),
    ),
    "/portals/pbx/finance/invoices/abc-due/pay": ("announced",),
    "/portals/iot/devices/abc-dev": ("name", "version"),
    "/portals/iot/devices/change": ("to", "device"),
    "/portals/iot/alerts/new": ("device", "kind", "threshold"),
    "/portals/iot/alerts/abc-alert": ("device", "kind", "threshold", "version"),
}
QUERIES = {
    "/login": ("next", "done", "ended", "again", "login"),
    "/login/code": ("next", "with"),
    "/login/enrol": ("next",),
    "/oidc/authorize": (
        *("client_id", "redirect_uri", "response_type", "scope", "state", "nonce", "prompt", "max_age", "login_hint"),
        *("code_challenge", "code_challenge_method", "id_token_hint", "resume"),
    ),
    "/oidc/end-session": ("id_token_hint", "client_id", "post_logout_redirect_uri", "state"),
    "/": ("q",),
    "/admin/customers": ("q", "status", "class", "after", "done", "ended"),
    "/admin/customers/abc": ("iq", "after"),
    "/admin/customers/abc/log-in": ("next",),
    "/admin/customers/abc/explain": ("portal", "node", "address", "done"),
    "/admin/customers/abc/individuals/john/explain": ("portal", "node", "address"),
    "/admin/customers/abc/individuals": ("q", "role", "status", "after"),
    "/admin/customers/abc/individuals/change": ("to", "individual"),
    "/portals/self-care/individuals": ("q", "role", "status", "after"),
    "/admin/mail": ("after",),
    "/admin/alarms": ("after",),
    "/admin/customers/abc/sessions": ("after",),
    "/reauthenticate": ("next",),
    "/admin/roles": ("q",),
    "/admin/administrators": ("q", "after"),
    "/admin/roles/new": ("like",),
    "/admin/roles/compare": ("left", "right", "only"),
    "/portals/self-care/preferences/formats": ("output_date_format", "time_zone", "language"),
    "/admin/formats": (
        *("language", "time_zone", "output_date_format", "output_time_format", "input_date_format"),
        "input_time_format",
    ),
    "/admin/audit": (
        *("actor", "subject", "customer", "event", "portal", "address", "since", "until"),
        "after",
    ),
    "/admin/audit.csv": ("actor", "subject", "customer", "event", "portal", "address", "since", "until"),
    "/admin/audit.jsonl": ("actor", "subject", "customer", "event", "portal", "address", "since", "until"),
    "/portals/self-care/activity": ("since", "until", "after"),
    "/portals/self-care/activity/support-access": ("after",),
    "/portals/pbx/configuration/extensions": ("q", "after"),
    "/portals/pbx/configuration/ring-groups": ("q", "after"),
    "/portals/pbx/configuration/forwarding": ("q", "after"),
    "/portals/pbx/finance/payments": ("after",),
    "/portals/pbx/calls": ("since", "until", "number", "after"),
    "/portals/pbx/calls.csv": ("since", "until", "number", "mine"),
    "/portals/pbx/finance/invoices": ("after",),
    "/portals/iot/devices": ("q", "status", "after"),
    "/portals/iot/devices/change": ("to", "device"),
    "/portals/iot/usage": ("since", "until", "device"),
    "/portals/iot/usage.csv": ("since", "until", "device", "mine"),
}


OF_MOMENTS = (
    *("/admin/alarms", "/admin/mail", "/admin/customers/abc/sessions", "/portals/pbx/calls"),
    *("/portals/pbx/calls?number=555", "/portals/pbx/finance/invoices", "/portals/pbx/finance/payments"),
)
"""The lists whose cursors carry a moment."""


@pytest.fixture
def browser_for(app: Flask, new_browser: Callable[[], Browser]) -> Callable[[str], Browser]:
    """Gives root's browser for the console, abc's for the rest."""
    register(app)
    root, abc = new_browser(), new_browser()
    root.log_in(ROOT)
    abc.log_in(ABC)
    return lambda path: root if path.startswith("/admin") else abc


@pytest.mark.parametrize("kind", VALUES)
def test_no_value_in_a_query_breaks_a_page__INJ_01__INJ_03__INP_01__INP_02(
    browser_for: Callable[[str], Browser], kind: str
) -> None:
    value = VALUES[kind]
    for path, names in QUERIES.items():
        for name in names:
            text = value.encode("utf-8", "surrogatepass").decode("utf-8", "replace") if kind == "surrogate" else value
            answer = browser_for(path).get(path, query_string={name: text})
            assert answer.status_code < 500, (path, name)
            assert "<script>alert" not in answer.text
            assert "Set-Cookie: x" not in str(answer.headers)
        raw = browser_for(path).get(f"{path}?{names[0]}=%ff%fe%ed%a0%80&{names[0]}[]=1&{names[0]}=2")
        assert raw.status_code < 500, path


@pytest.mark.parametrize("kind", VALUES)
def test_no_value_in_a_form_breaks_a_page__INJ_01__INJ_02__INP_02(
    browser_for: Callable[[str], Browser], canaries: Canaries, kind: str
) -> None:
    canaries.let_go()
    value = VALUES[kind].encode("utf-8", "surrogatepass")
    for path, names in FIELDS.items():
        browser = browser_for(path)
        page = "/admin/customers" if path.startswith("/admin") else "/portals/self-care/security"
        token = browser.token(page).encode()
        for name in names:
            body = b"csrf_token=" + token + b"&" + name.encode() + b"=" + _quoted(value)
            answer = browser.client.post(path, data=body, content_type="application/x-www-form-urlencoded")
            assert answer.status_code < 500, (path, name)
            assert "<script>alert" not in answer.text


@pytest.mark.parametrize("path", OF_MOMENTS)
def test_a_moment_in_a_cursor_that_is_none_or_out_of_reach_is_refused_in_words__INP_01(
    browser_for: Callable[[str], Browser], path: str
) -> None:
    for text, status in (
        *(("0001-01-01T00:00:00+14:00", 422), ("9999-12-31T23:59:59-14:00", 422), ("2026-01-01T00:00:00", 422)),
        *(("never", 422), ("0001-01-01T00:00:00+00:00", 200), ("9999-12-31T23:59:59+00:00", 200)),
        ("2026-01-01T00:00:00+14:00", 200),
    ):
        after = f"{'&' if '?' in path else '?'}after={encode_cursor(text, 'y')}"
        assert browser_for(path).get(f"{path}{after}").status_code == status, text


def _quoted(value: bytes) -> bytes:
    return b"".join(b"%%%02x" % byte for byte in value)


@pytest.mark.parametrize("kind", ["sql", "zero byte", "bidi", "long", "path", "2**63"])
def test_no_id_in_an_address_breaks_a_page__INP_02(
    app: Flask, browser_for: Callable[[str], Browser], kind: str
) -> None:
    id = VALUES[kind].replace("/", "%2F")[:3000]
    for rule in app.url_map.iter_rules():
        if "<" in rule.rule and "GET" in (rule.methods or ()):
            path = re.sub(r"<[^>]+>", lambda _found: id, rule.rule)
            allowed = {303, 308, 400, 404, 410} | ({401} if rule.rule.startswith("/api/v1/") else set())
            assert browser_for(path).get(path).status_code in allowed, path


def test_undeclared_fields_take_no_effect__INJ_07(app: Flask, browser_for: Callable[[str], Browser]) -> None:
    extra = dict.fromkeys(("id", "customer_id", "role_id", "class_id", "status", "kind", "is_admin", "actor"), "globex")
    form = {"number": "177", "name": "Honest", "version": "1", **extra}
    abc = browser_for("/portals")
    answer = abc.post("/portals/pbx/configuration/extensions/new", form)
    assert answer.status_code == 303
    assert "Honest" in abc.get("/portals/pbx/configuration/extensions?q=177").text


def test_cells_that_a_spreadsheet_would_run_are_made_text__INJ_05(browser_for: Callable[[str], Browser]) -> None:
    answer = browser_for("/portals").get("/portals/pbx/calls.csv")
    lines = answer.text.splitlines()
    assert lines[0] == "started_at,from,to,direction,duration_seconds,charge,currency"
    assert len(lines) == 41
    assert all(",'+1555" in line for line in lines[1:])
