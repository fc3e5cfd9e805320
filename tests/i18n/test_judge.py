"""The judge is Babel: what our templates write is what it writes, for twenty languages of CLDR."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from babel import Locale, dates, numbers

from gateway.i18n.cldr import STYLES
from gateway.i18n.formats import Formats, formats_for
from gateway.i18n.preferences import Preferences

LANGUAGES = [
    *("en", "de", "fr", "es", "pt-BR", "uk", "ar", "ja", "cs", "pl", "it", "nl", "sv", "tr", "el", "fa", "hi", "he"),
    *("zh-Hans", "ko", "vi", "th"),
]
ZONE = "Europe/Prague"
MOMENTS = [datetime(2026, month, 28, hour, 5, 9, tzinfo=UTC) for month in range(1, 13) for hour in (0, 11, 12, 23)]
# A field of CLDR's patterns, and the name that says the same in the mini-language.
NAMES = {
    "y": "YYYY",
    "yyyy": "YYYY",
    "yy": "YY",
    "MM": "MM",
    "MMMM": "MONTH",
    "dd": "DD",
    "d": "D",
    "HH": "HH24",
    "hh": "HH12",
    "mm": "MI",
    "ss": "SS",
    "a": "AM",
}


def formats(language: str, date_format: str, time_format: str) -> Formats:
    """Return formats that write these."""
    made = formats_for(Preferences(language, ZONE, date_format, time_format, "YYYY-MM-DD", "HH24:MI"))
    assert made.fell_back == []
    return made


def as_ours(pattern: str) -> str | None:
    """Return CLDR's pattern in the mini-language, or None where that cannot say it."""
    pieces = []
    for kind, token in dates.tokenize_pattern(pattern):
        name = NAMES.get(token[0] * token[1]) if kind == "field" else token
        if name is None or (kind == "chars" and (not name.isprintable() or any(sign.isalnum() for sign in name))):
            return None
        pieces.append(name)
    text = "".join(pieces)
    return text if (text == text.strip() and "d" in pattern.replace("'", "")) or "H" in pattern else None


def expressible() -> list[tuple[str, str, str, str]]:
    """Return (language, kind, pattern of CLDR, pattern of ours) for every pattern of CLDR's that ours can say."""
    found = []
    for language in LANGUAGES:
        locale = Locale.parse(language, sep="-")
        theirs = [str(locale.datetime_skeletons[name]) for name in locale.datetime_skeletons]
        theirs += [locale.date_formats[style].pattern for style in (*STYLES, "full")]
        theirs += [locale.time_formats[style].pattern for style in (*STYLES, "full")]
        for pattern in dict.fromkeys(theirs):
            ours = as_ours(pattern)
            if ours:
                kind = "date" if set(pattern) & set("yMd") else "time"
                found.append((language, kind, pattern, ours))
    return found


EXPRESSIBLE = expressible()


def test_the_judge_has_something_to_judge() -> None:
    assert len(EXPRESSIBLE) > 60
    assert {language for language, *_rest in EXPRESSIBLE} >= {"en", "de", "fr", "uk", "cs", "pl", "ko"}


@pytest.mark.parametrize(("language", "kind", "pattern", "ours"), EXPRESSIBLE)
def test_a_pattern_of_cldr_writes_in_ours_what_babel_writes(language: str, kind: str, pattern: str, ours: str) -> None:
    locale = Locale.parse(language, sep="-")
    written = formats(language, ours if kind == "date" else "YYYY", ours if kind == "time" else "HH24")
    for at in MOMENTS:
        local = at.astimezone(ZoneInfo(ZONE))
        if kind == "date":
            assert written.day(local.date()) == dates.format_date(local.date(), pattern, locale=locale)
        else:
            assert written.time(at) == dates.format_time(local, pattern, tzinfo=ZoneInfo(ZONE), locale=locale)


@pytest.mark.parametrize("language", [*LANGUAGES, "zh-Hant", "en-GB", "de-AT", "ar-EG", "fr-CA", "es-MX"])
@pytest.mark.parametrize("style", STYLES)
def test_by_language_is_babels_own(language: str, style: str) -> None:
    locale, zone = Locale.parse(language, sep="-"), ZoneInfo(ZONE)
    written = formats(language, style, style)
    for at in (*MOMENTS, datetime(987, 6, 5, tzinfo=UTC)):
        assert written.day(at.date()) == dates.format_date(at.date(), style, locale=locale)
        assert written.time(at) == dates.format_time(at, style, tzinfo=zone, locale=locale)
        assert written.moment(at) == dates.format_datetime(at, style, tzinfo=zone, locale=locale)


def test_a_month_without_a_day_stands_alone() -> None:
    """CLDR keeps two forms: uk says 12 березня, and березень 2026."""
    assert formats("uk", "D MONTH YYYY", "HH24").day(date(2026, 3, 12)) == "12 березня 2026"
    assert formats("uk", "MONTH YYYY", "HH24").day(date(2026, 3, 12)) == "березень 2026"


@pytest.mark.parametrize("language", [*LANGUAGES, "en-IN", "de-CH"])
@pytest.mark.parametrize("number", [0, 7, -42, 999, 1234, 12345, -1234567, 10**12])
def test_numbers_are_babels_own(language: str, number: int) -> None:
    locale = Locale.parse(language, sep="-")
    assert formats(language, "YYYY", "HH24").number(number) == numbers.format_decimal(number, locale=locale)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("minutes", [1, 5, 59, 60, 90, 1440, 60 * 24 * 40, 60 * 24 * 800, -30])
def test_relative_times_are_babels_own(language: str, minutes: int) -> None:
    now = datetime(2026, 3, 12, tzinfo=UTC)
    then = datetime.fromtimestamp(now.timestamp() - 60 * minutes, UTC)
    locale = Locale.parse(language, sep="-")
    said = dates.format_timedelta(then - now, granularity="minute", threshold=1, add_direction=True, locale=locale)
    assert formats(language, "YYYY", "HH24").ago(then, now) == said
