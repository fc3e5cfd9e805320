"""The tables of the second factor."""

from datetime import datetime

from sqlalchemy import JSON, BigInteger, ForeignKey, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from gateway.db import Base, Id

CREDENTIAL_BYTES = 1023
"""The longest id of a credential (WebAuthn Level 3, 4)."""


class AppKey(Base):
    """The key of somebody's authenticator app, encrypted; one that counts, and one that is not `confirmed` yet.

    The latter belongs to the session that asked for it. `last_step` is the time step of the last accepted code.
    """

    __tablename__ = "app_key"
    __table_args__ = (UniqueConstraint("identity_id", "confirmed"),)

    id: Mapped[Id]
    identity_id: Mapped[str] = mapped_column(ForeignKey("identity.id", ondelete="CASCADE"))
    confirmed: Mapped[bool]
    session_key: Mapped[bytes | None]
    key_id: Mapped[str] = mapped_column(String(8))
    sealed: Mapped[bytes] = mapped_column(LargeBinary(128))
    last_step: Mapped[int] = mapped_column(BigInteger, default=0)
    created_at: Mapped[datetime]


class RecoveryCode(Base):
    """A code for one use, kept as its SHA-256 only."""

    __tablename__ = "recovery_code"

    key: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    identity_id: Mapped[str] = mapped_column(ForeignKey("identity.id", ondelete="CASCADE"), index=True)
    used_at: Mapped[datetime | None]


class WrongCodes(Base):
    """When somebody's codes were wrong in the last thirty days, in seconds since 1970; the row is what is locked."""

    __tablename__ = "wrong_codes"

    identity_id: Mapped[str] = mapped_column(ForeignKey("identity.id", ondelete="CASCADE"), primary_key=True)
    moments: Mapped[list[float]] = mapped_column(JSON)
    locked_at: Mapped[datetime | None]


class Device(Base):
    """A browser that is not asked for the second factor of somebody; its cookie is kept as its SHA-256 only."""

    __tablename__ = "device"
    __table_args__ = (UniqueConstraint("key", "identity_id"),)

    id: Mapped[Id]
    key: Mapped[bytes]
    identity_id: Mapped[str] = mapped_column(ForeignKey("identity.id", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(String(120))
    address: Mapped[str | None] = mapped_column(String(45))
    created_at: Mapped[datetime]
    last_used_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)


class Passkey(Base):
    """A credential of WebAuthn: its public key, and how often its authenticator says that it was used."""

    __tablename__ = "passkey"

    id: Mapped[Id]
    identity_id: Mapped[str] = mapped_column(ForeignKey("identity.id", ondelete="CASCADE"), index=True)
    credential_id: Mapped[bytes] = mapped_column(LargeBinary(CREDENTIAL_BYTES), unique=True)
    public_key: Mapped[bytes] = mapped_column(LargeBinary)
    uses: Mapped[int] = mapped_column(BigInteger)
    name: Mapped[str] = mapped_column(String(80))
    created_at: Mapped[datetime]
    last_used_at: Mapped[datetime | None]


class Challenge(Base):
    """What an authenticator is asked to sign, once: for one purpose, in one browser."""

    __tablename__ = "challenge"

    key: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    challenge: Mapped[bytes] = mapped_column(LargeBinary(64))
    expires_at: Mapped[datetime] = mapped_column(index=True)
