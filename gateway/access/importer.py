"""Customers and individuals from CSV: the columns of the panel, without passwords."""

import re
from collections.abc import Callable, Mapping, Sequence
from zoneinfo import available_timezones

from sqlalchemy import Connection, bindparam, select
from sqlalchemy.orm import Session as Work

from gateway import cells, clock
from gateway.access.models import AllowedRole, Role
from gateway.db import AnyRow, new_id
from gateway.i18n.samples import check_pattern
from gateway.identity import logins, networks
from gateway.identity.models import (
    CustomerClass,
    CustomerStatus,
    Identity,
    Kind,
    NetworkList,
    Realm,
    SecondFactor,
    TrustedNetwork,
)
from gateway.identity.operations import naming
from gateway.importing import Field, Importer, Line

LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*\Z")
MAIL = re.compile(r"[^@\s]{1,64}@[^@\s]{1,189}\Z")
DEFAULT_ROLE_NAME = "Default role"

_BY_LOGIN = select(Identity.login_key, Identity.id, Identity.kind, Identity.customer_id, Identity.email).where(
    Identity.realm == Realm.SELF_CARE, Identity.login_key.in_(bindparam("keys", expanding=True))
)
_HAVE_NETWORKS = (
    select(Identity.login_key)
    .join(TrustedNetwork, TrustedNetwork.identity_id == Identity.id)
    .where(TrustedNetwork.list == NetworkList.PROVIDER, Identity.realm == Realm.SELF_CARE)
    .distinct()
)
_ROLES = select(Role.name_key, Role.id).where(Role.realm == Realm.SELF_CARE)
_CLASSES = select(CustomerClass.name, CustomerClass.id)
_ALLOWED = select(AllowedRole.customer_id, AllowedRole.role_id).where(
    AllowedRole.customer_id.in_(bindparam("customers", expanding=True))
)


def login(text: str) -> str:
    """Read a login; an empty one is none."""
    if text and (fault := logins.fault(text)):
        raise ValueError(fault)
    return text


def mail(text: str) -> str:
    """Read an e-mail address; an empty one is none."""
    if text and not MAIL.match(text):
        raise ValueError("this is no e-mail address")
    return text


def zone(text: str) -> str | None:
    """Read an IANA time zone; an empty one is inherited."""
    if text and text not in available_timezones():
        raise ValueError("there is no such time zone")
    return text or None


def language(text: str) -> str | None:
    """Read a BCP 47 tag; an empty one is inherited."""
    if text and not LANGUAGE.match(text):
        raise ValueError("this is no language tag, such as en or pt-BR")
    return text or None


def second_factor(text: str) -> SecondFactor:
    """Read an identity's own say; an empty one inherits."""
    if text and text not in list(SecondFactor):
        raise ValueError("one of " + ", ".join(SecondFactor))
    return SecondFactor(text or "inherit")


def status(text: str) -> CustomerStatus:
    """Read a customer's status; an empty one is active."""
    if text and text not in list(CustomerStatus):
        raise ValueError("one of " + ", ".join(CustomerStatus))
    return CustomerStatus(text or "active")


def trusted(text: str) -> list[str]:
    """Read trusted networks as they are typed in the panel."""
    return networks.parse(text)


def pattern(field: str) -> Callable[[str], str | None]:
    """Return a reader of formats for a field of preferences; an empty one is inherited."""

    def read(text: str) -> str | None:
        if text:
            check_pattern(field, text)
        return text or None

    return read


_PANEL = (
    Field("second_factor", second_factor, required=False),
    Field("trusted_networks", trusted, required=False),
    Field("api_access", cells.yes_or_no, required=False),
    Field("password_must_change", cells.yes_or_no, required=False),
    Field("time_zone", zone, required=False),
    Field("language", language, required=False),
    *(
        Field(name, pattern(name), required=False)
        for name in ("output_date_format", "output_time_format", "input_date_format", "input_time_format")
    ),
)


def _common(line: Line, kind: Kind, held: AnyRow | None) -> None:
    values = line.values
    listed = values.pop("trusted_networks", None)
    line.beside = None if "trusted_networks" in line.absent else listed
    email = values.pop("email", None) or ""
    if held is not None and "email" in line.absent:
        email = held.email or ""
    found_by = naming(values.pop("login"), values.pop("name"), email)
    values.update(
        id=new_id(),
        kind=kind,
        realm=Realm.SELF_CARE,
        login=found_by.login,
        login_key=found_by.login_key,
        name=found_by.name,
        email=found_by.email,
        email_key=found_by.email_key,
        sort_key=found_by.sort_key,
        search=found_by.search,
        suspended=values.get("suspended", False),
        created_at=clock.now(),
        version=1,
    )


