"""Signed tokens: an id and its purpose, nothing more (LT-01, LT-02, LT-06). What they stand for is in a row."""

import hashlib
import secrets
from datetime import datetime, timedelta

from itsdangerous import BadSignature, URLSafeTimedSerializer

SKEW = timedelta(seconds=10)


class Tokens:
    """Signs and reads the tokens of one purpose, good for some time.

    `keys` are oldest first: the last one signs, all are accepted.
    """

    def __init__(self, keys: list[bytes], purpose: str, good_for: timedelta) -> None:
        self._purpose, self._good_for = purpose, good_for
        self._serializer = URLSafeTimedSerializer(
            keys,
            salt=f"portico.{purpose}",
            signer_kwargs={"key_derivation": "hmac", "digest_method": hashlib.sha256},
        )

    def sign(self, id: str) -> str:
        """Return the token that carries `id`."""
        return str(self._serializer.dumps({"id": id, "for": self._purpose}))

    def read(self, token: str, now: datetime) -> str | None:
        """Return the id inside a token, or None if it is not ours, is for something else, or far from its time.

        The time itself is kept by the row; here only what is absurd is refused.
        """
        try:
            payload, signed_at = self._serializer.loads(token, return_timestamp=True)
        except BadSignature:
            return None
        if not -SKEW <= now - signed_at <= self._good_for + SKEW:
            return None
        if not isinstance(payload, dict) or payload.get("for") != self._purpose:
            return None
        return payload["id"] if isinstance(payload.get("id"), str) else None


def new_secret() -> str:
    """Return a fresh id for a token: 256 random bits."""
    return secrets.token_urlsafe(32)


def key_of(secret: str) -> bytes:
    """Return the key under which what a token stands for is kept."""
    return hashlib.sha256(secret.encode()).digest()
