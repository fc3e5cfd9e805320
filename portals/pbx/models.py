"""The tables of the Cloud PBX."""

import enum
from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import Enum, ForeignKey, Index, Numeric, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from gateway.portal import Base, Id


class Direction(enum.StrEnum):
    """Which way a call went."""

    INCOMING = "incoming"
    OUTGOING = "outgoing"
    MISSED = "missed"


class InvoiceStatus(enum.StrEnum):
    """How an invoice stands."""

    OPEN = "open"
    PAID = "paid"
    OVERDUE = "overdue"


class Method(enum.StrEnum):
    """How a payment was made."""

    CARD = "card"
    TRANSFER = "transfer"
    DIRECT_DEBIT = "direct-debit"


def words(kind: type[enum.StrEnum]) -> Enum:
    """Return the column type that keeps the words of `kind`."""
    return Enum(
        kind, native_enum=False, length=16, values_callable=lambda members: [member.value for member in members]
    )


class Extension(Base):
    """A telephone of the customer."""

    __tablename__ = "pbx_extension"
    __table_args__ = (UniqueConstraint("customer_id", "number"),)

    id: Mapped[Id]
    customer_id: Mapped[str] = mapped_column(ForeignKey("identity.id", ondelete="CASCADE"))
    number: Mapped[str] = mapped_column(String(16))
    name: Mapped[str] = mapped_column(String(120))
    email: Mapped[str | None] = mapped_column(String(254))
    forward_to: Mapped[str | None] = mapped_column(String(32))
    version: Mapped[int] = mapped_column(default=1, server_default="1")


class Call(Base):
    """One call."""

    __tablename__ = "pbx_call"
    __table_args__ = (
        UniqueConstraint("customer_id", "started_at", "from_number", "to_number"),
        Index("ix_pbx_call_list", "customer_id", "started_at", "id"),
    )

    id: Mapped[Id]
    customer_id: Mapped[str] = mapped_column(ForeignKey("identity.id", ondelete="CASCADE"))
    started_at: Mapped[datetime]
    from_number: Mapped[str] = mapped_column(String(32))
    to_number: Mapped[str] = mapped_column(String(32))
    direction: Mapped[Direction] = mapped_column(words(Direction))
    duration_seconds: Mapped[int]
    charge: Mapped[Decimal] = mapped_column(Numeric(14, 4))
    currency: Mapped[str] = mapped_column(String(3))


class Invoice(Base):
    """One invoice."""

    __tablename__ = "pbx_invoice"
    __table_args__ = (
        UniqueConstraint("customer_id", "number"),
        Index("ix_pbx_invoice_list", "customer_id", "issued_on", "id"),
    )

    id: Mapped[Id]
    customer_id: Mapped[str] = mapped_column(ForeignKey("identity.id", ondelete="CASCADE"))
    number: Mapped[str] = mapped_column(String(32))
    issued_on: Mapped[date]
    due_on: Mapped[date]
    amount: Mapped[Decimal] = mapped_column(Numeric(14, 2))
    currency: Mapped[str] = mapped_column(String(3))
    status: Mapped[InvoiceStatus] = mapped_column(words(InvoiceStatus))


class Payment(Base):
    """One payment of an invoice."""

    __tablename__ = "pbx_payment"
    __table_args__ = (
        UniqueConstraint("customer_id", "invoice_id", "paid_on"),
        Index("ix_pbx_payment_list", "customer_id", "paid_on", "id"),
    )

    id: Mapped[Id]
    customer_id: Mapped[str] = mapped_column(ForeignKey("identity.id", ondelete="CASCADE"))
    invoice_id: Mapped[str] = mapped_column(ForeignKey("pbx_invoice.id", ondelete="CASCADE"))
    paid_on: Mapped[date]
    amount: Mapped[Decimal] = mapped_column(Numeric(14, 2))
    currency: Mapped[str] = mapped_column(String(3))
    method: Mapped[Method] = mapped_column(words(Method))
