"""Dates, numbers and money by preference: written as CLDR has it, read strictly, never guessed."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from babel.numbers import format_currency
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.i18n import patterns, reading
from gateway.i18n.catalog import direction, locale_of
from gateway.i18n.formats import Formats, Unreadable, formats_for
from gateway.i18n.preferences import GATEWAY_DEFAULTS, Preferences

LANGUAGES = ["en", "de", "fr", "es", "pt-BR", "uk", "ar", "ja"]
INPUTS = ["YYYY-MM-DD", "DD.MM.YYYY", "MM/DD/YYYY", "D MON YYYY", "DD MONTH YYYY", "DDMMYYYY", "MON-DD-YYYY"]


def formats(language: str = "en", zone: str = "UTC", **patterns_given: str) -> Formats:
    """Return formats with these patterns, else the gateway's."""
    values = {
        "output_date": "YYYY-MM-DD",
        "output_time": "HH24:MI:SS",
        "input_date": "YYYY-MM-DD",
        "input_time": "HH24:MI",
    }
    return formats_for(Preferences(language, zone, **values | patterns_given))


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("DD/MM/YYYY", "12/03/2003"),
        ("MON-DD-YY", "MAR-12-03"),
        ("mon-dd-yy", "MAR-12-03"),
        ("D MONTH YYYY", "12 March 2003"),
        ("YYYYMMDD", "20030312"),
        ("DD{MM}YYYY", "12{03}2003"),
    ],
)
def test_dates_are_written_as_the_pattern_says(pattern: str, text: str) -> None:
    assert formats(output_date=pattern).day(date(2003, 3, 12)) == text


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("HH:MI:SS", "12:30:00"),
        ("HH24.MI", "12.30"),
        ("HH12:MI AM", "12:30 PM"),
        ("AM/PM HH12", "PM 12"),
        ("HH24MISS", "123000"),
    ],
)
def test_times_are_written_as_the_pattern_says(pattern: str, text: str) -> None:
    assert formats(output_time=pattern).time(datetime(2003, 3, 12, 12, 30, tzinfo=UTC)) == text


@pytest.mark.parametrize(
    ("moment", "zone", "text"),
    [
        (datetime(2026, 3, 29, 0, 59, 59, tzinfo=UTC), "Europe/Prague", "2026-03-29 01:59:59"),
        (datetime(2026, 3, 29, 1, 0, tzinfo=UTC), "Europe/Prague", "2026-03-29 03:00:00"),
        (datetime(2026, 10, 25, 1, 30, tzinfo=UTC), "Europe/Prague", "2026-10-25 02:30:00"),
        (datetime(2026, 1, 1, 0, 0, tzinfo=UTC), "Pacific/Chatham", "2026-01-01 13:45:00"),
        (datetime(2026, 1, 1, 0, 0, tzinfo=UTC), "Asia/Tehran", "2026-01-01 03:30:00"),
    ],
)
def test_moments_are_shown_in_the_readers_zone(moment: datetime, zone: str, text: str) -> None:
    assert formats(zone=zone).moment(moment) == text


def test_a_day_never_shifts_whatever_the_zone() -> None:
    for zone in ("Pacific/Chatham", "America/Sao_Paulo", "UTC", "Asia/Tehran"):
        assert formats(zone=zone).day(date(2026, 1, 1)) == "2026-01-01"


def test_a_naive_datetime_is_refused() -> None:
    with pytest.raises(ValueError, match="naive"):
        formats().moment(datetime(2026, 1, 1))  # noqa: DTZ001 - that is the point


@pytest.mark.parametrize("pattern", ["", "DD/DD", "XX", "DD/MM/YYYYY", "HH12:MI", "D" * 80, "MM M", "YYYY YY"])
def test_a_pattern_that_says_nothing_or_the_same_twice_is_refused_with_the_reason(pattern: str) -> None:
    names = patterns.TIME_NAMES if pattern.startswith("HH") else patterns.DATE_NAMES
    with pytest.raises(patterns.BadPattern) as refused:
        patterns.parse(pattern, names)
    assert str(refused.value).endswith(".")


