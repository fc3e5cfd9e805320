"""Access of customers: what the panel keeps."""

import sqlalchemy as sa
from alembic import op

from gateway.db import UTCDateTime

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("identity", sa.Column("version", sa.Integer(), server_default="1", nullable=False))
    op.add_column("identity", sa.Column("password_set_at", UTCDateTime(), nullable=True))
    for column in (
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("password_shortest", sa.Integer(), nullable=True),
        sa.Column("password_days", sa.Integer(), nullable=True),
        sa.Column("remembered_devices", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.Column("support_access", sa.String(length=16), server_default="open", nullable=False),
    ):
        op.add_column("customer_class", column)
    op.create_table(
        "trusted_network",
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("identity_id", sa.String(length=16), nullable=False),
        sa.Column("list", sa.String(length=16), nullable=False),
        sa.Column("network", sa.String(length=43), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("author_id", sa.String(length=16), nullable=True),
        sa.Column("note", sa.String(length=200), nullable=True),
        sa.Column("expires_at", UTCDateTime(), nullable=True),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["author_id"], ["identity.id"], name=op.f("fk_trusted_network_author_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["identity_id"], ["identity.id"], name=op.f("fk_trusted_network_identity_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_trusted_network")),
        sa.UniqueConstraint("identity_id", "list", "network", name=op.f("uq_trusted_network_identity_id_list_network")),
    )
    op.create_index(op.f("ix_trusted_network_author_id"), "trusted_network", ["author_id"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_trusted_network_author_id"), table_name="trusted_network")
    op.drop_table("trusted_network")
    for name in ("support_access", "remembered_devices", "password_days", "password_shortest", "version"):
        op.drop_column("customer_class", name)
    op.drop_column("identity", "password_set_at")
    op.drop_column("identity", "version")
