"""The record is found by portal, address and launch, and by what customers are shown of it."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

INDEXES = {
    "portal": ("portal", None),
    "address": ("address", None),
    "launch_id": ("launch_id", "launch_id IS NOT NULL"),
    "visit": ("customer_id", "event = 'visit.start'"),
    "people": (
        "customer_id",
        "event IN ('access.changed', 'factor.reset', 'identity.restored', 'identity.suspended', 'individual.changed',"
        " 'individual.created', 'individual.deleted', 'invitation.sent', 'password.reset')",
    ),
}


def upgrade() -> None:
    for name, (column, rows) in INDEXES.items():
        where = sa.text(rows) if rows else None
        op.create_index(
            f"ix_audit_event_{name}",
            "audit_event",
            [column, "seq"],
            unique=False,
            sqlite_where=where,
            postgresql_where=where,
        )


def downgrade() -> None:
    for name in INDEXES:
        op.drop_index(f"ix_audit_event_{name}", table_name="audit_event")
