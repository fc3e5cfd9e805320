"""What the worker does for portals elsewhere: tells them of log-outs until they confirm, and asks whether they answer.

Notices are queued by whatever ends a session, in its transaction (`gateway.identity.elsewhere`). What ends by itself, a
session that idled out or rights that changed, is found here.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session as Work

from gateway import outbound
from gateway.access import external
from gateway.access.models import ExternalPortal
from gateway.access.rights import Rights
from gateway.audit.operations import record
from gateway.db import AnyRow, Database
from gateway.identity import elsewhere
from gateway.identity.models import ExternalSession, LogoutNotice, Session
from gateway.keys import Vault
from gateway.oidc import keys, operations, tokens
from gateway.oidc.models import AuthorizationCode, RefreshToken
from gateway.settings import Settings

BATCH = 20
SWEEP_BATCH = 500
LEASE = timedelta(seconds=30)
PAUSES = (2, 5, 15, 30, 60, 300, 900, 3600, 6 * 3600, 12 * 3600)
"""Seconds between one attempt and the next; after the last nobody tries any more. Tokens died within the first."""
KEPT = timedelta(days=30)
USED_TOKENS_KEPT = timedelta(days=1)
HEALTH_EVERY, HEALTH_AFTER_MISS = timedelta(minutes=1), timedelta(seconds=10)

InWork = Callable[[Callable[[Work], Any]], Any]
"""Runs something in one transaction of its own, commits it, and returns what it returned."""

_DUE = (
    select(
        LogoutNotice.__table__, func.coalesce(LogoutNotice.logout_uri, ExternalPortal.logout_uri, "").label("told_at")
    )
    .outerjoin(ExternalPortal, ExternalPortal.slug == LogoutNotice.portal)
    .order_by(LogoutNotice.due_at)
    .limit(BATCH)
)
_LIVE = (
    select(
        ExternalSession.id,
        ExternalSession.portal,
        ExternalSession.session_key,
        ExternalSession.ended_at,
        ExternalSession.told,
        Session.scope.label("session_scope"),
        Session.handle,
        ExternalSession.address,
    )
    .join(Session, Session.key == ExternalSession.session_key)
    .where(ExternalSession.ended_at.is_(None))
    .order_by(ExternalSession.id)
    .limit(SWEEP_BATCH)
)


@dataclass(frozen=True, slots=True)
class Letter:
    """A logout token on its way. `url` is empty for a portal that cannot be told."""

    notice: str
    url: str
    token: str
    attempt: int


def end_what_is_over(database: Database, rights: Rights, in_work: InWork, now: datetime) -> None:
    """End the sessions elsewhere under which the ground has gone; to be called several times a minute.

    It asks of each whether it still holds what its portal was told, one statement each.
    """
    with database.reading() as reader:
        over = _over(reader, rights, now)
    if over:
        in_work(lambda work: _end(work, over, now))


def send_logouts(settings: Settings, vault: Vault, in_work: InWork, now: datetime) -> int:
    """Tell portals of every log-out that is due; return how many were confirmed.

    To be called every few seconds, by one process or by several.
    """
    letters = in_work(lambda work: _taken(work, settings, vault, now))
    if not letters:
        return 0
    with ThreadPoolExecutor(BATCH) as pool:
        answers = list(pool.map(lambda letter: _sent(letter, settings), letters))
    in_work(lambda work: _settled(work, letters, answers, now))
    return answers.count(None)


def check_health(database: Database, settings: Settings, in_work: InWork, now: datetime) -> None:
    """Ask the start page of every portal elsewhere whether it answers: once a minute, after a miss more often."""
    with database.reading() as reader:
        due = [row for row in external.rows(reader) if row.checked_at is None or now - row.checked_at >= _pause(row)]
    if not due:
        return
    with ThreadPoolExecutor(BATCH) as pool:
        found = list(pool.map(lambda row: _answers(row.start_url, settings), due))

    def note(work: Work) -> None:
        for row, up in zip(due, found, strict=True):
            external.note_health(work, row.slug, row.up if up is None else up, now)

    in_work(note)


def clean_up(work: Work, vault: Vault, now: datetime) -> None:
    """Take away what is long used or over, and look after the keys; to be called with the rest of the clean-up."""
    work.execute(delete(AuthorizationCode).where(AuthorizationCode.expires_at < now - USED_TOKENS_KEPT))
    work.execute(delete(RefreshToken).where(RefreshToken.used_at < now - USED_TOKENS_KEPT))
    work.execute(delete(LogoutNotice).where(LogoutNotice.created_at < now - KEPT, LogoutNotice.due_at.is_(None)))
    work.execute(delete(ExternalSession).where(ExternalSession.ended_at < now - KEPT))
    keys.look_after(work, vault, now)


def _pause(row: AnyRow) -> timedelta:
    return HEALTH_AFTER_MISS if row.misses else HEALTH_EVERY


def _over(reader: Any, rights: Rights, now: datetime) -> list[tuple[AnyRow, str]]:
    """Return the sessions elsewhere under which the ground has gone, each with why."""
    found, after = [], ""
    while rows := reader.execute(_LIVE.where(ExternalSession.id > after)).all():
        for row in rows:
            if (why := operations.over(reader, rights, row, now)) is not None:
                found.append((row, why))
        after = rows[-1].id
    return found


def _end(work: Work, over: Sequence[tuple[AnyRow, str]], now: datetime) -> None:
    """End what is still as it was found: not what goes on under a new id, was told anew, or let in at a new address."""
    for row, why in over:
        as_found = (
            (ExternalSession.id == row.id)
            & (ExternalSession.session_key == row.session_key)
            & ExternalSession.told.is_not_distinct_from(row.told)
            & ExternalSession.address.is_not_distinct_from(row.address)
        )
        elsewhere.end(work, as_found, why, now)


def _taken(work: Work, settings: Settings, vault: Vault, now: datetime) -> list[Letter]:
    """Take what is due for half a minute, so that no other worker sends it too, and sign what will be sent."""
    rows = work.execute(_DUE.where(LogoutNotice.due_at <= now)).all()
    mine = [row for row in rows if _claimed(work, row, now)]
    if not mine:
        return []
    key = keys.signing(work.connection(), vault, now)

    def token(row: AnyRow) -> str:
        return tokens.logout_token(key, settings.base_url, row.portal, row.subject_id, row.sid, now)

    return [Letter(row.id, row.told_at, token(row), row.attempts) for row in mine]


def _claimed(work: Work, row: AnyRow, now: datetime) -> bool:
    due = (LogoutNotice.id == row.id) & (LogoutNotice.due_at <= now)
    values = {"due_at": now + LEASE, "attempts": LogoutNotice.attempts + 1}
    return work.execute(update(LogoutNotice).where(due).values(values).returning(LogoutNotice.id)).first() is not None


def _sent(letter: Letter, settings: Settings) -> str | None:
    """Send one; return None when the portal confirmed, else why not."""
    if not letter.url:
        return "no address for log-outs"
    body = urlencode({"logout_token": letter.token}).encode()
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    try:
        status = outbound.call("POST", letter.url, settings.outbound_networks, body, headers)
    except outbound.Unreachable as error:
        return str(error)
    return None if status in (200, 204) else f"HTTP {status}"


def _settled(work: Work, letters: Sequence[Letter], answers: Sequence[str | None], now: datetime) -> None:
    for letter, fault in zip(letters, answers, strict=True):
        values: dict[str, Any] = {"fault": fault}
        if fault is None:
            values |= {"confirmed_at": now, "due_at": None}
        elif not letter.url or letter.attempt >= len(PAUSES):
            values |= {"due_at": None}
            record(work, "logout.unconfirmed", outcome="refused", reason="given-up", notice=letter.notice, fault=fault)
        else:
            values |= {"due_at": now + timedelta(seconds=PAUSES[letter.attempt])}
        work.execute(update(LogoutNotice).where(LogoutNotice.id == letter.notice).values(values))


def _answers(url: str, settings: Settings) -> bool | None:
    """Tell whether a start page answers; None where it may not be called from here, so nobody knows."""
    try:
        return outbound.call("HEAD", url, settings.outbound_networks) < 500
    except outbound.Unreachable as error:
        return None if str(error) == "a private address" else False
