"""The second factor: keys of authenticator apps, recovery codes, remembered devices, passkeys."""

import sqlalchemy as sa
from alembic import op

from gateway.db import UTCDateTime

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

TABLES = ("challenge", "passkey", "device", "wrong_codes", "recovery_code", "app_key")


def _owner(table: str) -> tuple[sa.Column[str], sa.ForeignKeyConstraint]:
    name = op.f(f"fk_{table}_identity_id")
    return (
        sa.Column("identity_id", sa.String(length=16), nullable=False),
        sa.ForeignKeyConstraint(["identity_id"], ["identity.id"], name=name, ondelete="CASCADE"),
    )


def upgrade() -> None:
    for table, column in (
        ("gateway", "admin_second_factor"),
        ("customer_class", "passkey_required"),
        ("identity", "second_factor_chosen"),
    ):
        op.add_column(table, sa.Column(column, sa.Boolean(), server_default=sa.false(), nullable=False))
    op.create_table(
        "app_key",
        sa.Column("id", sa.String(length=16), nullable=False),
        *_owner("app_key"),
        sa.Column("confirmed", sa.Boolean(), nullable=False),
        sa.Column("session_key", sa.LargeBinary(length=32), nullable=True),
        sa.Column("key_id", sa.String(length=8), nullable=False),
        sa.Column("sealed", sa.LargeBinary(length=128), nullable=False),
        sa.Column("last_step", sa.BigInteger(), nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_app_key")),
        sa.UniqueConstraint("identity_id", "confirmed", name=op.f("uq_app_key_identity_id_confirmed")),
    )
    op.create_table(
        "recovery_code",
        sa.Column("key", sa.LargeBinary(length=32), nullable=False),
        *_owner("recovery_code"),
        sa.Column("used_at", UTCDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_recovery_code")),
    )
    op.create_table(
        "wrong_codes",
        *_owner("wrong_codes"),
        sa.Column("moments", sa.JSON(), nullable=False),
        sa.Column("locked_at", UTCDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("identity_id", name=op.f("pk_wrong_codes")),
    )
    op.create_table(
        "device",
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("key", sa.LargeBinary(length=32), nullable=False),
        *_owner("device"),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("address", sa.String(length=45), nullable=True),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("last_used_at", UTCDateTime(), nullable=False),
        sa.Column("expires_at", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_device")),
        sa.UniqueConstraint("key", "identity_id", name=op.f("uq_device_key_identity_id")),
    )
    op.create_table(
        "passkey",
        sa.Column("id", sa.String(length=16), nullable=False),
        *_owner("passkey"),
        sa.Column("credential_id", sa.LargeBinary(length=1023), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("uses", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("last_used_at", UTCDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_passkey")),
        sa.UniqueConstraint("credential_id", name=op.f("uq_passkey_credential_id")),
    )
    op.create_table(
        "challenge",
        sa.Column("key", sa.LargeBinary(length=32), nullable=False),
        sa.Column("challenge", sa.LargeBinary(length=64), nullable=False),
        sa.Column("expires_at", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_challenge")),
    )
    for table in ("recovery_code", "device", "passkey"):
        op.create_index(op.f(f"ix_{table}_identity_id"), table, ["identity_id"], unique=False)
    for table in ("device", "challenge"):
        op.create_index(op.f(f"ix_{table}_expires_at"), table, ["expires_at"], unique=False)


def downgrade() -> None:
    for table in TABLES:
        op.drop_table(table)
    op.drop_column("identity", "second_factor_chosen")
    op.drop_column("customer_class", "passkey_required")
    op.drop_column("gateway", "admin_second_factor")
