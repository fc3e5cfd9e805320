"""The tables of the provider. Codes and refresh tokens are kept as their SHA-256 only (KEY-05)."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from gateway.db import Base


class AuthorizationCode(Base):
    """A code on its way through the browser: good once, within a minute, for one portal, address and verifier."""

    __tablename__ = "authorization_code"

    key: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    session_id: Mapped[str] = mapped_column(ForeignKey("external_session.id", ondelete="CASCADE"), index=True)
    portal: Mapped[str] = mapped_column(String(64))
    redirect_uri: Mapped[str] = mapped_column(String(500))
    challenge: Mapped[str] = mapped_column(String(43))
    nonce: Mapped[str | None] = mapped_column(String(500))
    scope: Mapped[str] = mapped_column(String(200))
    expires_at: Mapped[datetime] = mapped_column(index=True)
    used_at: Mapped[datetime | None]


class RefreshToken(Base):
    """A token that a portal changes for new ones: good once. One that comes a second time ends the session."""

    __tablename__ = "refresh_token"

    key: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    session_id: Mapped[str] = mapped_column(ForeignKey("external_session.id", ondelete="CASCADE"), index=True)
    portal: Mapped[str] = mapped_column(String(64))
    scope: Mapped[str] = mapped_column(String(200))
    created_at: Mapped[datetime]
    used_at: Mapped[datetime | None] = mapped_column(index=True)


class SigningKey(Base):
    """A key that signs tokens (ES256): the public half as a JWK, the private one sealed under a secret key."""

    __tablename__ = "signing_key"

    kid: Mapped[str] = mapped_column(String(16), primary_key=True)
    public: Mapped[dict[str, Any]] = mapped_column(JSON)
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    key_id: Mapped[str] = mapped_column(String(8))
    created_at: Mapped[datetime]
    signs_from: Mapped[datetime] = mapped_column(index=True)
