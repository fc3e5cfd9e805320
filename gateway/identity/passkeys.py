"""Passkeys (WebAuthn Level 3): as a second factor, and to log in without a password.

All of them are discoverable and verify their user (PIN, finger, face), so that one kind does for both.
"""

import hashlib
import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import webauthn
from sqlalchemy import Connection, delete, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session as Work
from webauthn.helpers import base64url_to_bytes
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    CredentialDeviceType,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from gateway.db import AnyRow, rows_changed
from gateway.errors import FactorRefused, TooBusy
from gateway.identity.factor_models import CREDENTIAL_BYTES, Challenge, Passkey
from gateway.identity.proofs import HARDWARE_KEY, SYNCED_KEY

GOOD_FOR = timedelta(minutes=5)
LONGEST_ANSWER = 20_000
MOST = 20
"""How many passkeys one identity may have."""
VERIFIED = UserVerificationRequirement.REQUIRED


@dataclass(frozen=True, slots=True)
class Party:
    """Whom a passkey is for: the host that it is bound to, what people call it, and where its pages come from."""

    id: str
    name: str
    origin: str


@dataclass(frozen=True, slots=True)
class Place:
    """What a challenge is for (`enrol`, `factor`, `log-in`), and what ties it to one browser."""

    purpose: str
    browser: bytes

    @property
    def key(self) -> bytes:
        """Return the key of the row of the challenge."""
        return hashlib.sha256(f"portico {self.purpose}\0".encode() + self.browser).digest()


def of(reader: Connection, identity_id: str) -> Sequence[AnyRow]:
    """Return somebody's passkeys in order of their birth."""
    return reader.execute(
        select(Passkey.__table__).where(Passkey.identity_id == identity_id).order_by(Passkey.id)
    ).all()


def ask(work: Work, place: Place, now: datetime) -> bytes:
    """Make the one challenge of a place and return it; an earlier one is worth nothing any more.

    Raises `TooBusy` when the same browser asks twice at once.
    """
    challenge = secrets.token_bytes(32)
    work.execute(delete(Challenge).where(Challenge.key == place.key))
    work.add(Challenge(key=place.key, challenge=challenge, expires_at=now + GOOD_FOR))
    try:
        work.flush()
    except IntegrityError as error:
        raise TooBusy from error
    return challenge


def asked(reader: Connection, place: Place, now: datetime) -> bytes | None:
    """Return the challenge of a place, or None."""
    found = select(Challenge.challenge).where(Challenge.key == place.key, Challenge.expires_at > now)
    return reader.execute(found).scalar_one_or_none()


def to_enrol(reader: Connection, party: Party, challenge: bytes, identity_id: str, login: str, name: str) -> str:
    """Return as JSON what a browser needs to make a passkey."""
    options = webauthn.generate_registration_options(
        rp_id=party.id,
        rp_name=party.name,
        user_id=identity_id.encode(),
        user_name=login,
        user_display_name=name,
        challenge=challenge,
        timeout=int(GOOD_FOR.total_seconds() * 1000),
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED, user_verification=VERIFIED
        ),
        exclude_credentials=[PublicKeyCredentialDescriptor(id=row.credential_id) for row in of(reader, identity_id)],
    )
    return webauthn.options_to_json(options)


def to_use(reader: Connection, party: Party, challenge: bytes, identity_id: str | None) -> str:
    """Return as JSON what a browser needs to use a passkey: one of somebody's, or without them any that it has."""
    allowed = of(reader, identity_id) if identity_id else ()
    options = webauthn.generate_authentication_options(
        rp_id=party.id,
        challenge=challenge,
        timeout=int(GOOD_FOR.total_seconds() * 1000),
        allow_credentials=[PublicKeyCredentialDescriptor(id=row.credential_id) for row in allowed],
        user_verification=VERIFIED,
    )
    return webauthn.options_to_json(options)


