"""Self-care access as the API names it: the same fields as the panel, to and from columns."""

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import Connection

from gateway.access.panel import NewPassword
from gateway.db import AnyRow
from gateway.errors import Invalid
from gateway.identity import networks, passwords
from gateway.identity.inheritance import PREFERENCES
from gateway.identity.models import NetworkList
from gateway.identity.password_rules import Rules, password_faults
from gateway.web import current

PLAIN = ("second_factor", "api_access", *PREFERENCES)
FOR_STAFF = (*PLAIN, "trusted_networks", "password")


def shown(row: AnyRow, reader: Connection | None = None) -> dict[str, Any]:
    """Return somebody's access, of a row of `identity.queries.access`; `reader` sees what is not committed yet."""
    entries = networks.on_list(reader or current.reader(), row.id, NetworkList.PROVIDER)
    return {
        **{name: getattr(row, name) for name in PLAIN},
        "trusted_networks": networks.as_text(entry.network for entry in entries),
        "has_password": row.password_hash is not None,
    }


def columns(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return what was sent of somebody's access, by column; what was not sent is not there."""
    return {name: given[name] for name in PLAIN if name in given}


def new_password(given: Mapping[str, Any], rules: Callable[[], Rules]) -> NewPassword | None:
    """Hash the password that was sent, if one was, before any transaction opens; raises `Invalid`."""
    if "password" not in given:
        return None
    password = given["password"]
    about = rules().with_words(given.get("login"), given.get("name"))
    if faults := password_faults(password, password, about):
        raise Invalid(faults)
    return NewPassword(passwords.hashed(password), given["password_must_change"])
