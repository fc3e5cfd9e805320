"""The tables of identity.

Administrators, customers and individuals share nearly every column, so they share a table; constraints say what each
kind must have. `customer_id` names the customer whose data an identity works on: its own id for a customer, none for
an administrator.
"""

import enum
from datetime import date, datetime

from sqlalchemy import CheckConstraint, Enum, ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import TypeEngine

from gateway.db import Base, Id, new_id


def plain_order(length: int) -> TypeEngine[str]:
    """Return the type of a text that both databases put in one order: by code point."""
    return String(length).with_variant(String(length, collation="C"), "postgresql")


class Kind(enum.StrEnum):
    """What an identity is."""

    ADMINISTRATOR = "administrator"
    CUSTOMER = "customer"
    INDIVIDUAL = "individual"


class Realm(enum.StrEnum):
    """Where logins are unique and roles apply."""

    ADMIN = "admin"
    SELF_CARE = "self-care"


class CustomerStatus(enum.StrEnum):
    """How a customer stands with the provider."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
    BLOCKED = "blocked"
    CLOSED = "closed"


class SecondFactor(enum.StrEnum):
    """An identity's own say on two-factor authentication."""

    INHERIT = "inherit"
    YES = "yes"
    NO = "no"


class Scope(enum.StrEnum):
    """What a session is for; each has a cookie of its own, but for the API, which has none."""

    ADMIN = "admin"
    SELF_CARE = "self-care"
    VISIT = "visit"
    API = "api"


class Stage(enum.StrEnum):
    """How far a log-in has come: `password` was right, so was the `factor`, with a further step due; or `live`."""

    PASSWORD = "password"
    FACTOR = "factor"
    LIVE = "live"


class SupportAccess(enum.StrEnum):
    """How a class lets staff open portals for its customers: at any time, with a reason that they give, or while the
    customer's window is open.
    """

    OPEN = "open"
    REASON = "reason"
    CONSENT = "consent"


class Counted(enum.StrEnum):
    """What failed attempts are counted by: one login from one source, one login from devices of its owner's, one source
    over all logins, one login over all sources.
    """

    PAIR = "pair"
    DEVICE = "device"
    SOURCE = "source"
    LOGIN = "login"


class NetworkList(enum.StrEnum):
    """Whose list a trusted network stands on: the provider's, set by staff, or one's own."""

    PROVIDER = "provider"
    OWN = "own"


class Mode(enum.StrEnum):
    """The rights that a visit works with: the subject's own role, or the default role."""

    ASSIGNED = "assigned"
    FULL = "full"


def words(kind: type[enum.StrEnum]) -> Enum:
    """Return the column type that keeps the words of `kind`."""
    return Enum(
        kind, native_enum=False, length=16, values_callable=lambda members: [member.value for member in members]
    )


class PreferencesMixin:
    """How things read; an empty column inherits."""

    language: Mapped[str | None] = mapped_column(String(35))
    time_zone: Mapped[str | None] = mapped_column(String(64))
    output_date_format: Mapped[str | None] = mapped_column(String(64))
    output_time_format: Mapped[str | None] = mapped_column(String(64))
    input_date_format: Mapped[str | None] = mapped_column(String(64))
    input_time_format: Mapped[str | None] = mapped_column(String(64))


class Gateway(PreferencesMixin, Base):
    """The defaults under everything, in one row. `version` grows with every change here or of a portal's state.

    `keep_addresses_days` is how long the record keeps addresses and browsers, `keep_usage_days` how long portals keep
    calls and other usage; none: for ever.
    """

    __tablename__ = "gateway"
    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    version: Mapped[int]
    admin_idle_minutes: Mapped[int]
    admin_absolute_minutes: Mapped[int]
    admin_second_factor: Mapped[bool] = mapped_column(default=False)
    idle_minutes: Mapped[int]
    absolute_minutes: Mapped[int]
    keep_addresses_days: Mapped[int | None]
    keep_usage_days: Mapped[int | None]
    support_access: Mapped[bool]


class CustomerClass(PreferencesMixin, Base):
    """Defaults that customers share; what is empty comes from the gateway. `password_days`: none, no expiry."""

    __tablename__ = "customer_class"

    id: Mapped[Id]
    name: Mapped[str] = mapped_column(String(120), unique=True)
    second_factor: Mapped[bool]
    passkey_required: Mapped[bool] = mapped_column(default=False)
    idle_minutes: Mapped[int | None]
    absolute_minutes: Mapped[int | None]
    password_shortest: Mapped[int | None]
    password_days: Mapped[int | None]
    keep_addresses_days: Mapped[int | None]
    keep_usage_days: Mapped[int | None]
    remembered_devices: Mapped[bool] = mapped_column(default=True)
    support_access: Mapped[SupportAccess] = mapped_column(words(SupportAccess), default=SupportAccess.OPEN)
    version: Mapped[int] = mapped_column(default=1)