@pytest.mark.parametrize("pattern", ["DD/MM/YY", "DD/MM", "MM/YYYY", "DMMYYYY", "YYYYMMD", "DDYYYY"])
def test_an_input_pattern_that_cannot_be_read_back_is_refused(pattern: str) -> None:
    with pytest.raises(patterns.BadPattern):
        reading.date_reader(pattern, "en")


@pytest.mark.parametrize(
    "text", ["31/02/2026", "12.03.2026", "3/12/2026", "12/3/2026", "12/03/26", "", "tomorrow", "12/03/2026 "]
)
def test_a_day_is_read_strictly_and_the_message_names_the_pattern(text: str) -> None:
    reading = formats(input_date="DD/MM/YYYY")
    if text.strip() == "12/03/2026":
        assert reading.read_day(text) == date(2026, 3, 12)
        return
    with pytest.raises(Unreadable, match="Write a day as DD/MM/YYYY, such as 12/03/2026"):
        reading.read_day(text)


def test_iso_8601_is_read_whatever_the_pattern() -> None:
    assert formats(input_date="DD/MM/YYYY").read_day("2026-03-12") == date(2026, 3, 12)


@given(
    day=st.dates(min_value=date(1000, 1, 1)),
    pattern=st.sampled_from(INPUTS),
    language=st.sampled_from(LANGUAGES),
)
@settings(max_examples=400, deadline=None)
def test_what_is_written_is_read_back(day: date, pattern: str, language: str) -> None:
    both = formats(language, input_date=pattern, output_date=pattern)
    assert both.preferences.input_date == pattern
    assert both.read_day(both.day(day)) == day


@given(text=st.text(max_size=40), pattern=st.sampled_from(INPUTS))
@settings(max_examples=300, deadline=None)
def test_nothing_but_the_declared_error_comes_of_reading(text: str, pattern: str) -> None:
    try:
        formats(input_date=pattern).read_day(text)
        said = pattern
    except Unreadable as error:
        said = str(error)
    assert pattern in said


@given(pattern=st.text(max_size=70))
@settings(max_examples=300, deadline=None)
def test_a_pattern_is_good_or_refused_and_nothing_else__INP_03(pattern: str) -> None:
    for names in (patterns.DATE_NAMES, patterns.TIME_NAMES):
        try:
            patterns.parse(pattern, names)
            said = pattern
        except patterns.BadPattern as refused:
            said = str(refused)
        assert said


@pytest.mark.parametrize("language", [*LANGUAGES, "hi", "cs", "pl", "sv", "fa", "he", "tr", "en-IN"])
@pytest.mark.parametrize("currency", ["EUR", "USD", "JPY", "KWD", "INR"])
@pytest.mark.parametrize("amount", ["0", "-1.5", "12.34", "1234567.89", "-1000000"])
def test_money_is_written_as_babel_writes_it(language: str, currency: str, amount: str) -> None:
    exact = Decimal(amount).quantize(Decimal(1)) if currency == "JPY" else Decimal(amount)
    assert formats(language).money(exact, currency) == format_currency(exact, currency, locale=locale_of(language))


def test_a_charge_finer_than_the_coin_is_shown_to_four_places() -> None:
    assert formats("de").money(Decimal("0.0420"), "EUR") == "0,0420\N{NO-BREAK SPACE}€"
    assert formats().money(Decimal("0.0400"), "EUR") == "€0.04"


def test_a_stored_value_that_is_no_good_falls_back__INP_03() -> None:
    bad = formats_for(Preferences("xx-nonsense", "Mars/Olympus", "{0.__class__}", "HH12", "<b>", "%s"))
    assert bad.preferences == GATEWAY_DEFAULTS
    assert bad.day(date(1, 1, 1)) == "0001-01-01"
    assert bad.day(date(9999, 12, 31)) == "9999-12-31"


def test_durations_and_sizes_read_as_people_say_them() -> None:
    assert [formats().duration(seconds) for seconds in (0, 61, 3600, 36061)] == ["0:00", "1:01", "1:00:00", "10:01:01"]
    assert [formats().bytes(count) for count in (0, 999, 1500, 191_800_000_000)] == [
        "0 byte",
        "999 byte",
        "1.5 kB",
        "191.8 GB",
    ]


def test_the_direction_is_the_languages() -> None:
    assert [direction(language) for language in ("en", "ar", "he", "nonsense")] == ["ltr", "rtl", "rtl", "ltr"]
