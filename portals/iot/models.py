"""The tables of IoT."""

import enum
from datetime import date

from sqlalchemy import BigInteger, Enum, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from gateway.portal import Base, Id


class DeviceStatus(enum.StrEnum):
    """Whether a device's SIM may connect."""

    ACTIVE = "active"
    SUSPENDED = "suspended"


class AlertKind(enum.StrEnum):
    """What an alert looks for; its threshold is in percent, in megabytes (millions of bytes), or in days."""

    QUOTA = "quota"
    DAILY = "daily"
    SILENT = "silent"


def words(kind: type[enum.StrEnum]) -> Enum:
    """Return the column type that keeps the words of `kind`."""
    return Enum(
        kind, native_enum=False, length=16, values_callable=lambda members: [member.value for member in members]
    )


class Plan(Base):
    """What a plan includes. A device whose plan is not among them has no quota."""

    __tablename__ = "iot_plan"

    name: Mapped[str] = mapped_column(String(60), primary_key=True)
    monthly_bytes: Mapped[int] = mapped_column(BigInteger)


class Device(Base):
    """A device with a SIM, known by its ICCID (ITU-T E.118)."""

    __tablename__ = "iot_device"
    __table_args__ = (
        UniqueConstraint("iccid"),
        Index("ix_iot_device_list", "customer_id", "name", "id"),
        Index("ix_iot_device_status", "customer_id", "status", "name", "id"),
    )

    id: Mapped[Id]
    customer_id: Mapped[str] = mapped_column(ForeignKey("identity.id", ondelete="CASCADE"))
    iccid: Mapped[str] = mapped_column(String(22))
    name: Mapped[str] = mapped_column(String(120))
    plan: Mapped[str] = mapped_column(String(60))
    status: Mapped[DeviceStatus] = mapped_column(words(DeviceStatus))
    version: Mapped[int] = mapped_column(default=1, server_default="1")


class Usage(Base):
    """What one device used in one day, in bytes."""

    __tablename__ = "iot_usage"
    __table_args__ = (UniqueConstraint("device_id", "day"),)

    id: Mapped[Id]
    device_id: Mapped[str] = mapped_column(ForeignKey("iot_device.id", ondelete="CASCADE"))
    day: Mapped[date]
    bytes: Mapped[int] = mapped_column(BigInteger)


class Alert(Base):
    """A rule that says when to draw attention to a device, or (without one) to any device of the customer."""

    __tablename__ = "iot_alert"
    __table_args__ = (Index("ix_iot_alert_customer_id", "customer_id", "id"),)

    id: Mapped[Id]
    customer_id: Mapped[str] = mapped_column(ForeignKey("identity.id", ondelete="CASCADE"))
    device_id: Mapped[str | None] = mapped_column(ForeignKey("iot_device.id", ondelete="CASCADE"), index=True)
    kind: Mapped[AlertKind] = mapped_column(words(AlertKind))
    threshold: Mapped[int]
    version: Mapped[int] = mapped_column(default=1)
