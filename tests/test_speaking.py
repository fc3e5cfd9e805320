"""In which language, zone and formats a page is: negotiated before the log-in, one's own after it, the subject's in a
visit; and what forms and exports make of it."""

import html
import re
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
import time_machine
from flask import Blueprint, Flask, g
from flask_wtf import FlaskForm
from sqlalchemy import select
from werkzeug.datastructures import MultiDict

from gateway import create_app
from gateway.audit.models import AuditEvent
from gateway.i18n import catalog
from gateway.i18n.preferences import Preferences
from gateway.identity.models import Identity
from gateway.portal import DayField, MomentField, Page, Portal, Root, belongs_to, render
from gateway.portal.registry import discover
from gateway.web.fields import FIRST_OF_TWO
from tests import lint_formats, lint_translations
from tests.cast import HELEN, INITECH, JOHN, ROOT
from tests.conftest import settings_for
from tests.house import Browser, change, form_token, rows, value, visit_of

NewBrowser = Callable[[], Browser]
SPOKEN = ("en", "de", "pt-BR", "ar")
PREFERENCES = "/portals/self-care/preferences"
CALLS = "/portals/pbx/calls"


@pytest.fixture
def app(make_app: Callable[..., Flask]) -> Flask:
    """An application that offers four languages."""
    return make_app(languages=SPOKEN)


@pytest.fixture
def john(new_browser: NewBrowser) -> Browser:
    """John, logged in."""
    found = new_browser()
    found.log_in(JOHN)
    return found


@pytest.fixture
def root(new_browser: NewBrowser) -> Browser:
    """Root, logged in."""
    found = new_browser()
    found.log_in(ROOT)
    return found


def language_of(browser: Browser, path: str = "/login", header: str = "") -> str:
    """Return the language and direction that a page says it has."""
    page = browser.get(path, headers={"Accept-Language": header} if header else {}).text
    return " ".join(page.split("<html ")[1].split(">")[0].replace('"', "").split())


ASKED = [
    ("", "lang=en dir=ltr"),
    ("de", "lang=de dir=ltr"),
    ("de-AT,de;q=0.9,en;q=0.8", "lang=de dir=ltr"),
    ("pt", "lang=pt-BR dir=ltr"),
    ("pt-PT", "lang=pt-BR dir=ltr"),
    ("ar", "lang=ar dir=rtl"),
    ("cs,en;q=0.5,de;q=0.7", "lang=de dir=ltr"),
    ("tlh", "lang=en dir=ltr"),
    ("de;q=0", "lang=en dir=ltr"),
    ("*", "lang=en dir=ltr"),
    ("de,", "lang=de dir=ltr"),
    ("../../etc/passwd", "lang=en dir=ltr"),
    ("%s{0.__class__}", "lang=en dir=ltr"),
    ("de," * 3334, "lang=en dir=ltr"),
    ("x" * 10_000, "lang=en dir=ltr"),
]


def test_a_stranger_is_spoken_to_as_the_browser_asks__INP_03(new_browser: NewBrowser) -> None:
    stranger = new_browser()
    for header, said in ASKED:
        for path in ("/login", "/admin/login", "/nothing"):
            assert language_of(stranger, path, header) == said, header


@pytest.mark.parametrize("prefix", ["", "/admin"])
def test_a_stranger_switches_the_language_with_one_click_and_stays_where_they_are(
    new_browser: NewBrowser, prefix: str
) -> None:
    stranger, page = new_browser(), f"{prefix}/login?next={prefix or '/portals'}/x"
    offered = stranger.get(page).text.split('class="speak"')[1].split("</form>")[0]
    assert [f'value="{tag}"' in offered for tag in SPOKEN] == [True] * 4
    assert "العربية" in offered
    answer = stranger.post(f"{prefix}/language", {"language": "ar", "next": page}, page=page)
    assert (answer.status_code, answer.location) == (303, page)
    assert language_of(stranger, page, "de") == "lang=ar dir=rtl"
    assert [cookie.key for cookie in stranger.client._cookies.values() if cookie.key == "language"] == ["language"]


def test_a_switch_takes_a_form_of_ours_a_language_that_is_offered_and_a_page_of_ours(new_browser: NewBrowser) -> None:
    stranger = new_browser()
    assert stranger.client.post("/language", data={"language": "de"}).status_code == 400
    for tag in ("fr", "", "xx", "de\0", "../de"):
        stranger.post("/language", {"language": tag}, page="/login")
        assert language_of(stranger) == "lang=en dir=ltr"
    for target in ("https://evil.example", "//evil.example", "/\\evil.example", "/admin/customers\nx"):
        assert stranger.post("/language", {"language": "de", "next": target}, page="/login").location == "/login"
    stranger.client.set_cookie("language", "{{7*7}}")
    assert language_of(stranger) == "lang=en dir=ltr"
    assert stranger.get("/language").status_code == 405


