"""What has to be readable again is kept encrypted: AES-256-GCM, under a named key, bound to its place (KEY-02)."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from gateway.errors import KeyMissing, Tampered

NONCE_BYTES = 12


@dataclass(frozen=True, slots=True)
class Sealed:
    """A secret at rest: the id of its key, and the nonce with the ciphertext."""

    key_id: str
    text: bytes


class Vault:
    """Seals and opens secrets. `keys` are by id, oldest first: the last one seals, all of them open."""

    def __init__(self, keys: Mapping[str, bytes]) -> None:
        self._ciphers = {key_id: AESGCM(key) for key_id, key in keys.items()}
        self.newest = list(keys)[-1]

    def seal(self, secret: bytes, *place: str) -> Sealed:
        """Encrypt a secret for one place: table, column, and what names the row."""
        nonce = secrets.token_bytes(NONCE_BYTES)
        text = nonce + self._ciphers[self.newest].encrypt(nonce, secret, _bound(self.newest, place))
        return Sealed(self.newest, text)

    def open(self, sealed: Sealed, *place: str) -> bytes:
        """Decrypt what was sealed for this place.

        Raises `KeyMissing` when its key is not at hand, `Tampered` when it is not what was put there.
        """
        cipher = self._ciphers.get(sealed.key_id)
        if cipher is None:
            raise KeyMissing(sealed.key_id)
        nonce, text = sealed.text[:NONCE_BYTES], sealed.text[NONCE_BYTES:]
        try:
            return cipher.decrypt(nonce, text, _bound(sealed.key_id, place))
        except (InvalidTag, ValueError) as error:
            raise Tampered from error


def _bound(key_id: str, place: tuple[str, ...]) -> bytes:
    return "\0".join((key_id, *place)).encode()
