"""What a role of PostgreSQL needs to run the application without being able to change the record."""

from collections.abc import Iterator

from gateway.db import Base

RECORD = ("audit_event", "audit_head")
VALUES = ("address", "agent", "place_salt", "details", "details_salt")
"""What may be taken out of a row: the columns that the chain covers by digest, and their salts."""


def grants(role: str, *, may_forget: bool) -> Iterator[str]:
    """Yield statements for the owner of the tables to run, once and after every migration.

    The role reads and adds rows of the record, moves its end by nothing but adding (a trigger of the owner's does it)
    and may lock it, for which PostgreSQL asks for a right to update: of `id` alone, which a constraint keeps at 1.
    """
    name = _quoted(role)
    others = sorted(set(Base.metadata.tables) - set(RECORD))
    yield "REVOKE CREATE ON SCHEMA public FROM PUBLIC"
    yield f"GRANT USAGE ON SCHEMA public TO {name}"
    yield f"REVOKE ALL ON {', '.join((*RECORD, 'alembic_version'))} FROM {name}"
    yield f"GRANT SELECT, INSERT, UPDATE, DELETE ON {', '.join(_quoted(table) for table in others)} TO {name}"
    yield f"GRANT SELECT ON alembic_version TO {name}"
    yield f"GRANT SELECT, INSERT ON audit_event TO {name}"
    yield f"GRANT SELECT, UPDATE (id) ON audit_head TO {name}"
    if may_forget:
        yield f"GRANT UPDATE ({', '.join(VALUES)}) ON audit_event TO {name}"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
