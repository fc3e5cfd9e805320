"""Bad input for every field of the people's pages: said beside the field, what was typed kept, nothing changed."""

import html
import re
from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from sqlalchemy import select

from gateway.access.models import AllowedRole, PortalView, Role
from gateway.identity.models import CustomerClass, CustomerStatus, Gateway, Identity, TrustedNetwork
from tests.cast import ABC, ROOT
from tests.house import Browser, rows, value

NewBrowser = Callable[[], Browser]
Form = dict[str, str]

PERSON = {"name": "Nora Quist", "email": "nora@example.com", "login": "nora"}
NAMES = [
    ("name", "", "Enter a name"),
    ("name", " \t ", "Enter a name"),
    ("name", "x" * 201, "At most 200"),
    ("name", "a\x07b", "Leave out control"),
    ("name", "a\u202eb", "Leave out control"),
    ("name", "two\nlines", "Leave out control"),
    ("name", "a\ud7ff\U000e0fffb", "Leave out control"),
    ("email", "nobody", "no e-mail address"),
    ("email", "a@b@c", "no e-mail address"),
    ("email", f"{'x' * 250}@example.com", "At most 254"),
    ("email", "a@example.com\r\nBcc: all@example.com", "no e-mail address"),
]
LOGINS = [
    ("login", "two words", "no spaces"),
    ("login", "adm\u200bin", "no spaces"),
    ("login", "\u202enora", "no spaces"),
    ("login", "tab\tbed", "no spaces"),
    ("login", "x" * 65, "at most 64"),
    ("login", "\u0430dmin", "one script"),
    ("login", "\u0430\u0441\u0435", "looks like"),
]
TAKEN = [("login", "GLOBEX", "taken"), ("login", "\uff45ve", "taken"), ("login", "abc", "taken")]
NOT_TO_GIVE = [
    *(("role", text, "Choose a role") for text in ("", "owner", "default-selfcare", "helpdesk", "default-admin")),
    *(("role", text, "Choose a role") for text in ("0", "null", "1 or 1", "eve", "globex", "x" * 3000)),
]
DAYS = [
    ("activates_on", "31/02/2026", "such as"),
    ("activates_on", "0000-00-00", "such as"),
    ("expires_on", "tomorrow", "such as"),
    ("expires_on", "\uff12\uff10\uff12\uff16-02-30", "such as"),
    ("expires_on", "2026-01-01", "later than"),
]
LEVELS = [("pbx:overview", "owner", "level"), ("pbx:", "FULL", "level"), ("iot:devices", "2", "level")]
NUMBERS = [
    *(("idle_minutes", text, "whole number") for text in ("soon", "1_000", "1e3", "-1", "\uff11", "9" * 400, "2.5")),
    ("idle_minutes", "0", "Between"),
    ("absolute_minutes", "10081", "Between"),
]
KEPT = [
    ("keep_addresses_days", "0", "Between"),
    ("keep_usage_days", "3651", "Between"),
    ("keep_usage_days", "x", "whole"),
]
READING = [
    ("language", "tlh", "Not a valid choice"),
    ("language", "x" * 5000, "Not a valid choice"),
    ("time_zone", "Mars/Olympus", "no such time zone"),
    ("time_zone", "../../etc/passwd", "no such time zone"),
    ("output_date_format", "{0.__class__}", "not understood"),
    ("output_date_format", "%(x)s", "not understood"),
    ("output_time_format", "HH24:MI\u200b", "control characters"),
    ("input_date_format", "DD.MM.YY", "year in full"),
    ("input_time_format", "x" * 65, "1 to 64"),
]
# Page: the form as it would be saved, and what its fields cannot be.
TABLE: dict[str, tuple[Form, list[tuple[str, str, str]]]] = {
    "/admin/customers/new": (
        {**PERSON, "customer_class": "standard", "status": "active", "role": "owner"},
        [
            *(*NAMES, *LOGINS, *TAKEN),
            *(("customer_class", text, "Not a valid choice") for text in ("", "platinum", "abc", "owner")),
            *(("status", text, "Not a valid choice") for text in ("", "gone", "Active")),
            *(("role", text, "Not a valid choice") for text in ("helpdesk", "default-admin", "nobody", "abc")),
            ("password", "short", "at least 15"),
            ("password", "x" * 1025, "at most 256 characters"),
        ],
    ),
    "/admin/customers/abc": (
        {"name": "ABC Company", "email": "abc@example.com", "customer_class": "standard"},
        [*NAMES, ("customer_class", "platinum", "Not a valid choice"), ("status", "gone", "Not a valid choice")],
    ),
    "/admin/classes/standard": (
        {"name": "Standard", "support_access": "open", "confirm": "y", "output_time_format": "HH24.MI"},
        [
            ("name", "", "Enter a name"),
            ("name", "Gold", "a class of this name"),
            ("name", "a\x07b", "Leave out control"),
            ("support_access", "", "Not a valid choice"),
            ("support_access", "closed", "Not a valid choice"),
            ("password_shortest", "7", "Between 8 and 64"),
            ("password_days", "3651", "Between 1 and 3650"),
            *(*NUMBERS, *READING),
        ],
    ),
    "/admin/gateway": (
        {
            "language": "en",
            "time_zone": "UTC",
            "output_date_format": "DD.MM.YYYY",
            "output_time_format": "HH24.MI",
            "input_date_format": "DD.MM.YYYY",
            "input_time_format": "HH24.MI",
            "idle_minutes": "30",
            "absolute_minutes": "60",
            "admin_idle_minutes": "30",
            "admin_absolute_minutes": "60",
        },
        [
            *NUMBERS,
            *READING,
            *KEPT,
            ("admin_idle_minutes", "", "Enter a number"),
            ("time_zone", "", "no such time zone"),
        ],
    ),
    "/admin/roles/itlead": (
        {"name": "IT lead", "description": "Leads", "version": "1"},
        [
            ("name", "", "Enter a name"),
            ("name", "x" * 121, "At most 120"),
            ("name", "a\x07b", "Control characters"),
            ("name", "\uff2fWNER", "Another role of this realm"),
            ("description", "x" * 501, "At most 500"),
            ("description", "a\u202eb", "Control characters"),
        ],
    ),
    "/admin/administrators/new": (
        {**PERSON, "role": "helpdesk"},
        [
            *(*NAMES, *LOGINS, ("login", "ROOT", "taken"), ("login", "", "Enter a login")),
            *(("role", text, "Not a valid choice") for text in ("", "owner", "default-selfcare", "itlead", "root")),
        ],
    ),
    "/admin/administrators/audrey": (
        {**PERSON, "login": "audrey", "role": "auditor"},
        [*NAMES, *LOGINS, ("login", "Helen", "taken"), ("role", "itlead", "Not a valid choice")],
    ),
    "/admin/customers/abc/individuals/new": (
        {**PERSON, "role": "itsupport", "activates_on": "2026-05-01"},
        [
            *(*NAMES, *LOGINS, *TAKEN, *NOT_TO_GIVE, *DAYS),
            ("password", "short", "at least 15"),
            ("password", "nora has a login in it", "must not contain"),
            ("password", "x" * 1025, "at most 256 characters"),
        ],
    ),
    "/admin/customers/abc/individuals/mark": (
        {**PERSON, "login": "mark", "role": "itsupport", "activates_on": "2026-05-01"},
        [*NAMES, *LOGINS, *TAKEN, *NOT_TO_GIVE, *DAYS],
    ),
    "/portals/self-care/individuals/new": (
        {**PERSON, "role": "itsupport", "activates_on": "2026-05-01"},
        [*NAMES, *LOGINS, *TAKEN, *NOT_TO_GIVE, *DAYS],
    ),
    "/portals/self-care/individuals/mark": (
        {**PERSON, "login": "mark", "role": "itsupport", "activates_on": "2026-05-01"},
        [*NAMES, *LOGINS, *TAKEN, *NOT_TO_GIVE, *DAYS],
    ),
}
KEPT = [Identity, CustomerClass, Gateway, Role, PortalView, AllowedRole, TrustedNetwork]


