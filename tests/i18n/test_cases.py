"""The table of cases: what is written, read and refused, each with the reason (`cases.csv`)."""

import csv
import re
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path

import pytest

from gateway.i18n import patterns, reading
from gateway.i18n.formats import Formats, Unreadable, formats_for
from gateway.i18n.preferences import Preferences

TABLE = Path(__file__).parent / "cases.csv"


def cases() -> Iterator[pytest.param]:  # type: ignore[valid-type]
    """Yield every row of the table."""
    with TABLE.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            yield pytest.param(row, id=f"{row['kind']}: {row['why']} [{row['given'] or row['date'] or row['time']}]")


CASES = list(cases())


def formats(row: dict[str, str]) -> Formats:
    """Return formats that write and read by the patterns of a row."""
    day, clock = row["date"] or "YYYY-MM-DD", row["time"] or "HH24:MI"
    reads = row["kind"].startswith(("read", "unreadable"))
    typed = (day, clock) if reads else ("YYYY-MM-DD", "HH24:MI")
    made = formats_for(
        Preferences(row["language"], row["zone"], *(("YYYY-MM-DD", "HH24:MI:SS") if reads else (day, clock)), *typed)
    )
    assert made.fell_back == []
    return made


@pytest.mark.parametrize("row", CASES)
def test_every_case_of_the_table_holds(row: dict[str, str]) -> None:
    kind, given, expected = row["kind"], row["given"], row["expected"]
    if kind.startswith("refuse"):
        reader, pattern = (
            (reading.date_reader, row["date"]) if kind.endswith("day") else (reading.time_reader, row["time"])
        )
        with pytest.raises(patterns.BadPattern, match=re.escape(expected)):
            reader(pattern, row["language"])
        return
    both = formats(row)
    if kind == "write day":
        assert both.day(date.fromisoformat(given)) == expected
    elif kind == "write time":
        assert both.time(datetime.fromisoformat(given)) == expected
    elif kind == "write moment":
        assert both.moment(datetime.fromisoformat(given)) == expected
    elif kind == "read day":
        assert both.read_day(given) == date.fromisoformat(expected)
    elif kind == "read moment":
        at, _space, first = expected.partition(" ")
        assert both.read_moment(given) == reading.Moment(datetime.fromisoformat(at), bool(first))
    else:
        read = both.read_day if kind.endswith("day") else both.read_moment
        with pytest.raises(Unreadable, match=re.escape(expected)):
            read(given)


def test_the_table_has_a_hundred_and_fifty_cases() -> None:
    assert len(CASES) >= 150
