"""Names of roles that cannot be told apart, and the pages that a portal had when a role was saved."""

import unicodedata

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0006"
branch_labels = None
depends_on = None


def _canonical(name: str) -> str:
    folded = unicodedata.normalize("NFKC", name).casefold()
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", folded).casefold())


def upgrade() -> None:
    op.add_column("portal_view", sa.Column("known", sa.JSON(), nullable=True))
    op.add_column(
        "role",
        sa.Column("name_key", sa.String(480).with_variant(sa.String(480, collation="C"), "postgresql"), nullable=True),
    )
    role = sa.table("role", sa.column("id"), sa.column("name"), sa.column("name_key"))
    connection = op.get_bind()
    for id, name in connection.execute(sa.select(role.c.id, role.c.name)).all():
        connection.execute(role.update().where(role.c.id == id).values(name_key=_canonical(name)))
    with op.batch_alter_table("role") as batch:
        batch.alter_column("name_key", nullable=False)
        batch.drop_constraint(op.f("uq_role_realm_name"), type_="unique")
        batch.create_unique_constraint(op.f("uq_role_realm_name_key"), ["realm", "name_key"])


def downgrade() -> None:
    with op.batch_alter_table("role") as batch:
        batch.drop_constraint(op.f("uq_role_realm_name_key"), type_="unique")
        batch.create_unique_constraint(op.f("uq_role_realm_name"), ["realm", "name"])
        batch.drop_column("name_key")
    op.drop_column("portal_view", "known")
