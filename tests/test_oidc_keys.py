"""Keys that sign, what is signed with them, and tokens that somebody made up."""

import base64
import json
import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from flask import Flask
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey
from sqlalchemy import select, update

from gateway import clock
from gateway.access import external
from gateway.access.models import Role
from gateway.access.operations import set_portal_view
from gateway.access.structure_files import LONGEST_KEY, MOST_NODES
from gateway.errors import Tampered
from gateway.keys import Sealed
from gateway.oidc import claims, keys, logouts, tokens
from gateway.oidc.models import SigningKey
from tests.cast import ABC, HELEN, JOHN, ROOT
from tests.conftest import SECRET
from tests.elsewhere import ISSUER, Elsewhere, register
from tests.house import Browser, change, house_of, rows, visit_of, working

NewBrowser = Callable[[], Browser]


@pytest.fixture
def tickets(app: Flask) -> Elsewhere:
    """A portal elsewhere with a secret."""
    return register(app)


@pytest.fixture
def john(new_browser: NewBrowser) -> Browser:
    """John, logged in."""
    found = new_browser()
    found.log_in(JOHN)
    return found


def kid_of(token: str) -> str:
    """Return the key that a token names."""
    header = token.partition(".")[0]
    return str(json.loads(base64.urlsafe_b64decode(header + "=" * (-len(header) % 4)))["kid"])


def test_the_provider_says_of_itself_what_it_does(app: Flask) -> None:
    said = app.test_client().get("/.well-known/openid-configuration").json
    assert said["issuer"] == ISSUER
    assert said["response_types_supported"] == ["code"]
    assert said["code_challenge_methods_supported"] == ["S256"]
    assert said["id_token_signing_alg_values_supported"] == ["ES256"]
    assert said["backchannel_logout_session_supported"] is True
    rules = {rule.rule for rule in app.url_map.iter_rules()}
    ours = [address.removeprefix(ISSUER) for name, address in said.items() if name.endswith(("_endpoint", "_uri"))]
    assert len(ours) == 5
    assert set(ours) <= rules


def test_the_document_names_every_claim_and_no_other(app: Flask) -> None:
    text = Path("docs/external-portals.md").read_text(encoding="utf-8")
    table = text.split("| claim |")[1].split("\n\n")[0]
    cells = [line.split("|")[1] for line in table.splitlines()[2:]]
    named = {name for cell in cells for name in re.findall(r"`(\w+)`", cell)}
    assert named == {*claims.NAMES, *claims.PROOF_NAMES}


def test_a_private_key_is_sealed_in_the_database_and_published_nowhere__KEY_04(app: Flask, tickets: Elsewhere) -> None:
    (row,) = rows(app, select(SigningKey.__table__))
    assert b'"d"' not in row.sealed
    assert "d" not in row.public
    assert row.key_id == house_of(app).vault.newest
    published = app.test_client().get("/oidc/jwks").json
    assert published == {"keys": [row.public]}
    assert set(published["keys"][0]) == {"kty", "crv", "x", "y", "kid", "use", "alg"}


def test_a_sealed_key_opens_under_its_own_name_only__KEY_04(app: Flask, tickets: Elsewhere) -> None:
    (row,) = rows(app, select(SigningKey.__table__))
    vault, sealed = house_of(app).vault, Sealed(row.key_id, row.sealed)
    assert json.loads(vault.open(sealed, "signing_key", "sealed", row.kid))["kid"] == row.kid
    with pytest.raises(Tampered):
        vault.open(sealed, "signing_key", "sealed", "another")


def test_keys_overlap_so_that_no_token_meets_a_portal_that_cannot_read_it(
    app: Flask, tickets: Elsewhere, john: Browser
) -> None:
    now = clock.now()
    before = tickets.enter(john)
    with working(app) as work:
        new = keys.rotate(work, house_of(app).vault, now)
    published = [key["kid"] for key in app.test_client().get("/oidc/jwks").json["keys"]]
    assert set(published) == {new, kid_of(before["id_token"])}
    assert kid_of(tickets.enter(john)["id_token"]) != new
    with time_machine.travel(now + timedelta(minutes=61)):
        john.log_in(JOHN)
        after = tickets.enter(john)
        assert kid_of(after["id_token"]) == new
        tickets.read(after)
        tidy(app)
        assert len(app.test_client().get("/oidc/jwks").json["keys"]) == 2
    with time_machine.travel(now + timedelta(days=2)):
        tidy(app)
        assert [key["kid"] for key in app.test_client().get("/oidc/jwks").json["keys"]] == [new]