@pytest.fixture
def browser_for(new_browser: NewBrowser) -> Iterator[Callable[[str], Browser]]:
    """Gives root's browser for the console, abc's for self-care."""
    root, abc = new_browser(), new_browser()
    root.log_in(ROOT)
    abc.log_in(ABC)
    return lambda path: root if path.startswith("/admin") else abc


def everything(app: Flask) -> list[object]:
    """Return every row that these pages could change."""
    return [sorted(map(repr, rows(app, select(table.__table__)))) for table in KEPT]


@pytest.mark.parametrize("path", TABLE)
def test_what_a_field_cannot_be_is_said_beside_it_and_what_was_typed_stays__INP_01__INP_02__INP_03__UNI_02__ROL_01(
    app: Flask, browser_for: Callable[[str], Browser], path: str
) -> None:
    good, bad = TABLE[path]
    browser = browser_for(path)
    token, before = browser.token(path), everything(app)
    for name, text, message in bad:
        where = f"{path} {name}={text[:40]!r}"
        answer = browser.client.post(path, data={**good, "csrf_token": token, name: text})
        assert answer.status_code == 422, where
        page = html.unescape(answer.text)
        assert f'id="{name}-errors"' in page, where
        assert message in page.split(f'id="{name}-errors"')[1].split("</ul>")[0], where
        for other, typed in good.items():
            if other not in (name, "confirm", "version") and other in ("name", "email", "login", "activates_on"):
                assert f'value="{typed}"' in page, (where, other)
        tag = re.search(rf'<(?:input|select|textarea)[^>]* name="{name}"[^>]*>', answer.text)
        assert tag is not None, where
        assert 'aria-invalid="true"' in tag[0], where
        assert f"{name}-errors" in tag[0], where
    assert everything(app) == before


