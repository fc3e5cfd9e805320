"""Several doors of a role to a portal elsewhere."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

VIEW = sa.table("portal_view", sa.column("id"), sa.column("start_url", sa.String), sa.column("doors", sa.JSON))


def upgrade() -> None:
    op.add_column("portal_view", sa.Column("doors", sa.JSON(none_as_null=True)))
    for table in ("launch", "launch_request"):
        op.add_column(table, sa.Column("view", sa.String(60)))
    work = op.get_bind()
    for row in work.execute(sa.select(VIEW).where(VIEW.c.start_url.is_not(None))).all():
        work.execute(sa.update(VIEW).where(VIEW.c.id == row.id).values(doors={"": row.start_url}))
    op.drop_column("portal_view", "start_url")


def downgrade() -> None:
    op.add_column("portal_view", sa.Column("start_url", sa.String(500)))
    work = op.get_bind()
    for row in work.execute(sa.select(VIEW).where(VIEW.c.doors.is_not(None))).all():
        work.execute(sa.update(VIEW).where(VIEW.c.id == row.id).values(start_url=row.doors.get("")))
    for table in ("launch_request", "launch"):
        op.drop_column(table, "view")
    op.drop_column("portal_view", "doors")
