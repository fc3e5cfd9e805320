"""Nobody gives what they do not have, nor takes hold of somebody above them: one function, for every path."""

from collections.abc import Mapping

from gateway.access.levels import Level

Levels = Mapping[str, Mapping[str, Level]]
"""Portal slug to node key to level."""


def excess(of: Levels, over: Levels) -> list[tuple[str, str]]:
    """Return every (portal, node) where `of` has a higher level than `over`: empty when `of` is at or below it.

    Whoever gives a role is compared with what it gives; whoever edits somebody, with what that person has. All
    sources are compared at the level in force, so no detour through a group or a second role helps.
    """
    return [
        (slug, key)
        for slug, nodes in of.items()
        for key, level in nodes.items()
        if level > over.get(slug, {}).get(key, Level.FORBIDDEN)
    ]
