"""Levels, and the one place where ceilings are applied to them."""

import enum
from collections.abc import Iterable


class Level(enum.IntEnum):
    """How much of a node somebody may have: `forbidden` < `view` < `full`."""

    FORBIDDEN = 0
    VIEW = 1
    FULL = 2

    @property
    def word(self) -> str:
        """Return the word that stands for the level in files, forms and claims."""
        return self.name.lower()

    @classmethod
    def of(cls, word: str) -> "Level":
        """Return the level of a word; raises `ValueError` for any other."""
        for level in cls:
            if level.word == word:
                return level
        raise ValueError(f"{word!r} is no level: forbidden, view or full")


def under(level: Level, ceilings: Iterable[Level]) -> Level:
    """Return the level that counts: the least of the role's and every ceiling in force."""
    return min(level, *ceilings, Level.FULL)
