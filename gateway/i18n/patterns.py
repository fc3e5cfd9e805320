"""The mini-language of date and time patterns: `DD/MM/YYYY`, `MON-DD-YY`, `HH12:MI AM`.

Names are not case-sensitive, the longest is taken first; what is no letter or digit separates.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from itertools import pairwise

from gateway.i18n.catalog import gettext as _
from gateway.i18n.catalog import locale_of

DATE_NAMES = ("MONTH", "YYYY", "MON", "DD", "MM", "YY", "D")
TIME_NAMES = ("AM/PM", "HH24", "HH12", "HH", "MI", "SS", "AM", "PM")
LONGEST = 64
FIELDS = {
    "DD": "day",
    "D": "day",
    "MM": "month",
    "MON": "month",
    "MONTH": "month",
    "YYYY": "year",
    "YY": "year",
    "HH": "hour",
    "HH24": "hour",
    "HH12": "hour",
    "MI": "minute",
    "SS": "second",
    "AM": "meridiem",
    "PM": "meridiem",
    "AM/PM": "meridiem",
}
_DATE_TEMPLATE = {
    "DD": "{2:02d}",
    "D": "{2:d}",
    "MM": "{1:02d}",
    "MON": "{4}",
    "MONTH": "{3}",
    "YYYY": "{0:04d}",
    "YY": "{5:02d}",
}
_TIME_TEMPLATE = {
    "HH": "{6:02d}",
    "HH24": "{6:02d}",
    "HH12": "{9:02d}",
    "MI": "{7:02d}",
    "SS": "{8:02d}",
    "AM": "{10}",
    "PM": "{10}",
    "AM/PM": "{10}",
}
_DIGITS = {"DD": r"(?P<day>\d{2})", "D": r"(?P<day>\d{1,2})", "MM": r"(?P<month>\d{2})", "YYYY": r"(?P<year>\d{4})"}


class BadPattern(ValueError):
    """A pattern that cannot be used; the message is a sentence for whoever typed it."""


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a pattern: a name of the mini-language, or a separator as it stands."""

    text: str
    is_name: bool


@lru_cache(maxsize=512)
def parse(pattern: str, names: Sequence[str]) -> tuple[Part, ...]:
    """Split a pattern into its parts; raises `BadPattern` with the reason."""
    if not 0 < len(pattern) <= LONGEST:
        raise BadPattern(_("A pattern has 1 to %(limit)d characters.") % {"limit": LONGEST})
    parts: list[Part] = []
    rest, seen = pattern, set()
    while rest:
        name = next((name for name in names if rest.upper().startswith(name)), None)
        if name is None:
            if rest[0].isalnum():
                raise BadPattern(_("“%(rest)s” is not understood in a pattern.") % {"rest": rest})
            parts.append(Part(rest[0], False))
            rest = rest[1:]
            continue
        if FIELDS[name] in seen:
            raise BadPattern(_("“%(name)s” says again what stands before it.") % {"name": name})
        seen.add(FIELDS[name])
        parts.append(Part(name, True))
        rest = rest[len(name) :]
    written = {part.text for part in parts}
    if "HH12" in written and "meridiem" not in seen:
        raise BadPattern(_("HH12 needs AM, PM or AM/PM beside it."))
    return tuple(parts)


def date_template(pattern: str) -> str:
    """Return the `str.format` template of a date: year, month, day, month name, abbreviation, year of century."""
    return "".join(
        _DATE_TEMPLATE[part.text] if part.is_name else _literal(part.text) for part in parse(pattern, DATE_NAMES)
    )


def time_template(pattern: str) -> str:
    """Return the `str.format` template that writes a time; it takes, after the six of a date, hour, minute, second,
    hour of twelve and meridiem, so that one template can write both."""
    return "".join(
        _TIME_TEMPLATE[part.text] if part.is_name else _literal(part.text) for part in parse(pattern, TIME_NAMES)
    )


def _literal(text: str) -> str:
    return text.replace("{", "{{").replace("}", "}}")


@lru_cache(maxsize=64)
def month_names(language: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the full names and the abbreviations (upper case, no dot) of the months, index 1 to 12, by CLDR."""
    locale = locale_of(language) or locale_of("en")
    assert locale is not None
    full, short = locale.months["format"]["wide"], locale.months["format"]["abbreviated"]
    numbers = range(1, 13)
    return ("", *(full[n] for n in numbers)), ("", *(short[n].upper().replace(".", "") for n in numbers))


@lru_cache(maxsize=512)
def date_reader(pattern: str, language: str) -> tuple[re.Pattern[str], dict[str, int]]:
    """Compile a pattern for reading: an expression, and the months by name.

    Raises `BadPattern` when what it writes could not be read back: a field is missing, or two cannot be told apart.
    """
    parts = parse(pattern, DATE_NAMES)
    written = [part.text for part in parts if part.is_name]
    if "YY" in written:
        raise BadPattern(_("An input pattern needs the year in full: YYYY."))
    if {FIELDS[name] for name in written} != {"day", "month", "year"}:
        raise BadPattern(_("An input pattern needs the day, the month and the year."))
    for before, after in pairwise(parts):
        if before.is_name and after.is_name and ("D" in (before.text, after.text)):
            raise BadPattern(_("Put a separator beside D, or use DD."))
    full, short = month_names(language)
    months = {_folded(name): number for names in (full, short) for number, name in enumerate(names) if name}
    month = "(?P<month>" + "|".join(re.escape(name) for name in sorted(months, key=len, reverse=True)) + r")\.?"
    expression = "".join((_DIGITS.get(part.text) or month) if part.is_name else re.escape(part.text) for part in parts)
    return re.compile(expression), months


def read_date(text: str, pattern: str, language: str) -> date | None:
    """Read a day strictly by the pattern, or as ISO 8601; None if it is neither or there is no such day."""
    reader, months = date_reader(pattern, language)
    found = reader.fullmatch(_folded(text))
    try:
        if found is None:
            return date.fromisoformat(text) if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text) else None
        month = months.get(found["month"])
        return date(int(found["year"]), month or int(found["month"]), int(found["day"]))
    except ValueError:
        return None


def _folded(text: str) -> str:
    return text.casefold()
