"""Ring groups and forwarding of the Cloud PBX, and transfers that were announced."""

import sqlalchemy as sa
from alembic import op

from gateway.db import UTCDateTime

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for column in (
        sa.Column("forward_busy", sa.String(length=32), nullable=True),
        sa.Column("forward_no_answer", sa.String(length=32), nullable=True),
        sa.Column("no_answer_seconds", sa.Integer(), server_default="20", nullable=False),
        sa.Column("kind", sa.String(length=16), server_default="telephone", nullable=False),
    ):
        op.add_column("pbx_extension", column)
    op.create_index("ix_pbx_extension_list", "pbx_extension", ["customer_id", "kind", "number", "id"])
    op.create_table(
        "pbx_ring_group",
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("strategy", sa.String(length=16), nullable=False),
        sa.Column("seconds", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["id"], ["pbx_extension.id"], name=op.f("fk_pbx_ring_group_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pbx_ring_group")),
    )
    op.create_table(
        "pbx_ring_member",
        sa.Column("group_id", sa.String(length=16), nullable=False),
        sa.Column("extension_id", sa.String(length=16), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["extension_id"], ["pbx_extension.id"], name=op.f("fk_pbx_ring_member_extension_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["group_id"], ["pbx_ring_group.id"], name=op.f("fk_pbx_ring_member_group_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("group_id", "extension_id", name=op.f("pk_pbx_ring_member")),
    )
    op.create_index(op.f("ix_pbx_ring_member_extension_id"), "pbx_ring_member", ["extension_id"])
    op.add_column("pbx_invoice", sa.Column("pay_to", sa.String(length=120), nullable=True))
    op.add_column("pbx_invoice", sa.Column("announced_at", UTCDateTime(), nullable=True))


def downgrade() -> None:
    op.drop_column("pbx_invoice", "announced_at")
    op.drop_column("pbx_invoice", "pay_to")
    op.drop_table("pbx_ring_member")
    op.drop_table("pbx_ring_group")
    op.execute("DELETE FROM pbx_extension WHERE kind <> 'telephone'")
    op.drop_index("ix_pbx_extension_list", "pbx_extension")
    for name in ("kind", "no_answer_seconds", "forward_no_answer", "forward_busy"):
        op.drop_column("pbx_extension", name)
