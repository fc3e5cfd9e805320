"""Support access on consent: the customer's window, requests for it, visits without it in an emergency."""

import sqlalchemy as sa
from alembic import op

from gateway.db import UTCDateTime

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

EMERGENCY = "open.emergency"
VIEWS = sa.table("portal_view", sa.column("id"), sa.column("portal"), sa.column("levels", sa.JSON))
CLASSES = sa.table("customer_class", sa.column("support_access"))


def _identity(column: str) -> tuple[sa.Column[str], sa.ForeignKeyConstraint]:
    name = op.f(f"fk_support_request_{column}")
    return (
        sa.Column(column, sa.String(length=16), nullable=False),
        sa.ForeignKeyConstraint([column], ["identity.id"], name=name, ondelete="CASCADE"),
    )


def upgrade() -> None:
    op.add_column("identity", sa.Column("support_until", UTCDateTime(), nullable=True))
    op.add_column("identity", sa.Column("support_by_id", sa.String(length=16), nullable=True))
    op.add_column("identity", sa.Column("support_mail", sa.Boolean(), server_default=sa.false(), nullable=False))
    for table in ("session", "launch", "launch_request"):
        op.add_column(table, sa.Column("emergency", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.create_table(
        "support_request",
        sa.Column("id", sa.String(length=16), nullable=False),
        *_identity("customer_id"),
        *_identity("administrator_id"),
        *_identity("subject_id"),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("expires_at", UTCDateTime(), nullable=False),
        sa.Column("answered_at", UTCDateTime(), nullable=True),
        sa.Column("granted", sa.Boolean(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_support_request")),
    )
    for column in ("administrator_id", "subject_id", "expires_at"):
        op.create_index(op.f(f"ix_support_request_{column}"), "support_request", [column], unique=False)
    asked = ["customer_id", "administrator_id", "created_at"]
    op.create_index("ix_support_request_asked", "support_request", asked, unique=False)
    op.create_index(
        "uq_support_request_open",
        "support_request",
        ["customer_id", "administrator_id"],
        unique=True,
        sqlite_where=sa.text("answered_at IS NULL"),
        postgresql_where=sa.text("answered_at IS NULL"),
    )
    _keep_from_those_who_open()


def _keep_from_those_who_open() -> None:
    """Give nobody what is new: a role whose level at the page above it is full would have it by inheritance."""
    for id, levels in op.get_bind().execute(sa.select(VIEWS.c.id, VIEWS.c.levels).where(VIEWS.c.portal == "console")):
        if levels.get("open", levels.get("", "forbidden")) == "full":
            _write(id, {**levels, EMERGENCY: "forbidden"})


def _write(id: str, levels: dict[str, str]) -> None:
    op.get_bind().execute(sa.update(VIEWS).where(VIEWS.c.id == id).values(levels=levels))


def downgrade() -> None:
    for id, levels in op.get_bind().execute(sa.select(VIEWS.c.id, VIEWS.c.levels).where(VIEWS.c.portal == "console")):
        if EMERGENCY in levels:
            _write(id, {node: level for node, level in levels.items() if node != EMERGENCY})
    op.execute(sa.update(CLASSES).where(CLASSES.c.support_access == "consent").values(support_access="reason"))
    op.drop_table("support_request")
    for table in ("launch_request", "launch", "session"):
        op.drop_column(table, "emergency")
    for column in ("support_mail", "support_by_id", "support_until"):
        op.drop_column("identity", column)
