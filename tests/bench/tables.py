"""Tables for a terminal."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Target:
    """What must be reached and what is aimed at; less is better, unless `more`."""

    must: float
    aim: float
    unit: str = " ×"
    more: bool = False

    def verdict(self, value: float) -> Literal["aim", "must", "MISSED"]:
        """Return how far a value has come."""
        if value >= self.aim if self.more else value <= self.aim:
            return "aim"
        return "must" if (value >= self.must if self.more else value <= self.must) else "MISSED"

    def cells(self, value: float) -> tuple[str, str, str, str]:
        """Return value, must, aim and verdict as a table shows them."""
        sign = "≥" if self.more else "≤"
        return (
            f"{value:,.4g}{self.unit}" if value < 1000 else f"{value:,.0f}{self.unit}",
            f"{sign} {self.must:,g}{self.unit}",
            f"{sign} {self.aim:,g}{self.unit}",
            self.verdict(value),
        )


def show(title: str, header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table; its first column is text, the others are numbers."""
    widths = [max(len(row[column]) for row in [header, *rows]) for column in range(len(header))]
    print(f"\n{title}")
    for row in [header, ["-" * width for width in widths], *rows]:
        first, *rest = row
        cells = [first.ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(rest, widths[1:], strict=True))]
        print("  " + "  ".join(cells).rstrip(), flush=True)
