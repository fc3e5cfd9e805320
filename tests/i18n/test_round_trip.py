"""What is written is read back: every input pattern that is taken, in every language and zone, at every moment."""

from datetime import UTC, date, datetime, timedelta

import pytest
from babel.localedata import locale_identifiers
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from gateway.i18n import cldr, patterns, reading
from gateway.i18n.formats import Formats, Unreadable, formats_for
from gateway.i18n.preferences import Preferences
from gateway.i18n.samples import samples
from gateway.i18n.zones import ZONES, next_change

LANGUAGES = [
    *("en", "de", "fr", "es", "pt-BR", "uk", "ar", "ja", "cs", "pl", "tr", "el", "fa", "hi", "he", "zh-Hant", "vi"),
    *("mn", "lt", "th", "ka", "hu", "fi", "sr-Latn", "ko"),
]
SIGNS = st.text(st.sampled_from("/.-, :_|{}%()+~·／。★'\""), max_size=2)


@st.composite
def date_patterns(draw: st.DrawFn) -> str:
    """A day, a month and a year in full, in any order and case, with or without something between."""
    names = draw(
        st.tuples(st.sampled_from(["DD", "D"]), st.sampled_from(["MM", "MON", "MONTH"]), st.just("YYYY")).flatmap(
            st.permutations
        )
    )
    pattern = draw(SIGNS) + "".join(name + draw(SIGNS) for name in names)
    return pattern.lower() if draw(st.booleans()) else pattern


@st.composite
def time_patterns(draw: st.DrawFn) -> str:
    """An hour and a minute, perhaps a second and a half of the day, in any order."""
    names = [draw(st.sampled_from(["HH", "HH24", "HH12"])), "MI", *(["SS"] if draw(st.booleans()) else [])]
    if "HH12" in names or draw(st.booleans()):
        names.append(draw(st.sampled_from(["AM", "PM", "AM/PM"])))
    return draw(SIGNS) + "".join(name + draw(SIGNS) for name in draw(st.permutations(names)))


@st.composite
def moments(draw: st.DrawFn, zone: str) -> datetime:
    """Any moment; every second one is near a change of the zone's clocks."""
    at = draw(st.datetimes(datetime(2, 1, 1), datetime(9998, 12, 30)))  # noqa: DTZ001 - made aware below
    at = at.replace(microsecond=0, tzinfo=UTC)
    if draw(st.booleans()) and (change := next_change(zone, at)) is not None:
        return change + timedelta(seconds=draw(st.integers(-7200, 7200)))
    return at


def formats(language: str, zone: str, day: str, clock: str) -> Formats:
    """Return formats that read these patterns; asks that they are taken."""
    try:
        reading.date_reader(day, language)
        reading.time_reader(clock, language)
    except patterns.BadPattern:
        assume(False)
    return formats_for(Preferences(language, zone, "YYYY-MM-DD", "HH24:MI:SS", day, clock))


@given(data=st.data(), day=date_patterns(), clock=time_patterns())
@settings(max_examples=600, deadline=None)
def test_a_moment_that_is_written_is_read_back_to_the_precision_of_the_pattern(
    data: st.DataObject, day: str, clock: str
) -> None:
    language, zone = data.draw(st.sampled_from(LANGUAGES)), data.draw(st.sampled_from(ZONES))
    both = formats(language, zone, day, clock)
    assert both.fell_back == []
    at = data.draw(moments(zone))
    text = both.typed_moment(at)
    read = both.read_moment(text)
    precision = reading.SECOND if "SS" in clock else reading.MINUTE
    assert both.typed_moment(read.at) == text
    assert read.at <= at
    assert at - read.at < precision or read.doubled
    for minutes in range(15, 200, 15):
        earlier = read.at - timedelta(minutes=minutes)
        assert both.typed_moment(earlier) != text, "of a time that is shown twice the first is read"


