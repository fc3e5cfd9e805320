"""A customer's consent to support access: the window that it opens and closes, and the requests for it."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, delete, exists, func, or_, select, update
from sqlalchemy.orm import Session as Work
from sqlalchemy.orm import aliased

from gateway.access.acting import CONSENT_MISSING
from gateway.access.models import SupportRequest
from gateway.audit.operations import Stamp, record
from gateway.db import AnyRow, rows_changed
from gateway.errors import Invalid, NotFound, Stale
from gateway.i18n.catalog import gettext as _
from gateway.identity import sessions
from gateway.identity.models import CustomerClass, Identity, Kind, Session, SupportAccess
from gateway.identity.notices import tell
from gateway.mail.letters import Letter

LONGEST = timedelta(days=30)
"""How far ahead a window may close."""
ASKED_FOR = timedelta(days=7)
MOST_OPEN = 5
"""How many requests may wait for a customer's answer at a time."""
KEPT = timedelta(days=30)
DAY = timedelta(days=1)

_administrator, _subject, _customer, _opener = (aliased(Identity) for _ in range(4))
_UNANSWERED = SupportRequest.answered_at.is_(None)
_STATE = (
    select(
        Identity.support_until,
        Identity.support_mail,
        Identity.email,
        CustomerClass.support_access,
        _opener.name.label("support_by"),
    )
    .join(CustomerClass, CustomerClass.id == Identity.class_id)
    .outerjoin(_opener, _opener.id == Identity.support_by_id)
)
_WAITING = (
    select(
        SupportRequest.id,
        SupportRequest.reason,
        SupportRequest.created_at,
        SupportRequest.expires_at,
        _administrator.name.label("administrator_name"),
        _subject.name.label("subject_name"),
        _subject.kind.label("subject_kind"),
    )
    .join(_administrator, _administrator.id == SupportRequest.administrator_id)
    .join(_subject, _subject.id == SupportRequest.subject_id)
    .where(_UNANSWERED)
    .order_by(SupportRequest.created_at, SupportRequest.id)
)


@dataclass(frozen=True, slots=True)
class Asked:
    """What an administrator last asked a customer for. Open while `answered_at` is None."""

    created_at: datetime
    expires_at: datetime
    answered_at: datetime | None
    granted: bool | None
    reason: str


def state(reader: Connection, customer_id: str) -> AnyRow:
    """Return what a customer's class asks of staff, and how the customer's window stands, and who opened it."""
    return reader.execute(_STATE.where(Identity.id == customer_id)).one()


def waiting(reader: Connection, customer_id: str, now: datetime) -> Sequence[AnyRow]:
    """Return the requests that wait for a customer's answer, the oldest first: at most `MOST_OPEN`."""
    mine = (SupportRequest.customer_id == customer_id) & (SupportRequest.expires_at > now)
    return reader.execute(_WAITING.where(mine)).all()


def is_asked(reader: Connection, customer_id: str, now: datetime) -> bool:
    """Tell whether a request waits for a customer's answer."""
    mine = (SupportRequest.customer_id == customer_id) & (SupportRequest.expires_at > now)
    return bool(reader.execute(select(exists().where(_UNANSWERED, mine))).scalar_one())


def asked_by(reader: Connection, customer_id: str, administrator_id: str, now: datetime) -> Asked | None:
    """Return what an administrator asked a customer for last, or None for nothing, or what lapsed."""
    row = reader.execute(
        select(*(getattr(SupportRequest, field.name) for field in fields(Asked)))
        .where(SupportRequest.customer_id == customer_id, SupportRequest.administrator_id == administrator_id)
        .order_by(SupportRequest.created_at.desc())
        .limit(1)
    ).one_or_none()
    if row is None or (row.answered_at is None and row.expires_at <= now):
        return None
    return Asked(*row)


def reason_granted(reader: Connection, customer_id: str, administrator_id: str, now: datetime) -> str | None:
    """Return for what reason an administrator was let in within the last day, if it was at their own wish."""
    asked = asked_by(reader, customer_id, administrator_id, now)
    if asked is None or not asked.granted or asked.answered_at is None or asked.answered_at <= now - DAY:
        return None
    return asked.reason


def ask(work: Work, customer_id: str, by: tuple[str, str], subject_id: str, reason: str, now: datetime) -> None:
    """Ask a customer for consent in the name of an administrator (`by`: id and name), to act as `subject_id`.

    The customer is told by mail. Raises `Stale` when it has opened its window meanwhile, and `Invalid` when the
    administrator waits for an answer already, or too many do.
    """
    customer = _locked(work, customer_id)
    if customer.support_until is not None and customer.support_until > now:
        raise Stale
    open_ones = select(SupportRequest.administrator_id).where(SupportRequest.customer_id == customer_id, _UNANSWERED)
    work.execute(delete(SupportRequest).where(SupportRequest.customer_id == customer_id, _UNANSWERED, _lapsed(now)))
    askers = work.scalars(open_ones).all()
    if by[0] in askers:
        raise Invalid({"reason": [_("You asked already, and there is no answer yet.")]})
    if len(askers) >= MOST_OPEN:
        raise Invalid({"reason": [_("Too many requests wait for this customer's answer already.")]})
    until = now + ASKED_FOR
    about = {"customer_id": customer_id, "administrator_id": by[0], "subject_id": subject_id}
    work.add(SupportRequest(**about, reason=reason, created_at=now, expires_at=until))
    subject = work.get_one(Identity, subject_id)
    who = {"actor": by[1], "actor_id": by[0], "subject": subject.name, "subject_id": subject_id}
    tell(work, customer, Letter.SUPPORT_ASKED, now, by_others=True, **who, reason=reason, until=until.isoformat())
    stamp: Stamp = work.info["stamp"]
    record(work, "support.asked", of=replace(stamp, subject_id=subject_id, customer_id=customer_id), why=reason)