def tidy(app: Flask) -> None:
    """Clean up as the worker does."""
    with working(app) as work:
        logouts.clean_up(work, house_of(app).vault, clock.now())


def test_a_key_is_changed_by_itself_every_month(app: Flask, tickets: Elsewhere) -> None:
    for days, there in ((29, 1), (31, 2), (31, 2)):
        with time_machine.travel(clock.now() + timedelta(days=days)):
            tidy(app)
            assert len(rows(app, select(SigningKey.kid))) == there


def test_keys_are_sealed_anew_when_the_secret_key_changes__KEY_04(make_app: Callable[..., Flask]) -> None:
    new = "".join(chr(97 + n % 26) for n in range(5, 200, 11)) * 3
    register(make_app())
    both = house_of(make_app(secret_keys=(new, SECRET)))
    with working(make_app(secret_keys=(new, SECRET))) as work:
        assert keys.reseal(work, both.vault) == (1, 0)
        assert keys.reseal(work, both.vault) == (0, 0)
    alone = house_of(make_app(secret_keys=(new,)))
    with alone.database.reading() as reader:
        assert keys.signing(reader, alone.vault, clock.now())


def forged(app: Flask, said: dict[str, Any], portal: Elsewhere) -> dict[str, str]:
    """Return access tokens that nobody gave, each made another way."""
    house = house_of(app)
    with house.database.reading() as reader:
        key = keys.signing(reader, house.vault, clock.now())
    now = int(clock.now().timestamp())
    header = {"alg": "ES256", "kid": str(key.kid), "typ": "at+jwt"}
    good = {**said, "iat": now, "exp": now + 60}

    def signed(by: Any = key, head: dict[str, str] | None = None, **other: Any) -> str:
        made = {**header, **(head or {})}
        return jwt.encode(made, {**good, **other}, by, algorithms=[made["alg"]])

    def part(value: Any) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()

    public = json.dumps(key.as_dict(private=False), sort_keys=True)
    return {
        "another key": signed(ECKey.generate_key("P-256", {"kid": str(key.kid)})),
        "the public key as a shared one": signed(OctKey.import_key(public), {"alg": "HS256"}),
        "the client's secret": signed(OctKey.import_key(portal.secret or ""), {"alg": "HS256"}),
        "no algorithm": f"{part({**header, 'alg': 'none'})}.{part(good)}.",
        "an unknown key": signed(ECKey.generate_key("P-256", {"kid": "nobody"}), {"kid": "nobody"}),
        "another type": signed(head={"typ": "JWT"}),
        "another issuer": signed(iss="https://evil.example"),
        "another audience": signed(aud="tickets"),
        "expired": signed(iat=now - 120, exp=now - 60),
        "of the future": signed(iat=now + 600, exp=now + 660),
        "another portal's": signed(client_id="reports"),
        "another session's": signed(sid="0123456789abcdef"),
        "cut short": signed()[:-4],
        "nothing": "",
        "long": "e" * 9000,
        "no text": "\u00e9.\u00e9.\u00e9",
    }


def test_no_made_up_access_token_is_taken__POR_04(app: Flask, tickets: Elsewhere, john: Browser) -> None:
    register(app, "reports")
    given = tickets.enter(john)["access_token"]
    with house_of(app).database.reading() as reader:
        said = tokens.read_access(given, keys.public_keys(reader), ISSUER, clock.now())
    assert said is not None
    assert tickets.userinfo(given).status_code == 200
    for what, token in forged(app, said, tickets).items():
        answer = app.test_client().get(
            "/oidc/userinfo", headers={"Authorization": f"Bearer {token}".encode().decode("latin-1")}
        )
        assert answer.status_code == 401, what


def leave(portal: Elsewhere, browser: Browser, tokens: dict[str, Any], **more: str) -> Any:
    """Go to the log-out of the gateway as a portal sends there."""
    values = {"id_token_hint": tokens["id_token"], "post_logout_redirect_uri": "https://tickets.example/bye", **more}
    return browser.get("/oidc/end-session", query_string={name: value for name, value in values.items() if value})


