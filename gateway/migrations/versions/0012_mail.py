"""Mail that is sent, links for a password that was forgotten and for another e-mail address, proofs of sessions."""

import sqlalchemy as sa
from alembic import op

from gateway.db import UTCDateTime

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def _link(name: str) -> None:
    op.create_table(
        name,
        sa.Column("key", sa.LargeBinary(length=32), nullable=False),
        sa.Column("identity_id", sa.String(length=16), nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("expires_at", UTCDateTime(), nullable=False),
        sa.Column("used_at", UTCDateTime(), nullable=True),
        sa.Column("address", sa.String(length=254), nullable=False),
        sa.ForeignKeyConstraint(
            ["identity_id"], ["identity.id"], name=op.f(f"fk_{name}_identity_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("key", name=op.f(f"pk_{name}")),
    )
    op.create_index(op.f(f"ix_{name}_identity_id"), name, ["identity_id"], unique=False)


def upgrade() -> None:
    for column in (
        sa.Column("due_at", UTCDateTime(), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("failure", sa.String(length=300), nullable=True),
    ):
        op.add_column("mail", column)
    op.execute("UPDATE mail SET due_at = created_at WHERE sent_at IS NULL")
    with op.batch_alter_table("mail") as batch:
        batch.alter_column("tries", server_default=None)
    op.create_index("ix_mail_due", "mail", ["due_at", "id"], unique=False)
    op.add_column("session", sa.Column("proved_at", UTCDateTime(), nullable=True))
    op.create_index("ix_identity_email", "identity", ["realm", "email_key"], unique=False)
    _link("password_reset")
    _link("email_change")
    op.create_table(
        "reset_request",
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("realm", sa.String(length=16), nullable=False),
        sa.Column("typed", sa.String(length=256), nullable=False),
        sa.Column("address", sa.String(length=45), nullable=True),
        sa.Column("agent", sa.String(length=200), nullable=True),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reset_request")),
    )


def downgrade() -> None:
    for name in ("reset_request", "email_change", "password_reset"):
        op.drop_table(name)
    op.drop_index("ix_identity_email", "identity")
    op.drop_column("session", "proved_at")
    op.drop_index("ix_mail_due", "mail")
    for name in ("failure", "tries", "due_at"):
        op.drop_column("mail", name)
