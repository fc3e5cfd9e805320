"""Loads the demo company from `demo/*.csv`, by the same importers and operations as everything else."""

import csv
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from sqlalchemy import select, update
from sqlalchemy.orm import Session as Work

from gateway import clock
from gateway.access.models import Role
from gateway.access.operations import allow_role, ensure_role, set_portal_view
from gateway.audit.operations import Keys, Stamp
from gateway.db import Database
from gateway.identity import logins, passwords
from gateway.identity.models import CustomerClass, Identity, Kind, Realm
from gateway.identity.operations import create_administrator
from gateway.importing import Importer, run

DEMO = Path(__file__).parent.parent / "demo"
FILES = (
    *("pbx-extensions", "pbx-ring-groups", "pbx-calls", "pbx-invoices", "pbx-payments"),
    *("iot-plans", "iot-devices", "iot-usage"),
)
PREFERENCES = (
    *("language", "time_zone", "output_date_format", "output_time_format", "input_date_format", "input_time_format"),
)


def load(
    database: Database, keys: Keys, importers: Mapping[str, Importer], password: str, say: Callable[[str], None]
) -> None:
    """Load everything; can be run again. Everybody gets `password`; `say` hears what is being done."""
    password_hash = passwords.hashed(password)

    def in_work(do: Callable[[Work], None]) -> None:
        with database.writing() as work:
            work.info.update(stamp=Stamp(), audit_keys=keys)
            do(work)
            work.commit()

    def imported(name: str) -> None:
        say(f"  {name}: {run(database, keys, importers[name], DEMO / f'{name}.csv')} rows")

    say("Loading the demo company")
    in_work(lambda work: _house(work, password_hash))
    imported("customers")
    in_work(_allowed_roles)
    imported("individuals")
    for name in FILES:
        imported(name)
    in_work(lambda work: _passwords(work, password_hash))


def _rows(name: str) -> Iterator[dict[str, str]]:
    with (DEMO / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def _house(work: Work, password_hash: str) -> None:
    """Make classes, roles and administrators."""
    known = set(work.scalars(select(CustomerClass.name)))
    for row in _rows("classes"):
        if row["name"] not in known:
            preferences = {name: row[name] or None for name in PREFERENCES}
            asked = {"second_factor": row["second_factor"] == "yes", "support_access": row["support_access"]}
            work.add(CustomerClass(name=row["name"], **asked, **preferences))
    views: dict[tuple[str, str], dict[str, str]] = {}
    for row in _rows("roles"):
        role_id = ensure_role(work, Realm(row["realm"]), row["role"], row["description"])
        views.setdefault((role_id, row["portal"]), {})[row["node"]] = row["level"]
    for (role_id, portal), levels in views.items():
        set_portal_view(work, role_id, portal, levels)
    roles = _roles(work, Realm.ADMIN)
    for row in _rows("administrators"):
        create_administrator(
            work, row["login"], row["name"], roles[logins.canonical(row["role"])], password_hash, clock.now()
        )


def _roles(work: Work, realm: Realm) -> dict[str, str]:
    return dict(work.execute(select(Role.name_key, Role.id).where(Role.realm == realm)).all())


def _allowed_roles(work: Work) -> None:
    customers = dict(
        work.execute(select(Identity.login_key, Identity.id).where(Identity.realm == Realm.SELF_CARE)).all()
    )
    roles = _roles(work, Realm.SELF_CARE)
    for row in _rows("allowed_roles"):
        allow_role(work, customers[row["customer"]], roles[logins.canonical(row["role"])])


def _passwords(work: Work, password_hash: str) -> None:
    """Give everybody the one password of the demo, with nothing to change at the first log-in; staff get the API."""
    work.execute(
        update(Identity)
        .where(Identity.login_key.is_not(None))
        .values(password_hash=password_hash, password_must_change=False)
    )
    work.execute(update(Identity).where(Identity.kind == Kind.ADMINISTRATOR).values(api_access=True))