def confirm(browser: Browser, page: Any) -> Any:
    """Press the button of that page."""
    fields = ("csrf_token", "id_token_hint", "client_id", "post_logout_redirect_uri", "state")
    form = {
        name: page.text.split(f'name="{name}" value="')[1].split('"')[0]
        for name in fields
        if f'name="{name}"' in page.text
    }
    return browser.client.post("/oidc/end-session/confirm", data=form)


def test_leaving_before_the_first_key_was_made_is_no_error(new_browser: NewBrowser) -> None:
    assert new_browser().get("/oidc/end-session?id_token_hint=e30.e30.e30").location == "/login?done=logged-out"


def test_a_log_out_from_a_portal_is_asked_on_a_page_and_then_ends_everything(
    app: Flask, tickets: Elsewhere, john: Browser
) -> None:
    other = register(app, "reports")
    theirs = other.enter(john)
    given = tickets.enter(john)
    page = leave(tickets, john, given, state="s1")
    assert page.status_code == 200
    assert john.get("/portals/pbx/overview").status_code == 200
    answer = confirm(john, page)
    assert 'content="0; url=https://tickets.example/bye?state=s1"' in answer.text
    assert john.get("/portals/pbx/overview").status_code == 303
    for portal, held in ((tickets, given), (other, theirs)):
        assert portal.refresh(held["refresh_token"]).json["error"] == "invalid_grant"
    moved = leave(tickets, john, given)
    assert 'content="0; url=https://tickets.example/bye"' in moved.text


@pytest.mark.parametrize("uri", ["https://evil.example/", "https://tickets.example/bye/", "javascript:alert(1)"])
def test_after_a_log_out_the_way_leads_to_registered_addresses_alone__RED_01(
    tickets: Elsewhere, john: Browser, uri: str
) -> None:
    answer = confirm(john, leave(tickets, john, tickets.enter(john), post_logout_redirect_uri=uri))
    assert answer.location == "/login?done=logged-out"


def test_a_log_out_form_of_another_site_ends_nothing__CSRF_04(tickets: Elsewhere, john: Browser) -> None:
    given = tickets.enter(john)
    form = {"id_token_hint": given["id_token"]}
    assert john.client.post("/oidc/end-session/confirm", data=form).status_code == 400
    by_form = john.client.post("/oidc/end-session", data=form, headers={"Origin": "https://evil.example"})
    assert by_form.location.startswith("/oidc/end-session?id_token_hint=")
    assert john.get(by_form.location).status_code == 200
    assert john.get("/portals/pbx/overview").status_code == 200


def in_a_visit(tickets: Elsewhere, new_browser: NewBrowser) -> tuple[Browser, str, dict[str, Any]]:
    """Enter the portal in a visit to john: the browser, in which john is logged in too, a page of it, the tokens."""
    helen = new_browser()
    helen.log_in(HELEN)
    helen.log_in(JOHN)
    path = helen.open("john", "pbx")
    given = tickets.enter(helen, login_hint=f"visit:{visit_of(path).removeprefix('/as/')}")
    return helen, path, given


def test_a_log_out_from_a_portal_in_a_visit_ends_the_visit_and_nothing_else(
    tickets: Elsewhere, new_browser: NewBrowser
) -> None:
    helen, path, given = in_a_visit(tickets, new_browser)
    page = leave(tickets, helen, given, post_logout_redirect_uri="")
    assert "End the visit?" in page.text
    assert confirm(helen, page).location == "/admin/customers/abc"
    assert helen.get(path).location.startswith("/admin/customers?ended=")
    assert helen.get("/admin/customers").status_code == 200
    assert helen.get("/portals/pbx/overview").status_code == 200


def test_the_hint_of_somebody_elses_session_ends_that_portals_session_and_no_log_in(
    tickets: Elsewhere, john: Browser, new_browser: NewBrowser
) -> None:
    root = new_browser()
    root.log_in(ROOT)
    given = tickets.enter(john)
    eve = new_browser()
    eve.post("/login", {"login": "eve", "password": "correct horse battery staple"})
    assert confirm(eve, leave(tickets, eve, given)).status_code == 200
    assert tickets.refresh(given["refresh_token"]).json["error"] == "invalid_grant"
    assert john.get("/portals/pbx/overview").status_code == 200
    assert eve.get("/portals/pbx/overview").status_code == 200


