"""The tables of access."""

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from gateway.db import Base, Id
from gateway.identity.models import Realm, words

DEFAULT_ROLE = {Realm.ADMIN: "default-admin", Realm.SELF_CARE: "default-selfcare"}


class Role(Base):
    """A named set of portal views, of one realm. `version` grows with every change of what it gives."""

    __tablename__ = "role"
    __table_args__ = (
        UniqueConstraint("realm", "name"),
        CheckConstraint("is_default = (id IN ('default-admin', 'default-selfcare'))", name="default_by_id"),
    )

    id: Mapped[Id]
    realm: Mapped[Realm] = mapped_column(words(Realm))
    name: Mapped[str] = mapped_column(String(120))
    description: Mapped[str] = mapped_column(Text, default="")
    is_default: Mapped[bool] = mapped_column(default=False)
    version: Mapped[int] = mapped_column(default=1)


class PortalView(Base):
    """What one role may do in one portal: `levels` maps node keys to the words of `Level`; the key "" is the root."""

    __tablename__ = "portal_view"
    __table_args__ = (UniqueConstraint("role_id", "portal"),)

    id: Mapped[Id]
    role_id: Mapped[str] = mapped_column(ForeignKey("role.id", ondelete="CASCADE"))
    portal: Mapped[str] = mapped_column(String(64))
    name: Mapped[str] = mapped_column(String(120))
    levels: Mapped[dict[str, str]] = mapped_column(JSON)


class AllowedRole(Base):
    """A self-care role that a customer may hand to its individuals."""

    __tablename__ = "allowed_role"
    __table_args__ = (Index("ix_allowed_role_role_id", "role_id"),)

    customer_id: Mapped[str] = mapped_column(ForeignKey("identity.id", ondelete="CASCADE"), primary_key=True)
    role_id: Mapped[str] = mapped_column(ForeignKey("role.id"), primary_key=True)


class PortalState(Base):
    """A portal that the provider has switched off; a portal without a row is on."""

    __tablename__ = "portal_state"

    slug: Mapped[str] = mapped_column(String(64), primary_key=True)
    enabled: Mapped[bool]
