"""The table of answers that are given again."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from gateway.db import Base


class IdempotencyKey(Base):
    """What was answered to a call that makes something, under the word that its caller chose for it.

    `fingerprint` tells whether a call is the same one; it is keyed, as a body may hold a password.
    """

    __tablename__ = "idempotency_key"

    identity_id: Mapped[str] = mapped_column(ForeignKey("identity.id", ondelete="CASCADE"), primary_key=True)
    word: Mapped[str] = mapped_column(String(255), primary_key=True)
    fingerprint: Mapped[bytes] = mapped_column(LargeBinary(32))
    answer: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    created_at: Mapped[datetime] = mapped_column(index=True)
