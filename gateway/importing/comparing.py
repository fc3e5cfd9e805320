"""What a file would do, told by comparing it with what is there: the dry run."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import and_, select

from gateway.db import AnyRow, AnySelect, Database
from gateway.importing.kinds import Importer, Key
from gateway.importing.staging import BESIDE, LINE, Staged, differs, key_of, pages, staged, unheard

FIRST = 20
"""How many rows of a sort are named."""


@dataclass(frozen=True, slots=True)
class Named:
    """A row that would be made or changed: its line and key, and for each column how it stands and would stand."""

    line: int
    key: str
    changes: Mapping[str, tuple[str, str]]


@dataclass(slots=True)
class Preview:
    """What a file would do: how many rows of each sort, and the first of those by name."""

    made: int = 0
    changed: int = 0
    unchanged: int = 0
    first_made: list[Named] = field(default_factory=list)
    first_changed: list[Named] = field(default_factory=list)


def preview(database: Database, importer: Importer, path: Path, progress: Callable[[int], None] = unheard) -> Preview:
    """Return what a file would do, checked as `run` checks it, and change nothing; raises `ImportRefused`."""
    found = Preview()
    with staged(database, importer, path, progress) as lines:
        for rows in pages(lines, _comparison(lines)):
            held = _held_beside(lines, rows)
            for row in rows:
                _count(lines, found, row, held.get(key_of(lines, row), {}))
    return found


def _comparison(lines: Staged) -> AnySelect:
    """Select the staged lines beside the rows of the same key, and whether `_write` would change these."""
    table, now, key = lines.table, lines.importer.table, lines.importer.key
    same = and_(*(table.c[name] == now.c[name] for name in key))
    return select(
        table.c[LINE].label("line"),
        *(table.c[name] for name in key),
        table.c[lines.importer.also_key or key[-1]].label("called"),
        table.c[BESIDE].label("beside"),
        now.c[key[0]].is_(None).label("made"),
        differs(now.c, {name: table.c[name] for name in lines.columns}).label("differs"),
        *(now.c[name].label(f"now_{name}") for name in lines.columns),
        *(table.c[name].label(f"then_{name}") for name in lines.columns),
    ).select_from(table.outerjoin(now, same))


def _held_beside(lines: Staged, rows: Sequence[AnyRow]) -> Mapping[Key, Mapping[str, Any]]:
    beside = lines.importer.beside
    keys = [key_of(lines, row) for row in rows if row.beside is not None]
    return beside.read(lines.connection, keys) if beside is not None and keys else {}


def _count(lines: Staged, found: Preview, row: AnyRow, held: Mapping[str, Any]) -> None:
    """Count a line, and name it while few of its sort are."""
    said = row.beside or {}
    beside = {name: (_listed(held.get(name)), _listed(then)) for name, then in said.items() if then != held.get(name)}
    if row.made:
        found.made += 1
        if len(found.first_made) < FIRST:
            found.first_made.append(Named(row.line, str(row.called), {}))
    elif row.differs or beside:
        found.changed += 1
        if len(found.first_changed) < FIRST:
            found.first_changed.append(Named(row.line, str(row.called), _changes(lines, row) | beside))
    else:
        found.unchanged += 1


def _listed(value: Any) -> str:
    return "; ".join(value) if isinstance(value, list) else "" if value is None else str(value)


def _changes(lines: Staged, row: AnyRow) -> dict[str, tuple[str, str]]:
    """Return what differs by the columns of the file; what is made of these (how it is sorted, found) goes unsaid."""
    found = {}
    for column in lines.columns:
        now, then = (row._mapping[f"{when}_{column}"] for when in ("now", "then"))
        name = _column_of_file(lines.importer, column)
        if now != then and name:
            found[name] = (_word(lines, column, now), _word(lines, column, then))
    return found


def _column_of_file(importer: Importer, column: str) -> str | None:
    stem, names = column.removesuffix("_id"), [field.name for field in importer.fields]
    return stem if stem in names else next((name for name in names if name.endswith(f"_{stem}")), None)


def _word(lines: Staged, column: str, value: Any) -> str:
    """Write a value as a file does; an id by the name of what it stands for."""
    if isinstance(value, bool):
        return "y" if value else "n"
    for key in lines.importer.table.c[column].foreign_keys:
        if value is not None and "name" in key.column.table.c:
            named = select(key.column.table.c.name).where(key.column == value)
            return str(lines.connection.execute(named).scalar_one_or_none() or value)
    return "" if value is None else str(value)