def test_the_form_of_the_table_is_good_but_for_what_is_wrong(app: Flask, browser_for: Callable[[str], Browser]) -> None:
    for path, (good, _) in TABLE.items():
        form = good if "new" not in path else {**good, "login": f"fine{len(path)}"}
        answer = browser_for(path).post(path, form)
        assert answer.status_code == (200 if path == "/admin/administrators/new" else 303), path


def test_a_level_that_is_none_is_refused_and_the_role_stays(app: Flask, browser_for: Callable[[str], Browser]) -> None:
    root, before = browser_for("/admin"), everything(app)
    for name, text, message in LEVELS:
        answer = root.post("/admin/roles/itlead", {"name": "IT lead", "version": "1", name: text})
        assert answer.status_code == 422
        assert message in answer.text
    assert everything(app) == before


@pytest.mark.parametrize("role", ["owner", "default-selfcare", "helpdesk", "nobody", "", "abc", "x" * 3000])
@pytest.mark.parametrize("base", ["/admin/customers/abc/individuals", "/portals/self-care/individuals"])
def test_a_bulk_move_to_what_is_not_to_give_is_said_beside_the_list__ROL_01(
    app: Flask, browser_for: Callable[[str], Browser], base: str, role: str
) -> None:
    before = everything(app)
    form = {"individual": ["john", "mark"], "to": "role", "role": role}
    answer = browser_for(base).post(f"{base}/change", form, page=base)
    assert answer.status_code == 422
    assert "Choose a role" in answer.text.split('id="role-errors"')[1].split("</ul>")[0]
    assert everything(app) == before


@pytest.mark.parametrize(
    "ids", [[], ["nobody"], ["eve"], ["john", "eve"], ["abc"], ["root"], ["x" * 3000], ["john"] * 101]
)
@pytest.mark.parametrize("to", ["role", "suspend", "restore", "delete"])
@pytest.mark.parametrize("base", ["/admin/customers/abc/individuals", "/portals/self-care/individuals"])
def test_a_bulk_change_of_strangers_or_of_nobody_changes_nobody__IDOR_01(
    app: Flask, browser_for: Callable[[str], Browser], base: str, to: str, ids: list[str]
) -> None:
    before = everything(app)
    form = {"individual": ids, "to": to, "role": "itsupport"}
    answer = browser_for(base).post(f"{base}/change", form, page=base)
    assert answer.status_code == (404 if ids and len(ids) <= 100 else 422)
    assert everything(app) == before


