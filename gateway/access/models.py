"""The tables of access."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from gateway.db import Base, Id
from gateway.identity.logins import canonical
from gateway.identity.models import Realm, plain_order, words

DEFAULT_ROLE = {Realm.ADMIN: "default-admin", Realm.SELF_CARE: "default-selfcare"}


def _key_of_name(context: Any) -> str:
    return canonical(context.get_current_parameters()["name"])


class Role(Base):
    """A named set of portal views, of one realm. `version` grows with every change of what it gives.

    Names are compared as logins are: `name_key` is the name after NFKC and case folding.
    """

    __tablename__ = "role"
    __table_args__ = (
        UniqueConstraint("realm", "name_key"),
        CheckConstraint("is_default = (id IN ('default-admin', 'default-selfcare'))", name="default_by_id"),
    )

    id: Mapped[Id]
    realm: Mapped[Realm] = mapped_column(words(Realm))
    name: Mapped[str] = mapped_column(String(120))
    name_key: Mapped[str] = mapped_column(plain_order(480), default=_key_of_name)
    description: Mapped[str] = mapped_column(Text, default="")
    is_default: Mapped[bool] = mapped_column(default=False)
    version: Mapped[int] = mapped_column(default=1)


class PortalView(Base):
    """What one role may do in one portal: `levels` maps node keys to the words of `Level`; the key "" is the root.

    `known` are the nodes that the portal had when this was saved last; None where nobody noted them. `doors` are
    the addresses where this role enters a portal elsewhere, by the name of the view; None: where everybody does.
    """

    __tablename__ = "portal_view"
    __table_args__ = (UniqueConstraint("role_id", "portal"),)

    id: Mapped[Id]
    role_id: Mapped[str] = mapped_column(ForeignKey("role.id", ondelete="CASCADE"))
    portal: Mapped[str] = mapped_column(String(64))
    name: Mapped[str] = mapped_column(String(120))
    levels: Mapped[dict[str, str]] = mapped_column(JSON)
    known: Mapped[list[str] | None] = mapped_column(JSON)
    doors: Mapped[dict[str, str] | None] = mapped_column(JSON(none_as_null=True))


class AllowedRole(Base):
    """A self-care role that a customer may hand to its individuals."""

    __tablename__ = "allowed_role"
    __table_args__ = (Index("ix_allowed_role_role_id", "role_id"),)

    customer_id: Mapped[str] = mapped_column(ForeignKey("identity.id", ondelete="CASCADE"), primary_key=True)
    role_id: Mapped[str] = mapped_column(ForeignKey("role.id"), primary_key=True)


class SupportRequest(Base):
    """An administrator asks a customer for consent, to act as `subject_id`: the customer or one of its individuals.

    Open until it is answered or `expires_at`; `granted` says how it was answered.
    """

    __tablename__ = "support_request"
    __table_args__ = (
        Index(
            "uq_support_request_open",
            "customer_id",
            "administrator_id",
            unique=True,
            sqlite_where=text("answered_at IS NULL"),
            postgresql_where=text("answered_at IS NULL"),
        ),
        Index("ix_support_request_asked", "customer_id", "administrator_id", "created_at"),
    )

    id: Mapped[Id]
    customer_id: Mapped[str] = mapped_column(ForeignKey("identity.id", ondelete="CASCADE"))
    administrator_id: Mapped[str] = mapped_column(ForeignKey("identity.id", ondelete="CASCADE"), index=True)
    subject_id: Mapped[str] = mapped_column(ForeignKey("identity.id", ondelete="CASCADE"), index=True)
    reason: Mapped[str] = mapped_column(String(200))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    answered_at: Mapped[datetime | None]
    granted: Mapped[bool | None]


class ExternalPortal(Base):
    """A portal that lives elsewhere. `slug` is its client id too; `secret_key` the SHA-256 of its secret of 256 bits.

    `pages` is its structure as uploaded. `misses` counts how often in a row its start page did not answer; after two it
    is not `up`.
    """

    __tablename__ = "external_portal"
    __table_args__ = (
        CheckConstraint("hue BETWEEN 1 AND 5", name="one_of_five_hues"),
        CheckConstraint("public = (secret_key IS NULL)", name="secret_unless_public"),
    )

    slug: Mapped[str] = mapped_column(String(64), primary_key=True)
    title: Mapped[str] = mapped_column(String(120))
    icon: Mapped[str] = mapped_column(String(40))
    hue: Mapped[int]
    start_url: Mapped[str] = mapped_column(String(500))
    redirect_uris: Mapped[list[str]] = mapped_column(JSON)
    post_logout_uris: Mapped[list[str]] = mapped_column(JSON)
    logout_uri: Mapped[str | None] = mapped_column(String(500))
    public: Mapped[bool]
    secret_key: Mapped[bytes | None] = mapped_column(LargeBinary(32))
    pages: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    up: Mapped[bool] = mapped_column(default=True)
    misses: Mapped[int] = mapped_column(default=0)
    checked_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(default=1)


class PortalState(Base):
    """A portal that the provider has switched off; a portal without a row is on."""

    __tablename__ = "portal_state"

    slug: Mapped[str] = mapped_column(String(64), primary_key=True)
    enabled: Mapped[bool]
