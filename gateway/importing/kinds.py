"""What a kind of file is: its columns, how its lines are looked up, and what can be wrong with them."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from sqlalchemy import Connection, Table
from sqlalchemy.orm import Session as Work

from gateway.db import Base
from gateway.errors import PorticoError


@dataclass(frozen=True, slots=True)
class Field:
    """A column of a file: how its text is read (raises `ValueError` with a sentence) and whether it must be there."""

    name: str
    read: Callable[[str], object] = str
    required: bool = True


@dataclass(slots=True)
class Line:
    """One row of a file with its number (the header is 1), what was read of it, and what is wrong with it.

    `absent` are the columns that the whole file lacks: a new row gets their defaults, one that is there keeps its own.
    `beside` is what the row says of other tables, by column; none if it says nothing. It is kept as JSON meanwhile.
    """

    number: int
    values: dict[str, Any]
    absent: frozenset[str] = frozenset()
    beside: Mapping[str, Any] | None = None
    problems: list["Problem"] = field(default_factory=list)

    def fault(self, column: str, reason: str) -> None:
        """Note what is wrong with a column."""
        self.problems.append(Problem(self.number, column, reason))


@dataclass(frozen=True, slots=True)
class Problem:
    """A bad row: where, and why."""

    line: int
    column: str
    reason: str


Key = tuple[Any, ...]
"""The values of a row's key, in the order of its columns."""


@dataclass(frozen=True, slots=True)
class Beside:
    """How that which lines say of other tables is read and written there: by key, a value for each column of the file.

    `write` is called in the import's transaction.
    """

    read: Callable[[Connection, Collection[Key]], Mapping[Key, Mapping[str, Any]]]
    write: Callable[[Work, Mapping[Key, Mapping[str, Any]]], None]


@dataclass(frozen=True)
class Importer:
    """A kind of file.

    `resolve` looks a chunk of lines up (a login becomes an id) and leaves in `values` the columns of `model`; rows
    with the same `key` are the same row: importing again changes it, but for the columns in `kept` and those that the
    file does not have. `after` does what follows from the rows that are in now, in the same transaction; it gets the
    table in which they are staged.
    """

    name: str
    fields: tuple[Field, ...]
    model: type[Base]
    key: tuple[str, ...]
    resolve: Callable[[Connection, Sequence[Line]], None]
    kept: frozenset[str] = frozenset({"id"})
    also_key: str = ""
    beside: Beside | None = None
    after: Callable[[Work, Table], None] | None = None

    @property
    def table(self) -> Table:
        """The table that the rows go into."""
        return cast(Table, self.model.__table__)


class ImportRefused(PorticoError):
    """Nothing was imported; `problems` names every bad row."""

    def __init__(self, path: Path, problems: Sequence[Problem]) -> None:
        super().__init__(f"{path}: {len(problems)} problems")
        self.path = path
        self.problems = problems
