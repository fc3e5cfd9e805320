"""Forget: take away values that stand outside the chain, which holds without them; never a row."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import func, null, or_, select, update
from sqlalchemy.orm import Session as Work

from gateway.audit.models import AuditEvent
from gateway.audit.operations import record
from gateway.audit.verifying import ERASED, FORGOTTEN, to_ranges
from gateway.db import AnyRow

THINGS = ("role.%", "class.%", "gateway.%", "portal.%")
"""Events whose details are about no person."""

_EVENT: Any = AuditEvent.__table__
_NO_PLACE = {"address": null(), "agent": null(), "place_salt": null()}
_NO_DETAILS: dict[str, Any] = {"details": {}, "details_salt": null()}


def is_forgotten(row: AnyRow) -> bool:
    """Tell whether the details of a row, if there were any, are no longer kept: their salt is gone, not the digest."""
    return row.details_salt is None and row.details_digest is not None


def forget_places(work: Work, seqs: Collection[int]) -> int:
    """Take address and agent out of these rows, as far as they are still there, and record which.

    Returns of how many. Rows from before there were digests stay as they are.
    """
    gone = work.execute(
        update(_EVENT)
        .where(_EVENT.c.seq.in_(seqs), _EVENT.c.place_salt.is_not(None))
        .values(_NO_PLACE)
        .returning(_EVENT.c.seq, _EVENT.c.at)
    ).all()
    if gone:
        until = max(row.at for row in gone).isoformat()
        which = to_ranges(sorted(row.seq for row in gone))
        record(work, FORGOTTEN, what="addresses", rows=len(gone), until=until, seqs=which)
    return len(gone)


def forget_people(work: Work, ids: Collection[str]) -> int:
    """Take address and agent out of the rows about these identities, or by them, and the details out of those about
    them. The ids stay. Who calls records `identity.erased` about each of them.

    Returns how many rows are about them in which nothing could be taken away: those from before there were digests.
    """
    about = or_(_EVENT.c.subject_id.in_(ids), _EVENT.c.customer_id.in_(ids))
    by_or_about = or_(about, _EVENT.c.actor_id.in_(ids))
    things = or_(*(_EVENT.c.event.like(kind) for kind in THINGS))
    work.execute(update(_EVENT).where(by_or_about, _EVENT.c.place_salt.is_not(None)).values(_NO_PLACE))
    work.execute(
        update(_EVENT)
        .where(about, ~things, _EVENT.c.event.not_in((FORGOTTEN, ERASED)), _EVENT.c.details_salt.is_not(None))
        .values(_NO_DETAILS)
    )
    before = select(func.count()).select_from(_EVENT).where(by_or_about, _EVENT.c.place_digest.is_(None))
    return int(work.execute(before).scalar_one())
