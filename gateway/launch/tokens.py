"""The signed token of a launch: an id and its purpose, nothing more (LT-01, LT-02, LT-06)."""

import hashlib
import secrets
from datetime import datetime, timedelta

from itsdangerous import BadSignature, URLSafeTimedSerializer

PURPOSE = "launch"
GOOD_FOR = timedelta(seconds=60)
SKEW = timedelta(seconds=10)


class Tokens:
    """Signs and reads the tokens of one purpose. `keys` are oldest first: the last one signs, all are accepted."""

    def __init__(self, keys: list[bytes]) -> None:
        self._serializer = URLSafeTimedSerializer(
            keys,
            salt=f"portico.{PURPOSE}",
            signer_kwargs={"key_derivation": "hmac", "digest_method": hashlib.sha256},
        )

    def sign(self, launch_id: str) -> str:
        """Return the token that carries `launch_id`."""
        return str(self._serializer.dumps({"id": launch_id, "for": PURPOSE}))

    def read(self, token: str, now: datetime) -> str | None:
        """Return the id inside a token, or None if it is not ours, is for something else, or far from its time.

        The minute itself is kept by the row, on the database's clock; here only what is absurd is refused.
        """
        try:
            payload, signed_at = self._serializer.loads(token, return_timestamp=True)
        except BadSignature:
            return None
        if not -SKEW <= now - signed_at <= GOOD_FOR + SKEW:
            return None
        if not isinstance(payload, dict) or payload.get("for") != PURPOSE or not isinstance(payload.get("id"), str):
            return None
        return str(payload["id"])


def new_launch_id() -> str:
    """Return a fresh id for a token: 256 random bits."""
    return secrets.token_urlsafe(32)


def key_of(launch_id: str) -> bytes:
    """Return the key under which the launch is kept."""
    return hashlib.sha256(launch_id.encode()).digest()
