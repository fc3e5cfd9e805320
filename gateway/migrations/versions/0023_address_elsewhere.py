"""Where the browser was that was let into a portal elsewhere: so far taken to be where its log-in began."""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

ELSEWHERE = sa.table("external_session", sa.column("session_key"), sa.column("address"))
SESSION = sa.table("session", sa.column("key"), sa.column("address"))


def upgrade() -> None:
    op.add_column("external_session", sa.Column("address", sa.String(45)))
    began = sa.select(SESSION.c.address).where(SESSION.c.key == ELSEWHERE.c.session_key).scalar_subquery()
    op.execute(sa.update(ELSEWHERE).values(address=began))


def downgrade() -> None:
    op.drop_column("external_session", "address")
