"""What CLDR says and Babel writes, compiled to templates where that gives the same: dates and times "by language",
numbers, money, amounts of data, relative times.

Digits are Latin in every language, as Babel writes by default: beside telephone numbers, addresses and codes, which are
Latin anyway, a second script of digits (Arabic, Persian) would read worse, and exports could not be compared.
"""

from collections.abc import Callable
from copy import copy
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache

from babel import Locale, dates, numbers, units

from gateway.i18n.patterns import literal

STYLES = ("short", "medium", "long")
"""What stands in the place of an output pattern for "as the language has it"; none of these words is a pattern."""

FINEST_CHARGE = 4
_FIELDS = {
    "y": "{0:d}",
    "yy": "{5:02d}",
    "yyyy": "{0:04d}",
    "M": "{1:d}",
    "MM": "{1:02d}",
    "MMM": "{4}",
    "MMMM": "{3}",
    "d": "{2:d}",
    "dd": "{2:02d}",
    "h": "{9:d}",
    "hh": "{9:02d}",
    "H": "{6:d}",
    "HH": "{6:02d}",
    "m": "{7:d}",
    "mm": "{7:02d}",
    "s": "{8:d}",
    "ss": "{8:02d}",
    "a": "{10}",
}
_SIZES = ("byte", "kilobyte", "megabyte", "gigabyte", "terabyte")


def style_of(pattern: str) -> str | None:
    """Return the style that stands in the place of a pattern, or None where it is a pattern."""
    word = pattern.strip().lower()
    return word if word in STYLES else None


def date_by_language(locale: Locale, style: str) -> str | None:
    """Return the template of CLDR's date in a style; None where it says more than a template can (an era)."""
    return _template(locale.date_formats[style].pattern)


def time_by_language(locale: Locale, style: str) -> str | None:
    """Return the template of CLDR's time in a style; None where it says more than a template can (a zone)."""
    return _template(locale.time_formats[style].pattern)


def joined(locale: Locale, style: str, date: str, time: str) -> str:
    """Join a date and a time as CLDR does in a style."""
    return str(locale.datetime_formats[style]).replace("'", "").replace("{0}", time).replace("{1}", date)


def day_by_babel(day: date, style: str, locale: Locale) -> str:
    """Write a day whose style has no template."""
    return dates.format_date(day, style, locale=locale)


def time_by_babel(local: datetime, style: str, locale: Locale) -> str:
    """Write the time of a moment, in its own zone, whose style has no template."""
    return dates.format_time(local, style, tzinfo=local.tzinfo, locale=locale)


def _template(pattern: str) -> str | None:
    pieces = []
    for _kind, token in dates.tokenize_pattern(pattern):
        if isinstance(token, str):
            pieces.append(literal(token))
            continue
        letter, count = token
        if letter * count not in _FIELDS:
            return None
        pieces.append(_FIELDS[letter * count])
    return "".join(pieces)


def size(count: int, locale: Locale) -> str:
    """Write an amount of data in the largest unit of a thousand that fits."""
    amount, power = float(count), 0
    while amount >= 1000 and power < len(_SIZES) - 1:
        amount, power = amount / 1000, power + 1
    before, after = _unit(_SIZES[power], locale)
    return f"{before}{numbers.format_decimal(round(amount, 1), locale=locale)}{after}"


@lru_cache(maxsize=512)
def _unit(name: str, locale: Locale) -> tuple[str, str]:
    """Return what stands before and after an amount of a unit: CLDR's form for most numbers, for all of them."""
    text = units.format_unit(2.5, f"digital-{name}", "short", locale=locale)
    before, _number, after = text.partition(numbers.format_decimal(2.5, locale=locale))
    return before, after


@lru_cache(maxsize=4096)
def minutes_ago(minutes: int, locale: Locale) -> str:
    """Write how many minutes ago something was, or in how many it will be, in the unit that people would say."""
    ago = timedelta(minutes=-minutes)
    return dates.format_timedelta(ago, granularity="minute", threshold=1, add_direction=True, locale=locale)


def number_writer(locale: Locale) -> Callable[[int], str]:
    """Compile the locale's writing of whole numbers; what is not grouped by threes is left to Babel."""

    def by_babel(number: int) -> str:
        return numbers.format_decimal(number, locale=locale)

    group = locale.number_symbols.get("latn", {}).get("group", ",")
    minus = by_babel(-1).removesuffix("1")

    def compiled(number: int) -> str:
        text = f"{abs(number):,}".replace(",", group)
        return f"{minus}{text}" if number < 0 else text

    samples = (0, 12, -3, 999, 1234, -12345, 1234567, 12345678901)
    return compiled if all(compiled(number) == by_babel(number) for number in samples) else by_babel


def money_writer(locale: Locale, currency: str) -> Callable[[Decimal], str]:
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
