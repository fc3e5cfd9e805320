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


class Device(Base):
    """A device with a SIM, known by its ICCID (ITU-T E.118)."""

    __tablename__ = "iot_device"
    __table_args__ = (UniqueConstraint("iccid"), Index("ix_iot_device_list", "customer_id", "name", "id"))

    id: Mapped[Id]
    customer_id: Mapped[str] = mapped_column(ForeignKey("identity.id", ondelete="CASCADE"))
    iccid: Mapped[str] = mapped_column(String(22))
    name: Mapped[str] = mapped_column(String(120))
    plan: Mapped[str] = mapped_column(String(60))
    status: Mapped[DeviceStatus] = mapped_column(
        Enum(
            DeviceStatus,
            native_enum=False,
            length=16,
            values_callable=lambda members: [member.value for member in members],
        )
    )


class Usage(Base):
    """What one device used in one day, in bytes."""

    __tablename__ = "iot_usage"
    __table_args__ = (UniqueConstraint("device_id", "day"),)

    id: Mapped[Id]
    device_id: Mapped[str] = mapped_column(ForeignKey("iot_device.id", ondelete="CASCADE"))
    day: Mapped[date]
    bytes: Mapped[int] = mapped_column(BigInteger)
