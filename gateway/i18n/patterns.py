"""The mini-language of date and time patterns: `DD/MM/YYYY`, `MON-DD-YY`, `HH12:MI AM`.

Names are not case-sensitive, the longest is taken first; what is no letter or digit separates. This file says what a
pattern is and how it writes; `reading` reads back what was written.
"""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import time
from functools import lru_cache

from babel import Locale, dates

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
TEMPLATE = {
    "DD": "{2:02d}",
    "D": "{2:d}",
    "MM": "{1:02d}",
    "MON": "{4}",
    "MONTH": "{3}",
    "YYYY": "{0:04d}",
    "YY": "{5:02d}",
    "HH": "{6:02d}",
    "HH24": "{6:02d}",
    "HH12": "{9:02d}",
    "MI": "{7:02d}",
    "SS": "{8:02d}",
    "AM": "{10}",
    "PM": "{10}",
    "AM/PM": "{10}",
}
"""What each name becomes in a template of `str.format`, which is given year, month, day, the month's full and short
name, the year of the century, hour, minute, second, hour of twelve and meridiem."""


class BadPattern(ValueError):
    """A pattern that cannot be used; the message is a sentence for whoever typed it."""


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a pattern: a name of the mini-language, or a separator as it stands."""

    text: str
    is_name: bool


@lru_cache(maxsize=512)
def parse(pattern: str, names: Sequence[str]) -> tuple[Part, ...]:
    """Split a pattern into its parts, spaces around it dropped; raises `BadPattern` with the reason."""
    rest = pattern.strip(" ")
    if not 0 < len(rest) <= LONGEST:
        raise BadPattern(_("A pattern has 1 to %(limit)d characters.") % {"limit": LONGEST})
    if not rest.isprintable():
        raise BadPattern(_("A pattern has no control characters or invisible characters."))
    parts: list[Part] = []
    seen: set[str] = set()
    while rest:
        name = next((name for name in names if rest.upper().startswith(name)), None)
        if name is None:
            parts.append(Part(_separator(rest, names), False))
            rest = rest[1:]
            continue
        if FIELDS[name] in seen:
            raise BadPattern(_("“%(name)s” says again what stands before it.") % {"name": name})
        seen.add(FIELDS[name])
        parts.append(Part(name, True))
        rest = rest[len(name) :]
    if not seen:
        raise BadPattern(_("A pattern needs at least one of %(names)s.") % {"names": ", ".join(names)})
    if Part("HH12", True) in parts and "meridiem" not in seen:
        raise BadPattern(_("HH12 needs AM, PM or AM/PM beside it."))
    return tuple(parts)


def _separator(rest: str, names: Sequence[str]) -> str:
    """Return the first character of `rest` if it separates; raises `BadPattern` for a letter, digit or accent."""
    if names is TIME_NAMES and rest.upper().startswith("MM"):
        raise BadPattern(_("MM is the month; minutes are MI."))
    plain = unicodedata.normalize("NFKC", rest[0])
    if any(sign.isalnum() or unicodedata.category(sign).startswith("M") for sign in rest[0] + plain):
        raise BadPattern(_("“%(rest)s” is not understood in a pattern.") % {"rest": rest})
    return rest[0]


def fields_of(pattern: str, names: Sequence[str]) -> set[str]:
    """Return what a pattern says: day, month, year, hour, minute, second, meridiem."""
    return {FIELDS[part.text] for part in parse(pattern, names) if part.is_name}


def date_template(pattern: str) -> str:
    """Return the template that writes a date."""
    return _template(parse(pattern, DATE_NAMES))


def time_template(pattern: str) -> str:
    """Return the template that writes a time."""
    return _template(parse(pattern, TIME_NAMES))


def literal(text: str) -> str:
    """Return a text as it stands in a template."""
    return text.replace("{", "{{").replace("}", "}}")


def _template(parts: Sequence[Part]) -> str:
    return "".join(TEMPLATE[part.text] if part.is_name else literal(part.text) for part in parts)


Names = tuple[str, ...]


@lru_cache(maxsize=128)
def month_names(language: str, context: str = "format") -> tuple[Names, Names, Names]:
    """Return the months by CLDR, index 1 to 12: full names, abbreviations, and those in upper case without a dot.

    `context` is `format` inside a date (uk: 12 березня), `stand-alone` without a day (uk: березень 2026).
    """
    months = _locale(language).months[context]
    full, short = (("", *(months[width][number] for number in range(1, 13))) for width in ("wide", "abbreviated"))
    return full, short, tuple(name.upper().replace(".", "") for name in short)


def months_in(pattern: str, language: str) -> tuple[Names, Names]:
    """Return the full names and the abbreviations with which a date pattern writes months."""
    context = "format" if "day" in fields_of(pattern, DATE_NAMES) else "stand-alone"
    full, _short, upper = month_names(language, context)
    return full, upper


@lru_cache(maxsize=64)
def meridiems(language: str) -> tuple[str, str]:
    """Return what a language calls the hours before and after noon, by CLDR."""
    before, after = (dates.format_time(time(hour), "a", locale=_locale(language)) for hour in (1, 13))
    return before, after


def _locale(language: str) -> Locale:
    return locale_of(language) or Locale("en")
