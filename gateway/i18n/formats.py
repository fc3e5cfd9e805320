"""Everything shown goes through here: one set of functions for each (language, zone, patterns), compiled once."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time
from decimal import Decimal
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from babel import numbers

from gateway.i18n import cldr, patterns, reading, zones
from gateway.i18n.catalog import gettext as _
from gateway.i18n.catalog import locale_of
from gateway.i18n.preferences import GATEWAY_DEFAULTS, Preferences

EXAMPLE = datetime(2026, 3, 12, 14, 30)  # noqa: DTZ001 - shown as it is typed, in whatever zone
CLOCK = "HH24:MI:SS"


class Unreadable(ValueError):
    """A text that is no day or no moment; the message is a sentence that names the pattern and an example."""


@dataclass(frozen=True, slots=True)
class _Writer:
    """How an output format, a pattern or a style, writes: its template (None: Babel writes) and names of months."""

    template: str | None
    style: str | None
    full: Sequence[str] = ()
    short: Sequence[str] = ()


class Formats:
    """Writes and reads for one set of preferences. A stored value that is no good falls back to the gateway's.

    `fell_back` names those.
    """

    def __init__(self, wanted: Preferences) -> None:
        self.preferences = preferences = _mended(wanted)
        self.fell_back = [name for name in wanted.__slots__ if getattr(wanted, name) != getattr(preferences, name)]
        self.language = preferences.language
        self.zone = ZoneInfo(preferences.time_zone)
        locale = locale_of(preferences.language)
        assert locale is not None
        self._locale = locale
        days, times = self._date_writer(preferences.output_date), self._time_writer(preferences.output_time)
        self._full, self._short = days.full, days.short
        self._meridiems = patterns.meridiems(self.language)
        self._styles = (days.style or "medium", times.style or "medium")
        self._date = days.template.format if days.template else None
        self._time = times.template.format if times.template else None
        self._moment: Callable[..., str] | None = None
        if days.template and times.template:
            both = days.style and times.style
            template = cldr.joined(locale, days.style, days.template, times.template) if both and days.style else None
            self._moment = (template or f"{days.template} {times.template}").format
        self._typed = patterns.date_template(preferences.input_date).format
        self._typed_months = patterns.months_in(preferences.input_date, self.language)
        self._money: dict[str, Callable[[Decimal], str]] = {}
        self._number = cldr.number_writer(locale)

    def day(self, day: date) -> str:
        """Write a day; it never shifts, whatever the zone."""
        if self._date is None:
            return cldr.day_by_babel(day, self._styles[0], self._locale)
        return self._date(day.year, day.month, day.day, self._full[day.month], self._short[day.month], day.year % 100)

    def moment(self, moment: datetime) -> str:
        """Write a moment, day and time, in the reader's zone; raises `ValueError` for a naive one."""
        local = self._local(moment)
        if self._moment is None:
            return self._by_babel(local)
        month, year, hour = local.month, local.year, local.hour
        return self._moment(
            *(year, month, local.day, self._full[month], self._short[month], year % 100),
            *(hour, local.minute, local.second, hour % 12 or 12, self._meridiems[hour >= 12]),
        )

    def time(self, moment: datetime) -> str:
        """Write the time of a moment in the reader's zone."""
        return self._time_of(self._local(moment))

    def exact(self, moment: datetime) -> str:
        """Write a moment to the second, with how far the clocks are from UTC: what no reader can take for another."""
        local = self._local(moment)
        shown = f"{local.hour:02d}:{local.minute:02d}:{local.second:02d}"
        return f"{self.day(local.date())} {shown} {zones.offset(local)}"

    def ago(self, moment: datetime, now: datetime) -> str:
        """Write how long ago a moment was, or how far ahead it is, such as `5 minutes ago`."""
        minutes = int((now - moment).total_seconds() / 60)
        return cldr.minutes_ago(minutes, self._locale) if minutes else _("just now")

    iso = staticmethod(datetime.isoformat)
    """Write a moment for machines, as in the attribute `datetime` of a page."""

    def number(self, number: int | Decimal) -> str:
        """Write a number with the language's separators."""
        if isinstance(number, int):
            return self._number(number)
        return numbers.format_decimal(number, locale=self._locale, decimal_quantization=False)

    def money(self, amount: Decimal, currency: str) -> str:
        """Write an amount with its currency; a charge finer than the coin is shown to four places."""
        write = self._money.get(currency)
        if write is None:
            write = self._money[currency] = cldr.money_writer(self._locale, currency)
        return write(amount)

    def duration(self, seconds: int) -> str:
        """Write a duration as minutes and seconds, with hours where there are some."""
        minutes, rest = divmod(seconds, 60)
        hours, minutes = divmod(minutes, 60)
        return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"

    def bytes(self, count: int) -> str:
        """Write an amount of data in the largest unit of a thousand that fits."""
        return cldr.size(count, self._locale)

    def zone_name(self, now: datetime) -> str:
        """Return the reader's zone by its place in their language, with its present offset."""
        return zones.named(self.preferences.time_zone, self.language, now)

    def read_day(self, text: str) -> date:
        """Read a day by the input pattern or as ISO 8601, never guessing; raises `Unreadable`."""
        told = {"pattern": self.preferences.input_date, "example": self.example_day()}
        try:
            found = reading.read_day(text, self.preferences.input_date, self.language)
        except reading.NoSuch as error:
            raise Unreadable(
                _("There is no such day. Write a day as %(pattern)s, such as %(example)s.") % told
            ) from error
        if found is None:
            raise Unreadable(_("Write a day as %(pattern)s, such as %(example)s.") % told)
        return found

    def read_moment(self, text: str) -> reading.Moment:
        """Read a day and a time of the reader's zone by the input patterns or as ISO 8601; raises `Unreadable`.

        A time that the clocks show twice is the first of the two, and the answer says so.
        """
        day, clock = self.preferences.input_date, self.preferences.input_time
        told = {"pattern": f"{day} {clock}", "example": self.example_moment()}
        try:
            found = reading.read_moment(text, day, clock, self.language, self.zone)
        except reading.Skipped as skipped:
            between = {"before": self._time_of(skipped.before), "after": self._time_of(skipped.after)}
            raise Unreadable(
                _("The clocks skip this time: after %(before)s comes %(after)s. Write it as %(pattern)s.")
                % (told | between)
            ) from skipped
        except reading.NoSuch as error:
            raise Unreadable(
                _("There is no such day or time. Write it as %(pattern)s, such as %(example)s.") % told
            ) from error
        if found is None:
            raise Unreadable(_("Write a day and a time as %(pattern)s, such as %(example)s.") % told)
        return found

    def example_day(self) -> str:
        """Return a day as it is to be typed."""
        return self.typed_day(EXAMPLE.date())

    def example_moment(self) -> str:
        """Return a day and a time as they are to be typed."""
        return self._typed_moment(EXAMPLE)

    def typed_day(self, day: date) -> str:
        """Write a day as it is to be typed."""
        full, short = self._typed_months
        return self._typed(day.year, day.month, day.day, full[day.month], short[day.month], day.year % 100)

    def typed_moment(self, moment: datetime) -> str:
        """Write a moment as it is to be typed, in the reader's zone."""
        return self._typed_moment(self._local(moment))

    def midnight(self, day: date) -> datetime:
        """Return the moment at which a day begins for the reader (the first, where the clock says it twice)."""
        return datetime.combine(day, time(), self.zone).astimezone(UTC)

    def shape(self) -> dict[str, str]:
        """Return what a script needs to write a day as it is to be typed: the pattern, and names of months."""
        full, short = self._typed_months
        long = "MONTH" in self.preferences.input_date.upper()
        return {"data-day": self.preferences.input_date.upper(), "data-months": "|".join((full if long else short)[1:])}

    def _typed_moment(self, local: datetime) -> str:
        template = patterns.time_template(self.preferences.input_time)
        return f"{self.typed_day(local.date())} {template.format(*[None] * 6, *self._clock(local))}"

    def _time_of(self, local: datetime) -> str:
        if self._time is None:
            return cldr.time_by_babel(local, self._styles[1], self._locale)
        return self._time(*[None] * 6, *self._clock(local))

    def _by_babel(self, local: datetime) -> str:
        return cldr.joined(self._locale, self._styles[0], self.day(local.date()), self._time_of(local))

    def _clock(self, local: datetime) -> tuple[int, int, int, int, str]:
        hour = local.hour
        return hour, local.minute, local.second, hour % 12 or 12, self._meridiems[hour >= 12]

    def _date_writer(self, output: str) -> _Writer:
        if style := cldr.style_of(output):
            full, short, _upper = patterns.month_names(self.language)
            return _Writer(cldr.date_by_language(self._locale, style), style, full, short)
        return _Writer(patterns.date_template(output), None, *patterns.months_in(output, self.language))

    def _time_writer(self, output: str) -> _Writer:
        if style := cldr.style_of(output):
            return _Writer(cldr.time_by_language(self._locale, style), style)
        return _Writer(patterns.time_template(output), None)

    def _local(self, moment: datetime) -> datetime:
        if moment.tzinfo is None:
            raise ValueError("a naive datetime is no moment")
        try:
            return moment.astimezone(self.zone)
        except OverflowError:
            return moment


