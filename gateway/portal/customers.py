"""Customers as a portal's files name them: by login."""

from collections.abc import Sequence

from sqlalchemy import Connection, bindparam, select

from gateway.identity import logins
from gateway.identity.models import Identity, Kind, Realm
from gateway.importing import Line

_BY_LOGIN = select(Identity.login_key, Identity.id).where(
    Identity.realm == Realm.SELF_CARE,
    Identity.kind == Kind.CUSTOMER,
    Identity.login_key.in_(bindparam("keys", expanding=True)),
)


def resolve_customers(connection: Connection, lines: Sequence[Line]) -> None:
    """Turn the `customer` of each line (a login) into `customer_id`; an unknown one is that line's fault."""
    keys = {logins.canonical(line.values["customer"]) for line in lines}
    found = dict(connection.execute(_BY_LOGIN, {"keys": list(keys)}).all())
    for line in lines:
        login = line.values.pop("customer")
        line.values["customer_id"] = found.get(logins.canonical(login))
        if line.values["customer_id"] is None:
            line.fault("customer", f"there is no customer with the login {login!r}")
