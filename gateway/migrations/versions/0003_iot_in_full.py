"""Quotas and alerts of IoT."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "iot_plan",
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("monthly_bytes", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_iot_plan")),
    )
    op.add_column("iot_device", sa.Column("version", sa.Integer(), server_default="1", nullable=False))
    op.create_index("ix_iot_device_status", "iot_device", ["customer_id", "status", "name", "id"])
    op.create_table(
        "iot_alert",
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("customer_id", sa.String(length=16), nullable=False),
        sa.Column("device_id", sa.String(length=16), nullable=True),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("threshold", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["identity.id"], name=op.f("fk_iot_alert_customer_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["device_id"], ["iot_device.id"], name=op.f("fk_iot_alert_device_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_iot_alert")),
    )
    op.create_index("ix_iot_alert_customer_id", "iot_alert", ["customer_id", "id"])
    op.create_index(op.f("ix_iot_alert_device_id"), "iot_alert", ["device_id"])


def downgrade() -> None:
    op.drop_table("iot_alert")
    op.drop_index("ix_iot_device_status", "iot_device")
    op.drop_column("iot_device", "version")
    op.drop_table("iot_plan")
