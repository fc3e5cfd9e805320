"""Refused second factors are found with the refused log-ins; alarms of portals elsewhere have a kind of their own."""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

ALARM = sa.table("alarm", sa.column("kind"), sa.column("about"))
SLUGS = sa.select(sa.table("external_portal", sa.column("slug")).c.slug)


def upgrade() -> None:
    _index("event IN ('factor.refused', 'login.refused')")
    elsewhere = (ALARM.c.kind == "replay") & ALARM.c.about.in_(SLUGS)
    op.execute(sa.update(ALARM).where(elsewhere).values(kind="replay-elsewhere"))


def downgrade() -> None:
    op.execute(sa.update(ALARM).where(ALARM.c.kind == "replay-elsewhere").values(kind="replay"))
    _index("event = 'login.refused'")


def _index(which: str) -> None:
    """Make the index of refused log-ins anew, of these rows."""
    op.drop_index("ix_audit_event_refused", table_name="audit_event")
    op.create_index(
        "ix_audit_event_refused",
        "audit_event",
        ["customer_id", "seq"],
        sqlite_where=sa.text(which),
        postgresql_where=sa.text(which),
    )
