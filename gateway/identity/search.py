"""Finding customers by any part of a name, a login or an e-mail address, on an index of either database.

Three characters or more are found anywhere, through trigrams; one or two at the beginning of a name or a login. The
same customers are found on both databases.
"""

from sqlalchemy import ColumnElement, Connection, and_, column, literal_column, or_, select, table

from gateway.identity import logins
from gateway.identity.models import Identity, Kind

SHORTEST_PART = 3
MOST_FOUND = 1001
_LAST = "\U0010ffff"
_index = table("identity_search", column("rowid"), column("search"))


def customers_found_by(reader: Connection, typed: str) -> ColumnElement[bool]:
    """Return the condition that finds customers by what was typed: all of them for nothing.

    Both trigram indexes hold customers alone, so nothing else is asked there: SQLite would start at the wrong end. Of
    what a common part finds, the first thousand that the index gives are taken: nobody reads further.
    """
    key = logins.canonical(typed)
    if not key:
        return Identity.kind == Kind.CUSTOMER
    if len(key) < SHORTEST_PART:
        name = name_begins(key)
        login = and_(Identity.login_key >= key, Identity.login_key < key + _LAST)
        return and_(Identity.kind == Kind.CUSTOMER, or_(name, login))
    if reader.dialect.name == "sqlite":
        pattern = "".join(f"[{letter}]" if letter in "*?[" else letter for letter in key)
        rows = select(_index.c.rowid).where(_index.c.search.op("GLOB")(f"*{pattern}*")).limit(MOST_FOUND)
        return literal_column("identity.rowid").in_(rows)
    people = Identity.__table__.alias("found")
    part = people.c.search.like(f"%{literal(key)}%", escape="\\")
    return Identity.id.in_(select(people.c.id).where(people.c.kind == Kind.CUSTOMER, part).limit(MOST_FOUND))


def name_begins(key: str) -> ColumnElement[bool]:
    """Return the condition that finds whose name begins with `key`, in its canonical form."""
    return and_(Identity.sort_key >= key, Identity.sort_key < key + _LAST)


def literal(typed: str) -> str:
    """Return a text for the inside of a LIKE pattern, its wildcards taken literally."""
    return typed.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
