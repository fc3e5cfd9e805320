"""The tables of tokens for programs, and of the sessions that they open."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from gateway.db import Base, new_id


class ApiToken(Base):
    """A token for programs; kept as its SHA-256 only, which 160 random bits make enough (TOK-01).

    `level` is the most that it may do (`view` or `full`), `portals` the slugs that it is limited to, joined by commas
    (none: no limit). `mismatched_at`: when somebody last came with it and another login. A revoked one is gone.
    """

    __tablename__ = "api_token"
    __table_args__ = (
        Index("ix_api_token_identity_id", "identity_id", "id"),
        CheckConstraint("level IN ('view', 'full')", name="level"),
    )

    key: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    id: Mapped[str] = mapped_column(String(16), unique=True, default=new_id)
    identity_id: Mapped[str] = mapped_column(ForeignKey("identity.id", ondelete="CASCADE"))
    author_id: Mapped[str | None] = mapped_column(ForeignKey("identity.id", ondelete="SET NULL"), index=True)
    name: Mapped[str] = mapped_column(String(100))
    level: Mapped[str] = mapped_column(String(8))
    portals: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    last_used_at: Mapped[datetime | None]
    last_used_address: Mapped[str | None] = mapped_column(String(45))
    mismatched_at: Mapped[datetime | None]


class ApiSession(Base):
    """What login and token give: an hour at most, gone with its token. The bearer is kept as its SHA-256 only."""

    __tablename__ = "api_session"

    key: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    id: Mapped[str] = mapped_column(String(16), unique=True, default=new_id)
    token_key: Mapped[bytes] = mapped_column(ForeignKey("api_token.key", ondelete="CASCADE"), index=True)
    started_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
