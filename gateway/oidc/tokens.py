"""Tokens as they are written and read: id, access and logout tokens, each with a type of its own (RFC 8725)."""

import base64
import hashlib
from datetime import datetime, timedelta
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, KeySet

from gateway.access.visitor import Visitor
from gateway.oidc import claims
from gateway.oidc.keys import ALGORITHM
from gateway.tokens import new_secret

ACCESS_SECONDS = 60
ID_SECONDS = 300
LOGOUT_SECONDS = 120
SKEW_SECONDS = 5
ID_TYPE, ACCESS_TYPE, LOGOUT_TYPE = "JWT", "at+jwt", "logout+jwt"
LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout"
LONGEST = {ACCESS_TYPE: 8192, ID_TYPE: 65536}
"""Characters. An id token says the level of every node: of three hundred with the longest keys, in some 45,000."""


def access_token(key: ECKey, issuer: str, portal: str, sub: str, sid: str, scope: str, now: datetime) -> str:
    """Return a token for our own userinfo endpoint and for nothing else (RFC 9068)."""
    said = {"aud": issuer, "client_id": portal, "sub": sub, "sid": sid, "scope": scope, "jti": new_secret()}
    return _signed(key, issuer, ACCESS_TYPE, said, now, ACCESS_SECONDS)


def id_token(
    key: ECKey, issuer: str, portal: str, who: Visitor, sid: str, access: str, nonce: str | None, now: datetime
) -> str:
    """Return what tells a portal who is there; the nonce only where one was asked with."""
    said = {
        **claims.claims_of(who, portal, sid),
        "aud": portal,
        "azp": portal,
        **claims.proof(who),
        "at_hash": _half_hash(access),
        **({"nonce": nonce} if nonce else {}),
    }
    return _signed(key, issuer, ID_TYPE, said, now, ID_SECONDS)


def logout_token(key: ECKey, issuer: str, portal: str, sub: str, sid: str, now: datetime) -> str:
    """Return what tells a portal that a session is over (Back-Channel Logout 1.0, section 2.4); never with a nonce."""
    said = {"aud": portal, "sub": sub, "sid": sid, "jti": new_secret(), "events": {LOGOUT_EVENT: {}}}
    return _signed(key, issuer, LOGOUT_TYPE, said, now, LOGOUT_SECONDS)


def read_access(token: str, keys: KeySet, issuer: str, now: datetime) -> dict[str, Any] | None:
    """Return what an access token of ours says, or None for any other text, type, time or audience."""
    said = _read(token, keys, ACCESS_TYPE, issuer)
    if said is None or said.get("aud") != issuer:
        return None
    return said if said["iat"] - SKEW_SECONDS <= now.timestamp() < said["exp"] else None


def read_hint(token: str, keys: KeySet, issuer: str) -> dict[str, Any] | None:
    """Return what an id token of ours says, however old it is, or None."""
    return _read(token, keys, ID_TYPE, issuer)


def _signed(key: ECKey, issuer: str, type: str, said: dict[str, Any], now: datetime, seconds: int) -> str:
    header = {"alg": ALGORITHM, "kid": key.kid, "typ": type}
    iat = int(now.timestamp())
    exp = int((now + timedelta(seconds=seconds)).timestamp())
    return jwt.encode(header, {"iss": issuer, **said, "iat": iat, "exp": exp}, key, algorithms=[ALGORITHM])


def _read(token: str, keys: KeySet, type: str, issuer: str) -> dict[str, Any] | None:
    if len(token) > LONGEST[type] or not token.isascii():
        return None
    try:
        read = jwt.decode(token, keys, algorithms=[ALGORITHM])
    except (JoseError, ValueError):
        return None
    if read.header.get("typ") != type or "kid" not in read.header or read.claims.get("iss") != issuer:
        return None
    return dict(read.claims)


def _half_hash(access: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(access.encode()).digest()[:16]).rstrip(b"=").decode()