def test_whoever_is_logged_in_has_their_own_language_whatever_the_browser_says(app: Flask, john: Browser) -> None:
    john.client.set_cookie("language", "ar")
    assert language_of(john, PREFERENCES, "de") == "lang=en dir=ltr"
    assert 'class="speak"' not in john.get(PREFERENCES).text
    change(app, "john", language="ar")
    assert language_of(john, PREFERENCES, "de") == "lang=ar dir=rtl"


def test_another_language_acts_in_every_tab_and_logs_nobody_out(app: Flask, john: Browser) -> None:
    other_tab = Browser(app)
    other_tab.client._cookies = john.client._cookies
    before = john.client.get_cookie("session")
    assert john.post(PREFERENCES, {"language": "de"}).status_code == 303
    assert language_of(other_tab, CALLS) == "lang=de dir=ltr"
    assert john.client.get_cookie("session") == before
    assert other_tab.get(CALLS).status_code == 200


def test_what_the_form_library_says_is_in_the_language_too(app: Flask, john: Browser) -> None:
    change(app, "john", language="de")
    answer = john.post(PREFERENCES, {"language": "tlh"})
    assert answer.status_code == 422
    assert "Keine gültige Auswahl." in html.unescape(answer.text)


def test_every_language_is_offered_by_its_own_name_and_in_ones_own(app: Flask, john: Browser) -> None:
    change(app, "john", language="de")
    page = html.unescape(john.get(PREFERENCES).text)
    for label in ("Deutsch", "English (Englisch)", "português (Brasil) (Portugiesisch (Brasilien))"):
        assert label in page
    assert "Prag, UTC+" in page


CORRUPT = {
    "time_zone": ["Mars/Olympus", "../../etc/passwd", "", "Europe/Pragu", "x" * 64, "{{7*7}}", "UTC\n"],
    "language": ["tlh-x", "xx", "../de", "{0.__class__}", "x" * 35],
    "output_date_format": ["QQQ", "{{7*7}}", "${7*7}", "{0.__class__}", "%(x)s", "'<b>'", "DD/DD"],
    "output_time_format": ["HH12", "%H:%M", "{0}", "SS SS"],
    "input_date_format": ["DD.MM.YY", "short", "D", "<script>"],
    "input_time_format": ["HH24", "MI:HH", "long", "{6}"],
}


@pytest.mark.parametrize("column", CORRUPT)
def test_a_stored_value_that_cannot_be_used_falls_back_with_a_notice__INP_03__INJ_03(
    app: Flask, john: Browser, column: str
) -> None:
    for stored in CORRUPT[column]:
        change(app, "john", **{column: stored})
        _looks_well(john, column, stored)
        change(app, "john", **{column: None})


def _looks_well(john: Browser, column: str, stored: str) -> None:
    for path in (CALLS, PREFERENCES, "/portals/self-care/profile", "/portals/pbx/calls.csv?mine=y"):
        assert john.get(path).status_code == 200
    said = john.get(CALLS).text
    assert "49" not in said.split("<main")[1].split("<form")[0]
    noticed = "Your time zone is not known any more" in said, "Some of your formats cannot be used any more" in said
    assert noticed == (False, False) if not stored else any(noticed)
    assert noticed[0] is (column == "time_zone" and stored != "")


def test_a_pattern_is_a_pattern_and_no_template__INJ_03(john: Browser, app: Flask) -> None:
    for name in ("output_date_format", "output_time_format", "input_date_format", "input_time_format"):
        for text in ("{{7*7}}", "${7*7}", "{0.__class__}", "%(x)s", "'<b>'"):
            answer = john.post(PREFERENCES, {name: text})
            assert answer.status_code == 422
            assert text in [
                html.unescape(typed) for typed in re.findall(rf'id="{name}"[^>]* value="([^"]*)"', answer.text)
            ]
            assert value(app, getattr(Identity, name), "john") is None


def test_a_ready_format_is_chosen_from_the_list_without_a_script(app: Flask, john: Browser) -> None:
    chosen = {"output_date_format": "DD.MM.YYYY", "output_date_format_ready": "long", "input_date_format_ready": ""}
    assert john.post(PREFERENCES, {**chosen, "language": "en"}).status_code == 303
    assert value(app, Identity.output_date_format, "john") == "long"
    assert value(app, Identity.input_date_format, "john") is None
    with time_machine.travel("2026-03-11T20:05:00Z", tick=True):
        assert "In force: By language, long, your own choice." in html.unescape(john.get(PREFERENCES).text)
    assert john.post(PREFERENCES, {"output_date_format_ready": "QQQ"}).status_code == 303
    assert value(app, Identity.output_date_format, "john") == "long"


