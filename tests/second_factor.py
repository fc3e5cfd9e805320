"""Phones and security keys for the tests: an app that makes codes, an authenticator that makes and uses passkeys."""

import hashlib
import json
import re
import secrets
import time
from typing import Any

import cbor2
import pyotp
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url

from gateway import clock
from tests.cast import PASSWORD, Member
from tests.house import Browser

ORIGIN = "http://localhost"
ENOUGH = 4
"""Seconds that a browser may take to send a code."""
OWN = "/portals/self-care/security/second-factor"


def key_in(page: str) -> str:
    """Return the key that a page shows as text."""
    found = re.search(r'<code id="key"[^>]*>([A-Z2-7 ]+)</code>', page)
    assert found, page
    return found[1].replace(" ", "")


def codes_in(page: str) -> list[str]:
    """Return the recovery codes that a page shows."""
    found = re.search(r'<pre class="codes"[^>]*>([^<]+)</pre>', page)
    return found[1].split() if found else []


def code(key: str, steps: int = 0) -> str:
    """Return what an app shows, so many steps of thirty seconds from now.

    A code of the step before is good until this step ends: near its end the next one is waited for.
    """
    left = 30 - time.time() % 30
    if steps < 0 and left < ENOUGH:
        time.sleep(left)
    return pyotp.TOTP(key).at(clock.now(), counter_offset=steps)


def wrong(key: str) -> str:
    """Return six digits that are no code of a key for many minutes around."""
    near = {code(key, steps) for steps in range(-40, 41)}
    return next(text for text in (f"{number:06}" for number in range(100)) if text not in near)


def enrol(browser: Browser, member: Member, steps: int = -1) -> tuple[str, list[str]]:
    """Log in, be led to enrolment and set an app up; returns the key and the recovery codes.

    The code is of the step before, so that the present one can be used right after.
    """
    answer = browser.log_in(member)
    assert "/login/enrol" in answer.location, answer.location
    at = f"{member.log_in_at}/enrol"
    key = key_in(browser.get(at).text)
    done = browser.post(at, {"code": code(key, steps)})
    assert done.status_code == 200, done.text
    return key, codes_in(done.text)


def set_up(browser: Browser, at: str = OWN, steps: int = -1) -> tuple[str, list[str]]:
    """Set an app up under Security, of one's own will; returns the key and the recovery codes."""
    assert browser.post(f"{at}/app", {"current": PASSWORD}).status_code == 303
    key = key_in(browser.get(f"{at}/app").text)
    done = browser.post(f"{at}/app/confirm", {"code": code(key, steps)}, page=f"{at}/app")
    assert done.status_code == 200, done.text
    return key, codes_in(done.text)


def log_in_with(browser: Browser, member: Member, text: str, **more: str) -> Any:
    """Log in with the password and a code; returns the answer to the code."""
    answer = browser.log_in(member)
    assert "/login/code" in answer.location, answer.location
    return browser.post(f"{member.log_in_at}/code", {"code": text, **more})


def log_out(browser: Browser) -> Browser:
    """Log a customer or an individual out, so that the log-in page is there again; the browser keeps its cookies."""
    assert browser.post("/logout", page=OWN).status_code == 303
    return browser


class Authenticator:
    """A security key: makes one passkey, and signs with it. What it says can be bent by the test."""

    def __init__(self, origin: str = ORIGIN, host: str = "localhost", flags: int = 0x05) -> None:
        self.origin, self.host, self.flags, self.count = origin, host, flags, 0
        self._key = ec.generate_private_key(ec.SECP256R1())
        self.id = secrets.token_bytes(16)
        self.handle = b""

    def make(self, options: dict[str, Any]) -> str:
        """Answer the options of an enrolment."""
        self.handle = base64url_to_bytes(options["user"]["id"])
        numbers = self._key.public_key().public_numbers()
        cose = {1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32, "big"), -3: numbers.y.to_bytes(32, "big")}
        credential = b"\0" * 16 + len(self.id).to_bytes(2, "big") + self.id + cbor2.dumps(cose)
        said = {"fmt": "none", "attStmt": {}, "authData": self._data(0x40) + credential}
        client = self._client("webauthn.create", options["challenge"])
        return self._answer({"clientDataJSON": client, "attestationObject": cbor2.dumps(said)})

    def use(self, options: dict[str, Any], **bent: Any) -> str:
        """Answer the options of a log-in; `bent` replaces parts of the answer."""
        self.count += 1
        data, client = self._data(), self._client("webauthn.get", options["challenge"])
        signature = self._key.sign(data + hashlib.sha256(client).digest(), ec.ECDSA(SHA256()))
        said = {"clientDataJSON": client, "authenticatorData": data, "signature": signature, "userHandle": self.handle}
        return self._answer(said | bent)

    def _data(self, more: int = 0) -> bytes:
        host = hashlib.sha256(self.host.encode()).digest()
        return host + bytes([self.flags | more]) + self.count.to_bytes(4, "big")

    def _client(self, kind: str, challenge: str) -> bytes:
        return json.dumps({"type": kind, "challenge": challenge, "origin": self.origin}).encode()

    def _answer(self, response: dict[str, bytes]) -> str:
        id = bytes_to_base64url(self.id)
        said = {name: bytes_to_base64url(value) for name, value in response.items() if value is not None}
        return json.dumps({"id": id, "rawId": id, "type": "public-key", "response": said, "clientExtensionResults": {}})


def options_in(page: str) -> dict[str, Any]:
    """Return the options that the button of a page carries."""
    found = re.search(r'data-options="([^"]+)"', page)
    assert found, page
    options: dict[str, Any] = json.loads(found[1].replace("&#34;", '"').replace("&quot;", '"').replace("&amp;", "&"))
    return options


def add_passkey(browser: Browser, key: Authenticator, at: str = OWN, name: str = "My key", **proof: str) -> Any:
    """Add a passkey under Security and return the answer."""
    begun = browser.post(f"{at}/passkeys/new", {"current": PASSWORD, **proof})
    assert begun.status_code == 303, begun.text
    page = browser.get(f"{at}/passkeys/new").text
    form = {"name": name, "credential": key.make(options_in(page))}
    return browser.post(f"{at}/passkeys", form, page=f"{at}/passkeys/new")


def ask_passkey(browser: Browser, at: str = "/login", step: str = "") -> dict[str, Any]:
    """Ask for the challenge of a log-in, as the script of the page does."""
    page = f"{at}/code" if step else at
    answer = browser.post(f"{at}/passkey/options", {"step": step}, page=page)
    assert answer.status_code == 200, answer.text
    options: dict[str, Any] = answer.json
    return options


def use_passkey(browser: Browser, said: str, at: str = "/login", step: str = "") -> Any:
    """Send what an authenticator said, as the form of the page does."""
    return browser.post(f"{at}/passkey", {"credential": said, "step": step}, page=f"{at}/code" if step else at)
