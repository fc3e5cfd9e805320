"""What things are called that the record knows by their ids."""

from collections.abc import Collection, Mapping

from sqlalchemy import Connection, select, union_all

from gateway.access.models import Role
from gateway.access.roles import called
from gateway.identity.models import CustomerClass, Identity


def named(reader: Connection, ids: Collection[str]) -> Mapping[str, str]:
    """Return the names of identities, roles and classes by id, in one statement; what is gone has none any more."""
    if not ids:
        return {}
    statement = union_all(
        *(select(kind.id, kind.name).where(kind.id.in_(ids)) for kind in (Identity, Role, CustomerClass))
    )
    return {row.id: called(row.name) for row in reader.execute(statement)}
