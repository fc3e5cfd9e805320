"""Charts of bars: what is drawn is worked out here, `ui.bars` of the macros writes it as SVG with a table behind it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

WIDTH, FLOOR, TOP = 640, 110, 14
TICKS = 8


@dataclass(frozen=True, slots=True)
class Bar:
    """A rectangle of a chart; `series` is the number of the series that it belongs to."""

    x: float
    y: float
    width: float
    height: float
    series: int


@dataclass(frozen=True, slots=True)
class Column:
    """What stands over one label: its bars, from the floor up, and the same as texts, one for each series. A minor tick
    is left out where it is narrow.
    """

    label: str
    tick: str
    minor: bool
    middle: float
    bars: Sequence[Bar]
    texts: Sequence[str]


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart ready to be drawn. `limit_y` is the height of the line of a limit, None without one."""

    series: Sequence[str]
    columns: Sequence[Column]
    highest: str
    limit_y: float | None
    limit: str


def chart(
    series: Sequence[str],
    columns: Sequence[tuple[str, str, Sequence[int]]],
    write: Callable[[int], str],
    limit: int | None = None,
) -> Chart:
    """Lay out stacked bars.

    `series` are the names of what is stacked; a column is (label, short label, a value for each series); `write`
    turns a value into text; `limit` draws a line.
    """
    tallest = max([sum(values) for _, _, values in columns] + [limit or 0, 1])
    scale, step = (FLOOR - TOP) / tallest, WIDTH / max(len(columns), 1)
    every = -(-len(columns) // TICKS) or 1
    drawn = []
    for place, (label, short, values) in enumerate(columns):
        bars, y = [], float(FLOOR)
        for number, value in enumerate(values):
            height = round(value * scale, 2)
            y -= height
            if value:
                x, width = round((place + 0.15) * step, 2), round(0.7 * step, 2)
                bars.append(Bar(x, round(y, 2), width, height, number))
        tick = short if place % every == 0 else ""
        minor = place // every % 2 == 1
        drawn.append(
            Column(label, tick, minor, round((place + 0.5) * step, 2), bars, [write(value) for value in values])
        )
    return Chart(
        series,
        drawn,
        write(tallest),
        None if limit is None else round(FLOOR - limit * scale, 2),
        "" if limit is None else write(limit),
    )
