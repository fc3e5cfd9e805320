"""The example portal, by a stock client library and over real sockets: in, out, and told of every end."""

import re
import time
from collections.abc import Iterator
from datetime import timedelta
from html import unescape
from pathlib import Path
from typing import Any

import pytest
import requests
import time_machine
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey

from gateway import clock
from gateway.access.operations import set_portal_view
from gateway.oidc import keys, tokens
from tests.cast import ABC, GLOBEX, HELEN, INITECH, JOHN
from tests.elsewhere import rounds
from tests.house import house_of, working
from tests.servers import REFRESH, Pair, Person


@pytest.fixture
def pair(sqlite_template: Path, tmp_path: Path) -> Iterator[Pair]:
    """Both servers."""
    with Pair(sqlite_template, tmp_path).running() as found:
        yield found


def enter_as(pair: Pair, subject: str, **more: str) -> Person:
    """Helen's browser, in the example portal in somebody's name after one click."""
    helen = Person(pair.url, HELEN)
    helen.open(subject, "tickets", **more)
    return helen


def test_a_customer_goes_from_the_picker_into_the_portal_and_back_out(pair: Pair) -> None:
    john = Person(pair.url, JOHN)
    page = john.get(f"{pair.url}/portals/tickets/")
    assert page.url == f"{pair.portal_url}/"
    assert "The lift alarm does not ring" in page.text
    assert "Acting as" not in page.text
    assert "disabled" not in page.text
    assert john.get(f"{pair.portal_url}/reports").status_code == 200
    page = john.get(f"{pair.portal_url}/log-out")
    assert page.url.startswith(f"{pair.url}/oidc/end-session?id_token_hint=")
    hidden = dict(re.findall(r'name="(id_token_hint|post_logout_redirect_uri|state)" value="([^"]+)"', page.text))
    page = john.post("/oidc/end-session/confirm", **{name: unescape(value) for name, value in hidden.items()})
    assert john.get(unescape(REFRESH.search(page.text)[1])).url.startswith(f"{pair.portal_url}/bye?state=")  # type: ignore[index]
    assert john.get(f"{pair.url}/portals/pbx/overview").url.startswith(f"{pair.url}/login")


def test_each_customer_sees_its_own_tickets_and_no_others(pair: Pair) -> None:
    tickets = {"abc": "The lift alarm does not ring", "globex": "Invoice sent twice", "initech": "No tickets."}
    for member in (ABC, GLOBEX, INITECH):
        page = Person(pair.url, member).get(f"{pair.url}/portals/tickets/")
        assert [login for login, text in tickets.items() if text in page.text] == [member.login]


def test_one_click_opens_it_with_both_names(pair: Pair) -> None:
    helen = enter_as(pair, "john")
    assert helen.answer.url == f"{pair.portal_url}/"
    text = re.sub(r"\s+", " ", helen.answer.text)
    assert "Acting as <strong>John Carter</strong> (ABC Company), by Helen Desk" in text
    assert "<title>Acting as John Carter" in text
    assert "view only" not in text


def test_a_view_only_visit_looks_and_changes_nothing_there__IMP_02(pair: Pair) -> None:
    helen = enter_as(pair, "john", view_only="y")
    assert "view only" in helen.answer.text
    assert "disabled" in helen.answer.text
    assert helen.web.post(f"{pair.portal_url}/close/1001", timeout=10).status_code == 403


def test_a_log_out_reaches_it_at_once__SES_08(pair: Pair) -> None:
    john = Person(pair.url, JOHN)
    john.get(f"{pair.url}/portals/tickets/")
    john.get(f"{pair.url}/portals/self-care/profile")
    john.post("/logout")
    assert rounds(pair.app) == 1
    assert john.get(f"{pair.portal_url}/").url.startswith(f"{pair.url}/login")


def test_the_end_of_a_visit_reaches_it_and_leaves_the_customer_in__SES_08(pair: Pair) -> None:
    john, helen = Person(pair.url, JOHN), enter_as(pair, "john")
    john.get(f"{pair.url}/portals/tickets/")
    helen.end_visit()
    assert rounds(pair.app) == 1
    assert helen.get(f"{pair.portal_url}/").url.startswith(f"{pair.url}/login")
    assert "lift alarm" in john.get(f"{pair.portal_url}/").text


def test_a_change_of_the_role_reaches_it_and_the_next_click_shows_the_new_rights__SES_08(pair: Pair) -> None:
    john = Person(pair.url, JOHN)
    john.get(f"{pair.url}/portals/tickets/")
    assert rounds(pair.app) == 0
    with working(pair.app) as work:
        set_portal_view(work, "itlead", "tickets", {"tickets": "view"})
    assert rounds(pair.app) == 1
    page = john.get(f"{pair.portal_url}/")
    assert page.url == f"{pair.portal_url}/"
    assert "disabled" in page.text
    assert john.get(f"{pair.portal_url}/reports").status_code == 404


