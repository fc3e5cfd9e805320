"""The tables of the record."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, CheckConstraint, Index, Integer, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from gateway.db import Base

LOG_IN_REFUSED = text("event IN ('factor.refused', 'login.refused')")
"""Which rows the index of refused log-ins holds, second factors too. A query has to say it in the same words to find
them by it.
"""

VISITED = text("event = 'visit.start'")
"""Which rows the index of visits holds."""

IN_A_VISIT = text("launch_id IS NOT NULL")
"""Which rows the index of launches holds."""

OF_INDIVIDUALS = text(
    "event IN ('access.changed', 'factor.reset', 'identity.restored', 'identity.suspended', 'individual.changed',"
    " 'individual.created', 'individual.deleted', 'invitation.sent', 'password.reset')"
)
"""Which rows the index of what customers are shown of their individuals holds."""


OUTSIDE = text("reason = 'network'")
"""Which rows the index of refusals by network holds, in the same words likewise."""


class AuditEvent(Base):
    """One thing that happened. `mac` chains the row to the one before it (ASVS 16.4.2).

    It covers address, agent and details by their salted digests alone, so that these can be taken away with their salt
    and the chain still holds. Rows from before there were digests have none, and are covered with all their values.
    """

    __tablename__ = "audit_event"
    __table_args__ = (
        Index("ix_audit_event_actor_id", "actor_id", "seq"),
        Index("ix_audit_event_subject_id", "subject_id", "seq"),
        Index("ix_audit_event_customer_id", "customer_id", "seq"),
        Index("ix_audit_event_event", "event", "seq"),
        Index("ix_audit_event_at", "at", "seq"),
        Index(
            "ix_audit_event_refused",
            "customer_id",
            "seq",
            sqlite_where=LOG_IN_REFUSED,
            postgresql_where=LOG_IN_REFUSED,
        ),
        Index(
            "ix_audit_event_outside",
            "subject_id",
            "seq",
            sqlite_where=OUTSIDE,
            postgresql_where=OUTSIDE,
        ),
        Index("ix_audit_event_portal", "portal", "seq"),
        Index("ix_audit_event_address", "address", "seq"),
        Index("ix_audit_event_launch_id", "launch_id", "seq", sqlite_where=IN_A_VISIT, postgresql_where=IN_A_VISIT),
        Index("ix_audit_event_visit", "customer_id", "seq", sqlite_where=VISITED, postgresql_where=VISITED),
        Index(
            "ix_audit_event_people",
            "customer_id",
            "seq",
            sqlite_where=OF_INDIVIDUALS,
            postgresql_where=OF_INDIVIDUALS,
        ),
    )

    seq: Mapped[int] = mapped_column(
        BigInteger().with_variant(Integer(), "sqlite"), primary_key=True, autoincrement=False
    )
    at: Mapped[datetime]
    event: Mapped[str] = mapped_column(String(64))
    outcome: Mapped[str] = mapped_column(String(16))
    reason: Mapped[str | None] = mapped_column(String(64))
    realm: Mapped[str | None] = mapped_column(String(16))
    actor_id: Mapped[str | None] = mapped_column(String(16))
    subject_id: Mapped[str | None] = mapped_column(String(16))
    customer_id: Mapped[str | None] = mapped_column(String(16))
    portal: Mapped[str | None] = mapped_column(String(64))
    mode: Mapped[str | None] = mapped_column(String(16))
    launch_id: Mapped[str | None] = mapped_column(String(16))
    session: Mapped[str | None] = mapped_column(String(16))
    address: Mapped[str | None] = mapped_column(String(45))
    agent: Mapped[str | None] = mapped_column(String(200))
    request_id: Mapped[str | None] = mapped_column(String(32))
    details: Mapped[dict[str, Any]] = mapped_column(JSON)
    place_salt: Mapped[bytes | None]
    place_digest: Mapped[bytes | None]
    details_salt: Mapped[bytes | None]
    details_digest: Mapped[bytes | None]
    key_id: Mapped[str] = mapped_column(String(8))
    mac: Mapped[str] = mapped_column(Text)


class AuditHead(Base):
    """The end of the chain, in one row, moved by every row that is added (a trigger): whoever appends locks it, and a
    chain cut short does not match it.
    """

    __tablename__ = "audit_head"
    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    seq: Mapped[int] = mapped_column(BigInteger)
    mac: Mapped[str] = mapped_column(Text)
