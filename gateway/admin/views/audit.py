"""The record: who did what for whom, searched, visits folded into a line each, and exported as it was searched."""

from collections.abc import Iterator, Mapping
from typing import Any

import orjson
from flask import Response, render_template, request

from gateway.access.named import named
from gateway.admin.portal import bp
from gateway.admin.reasons import in_words
from gateway.audit import queries, visits, words
from gateway.audit.operations import record
from gateway.db import Database
from gateway.identity import queries as identities
from gateway.launch.queries import live_visits
from gateway.portal.pages import csv_stream, days_asked, next_links, query_text
from gateway.portal.registry import registry
from gateway.portal.telling import teller
from gateway.web import current
from gateway.web.marks import belongs_to

PEOPLE = ("actor", "subject", "customer")
FILTERS = (*PEOPLE, "event", "portal", "address", "since", "until")
NAMED = tuple(f"{name}_name" for name in PEOPLE)


@bp.get("/audit")
@belongs_to("audit")
def audit() -> str | tuple[str, int]:
    """List events, the latest first, each visit as one line."""
    asked = _asked()
    wanted, problems = _wanted(asked)
    if problems:
        return _page(asked, problems, (), {}, next_url=None, first_url=None), 422
    page = queries.lines(current.reader(), wanted, request.args.get("after"))
    folded = visits.of_launches(current.reader(), {row.launch_id for row in page.rows} - {None})
    return _page(asked, {}, page.rows, folded, **next_links(page, **asked))


@bp.get("/audit.csv")
@belongs_to("audit")
def audit_csv() -> Response | tuple[str, int]:
    """Export the events that are asked for, one a line, with names."""

    def lines(found: Iterator[dict[str, Any]]) -> Response:
        rows = (_cells(row) for row in found)
        return csv_stream("record.csv", (*queries.PLAIN, *NAMED), rows)

    return _export("csv", lines)


@bp.get("/audit.jsonl")
@belongs_to("audit")
def audit_jsonl() -> Response | tuple[str, int]:
    """Export the events that are asked for as a JSON object a line, with names."""

    def lines(found: Iterator[dict[str, Any]]) -> Response:
        rows = (orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE) for row in found)
        response = Response(rows, mimetype="application/jsonl")
        response.headers["Content-Disposition"] = 'attachment; filename="record.jsonl"'
        return response

    return _export("jsonl", lines)


def _asked() -> dict[str, str]:
    return {name: query_text(name) for name in FILTERS}


def _wanted(asked: Mapping[str, str]) -> tuple[queries.Wanted, Mapping[str, str]]:
    """Read the filters; what cannot be read is said. Somebody who is not there any more is found by their id."""
    moments, problems = days_asked(asked)
    actors, subjects, customers = (
        identities.ids_of(current.reader(), asked[name]) if asked[name] else None for name in PEOPLE
    )
    alike = (asked["event"], asked["portal"], asked["address"])
    between = (moments.get("since"), moments.get("until"))
    return queries.Wanted(actors, subjects, customers, *alike, *between), problems


def _export(kind: str, lines: Any) -> Response | tuple[str, int]:
    """Answer an export, once it is on the record."""
    asked = _asked()
    wanted, problems = _wanted(asked)
    if problems:
        return _page(asked, problems, (), {}, next_url=None, first_url=None), 422
    if request.method == "GET":
        work = current.writer()
        record(work, "audit.exported", format=kind, filters={name: text for name, text in asked.items() if text})
        work.commit()
    answer: Response = lines(_exported(current.house().database, wanted))
    return answer


def _exported(database: Database, wanted: queries.Wanted) -> Iterator[dict[str, Any]]:
    """Yield events as they are given out, with names, read some at a time, after the request is over."""
    with database.reading() as reader:
        for rows in queries.every(reader, wanted):
            names = named(reader, sorted({getattr(row, f"{name}_id") for row in rows for name in PEOPLE} - {None}))
            for row in rows:
                people = {f"{name}_name": names.get(getattr(row, f"{name}_id")) for name in PEOPLE}
                yield {**queries.plain(row), **people}


def _cells(row: Mapping[str, Any]) -> list[object]:
    told = row["details"]
    return list({**row, "details": orjson.dumps(told).decode() if told else ""}.values())


def _page(
    asked: Mapping[str, str],
    problems: Mapping[str, str],
    rows: Any,
    folded: Mapping[str, visits.Visit],
    **links: str | None,
) -> str:
    known = {**words.TITLES, **registry().events}
    return render_template(
        "admin/audit.html",
        rows=rows,
        visits=folded,
        tell=teller((row for row in rows if row.launch_id is None), folded.values()),
        live=live_visits(current.reader(), folded.values(), current.now()),
        in_words=in_words,
        asked=asked,
        query={name: text for name, text in asked.items() if text},
        problems=problems,
        groups=words.GROUPS,
        portals=registry().portals.values(),
        own_portals=registry().own.values(),
        other_event=asked["event"] if asked["event"] not in known else "",
        other_portal=asked["portal"] if asked["portal"] not in registry().portals else "",
        **links,
    )