def test_what_is_by_language_is_for_writing_only(john: Browser) -> None:
    answer = john.post(PREFERENCES, {"input_date_format": "medium"})
    assert answer.status_code == 422
    assert "is not understood in a pattern" in answer.text


def test_the_preview_shows_noon_midnight_and_both_sides_of_the_next_clock_change(john: Browser) -> None:
    asked = {"time_zone": "Europe/Prague", "output_date_format": "DD.MM.YYYY", "output_time_format": "HH12:MI AM"}
    with time_machine.travel("2026-03-11T20:05:00Z", tick=False):
        part = john.get(
            f"{PREFERENCES}/formats",
            query_string={**asked, "input_date_format": "D MON YYYY", "input_time_format": "HH24:MI"},
        ).text
    for text in (
        *("11.03.2026 09:05 PM", "05.03.2003 09:05 AM", "11.03.2026 12:00 PM", "11.03.2026 12:00 AM"),
        *("29.03.2026 01:59 AM", "29.03.2026 03:00 AM", "11 MAR 2026 21:05"),
    ):
        assert f"<bdi>{text}</bdi>" in part


def test_a_visit_reads_as_the_subject_has_it_and_one_click_shows_it_in_ones_own_zone(app: Flask, root: Browser) -> None:
    change(app, "abc", time_zone="Asia/Tokyo", output_time_format="HH24:MI")
    change(app, "root", time_zone="Europe/Prague")
    change(app, "abc", last_login_at=datetime(2026, 3, 11, 20, 5, tzinfo=UTC))
    with time_machine.travel("2026-03-12T20:05:00Z", tick=True):
        landed = root.open("abc", "self-care", view_only="y")
        visit = visit_of(landed)
        profile = f"{visit}/portals/self-care/profile"
        page = root.get(profile).text
        assert "times of Tokyo, UTC+09:00" in page
        assert "2026-03-12 05:05" in page
        clock = page.split("/clock")[1].split("</form>")[0]
        assert "My time zone" in clock
        target = clock.split('name="next" value="')[1].split('"')[0]
        answer = root.post(f"{visit}/clock", {"own": "y", "next": target}, page=profile)
        assert answer.location == profile
        page = root.get(profile).text
        assert "times of Prague, UTC+01:00, yours" in page
        assert "2026-03-11 21:05" in page
        root.post(f"{visit}/clock", {"own": "", "next": "https://evil.example"}, page=profile)
        assert "2026-03-12 05:05" in root.get(profile).text
    assert value(app, Identity.time_zone, "abc") == "Asia/Tokyo"
    assert not rows(app, select(AuditEvent.__table__).where(AuditEvent.event == "access.changed"))


def test_the_clock_is_for_visits_alone_and_takes_a_form_of_ours(root: Browser, john: Browser) -> None:
    landed = root.open("abc", "pbx")
    assert root.client.post(f"{visit_of(landed)}/clock", data={"own": "y"}).status_code == 400
    assert root.get(f"{visit_of(landed)}/clock").status_code == 405
    assert john.post("/clock", {"own": "y"}, page=PREFERENCES).status_code == 404
    john.client.set_cookie("clock", "own")
    assert john.get(PREFERENCES).status_code == 200


def test_an_export_is_for_programs_unless_the_reader_asks_for_their_own_formats(app: Flask, john: Browser) -> None:
    change(
        app,
        "john",
        language="de",
        output_date_format="DD.MM.YYYY",
        output_time_format="HH24:MI",
        time_zone="Asia/Tokyo",
    )
    plain, own = (john.get(f"{CALLS}.csv{query}").text.splitlines()[1] for query in ("", "?mine=y"))
    at = datetime.fromisoformat(plain.split(",")[0])
    assert at.utcoffset() is not None
    assert ",0.0420,EUR" in plain
    tokyo = at.astimezone(tz=None).timestamp()
    assert own.startswith(datetime.fromtimestamp(tokyo + 9 * 3600, UTC).strftime("%d.%m.%Y %H:%M"))
    assert '"0,042",EUR' in own
    assert "'+1555" in own
    assert f'href="{CALLS}.csv?mine=y' in john.get(CALLS).text


