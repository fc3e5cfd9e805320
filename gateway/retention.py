"""How long values are kept: by the class of a customer, else as the gateway has it; without either for ever.

Once a day, and when a class or the gateway changes its mind, the worker goes over the record and the rows of portals,
in short transactions that each say on the record what they took away.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, time, timedelta
from itertools import islice

from sqlalchemy import func, select
from sqlalchemy.orm import aliased

from gateway.access.erasing import AT_ONCE
from gateway.audit.forgetting import forget_places
from gateway.audit.models import AuditEvent
from gateway.audit.operations import Stamp, record
from gateway.audit.verifying import FORGOTTEN
from gateway.db import AnyRow
from gateway.identity.models import CustomerClass, Gateway, Identity, Kind
from gateway.portal.declaration import Portal
from gateway.web.current import House

STEPS = 50

_customer = aliased(Identity)
_addresses_days = func.coalesce(CustomerClass.keep_addresses_days, Gateway.keep_addresses_days)
_usage_days = func.coalesce(CustomerClass.keep_usage_days, Gateway.keep_usage_days)
_RULES = (
    select(
        CustomerClass.id,
        _addresses_days.label("addresses"),
        _usage_days.label("usage"),
        Gateway.keep_addresses_days.label("default"),
    )
    .select_from(Gateway)
    .outerjoin(CustomerClass, Gateway.id == 1)
    .order_by(CustomerClass.id)
)
_PLACES = (
    select(
        AuditEvent.seq,
        AuditEvent.at,
        AuditEvent.place_salt.is_not(None).label("is_held"),
        _addresses_days.label("days"),
    )
    .outerjoin(_customer, _customer.id == AuditEvent.customer_id)
    .outerjoin(CustomerClass, CustomerClass.id == _customer.class_id)
    .join(Gateway, Gateway.id == 1)
    .order_by(AuditEvent.seq)
    .limit(AT_ONCE)
)


class Sweep:
    """One going over all that may be too old; taken up again where it was left."""

    def __init__(self, house: House, portals: Sequence[Portal]) -> None:
        self._house, self._portals = house, portals
        self._for: object = None
        self._steps: Iterator[None] = iter(())

    def go_on(self, now: datetime) -> None:
        """Do some steps more; begins anew on another day, or when another rule holds."""
        with self._house.database.reading() as reader:
            rules = reader.execute(_RULES).all()
        wanted = (now.astimezone(UTC).date(), rules)
        if self._for != wanted:
            self._for = wanted
            self._steps = self._all(rules, now)
        for _ in islice(self._steps, STEPS):
            pass

    def _all(self, rules: Sequence[AnyRow], now: datetime) -> Iterator[None]:
        days = (each for rule in rules for each in (rule.addresses, rule.default) if each is not None)
        shortest = min(days, default=None)
        if shortest is not None:
            yield from self._places(_too_old(shortest, now), now)
        for rule in rules:
            if rule.usage is not None:
                for portal in self._portals:
                    yield from self._usage(portal, rule.id, _too_old(rule.usage, now))

    def _places(self, latest: datetime, now: datetime) -> Iterator[None]:
        """Forget the addresses of the record, row by row from the first on, up to the latest that may go."""
        after = 0
        while True:
            with self._house.database.reading() as reader:
                rows = reader.execute(_PLACES.where(AuditEvent.seq > after)).all()
            old = [row.seq for row in rows if row.is_held and row.days is not None and row.at < _too_old(row.days, now)]
            if old:
                with self._house.database.writing() as work:
                    forget_places(self._house.stamped(work, Stamp()), old)
                    work.commit()
            if not rows or rows[-1].at >= latest:
                return
            after = rows[-1].seq
            yield

    def _usage(self, portal: Portal, class_id: str | None, before: datetime) -> Iterator[None]:
        """Let a portal forget what customers of a class used before a moment."""
        if portal.forget is None:
            return
        customers = select(Identity.id).where(Identity.kind == Kind.CUSTOMER, Identity.class_id == class_id)
        while True:
            with self._house.database.writing() as work:
                gone = portal.forget(self._house.stamped(work, Stamp()), customers, before, AT_ONCE)
                if not gone:
                    return
                until = before.isoformat()
                record(work, FORGOTTEN, what=portal.slug, customer_class=class_id, rows=gone, until=until)
                work.commit()
            yield


def _too_old(days: int, now: datetime) -> datetime:
    """Return the moment before which values are older than so many whole days (UTC)."""
    return datetime.combine(now.astimezone(UTC).date() - timedelta(days=days), time.min, UTC)
