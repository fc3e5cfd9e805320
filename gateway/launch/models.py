"""The table of launches."""

from datetime import datetime

from sqlalchemy import ForeignKey, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from gateway.access.doors import LONGEST_NAME
from gateway.db import Base, new_id
from gateway.identity.models import Mode, words


class Launch(Base):
    """One click. The token in the browser carries an id; the row under its SHA-256 says everything else.

    `view` is which of the role's further views of a portal elsewhere; None: where it enters.
    """

    __tablename__ = "launch"

    key: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    id: Mapped[str] = mapped_column(String(16), unique=True, default=new_id)
    handle: Mapped[str] = mapped_column(String(16), unique=True)
    actor_id: Mapped[str] = mapped_column(ForeignKey("identity.id", ondelete="CASCADE"), index=True)
    actor_session_key: Mapped[bytes] = mapped_column(LargeBinary(32))
    subject_id: Mapped[str] = mapped_column(ForeignKey("identity.id", ondelete="CASCADE"), index=True)
    portal: Mapped[str | None] = mapped_column(String(64))
    view: Mapped[str | None] = mapped_column(String(LONGEST_NAME))
    mode: Mapped[Mode] = mapped_column(words(Mode))
    view_only: Mapped[bool]
    emergency: Mapped[bool] = mapped_column(default=False)
    reason: Mapped[str | None] = mapped_column(String(200))
    return_to: Mapped[str] = mapped_column(String(500))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    landed_at: Mapped[datetime | None]


class LaunchRequest(Base):
    """What a program asks its administrator to confirm. The id is hard to guess and opens nothing by itself."""

    __tablename__ = "launch_request"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    actor_id: Mapped[str] = mapped_column(ForeignKey("identity.id", ondelete="CASCADE"), index=True)
    subject_id: Mapped[str] = mapped_column(ForeignKey("identity.id", ondelete="CASCADE"), index=True)
    portal: Mapped[str | None] = mapped_column(String(64))
    view: Mapped[str | None] = mapped_column(String(LONGEST_NAME))
    mode: Mapped[Mode] = mapped_column(words(Mode))
    view_only: Mapped[bool]
    emergency: Mapped[bool] = mapped_column(default=False)
    reason: Mapped[str | None] = mapped_column(String(200))
    expires_at: Mapped[datetime] = mapped_column(index=True)
