"""How somebody proved who they are, on their session; portals that are deleted: who is there, where they are told."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("session", sa.Column("methods", sa.String(length=40), nullable=True))
    # Of log-ins before this no more is known than the password.
    op.execute("UPDATE session SET methods = 'pwd' WHERE scope IN ('admin', 'self-care')")
    op.add_column("logout_notice", sa.Column("logout_uri", sa.String(length=500), nullable=True))
    live = sa.text("ended_at IS NULL")
    op.create_index(
        "ix_external_session_portal", "external_session", ["portal"], sqlite_where=live, postgresql_where=live
    )


def downgrade() -> None:
    op.drop_index("ix_external_session_portal", "external_session")
    op.drop_column("logout_notice", "logout_uri")
    op.drop_column("session", "methods")
