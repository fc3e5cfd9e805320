"""Marks: which node a view belongs to. A mark, not a wrapper, so it works in whichever order decorators stand."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from gateway.access.acting import CONSOLE
from gateway.access.levels import Level
from gateway.access.rights import SELF_CARE
from gateway.identity.models import Realm

View = TypeVar("View", bound=Callable[..., object])
MARK = "__portico_mark__"
RECENT = "__portico_recent__"


@dataclass(frozen=True, slots=True)
class Mark:
    """Where a view belongs. `portal` and `node` are None for what is open to all, or to everyone logged in.

    `needs` is the level for unsafe methods; a safe one needs `view`. `by_realm` is for what both realms may call, each
    by a node of its own. `programs`: nobody is looked for, no form asked.
    """

    portal: str | None = None
    node: str | None = None
    needs: Level = Level.FULL
    open_to_all: bool = False
    in_visits_only: bool = False
    programs: bool = False
    by_realm: Mapping[Realm, "Mark"] | None = None

    def of(self, realm: Realm) -> "Mark | None":
        """Return what holds for a visitor of `realm`, or None where the view is not for them."""
        return self if self.by_realm is None else self.by_realm.get(realm)


def belongs_to(node: str, needs: Level = Level.FULL) -> Callable[[View], View]:
    """Mark a view with the node of its portal. GET and HEAD need `view`, other methods `needs`.

    Give `needs=Level.VIEW` where a POST only looks (a search, an export).
    """
    return _marking(Mark(node=node, needs=needs))


def serves(
    *, console: str | None = None, self_care: str | None = None, needs: Level = Level.FULL
) -> Callable[[View], View]:
    """Mark a view of the API with the page whose rights it takes: of the console, of self-care, or of each."""
    nodes = {Realm.ADMIN: (CONSOLE, console), Realm.SELF_CARE: (SELF_CARE, self_care)}
    marks = {realm: Mark(portal, node, needs) for realm, (portal, node) in nodes.items() if node is not None}
    return _marking(Mark(by_realm=marks))


def for_everyone_logged_in(view: View) -> View:
    """Mark a view of the gateway that every visitor of its scope may use."""
    return _marking(Mark())(view)


def open_to_all(view: View) -> View:
    """Mark a view of the gateway that strangers may use."""
    return _marking(Mark(open_to_all=True))(view)


def in_visits_only(view: View) -> View:
    """Mark a view that exists under `/as/<handle>` only and looks after itself."""
    return _marking(Mark(open_to_all=True, in_visits_only=True))(view)


def open_to_programs(view: View) -> View:
    """Mark a view of the gateway that programs call: it looks after itself, and no cookie counts unless it says so."""
    return _marking(Mark(open_to_all=True, programs=True))(view)


def needs_recent(view: View) -> View:
    """Mark a view whose unsafe methods need a log-in, or a proof of who one is, of the last ten minutes (SES-11)."""
    setattr(view, RECENT, True)
    return view


def _marking(mark: Mark) -> Callable[[View], View]:
    def apply(view: View) -> View:
        setattr(view, MARK, mark)
        return view

    return apply
