"""Lists page by key: a cursor carries the sort key of the last row shown, never a number of rows to skip."""

import base64
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar

from gateway.errors import N_, Invalid

PAGE_SIZE = 30
COUNT_LIMIT = 1000

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """One page of a list: its rows, and the cursor of the next page (None at the end)."""

    rows: Sequence[Row]
    after: str | None


def page_of(rows: Sequence[Row], key: Callable[[Row], Sequence[Any]], size: int = PAGE_SIZE) -> Page[Row]:
    """Make a page of `rows`, which were asked for with a limit of `size + 1`; `key` gives a row's sort key."""
    if len(rows) <= size:
        return Page(rows, None)
    return Page(rows[:size], encode_cursor(*key(rows[size - 1])))


def encode_cursor(*key: Any) -> str:
    """Write a sort key (texts and integers) as an opaque word that is safe in a URL."""
    return base64.urlsafe_b64encode(json.dumps(key, separators=(",", ":")).encode()).rstrip(b"=").decode()


def decode_cursor(text: str, *kinds: type) -> tuple[Any, ...]:
    """Read a cursor back, checking that its parts are of `kinds`; raises `Invalid` on `after` for anything else.

    A moment is carried as its ISO 8601 text.
    """
    try:
        key = json.loads(base64.urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4)))
        if [type(part) for part in key] != [str if kind is datetime else kind for kind in kinds] or any(
            (type(part) is int and abs(part) >= 2**63) or (type(part) is str and not _plain(part)) for part in key
        ):
            raise ValueError(text)
        return tuple(_moment(part) if kind is datetime else part for part, kind in zip(key, kinds, strict=True))
    except (ValueError, TypeError, RecursionError, OverflowError) as error:
        raise Invalid({"after": [N_("This page of the list is not known. Start again from its beginning.")]}) from error


def _moment(text: str) -> datetime:
    """Read a moment, in UTC; raises `OverflowError` for one that UTC does not reach."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(text)
    return moment.astimezone(UTC)


def _plain(text: str) -> bool:
    return ("\0" not in text and text.isascii()) or (
        "\0" not in text and text.encode("utf-8", "ignore").decode() == text
    )