class Identity(PreferencesMixin, Base):
    """Whoever can log in. `second_factor_chosen`: they want to be asked for it themselves, whatever is required.

    Of a customer: `support_until` is when the window of its consent closes, which `support_by_id` opened;
    `support_mail`: it wants a letter at each visit of staff.
    """

    __tablename__ = "identity"
    __table_args__ = (
        UniqueConstraint("realm", "login_key"),
        Index("ix_identity_list", "kind", "sort_key", "id"),
        Index("ix_identity_individuals", "customer_id", "kind", "sort_key", "id"),
        Index("ix_identity_status", "kind", "status", "sort_key", "id"),
        Index("ix_identity_class", "class_id", "sort_key", "id"),
        Index("ix_identity_email", "realm", "email_key"),
        CheckConstraint("(realm = 'admin') = (kind = 'administrator')", name="realm_of_kind"),
        CheckConstraint("(kind = 'administrator') = (customer_id IS NULL)", name="customer_of_kind"),
        CheckConstraint("kind != 'customer' OR customer_id = id", name="customer_is_itself"),
        CheckConstraint("(kind = 'customer') = (class_id IS NOT NULL)", name="class_of_kind"),
        CheckConstraint("(kind = 'customer') = (status IS NOT NULL)", name="status_of_kind"),
        CheckConstraint("(login IS NULL) = (login_key IS NULL)", name="login_and_key"),
    )

    id: Mapped[Id]
    kind: Mapped[Kind] = mapped_column(words(Kind))
    realm: Mapped[Realm] = mapped_column(words(Realm))
    login: Mapped[str | None] = mapped_column(String(64))
    login_key: Mapped[str | None] = mapped_column(plain_order(256))
    name: Mapped[str] = mapped_column(String(200))
    email: Mapped[str | None] = mapped_column(String(254))
    email_key: Mapped[str | None] = mapped_column(String(254))
    sort_key: Mapped[str] = mapped_column(plain_order(600))
    search: Mapped[str] = mapped_column(Text)
    password_hash: Mapped[str | None] = mapped_column(String(200))
    password_must_change: Mapped[bool] = mapped_column(default=False)
    password_set_at: Mapped[datetime | None]
    second_factor: Mapped[SecondFactor] = mapped_column(words(SecondFactor), default=SecondFactor.INHERIT)
    second_factor_chosen: Mapped[bool] = mapped_column(default=False)
    api_access: Mapped[bool] = mapped_column(default=False)
    role_id: Mapped[str | None] = mapped_column(ForeignKey("role.id"), index=True)
    suspended: Mapped[bool] = mapped_column(default=False)
    activates_on: Mapped[date | None]
    expires_on: Mapped[date | None]
    customer_id: Mapped[str | None] = mapped_column(ForeignKey("identity.id"))
    class_id: Mapped[str | None] = mapped_column(ForeignKey("customer_class.id"))
    status: Mapped[CustomerStatus | None] = mapped_column(words(CustomerStatus))
    created_at: Mapped[datetime]
    last_login_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(default=1)
    provider_networks: Mapped[str | None] = mapped_column(Text)
    own_networks: Mapped[str | None] = mapped_column(Text)
    support_until: Mapped[datetime | None]
    support_by_id: Mapped[str | None] = mapped_column(String(16))
    support_mail: Mapped[bool] = mapped_column(default=False)


class TrustedNetwork(Base):
    """A network that somebody is expected to come from, on one of their two lists, in the order typed.

    What is asked at every request stands once more on the identity, in `provider_networks` and `own_networks`.
    """

    __tablename__ = "trusted_network"
    __table_args__ = (UniqueConstraint("identity_id", "list", "network"),)

    id: Mapped[Id]
    identity_id: Mapped[str] = mapped_column(ForeignKey("identity.id", ondelete="CASCADE"))
    list: Mapped[NetworkList] = mapped_column(words(NetworkList))
    network: Mapped[str] = mapped_column(String(43))
    position: Mapped[int]
    author_id: Mapped[str | None] = mapped_column(ForeignKey("identity.id", ondelete="SET NULL"), index=True)
    note: Mapped[str | None] = mapped_column(String(200))
    expires_at: Mapped[datetime | None]
    created_at: Mapped[datetime]


