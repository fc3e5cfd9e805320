"""Tokens for programs: made, listed, revoked; and the sessions that login and token give (TOK-01 to TOK-07)."""

import secrets
import string
import zlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, bindparam, delete, func, insert, or_, select, true, update
from sqlalchemy.orm import Session as Work
from sqlalchemy.orm import aliased

from gateway.audit.operations import Stamp, record
from gateway.db import AnyRow, Prepared, new_id, rows_changed
from gateway.errors import Invalid, NotFound
from gateway.i18n.catalog import gettext as _
from gateway.identity import logins
from gateway.identity.concerning import concerning
from gateway.identity.models import Identity, Realm
from gateway.identity.token_models import ApiSession, ApiToken
from gateway.tokens import key_of, new_secret

PREFIX = "ptc_"
SESSION_PREFIX = "pts_"
ALPHABET = string.digits + string.ascii_uppercase + string.ascii_lowercase
BITS = 160
RANDOM_LENGTH, CHECK_LENGTH = 27, 6
LENGTH = len(PREFIX) + RANDOM_LENGTH + CHECK_LENGTH
MOST = 50
LONGEST_NAME = 100
USUAL_DAYS, MOST_DAYS = 90, 365
LONGEST_SESSION = timedelta(hours=1)
USED_AGAIN = timedelta(minutes=1)
KEPT = timedelta(days=30)

_author = aliased(Identity)
_LISTED = (
    select(ApiToken.__table__, _author.name.label("author_name"))
    .outerjoin(_author, _author.id == ApiToken.author_id)
    .where(ApiToken.identity_id == bindparam("id"))
    .order_by(ApiToken.id.desc())
)
_customer = aliased(Identity)
_ACCESS = (
    select(Identity.api_access & func.coalesce(_customer.api_access, true()))
    .outerjoin(_customer, _customer.id == Identity.customer_id)
    .where(Identity.id == bindparam("id"))
)
_TOKEN: Any = ApiToken.__table__
_USED = Prepared(
    update(_TOKEN)
    .where(
        _TOKEN.c.id == bindparam("token_id"),
        or_(_TOKEN.c.last_used_at.is_(None), _TOKEN.c.last_used_at <= bindparam("before")),
    )
    .values(last_used_at=bindparam("now"), last_used_address=bindparam("address"))
)


@dataclass(frozen=True, slots=True)
class Terms:
    """What a token may do and for how long: `level` is `view` or `full`; no `portals` means every one."""

    name: str
    level: str
    portals: Collection[str]
    days: int


def new_token() -> str:
    """Return a fresh token: the prefix by which scanners know it, 160 random bits, and their checksum."""
    random = _in_base_62(secrets.randbits(BITS), RANDOM_LENGTH)
    return f"{PREFIX}{random}{_check(random)}"


def is_well_formed(token: str) -> bool:
    """Tell whether a text can be a token at all: a typing mistake is told without asking the database (TOK-01)."""
    body = token.removeprefix(PREFIX)
    if len(token) != LENGTH or len(body) == len(token) or not token.isascii():
        return False
    return _check(body[:RANDOM_LENGTH]) == body[RANDOM_LENGTH:]


def _check(random: str) -> str:
    return _in_base_62(zlib.crc32(random.encode()), CHECK_LENGTH)


def _in_base_62(number: int, length: int) -> str:
    digits = []
    for _place in range(length):
        number, digit = divmod(number, len(ALPHABET))
        digits.append(ALPHABET[digit])
    return "".join(reversed(digits))


def make(work: Work, identity_id: str, terms: Terms, now: datetime) -> str:
    """Make a token for somebody and return it, this once; raises `NotFound`, and `Invalid` for terms that cannot be."""
    owner = work.scalars(select(Identity).where(Identity.id == identity_id).with_for_update()).one_or_none()
    if owner is None:
        raise NotFound
    if faults := _faults(terms):
        raise Invalid(faults)
    if (work.scalar(select(func.count()).where(ApiToken.identity_id == identity_id)) or 0) >= MOST:
        raise Invalid({"name": [_("There are %(most)d tokens already. Revoke one first.") % {"most": MOST}]})
    token, stamp = new_token(), _stamp(work)
    made = ApiToken(
        key=key_of(token),
        id=new_id(),
        identity_id=identity_id,
        author_id=stamp.actor_id,
        name=terms.name,
        level=terms.level,
        portals=",".join(sorted(terms.portals)) or None,
        created_at=now,
        expires_at=now + timedelta(days=terms.days),
    )
    work.add(made)
    after = {"name": made.name, "level": made.level, "portals": made.portals, "until": made.expires_at.isoformat()}
    record(work, "token.created", of=_about(stamp, owner), token=made.id, after=after)
    return token


def _faults(terms: Terms) -> dict[str, list[str]]:
    faults: dict[str, list[str]] = {}
    if not terms.name.strip() or len(terms.name) > LONGEST_NAME or not terms.name.isprintable():
        faults["name"] = [_("Enter a name of at most %(longest)d characters.") % {"longest": LONGEST_NAME}]
    if terms.level not in ("view", "full"):
        faults["level"] = [_("A token looks only (view) or does what its owner may (full).")]
    if not 1 <= terms.days <= MOST_DAYS:
        faults["days"] = [_("Between 1 and %(most)d days.") % {"most": MOST_DAYS}]
    return faults


def revoke(work: Work, identity_id: str, token_id: str) -> None:
    """Take a token of somebody away, with the sessions that it gave; raises `NotFound` for any other."""
    which = (ApiToken.id == token_id) & (ApiToken.identity_id == identity_id)
    if not _take_away(work, which, "token.revoked"):
        raise NotFound


