"""T2: sixty cells of a page, thirty moments and thirty amounts, beside plain f-strings and beside Babel uncached."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from babel import dates, numbers

from gateway.i18n.formats import formats_for
from gateway.i18n.preferences import Preferences
from tests.bench.tables import show

ROUNDS, TIMES = 15, 20
ZONE = "Europe/Prague"
START = datetime(2026, 3, 12, 8, 30, tzinfo=UTC)
ROWS = [(START + timedelta(hours=number), Decimal(number * 137) / 100) for number in range(30)]
CLDR = {"en": "yyyy-MM-dd HH:mm:ss", "de": "yyyy-MM-dd HH:mm:ss", "ar": "yyyy-MM-dd HH:mm:ss"}


def cells() -> None:
    """Measure and show."""
    rows = []
    for language, pattern in CLDR.items():
        ours = formats_for(Preferences(language, ZONE, "YYYY-MM-DD", "HH24:MI:SS", "YYYY-MM-DD", "HH24:MI"))
        zone, locale = ZoneInfo(ZONE), language
        calls: dict[str, Callable[[], object]] = {
            "ours": lambda ours=ours: [(ours.moment(at), ours.money(sum_, "EUR")) for at, sum_ in ROWS],
            "plain": lambda zone=zone: [
                (f"{at.astimezone(zone):%Y-%m-%d %H:%M:%S}", f"€{sum_:,.2f}") for at, sum_ in ROWS
            ],
            "babel": lambda zone=zone, locale=locale, pattern=pattern: [
                (
                    dates.format_datetime(at, pattern, tzinfo=zone, locale=locale),
                    numbers.format_currency(sum_, "EUR", locale=locale),
                )
                for at, sum_ in ROWS
            ],
        }
        took = {name: _best(call) for name, call in calls.items()}
        micro = [f"{took[name] * 1e6:.0f}" for name in ("ours", "plain", "babel")]
        rows.append(
            [language, *micro, f"{took['ours'] / took['plain']:.2f} ×", f"{took['babel'] / took['ours']:.1f} ×"]
        )
    show(
        "sixty cells of a page",
        ["language", "ours µs", "f-strings µs", "Babel µs", "of f-strings", "faster than Babel"],
        rows,
    )


def _best(call: Callable[[], object]) -> float:
    call()
    best = float("inf")
    for _ in range(ROUNDS):
        begin = time.perf_counter()
        for _ in range(TIMES):
            call()
        best = min(best, (time.perf_counter() - begin) / TIMES)
    return best
