"""The explainer and the doors agree: what it says of everybody at every page, and what the log-in and the guard answer."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from sqlalchemy import delete, insert, select, update

from gateway import clock
from gateway.access.explain import Arrival, Explanation, Has, Place, Verdict, explain, person
from gateway.access.external import External
from gateway.access.levels import Level
from gateway.access.models import AllowedRole, ExternalPortal, Role
from gateway.access.operations import set_portal_enabled, set_portal_view
from gateway.access.queries import levels_of
from gateway.access.roles import portal_views
from gateway.admin.verdicts import CHANGES, SAID, TITLES
from gateway.audit.models import AuditEvent
from gateway.errors import TooManyAttempts
from gateway.identity import networks, throttle
from gateway.identity.factor_models import AppKey
from gateway.identity.models import (
    CustomerClass,
    CustomerStatus,
    Gateway,
    Identity,
    Kind,
    NetworkList,
    Realm,
    SecondFactor,
    TrustedNetwork,
)
from gateway.portal.registry import Registry
from tests.cast import PEOPLE, Member
from tests.elsewhere import register
from tests.house import Browser, house_of, rows, working

INSIDE, OUTSIDE = "10.0.0.7", "203.0.113.7"
CAUSES = {
    "no-login": "unknown-login",
    "network-own": "network",
    "network-over": "network",
    "network-own-over": "network",
}
STEPS = {"/login/enrol": "second-factor", "/login/password": "password"}
RIGHTS = ("portal", "role", "view", "page", "ceilings", "up")
Asked = tuple[str, str | None]
FAR_EAST = "Pacific/Kiritimati"


def everybody(**values: Any) -> Callable[[Any, datetime], None]:
    """Return what sets columns of every customer and individual."""
    return lambda work, now: work.execute(update(Identity).where(Identity.realm == Realm.SELF_CARE).values(**values))


def customers(**values: Any) -> Callable[[Any, datetime], None]:
    """Return what sets columns of every customer."""
    return lambda work, now: work.execute(update(Identity).where(Identity.kind == Kind.CUSTOMER).values(**values))


def listed(which: NetworkList, kind: Kind | None, over: bool = False) -> Callable[[Any, datetime], None]:
    """Return what puts 10.0.0.0/8 on a list of everybody of a kind."""

    def put(work: Any, now: datetime) -> None:
        for row in work.execute(select(Identity.id, Identity.kind).where(Identity.realm == Realm.SELF_CARE)).all():
            if kind in (None, row.kind):
                networks.save(work, row.id, which, ["10.0.0.0/8"], None, now)
                if over:
                    work.flush()
                    entry = work.scalars(select(TrustedNetwork.id).where(TrustedNetwork.identity_id == row.id)).one()
                    networks.change_entry(work, row.id, which, entry, None, now - timedelta(hours=1))

    return put


def no_login(work: Any, now: datetime) -> None:
    """Take everybody's login."""
    everybody(login=None, login_key=None)(work, now)


def with_an_app(work: Any, now: datetime) -> None:
    """Give everybody an app that is set up, and ask for its codes."""
    everybody(second_factor=SecondFactor.YES)(work, now)
    for id in work.scalars(select(Identity.id).where(Identity.realm == Realm.SELF_CARE)).all():
        work.add(AppKey(identity_id=id, confirmed=True, key_id="none", sealed=b"unread", created_at=now))


def throttled(work: Any, now: datetime) -> None:
    """Let everybody's password be guessed wrongly from one address, five times."""
    for member in PEOPLE:
        for _guess in range(5):
            throttle.admit(work, Realm.SELF_CARE, member.login, INSIDE, now, known_device=False)
        with pytest.raises(TooManyAttempts):
            throttle.admit(work, Realm.SELF_CARE, member.login, INSIDE, now, known_device=False)


def a_role_that(levels: Mapping[str, Mapping[str, str]]) -> Callable[[Any, datetime], None]:
    """Return what gives everybody a new role with these levels."""

    def give(work: Any, now: datetime) -> None:
        work.add(Role(id="new", realm=Realm.SELF_CARE, name="New", description=""))
        work.flush()
        for slug, own in levels.items():
            set_portal_view(work, "new", slug, own)
        work.execute(
            insert(AllowedRole), [{"customer_id": id, "role_id": "new"} for id in ("abc", "globex", "initech")]
        )
        everybody(role_id="new")(work, now)

    return give


