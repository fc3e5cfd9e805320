"""Who calls the API? One prebuilt statement for a session and one for a token, and the rules that both must pass.

What comes out is a `Visitor` like any other, under the ceiling of its token, so every rule of the pages holds here.
"""

from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, bindparam, exists, select
from sqlalchemy.orm import aliased

from gateway.access.levels import Level
from gateway.access.models import AllowedRole, Role
from gateway.access.queries import OUTSIDE, admin_levels, levels_of, made_of
from gateway.access.rights import KEPT, Compiled, Rights
from gateway.access.visitor import Visitor
from gateway.db import AnySelect, Prepared, UTCDateTime
from gateway.i18n.preferences import Preferences
from gateway.identity import networks
from gateway.identity.inheritance import PREFERENCES, preferences_in_force, says
from gateway.identity.logins import canonical
from gateway.identity.models import CustomerClass, Gateway, Identity, Kind, Realm, Scope
from gateway.identity.standing import Standing, individual_standing, log_in_refusal
from gateway.identity.token_models import ApiSession, ApiToken

_subject, _customer, _handed_out = aliased(Identity), aliased(Identity), aliased(AllowedRole)


_COLUMNS = (
    ApiToken.key.label("token_key"),
    ApiToken.id.label("token_id"),
    ApiToken.level,
    ApiToken.portals,
    ApiToken.expires_at.label("token_expires_at"),
    ApiToken.last_used_at,
    _subject.id,
    _subject.kind,
    _subject.realm,
    _subject.name,
    _subject.login,
    _subject.login_key,
    _subject.suspended,
    _subject.api_access,
    _subject.activates_on,
    _subject.expires_on,
    _subject.customer_id.label("owner_customer_id"),
    _customer.name.label("customer_name"),
    _customer.status.label("customer_status"),
    _customer.api_access.label("customer_api_access"),
    Role.id.label("role_id"),
    Role.name.label("role_name"),
    Role.version.label("role_version"),
    AllowedRole.role_id.label("allowed_role_id"),
    exists().where(_handed_out.customer_id == _subject.customer_id).label("hands_out"),
    Gateway.version.label("gateway_version"),
    *networks.lists(_subject, _customer),
    *says(PREFERENCES, _subject, _customer, CustomerClass),
)


def _with_owner(statement: AnySelect) -> AnySelect:
    return (
        statement.join(_subject, _subject.id == ApiToken.identity_id)
        .outerjoin(_customer, _customer.id == _subject.customer_id)
        .outerjoin(CustomerClass, CustomerClass.id == _customer.class_id)
        .outerjoin(Role, (Role.id == _subject.role_id) & (Role.realm == _subject.realm))
        .outerjoin(
            AllowedRole,
            (AllowedRole.customer_id == _subject.customer_id) & (AllowedRole.role_id == _subject.role_id),
        )
        .join(Gateway, Gateway.id == 1)
    )


_TOKEN = Prepared(_with_owner(select(*_COLUMNS).select_from(ApiToken)).where(ApiToken.key == bindparam("key")))
_SESSION = Prepared(
    _with_owner(
        select(ApiSession.id.label("session_id"), ApiSession.started_at, *_COLUMNS)
        .select_from(ApiSession)
        .join(ApiToken, ApiToken.key == ApiSession.token_key)
    ).where(ApiSession.key == bindparam("key"), ApiSession.expires_at > bindparam("now", type_=UTCDateTime()))
)


def token_of(
    reader: Connection, rights: Rights, key: bytes, login: str, address: str | None, now: datetime
) -> tuple[Any, str | None]:
    """Read a token by its key, for a login: returns its row (None: there is none), and why it opens nothing or None."""
    row = _TOKEN.one_or_none(reader, {"key": key})
    if row is None:
        return None, "unknown-token"
    if canonical(login) != row.login_key:
        return row, "login-mismatch"
    return row, _refusal(row, _preferences(reader, rights, row), address, now)


def visitor_of(
    reader: Connection, rights: Rights, key: bytes, address: str | None, now: datetime
) -> tuple[Visitor, Any] | None:
    """Resolve a session of the API by its key, in one query; None when it is no more, for whatever reason.

    Returns the row beside the visitor: it says when the token was used last. Whatever happened to the token, its owner,
    their customer or their networks acts at once (TOK-06).
    """
    row = _SESSION.one_or_none(reader, {"key": key, "now": now})
    if row is None:
        return None
    preferences = _preferences(reader, rights, row)
    if _refusal(row, preferences, address, now) is not None:
        return None
    defaults = rights.defaults(reader, row.gateway_version)
    found = made_of(
        row,
        key,
        Scope.API,
        _limited(_levels(rights, reader, row), row.portals),
        preferences,
        defaults,
        realm=row.realm,
        customer_id=row.owner_customer_id,
        customer_name=row.customer_name,
        customer_status=row.customer_status,
        ceilings=() if row.level == Level.FULL.word else (Level.of(row.level),),
        portals_off=defaults.portals_off if row.realm is Realm.SELF_CARE else frozenset(),
        last_seen_at=row.started_at,
        proved_at=None,
        methods=(),
    )
    return found, row


def _preferences(reader: Connection, rights: Rights, row: Any) -> Preferences:
    return preferences_in_force(row, rights.defaults(reader, row.gateway_version).preferences)


def _refusal(row: Any, preferences: Preferences, address: str | None, now: datetime) -> str | None:
    """Return why nothing is done for a token, or None: it is over, switched off, barred, or from elsewhere."""
    if now >= row.token_expires_at:
        return "token-expired"
    if not row.api_access or (row.kind is Kind.INDIVIDUAL and not row.customer_api_access):
        return "api-access-off"
    if row.login_key is None:
        return "no-login"
    if cause := log_in_refusal(row.customer_status, _standing(row, preferences, now)):
        return cause
    if not networks.admitted(row, address, now):
        return OUTSIDE
    return None


def _standing(row: Any, preferences: Preferences, now: datetime) -> Standing:
    if row.kind is Kind.CUSTOMER:
        return Standing.ACTIVE
    return individual_standing(row.suspended, row.activates_on, row.expires_on, preferences.time_zone, now)


def _levels(rights: Rights, reader: Connection, row: Any) -> Compiled:
    if row.realm is Realm.ADMIN:
        return admin_levels(rights, reader, row.role_id, row.role_version)
    return levels_of(rights, reader, row)


@lru_cache(maxsize=KEPT)
def _limited(levels: Compiled, portals: str | None) -> Compiled:
    """Return the levels in the portals of a token alone, kept like the levels themselves."""
    if portals is None:
        return levels
    made = Compiled({slug: nodes for slug, nodes in levels.items() if slug in portals.split(",")})
    made.doors = levels.doors
    return made
