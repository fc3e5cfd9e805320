"""Everything shown goes through here: one set of functions for each (language, zone, patterns), compiled once."""

from collections.abc import Callable
from copy import copy
from dataclasses import replace
from datetime import UTC, date, datetime, time
from decimal import Decimal
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from babel import Locale, numbers

from gateway.i18n import patterns
from gateway.i18n.catalog import gettext as _
from gateway.i18n.catalog import locale_of
from gateway.i18n.preferences import GATEWAY_DEFAULTS, Preferences

FINEST_CHARGE = 4


class Unreadable(ValueError):
    """A text that is no day; the message is a sentence that names the pattern and an example."""


class Formats:
    """Writes and reads for one set of preferences. A stored value that is no good falls back to the gateway's."""

    def __init__(self, wanted: Preferences) -> None:
        self.preferences = preferences = _mended(wanted)
        self.language = preferences.language
        self.zone = ZoneInfo(preferences.time_zone)
        locale = locale_of(preferences.language)
        assert locale is not None
        self._locale = locale
        self._date = patterns.date_template(preferences.output_date).format
        time = patterns.time_template(preferences.output_time)
        self._time = time.format
        self._moment = f"{patterns.date_template(preferences.output_date)} {time}".format
        self._full, self._short = patterns.month_names(preferences.language)
        self._meridiems = (locale.periods.get("am", "AM"), locale.periods.get("pm", "PM"))
        self._money: dict[str, Callable[[Decimal], str]] = {}

    def day(self, day: date) -> str:
        """Write a day; it never shifts, whatever the zone."""
        return self._date(day.year, day.month, day.day, self._full[day.month], self._short[day.month], day.year % 100)

    def moment(self, moment: datetime) -> str:
        """Write a moment, day and time, in the reader's zone; raises `ValueError` for a naive one."""
        local = self._local(moment)
        month, year, hour = local.month, local.year, local.hour
        return self._moment(
            *(year, month, local.day, self._full[month], self._short[month], year % 100),
            *(hour, local.minute, local.second, hour % 12 or 12, self._meridiems[hour >= 12]),
        )

    def time(self, moment: datetime) -> str:
        """Write the time of a moment in the reader's zone."""
        local = self._local(moment)
        hour = local.hour
        clock = (hour, local.minute, local.second, hour % 12 or 12, self._meridiems[hour >= 12])
        return self._time(*[None] * 6, *clock)

    def number(self, number: int | Decimal) -> str:
        """Write a number with the language's separators."""
        return numbers.format_decimal(number, locale=self._locale)

    def money(self, amount: Decimal, currency: str) -> str:
        """Write an amount with its currency; a charge finer than the coin is shown to four places."""
        write = self._money.get(currency)
        if write is None:
            write = self._money[currency] = _money_writer(self._locale, currency)
        return write(amount)

    def duration(self, seconds: int) -> str:
        """Write a duration as minutes and seconds, with hours where there are some."""
        minutes, rest = divmod(seconds, 60)
        hours, minutes = divmod(minutes, 60)
        return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"

    def bytes(self, count: int) -> str:
        """Write an amount of data in the largest unit of a thousand that fits."""
        size, unit = float(count), "B"
        for larger in ("kB", "MB", "GB", "TB"):
            if size < 1000:
                break
            size, unit = size / 1000, larger
        return f"{numbers.format_decimal(round(size, 1), locale=self._locale)} {unit}"

    def read_day(self, text: str) -> date:
        """Read a day by the input pattern or as ISO 8601, never guessing; raises `Unreadable`."""
        found = patterns.read_date(text.strip(), self.preferences.input_date, self.language)
        if found is None:
            raise Unreadable(
                _("Write a day as %(pattern)s, such as %(example)s.")
                % {"pattern": self.preferences.input_date, "example": self.example_day()}
            )
        return found

    def example_day(self) -> str:
        """Return a day as it is to be typed."""
        return self.typed_day(date(2026, 3, 12))

    def typed_day(self, day: date) -> str:
        """Write a day as it is to be typed."""
        return patterns.date_template(self.preferences.input_date).format(
            day.year, day.month, day.day, self._full[day.month], self._short[day.month], day.year % 100
        )

    def midnight(self, day: date) -> datetime:
        """Return the moment at which a day begins for the reader (the first, where the clock says it twice)."""
        return datetime.combine(day, time(), self.zone).astimezone(UTC)

    def _local(self, moment: datetime) -> datetime:
        if moment.tzinfo is None:
            raise ValueError("a naive datetime is no moment")
        return moment.astimezone(self.zone)


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
    checks: tuple[tuple[str, Callable[[str], object]], ...] = (
        ("output_date", patterns.date_template),
        ("output_time", patterns.time_template),
        ("input_date", lambda pattern: patterns.date_reader(pattern, mended.language)),
        ("input_time", patterns.time_template),
    )
    for name, check in checks:
        try:
            check(getattr(wanted, name))
        except patterns.BadPattern:
            mended = replace(mended, **{name: getattr(GATEWAY_DEFAULTS, name)})
    return mended


def _money_writer(locale: Locale, currency: str) -> Callable[[Decimal], str]:
    """Compile the locale's currency pattern; what is not grouped by threes in Latin digits is left to Babel."""
    own = numbers.get_currency_precision(currency)
    finest = max(own, FINEST_CHARGE)

    def by_babel(amount: Decimal) -> str:
        places = own if round(amount, own) == round(amount, finest) else finest
        pattern = copy(locale.currency_formats["standard"])
        pattern.frac_prec = (places, places)
        return str(pattern.apply(amount, locale, currency=currency, currency_digits=False))

    symbols = locale.number_symbols.get("latn", {})
    decimal, group = symbols.get("decimal", "."), symbols.get("group", ",")
    digits = f"{1234567:,}".replace(",", group) + (decimal + "0" * own if own else "")
    plain, negative = by_babel(Decimal(1234567)), by_babel(Decimal(-1234567))
    grouping = locale.currency_formats["standard"].grouping
    if grouping != (3, 3) or plain.count(digits) != 1 or negative.count(digits) != 1:
        return by_babel
    before, after = plain.split(digits)
    minus_before, minus_after = negative.split(digits)
    swap = str.maketrans({",": group, ".": decimal})
    template = f"{{:,.{finest}f}}".format
    zeros = "0" * (finest - own)
    spare = len(zeros) + (own == 0)

    def compiled(amount: Decimal) -> str:
        text = template(abs(amount))
        if zeros and text.endswith(zeros):
            text = text[:-spare]
        text = text.translate(swap)
        return f"{minus_before}{text}{minus_after}" if amount < 0 else f"{before}{text}{after}"

    return compiled
