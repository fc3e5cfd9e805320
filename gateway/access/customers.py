"""Customers: made, and their record changed. Their access is `gateway.access.panel`'s, their status `identity`'s."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session as Work

from gateway.access.panel import NewPassword, flush_login, role_of
from gateway.audit.operations import record
from gateway.db import new_id
from gateway.errors import Invalid, NotFound, Stale
from gateway.i18n.catalog import gettext as _
from gateway.identity.concerning import concerning
from gateway.identity.models import CustomerClass, CustomerStatus, Identity, Kind, Realm
from gateway.identity.naming import rename
from gateway.identity.notices import tell_of_naming


@dataclass(frozen=True, slots=True)
class Record:
    """What is kept of a customer beside its access; `email` may be empty."""

    name: str
    email: str
    class_id: str


def create(
    work: Work,
    given: Record,
    login: str,
    status: CustomerStatus,
    role_id: str | None,
    password: NewPassword | None,
    now: datetime,
) -> str:
    """Make a customer and return its id; no role means the default role, and that is written down.

    Raises `Invalid` for a login, a class or a role that cannot be.
    """
    _check_class(work, given.class_id)
    id = new_id()
    customer = Identity(
        id=id,
        kind=Kind.CUSTOMER,
        realm=Realm.SELF_CARE,
        customer_id=id,
        class_id=given.class_id,
        status=status,
        role_id=role_of(work, Kind.CUSTOMER, None, role_id),
        password_hash=password.hash if password else None,
        password_must_change=password.must_change if password else False,
        password_set_at=now if password else None,
        created_at=now,
    )
    rename(customer, login=login, name=given.name, email=given.email)
    work.add(customer)
    flush_login(work)
    after = {"login": customer.login, "name": given.name, "class_id": given.class_id, "role_id": customer.role_id}
    record(work, "customer.created", of=concerning(work, customer), after={**after, "status": str(status)})
    return id


def change(work: Work, customer_id: str, version: int, given: Record, now: datetime) -> None:
    """Change the record of a customer.

    Raises `NotFound`, `Stale` when somebody saved since `version` was shown, and `Invalid` for an unknown class.
    """
    customer = work.scalars(
        select(Identity).where(Identity.id == customer_id, Identity.kind == Kind.CUSTOMER).with_for_update()
    ).one_or_none()
    if customer is None:
        raise NotFound
    if customer.version != version:
        raise Stale
    _check_class(work, given.class_id)
    before = _told(customer)
    rename(customer, name=given.name, email=given.email)
    customer.class_id = given.class_id
    after = _told(customer)
    changed = [name for name, value in after.items() if before[name] != value]
    if not changed:
        return
    customer.version += 1
    tell_of_naming(work, customer, before, now)
    record(
        work,
        "customer.changed",
        of=concerning(work, customer),
        before={name: before[name] for name in changed},
        after={name: after[name] for name in changed},
    )


def _told(customer: Identity) -> Mapping[str, str | None]:
    return {"name": customer.name, "email": customer.email, "class_id": customer.class_id}


def _check_class(work: Work, class_id: str) -> None:
    if work.get(CustomerClass, class_id) is None:
        raise Invalid({"customer_class": [_("There is no such class.")]})
