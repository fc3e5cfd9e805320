"""Every kind of token at every door of every other kind: only its own lets it in (LT-02)."""

from collections.abc import Callable, Mapping
from urllib.parse import parse_qsl, urlsplit

import pytest
from flask import Flask

from gateway import clock
from gateway.oidc import keys, tokens
from tests.cast import HELEN, JOHN, ROOT
from tests.elsewhere import ISSUER, Elsewhere, register
from tests.house import Browser, form_token, house_of
from tests.post import answered, link_in, outbox, text_of
from tests.programs import Program
from tests.test_launch import token_cookie

NewBrowser = Callable[[], Browser]


class Doors:
    """One good token of each kind, and for each the door that takes it."""

    def __init__(self, app: Flask, new_browser: NewBrowser) -> None:
        self.app, self.new_browser, self.portal = app, new_browser, register(app)
        self.john, self.helen = new_browser(), new_browser()
        self.john.log_in(JOHN)
        self.helen.log_in(HELEN)
        self.land = self.helen.launch("john", "pbx").location
        self.launch_name, launch = token_cookie(self.helen)
        entered = self.portal.enter(self.john)
        program = Program(app, "john")
        self.code_portal = Elsewhere(app, self.portal.slug, self.portal.redirect_uri, self.portal.secret)
        stranger = new_browser().get(self.portal.request()).location
        resumed = dict(parse_qsl(urlsplit(dict(parse_qsl(urlsplit(stranger).query))["next"]).query))
        self.good: Mapping[str, str] = {
            "launch": launch,
            "reset": self._reset(),
            "invitation": self._invitation(),
            "session": self._cookie(self.john, "session"),
            "console session": self._cookie(self.helen, "admin"),
            "form": form_token(self.john.get("/portals/self-care/profile").text),
            "API token": program.token,
            "API session": program.headers["Authorization"].removeprefix("Bearer "),
            "id token": entered["id_token"],
            "access token": entered["access_token"],
            "refresh token": entered["refresh_token"],
            "code": self.code_portal.code(self.john),
            "resume": resumed["resume"],
            "log-out message": self._logout(),
        }
        self.doors: Mapping[str, Callable[[str], bool]] = {
            "launch": self._lands,
            "reset": lambda token: self._page(f"/login/reset/{token}"),
            "invitation": lambda token: self._page(f"/login/invitation/{token}"),
            "session": lambda token: self._with_cookie("session", token, "/portals/pbx/overview"),
            "console session": lambda token: self._with_cookie("admin", token, "/admin/customers"),
            "form": self._sends_a_form,
            "API token": lambda token: bool(Program(app).open("john", token).status_code == 200),
            "API session": lambda token: self._bears(token, "/api/v1/self"),
            "access token": lambda token: self._bears(token, "/oidc/userinfo"),
            "refresh token": lambda token: bool(self.portal.refresh(token).status_code == 200),
            "code": lambda token: bool(self.code_portal.redeem(token).status_code == 200),
        }

    def _cookie(self, browser: Browser, name: str) -> str:
        found = browser.client.get_cookie(name)
        assert found is not None
        return str(found.value)

    def _reset(self) -> str:
        page = "/login/forgotten"
        assert self.new_browser().post(page, {"login": "mark"}).status_code == 303
        assert answered(self.app) == 1
        return link_in(text_of(self.app, outbox(self.app)[-1])).rpartition("/")[2]

    def _invitation(self) -> str:
        root, page = self.new_browser(), "/admin/customers/abc/individuals/adam"
        root.log_in(ROOT)
        assert root.post(f"{page}/invitation", page=page).status_code == 303
        return link_in(text_of(self.app, outbox(self.app)[-1])).rpartition("/")[2]

    def _logout(self) -> str:
        house = house_of(self.app)
        with house.database.reading() as reader:
            key = keys.signing(reader, house.vault, clock.now())
        return tokens.logout_token(key, ISSUER, self.portal.slug, "john", "0123456789abcdef", clock.now())

    def _lands(self, token: str) -> bool:
        self.helen.client.set_cookie(self.launch_name, token)
        return bool(self.helen.get(self.land).status_code == 303)

    def _page(self, path: str) -> bool:
        return bool(self.new_browser().get(path).status_code == 200)

    def _with_cookie(self, name: str, token: str, path: str) -> bool:
        browser = self.new_browser()
        browser.client.set_cookie(name, token)
        return bool(browser.get(path).status_code == 200)

    def _bears(self, token: str, path: str) -> bool:
        answer = self.app.test_client().get(path, headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code in (200, 401)
        return bool(answer.status_code == 200)

    def _sends_a_form(self, token: str) -> bool:
        form = {"csrf_token": token}
        answer = self.john.client.post("/portals/self-care/security/second-factor/devices/forget", data=form)
        assert answer.status_code in (303, 400)
        return bool(answer.status_code == 303)


def test_each_of_fourteen_kinds_of_token_opens_its_own_door_alone__LT_02__TOK_03__POR_04(
    app: Flask, new_browser: NewBrowser
) -> None:
    found = Doors(app, new_browser)
    assert len(found.good) == 14
    for door, opens in found.doors.items():
        for kind, token in found.good.items():
            assert kind == door or not opens(token), f"a token of the kind {kind} at the door of {door}"
    for door, opens in found.doors.items():
        assert opens(found.good[door]), door


@pytest.mark.parametrize("kind", ["access token", "log-out message", "API session"])
def test_a_log_out_from_a_portal_takes_an_id_token_and_nothing_else__LT_02(
    app: Flask, new_browser: NewBrowser, kind: str
) -> None:
    found = Doors(app, new_browser)
    for token, ended in ((found.good[kind], False), (found.good["id token"], True)):
        new_browser().post("/oidc/end-session/confirm", {"id_token_hint": token}, page="/login")
        assert (found.portal.userinfo(found.good["access token"]).status_code == 401) is ended