def test_a_day_is_typed_with_a_picker_beside_it_that_sends_nothing(app: Flask, root: Browser) -> None:
    change(app, "root", input_date_format="DD MON YYYY", language="de")
    page = root.get("/admin/customers/abc/individuals/john").text
    field = page.split('for="activates_on"')[1].split("</span>")[0]
    assert 'data-day="DD MON YYYY"' in field
    assert "JAN|FEB|MÄRZ" in field
    assert "data-pick" in field
    assert "name=" not in field.split('type="date"')[1]
    assert "data-pick" not in root.get("/admin/audit").text.split('name="actor"')[0]
    assert root.get("/admin/audit").text.count("data-pick ") == 2


class Meeting(FlaskForm):
    """A form of some portal."""

    on = DayField()
    at = MomentField()


@pytest.fixture
def meeting(app: Flask) -> Iterator[Meeting]:
    """The form, for a reader in Prague."""
    with app.test_request_context(), catalog.speaking("en"):
        g.preferences = Preferences("en", "Europe/Prague", "YYYY-MM-DD", "HH24:MI", "DD/MM/YYYY", "HH24:MI")
        yield Meeting(meta={"csrf": False}, formdata=None)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("12/03/2026 08:30", datetime(2026, 3, 12, 7, 30, tzinfo=UTC)),
        ("2026-03-12T08:30", datetime(2026, 3, 12, 7, 30, tzinfo=UTC)),
        ("2026-03-12 08:30:10Z", datetime(2026, 3, 12, 8, 30, 10, tzinfo=UTC)),
        ("25/10/2026 02:30", datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),
        ("", None),
        ("  ", None),
    ],
)
def test_a_moment_is_read_in_the_readers_zone_and_of_two_the_first(
    meeting: Meeting, text: str, expected: datetime | None
) -> None:
    meeting.process(MultiDict({"at": text}))
    assert meeting.validate()
    assert meeting.at.data == expected
    assert meeting.at.remark == (FIRST_OF_TWO if "25/10" in text else None)
    assert meeting.at._value() == text


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        (
            "at",
            "29/03/2026 02:30",
            "The clocks skip this time: after 01:59 comes 03:00. Write it as DD/MM/YYYY HH24:MI.",
        ),
        (
            "at",
            "31/02/2026 02:30",
            "There is no such day or time. Write it as DD/MM/YYYY HH24:MI, such as 12/03/2026 14:30.",
        ),
        ("at", "12.03.2026 02:30", "Write a day and a time as DD/MM/YYYY HH24:MI, such as 12/03/2026 14:30."),
        ("on", "31/02/2026", "There is no such day. Write a day as DD/MM/YYYY, such as 12/03/2026."),
        ("on", "12.03.2026", "Write a day as DD/MM/YYYY, such as 12/03/2026."),
    ],
)
def test_what_cannot_be_read_is_refused_with_the_pattern_and_kept(
    meeting: Meeting, name: str, text: str, message: str
) -> None:
    meeting.process(MultiDict({name: text}))
    assert not meeting.validate()
    assert meeting.errors == {name: [message]}
    assert meeting[name]._value() == text


def test_a_stored_value_is_shown_as_it_is_to_be_typed(meeting: Meeting) -> None:
    meeting.process(data={"on": date(2026, 3, 12), "at": datetime(2026, 3, 12, 7, 30, tzinfo=UTC)})
    assert (meeting.on._value(), meeting.at._value()) == ("12/03/2026", "12/03/2026 08:30")


@pytest.fixture
def shop(database_url: str, tmp_path: Path) -> Iterator[Flask]:
    """An application with a portal that brings its own catalogue, in German alone."""
    folder = tmp_path / "translations" / "de" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    text = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\n"\n\nmsgid "Shop"\nmsgstr "Laden"\n'
    (folder / "messages.po").write_text(text, encoding="utf-8")
    pages = tmp_path / "templates" / "portals" / "shop"
    pages.mkdir(parents=True)
    (pages / "things.html").write_text('{% extends "portal.html" %}{% block title %}Things{% endblock %}')
    bp = Blueprint("shop", __name__, template_folder=str(tmp_path / "templates"))

    @bp.get("/things")
    @belongs_to("things")
    def things() -> str:
        return render("things.html")

    portal = Portal(
        slug="shop",
        title="Shop",
        icon="cpu",
        blueprint=bp,
        structure=Root(Page("things", "Things", endpoint="shop.things")),
        translations=tmp_path / "translations",
    )
    app = create_app(settings_for(database_url, languages=SPOKEN), [portal, *discover()])
    yield app
    app.extensions["portico"].database.dispose()
    shutil.rmtree(tmp_path / "translations")