def _taken(connection: Connection, lines: Sequence[Line]) -> dict[str, AnyRow]:
    keys = {logins.canonical(line.values["login"]) for line in lines}
    return {row.login_key: row for row in connection.execute(_BY_LOGIN, {"keys": list(keys)})}


def _customers(connection: Connection, lines: Sequence[Line]) -> None:
    roles = dict(connection.execute(_ROLES).all())
    classes = dict(connection.execute(_CLASSES).all())
    taken = _taken(connection, lines)
    for line in lines:
        values = line.values
        held = taken.get(logins.canonical(values["login"]))
        if held is not None and held.kind is not Kind.CUSTOMER:
            line.fault("login", "this login is an individual's")
        values["class_id"] = classes.get(values.pop("customer_class"))
        if values["class_id"] is None:
            line.fault("customer_class", "there is no such class")
        role = values.pop("role") or DEFAULT_ROLE_NAME
        values["role_id"] = roles.get(logins.canonical(role))
        if values["role_id"] is None:
            line.fault("role", f"there is no role {role!r} in the self-care realm")
        _common(line, Kind.CUSTOMER, held)
        values["customer_id"] = values["id"]


def _individuals(connection: Connection, lines: Sequence[Line]) -> None:
    roles = dict(connection.execute(_ROLES).all())
    taken = _taken(connection, lines)
    keys = {logins.canonical(line.values["customer"]) for line in lines}
    owners = {
        row.login_key: row.id
        for row in connection.execute(_BY_LOGIN, {"keys": list(keys)})
        if row.kind is Kind.CUSTOMER
    }
    allowed = set(connection.execute(_ALLOWED, {"customers": list(owners.values())}).all())
    for line in lines:
        values = line.values
        owner = owners.get(logins.canonical(values["customer"]))
        if owner is None:
            line.fault("customer", f"there is no customer with the login {values['customer']!r}")
        held = taken.get(logins.canonical(values["login"]))
        if held is not None and (held.kind is not Kind.INDIVIDUAL or held.customer_id != owner):
            line.fault("login", "this login is taken by somebody else")
        del values["customer"]
        values["customer_id"] = owner
        role = values.pop("role")
        values["role_id"] = roles.get(logins.canonical(role))
        if owner is not None and (owner, values["role_id"]) not in allowed:
            line.fault("role", f"{role!r} is not among the roles that this customer may hand out")
        _common(line, Kind.INDIVIDUAL, held)


def _networks(work: Work, listed: Mapping[str, Sequence[str]]) -> None:
    """Keep the provider's lists that a file says, by login; most are empty and were so before."""
    holders = set(work.scalars(_HAVE_NETWORKS))
    keys = [key for key, wanted in listed.items() if wanted or key in holders]
    for start in range(0, len(keys), 500):
        for row in work.execute(_BY_LOGIN, {"keys": keys[start : start + 500]}).all():
            networks.save(work, row.id, NetworkList.PROVIDER, listed[row.login_key], None, clock.now())


_KEPT = frozenset(
    {"id", "kind", "customer_id", "created_at", "password_hash", "last_login_at", "realm", "password_must_change"}
    | {"password_set_at"}
)

IMPORTERS = (
    Importer(
        "customers",
        (
            Field("login", login),
            Field("name", cells.text_up_to(200)),
            Field("email", mail, required=False),
            Field("customer_class"),
            Field("status", status, required=False),
            Field("role", required=False),
            *_PANEL,
        ),
        Identity,
        ("realm", "login_key"),
        _customers,
        kept=_KEPT,
        also_key="login",
        write_beside=_networks,
    ),
    Importer(
        "individuals",
        (
            Field("customer"),
            Field("login", login),
            Field("name", cells.text_up_to(200)),
            Field("email", mail, required=False),
            Field("role"),
            Field("activates_on", cells.optional(cells.day), required=False),
            Field("expires_on", cells.optional(cells.day), required=False),
            Field("suspended", cells.yes_or_no, required=False),
            *_PANEL,
        ),
        Identity,
        ("realm", "login_key"),
        _individuals,
        kept=_KEPT,
        also_key="login",
        write_beside=_networks,
    ),
)
