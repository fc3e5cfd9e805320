"""What portals ask, read strictly: authorization requests, and who calls the token endpoint (OpenID Connect Core 1.0).

`Refused` is told to the portal in the protocol's own words; `Unanswerable` cannot be, as nobody knows where to.
"""

import base64
import binascii
import hmac
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_plus, urlencode, urlsplit

from sqlalchemy import Connection

from gateway.access import external
from gateway.db import AnyRow
from gateway.errors import PorticoError
from gateway.tokens import key_of

VISIT_HINT = "visit:"
CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}\Z")
VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}\Z")
LONGEST = {"state": 1000, "nonce": 500, "scope": 200, "login_hint": 200}
LONGEST_REQUEST = 4000
"""Characters of all that is read. A log-in carries it on, quoted once more, in addresses that 8 kB have to hold."""
READ = (
    *("client_id", "redirect_uri", "response_type", "response_mode", "scope", "state", "nonce"),
    *("code_challenge", "code_challenge_method", "prompt", "max_age", "login_hint"),
)
PROMPTS = frozenset({"none", "login", "consent", "select_account"})
FOREVER = 10**9
NOT_TAKEN = {"request": "request_not_supported", "request_uri": "request_uri_not_supported"}

Parameters = Mapping[str, Sequence[str]]


class Unanswerable(PorticoError):
    """A request that cannot be answered to where it came from: an unknown portal or address."""


class Refused(PorticoError):
    """A request that is not granted: `code` of the protocol, a sentence for developers, and an HTTP status."""

    def __init__(self, code: str, description: str, status: int = 400) -> None:
        super().__init__(f"{code}: {description}")
        self.code, self.description, self.status = code, description, status


@dataclass(frozen=True, slots=True)
class Asked:
    """A well-formed authorization request. `handle`: of the visit whose cookie counts, instead of any other.

    `hint` is an id token that names who is expected, `query` the rest of the request, to come again with.
    """

    portal: str
    redirect_uri: str
    scope: str
    challenge: str
    nonce: str | None
    prompt: frozenset[str]
    max_age: int | None
    handle: str | None
    login: str
    hint: str
    query: str


def once(given: Parameters) -> dict[str, str]:
    """Return parameters by name; raises `Refused` when one stands twice (RFC 6749, section 3.1)."""
    for name, values in given.items():
        if len(values) != 1:
            raise Refused("invalid_request", f"{name} stands {len(values)} times")
    return {name: values[0] for name, values in given.items() if values[0]}


def where_to(reader: Connection, given: Parameters) -> tuple[AnyRow, str]:
    """Return the portal that asks and the address to answer to, which matches a registered one to the letter.

    Raises `Unanswerable` for anything else (ASVS 10.4.1).
    """
    ids, uris = given.get("client_id", ()), given.get("redirect_uri", ())
    client = external.client(reader, ids[0]) if len(ids) == 1 else None
    if client is None or len(uris) != 1 or uris[0] not in client.redirect_uris:
        raise Unanswerable
    return client, uris[0]


def authorization(given: Parameters, portal: str, redirect_uri: str) -> Asked:
    """Read the rest of an authorization request; raises `Refused`."""
    asked = once(given)
    for name, code in NOT_TAKEN.items():
        if name in asked:
            raise Refused(code, f"{name} is not taken here")
    if asked.get("response_type") != "code":
        raise Refused("unsupported_response_type", "response_type is code")
    if asked.get("response_mode", "query") != "query":
        raise Refused("invalid_request", "response_mode is query")
    for name, longest in LONGEST.items():
        if len(asked.get(name, "")) > longest:
            raise Refused("invalid_request", f"{name} has more than {longest} characters")
    if "openid" not in asked.get("scope", "").split():
        raise Refused("invalid_scope", "scope contains openid")
    if asked.get("code_challenge_method") != "S256" or not CHALLENGE.match(asked.get("code_challenge", "")):
        raise Refused("invalid_request", "code_challenge is needed, with the method S256 (RFC 7636)")
    prompt = frozenset(asked.get("prompt", "").split())
    if prompt - PROMPTS or ("none" in prompt and len(prompt) > 1):
        raise Refused("invalid_request", "prompt is none, or of login, consent and select_account")
    query = urlencode({name: asked[name] for name in READ if name in asked})
    if len(query) > LONGEST_REQUEST:
        raise Refused("invalid_request", f"the request has more than {LONGEST_REQUEST} characters")
    hint = asked.get("login_hint", "")
    visit = hint.startswith(VISIT_HINT)
    return Asked(
        portal=portal,
        redirect_uri=redirect_uri,
        scope=" ".join(word for word in ("openid", "profile") if word in asked["scope"].split()),
        challenge=asked["code_challenge"],
        nonce=asked.get("nonce"),
        prompt=prompt,
        max_age=_seconds(asked.get("max_age")),
        handle=hint.removeprefix(VISIT_HINT) if visit else None,
        login="" if visit else hint,
        hint=asked.get("id_token_hint", ""),
        query=query,
    )


def _seconds(text: str | None) -> int | None:
    if text is None:
        return None
    if not (text.isascii() and text.isdigit()):
        raise Refused("invalid_request", "max_age is a whole number of seconds")
    return min(int(text[:10]), FOREVER)


def answer(redirect_uri: str, **values: str) -> str:
    """Return the address that takes an answer to the portal; what the registered one carries stays."""
    joined = "&" if urlsplit(redirect_uri).query else "?"
    return f"{redirect_uri}{joined}{urlencode(values)}"


def authenticated(reader: Connection, authorization_header: str, given: Mapping[str, str]) -> AnyRow:
    """Return the portal that calls the token endpoint, proven by its secret, or none but its name for a public one.

    Raises `Refused` with 401 for anything else (ASVS 10.4.10). A secret comes in one way, not in two.
    """
    by_header = _basic(authorization_header)
    if by_header is not None and "client_secret" in given:
        raise Refused("invalid_request", "the client is authenticated in two ways")
    id, secret = by_header or (given.get("client_id", ""), given.get("client_secret"))
    if given.get("client_id", id) != id:
        raise Refused("invalid_request", "client_id differs from the client that is authenticated")
    client = external.client(reader, id)
    if client is None or not _proven(client, secret):
        raise Refused("invalid_client", "unknown client, or not its secret", 401)
    return client


def _proven(client: Any, secret: str | None) -> bool:
    if client.public:
        return secret is None
    return secret is not None and hmac.compare_digest(key_of(secret), client.secret_key)


def _basic(header: str) -> tuple[str, str] | None:
    """Read RFC 6749's client_secret_basic: both parts are form-encoded inside; None without such a header."""
    scheme, _, text = header.partition(" ")
    if not scheme:
        return None
    try:
        if scheme.lower() != "basic":
            raise ValueError(scheme)
        id, colon, secret = base64.b64decode(text.strip(), validate=True).decode().partition(":")
    except (binascii.Error, ValueError) as error:
        raise Refused("invalid_client", "the Authorization header cannot be read", 401) from error
    if not colon:
        raise Refused("invalid_client", "the Authorization header cannot be read", 401)
    return unquote_plus(id), unquote_plus(secret)
