"""How somebody proved who they are, on their session."""

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


def downgrade() -> None:
    op.drop_column("session", "methods")
