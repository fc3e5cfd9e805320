"""The explainer and the doors agree: what it says of everybody at every page, and what the log-in and the guard answer."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
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
from gateway.identity import networks, recovery_codes, sessions, throttle
from gateway.identity.factor_models import AppKey, Passkey, RecoveryCode, WrongCodes
from gateway.identity.models import (
    Counted,
    CustomerClass,
    CustomerStatus,
    Gateway,
    Identity,
    Kind,
    NetworkList,
    Realm,
    Scope,
    SecondFactor,
    Stage,
    Throttle,
    TrustedNetwork,
)
from gateway.portal.registry import Registry
from gateway.web import current
from gateway.web.scopes import cookie_name
from tests.cast import PASSWORD, PEOPLE, Member
from tests.elsewhere import Elsewhere, register
from tests.house import Browser, house_of, rows, working

INSIDE, OUTSIDE = "10.0.0.7", "203.0.113.7"
CODE = "0000-1111-2222-3333"
CAUSES = {
    "no-login": "unknown-login",
    "network-own": "network",
    "network-over": "network",
    "network-own-over": "network",
    "codes-wait": "wait",
    "codes-locked": "locked",
}
STEPS = {"/login/enrol": "second-factor", "/login/password": "password"}
CLOSED = {None: 200, "forbidden": 404, "portal_off": 403}
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
    """Give everybody an app that is set up and a recovery code, and ask for their second factor."""
    everybody(second_factor=SecondFactor.YES)(work, now)
    for member in PEOPLE:
        work.add(AppKey(identity_id=member.login, confirmed=True, key_id="none", sealed=b"unread", created_at=now))
        work.add(RecoveryCode(identity_id=member.login, key=recovery_codes._key(member.login, CODE)))


def with_a_passkey(work: Any, now: datetime) -> None:
    """Give everybody a passkey and a recovery code, and ask for passkeys."""
    passkeys_asked(work, now)
    for member in PEOPLE:
        key = {"credential_id": member.login.encode(), "public_key": b"", "uses": 0, "name": "", "created_at": now}
        work.add(Passkey(identity_id=member.login, **key, last_used_at=now))
        work.add(RecoveryCode(identity_id=member.login, key=recovery_codes._key(member.login, CODE)))


def passkeys_asked(work: Any, now: datetime) -> None:
    """Ask everybody for a passkey."""
    everybody(second_factor=SecondFactor.YES)(work, now)
    work.execute(update(CustomerClass).values(passkey_required=True))


def wrong_codes(**values: Any) -> Callable[[Any, datetime], None]:
    """Return what gives everybody an app, and five wrong codes just now."""

    def count(work: Any, now: datetime) -> None:
        with_an_app(work, now)
        for member in PEOPLE:
            work.add(WrongCodes(identity_id=member.login, moments=[now.timestamp()] * 5, **values))

    return count


def throttled(source: str) -> Callable[[Any, datetime], None]:
    """Return what lets everybody's password be guessed wrongly from one address, five times."""

    def guess(work: Any, now: datetime) -> None:
        for member in PEOPLE:
            for _guess in range(5):
                throttle.admit(work, Realm.SELF_CARE, member.login, source, now, known_device=False)
            with pytest.raises(TooManyAttempts):
                throttle.admit(work, Realm.SELF_CARE, member.login, source, now, known_device=False)

    return guess


