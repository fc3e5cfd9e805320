"""Individuals: invitations and outgoing mail."""

import sqlalchemy as sa
from alembic import op

from gateway.db import UTCDateTime

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "invitation",
        sa.Column("key", sa.LargeBinary(length=32), nullable=False),
        sa.Column("identity_id", sa.String(length=16), nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("expires_at", UTCDateTime(), nullable=False),
        sa.Column("used_at", UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["identity_id"], ["identity.id"], name=op.f("fk_invitation_identity_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_invitation")),
    )
    op.create_index(op.f("ix_invitation_identity_id"), "invitation", ["identity_id"], unique=False)
    op.create_table(
        "mail",
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("identity_id", sa.String(length=16), nullable=True),
        sa.Column("address", sa.String(length=254), nullable=False),
        sa.Column("letter", sa.String(length=40), nullable=False),
        sa.Column("given", sa.JSON(), nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("sent_at", UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["identity_id"], ["identity.id"], name=op.f("fk_mail_identity_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mail")),
    )
    op.create_index(op.f("ix_mail_identity_id"), "mail", ["identity_id"], unique=False)
    op.create_index("ix_mail_created", "mail", ["created_at", "id"], unique=False)


def downgrade() -> None:
    op.drop_table("mail")
    op.drop_table("invitation")