def revoke_leaked(work: Work, token: str) -> bool:
    """Take away a token that was found where it should not be; tell whether there was one."""
    return is_well_formed(token) and _take_away(work, ApiToken.key == key_of(token), "token.leaked")


def _take_away(work: Work, which: object, event: str) -> bool:
    gone = work.execute(
        delete(ApiToken).where(which).returning(ApiToken.id, ApiToken.name, ApiToken.identity_id)  # type: ignore[arg-type]
    ).one_or_none()
    if gone is None:
        return False
    owner = work.get_one(Identity, gone.identity_id)
    record(work, event, of=_about(_stamp(work), owner), token=gone.id, name=gone.name)
    return True


def tokens(reader: Connection, identity_id: str) -> Sequence[AnyRow]:
    """Return somebody's tokens, the newest first, with who made each."""
    return reader.execute(_LISTED, {"id": identity_id}).all()


def start(work: Work, token: AnyRow, now: datetime, address: str | None) -> tuple[str, int]:
    """Open a session for a token that was found good (a row of `access.by_token`).

    Returns its bearer, and for how many seconds it is good: an hour, or less where the token ends sooner (TOK-05).
    """
    bearer = SESSION_PREFIX + new_secret()
    until = min(now + LONGEST_SESSION, token.token_expires_at)
    session_id = new_id()
    work.execute(
        insert(ApiSession).values(
            key=key_of(bearer), id=session_id, token_key=token.token_key, started_at=now, expires_at=until
        )
    )
    used(work, token.token_id, now, address)
    about = replace(_of_owner(_stamp(work), token), session=session_id)
    record(work, "api_session.started", of=about, token=token.token_id)
    return bearer, int((until - now).total_seconds())


def refuse(work: Work, login: str, cause: str, token: AnyRow | None, now: datetime) -> None:
    """Put a refused session on the record; a token that came with somebody else's login warns its owner (TOK-02)."""
    if token is None:
        shown = login[:3].encode("ascii", "replace").decode() + "…"
        record(work, "token.refused", outcome="refused", reason=cause, login=shown)
        return
    mismatch = cause == "login-mismatch"
    if mismatch:
        work.execute(update(ApiToken).where(ApiToken.id == token.token_id).values(mismatched_at=now))
    name = "token.login_mismatch" if mismatch else "token.refused"
    about = _of_owner(_stamp(work), token)
    record(work, name, outcome="refused", reason=cause, of=about, token=token.token_id)


def end(work: Work, session_id: str) -> None:
    """End a session of the API."""
    if rows_changed(work.execute(delete(ApiSession).where(ApiSession.id == session_id))):
        record(work, "api_session.ended")


def end_all(work: Work, whose: ColumnElement[bool], why: str) -> int:
    """End the sessions of the programs of everybody whom `whose` (a condition on identities) picks; return how many.

    Each is put on the record. Their tokens stay, and open new ones.
    """
    keys = select(ApiToken.key).join(Identity, Identity.id == ApiToken.identity_id).where(whose)
    owner = select(ApiToken.identity_id).where(ApiToken.key == ApiSession.token_key).scalar_subquery()
    ended = work.execute(
        delete(ApiSession).where(ApiSession.token_key.in_(keys)).returning(ApiSession.id, owner.label("owner_id")),
        execution_options={"synchronize_session": False},
    ).all()
    for row in ended:
        about = concerning(work, work.get_one(Identity, row.owner_id))
        record(work, "api_session.ended", reason=why, of=about, ended=row.id)
    return len(ended)


def used(work: Work, token_id: str, now: datetime, address: str | None) -> bool:
    """Note that a token was used, and from where: at most once a minute, whoever asks (TOK-07)."""
    values = {"token_id": token_id, "now": now, "before": now - USED_AGAIN, "address": address}
    return bool(_USED.changed(work.connection(), values))


def set_access(work: Work, identity_id: str, *, allowed: bool) -> None:
    """Switch the API on or off for somebody; off ends what their tokens opened, at the next request."""
    identity = work.scalars(select(Identity).where(Identity.id == identity_id).with_for_update()).one_or_none()
    if identity is None:
        raise NotFound
    if identity.api_access == allowed:
        return
    identity.api_access = allowed
    identity.version += 1
    about = _about(_stamp(work), identity)
    record(work, "access.changed", of=about, before={"api_access": not allowed}, after={"api_access": allowed})


def access_of(reader: Connection, identity_id: str) -> bool:
    """Tell whether the API is on for somebody: for an individual both their own switch and their customer's count."""
    return bool(reader.execute(_ACCESS, {"id": identity_id}).scalar_one_or_none())


def owner_by_login(reader: Connection, realm: Realm, login: str) -> AnyRow | None:
    """Return id, kind and API access of whoever has a login in a realm, or None."""
    return reader.execute(
        select(Identity.id, Identity.kind, Identity.api_access).where(
            Identity.realm == realm, Identity.login_key == logins.canonical(login)
        )
    ).one_or_none()


def forget_old(work: Work, now: datetime) -> None:
    """Take away tokens that expired a month ago."""
    work.execute(delete(ApiToken).where(ApiToken.expires_at < now - KEPT))


def _stamp(work: Work) -> Stamp:
    stamp: Stamp = work.info["stamp"]
    return stamp


def _about(stamp: Stamp, owner: Identity) -> Stamp:
    return replace(stamp, subject_id=owner.id, customer_id=owner.customer_id)


def _of_owner(stamp: Stamp, token: AnyRow) -> Stamp:
    return replace(
        stamp, realm=token.realm, actor_id=token.id, subject_id=token.id, customer_id=token.owner_customer_id
    )
