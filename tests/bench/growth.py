"""T5: what grows must not make dearer what shows no more of it."""

import statistics
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass

from flask import Flask

from gateway.access.structure import Page, Root
from gateway.db import Database
from gateway.portal.declaration import Portal
from gateway.web.marks import belongs_to
from tests.bench.places import CUSTOMERS, EVENTS, INDIVIDUALS, Place, application, logged_in, more_events
from tests.bench.places import more_individuals as more
from tests.bench.tables import Target, show
from tests.bench.wsgi import interleaved, ratio
from tests.cast import ABC, ROOT, Member

ROUNDS, TIMES = 15, 8
TARGET = Target(1.1, 1.03)
LARGE_INDIVIDUALS, LARGE_EVENTS, PORTALS = 10_000, 100_000, 100

PICKER, CALLS = ("picker", ABC, "/"), ("portal page", ABC, "/portals/pbx/calls")
LIST, SEARCH = ("customers", ROOT, "/admin/customers"), ("search", ROOT, "/admin/customers?q=0000012")
CUSTOMER, MENU = ("customer", ROOT, "/admin/customers/abc"), ("menu", ROOT, "/admin/customers/abc/log-in")
RECORD = ("record", ROOT, "/admin/audit?actor=root")
ALL = (PICKER, CALLS, LIST, SEARCH, CUSTOMER, MENU, RECORD)


@dataclass(frozen=True)
class Dimension:
    """Something that grows: from how many to how many, the grown database, more portals, and the pages to look at."""

    title: str
    url: str
    pages: Sequence[tuple[str, Member, str]] = ALL
    portals: Sequence[Portal] = ()


def portal(number: int) -> Portal:
    """Return a portal of twelve nodes that nobody of the cast may enter."""
    from_name = f"extra{number}"
    blueprint = Blueprint(from_name, __name__)
    pages = []
    for page in range(12):
        key = f"page-{page}"

        def view() -> str:
            return ""

        blueprint.add_url_rule(f"/{key}", endpoint=f"page{page}", view_func=belongs_to(key)(view))
        pages.append(Page(key, f"Page {page}", endpoint=f"{from_name}.page{page}"))
    return Portal(from_name, f"Extra {number}", "phone", blueprint, Root(*pages))


def dimensions(place: Place, base: str, customers: str, count: int) -> list[Dimension]:
    """Make the grown databases; that of the customers is there already."""
    individuals, events = place.create(base), place.create(base)
    database = Database(individuals)
    more(database, INDIVIDUALS, LARGE_INDIVIDUALS)
    database.dispose()
    database = Database(events)
    more_events(database, LARGE_EVENTS - EVENTS)
    database.dispose()
    for url in (individuals, events):
        place.settle(url)
    own = [Portal_ for Portal_ in map(portal, range(PORTALS - 3))]
    return [
        Dimension(f"customers {CUSTOMERS:,} → {count:,}", customers),
        Dimension(f"individuals {INDIVIDUALS:,} → {LARGE_INDIVIDUALS:,}", individuals),
        Dimension(f"record {EVENTS:,} → {LARGE_EVENTS:,}", events),
        Dimension(f"portals 3 → {PORTALS}", base, (PICKER, CALLS, LIST, SEARCH, RECORD), own),
    ]