def test_a_hint_that_cannot_be_read_logs_out_of_this_browser_and_the_page_says_so(
    app: Flask, tickets: Elsewhere, john: Browser
) -> None:
    register(app, "reports")
    given = tickets.enter(john)
    said = "The portal named a session that is not known here."
    made_up = {"id_token": given["id_token"][:-5] + "AAAAA"}
    for page in (leave(tickets, john, made_up), leave(tickets, john, given, client_id="reports")):
        assert said in page.text
    assert said not in leave(tickets, john, given).text
    assert confirm(john, page).location == "/login?done=logged-out"
    assert john.get("/portals/pbx/overview").status_code == 303


def test_the_hint_of_a_visit_that_is_over_leads_back_and_logs_nobody_out(
    tickets: Elsewhere, new_browser: NewBrowser
) -> None:
    helen, path, given = in_a_visit(tickets, new_browser)
    helen.post(f"{visit_of(path)}/end", page=path)
    assert 'content="0; url=https://tickets.example/bye"' in leave(tickets, helen, given).text
    assert leave(tickets, helen, given, post_logout_redirect_uri="").location == "/"
    form = {"id_token_hint": given["id_token"]}
    assert helen.post("/oidc/end-session/confirm", form, page="/portals/self-care/profile").location == "/"
    assert helen.get("/portals/pbx/overview").status_code == 200
    assert helen.get("/admin/customers").status_code == 200


def test_the_hint_of_a_session_that_is_over_logs_out_its_own_person_and_nobody_else(
    tickets: Elsewhere, john: Browser, new_browser: NewBrowser
) -> None:
    given = tickets.enter(john)
    john.post("/logout", page="/portals/self-care/profile")
    abc = new_browser()
    abc.log_in(ABC)
    assert 'content="0; url=https://tickets.example/bye"' in leave(tickets, abc, given).text
    form = {"id_token_hint": given["id_token"]}
    assert abc.post("/oidc/end-session/confirm", form, page="/portals/self-care/profile").location == "/"
    assert abc.get("/portals/pbx/overview").status_code == 200
    john.log_in(JOHN)
    assert confirm(john, leave(tickets, john, given)).status_code == 200
    assert john.get("/portals/pbx/overview").status_code == 303


def largest(app: Flask) -> Elsewhere:
    """Register a portal with as many nodes as one may have, and as long keys, into which customers are let."""
    keys_of = [f"k{number:0{LONGEST_KEY - 1}}" for number in range(30)]
    tabs = [{"key": key, "title": "T"} for key in keys_of[1:]]
    pages = [{"key": key, "title": "P", "tabs": tabs} for key in keys_of[: MOST_NODES // 30]]
    portal = register(app, "largest")
    with working(app) as work:
        external.set_pages(work, "largest", 1, pages)
        set_portal_view(work, "owner", "largest", {keys_of[0]: "view"})
    return portal


def test_the_longest_id_token_is_read_as_a_hint_too(app: Flask, new_browser: NewBrowser) -> None:
    portal = largest(app)
    for id in ("abc", "helen"):
        change(app, id, name="\U0001f600" * 200)
    with working(app) as work:
        work.execute(update(Role).where(Role.id == "owner").values(name="\U0001f600" * 120))
    helen = new_browser()
    helen.log_in(HELEN)
    helen.log_in(ABC)
    path = helen.open("abc", "pbx")
    given = portal.enter(helen, login_hint=f"visit:{visit_of(path).removeprefix('/as/')}")
    assert len(portal.read(given)["levels"]) == MOST_NODES
    assert 30_000 < len(given["id_token"]) < tokens.LONGEST[tokens.ID_TYPE] * 0.9
    page = leave(portal, helen, given, post_logout_redirect_uri="https://largest.example/bye")
    assert "End the visit?" in page.text
    assert 'content="0; url=https://largest.example/bye"' in confirm(helen, page).text
    assert portal.userinfo(given["access_token"]).status_code == 401
    assert helen.get(path).location.startswith("/admin/customers?ended=")
    assert helen.get("/portals/pbx/overview").status_code == 200