def test_a_portal_that_was_away_is_told_when_it_is_back_and_lets_nobody_in_meanwhile__SES_08(
    sqlite_template: Path, tmp_path: Path
) -> None:
    away = Pair(sqlite_template, tmp_path)
    with away.running():
        abc = Person(away.url, ABC)
        abc.get(f"{away.url}/portals/tickets/")
        with working(away.app) as work:
            work.connection().exec_driver_sql("UPDATE external_portal SET logout_uri = 'http://127.0.0.1:1/'")
        abc.get(f"{away.url}/portals/self-care/security")
        sid = re.search(r"/security/elsewhere/(\w+)", abc.answer.text)[1]  # type: ignore[index]
        abc.post(f"/portals/self-care/security/elsewhere/{sid}")
        assert rounds(away.app) == 0
        page = abc.get(f"{away.url}/portals/self-care/security").text
        assert "The portal has not confirmed it yet" in page
        assert "Not confirmed" in page
        with time_machine.travel(time.time() + 70):
            assert abc.web.get(f"{away.portal_url}/", timeout=10, allow_redirects=False).status_code == 302
            with working(away.app) as work:
                work.connection().exec_driver_sql(
                    f"UPDATE external_portal SET logout_uri = '{away.portal_url}/back-channel-logout'"
                )
            assert rounds(away.app) == 1
        assert "Not confirmed" not in abc.get(f"{away.url}/portals/self-care/security").text


def mutated(pair: Pair, sid: str, key: ECKey) -> dict[str, str]:
    """Return logout tokens that are each wrong in one thing."""
    now = int(time.time())
    good = {
        "iss": pair.url,
        "aud": "tickets",
        "sub": "john",
        "sid": sid,
        "iat": now,
        "exp": now + 120,
        "jti": "once",
        "events": {tokens.LOGOUT_EVENT: {}},
    }
    header = {"alg": "ES256", "kid": key.kid, "typ": "logout+jwt"}

    def signed(without: str = "", head: dict[str, str] | None = None, by: Any = key, **other: Any) -> str:
        said = {name: value for name, value in {**good, **other}.items() if name != without}
        made = {**header, **(head or {})}
        return jwt.encode(made, said, by, algorithms=[made["alg"]])

    forged = ECKey.generate_key("P-256", {"kid": key.kid})
    shared = OctKey.import_key(pair.client.secret or "")
    return {
        "forged": signed(by=forged),
        "another algorithm": signed(head={"alg": "HS256"}, by=shared),
        "untyped": signed(head={"typ": "JWT"}),
        "another portal's": signed(aud="reports"),
        "another issuer's": signed(iss="https://evil.example"),
        "old": signed(iat=now - 300, exp=now - 180),
        "too long": signed(iat=now - 200, exp=now + 600),
        "with a nonce": signed(nonce="n"),
        "without an event": signed(without="events"),
        "without an id": signed(without="jti"),
        "without a session": signed(without="sid"),
        "nothing": "",
    }


def test_a_log_out_message_that_is_not_the_gateways_own_ends_nothing__SES_09(pair: Pair) -> None:
    john = Person(pair.url, JOHN)
    john.get(f"{pair.url}/portals/tickets/")
    john.get(f"{pair.url}/portals/self-care/security")
    sid = re.search(r"/security/elsewhere/(\w+)", john.answer.text)[1]  # type: ignore[index]
    house = house_of(pair.app)
    with house.database.reading() as reader:
        key = keys.signing(reader, house.vault, clock.now())
    there = f"{pair.portal_url}/back-channel-logout"
    for what, token in mutated(pair, sid, key).items():
        assert requests.post(there, data={"logout_token": token}, timeout=10).status_code == 400, what
        assert "lift alarm" in john.get(f"{pair.portal_url}/").text, what
    real = tokens.logout_token(key, pair.url, "tickets", "john", "0123456789abcdef", clock.now())
    assert [requests.post(there, data={"logout_token": real}, timeout=10).status_code for _ in range(2)] == [200, 400]
    own = tokens.logout_token(key, pair.url, "tickets", "john", sid, clock.now())
    assert requests.post(there, data={"logout_token": own}, timeout=10).status_code == 200
    assert john.web.get(f"{pair.portal_url}/", timeout=10, allow_redirects=False).status_code == 302


def test_what_the_gateway_sends_is_typed_short_lived_and_without_a_nonce__SES_09(pair: Pair) -> None:
    house = house_of(pair.app)
    with house.database.reading() as reader:
        key = keys.signing(reader, house.vault, clock.now())
        known = keys.public_keys(reader)
    made = [tokens.logout_token(key, pair.url, "tickets", "john", "s", clock.now()) for _ in range(2)]
    read = [jwt.decode(token, known, algorithms=["ES256"]) for token in made]
    assert read[0].header == {"alg": "ES256", "kid": key.kid, "typ": "logout+jwt"}
    said = read[0].claims
    assert set(said) == {"iss", "aud", "sub", "sid", "iat", "exp", "jti", "events"}
    assert said["events"] == {"http://schemas.openid.net/event/backchannel-logout": {}}
    assert timedelta(seconds=said["exp"] - said["iat"]) == timedelta(minutes=2)
    assert said["jti"] != read[1].claims["jti"]


def test_the_keys_change_in_mid_flight_and_nobody_notices(pair: Pair) -> None:
    john = Person(pair.url, JOHN)
    john.get(f"{pair.url}/portals/tickets/")
    vault = house_of(pair.app).vault
    with working(pair.app) as work:
        keys.rotate(work, vault, clock.now() - timedelta(hours=2))
    abc = Person(pair.url, ABC)
    assert "lift alarm" in abc.get(f"{pair.url}/portals/tickets/").text
    john.get(f"{pair.url}/portals/self-care/profile")
    john.post("/logout")
    assert rounds(pair.app) == 1


def test_at_most_the_origin_reaches_another_site__HDR_03(pair: Pair) -> None:
    helen = enter_as(pair, "john")
    for answer in (*helen.answer.history, helen.web.get(f"{pair.url}/admin/customers", timeout=10)):
        if answer.url.startswith(pair.url):
            assert answer.headers["Referrer-Policy"] == "strict-origin"