def test_a_portal_brings_its_own_catalogue(shop: Flask) -> None:
    change(shop, "initech", language="de")
    browser = Browser(shop)
    browser.log_in(INITECH)
    assert "Laden" in browser.get("/").text
    page = browser.get("/portals/shop/things").text
    assert ">Things</h1>" in page
    assert "noch nicht auf" not in page


def test_a_portal_that_lacks_a_language_is_in_english_and_says_so_once(shop: Flask) -> None:
    change(shop, "initech", language="ar")
    browser = Browser(shop)
    browser.log_in(INITECH)
    page = browser.get("/portals/shop/things").text
    assert '<html lang="ar" dir="rtl">' in page
    assert page.count("البوابة Shop لا تدعم اللغة «العربية» بعد") == 1
    assert re.search(r'<main [^>]*lang="en" dir="ltr">', page)
    assert "لا تدعم اللغة" not in browser.get(PREFERENCES).text
    offered = html.unescape(browser.get(PREFERENCES).text)
    assert "العربية، لكن بالإنجليزية في Shop" in offered
    assert "Deutsch (الألمانية)</option>" in offered


def test_a_letter_names_the_zone_in_the_readers_language(app: Flask, new_browser: NewBrowser) -> None:
    change(app, "john", language="de", time_zone="Europe/Prague")
    helen, root = new_browser(), new_browser()
    helen.log_in(HELEN)
    root.log_in(ROOT)
    token = form_token(helen.get("/admin/customers/abc/individuals/john").text)
    helen.client.post("/admin/customers/abc/individuals/john/invitation", data={"csrf_token": token})
    assert "Prag, UTC+0" in root.get("/admin/mail").text


def test_nothing_but_i18n_writes_what_is_shown() -> None:
    assert lint_formats.found() == []


@pytest.mark.parametrize(
    ("line", "rules"),
    [
        ("day.strftime('%d')", lint_formats.CODE),
        ("from babel.dates import format_date", lint_formats.CODE),
        ("import babel", lint_formats.CODE),
        ("""f"{_('Time')}: {at}\"""", lint_formats.CODE),
        ("<time>{{ at.isoformat() }}</time>", lint_formats.TEMPLATE),
        ("{{ amount|round(2) }}", lint_formats.TEMPLATE),
    ],
)
def test_the_lint_finds_what_writes_by_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: str, rules: dict[str, str]
) -> None:
    (tmp_path / "portals").mkdir()
    (tmp_path / "portals" / "page.py").write_text(line, encoding="utf-8")
    monkeypatch.setattr(lint_formats, "ROOT", tmp_path)
    assert len(list(lint_formats.faults("portals", "*.py", rules))) == 1


POT = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\n"\n\nmsgid "Hello %(name)s"\nmsgstr ""\n\nmsgid "%(num)s call"\nmsgid_plural "%(num)s calls"\nmsgstr[0] ""\nmsgstr[1] ""\n'
GOOD = {
    'msgid "Hello %(name)s"\nmsgstr ""': 'msgid "Hello %(name)s"\nmsgstr "Hallo %(name)s"',
    'msgstr[0] ""\nmsgstr[1] ""': 'msgstr[0] "ein Anruf"\nmsgstr[1] "%(num)s Anrufe"',
}


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("", "", None),
        ('"Hallo %(name)s"', '""', "is not translated"),
        ("Hallo %(name)s", "Hallo %(nome)s", "has other placeholders"),
        ("Hallo %(name)s", "Hallo", "has other placeholders"),
        ("%(num)s Anrufe", "%(name)s Anrufe", "has other placeholders"),
        ('msgid "Hello', '#, fuzzy\nmsgid "Hello', "is fuzzy"),
        ('msgstr[1] "%(num)s Anrufe"', "", "is not translated"),
        ("Hello", "Hullo", "is missing"),
        ("Hello", "Hullo", "is no text any more"),
    ],
)
def test_the_lint_finds_what_is_wrong_with_a_catalogue(tmp_path: Path, old: str, new: str, said: str | None) -> None:
    text = POT
    for empty, full in GOOD.items():
        text = text.replace(empty, full)
    (tmp_path / "messages.pot").write_text(POT, encoding="utf-8")
    path = tmp_path / "de" / "LC_MESSAGES" / "messages.po"
    path.parent.mkdir(parents=True)
    path.write_text(text.replace(old, new) if old else text, encoding="utf-8")
    faults = lint_translations.found(tmp_path)
    assert faults == [] if said is None else any(said in fault for fault in faults), faults


def test_every_catalogue_that_is_shipped_is_complete() -> None:
    assert lint_translations.found() == []