class Session(Base):
    """A session of a browser: the cookie is kept as its SHA-256 only (ASVS 7.2). A visit is a child of `parent`.

    `proved_at` is when its owner last proved who they are, by a log-in or in its midst (SES-11), `methods` how they did
    (RFC 8176); a visit has its parent's. `emergency`: a visit that goes on without the customer's consent.
    """

    __tablename__ = "session"
    __table_args__ = (
        Index(
            "ix_session_live",
            "started_at",
            sqlite_where=text("ended_at IS NULL"),
            postgresql_where=text("ended_at IS NULL"),
        ),
    )

    key: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    id: Mapped[str] = mapped_column(String(16), unique=True, default=new_id)
    scope: Mapped[Scope] = mapped_column(words(Scope))
    stage: Mapped[Stage] = mapped_column(words(Stage))
    subject_id: Mapped[str] = mapped_column(ForeignKey("identity.id", ondelete="CASCADE"), index=True)
    started_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    proved_at: Mapped[datetime | None]
    methods: Mapped[str | None] = mapped_column(String(40))
    ended_at: Mapped[datetime | None]
    ended_why: Mapped[str | None] = mapped_column(String(32))
    refused_at: Mapped[datetime | None]
    address: Mapped[str | None] = mapped_column(String(45))
    agent: Mapped[str | None] = mapped_column(String(200))
    parent_key: Mapped[bytes | None] = mapped_column(ForeignKey("session.key", ondelete="CASCADE"), index=True)
    actor_id: Mapped[str | None] = mapped_column(ForeignKey("identity.id", ondelete="CASCADE"), index=True)
    handle: Mapped[str | None] = mapped_column(String(16), unique=True)
    launch_id: Mapped[str | None] = mapped_column(String(16))
    mode: Mapped[Mode | None] = mapped_column(words(Mode))
    view_only: Mapped[bool] = mapped_column(default=False)
    emergency: Mapped[bool] = mapped_column(default=False)
    reason: Mapped[str | None] = mapped_column(String(200))
    return_to: Mapped[str | None] = mapped_column(String(500))


class ExternalSession(Base):
    """A session at a portal that lives elsewhere, under one of ours and over with it. Its id is the portal's `sid`.

    `redeemed_at` is when the portal first took its tokens; `told` is the digest of what they said of the rights;
    `address` is where the browser was that was let in last.
    """

    __tablename__ = "external_session"
    __table_args__ = (
        Index(
            "uq_external_session_live",
            "session_key",
            "portal",
            unique=True,
            sqlite_where=text("ended_at IS NULL"),
            postgresql_where=text("ended_at IS NULL"),
        ),
        Index(
            "ix_external_session_portal",
            "portal",
            sqlite_where=text("ended_at IS NULL"),
            postgresql_where=text("ended_at IS NULL"),
        ),
        Index("ix_external_session_ended_at", "ended_at", "id"),
    )

    id: Mapped[Id]
    portal: Mapped[str] = mapped_column(String(64))
    session_key: Mapped[bytes] = mapped_column(ForeignKey("session.key", ondelete="CASCADE"), index=True)
    subject_id: Mapped[str] = mapped_column(String(16), index=True)
    created_at: Mapped[datetime]
    redeemed_at: Mapped[datetime | None]
    refreshed_at: Mapped[datetime | None]
    told: Mapped[str | None] = mapped_column(String(64))
    address: Mapped[str | None] = mapped_column(String(45))
    ended_at: Mapped[datetime | None]
    ended_why: Mapped[str | None] = mapped_column(String(32))


class LogoutNotice(Base):
    """A log-out that a portal elsewhere is to be told of, until it confirms. Without `due_at` nobody tries (any more).

    It stands alone, so that it outlives the session, the person that it is about, and the portal: `logout_uri` is where
    one that was deleted is told.
    """

    __tablename__ = "logout_notice"
    __table_args__ = (
        Index("ix_logout_notice_portal", "portal", "created_at", "id"),
        Index("ix_logout_notice_subject_id", "subject_id", "created_at"),
    )

    id: Mapped[Id]
    portal: Mapped[str] = mapped_column(String(64))
    sid: Mapped[str] = mapped_column(String(16))
    subject_id: Mapped[str] = mapped_column(String(16))
    created_at: Mapped[datetime]
    due_at: Mapped[datetime | None] = mapped_column(index=True)
    attempts: Mapped[int] = mapped_column(default=0)
    confirmed_at: Mapped[datetime | None]
    fault: Mapped[str | None] = mapped_column(String(200))
    logout_uri: Mapped[str | None] = mapped_column(String(500))


class Throttle(Base):
    """How often credentials failed lately. `account` is the digest of a realm and a login, so that nothing typed into
    the wrong field is kept; nobody gets in before `until`.
    """

    __tablename__ = "throttle"

    key: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    counted: Mapped[Counted] = mapped_column(words(Counted))
    account: Mapped[bytes | None] = mapped_column(index=True)
    source: Mapped[str | None] = mapped_column(String(45))
    failures: Mapped[int]
    since: Mapped[datetime] = mapped_column(index=True)
    until: Mapped[datetime | None]
