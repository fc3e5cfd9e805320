"""An index of what was refused to somebody because of where they were."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "ix_audit_event_outside",
        "audit_event",
        ["subject_id", "seq"],
        sqlite_where=sa.text("reason = 'network'"),
        postgresql_where=sa.text("reason = 'network'"),
    )


def downgrade() -> None:
    op.drop_index("ix_audit_event_outside", table_name="audit_event")
