"""Attempts on credentials are counted; lists of networks stand on the identity; refused log-ins have an index."""

import sqlalchemy as sa
from alembic import op

from gateway.db import UTCDateTime

revision = "0011"
down_revision = "0008"
branch_labels = None
depends_on = None

REFUSED = sa.text("event = 'login.refused'")


def upgrade() -> None:
    op.create_table(
        "throttle",
        sa.Column("key", sa.LargeBinary(length=32), nullable=False),
        sa.Column("counted", sa.String(length=16), nullable=False),
        sa.Column("account", sa.LargeBinary(length=32), nullable=True),
        sa.Column("source", sa.String(length=45), nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("since", UTCDateTime(), nullable=False),
        sa.Column("until", UTCDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_throttle")),
    )
    op.create_index(op.f("ix_throttle_account"), "throttle", ["account"], unique=False)
    op.create_index(op.f("ix_throttle_since"), "throttle", ["since"], unique=False)
    op.add_column("session", sa.Column("refused_at", UTCDateTime(), nullable=True))
    op.add_column("identity", sa.Column("provider_networks", sa.Text(), nullable=True))
    op.add_column("identity", sa.Column("own_networks", sa.Text(), nullable=True))
    _fill_lists()
    op.create_index(
        "ix_audit_event_refused",
        "audit_event",
        ["customer_id", "seq"],
        unique=False,
        sqlite_where=REFUSED,
        postgresql_where=REFUSED,
    )


def _fill_lists() -> None:
    connection = op.get_bind()
    columns = ("identity_id", "list", "network", "position", "expires_at")
    listed = sa.table(
        "trusted_network", *(sa.column(name) for name in columns[:4]), sa.column("expires_at", UTCDateTime())
    )
    identity = sa.table("identity", sa.column("id"), sa.column("provider_networks"), sa.column("own_networks"))
    found: dict[tuple[str, str], list[str]] = {}
    for row in connection.execute(sa.select(listed).order_by(listed.c.identity_id, listed.c.position)).all():
        until = f"@{row.expires_at.isoformat()}" if row.expires_at else ""
        found.setdefault((row.identity_id, row.list), []).append(f"{row.network}{until}")
    for (identity_id, which), networks in found.items():
        values = {f"{which}_networks": ";".join(networks)}
        connection.execute(identity.update().where(identity.c.id == identity_id).values(values))


def downgrade() -> None:
    op.drop_index("ix_audit_event_refused", table_name="audit_event")
    for name in ("own_networks", "provider_networks"):
        op.drop_column("identity", name)
    op.drop_column("session", "refused_at")
    op.drop_index(op.f("ix_throttle_since"), table_name="throttle")
    op.drop_index(op.f("ix_throttle_account"), table_name="throttle")
    op.drop_table("throttle")
