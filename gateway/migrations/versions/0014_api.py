"""The API: tokens, their sessions, answers that are given again, and launches that wait to be confirmed."""

import sqlalchemy as sa
from alembic import op

from gateway.db import UTCDateTime

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "api_token",
        sa.Column("key", sa.LargeBinary(length=32), nullable=False),
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("identity_id", sa.String(length=16), nullable=False),
        sa.Column("author_id", sa.String(length=16), nullable=True),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("level", sa.String(length=8), nullable=False),
        sa.Column("portals", sa.Text(), nullable=True),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("expires_at", UTCDateTime(), nullable=False),
        sa.Column("last_used_at", UTCDateTime(), nullable=True),
        sa.Column("last_used_address", sa.String(length=45), nullable=True),
        sa.Column("mismatched_at", UTCDateTime(), nullable=True),
        sa.CheckConstraint("level IN ('view', 'full')", name=op.f("ck_api_token_level")),
        sa.ForeignKeyConstraint(
            ["identity_id"], ["identity.id"], name=op.f("fk_api_token_identity_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["author_id"], ["identity.id"], name=op.f("fk_api_token_author_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_api_token")),
        sa.UniqueConstraint("id", name=op.f("uq_api_token_id")),
    )
    op.create_index("ix_api_token_identity_id", "api_token", ["identity_id", "id"], unique=False)
    op.create_index(op.f("ix_api_token_author_id"), "api_token", ["author_id"], unique=False)
    op.create_index(op.f("ix_api_token_expires_at"), "api_token", ["expires_at"], unique=False)
    op.create_table(
        "api_session",
        sa.Column("key", sa.LargeBinary(length=32), nullable=False),
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("token_key", sa.LargeBinary(length=32), nullable=False),
        sa.Column("started_at", UTCDateTime(), nullable=False),
        sa.Column("expires_at", UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["token_key"], ["api_token.key"], name=op.f("fk_api_session_token_key"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_api_session")),
        sa.UniqueConstraint("id", name=op.f("uq_api_session_id")),
    )
    op.create_index(op.f("ix_api_session_token_key"), "api_session", ["token_key"], unique=False)
    op.create_index(op.f("ix_api_session_expires_at"), "api_session", ["expires_at"], unique=False)
    op.create_table(
        "idempotency_key",
        sa.Column("identity_id", sa.String(length=16), nullable=False),
        sa.Column("word", sa.String(length=255), nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(length=32), nullable=False),
        sa.Column("answer", sa.JSON(), nullable=True),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["identity_id"], ["identity.id"], name=op.f("fk_idempotency_key_identity_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("identity_id", "word", name=op.f("pk_idempotency_key")),
    )
    op.create_index(op.f("ix_idempotency_key_created_at"), "idempotency_key", ["created_at"], unique=False)
    op.create_table(
        "launch_request",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("actor_id", sa.String(length=16), nullable=False),
        sa.Column("subject_id", sa.String(length=16), nullable=False),
        sa.Column("portal", sa.String(length=64), nullable=True),
        sa.Column("mode", sa.String(length=16), nullable=False),
        sa.Column("view_only", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=True),
        sa.Column("expires_at", UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["actor_id"], ["identity.id"], name=op.f("fk_launch_request_actor_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["subject_id"], ["identity.id"], name=op.f("fk_launch_request_subject_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_launch_request")),
    )
    for column in ("actor_id", "subject_id", "expires_at"):
        op.create_index(op.f(f"ix_launch_request_{column}"), "launch_request", [column], unique=False)


def downgrade() -> None:
    for table in ("launch_request", "idempotency_key", "api_session", "api_token"):
        op.drop_table(table)
