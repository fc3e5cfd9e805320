"""The tables of what is asked for by mail and good once."""

from datetime import datetime

from sqlalchemy import ForeignKey, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from gateway.db import Base, Id
from gateway.identity.models import Realm, words


class LinkMixin:
    """A link by mail, good once; kept as its SHA-256 only (KEY-05)."""

    key: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    identity_id: Mapped[str] = mapped_column(ForeignKey("identity.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class Invitation(LinkMixin, Base):
    """A link that lets somebody in once, to choose a password."""

    __tablename__ = "invitation"


class PasswordReset(LinkMixin, Base):
    """A link by which whoever reads the mail to `address` chooses another password, and does not get in by that."""

    __tablename__ = "password_reset"

    address: Mapped[str] = mapped_column(String(254))


class EmailChange(LinkMixin, Base):
    """A link that shows that mail to `address` arrives, which is then somebody's."""

    __tablename__ = "email_change"

    address: Mapped[str] = mapped_column(String(254))


class ResetRequest(Base):
    """Somebody forgot a password. Whose it is, if anybody's, is looked up by the worker, so that nobody can tell by
    the answer or its time (LOG-04); then the row is taken away.
    """

    __tablename__ = "reset_request"

    id: Mapped[Id]
    realm: Mapped[Realm] = mapped_column(words(Realm))
    typed: Mapped[str] = mapped_column(String(256))
    address: Mapped[str | None] = mapped_column(String(45))
    agent: Mapped[str | None] = mapped_column(String(200))
    created_at: Mapped[datetime]
