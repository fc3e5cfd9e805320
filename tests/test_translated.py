"""Every page of every portal and of the console, as everybody, in a pseudo-language: no text but from the catalogue."""

import re
import shutil
from collections import deque
from collections.abc import Iterator
from gettext import NullTranslations
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select, update

from gateway import create_app
from gateway.access.models import SupportRequest
from gateway.i18n import catalog
from gateway.i18n.catalog import speaking
from gateway.i18n.samples import PRESETS, presets
from gateway.identity.models import Identity
from gateway.portal.registry import discover
from gateway.web import forms
from tests.cast import ABC, CAST, ROOT, STAFF, Member
from tests.conftest import settings_for
from tests.consent import PAGE, answer, ask, let_in, set_class
from tests.house import Browser, visit_of, working
from tests.pseudo import TAG, untranslated, write_catalogue
from tests.test_hostile import FIELDS, QUERIES
from tests.test_permissions import FORMS, RECORDS

MOST_PAGES = 120
DATA = {
    *("Portico", "English (angla)", "English", "Esperanto", "byte", "UTC", "YYYY-MM-DD", "HH24:MI:SS", "HH24:MI"),
    *("abc", "globex", "initech", "lift alarm"),
    *("abc lift alarm", "globex lift alarm", "initech lift alarm"),
    *("ABC Company", "Globex Corporation", "Initech", "John Carter", "Mark Novak", "Adam Weiss", "Eve Moreau"),
    *("Rosa Root", "Helen Desk", "Audrey Audit", "Standard", "Gold"),
    *("helpdesk", "auditor", "owner", "itlead", "itsupport", "accountant"),
}


class Library(NullTranslations):
    """What WTForms says, which has catalogues of its own for the languages that there are."""

    def gettext(self, message: str) -> str:
        return f"⟦{message}⟧"

    def ngettext(self, singular: str, plural: str, number: int) -> str:
        return f"⟦{plural}⟧"


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the pseudo-language's catalogue."""
    folder = tmp_path_factory.mktemp("pseudo")
    assert write_catalogue(folder) > 500
    return folder


@pytest.fixture
def app(catalogue: Path, sqlite_template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Flask]:
    """An application that speaks the pseudo-language with everybody."""
    shutil.copy(sqlite_template, tmp_path / "house.db")
    made = create_app(settings_for(f"sqlite:///{tmp_path / 'house.db'}", languages=("en", TAG)), discover())
    with working(made) as work:
        work.execute(update(Identity).values(language=TAG))
    monkeypatch.setattr(catalog, "FOLDER", catalogue)
    monkeypatch.setattr(forms, "library_messages", lambda _tag: Library())
    catalog._catalog.cache_clear()
    with speaking(TAG):
        DATA.update(title.rpartition("⟧: ")[2] for field in PRESETS for _pattern, title in presets(field, TAG))
        yield made
    made.extensions["portico"].database.dispose()
    catalog._catalog.cache_clear()


def pages(browser: Browser, start: str) -> Iterator[tuple[str, str]]:
    """Walk from link to link, each kind of address once, and yield every page with its address."""
    waiting, seen = deque([start]), set()
    while waiting and len(seen) < MOST_PAGES:
        path = waiting.popleft()
        kind = re.sub(r"(after|device|individual|q|portal|node)=[^&]*", r"\1=", path)
        if kind in seen:
            continue
        seen.add(kind)
        answer = browser.get(path, headers={"Accept-Language": TAG})
        if answer.status_code == 303:
            waiting.append(answer.location)
        elif answer.mimetype == "text/html":
            yield path, answer.text
            waiting.extend(
                link.replace("&amp;", "&") for link in re.findall(r' href="(/(?!static/)[^"#]*)', answer.text)
            )


def faults(found: Iterator[tuple[str, str]]) -> dict[str, str]:
    """Return what is not from the catalogue, by text, each with a page that shows it.

    The reference of the API is English, as the words of its answers are.
    """
    return {text: path for path, page in found if not path.startswith("/api/docs") for text in untranslated(page, DATA)}


@pytest.mark.parametrize("member", CAST, ids=lambda member: member.login)
def test_everything_that_somebody_is_shown_is_translatable(app: Flask, member: Member) -> None:
    browser = Browser(app)
    browser.log_in(member)
    start = "/admin/" if member in STAFF else "/"
    assert faults(pages(browser, start)) == {}


