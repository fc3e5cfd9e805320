"""Marks: which node a view belongs to. A mark, not a wrapper, so it works in whichever order decorators stand."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from gateway.access.levels import Level

View = TypeVar("View", bound=Callable[..., object])
MARK = "__portico_mark__"
RECENT = "__portico_recent__"


@dataclass(frozen=True, slots=True)
class Mark:
    """Where a view belongs. `portal` and `node` are None for what is open to all, or to everyone logged in.

    `needs` is the level for unsafe methods; a safe one needs `view`.
    """

    portal: str | None = None
    node: str | None = None
    needs: Level = Level.FULL
    open_to_all: bool = False
    in_visits_only: bool = False


def belongs_to(node: str, needs: Level = Level.FULL) -> Callable[[View], View]:
    """Mark a view with the node of its portal. GET and HEAD need `view`, other methods `needs`.

    Give `needs=Level.VIEW` where a POST only looks (a search, an export).
    """
    return _marking(Mark(node=node, needs=needs))


def for_everyone_logged_in(view: View) -> View:
    """Mark a view of the gateway that every visitor of its scope may use."""
    return _marking(Mark())(view)


def open_to_all(view: View) -> View:
    """Mark a view of the gateway that strangers may use."""
    return _marking(Mark(open_to_all=True))(view)


def in_visits_only(view: View) -> View:
    """Mark a view that exists under `/as/<handle>` only and looks after itself."""
    return _marking(Mark(open_to_all=True, in_visits_only=True))(view)


def needs_recent(view: View) -> View:
    """Mark a view whose unsafe methods need a log-in, or a proof of who one is, of the last ten minutes (SES-11)."""
    setattr(view, RECENT, True)
    return view


def _marking(mark: Mark) -> Callable[[View], View]:
    def apply(view: View) -> View:
        setattr(view, MARK, mark)
        return view

    return apply