EXTRA = {
    "id": "globex",
    "role_id": "owner",
    "customer_id": "globex",
    "class_id": "gold",
    "kind": "administrator",
    "realm": "admin",
    "is_admin": "y",
    "is_default": "y",
    "actor": "root",
    "actor_id": "root",
    "levels": "full",
    "password_hash": "x",
    "password_set_at": "2000-01-01",
    "totp_enabled": "n",
    "allowed_ips": "",
    "created_at": "",
    "sort_key": "zz",
    "search": "zz",
    "login_key": "zz",
    "email_key": "zz",
    "name_key": "zz",
    "last_login_at": "",
    "customer": "globex",
    "api_access": "y",
    "second_factor": "no",
    "trusted_networks": "10.0.0.1",
}
DECLARED = {
    "/admin/customers/abc/self-care": {"api_access", "second_factor", "trusted_networks"},
    "/admin/classes/standard": {"second_factor"},
    "/admin/administrators/audrey": {"second_factor", "trusted_networks"},
}
AS_IT_STANDS = {
    **{path: good for path, (good, _) in TABLE.items() if not path.endswith("/new")},
    "/admin/customers/abc/self-care": {"login": "abc", "role": "owner", "second_factor": "inherit"},
    "/admin/customers/abc/individuals/john/self-care": {"login": "john", "role": "itlead", "second_factor": "inherit"},
    "/admin/customers/abc/status": {"status": "active"},
    "/portals/self-care/preferences": {},
}


@pytest.mark.parametrize("path", AS_IT_STANDS)
def test_fields_that_a_form_does_not_declare_never_take_effect__INJ_07(
    app: Flask, browser_for: Callable[[str], Browser], path: str
) -> None:
    browser, good = browser_for(path), AS_IT_STANDS[path]
    extra = {name: text for name, text in EXTRA.items() if name not in good}
    if path.endswith("self-care"):
        extra = {name: text for name, text in extra.items() if name not in DECLARED["/admin/customers/abc/self-care"]}
    elif path in DECLARED:
        extra = {name: text for name, text in extra.items() if name not in DECLARED[path]}
    assert browser.post(path, good).status_code == 303
    plain = everything(app)
    assert browser.post(path, {**good, "version": _version(browser, path), **extra}).status_code == 303
    assert _without_versions(everything(app)) == _without_versions(plain)


def _version(browser: Browser, path: str) -> str:
    found = re.search(r'name="version"[^>]* value="(\d+)"', browser.get(path).text)
    return found[1] if found else ""


def _without_versions(tables: list[object]) -> str:
    """Return rows as text, without the numbers that a save without a change may move."""
    return re.sub(r"\b\d+\b", "", str(tables))


@pytest.mark.parametrize(
    "path", ["/admin/customers/abc", "/admin/customers/abc/individuals/mark", "/admin/classes/standard"]
)
def test_of_a_name_that_is_sent_twice_the_checked_one_is_the_one_that_is_kept__INJ_08(
    app: Flask, browser_for: Callable[[str], Browser], path: str
) -> None:
    good, _ = TABLE[path]
    root = browser_for(path)
    before = everything(app)
    answer = root.post(path, {**good, "name": ["a\u202eb", "Fine"]})
    assert answer.status_code == 422
    assert everything(app) == before
    assert root.post(path, {**good, "name": ["Fine", "a\u202eb"]}).status_code == 303
    assert "\u202e" not in str(everything(app))


def test_a_status_is_one_of_four(app: Flask, browser_for: Callable[[str], Browser]) -> None:
    root = browser_for("/admin")
    for text in ("", "gone", "ACTIVE", "0", "x" * 3000):
        answer = root.post("/admin/customers/abc/status", {"status": text})
        assert answer.status_code == 422
        assert "Choose one of the four." in answer.text
    assert value(app, Identity.status, "abc") is CustomerStatus.ACTIVE
