"""T5: what grows must not make dearer what shows no more of it."""

import statistics
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass

from flask import Blueprint

from gateway.access.structure import Page, Root
from gateway.db import Database
from gateway.portal.declaration import Portal
from gateway.web.marks import belongs_to
from tests.bench.places import (
    CUSTOMERS,
    EVENTS,
    INDIVIDUALS,
    Place,
    application,
    company,
    logged_in,
    more_events,
    more_individuals,
)
from tests.bench.tables import Target, show
from tests.bench.wsgi import interleaved, ratio
from tests.cast import ABC, ROOT, Member

ROUNDS, TIMES = 21, 5
TARGET, RECORD_TARGET = Target(1.1, 1.03), Target(1.2, 1.1)
LARGE_INDIVIDUALS, LARGE_EVENTS, PORTALS, NODES = 10_000, 1_000_000, 100, 12
BUILT_IN = 3

PICKER, CALLS = ("picker", ABC, "/"), ("portal page", ABC, "/portals/pbx/calls")
LIST, SEARCH = ("customers", ROOT, "/admin/customers"), ("search", ROOT, f"/admin/customers?q={company(12)[0]}")
CUSTOMER, MENU = ("customer", ROOT, "/admin/customers/abc"), ("menu", ROOT, "/admin/customers/abc/log-in")
RECORD = ("record", ROOT, "/admin/audit?actor=root")
ALL = (PICKER, CALLS, LIST, SEARCH, CUSTOMER, MENU, RECORD)
FILTERS = (
    *("", "actor=globex", "subject=globex", "customer=globex", "customer=abc", "event=login.refused", "portal=iot"),
    *("address=192.0.2.7", "since=2020-01-01&until=2999-01-01", "customer=globex&event=login.refused"),
    *("customer=abc&portal=pbx", "actor=root&since=2020-01-01", "portal=pbx&event=pbx.extension.changed"),
)
OF_THE_RECORD = (
    *((f"record {query}", ROOT, f"/admin/audit?{query}") for query in FILTERS),
    ("activity", ABC, "/portals/self-care/activity"),
    ("activity, days", ABC, "/portals/self-care/activity?since=2020-01-01&until=2999-01-01"),
    ("support access", ABC, "/portals/self-care/activity/support-access"),
    ("explainer", ROOT, "/admin/customers/abc/explain"),
    ("explainer, a page", ROOT, "/admin/customers/abc/explain?portal=iot&node=devices"),
)


@dataclass(frozen=True)
class Dimension:
    """Something that grows: from how many to how many, the grown database, more portals, and the pages to look at."""

    title: str
    url: str
    pages: Sequence[tuple[str, Member, str]] = ALL
    portals: Sequence[Portal] = ()
    target: Target = TARGET


def portal(number: int) -> Portal:
    """Return a portal whose pages nobody of the cast's customers may enter."""
    slug = f"extra{number}"
    blueprint = Blueprint(slug, __name__)
    pages = []
    for page in range(NODES):

        def view() -> str:
            return ""

        blueprint.add_url_rule(f"/page{page}", endpoint=f"page{page}", view_func=belongs_to(f"page{page}")(view))
        pages.append(Page(f"page{page}", f"Page {page}", endpoint=f"{slug}.page{page}"))
    return Portal(slug, f"Extra {number}", "phone", blueprint, Root(*pages))


def dimensions(place: Place, base: str, customers: str, count: int) -> list[Dimension]:
    """Make the grown databases; that of the customers is there already."""
    individuals, events = place.create(base), place.create(base)
    database = Database(individuals)
    more_individuals(database, INDIVIDUALS, LARGE_INDIVIDUALS)
    database.dispose()
    database = Database(events)
    more_events(database, LARGE_EVENTS - EVENTS)
    database.dispose()
    for url in (individuals, events):
        place.settle(url)
    others = [portal(number) for number in range(PORTALS - BUILT_IN)]
    return [
        Dimension(f"customers {CUSTOMERS:,} to {count:,}", customers),
        Dimension(f"individuals of one customer {INDIVIDUALS:,} to {LARGE_INDIVIDUALS:,}", individuals),
        Dimension(f"record {EVENTS:,} to {LARGE_EVENTS:,} rows", events),
        Dimension(f"record {EVENTS:,} to {LARGE_EVENTS:,} rows", events, OF_THE_RECORD, target=RECORD_TARGET),
        Dimension(f"portals {BUILT_IN} to {PORTALS}", base, (PICKER, CALLS, LIST, SEARCH, RECORD), others),
    ]


def growth(place: Place, base: str, customers: str, count: int) -> None:
    """Measure and show."""
    rows = []
    for dimension in dimensions(place, base, customers, count):
        with ExitStack() as stack:
            small = stack.enter_context(application(place.create(base)))
            large = stack.enter_context(application(dimension.url, dimension.portals))
            members = {member for _, member, _ in dimension.pages}
            clients = {(app, member): logged_in(app, member) for app in (small, large) for member in members}
            for name, member, path in dimension.pages:
                calls = {"small": clients[small, member].again(path), "large": clients[large, member].again(path)}
                found = interleaved(calls, ROUNDS, TIMES)
                micro = [f"{statistics.median(found[size]) * 1e6:.0f}" for size in ("small", "large")]
                rows.append(
                    [
                        f"T5 {dimension.title}: {name}",
                        *micro,
                        *dimension.target.cells(ratio(found["large"], found["small"])),
                    ]
                )
    header = ["what grows: page", "CPU µs before", "after", "ratio", "must", "aim", "verdict"]
    show(f"{place.kind}: growth, on pages that show no more of it", header, rows)