def throttled_everywhere(work: Any, now: datetime) -> None:
    """Let everybody's password be guessed wrongly from a hundred addresses."""
    for member in PEOPLE:
        account, until = throttle.account_of(Realm.SELF_CARE, member.login), now + timedelta(minutes=10)
        values = {"counted": Counted.LOGIN, "account": account, "failures": 100, "since": now, "until": until}
        work.add(Throttle(key=throttle.Bucket(Counted.LOGIN, account, None).key, **values))


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
    """Switch two portals off, one of them elsewhere."""
    for slug in ("pbx", "tickets"):
        set_portal_enabled(work, slug, enabled=False)
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
    "passkey missing": passkeys_asked,
    "passkey missing, app set up": lambda work, now: (with_an_app(work, now), passkeys_asked(work, now)),
    "passkey there": with_a_passkey,
    "wrong codes": wrong_codes(),
    "wrong codes, passkey missing": lambda work, now: (wrong_codes()(work, now), passkeys_asked(work, now)),
    "codes locked": lambda work, now: wrong_codes(locked_at=now)(work, now),
    "throttled": throttled(INSIDE),
    "throttled elsewhere": throttled(OUTSIDE),
    "throttled everywhere": throttled_everywhere,
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
    """What the doors answered somebody: why the log-in was refused, or which step is due, or of every portal and page
    the status and the level.
    """

    refused: str | None = None
    step: str | None = None
    pages: Mapping[Asked, int] = field(default_factory=dict)
    levels: Mapping[Asked, Level] = field(default_factory=dict)
    written: int = 0


def places(app: Flask) -> dict[Asked, tuple[Place, str | None]]:
    """Return every portal and every page, with its address if it has one here."""
    found: dict[Asked, tuple[Place, str | None]] = {}
    registry: Registry = app.extensions["portico.registry"]
    house_of(app).rights.refresh(house_of(app).database.reader())
    for portal in registry.self_care():
        whole = Place(portal.slug, portal.structure, None, portal.up if isinstance(portal, External) else None)
        found[portal.slug, None] = whole, f"/portals/{portal.slug}/"
        for key in portal.structure.nodes:
            found[portal.slug, key] = replace(whole, node=key), registry.paths.get((portal.slug, key))
    return found


def explaining(app: Flask, member: Member, address: str) -> Callable[..., Explanation]:
    """Read what decides about somebody, and return what explains a place to them, from the address or from anywhere."""
    house, now = house_of(app), clock.now()
    with house.database.reading() as reader:
        row = person(reader, member.login)
        off = house.rights.defaults(reader, row.gateway_version).portals_off
        wait = throttle.blocked_until(reader, Realm.SELF_CARE, member.login, address, now)
        waiting = throttle.waiting(reader, Realm.SELF_CARE, member.login, now)
        views = portal_views(reader, row.role_id) if row.role_id else {}
        has = Has(levels_of(house.rights, reader, row), views, off)
    here, anywhere = Arrival(address, wait, waiting), Arrival(None, None, waiting)
    if row.login is None:
        here, anywhere = Arrival(address), Arrival(None)
    return lambda place, known=True: explain(row, has, place, here if known else anywhere, now)


def already_in(app: Flask, address: str) -> dict[Member, Browser]:
    """Return a browser of everybody that is logged in since before, and comes from an address now."""
    browsers = {member: Browser(app, REMOTE_ADDR=address) for member in PEOPLE}
    name, now = cookie_name(Scope.SELF_CARE, None, secure=False), clock.now()
    with working(app) as work:
        for member, browser in browsers.items():
            cookie = sessions.start(work, member.login, Scope.SELF_CARE, Stage.LIVE, now, INSIDE, None, ["pwd"])
            browser.client.set_cookie(name, cookie)
    return browsers


def refusal(app: Flask) -> str:
    """Return why the latest log-in or second factor was refused."""
    refused = AuditEvent.event.in_(("login.refused", "factor.refused"))
    return str(rows(app, select(AuditEvent.reason).where(refused).order_by(AuditEvent.seq.desc()).limit(1))[0].reason)


