"""A house for the tests: an application on a database of its own, with the cast, and browsers to visit it."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, select, update
from sqlalchemy.orm import Session as Work

from gateway import clock
from gateway.access.models import DEFAULT_ROLE, AllowedRole, PortalView, Role
from gateway.audit.operations import Stamp
from gateway.identity import passwords
from gateway.identity.models import CustomerClass, CustomerStatus, Identity, Kind, Realm
from gateway.identity.naming import naming
from gateway.web.current import House
from portals.iot.models import Alert, AlertKind, Device, DeviceStatus
from portals.pbx.models import (
    Call,
    Direction,
    Extension,
    Invoice,
    InvoiceStatus,
    Method,
    Payment,
    RingGroup,
    RingMember,
    Strategy,
)
from portals.pbx.models import (
    Kind as NumberKind,
)
from tests.cast import PASSWORD, Member

ADMIN_DEFAULT, SELF_CARE_DEFAULT = DEFAULT_ROLE[Realm.ADMIN], DEFAULT_ROLE[Realm.SELF_CARE]

ROLES: dict[str, tuple[Realm, dict[str, dict[str, str]]]] = {
    "helpdesk": (
        Realm.ADMIN,
        {
            "console": {
                "customers": "full",
                "open.view-only": "full",
                "open.assigned": "full",
                "open.individual": "full",
            }
        },
    ),
    "auditor": (Realm.ADMIN, {"console": {"": "view"}}),
    "owner": (Realm.SELF_CARE, {"pbx": {"": "full"}, "iot": {"": "full"}, "self-care": {"": "full"}}),
    "itlead": (
        Realm.SELF_CARE,
        {"pbx": {"overview": "view", "configuration": "full", "calls": "view"}, "iot": {"": "full"}},
    ),
    "itsupport": (Realm.SELF_CARE, {"pbx": {"overview": "view", "configuration": "full", "calls": "view"}}),
    "accountant": (Realm.SELF_CARE, {"pbx": {"overview": "view", "calls": "view", "finance": "full"}}),
}
_HASH = passwords.hashed(PASSWORD)


def fill(work: Work) -> None:
    """Put the cast, their roles and some rows of each portal into an empty database."""
    now = clock.now()
    for role_id, (realm, views) in ROLES.items():
        work.add(Role(id=role_id, realm=realm, name=role_id, description=""))
        work.flush()
        for portal, levels in views.items():
            work.add(PortalView(role_id=role_id, portal=portal, name=role_id, levels=levels))
    work.add(CustomerClass(id="standard", name="Standard", second_factor=False))
    work.add(CustomerClass(id="gold", name="Gold", second_factor=True))
    work.flush()
    for login, name, role_id in (
        ("root", "Rosa Root", ADMIN_DEFAULT),
        ("helen", "Helen Desk", "helpdesk"),
        ("audrey", "Audrey Audit", "auditor"),
    ):
        add_identity(work, Kind.ADMINISTRATOR, login, name, role_id, now)
    for login, name, role_id in (
        ("abc", "ABC Company", "owner"),
        ("globex", "Globex Corporation", "owner"),
        ("initech", "Initech", SELF_CARE_DEFAULT),
    ):
        add_identity(work, Kind.CUSTOMER, login, name, role_id, now)
        add_rows(work, login, now)
    for customer, role_id in (("abc", "itlead"), ("abc", "itsupport"), ("abc", "accountant"), ("globex", "itlead")):
        work.add(AllowedRole(customer_id=customer, role_id=role_id))
    for login, name, customer, role_id in (
        ("john", "John Carter", "abc", "itlead"),
        ("mark", "Mark Novak", "abc", "itsupport"),
        ("adam", "Adam Weiss", "abc", "accountant"),
        ("eve", "Eve Moreau", "globex", "itlead"),
    ):
        add_identity(work, Kind.INDIVIDUAL, login, name, role_id, now, customer=customer)


def add_identity(
    work: Work,
    kind: Kind,
    login: str,
    name: str,
    role_id: str | None,
    now: datetime,
    customer: str | None = None,
    **more: Any,
) -> None:
    """Add somebody, whose id is their login."""
    found_by = naming(login, name, f"{login}@example.com")
    values: dict[str, Any] = {
        "id": login,
        "kind": kind,
        "realm": Realm.ADMIN if kind is Kind.ADMINISTRATOR else Realm.SELF_CARE,
        "login": found_by.login,
        "login_key": found_by.login_key,
        "name": found_by.name,
        "email": found_by.email,
        "email_key": found_by.email_key,
        "sort_key": found_by.sort_key,
        "search": found_by.search,
        "password_hash": _HASH,
        "role_id": role_id,
        "created_at": now,
        "customer_id": customer,
    }
    if kind is Kind.CUSTOMER:
        values |= {"customer_id": login, "class_id": "standard", "status": CustomerStatus.ACTIVE}
    work.add(Identity(**values | more))
    work.flush()


def add_rows(work: Work, customer: str, now: datetime) -> None:
    """Give a customer rows in both portals; their ids and texts begin with its login."""
    for number in range(100, 105):
        work.add(
            Extension(
                id=f"{customer}-{number}",
                customer_id=customer,
                number=str(number),
                name=f"{customer} {number}",
                version=1,
            )
        )
    work.add(
        Extension(
            id=f"{customer}-ring",
            customer_id=customer,
            number="600",
            name=f"{customer} reception",
            kind=NumberKind.RING_GROUP,
            version=1,
        )
    )
    work.flush()
    work.add(RingGroup(id=f"{customer}-ring", strategy=Strategy.IN_ORDER, seconds=20))
    work.flush()
    for position, number in enumerate((101, 100), start=1):
        work.add(RingMember(group_id=f"{customer}-ring", extension_id=f"{customer}-{number}", position=position))
    for hours in range(40):
        work.add(
            Call(
                id=f"{customer}-call{hours}",
                customer_id=customer,
                started_at=now - timedelta(hours=hours),
                from_number=f"+1555010{hours:02}",
                to_number="100",
                direction=Direction.INCOMING,
                duration_seconds=60 + hours,
                charge=Decimal("0.0420"),
                currency="EUR",
            )
        )
    work.add(
        Invoice(
            id=f"{customer}-inv",
            customer_id=customer,
            number=f"{customer}-0001",
            issued_on=date(2026, 10, 1),
            due_on=date(2026, 10, 15),
            amount=Decimal("120.50"),
            currency="EUR",
            status=InvoiceStatus.PAID,
        )
    )
    work.add(
        Invoice(
            id=f"{customer}-due",
            customer_id=customer,
            number=f"{customer}-0002",
            issued_on=date(2026, 11, 1),
            due_on=date(2036, 11, 15),
            amount=Decimal("80.00"),
            currency="EUR",
            status=InvoiceStatus.OPEN,
        )
    )
    work.flush()
    work.add(
        Payment(
            id=f"{customer}-pay",
            customer_id=customer,
            invoice_id=f"{customer}-inv",
            paid_on=date(2026, 10, 12),
            amount=Decimal("120.50"),
            currency="EUR",
            method=Method.CARD,
        )
    )
    digits = "".join(str(ord(letter) % 10) for letter in customer)[:4]
    work.add(
        Device(
            id=f"{customer}-dev",
            customer_id=customer,
            iccid=f"894200000000000{digits:0>4}",
            name=f"{customer} lift alarm",
            plan="IoT 1 GB",
            status=DeviceStatus.ACTIVE,
        )
    )
    work.flush()
    work.add(
        Alert(
            id=f"{customer}-alert",
            customer_id=customer,
            device_id=f"{customer}-dev",
            kind=AlertKind.DAILY,
            threshold=10,
        )
    )


class Browser:
    """A browser with a cookie jar, which fills in forms' tokens as a page would."""

    def __init__(self, app: Flask, **environ: str) -> None:
        self.client: FlaskClient = app.test_client()
        self.client.environ_base.update(environ)

    def get(self, path: str, **options: Any) -> Any:
        """GET a page."""
        return self.client.get(path, **options)

    def token(self, page: str) -> str:
        """Return the token of the forms of a page."""
        return form_token(self.client.get(page).text)

    def post(self, path: str, form: dict[str, Any] | None = None, page: str | None = None, **options: Any) -> Any:
        """POST a form as it stands on `page` (the path itself, unless said)."""
        return self.client.post(path, data={"csrf_token": self.token(page or path), **(form or {})}, **options)

    def log_in(self, member: Member, password: str = PASSWORD) -> Any:
        """Log in and return the answer."""
        return self.post(member.log_in_at, {"login": member.login, "password": password})

    def launch(self, subject: str, portal: str = "", mode: str = "assigned", **more: str) -> Any:
        """Click in the menu and return the first answer, before the landing."""
        form = {"subject": subject, "portal": portal, "mode": mode, **more}
        return self.post("/admin/launches", form, page=f"/admin/customers/{subject}/log-in")

    def open(self, subject: str, portal: str = "", mode: str = "assigned", **more: str) -> str:
        """Open a portal for somebody and return the path of the page that it leads to."""
        answer = self.launch(subject, portal, mode, **more)
        assert answer.status_code == 303, answer.text
        landed = self.get(answer.location)
        assert landed.status_code == 303, landed.text
        return str(landed.location)