@given(language=st.sampled_from(LANGUAGES), pattern=date_patterns(), day=st.dates(), folding=st.sampled_from(range(4)))
@settings(max_examples=600, deadline=None)
def test_a_day_that_is_written_is_read_back_in_any_case_and_script_of_digits(
    language: str, pattern: str, day: date, folding: int
) -> None:
    both = formats(language, "UTC", pattern, "HH24:MI")
    text = both.typed_day(day)
    native = str.maketrans("0123456789", ("٠١٢٣٤٥٦٧٨٩", "۰۱۲۳۴۵۶۷۸۹", "०१२३४५६७८९", "０１２３４５６７８９")[folding])
    assert both.read_day(text) == day
    assert both.read_day(text.translate(native)) == day
    assert both.read_day(f"  {text.lower()} ") == day
    assert both.read_day(day.isoformat()) == day


@given(
    pattern=st.text(st.sampled_from("DMYHISAPONT24 /.-:,_é日\u200f"), min_size=1, max_size=16),
    language=st.sampled_from(LANGUAGES),
    day=st.dates(),
)
@example("YYYY-DD-MM", "en", date(2026, 3, 12))
@example("DDMONYYYY", "ja", date(2026, 11, 1))
@settings(max_examples=800, deadline=None)
def test_an_input_pattern_is_read_back_or_refused(pattern: str, language: str, day: date) -> None:
    said = ""
    try:
        reading.date_reader(pattern, language)
    except patterns.BadPattern as refused:
        said = str(refused)
    if said:
        assert said.endswith(".")
        return
    both = formats(language, "UTC", pattern, "HH24:MI")
    assert both.read_day(both.typed_day(day)) == day


@given(
    patterns_given=st.tuples(*[st.text(max_size=70)] * 4),
    language=st.text(max_size=12) | st.sampled_from(LANGUAGES),
    zone=st.text(max_size=12) | st.sampled_from(ZONES),
    text=st.text(max_size=40),
)
@settings(max_examples=400, deadline=None)
def test_whatever_is_stored_or_typed_nothing_breaks__INP_03__INJ_03(
    patterns_given: tuple[str, str, str, str], language: str, zone: str, text: str
) -> None:
    both = formats_for(Preferences(language, zone, *patterns_given))
    for at in (datetime.min, datetime.max, datetime(2026, 3, 12)):  # noqa: DTZ001, DTZ901 - made aware
        aware = at.replace(tzinfo=UTC)
        assert both.moment(aware)
        assert both.day(aware.date())
        assert both.exact(aware)
    for read in (both.read_day, both.read_moment):
        try:
            said = f"read by {both.preferences.input_date}: {read(text)}"
        except Unreadable as refused:
            said = str(refused)
        assert both.preferences.input_date in said
    names = ("output_date_format", "output_time_format", "input_date_format", "input_time_format")
    typed = {"language": language, "time_zone": zone, **dict(zip(names, patterns_given, strict=True))}
    assert samples(typed, datetime(2026, 3, 12, tzinfo=UTC))


@pytest.mark.parametrize("style", cldr.STYLES)
def test_the_word_for_by_language_is_no_pattern(style: str) -> None:
    for names in (patterns.DATE_NAMES, patterns.TIME_NAMES):
        with pytest.raises(patterns.BadPattern):
            patterns.parse(style, names)
    with pytest.raises(patterns.BadPattern):
        reading.date_reader(style, "en")


def test_no_language_of_cldr_has_one_word_for_two_months_or_both_halves_of_a_day() -> None:
    days = [date(2026, month, day) for month in range(1, 13) for day in (1, 11)]
    for tag in sorted({identifier.replace("_", "-") for identifier in locale_identifiers()}):
        for pattern in ("DD MON YYYY", "D/MONTH/YYYY"):
            both = formats(tag, "UTC", pattern, "HH12:MI AM")
            assert [both.read_day(both.typed_day(day)) for day in days] == days, tag
        for hour in (0, 11, 12, 23):
            at = datetime(2026, 3, 12, hour, tzinfo=UTC)
            assert both.read_moment(both.typed_moment(at)).at == at, tag
