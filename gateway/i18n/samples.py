"""How typed patterns would write the present moment, before they are saved."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from datetime import datetime

from gateway.i18n import patterns
from gateway.i18n.catalog import N_, locale_of
from gateway.i18n.catalog import gettext as _
from gateway.i18n.formats import formats_for
from gateway.i18n.preferences import GATEWAY_DEFAULTS, Preferences
from gateway.i18n.zones import zone_of

_PATTERNS = (
    ("output_date", "output_date_format", N_("Dates are shown as")),
    ("output_time", "output_time_format", N_("Times are shown as")),
    ("input_date", "input_date_format", N_("Dates are typed as")),
    ("input_time", "input_time_format", N_("Times are typed as")),
)


@dataclass(frozen=True, slots=True)
class Sample:
    """One line of the preview: what a pattern writes, or why it writes nothing."""

    label: str
    text: str
    problem: str = ""


def samples(typed: Mapping[str, str], now: datetime) -> list[Sample]:
    """Return what the four patterns in `typed` (by field name, with `language` and `time_zone`) write at `now`."""
    language, zone = typed.get("language", ""), zone_of(typed.get("time_zone", ""))
    base = GATEWAY_DEFAULTS
    if language and locale_of(language) is not None:
        base = replace(base, language=language)
    if zone is not None:
        base = replace(base, time_zone=zone)
    found = []
    for name, field, label in _PATTERNS:
        pattern = typed.get(field, "")[: patterns.LONGEST + 1]
        try:
            text = _written(name, pattern, base, now)
        except patterns.BadPattern as error:
            found.append(Sample(_(label), "", str(error)))
        else:
            found.append(Sample(_(label), text))
    return found


def check_pattern(field: str, pattern: str) -> None:
    """Raise `BadPattern`, with the reason, for a pattern that the field of that name cannot take."""
    if not pattern.isprintable():
        raise patterns.BadPattern(_("A pattern has no control characters or invisible characters."))
    _CHECKS[field](pattern)


def _written(name: str, pattern: str, base: Preferences, now: datetime) -> str:
    check_pattern(f"{name}_format", pattern)
    shown = "output_date" if name.endswith("date") else "output_time"
    formats = formats_for(replace(base, **{shown: pattern}))
    return formats.day(now.astimezone(formats.zone).date()) if shown == "output_date" else formats.time(now)


_CHECKS: dict[str, Callable[[str], object]] = {
    "output_date_format": patterns.date_template,
    "output_time_format": patterns.time_template,
    "input_date_format": lambda pattern: patterns.date_reader(pattern, "en"),
    "input_time_format": patterns.time_template,
}


def as_typed(preferences: Preferences) -> dict[str, str]:
    """Return preferences by the names of the fields of a form."""
    names = {
        field.name: field.name if field.name in _PLAIN else f"{field.name}_format" for field in fields(Preferences)
    }
    return {names[name]: getattr(preferences, name) for name in names}


_PLAIN = ("language", "time_zone")