def enrol(
    work: Work, party: Party, place: Place, identity_id: str, answer: str, name: str, now: datetime
) -> tuple[str, str]:
    """Keep a new passkey of somebody; return its id and what kind of key it is. Raises `FactorRefused`, `passkey`."""
    challenge, said = _taken(work, place, now), _read(answer)
    try:
        made = webauthn.verify_registration_response(
            credential=said,
            expected_challenge=challenge,
            expected_rp_id=party.id,
            expected_origin=party.origin,
            require_user_verification=True,
        )
    except Exception as error:  # whatever the library makes of a stranger's bytes
        raise FactorRefused("passkey") from error
    known = select(Passkey.id).where(Passkey.credential_id == made.credential_id)
    full = len(of(work.connection(), identity_id)) >= MOST
    if full or len(made.credential_id) > CREDENTIAL_BYTES or work.execute(known).first():
        raise FactorRefused("passkey")
    passkey = Passkey(
        identity_id=identity_id,
        credential_id=made.credential_id,
        public_key=made.credential_public_key,
        uses=made.sign_count,
        name=name,
        created_at=now,
    )
    work.add(passkey)
    work.flush()
    return passkey.id, _method(made.credential_device_type)


def use(
    work: Work, party: Party, place: Place, answer: str, now: datetime, identity_id: str | None = None
) -> tuple[str, str]:
    """Accept what a passkey signed, one of `identity_id` if given; return whose it is and what kind of key.

    The challenge is used up either way, and a count of uses that does not grow is that of a copy. Raises
    `FactorRefused`, `passkey`.
    """
    challenge = _taken(work, place, now)
    said = _read(answer)
    row = work.execute(select(Passkey.__table__).where(Passkey.credential_id == _named(said))).one_or_none()
    if row is None or not _is_owners(row, said, identity_id):
        raise FactorRefused("passkey")
    try:
        verified = webauthn.verify_authentication_response(
            credential=said,
            expected_challenge=challenge,
            expected_rp_id=party.id,
            expected_origin=party.origin,
            credential_public_key=row.public_key,
            credential_current_sign_count=row.uses,
            require_user_verification=True,
        )
    except Exception as error:  # whatever the library makes of a stranger's bytes
        raise FactorRefused("passkey") from error
    moved = work.execute(
        update(Passkey)
        .where(Passkey.id == row.id, Passkey.uses == row.uses)
        .values(uses=verified.new_sign_count, last_used_at=now)
    )
    if not rows_changed(moved):
        raise FactorRefused("passkey")
    return str(row.identity_id), _method(verified.credential_device_type)


def rename(work: Work, identity_id: str, id: str, name: str) -> bool:
    """Call one of somebody's passkeys something else; tell whether there is such a one."""
    own = (Passkey.id == id, Passkey.identity_id == identity_id)
    return bool(rows_changed(work.execute(update(Passkey).where(*own).values(name=name))))


def forget_old(work: Work, now: datetime) -> None:
    """Take away challenges that were never answered."""
    work.execute(delete(Challenge).where(Challenge.expires_at < now))


def _method(kind: CredentialDeviceType) -> str:
    """Return whether a key is bound to its device, or may be copied to others (WebAuthn Level 3, 6.1.3)."""
    return HARDWARE_KEY if kind is CredentialDeviceType.SINGLE_DEVICE else SYNCED_KEY


def _taken(work: Work, place: Place, now: datetime) -> bytes:
    """Use the challenge of a place up; one caller gets it."""
    taken = work.execute(
        delete(Challenge).where(Challenge.key == place.key, Challenge.expires_at > now).returning(Challenge.challenge)
    ).scalar_one_or_none()
    if taken is None:
        raise FactorRefused("passkey")
    return bytes(taken)


def _read(answer: str) -> dict[str, Any]:
    """Return what an authenticator said; raises `FactorRefused` for what is no such thing."""
    try:
        said = json.loads(answer) if len(answer) <= LONGEST_ANSWER else None
    except ValueError:
        said = None
    if not isinstance(said, dict) or not isinstance(said.get("response"), dict):
        raise FactorRefused("passkey")
    return said


def _named(said: dict[str, Any]) -> bytes:
    """Return the id of the credential that an answer names."""
    return _bytes(said.get("rawId"))


def _is_owners(row: AnyRow, said: dict[str, Any], identity_id: str | None) -> bool:
    """Tell whether the owner is who is asked; without a password before, the authenticator has to name them."""
    if identity_id is not None and row.identity_id != identity_id:
        return False
    handle = said["response"].get("userHandle")
    return (handle is None and identity_id is not None) or _bytes(handle) == row.identity_id.encode()


def _bytes(text: object) -> bytes:
    try:
        return base64url_to_bytes(str(text))
    except ValueError:
        return b""