def portal_off(work: Any, now: datetime) -> None:
    """Switch a portal off."""
    set_portal_enabled(work, "pbx", enabled=False)
    work.execute(update(Gateway).values(version=Gateway.version + 1))


def portal_down(work: Any, now: datetime) -> None:
    """Let a portal elsewhere not answer."""
    work.execute(update(ExternalPortal).values(up=False))
    work.execute(update(Gateway).values(version=Gateway.version + 1))


STATES: dict[str, Callable[[Any, datetime], None]] = {
    "as it is": lambda work, now: None,
    "customer suspended": customers(status=CustomerStatus.SUSPENDED),
    "customer blocked": customers(status=CustomerStatus.BLOCKED),
    "customer closed": customers(status=CustomerStatus.CLOSED),
    "individual suspended": everybody(suspended=True),
    "expired": everybody(expires_on=date(2020, 1, 1)),
    "expired in their own zone only": lambda work, now: everybody(
        time_zone=FAR_EAST, expires_on=now.astimezone(ZoneInfo(FAR_EAST)).date()
    )(work, now),
    "not yet active": everybody(activates_on=date(2099, 1, 1)),
    "no login": no_login,
    "no password": everybody(password_hash=None),
    "password to be changed": lambda work, now: everybody(password_must_change=True, password_set_at=now)(work, now),
    "password lapsed": lambda work, now: everybody(password_must_change=True, password_set_at=now - timedelta(days=4))(
        work, now
    ),
    "password too old": lambda work, now: (
        work.execute(update(CustomerClass).values(password_days=1)),
        everybody(password_set_at=now - timedelta(days=2))(work, now),
    ),
    "outside the provider's list": listed(NetworkList.PROVIDER, None),
    "inside the provider's list": listed(NetworkList.PROVIDER, None),
    "outside the customer's list": listed(NetworkList.PROVIDER, Kind.CUSTOMER),
    "outside one's own list": listed(NetworkList.OWN, None),
    "every entry over": listed(NetworkList.PROVIDER, Kind.INDIVIDUAL, over=True),
    "every own entry over": listed(NetworkList.OWN, None, over=True),
    "second factor missing": everybody(second_factor=SecondFactor.YES),
    "second factor set up": with_an_app,
    "throttled": throttled,
    "portal off": portal_off,
    "portal down": portal_down,
    "no role": everybody(role_id=None),
    "role of the other realm": everybody(role_id="helpdesk"),
    "default role": everybody(role_id="default-selfcare"),
    "role not allowed any more": lambda work, now: work.execute(delete(AllowedRole)),
    "role without portals": a_role_that({}),
    "role that only looks": a_role_that({"pbx": {"": "view"}, "iot": {"": "view"}, "tickets": {"reports": "view"}}),
    "role with a hole": a_role_that({"pbx": {"": "full", "finance": "forbidden", "finance.payments": "view"}}),
    "role that forbids": a_role_that({"pbx": {"overview": "forbidden"}, "iot": {}, "self-care": {"": "full"}}),
}
FROM = {state: OUTSIDE for state in STATES if state.startswith("outside")}


@dataclass(frozen=True)
class Seen:
    """What the doors answered somebody: why the log-in was refused, or which step is due, or the pages by status."""

    refused: str | None = None
    step: str | None = None
    pages: Mapping[Asked, int] | None = None
    written: int = 0


def places(app: Flask) -> dict[Asked, tuple[Place, str]]:
    """Return every portal and page that has an address, with it."""
    found: dict[Asked, tuple[Place, str]] = {}
    registry: Registry = app.extensions["portico.registry"]
    house_of(app).rights.refresh(house_of(app).database.reader())
    for portal in registry.self_care():
        whole = Place(portal.slug, portal.structure, None, portal.up if isinstance(portal, External) else None)
        found[portal.slug, None] = whole, f"/portals/{portal.slug}/"
        for key in portal.structure.nodes:
            if path := registry.paths.get((portal.slug, key)):
                found[portal.slug, key] = replace(whole, node=key), path
    return found


