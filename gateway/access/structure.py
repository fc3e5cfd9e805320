"""The tree of pages and tabs of a portal, declared once: navigation, guard, role editor and claims all read it."""

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from gateway.access.levels import Level
from gateway.errors import DeclarationError

KEY = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*\Z")


@dataclass(frozen=True)
class Node:
    """A page or a tab: a stable key, a title, and the endpoint that it leads to (none: a heading, or a right alone).

    `own` marks what everybody has in full for oneself, whatever the role says.
    """

    key: str
    title: str
    endpoint: str | None = None
    tabs: tuple["Node", ...] = ()
    own: bool = False


Page = Node
Tab = Node


@dataclass(frozen=True)
class Structure:
    """The root of the tree."""

    pages: tuple[Node, ...]

    @cached_property
    def nodes(self) -> Mapping[str, Node]:
        """Every node by its full key (`configuration.extensions`), parents before children."""
        return dict(self.walk())

    def walk(self) -> Iterator[tuple[str, Node]]:
        """Yield (full key, node) from the top down; raises `DeclarationError` for a bad or repeated key."""
        seen: set[str] = set()
        for key, node in _walk("", self.pages):
            if not KEY.match(node.key):
                raise DeclarationError(f"the node key {node.key!r} should be lower-case words joined by hyphens")
            if key in seen:
                raise DeclarationError(f"the node {key!r} is declared twice")
            seen.add(key)
            yield key, node

    @cached_property
    def version(self) -> str:
        """A digest that changes with the keys of the tree and with what is one's own."""
        text = "\n".join(f"{key} {node.own}" for key, node in self.walk())
        return hashlib.sha256(text.encode()).hexdigest()[:12]

    def levels(self, own_levels: Mapping[str, Level]) -> dict[str, Level]:
        """Resolve the levels that a portal view gives: a node's own, else its parent's, else forbidden."""
        levels: dict[str, Level] = {}
        for key in self.nodes:
            decider = self.decider(own_levels, key)
            is_own = decider != "" and self.nodes[decider].own
            levels[key] = Level.FULL if is_own else own_levels.get(decider, Level.FORBIDDEN)
        return levels

    def decider(self, own_levels: Mapping[str, Level], key: str) -> str:
        """Return the key whose own level counts at a node: its own or the nearest above it; "" is the root."""
        while key and key not in own_levels and not self.nodes[key].own:
            key = key.rpartition(".")[0]
        return key

    def only_own(self) -> dict[str, Level]:
        """Return what somebody without any role has: what is one's own, and nothing else."""
        return self.levels({})


def Root(*pages: Node) -> Structure:  # noqa: N802 - reads as one of the bricks of a declaration
    """Make a structure of its top pages."""
    return Structure(pages)


def _walk(prefix: str, nodes: tuple[Node, ...]) -> Iterator[tuple[str, Node]]:
    for node in nodes:
        key = f"{prefix}.{node.key}" if prefix else node.key
        yield key, node
        yield from _walk(key, node.tabs)
