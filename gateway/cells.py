"""The cells of CSV files: how they are read (each reader takes a text and raises `ValueError` with a sentence), and
written so that nothing runs them.
"""

import enum
import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\0")


def no_formula(text: str) -> str:
    """Return a text for a CSV file so that no spreadsheet runs it (INJ-05)."""
    return f"'{text}" if text.startswith(FORMULA) else text


def text_up_to(limit: int) -> Callable[[str], str | None]:
    """Return a reader of texts of at most `limit` characters; an empty one is none."""

    def read(text: str) -> str | None:
        if len(text) > limit:
            raise ValueError(f"at most {limit} characters")
        return text or None

    return read


def moment(text: str) -> datetime:
    """Read a moment in ISO 8601 with its offset."""
    try:
        read = datetime.fromisoformat(text)
    except ValueError as error:
        raise ValueError("this is no moment in ISO 8601, such as 2026-03-12T08:30:00+01:00") from error
    if read.tzinfo is None:
        raise ValueError("the offset is missing, such as +01:00 or Z")
    try:
        return read.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("this moment is out of range") from error


def day(text: str) -> date:
    """Read a day in ISO 8601."""
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise ValueError("this is no day in ISO 8601, such as 2026-03-12") from error


def amount(text: str) -> Decimal:
    """Read a decimal amount."""
    try:
        read = Decimal(text)
    except InvalidOperation as error:
        raise ValueError("this is no decimal number, such as 12.50") from error
    if not read.is_finite() or abs(read) >= 10**10:
        raise ValueError("this amount is out of range")
    return read


def whole_number(text: str) -> int:
    """Read a whole number of at most 18 digits."""
    if not text.isascii() or not text.isdigit() or len(text) > 18:
        raise ValueError("this is no whole number")
    return int(text)


def seconds(text: str) -> int:
    """Read a whole number of seconds, as many as a column of 32 bits takes."""
    read = whole_number(text)
    if read >= 2**31:
        raise ValueError("this number of seconds is out of range")
    return read


def currency(text: str) -> str:
    """Read a currency (ISO 4217)."""
    if not re.fullmatch(r"[A-Z]{3}", text):
        raise ValueError("a currency has three capital letters, such as EUR")
    return text


def one_of(kind: type[enum.StrEnum]) -> Callable[[str], enum.StrEnum]:
    """Return a reader of the words of `kind`."""

    words = {member.value: member for member in kind}

    def read(text: str) -> enum.StrEnum:
        if text not in words:
            raise ValueError("one of " + ", ".join(words))
        return words[text]

    return read


def yes_or_no(text: str) -> bool:
    """Read `y`, or nothing (or `n`) for no."""
    if text not in ("", "y", "n"):
        raise ValueError("y for yes, empty for no")
    return text == "y"


def optional(read: Callable[[str], object]) -> Callable[[str], object]:
    """Return a reader that takes an empty cell for none."""
    return lambda text: read(text) if text else None