def explaining(app: Flask, member: Member, address: str) -> Callable[[Place | None], Explanation]:
    """Read what decides about somebody, and return what explains a place to them."""
    house, now = house_of(app), clock.now()
    with house.database.reading() as reader:
        row = person(reader, member.login)
        off = house.rights.defaults(reader, row.gateway_version).portals_off
        wait = throttle.blocked_until(reader, Realm.SELF_CARE, member.login, address, now)
        views = portal_views(reader, row.role_id) if row.role_id else {}
        has = Has(levels_of(house.rights, reader, row), views, off)
    arrival = Arrival(address, wait if row.login else None)
    return lambda place: explain(row, has, place, arrival, now)


def seen(app: Flask, member: Member, address: str, paths: Mapping[Asked, str], draws: bool) -> Seen:
    """Log somebody in, if they get in, and ask for every page: whether the pages are drawn too or the guard alone is
    asked (OPTIONS passes it like GET, and draws nothing). A portal as a whole is led into by its own view.
    """
    browser = Browser(app, REMOTE_ADDR=address)
    answer = browser.log_in(member)
    if answer.status_code != 303:
        latest = select(AuditEvent.reason).where(AuditEvent.event == "login.refused").order_by(AuditEvent.seq.desc())
        return Seen(refused=rows(app, latest.limit(1))[0].reason)
    if answer.location.startswith("/login/"):
        return Seen(step=answer.location.partition("?")[0])
    token = browser.token("/portals/self-care/security")
    written = browser.client.post("/portals/pbx/configuration/extensions/new", data={"csrf_token": token})
    return Seen(
        pages={
            place: browser.client.open(path, method="GET" if draws or place[1] is None else "OPTIONS").status_code
            for place, path in paths.items()
        },
        written=written.status_code,
    )


@pytest.mark.parametrize("state", STATES)
def test_the_explainer_and_the_doors_agree_for_everybody_and_every_page(app: Flask, state: str) -> None:
    register(app)
    address = FROM.get(state, INSIDE)
    before = {member: Browser(app, REMOTE_ADDR=INSIDE) for member in PEOPLE}
    for member, browser in before.items():
        assert browser.log_in(member).status_code == 303
        browser.client.environ_base["REMOTE_ADDR"] = address
    with working(app) as work:
        STATES[state](work, clock.now())
    asked = places(app)
    assert len(asked) > 18
    for member in PEOPLE:
        explained = explaining(app, member, address)
        lives = before[member].get("/portals/self-care/profile").status_code == 200
        stops = {rule.name for rule in explained(None).those(Verdict.STOPS)}
        assert lives is not bool({"customer", "individual", "networks"} & stops), (member, stops)
        there = seen(app, member, address, {place: path for place, (_at, path) in asked.items()}, state == "as it is")
        for place, (at, _path) in asked.items():
            said = explained(at)
            agree(there, said, place)
            worded(said)
        if there.pages is not None:
            said = explained(asked["pbx", "configuration.extensions"][0])
            wanted = {Level.FULL: 422, Level.VIEW: 403, Level.FORBIDDEN: 404}
            off = "portal" in {rule.name for rule in said.those(Verdict.STOPS)}
            assert there.written == (403 if off else wanted[said.level or Level.FORBIDDEN]), member


def agree(there: Seen, said: Explanation, place: Asked) -> None:
    """Hold an explanation to what the doors answered."""
    entering = [rule for rule in said.those(Verdict.STOPS) if rule.name not in RIGHTS]
    steps = [rule.name for rule in said.those(Verdict.STEP)]
    if there.refused is not None:
        assert entering, there
        assert CAUSES.get(entering[0].reason, entering[0].reason) == there.refused
        assert not said.opens
        return
    assert entering == []
    if there.step is not None:
        assert steps[:1] == ([STEPS[there.step]] if there.step in STEPS else []), there
        return
    assert steps == []
    assert there.pages is not None
    status = there.pages[place]
    assert said.opens is (status in (200, 303)), (place, status, said)
    if not said.opens:
        stop = said.those(Verdict.STOPS)[0].name
        assert status == (403 if stop in ("portal", "up") else 404), (place, status, stop)


def worded(said: Explanation) -> None:
    """Every rule has its words, and everything that stops has a change that opens it."""
    assert [rule.name for rule in said.rules] == [name for name in TITLES if name in {rule.name for rule in said.rules}]
    for rule in said.rules:
        assert (rule.name, rule.reason) in SAID
        assert rule.verdict is not Verdict.STOPS or rule.reason in CHANGES
