"""Reading what was typed: strictly by the pattern or as ISO 8601, never guessed.

Digits of any script count, case does not, and neither does a dot after an abbreviation.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from itertools import pairwise
from typing import TypeVar
from zoneinfo import ZoneInfo

from gateway.i18n.catalog import gettext as _
from gateway.i18n.patterns import (
    DATE_NAMES,
    FIELDS,
    TIME_NAMES,
    BadPattern,
    Part,
    fields_of,
    meridiems,
    month_names,
    parse,
)
from gateway.i18n.zones import first_change

T = TypeVar("T")

_TWO = ("DD", "MM", "HH", "HH24", "HH12", "MI", "SS")
_DIGITS = {name: rf"(?P<{FIELDS[name]}>[0-9]{{2}})" for name in _TWO} | {
    "D": "(?P<day>[0-9]{1,2})",
    "YYYY": "(?P<year>[0-9]{4})",
}
_ISO_DAY = r"(?P<year>[0-9]{4})-(?P<month>[0-9]{2})-(?P<day>[0-9]{2})"
_ISO_TIME = r"(?P<hour>[0-9]{2}):(?P<minute>[0-9]{2})(:(?P<second>[0-9]{2}))?"
_ISO_DAY_ALONE = re.compile(_ISO_DAY)
_ISO_MOMENT = re.compile(rf"{_ISO_DAY}[t ]{_ISO_TIME}(?P<offset>z|[+-][0-9]{{2}}:[0-9]{{2}})?")
_MARKS = dict.fromkeys(map(ord, "\u200e\u200f\u061c"))
MINUTE, SECOND = timedelta(minutes=1), timedelta(seconds=1)


class NoSuch(ValueError):
    """What was typed is written as it should be, and yet there is no such day or time."""


class Skipped(NoSuch):
    """A time that the clocks skip: they go from `before` on to `after`."""

    def __init__(self, before: datetime, after: datetime) -> None:
        super().__init__(f"{before} is followed by {after}")
        self.before, self.after = before, after


@dataclass(frozen=True, slots=True)
class Moment:
    """A moment that was read; `doubled`: the clocks show it twice, and this is the first."""

    at: datetime
    doubled: bool


@dataclass(frozen=True, slots=True)
class Reader:
    """A pattern compiled for reading in one language; `twelve`: its hours are those of half a day."""

    expression: str
    months: Mapping[str, int]
    late: Mapping[str, bool]
    twelve: bool = False

    def read(self, text: str) -> re.Match[str] | None:
        """Match a folded text."""
        return re.fullmatch(self.expression, text)

    def day(self, found: re.Match[str]) -> date:
        """Return the day of a match; raises `NoSuch`."""
        month = self.months.get(found["month"]) or int(found["month"])
        return _made(date, int(found["year"]), month, int(found["day"]))

    def time(self, found: re.Match[str]) -> time:
        """Return the time of a match; raises `NoSuch`."""
        groups = found.groupdict()
        hour, late = int(groups["hour"]), self.late.get(groups.get("meridiem") or "")
        if self.twelve:
            if not 1 <= hour <= 12:
                raise NoSuch("the hours of half a day are 1 to 12")
            hour = hour % 12 + 12 * bool(late)
        elif late is not None and late is not (hour >= 12):
            raise NoSuch("this hour is of the other half of the day")
        return _made(time, hour, int(groups["minute"]), int(groups.get("second") or 0))


def folded(text: str) -> str:
    """Return a text as it is compared: digits of any script made plain, without case and marks of direction."""
    plain = unicodedata.normalize("NFKC", text.translate(_MARKS)).casefold()
    return "".join(
        str(unicodedata.decimal(sign)) if sign.isdecimal() else " " if sign.isspace() else sign
        for sign in unicodedata.normalize("NFKC", plain)
    ).strip(" ")


@lru_cache(maxsize=512)
def date_reader(pattern: str, language: str) -> Reader:
    """Compile a date pattern; raises `BadPattern` when what it writes could not be read back."""
    parts = parse(pattern, DATE_NAMES)
    if Part("YY", True) in parts:
        raise BadPattern(_("An input pattern needs the year in full: YYYY."))
    if fields_of(pattern, DATE_NAMES) != {"day", "month", "year"}:
        raise BadPattern(_("An input pattern needs the day, the month and the year."))
    for before, after in pairwise(parts):
        if before.is_name and after.is_name and "D" in (before.text, after.text):
            raise BadPattern(_("Put a separator beside D, or use DD."))
    months = _months(language)
    reader = Reader(_expression(parts, _any_of(months)), months, {})
    sample = reader.read("2003-02-01")
    if sample and reader.day(sample) != date(2003, 2, 1):
        raise BadPattern(_("This would be mistaken for ISO 8601, which is year-month-day. Use another separator."))
    return reader


@lru_cache(maxsize=512)
def time_reader(pattern: str, language: str) -> Reader:
    """Compile a time pattern; raises `BadPattern` when what it writes could not be read back."""
    parts = parse(pattern, TIME_NAMES)
    if not {"hour", "minute"} <= fields_of(pattern, TIME_NAMES):
        raise BadPattern(_("An input pattern needs the hour and the minute."))
    late = _halves(language)
    reader = Reader(_expression(parts, _any_of(late)), {}, late, Part("HH12", True) in parts)
    for text, meant in (("01:02", time(1, 2)), ("01:02:03", time(1, 2, 3))):
        sample = reader.read(text)
        if sample and reader.time(sample) != meant:
            raise BadPattern(_("This would be mistaken for ISO 8601, which is hour:minute:second."))
    return reader


def read_day(text: str, pattern: str, language: str) -> date | None:
    """Read a day by the pattern, or as ISO 8601; None if it is written as neither. Raises `NoSuch`."""
    reader, plain = date_reader(pattern, language), folded(text)
    found = reader.read(plain) or _ISO_DAY_ALONE.fullmatch(plain)
    return reader.day(found) if found else None


def read_moment(text: str, date_pattern: str, time_pattern: str, language: str, zone: ZoneInfo) -> Moment | None:
    """Read a day and a time, a space between, by their patterns or as ISO 8601; None if it is written as neither.

    A time that the clocks show twice is the first of the two. Raises `NoSuch`, `Skipped` for a time that they skip.
    """
    days, times, plain = date_reader(date_pattern, language), time_reader(time_pattern, language), folded(text)
    found = re.fullmatch(f"{days.expression} {times.expression}", plain)
    if found is None:
        times, found = _ISO, _ISO_MOMENT.fullmatch(plain)
    if found is None:
        return None
    local, groups = datetime.combine(days.day(found), times.time(found)), found.groupdict()
    if groups.get("offset"):
        return Moment(_at_offset(local, groups["offset"]), False)
    return in_zone(local, zone, SECOND if groups.get("second") else MINUTE)


def in_zone(local: datetime, zone: ZoneInfo, precision: timedelta) -> Moment:
    """Return the first moment at which the clocks of a zone show `local`, to the precision; raises `Skipped`."""
    try:
        first, second = (local.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
        if first.astimezone(zone).replace(tzinfo=None) == local:
            return Moment(first, first != second)
    except OverflowError as error:
        raise NoSuch("out of range") from error
    change = first_change(zone, second, first)
    shown = change.astimezone(zone)
    if shown.replace(tzinfo=None) - local < precision:
        return Moment(change, False)
    raise Skipped((change - SECOND).astimezone(zone), shown)


def _at_offset(local: datetime, offset: str) -> datetime:
    try:
        return datetime.fromisoformat(f"{local.isoformat()}{offset.upper()}").astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise NoSuch("no such offset, or out of range") from error


def _made(kind: Callable[[int, int, int], T], first: int, second: int, third: int) -> T:
    try:
        return kind(first, second, third)
    except ValueError as error:
        raise NoSuch(str(error)) from error


def _expression(parts: Sequence[Part], names: str) -> str:
    month, meridiem = rf"(?P<month>{names})\.?", f"(?P<meridiem>{names})"
    words = {"MON": month, "MONTH": month, "AM": meridiem, "PM": meridiem, "AM/PM": meridiem}
    return "".join(
        (_DIGITS.get(part.text) or words[part.text]) if part.is_name else re.escape(folded(part.text) or " ")
        for part in parts
    )


def _any_of(words: Iterable[str]) -> str:
    return "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))


@lru_cache(maxsize=64)
def _months(language: str) -> Mapping[str, int]:
    """Return the numbers of the months by every name that is read; those that are written come first."""
    full, short, upper = month_names(language)
    found: dict[str, int] = {}
    for names in (full, upper, short, *month_names(language, "stand-alone")):
        for number, name in enumerate(names[1:], 1):
            found.setdefault(folded(name), number)
            found.setdefault(folded(name.replace(".", "")), number)
    return found


@lru_cache(maxsize=64)
def _halves(language: str) -> Mapping[str, bool]:
    """Return whether each word that is read for half a day means the later one; the language's own come first."""
    found: dict[str, bool] = {}
    for before, after in (meridiems(language), ("AM", "PM")):
        for name, late in ((before, False), (after, True)):
            undotted = folded(name.replace(".", ""))
            for word in (folded(name), undotted, undotted.replace(" ", "")):
                found.setdefault(word, late)
    return found


_ISO = Reader("", {}, {})
