"""CSV imports: all or nothing, every bad row named, done again without doubling anything.

Rows are read, checked and staged in chunks in a temporary table; at the end they go in with one statement in one short
transaction, so that log-ins go on meanwhile.
"""

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session as Work

from gateway.audit.operations import Keys, Stamp, chain_on_commit, record
from gateway.db import Database
from gateway.importing.comparing import Named, Preview, preview
from gateway.importing.kinds import Beside, Field, Importer, ImportRefused, Key, Line, Problem
from gateway.importing.staging import BESIDE, LINE, Staged, differs, key_of, pages, staged, unheard

__all__ = [
    "Beside",
    "Field",
    "ImportRefused",
    "Importer",
    "Key",
    "Line",
    "Named",
    "Preview",
    "Problem",
    "preview",
    "run",
]


def run(
    database: Database, keys: Keys, importer: Importer, path: Path, progress: Callable[[int], None] = unheard
) -> int:
    """Import a file and return how many rows it had; `progress` hears of rows as they are checked.

    Raises `ImportRefused`, with every problem, and leaves everything as it was.
    """
    with staged(database, importer, path, progress) as lines:
        _write(lines, keys, path)
        return lines.rows


def _write(lines: Staged, keys: Keys, path: Path) -> None:
    connection, importer = lines.connection, lines.importer
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    names = [column.name for column in importer.table.columns]
    insert = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    statement = insert(importer.table).from_select(
        names, select(*(lines.table.c[name] for name in names)).where(lines.table.c[LINE] > 0)
    )
    changed = {name: statement.excluded[name] for name in lines.columns}
    with Work(bind=connection) as work:
        work.info.update(stamp=Stamp(), audit_keys=keys)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if connection.dialect.name == "sqlite" else "BEGIN")
        try:
            work.execute(statement.on_conflict_do_update(**_changing(importer, changed)))
            _follow(work, lines)
            record(work, f"import.{importer.name}", file=path.name, sha256=digest, rows=lines.rows)
            chain_on_commit(work)
            connection.exec_driver_sql("COMMIT")
        except BaseException:
            connection.exec_driver_sql("ROLLBACK")
            raise


def _follow(work: Work, lines: Staged) -> None:
    """Write what lines have beside them, and do what follows from them all."""
    importer, table = lines.importer, lines.table
    if importer.beside is not None:
        said = select(table.c[LINE].label("line"), *(table.c[name] for name in importer.key), table.c[BESIDE])
        for rows in pages(lines, said.where(table.c[BESIDE].is_not(None))):
            importer.beside.write(work, {key_of(lines, row): row._mapping[BESIDE] for row in rows})
    if importer.after is not None:
        importer.after(work, table)


def _changing(importer: Importer, changed: Mapping[str, Any]) -> dict[str, Any]:
    """Return how a row that is there is changed: only if it differs, and then its version grows, so that an open form
    of it is stale."""
    columns = importer.table.columns
    versions = {"version": columns.version + 1} if "version" in columns else {}
    where = differs(columns, changed)
    return {"index_elements": list(importer.key), "set_": {**changed, **versions}, "where": where}