def open_window(
    work: Work, customer_id: str, by_id: str, until: datetime, now: datetime, request_id: str | None = None
) -> None:
    """Let staff in until a moment, at most `LONGEST` ahead. All who wait for an answer have it with that.

    With `request_id` it is the answer to that request: raises `NotFound` for one of another customer's, and `Stale`
    when it was answered meanwhile or has lapsed. Raises `Invalid` for another moment, and where no consent is asked.
    """
    if not now < until <= now + LONGEST:
        raise Invalid({"until": [_("Choose a moment to come, within 30 days.")]})
    customer = _locked(work, customer_id)
    if work.get_one(CustomerClass, customer.class_id).support_access is not SupportAccess.CONSENT:
        raise Invalid({"until": [_("Your provider does not ask for your consent, so there is nothing to open.")]})
    if request_id is not None:
        _answer(work, customer_id, request_id, now, granted=True)
    _answer_all(work, customer_id, now)
    before = customer.support_until
    told: dict[str, Any] = {"after": until.isoformat()}
    customer.support_until, customer.support_by_id = until, by_id
    if before is not None and before > now:
        told["before"] = before.isoformat()
    if request_id is not None:
        told["request"] = request_id
    record(work, "support.opened", **told)


def close_window(work: Work, customer_id: str, now: datetime) -> None:
    """Let staff in no longer: every visit to the customer ends at once, but for those in an emergency.

    Raises `Stale` when the window is closed already.
    """
    open_now = (Identity.id == customer_id) & (Identity.support_until > now)
    if not rows_changed(work.execute(update(Identity).where(open_now).values(support_until=None, support_by_id=None))):
        raise Stale
    record(work, "support.closed")
    end_visits(work, customer_id, now)


def end_visits(work: Work, customer_id: str, now: datetime) -> None:
    """End the visits to a customer that its consent carried."""
    people = select(Identity.id).where(Identity.customer_id == customer_id)
    sessions.end_visits(work, Session.subject_id.in_(people) & Session.emergency.is_(False), CONSENT_MISSING, now)


def end_lapsed(work: Work, now: datetime) -> None:
    """End the visits to customers whose window ran out, or whose class has come to ask for consent."""
    asked = CustomerClass.support_access == SupportAccess.CONSENT
    shut = or_(_customer.support_until.is_(None), _customer.support_until <= now)
    lapsed = (
        select(_subject.id)
        .join(_customer, _customer.id == _subject.customer_id)
        .join(CustomerClass, CustomerClass.id == _customer.class_id)
        .where(_subject.id == Session.subject_id, asked, shut)
        .exists()
    )
    sessions.end_visits(work, Session.emergency.is_(False) & lapsed, CONSENT_MISSING, now)


def decline(work: Work, customer_id: str, request_id: str, now: datetime) -> None:
    """Answer a request with no; raises `NotFound` and `Stale` as `open_window` does."""
    _answer(work, customer_id, request_id, now, granted=False)
    record(work, "support.declined", request=request_id)


def want_mail(work: Work, customer_id: str, wanted: bool) -> None:
    """Have the customer told by mail of every visit of staff, or no longer."""
    which = (Identity.id == customer_id) & (Identity.support_mail != wanted)
    if rows_changed(work.execute(update(Identity).where(which).values(support_mail=wanted))):
        record(work, "support.mail", after=wanted)


def forget_old(work: Work, now: datetime) -> None:
    """Take away the requests that lapsed over a month ago; the record keeps what was asked and answered."""
    work.execute(delete(SupportRequest).where(SupportRequest.expires_at < now - KEPT))


def _lapsed(now: datetime) -> Any:
    return SupportRequest.expires_at <= now


def _locked(work: Work, customer_id: str) -> Identity:
    found = work.scalars(
        select(Identity).where(Identity.id == customer_id, Identity.kind == Kind.CUSTOMER).with_for_update()
    ).one_or_none()
    if found is None:
        raise NotFound
    return found


def _answer(work: Work, customer_id: str, request_id: str, now: datetime, *, granted: bool) -> None:
    mine = (SupportRequest.id == request_id) & (SupportRequest.customer_id == customer_id)
    still_open = mine & _UNANSWERED & (SupportRequest.expires_at > now)
    if rows_changed(work.execute(update(SupportRequest).where(still_open).values(answered_at=now, granted=granted))):
        return
    if work.scalars(select(func.count()).select_from(SupportRequest).where(mine)).one() == 0:
        raise NotFound
    raise Stale


def _answer_all(work: Work, customer_id: str, now: datetime) -> None:
    open_ones = (SupportRequest.customer_id == customer_id) & _UNANSWERED
    work.execute(update(SupportRequest).where(open_ones).values(answered_at=now, granted=True))
