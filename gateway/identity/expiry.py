"""Sessions that ran out by themselves: found by the worker, so that the record says so (AUD-01)."""

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, case, delete, func, or_, select
from sqlalchemy.orm import Session as Work
from sqlalchemy.orm import aliased

from gateway.audit.operations import Stamp, record
from gateway.db import AnyRow, rows_changed
from gateway.identity import sessions
from gateway.identity.models import CustomerClass, Gateway, Identity, Kind, Scope, Session, Stage
from gateway.identity.token_models import ApiSession, ApiToken

AT_ONCE = 200

_customer = aliased(Identity)
_CLASSES = select(
    CustomerClass.id,
    func.coalesce(CustomerClass.idle_minutes, Gateway.idle_minutes).label("idle"),
    func.coalesce(CustomerClass.absolute_minutes, Gateway.absolute_minutes).label("absolute"),
).join(Gateway, Gateway.id == 1)
_STAFF = select(Gateway.admin_idle_minutes.label("idle"), Gateway.admin_absolute_minutes.label("absolute"))


def end_over(work: Work, now: datetime) -> int:
    """End sessions that passed their limits, some hundreds at once at most; return how many.

    Those of programs end with their hour, or with their token.
    """
    staff, classes = work.execute(_STAFF).one(), work.execute(_CLASSES).all()
    of_class = [(_customer.class_id == rule.id, rule) for rule in classes]
    limits = [(Identity.kind == Kind.ADMINISTRATOR, staff), *of_class]

    def before(limit: str) -> ColumnElement[datetime]:
        moments = [(whose, now - timedelta(minutes=getattr(rule, limit))) for whose, rule in limits]
        return case(*moments)

    too_long = Session.started_at < before("absolute")
    over = or_(too_long, Session.last_seen_at < before("idle"))
    why = case((too_long, "absolute"), else_="idle")
    # Nobody was seen before they began, so this says nothing new, but it is what the index is of.
    shortest = min(min(rule.idle, rule.absolute) for _whose, rule in limits)
    began = Session.started_at < now - timedelta(minutes=shortest)
    live = (Session.scope != Scope.VISIT) & (Session.stage == Stage.LIVE) & Session.ended_at.is_(None)
    rows = work.execute(
        select(
            Session.key, Session.id, Identity.realm, Identity.id.label("who"), Identity.customer_id, why.label("why")
        )
        .join(Identity, Identity.id == Session.subject_id)
        .outerjoin(_customer, _customer.id == Identity.customer_id)
        .where(live, began, over)
        .limit(AT_ONCE)
    ).all()
    for row in rows:
        if sessions.end(work, row.key, row.why, now):
            record(work, "session.expired", reason=row.why, of=_of(row))
    return len(rows) + _end_programs(work, now)


def _end_programs(work: Work, now: datetime) -> int:
    rows = work.execute(
        select(
            ApiSession.key,
            ApiSession.id,
            ApiToken.id.label("token"),
            Identity.realm,
            Identity.id.label("who"),
            Identity.customer_id,
        )
        .join(ApiToken, ApiToken.key == ApiSession.token_key)
        .join(Identity, Identity.id == ApiToken.identity_id)
        .where(ApiSession.expires_at < now)
        .order_by(ApiSession.expires_at)
        .limit(AT_ONCE)
    ).all()
    for row in rows:
        if rows_changed(work.execute(delete(ApiSession).where(ApiSession.key == row.key))):
            record(work, "api_session.expired", of=_of(row), token=row.token)
    return len(rows)


def _of(row: AnyRow) -> Stamp:
    return Stamp(realm=row.realm, actor_id=row.who, subject_id=row.who, customer_id=row.customer_id, session=row.id)