def seen(
    stranger: Browser, token: str, tickets: Elsewhere, member: Member, paths: Mapping[Asked, Any], draws: bool
) -> Seen:
    """Log somebody in, if they get in, and ask for every portal and page.

    `stranger` has the log-in page open, with the `token`. Whether the pages are drawn too or the guard alone is asked
    (OPTIONS passes it like GET, and draws nothing): a portal as a whole is led into by its own view, a page elsewhere
    is told in claims, and what has no page of its own is asked of the visitor as the guard asks.
    """
    browser = Browser(tickets.app, **stranger.client.environ_base)
    browser.client._cookies = dict(stranger.client._cookies or {})
    form = {"csrf_token": token, "login": member.login, "password": PASSWORD}
    answer = browser.client.post("/login", data=form)
    if answer.status_code == 303 and answer.location.startswith("/login/code"):
        answer = browser.post("/login/code", {"code": CODE})
    if answer.status_code != 303:
        return Seen(refused=refusal(tickets.app))
    if answer.location.startswith("/login/"):
        return Seen(step=answer.location.partition("?")[0])
    with browser.client:
        token = browser.token("/portals/self-care/profile")
        who = current.visitor()
    written = browser.client.post("/portals/pbx/configuration/extensions/new", data={"csrf_token": token}).status_code
    told, pages, levels = told_to(tickets, browser), {}, {}
    for (slug, key), path in paths.items():
        if path is not None:
            method = "GET" if draws or key is None else "OPTIONS"
            pages[slug, key] = browser.client.open(path, method=method).status_code
        elif slug == tickets.slug:
            pages[slug, key] = 404 if told.get(key) == "forbidden" else pages[slug, None]
        else:
            pages[slug, key] = CLOSED[who.closed(slug, key, Level.VIEW)]
        if key is not None:
            levels[slug, key] = Level.of(told.get(key, "forbidden")) if slug == tickets.slug else who.level(slug, key)
    return Seen(pages=pages, levels=levels, written=written)


def told_to(tickets: Elsewhere, browser: Browser) -> Mapping[str, str]:
    """Return the levels that a portal elsewhere is told of; none where it is not entered."""
    back = tickets.asked(browser)
    if "code" not in back:
        assert back["error"] in ("access_denied", "temporarily_unavailable")
        return {}
    levels: Mapping[str, str] = tickets.userinfo(tickets.redeem(back["code"]).json["access_token"]).json["levels"]
    return levels


@pytest.mark.parametrize("state", STATES)
def test_the_explainer_and_the_doors_agree_for_everybody_and_every_page(app: Flask, state: str) -> None:
    tickets, address = register(app), FROM.get(state, INSIDE)
    before = already_in(app, address)
    with working(app) as work:
        STATES[state](work, clock.now())
    asked = places(app)
    assert {slug for slug, _key in asked} == {"pbx", "iot", "self-care", "tickets"}
    stranger = Browser(app, REMOTE_ADDR=address)
    token = stranger.token("/login")
    for member in PEOPLE:
        explained = explaining(app, member, address)
        lives = before[member].client.options("/portals/self-care/profile").status_code == 200
        stops = {rule.name for rule in explained(None).those(Verdict.STOPS)}
        assert lives is not bool({"customer", "individual", "networks"} & stops), (member, stops)
        anywhere = {rule.name for rule in explained(None, known=False).those(Verdict.STOPS)}
        assert ("attempts" in anywhere) is (state == "throttled everywhere")
        paths = {place: path for place, (_at, path) in asked.items()}
        there = seen(stranger, token, tickets, member, paths, state == "as it is")
        for place, (at, _path) in asked.items():
            said = explained(at)
            agree(there, said, place)
            worded(said)
        if there.pages:
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
        assert steps[:1] == [STEPS[there.step]], there
        return
    assert steps == []
    status = there.pages[place]
    assert said.opens is (status in (200, 303)), (place, status, said)
    if not said.opens:
        stop = said.those(Verdict.STOPS)[0].name
        assert status == (403 if stop in ("portal", "up") else 404), (place, status, stop)
    elif place[1] is not None:
        assert said.level is there.levels[place], place


def worded(said: Explanation) -> None:
    """Every rule has its words, and everything that stops has a change that opens it."""
    assert [rule.name for rule in said.rules] == [name for name in TITLES if name in {rule.name for rule in said.rules}]
    for rule in said.rules:
        assert (rule.name, rule.reason) in SAID
        assert rule.verdict is not Verdict.STOPS or rule.reason in CHANGES