def test_what_is_linked_from_nowhere_is_translatable(app: Flask) -> None:
    """Pages by their rule: of those that the matrix knows, the records that it knows."""
    found = {}
    for member in (ROOT, CAST[3]):
        browser = Browser(app)
        browser.log_in(member)
        for rule in app.url_map.iter_rules():
            if "GET" not in (rule.methods or ()) or "static" in rule.rule or "out" in rule.rule:
                continue
            record = next((id for place, id in RECORDS.items() if rule.rule.startswith(place)), "none")
            path = re.sub(r"<(individual)>", "john", re.sub(r"<(id|slug|token|role)>", record, rule.rule))
            answer = browser.get(path, headers={"Accept-Language": TAG})
            if answer.mimetype == "text/html":
                found |= faults(iter([(path, answer.text)]))
    assert found == {}


def test_what_forms_and_filters_refuse_is_said_in_the_readers_language(app: Flask) -> None:
    found = {}
    for member, where in ((ROOT, "/admin"), (CAST[3], "/portals")):
        browser = Browser(app)
        browser.log_in(member)
        token = browser.token("/admin/customers" if member is ROOT else "/portals/self-care/security")
        for value in ("", "nonsense", "-1", "x" * 600, "a\u202eb", "31/02/2026"):
            for path, names in FIELDS.items():
                if path.startswith(where):
                    form = {"csrf_token": token, **FORMS.get(f"POST {path}", {}), **dict.fromkeys(names, value)}
                    form.pop("language", None)
                    form.pop("version", None)
                    answer = browser.client.post(path, data=form)
                    if answer.mimetype == "text/html":
                        found |= faults(iter([(path, _without(answer.text, value))]))
            for path, names in QUERIES.items():
                if path.startswith(where):
                    answer = browser.get(path, query_string=dict.fromkeys(names, value))
                    if answer.mimetype == "text/html":
                        found |= faults(iter([(path, _without(answer.text, value))]))
    assert found == {}


def _without(page: str, typed: str) -> str:
    return page.replace(typed, "") if len(typed) > 2 else page


def test_strangers_and_visits_are_spoken_to_as_well(app: Flask) -> None:
    stranger, root = Browser(app), Browser(app)
    spoken = {"Accept-Language": TAG}
    shown = [
        (path, stranger.get(path, headers=spoken).text)
        for path in ("/login", "/admin/login", "/nothing", "/login/invitation/x", "/login?done=logged-out")
    ]
    token = stranger.token("/login")
    wrong = {"csrf_token": token, "login": "x", "password": "x"}
    shown += [("POST /login", stranger.client.post("/login", data=wrong, headers=spoken).text)]
    shown += [("no token", stranger.client.post("/login", data={}, headers=spoken).text)]
    root.log_in(ROOT)
    for subject, mode, login in (("abc", "full", "john"), ("john", "assigned", "adam")):
        root.post(f"/admin/customers/abc/individuals/{login}/invitation", page="/admin/mail")
        for way in ({"view_only": "y"}, {"reason": "⟦because⟧"}):
            visit = root.open(subject, "pbx", mode=mode, **way)
            shown += pages(root, visit)
            assert visit_of(visit)
    shown += [("/admin/mail", root.get("/admin/mail").text)]
    assert faults(iter(shown)) == {}


def test_where_consent_is_asked_everybody_is_spoken_to_as_well(app: Flask) -> None:
    set_class(app, "consent")
    abc, root = Browser(app), Browser(app)
    abc.log_in(ABC)
    root.log_in(ROOT)
    shown = [("closed", abc.get(PAGE).text), ("to ask", root.get("/admin/customers/abc/log-in").text)]
    shown += [("refused", ask(root, reason="").text)]
    ask(root, "john", "⟦because⟧")
    shown += [("asked", abc.get(PAGE).text), ("picker", abc.get("/").text)]
    shown += [("waiting", root.get("/admin/customers/abc/log-in").text)]
    with working(app) as work:
        request = work.scalars(select(SupportRequest.id)).one()
    shown += [("soon", answer(abc, request, "until", "⟦soon⟧").text)]
    answer(abc, request, "decline")
    shown += [
        ("declined", root.get("/admin/customers/abc/log-in").text),
        ("none", root.get("/admin/customers/abc").text),
    ]
    shown += [("too late", answer(abc, request, "hour").text)]
    visit = root.open("abc", "pbx", emergency="y", reason="⟦because⟧")
    shown += [("emergency", root.get(visit).text)]
    let_in(abc)
    shown += [("open", abc.get(PAGE).text), ("until", root.get("/admin/customers/abc").text)]
    assert faults(iter(shown)) == {}
