"""The tables of the Cloud PBX."""

import enum
from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import Enum, ForeignKey, Index, Numeric, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from gateway.portal import Base, Id

RING_SECONDS = 20


class Kind(enum.StrEnum):
    """What answers a number: one telephone, or several of them as a ring group."""

    TELEPHONE = "telephone"
    RING_GROUP = "ring-group"


class Strategy(enum.StrEnum):
    """How the members of a ring group ring: all at once, or one after another."""

    ALL = "all"
    IN_ORDER = "in-order"


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
    """A number within the customer's PBX, given once: a telephone's, or (with a `RingGroup` of its id) a ring group's.

    Calls go on to `forward_to` always, to `forward_busy` when the line is busy, to `forward_no_answer` after
    `no_answer_seconds`; none: they do not.
    """

    __tablename__ = "pbx_extension"
    __table_args__ = (
        UniqueConstraint("customer_id", "number"),
        Index("ix_pbx_extension_list", "customer_id", "kind", "number", "id"),
    )

    id: Mapped[Id]
    customer_id: Mapped[str] = mapped_column(ForeignKey("identity.id", ondelete="CASCADE"))
    number: Mapped[str] = mapped_column(String(16))
    name: Mapped[str] = mapped_column(String(120))
    email: Mapped[str | None] = mapped_column(String(254))
    forward_to: Mapped[str | None] = mapped_column(String(32))
    forward_busy: Mapped[str | None] = mapped_column(String(32))
    forward_no_answer: Mapped[str | None] = mapped_column(String(32))
    no_answer_seconds: Mapped[int] = mapped_column(default=RING_SECONDS, server_default=str(RING_SECONDS))
    kind: Mapped[Kind] = mapped_column(words(Kind), default=Kind.TELEPHONE, server_default=Kind.TELEPHONE.value)
    version: Mapped[int] = mapped_column(default=1, server_default="1")


class RingGroup(Base):
    """How a ring group rings. Its number, name and version are those of the extension of the same id."""

    __tablename__ = "pbx_ring_group"

    id: Mapped[str] = mapped_column(ForeignKey("pbx_extension.id", ondelete="CASCADE"), primary_key=True)
    strategy: Mapped[Strategy] = mapped_column(words(Strategy))
    seconds: Mapped[int]


class RingMember(Base):
    """A telephone of a ring group, and its place in the order."""

    __tablename__ = "pbx_ring_member"

    group_id: Mapped[str] = mapped_column(ForeignKey("pbx_ring_group.id", ondelete="CASCADE"), primary_key=True)
    extension_id: Mapped[str] = mapped_column(
        ForeignKey("pbx_extension.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    position: Mapped[int]


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
    """One invoice. `pay_to` is the account to pay to; `announced_at` is when the customer said to have ordered a
    transfer, which is no payment yet.
    """

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
    pay_to: Mapped[str | None] = mapped_column(String(120))
    announced_at: Mapped[datetime | None]


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
