"""What pages of portals share: drawing, links to the next page, answers as CSV."""

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import chain
from typing import Any
from urllib.parse import urlencode

from flask import Response, g, render_template, request

from gateway.audit.operations import record
from gateway.cells import no_formula
from gateway.i18n.formats import Unreadable
from gateway.paging import Page
from gateway.web.current import formats, now, writer

LONGEST_QUERY = 100
LONGEST_REMARK = 200
FIRST_DAY, LAST_DAY = date.min + timedelta(days=2), date.max - timedelta(days=2)


def render(template: str, **context: Any) -> str:
    """Draw a template of the present portal, found under `templates/portals/<slug>/`."""
    return render_template(f"portals/{g.mark.portal}/{template}", **context)


def query_text(name: str) -> str:
    """Return what was asked for in the query, without spaces around it."""
    return request.args.get(name, "").replace("\0", "").strip()[:LONGEST_QUERY]


def today() -> date:
    """Return the day that it is for the reader."""
    return now().astimezone(formats().zone).date()


def form_text(name: str) -> str:
    """Return what was typed into a field of one line that is not part of a form of its own, without spaces around."""
    return " ".join(request.form.get(name, "").split())[:LONGEST_REMARK]


def search_part(text: str) -> str:
    """Return a LIKE pattern (escape: backslash) that finds `text` anywhere, its wildcards taken literally."""
    literal = text.casefold().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{literal}%"


def next_links(page: Page[Any], **query: str) -> dict[str, str | None]:
    """Return the addresses `next_url` and `first_url` of a list, None where there is nothing to go to."""

    def url(**more: str) -> str:
        given = urlencode({name: value for name, value in (query | more).items() if value})
        path = f"{request.script_root}{request.path}"
        return f"{path}?{given}" if given else path

    return {
        "next_url": url(after=page.after) if page.after else None,
        "first_url": url() if request.args.get("after") else None,
    }


def days_asked(query: Mapping[str, str]) -> tuple[dict[str, datetime | None], dict[str, str]]:
    """Read the days `since` and `until` of a query as the reader writes days.

    Returns the moments at which they begin and (the last day included) end, and what could not be read, by name.
    """
    reading = formats()
    moments: dict[str, datetime | None] = {}
    problems: dict[str, str] = {}
    for name, days in (("since", 0), ("until", 1)):
        try:
            day = reading.read_day(query[name]) if query[name] else None
        except Unreadable as error:
            problems[name] = str(error)
        else:
            if day:
                day = max(FIRST_DAY, min(day, LAST_DAY))
            moments[name] = reading.midnight(day + timedelta(days=days)) if day else None
    return moments, problems


def csv_answer(name: str, header: Sequence[str], rows: Iterable[Sequence[object]]) -> Response:
    """Answer rows as a CSV file called `name`; cells that a spreadsheet would run are made plain text (INJ-05).

    Moments and days are in ISO 8601 and numbers plain, for programs; with `mine=y` in the query as the reader has them.
    That somebody took them along is on the record (AUD-01).
    """
    write = _as_read if request.args.get("mine") == "y" else _plain
    lines = list(_csv_lines(header, rows, write))
    work = writer()
    record(work, "rows.exported", file=name, rows=len(lines) - 1)
    work.commit()
    return _as_file(name, "".join(lines))


def csv_stream(name: str, header: Sequence[str], rows: Iterable[Sequence[object]]) -> Response:
    """Answer rows for programs as `csv_answer` does, each sent as it comes: for files that are too long to be held.

    `rows` are made after the request is over, so they cannot ask for anything of it.
    """
    return _as_file(name, _csv_lines(header, rows, _plain))


def _csv_lines(
    header: Sequence[str], rows: Iterable[Sequence[object]], write: Callable[[object], str]
) -> Iterator[str]:
    buffer = io.StringIO()
    sheet = csv.writer(buffer)
    for row in chain((header,), rows):
        sheet.writerow([write(cell) for cell in row])
        yield buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()


def _as_file(name: str, lines: str | Iterator[str]) -> Response:
    response = Response(lines, mimetype="text/csv")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _as_read(cell: object) -> str:
    """Write a cell as its reader has moments, days and amounts."""
    if isinstance(cell, datetime):
        return formats().moment(cell)
    if isinstance(cell, date):
        return formats().day(cell)
    return formats().number(cell) if isinstance(cell, Decimal) else _plain(cell)


def _plain(cell: object) -> str:
    if isinstance(cell, datetime):
        return cell.isoformat()
    return no_formula(cell) if isinstance(cell, str) else "" if cell is None else str(cell)
