"""The table of outgoing mail."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from gateway.db import Base, Id


class Mail(Base):
    """A letter to somebody: which, and what it needs to know. Nothing in `given` logs anybody in (KEY-05).

    `due_at` is when it is to be sent or tried again; none: it was sent, or given up for the reason in `failure`.
    """

    __tablename__ = "mail"
    __table_args__ = (Index("ix_mail_created", "created_at", "id"), Index("ix_mail_due", "due_at", "id"))

    id: Mapped[Id]
    identity_id: Mapped[str | None] = mapped_column(ForeignKey("identity.id", ondelete="SET NULL"), index=True)
    address: Mapped[str] = mapped_column(String(254))
    letter: Mapped[str] = mapped_column(String(40))
    given: Mapped[dict[str, Any]] = mapped_column(JSON)
    created_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]
    due_at: Mapped[datetime | None]
    tries: Mapped[int] = mapped_column(default=0)
    failure: Mapped[str | None] = mapped_column(String(300))
