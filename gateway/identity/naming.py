"""What an identity is found and listed by: login, name, e-mail address, and what is made of them."""

from dataclasses import dataclass, fields

from gateway.errors import Invalid
from gateway.identity import logins
from gateway.identity.models import Identity


@dataclass(frozen=True, slots=True)
class Naming:
    """The fields that an identity is found and listed by, made from what was typed."""

    login: str | None
    login_key: str | None
    name: str
    email: str | None
    email_key: str | None
    sort_key: str
    search: str


def naming(login: str, name: str, email: str) -> Naming:
    """Make the fields under which somebody is found; empty texts become none."""
    login_key = logins.canonical(login) if login else None
    email_key = email.casefold() if email else None
    folded = logins.canonical(name)
    found_by = "\n".join(part for part in (folded, login_key, email_key) if part)
    return Naming(login or None, login_key, name, email or None, email_key, folded, found_by)


def rename(identity: Identity, *, login: str | None = None, name: str | None = None, email: str | None = None) -> None:
    """Give an identity another login, name or e-mail address (empty: none), and with it what it is found by.

    Raises `Invalid` when the login cannot be used.
    """
    if login and login != identity.login and (fault := logins.fault(login)):
        raise Invalid({"login": [fault]})
    made = naming(
        (identity.login or "") if login is None else login,
        identity.name if name is None else name,
        (identity.email or "") if email is None else email,
    )
    for field in fields(made):
        setattr(identity, field.name, getattr(made, field.name))