@lru_cache(maxsize=4096)
def formats_for(preferences: Preferences) -> Formats:
    """Return the formats for these preferences, made once."""
    return Formats(preferences)


def _mended(wanted: Preferences) -> Preferences:
    """Put the gateway's own value in the place of whatever cannot be used (INP-03)."""
    mended = wanted
    if locale_of(wanted.language) is None:
        mended = replace(mended, language=GATEWAY_DEFAULTS.language)
    try:
        ZoneInfo(wanted.time_zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        mended = replace(mended, time_zone=GATEWAY_DEFAULTS.time_zone)
    for name, check in CHECKS.items():
        try:
            check(getattr(wanted, name), mended.language)
        except patterns.BadPattern:
            mended = replace(mended, **{name: getattr(GATEWAY_DEFAULTS, name)})
    return mended


def _output(template: Callable[[str], str]) -> Callable[[str, str], object]:
    return lambda pattern, _language: cldr.style_of(pattern) or template(pattern)


CHECKS: dict[str, Callable[[str, str], object]] = {
    "output_date": _output(patterns.date_template),
    "output_time": _output(patterns.time_template),
    "input_date": reading.date_reader,
    "input_time": reading.time_reader,
}
"""What checks each of the four formats, given it and the language; raises `BadPattern`."""