def form_token(text: str) -> str:
    """Return the token of the first form in a page; empty if it has none."""
    found = re.search(r'name="csrf_token" value="([^"]+)"', text)
    return found[1] if found else ""


def visit_of(path: str) -> str:
    """Return the prefix `/as/<handle>` of a path inside a visit."""
    return "/".join(path.split("/")[:3])


def house_of(app: Flask) -> House:
    """Return what the application keeps."""
    house: House = app.extensions["portico"]
    return house


@contextmanager
def working(app: Flask) -> Iterator[Work]:
    """Change the database as an operation would, and commit."""
    house = house_of(app)
    with house.database.writing() as work:
        yield house.stamped(work, Stamp())
        work.commit()


def change(app: Flask, identity: str, **values: Any) -> None:
    """Set columns of an identity."""
    with working(app) as work:
        work.execute(update(Identity).where(Identity.id == identity).values(**values))


def rows(app: Flask, statement: Any) -> list[Any]:
    """Read rows."""
    with house_of(app).database.reading() as reader:
        return list(reader.execute(statement).all())


def value(app: Flask, column: Any, identity: str) -> Any:
    """Read one column of an identity."""
    with house_of(app).database.reading() as reader:
        return reader.execute(select(column).where(Identity.id == identity)).scalar_one()


@contextmanager
def counting(app: Flask) -> Iterator[list[str]]:
    """Collect the statements that are sent to the database meanwhile."""
    sent: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        sent.append(statement)

    engines = house_of(app).database.engines()
    for engine in engines:
        event.listen(engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        for engine in engines:
            event.remove(engine, "before_cursor_execute", note)
