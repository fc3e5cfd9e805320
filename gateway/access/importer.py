"""Customers and individuals from CSV: the columns of the panel, without passwords."""

import enum
import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Table, bindparam, or_, select, union, update
from sqlalchemy.orm import Session as Work

from gateway import cells, clock
from gateway.access.models import AllowedRole, Role
from gateway.db import AnyRow, new_id
from gateway.i18n.samples import check_pattern
from gateway.i18n.zones import zone_of
from gateway.identity import logins, networks, sessions
from gateway.identity.models import (
    CustomerClass,
    CustomerStatus,
    Identity,
    Kind,
    NetworkList,
    Realm,
    Scope,
    SecondFactor,
    Session,
    TrustedNetwork,
)
from gateway.identity.naming import naming
from gateway.identity.token_models import ApiSession, ApiToken
from gateway.importing import Beside, Field, Importer, Key, Line

LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*\Z")
MAIL = re.compile(r"[^@\s]{1,64}@[^@\s]{1,189}\Z")
DEFAULT_ROLE_NAME = "Default role"
LONGEST_NAME = 200
_SECOND_FACTOR, _STATUS = cells.one_of(SecondFactor), cells.one_of(CustomerStatus)
NETWORKS = "trusted_networks"
PATTERNS = ("output_date_format", "output_time_format", "input_date_format", "input_time_format")

_BY_LOGIN = select(Identity.login_key, Identity.id, Identity.kind, Identity.customer_id, Identity.email).where(
    Identity.realm == Realm.SELF_CARE, Identity.login_key.in_(bindparam("keys", expanding=True))
)
_NETWORKS = (
    select(Identity.realm, Identity.login_key, TrustedNetwork.network)
    .join(TrustedNetwork, TrustedNetwork.identity_id == Identity.id)
    .where(
        TrustedNetwork.list == NetworkList.PROVIDER,
        Identity.realm == Realm.SELF_CARE,
        Identity.login_key.in_(bindparam("keys", expanding=True)),
    )
    .order_by(Identity.login_key, TrustedNetwork.position)
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
    if text and (not MAIL.match(text) or not logins.is_plain(text)):
        raise ValueError("this is no e-mail address")
    return text


def name(text: str) -> str:
    """Read the name of somebody."""
    if len(text) > LONGEST_NAME:
        raise ValueError(f"at most {LONGEST_NAME} characters")
    if not logins.is_plain(text):
        raise ValueError("a name has no control characters or invisible characters")
    return text


def zone(text: str) -> str | None:
    """Read an IANA time zone; an empty one is inherited."""
    found = zone_of(text) if text else None
    if text and found is None:
        raise ValueError("there is no such time zone")
    return found


def language(text: str) -> str | None:
    """Read a BCP 47 tag; an empty one is inherited."""
    if text and not LANGUAGE.match(text):
        raise ValueError("this is no language tag, such as en or pt-BR")
    return text or None


def second_factor(text: str) -> enum.StrEnum:
    """Read an identity's own say; an empty one inherits."""
    return _SECOND_FACTOR(text or "inherit")


def status(text: str) -> enum.StrEnum:
    """Read a customer's status; an empty one is active."""
    return _STATUS(text or "active")


def trusted(text: str) -> list[str]:
    """Read trusted networks as they are typed in the panel."""
    return networks.parse(text)


def _pattern(name: str) -> Field:
    """Return the column of a pattern, checked as the panel checks it; an empty one is inherited."""

    def read(text: str) -> str | None:
        if text:
            check_pattern(name, text)
        return text or None

    return Field(name, read, required=False)


_PANEL = (
    Field("second_factor", second_factor, required=False),
    Field("trusted_networks", trusted, required=False),
    Field("api_access", cells.yes_or_no, required=False),
    Field("password_must_change", cells.yes_or_no, required=False),
    Field("time_zone", zone, required=False),
    Field("language", language, required=False),
    *(_pattern(name) for name in PATTERNS),
)


def _common(line: Line, kind: Kind, held: AnyRow | None) -> None:
    values = line.values
    listed = values.pop("trusted_networks", None)
    line.beside = None if "trusted_networks" in line.absent else {NETWORKS: listed}
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
        second_factor_chosen=False,
        support_mail=False,
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
        if values["activates_on"] and values["expires_on"] and values["expires_on"] <= values["activates_on"]:
            line.fault("expires_on", "this has to be later than activates_on")
        _common(line, Kind.INDIVIDUAL, held)


def _networks(connection: Connection, keys: Collection[Key]) -> dict[Key, dict[str, list[str]]]:
    """Return the provider's lists by realm and login."""
    found: dict[Key, dict[str, list[str]]] = {key: {NETWORKS: []} for key in keys}
    for row in connection.execute(_NETWORKS, {"keys": [login_key for _, login_key in keys]}):
        found[row.realm, row.login_key][NETWORKS].append(row.network)
    return found


def _keep_networks(work: Work, listed: Mapping[Key, Mapping[str, Any]]) -> None:
    """Keep the provider's lists that a file says; an open form of whoever gets another is stale."""
    held = _networks(work.connection(), listed.keys())
    changed = {key[1]: said[NETWORKS] for key, said in listed.items() if said != held[key]}
    for row in work.execute(_BY_LOGIN, {"keys": list(changed)}).all():
        networks.save(work, row.id, NetworkList.PROVIDER, changed[row.login_key], None, clock.now())
        work.execute(update(Identity).where(Identity.id == row.id).values(version=Identity.version + 1))


def _end_sessions(work: Work, staged: Table) -> None:
    """End the sessions of whoever a file has suspended, blocked or closed: none resumes when they are let in again."""
    shut = staged.c.status.in_([CustomerStatus.BLOCKED, CustomerStatus.CLOSED])
    in_file = (Identity.realm == Realm.SELF_CARE) & (Identity.login_key == staged.c.login_key)
    customers = select(Identity.id).join(staged, in_file).where(shut, Identity.status == staged.c.status)
    individuals = select(Identity.id).join(staged, in_file).where(staged.c.suspended, Identity.suspended)
    browsers = select(Session.subject_id).where(Session.scope == Scope.SELF_CARE, Session.ended_at.is_(None))
    programs = select(ApiToken.identity_id).join(ApiSession, ApiSession.token_key == ApiToken.key)
    live = select(Identity.id, Identity.customer_id.in_(customers).label("shut")).where(
        Identity.id.in_(union(browsers, programs)),
        or_(Identity.customer_id.in_(customers), Identity.id.in_(individuals)),
    )
    for row in work.execute(live).all():
        sessions.end_all(work, row.id, "customer-shut" if row.shut else "suspended", clock.now())


_KEPT = frozenset(
    {"id", "kind", "customer_id", "created_at", "password_hash", "last_login_at", "realm", "password_must_change"}
    | {"password_set_at", "second_factor_chosen", "provider_networks", "own_networks"}
    | {"support_until", "support_by_id", "support_mail"}
)

_LISTS = Beside(_networks, _keep_networks)

IMPORTERS = (
    Importer(
        "customers",
        (
            Field("login", login),
            Field("name", name),
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
        beside=_LISTS,
        after=_end_sessions,
    ),
    Importer(
        "individuals",
        (
            Field("customer"),
            Field("login", login),
            Field("name", name),
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
        beside=_LISTS,
        after=_end_sessions,
    ),
)
