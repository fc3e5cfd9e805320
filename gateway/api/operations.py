"""Doing something once for each Idempotency-Key, however often and from how many places at once it is asked for."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session as Work

from gateway.api.models import IdempotencyKey
from gateway.db import rows_changed
from gateway.errors import Invalid
from gateway.i18n.catalog import N_

LONGEST_WORD = 255
KEPT = timedelta(hours=24)
_INSERT: Any = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}


def claim(work: Work, identity_id: str, word: str, fingerprint: bytes, now: datetime) -> dict[str, Any] | None:
    """Take a word for a call, in the transaction of what it does; return the answer if that was done before.

    Somebody else with the same word at the same time waits here until that transaction ends. A word whose answer is no
    longer good (its `until` has passed) is as new. Raises `Invalid` for a word that cannot be, or that stood for
    another call.
    """
    if not 0 < len(word) <= LONGEST_WORD or not word.isascii() or not word.isprintable():
        raise Invalid({"Idempotency-Key": [N_("Use 1 to 255 printable ASCII characters.")]})
    values = {"identity_id": identity_id, "word": word, "fingerprint": fingerprint, "created_at": now}
    insert = _INSERT[work.get_bind().dialect.name](IdempotencyKey.__table__).values(values)
    taken = insert.on_conflict_do_nothing().returning(IdempotencyKey.__table__.c.word)
    if work.execute(taken).first() is not None:
        return None
    which = (IdempotencyKey.identity_id == identity_id) & (IdempotencyKey.word == word)
    row = work.execute(
        select(IdempotencyKey.fingerprint, IdempotencyKey.answer, IdempotencyKey.created_at).where(which)
    ).one()
    if (until := row.answer.get("until")) and datetime.fromisoformat(until) <= now:
        still_so = which & (IdempotencyKey.created_at == row.created_at)
        if rows_changed(work.execute(update(IdempotencyKey).where(still_so).values(values))):
            return None
        return claim(work, identity_id, word, fingerprint, now)
    if row.fingerprint != fingerprint:
        raise Invalid({"Idempotency-Key": [N_("This key stood for another call. Choose a new one.")]})
    answer: dict[str, Any] = row.answer
    return answer


def keep(work: Work, identity_id: str, word: str, answer: dict[str, Any]) -> None:
    """Keep the answer to the call that took a word."""
    which = (IdempotencyKey.identity_id == identity_id) & (IdempotencyKey.word == word)
    work.execute(update(IdempotencyKey).where(which).values(answer=answer))


def forget_old(work: Work, now: datetime) -> None:
    """Take away the answers of yesterday."""
    work.execute(delete(IdempotencyKey).where(IdempotencyKey.created_at < now - KEPT))
