"""How formats would write and be typed, before they are saved; and the ready ones to choose from."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta

from gateway.i18n import cldr, patterns
from gateway.i18n.catalog import N_, language_name, locale_of
from gateway.i18n.catalog import gettext as _
from gateway.i18n.formats import CHECKS, Formats, formats_for
from gateway.i18n.preferences import GATEWAY_DEFAULTS
from gateway.i18n.zones import next_change, zone_of

LABELS = {
    "output_date_format": N_("Dates are shown as"),
    "output_time_format": N_("Times are shown as"),
    "input_date_format": N_("Dates are typed as"),
    "input_time_format": N_("Times are typed as"),
}
STYLES = {
    "short": N_("By language, short"),
    "medium": N_("By language, medium"),
    "long": N_("By language, long"),
}
_DATES = {
    "YYYY-MM-DD": N_("ISO 8601"),
    "DD.MM.YYYY": N_("European, with dots"),
    "DD/MM/YYYY": N_("European, with slashes"),
    "MM/DD/YYYY": N_("United States"),
    "D MONTH YYYY": N_("Long"),
}
_INPUT_TIMES = {"HH24:MI": N_("24 hours"), "HH12:MI AM": N_("12 hours")}
_TIMES = {"HH24:MI:SS": N_("24 hours, with seconds"), **_INPUT_TIMES, "HH12:MI:SS AM": N_("12 hours, with seconds")}
PRESETS: Mapping[str, Mapping[str, str]] = {
    "output_date_format": {**_DATES, **STYLES},
    "output_time_format": {**_TIMES, **STYLES},
    "input_date_format": _DATES,
    "input_time_format": _INPUT_TIMES,
}
"""The ready formats by the name of the field; each pattern with what it is called."""

PAST = datetime(2003, 3, 5, 8, 5, 9, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Sample:
    """One line of the preview: what a format writes, or why it writes nothing."""

    label: str
    text: str
    problem: str = ""


def samples(typed: Mapping[str, str], now: datetime) -> list[Sample]:
    """Return what the four formats in `typed` (by field name, with `language` and `time_zone`) make of some moments:
    the present one, one long past, noon, midnight, and both sides of the next change of the clocks.
    """
    language, zone = typed.get("language", ""), zone_of(typed.get("time_zone", ""))
    good = GATEWAY_DEFAULTS
    if language and locale_of(language) is not None:
        good = replace(good, language=language)
    if zone is not None:
        good = replace(good, time_zone=zone)
    problems = []
    for field, label in LABELS.items():
        name, format = field.removesuffix("_format"), typed.get(field, "")[: patterns.LONGEST + 1]
        try:
            CHECKS[name](format, good.language)
        except patterns.BadPattern as error:
            problems.append(Sample(_(label), "", str(error)))
        else:
            good = replace(good, **{name: format})
    return [*problems, *_written(formats_for(good), now)]


def _written(formats: Formats, now: datetime) -> Iterator[Sample]:
    today = now.astimezone(formats.zone).date()
    yield Sample(_("Just now"), formats.moment(now))
    yield Sample(_("Long ago"), formats.moment(PAST))
    for label, hour in ((_("Noon"), 12), (_("Midnight"), 0)):
        yield Sample(label, formats.moment(datetime.combine(today, time(hour), formats.zone)))
    if (change := next_change(formats.preferences.time_zone, now)) is not None:
        yield Sample(_("Before the clocks change"), formats.moment(change - timedelta(seconds=1)))
        yield Sample(_("After the clocks change"), formats.moment(change))
    yield Sample(_("To be typed as"), formats.typed_moment(now))


def presets(field: str, language: str) -> list[tuple[str, str]]:
    """Return the ready formats of a field: each with what it is called and an example."""
    found = []
    for pattern, title in PRESETS[field].items():
        name = field.removesuffix("_format").replace("input", "output")
        formats = formats_for(replace(GATEWAY_DEFAULTS, language=language, **{name: pattern}))
        example = formats.day(PAST.date()) if name.endswith("date") else formats.time(PAST)
        found.append((pattern, f"{_(title)}: {example}"))
    return found


def check_pattern(field: str, pattern: str, language: str = GATEWAY_DEFAULTS.language) -> None:
    """Raise `BadPattern`, with the reason, for a format that the field of that name cannot take."""
    CHECKS[field.removesuffix("_format")](pattern, language)


def word(field: str, value: str) -> str:
    """Return a value of a field of preferences as people read it."""
    if field == "language":
        return language_name(value)
    style = cldr.style_of(value) if field.startswith("output") else None
    return _(STYLES[style]) if style else value
