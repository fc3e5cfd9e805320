"""A portal that lives elsewhere, as its server would speak to the gateway, in one process with it."""

import base64
import hashlib
import secrets
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, quote_plus, urlencode, urlsplit

from flask import Flask
from joserfc import jwt
from joserfc.jwk import KeySet

from gateway import clock
from gateway.access import external
from gateway.access.external import Registration
from gateway.access.operations import set_portal_view
from gateway.oidc import keys, logouts
from tests.house import Browser, house_of, working

ISSUER = "http://localhost"
PAGES = [
    {
        "key": "tickets",
        "title": "Tickets",
        "tabs": [{"key": "open", "title": "Open"}, {"key": "closed", "title": "Closed"}],
    },
    {"key": "reports", "title": "Reports"},
    {"key": "settings", "title": "Settings"},
]
LEVELS = {
    "owner": {"": "full"},
    "itlead": {"tickets": "full", "reports": "view"},
    "itsupport": {"tickets": "view", "tickets.closed": "forbidden"},
}


@dataclass
class Elsewhere:
    """A registered portal with what it knows: its secret, and the verifier and nonce of its last request."""

    app: Flask
    slug: str
    redirect_uri: str
    secret: str | None
    verifier: str = ""
    nonce: str = ""
    state: str = ""
    extra: dict[str, str] = field(default_factory=dict)

    def request(self, **more: str) -> str:
        """Return the address of a fresh authorization request; an empty value leaves a parameter out."""
        self.verifier, self.nonce, self.state = (secrets.token_urlsafe(48) for _ in range(3))
        values = {
            "response_type": "code",
            "client_id": self.slug,
            "redirect_uri": self.redirect_uri,
            "scope": "openid profile",
            "state": self.state,
            "nonce": self.nonce,
            "code_challenge": challenge(self.verifier),
            "code_challenge_method": "S256",
        }
        return "/oidc/authorize?" + urlencode({name: value for name, value in {**values, **more}.items() if value})

    def asked(self, browser: Browser, **more: str) -> dict[str, str]:
        """Send a browser to the authorization endpoint and return what it brings back."""
        answer = browser.get(self.request(**more))
        assert answer.status_code == 303, answer.text
        assert answer.location.startswith(self.redirect_uri), answer.location
        back = dict(parse_qsl(urlsplit(answer.location).query))
        assert back["state"] == self.state
        assert back["iss"] == ISSUER
        return back

    def code(self, browser: Browser, **more: str) -> str:
        """Return a fresh code for whoever is logged in."""
        back = self.asked(browser, **more)
        assert "code" in back, back
        return back["code"]

    def token(self, basic: bool = True, **form: str) -> Any:
        """Call the token endpoint as this portal."""
        headers = {}
        if self.secret is None or not basic:
            form = {"client_id": self.slug, **({"client_secret": self.secret} if self.secret else {}), **form}
        else:
            text = f"{quote_plus(self.slug)}:{quote_plus(self.secret)}"
            headers["Authorization"] = "Basic " + base64.b64encode(text.encode()).decode()
        return self.app.test_client().post("/oidc/token", data=form, headers=headers)

    def redeem(self, code: str, **more: str) -> Any:
        """Change a code for tokens."""
        form = {"code": code, "redirect_uri": self.redirect_uri, "code_verifier": self.verifier, **more}
        return self.token(grant_type="authorization_code", **form)

    def refresh(self, token: str) -> Any:
        """Change a refresh token for tokens."""
        return self.token(grant_type="refresh_token", refresh_token=token)

    def enter(self, browser: Browser, **more: str) -> dict[str, Any]:
        """Let somebody in and return the tokens."""
        answer = self.redeem(self.code(browser, **more))
        assert answer.status_code == 200, answer.text
        return dict(answer.json)

    def userinfo(self, access_token: str) -> Any:
        """Ask who an access token is about."""
        return self.app.test_client().get("/oidc/userinfo", headers={"Authorization": f"Bearer {access_token}"})

    def read(self, tokens: dict[str, Any]) -> dict[str, Any]:
        """Check an id token as a portal has to, and return its claims."""
        jwks = KeySet.import_key_set(self.app.test_client().get("/oidc/jwks").json)
        read = jwt.decode(tokens["id_token"], jwks, algorithms=["ES256"])
        jwt.JWTClaimsRegistry(
            iss={"essential": True, "value": ISSUER},
            aud={"essential": True, "value": self.slug},
            exp={"essential": True},
            iat={"essential": True},
        ).validate(read.claims)
        return dict(read.claims)


def challenge(verifier: str) -> str:
    """Return the S256 challenge of a verifier."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def registration(slug: str, **more: Any) -> Registration:
    """Return what is said of a portal at `https://<slug>.example`."""
    values: dict[str, Any] = {
        "title": slug.title(),
        "icon": "inbox",
        "hue": 3,
        "start_url": f"https://{slug}.example/start",
        "redirect_uris": [f"https://{slug}.example/callback"],
        "post_logout_uris": [f"https://{slug}.example/bye"],
        "logout_uri": f"https://{slug}.example/logout",
        "public": False,
    }
    return Registration(**values | more)


def register(app: Flask, slug: str = "tickets", **more: Any) -> Elsewhere:
    """Register a portal elsewhere which the roles of the cast open as `LEVELS` says."""
    said = registration(slug, **more)
    with working(app) as work:
        keys.ensure(work, house_of(app).vault, clock.now())
        secret = external.register(work, slug, said, PAGES, (), clock.now())
        for role, levels in LEVELS.items():
            set_portal_view(work, role, slug, levels)
    return Elsewhere(app, slug, said.redirect_uris[0], secret)


def rounds(app: Flask) -> int:
    """Do once what the worker does every few seconds; return how many log-outs were confirmed."""
    house = house_of(app)

    def in_work(do: Any) -> Any:
        with working(app) as work:
            return do(work)

    logouts.end_what_is_over(house.database, house.rights, in_work, clock.now())
    return logouts.send_logouts(house.settings, house.vault, in_work, clock.now())
