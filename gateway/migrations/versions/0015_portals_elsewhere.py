"""Portals that live elsewhere: their registration, sessions, codes, tokens, keys and the log-outs they are told of."""

import sqlalchemy as sa
from alembic import op

from gateway.db import UTCDateTime

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("portal_view", sa.Column("start_url", sa.String(length=500), nullable=True))
    op.create_table(
        "external_portal",
        sa.Column("slug", sa.String(length=64), nullable=False),
        sa.Column("title", sa.String(length=120), nullable=False),
        sa.Column("icon", sa.String(length=40), nullable=False),
        sa.Column("hue", sa.Integer(), nullable=False),
        sa.Column("start_url", sa.String(length=500), nullable=False),
        sa.Column("redirect_uris", sa.JSON(), nullable=False),
        sa.Column("post_logout_uris", sa.JSON(), nullable=False),
        sa.Column("logout_uri", sa.String(length=500), nullable=True),
        sa.Column("public", sa.Boolean(), nullable=False),
        sa.Column("secret_key", sa.LargeBinary(length=32), nullable=True),
        sa.Column("pages", sa.JSON(), nullable=False),
        sa.Column("up", sa.Boolean(), nullable=False),
        sa.Column("misses", sa.Integer(), nullable=False),
        sa.Column("checked_at", UTCDateTime(), nullable=True),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("hue BETWEEN 1 AND 5", name=op.f("ck_external_portal_one_of_five_hues")),
        sa.CheckConstraint("public = (secret_key IS NULL)", name=op.f("ck_external_portal_secret_unless_public")),
        sa.PrimaryKeyConstraint("slug", name=op.f("pk_external_portal")),
    )
    op.create_table(
        "external_session",
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("portal", sa.String(length=64), nullable=False),
        sa.Column("session_key", sa.LargeBinary(length=32), nullable=False),
        sa.Column("subject_id", sa.String(length=16), nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("redeemed_at", UTCDateTime(), nullable=True),
        sa.Column("refreshed_at", UTCDateTime(), nullable=True),
        sa.Column("told", sa.String(length=64), nullable=True),
        sa.Column("ended_at", UTCDateTime(), nullable=True),
        sa.Column("ended_why", sa.String(length=32), nullable=True),
        sa.ForeignKeyConstraint(
            ["session_key"], ["session.key"], name=op.f("fk_external_session_session_key"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_external_session")),
    )
    op.create_index(op.f("ix_external_session_session_key"), "external_session", ["session_key"], unique=False)
    op.create_index(op.f("ix_external_session_subject_id"), "external_session", ["subject_id"], unique=False)
    op.create_index("ix_external_session_ended_at", "external_session", ["ended_at", "id"], unique=False)
    op.create_index(
        "uq_external_session_live",
        "external_session",
        ["session_key", "portal"],
        unique=True,
        sqlite_where=sa.text("ended_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.create_table(
        "logout_notice",
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("portal", sa.String(length=64), nullable=False),
        sa.Column("sid", sa.String(length=16), nullable=False),
        sa.Column("subject_id", sa.String(length=16), nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("due_at", UTCDateTime(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("confirmed_at", UTCDateTime(), nullable=True),
        sa.Column("fault", sa.String(length=200), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_logout_notice")),
    )
    op.create_index(op.f("ix_logout_notice_due_at"), "logout_notice", ["due_at"], unique=False)
    op.create_index("ix_logout_notice_portal", "logout_notice", ["portal", "created_at", "id"], unique=False)
    op.create_index("ix_logout_notice_subject_id", "logout_notice", ["subject_id", "created_at"], unique=False)
    op.create_table(
        "authorization_code",
        sa.Column("key", sa.LargeBinary(length=32), nullable=False),
        sa.Column("session_id", sa.String(length=16), nullable=False),
        sa.Column("portal", sa.String(length=64), nullable=False),
        sa.Column("redirect_uri", sa.String(length=500), nullable=False),
        sa.Column("challenge", sa.String(length=43), nullable=False),
        sa.Column("nonce", sa.String(length=500), nullable=True),
        sa.Column("scope", sa.String(length=200), nullable=False),
        sa.Column("expires_at", UTCDateTime(), nullable=False),
        sa.Column("used_at", UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["session_id"], ["external_session.id"], name=op.f("fk_authorization_code_session_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_authorization_code")),
    )
    op.create_index(op.f("ix_authorization_code_session_id"), "authorization_code", ["session_id"], unique=False)
    op.create_index(op.f("ix_authorization_code_expires_at"), "authorization_code", ["expires_at"], unique=False)
    op.create_table(
        "refresh_token",
        sa.Column("key", sa.LargeBinary(length=32), nullable=False),
        sa.Column("session_id", sa.String(length=16), nullable=False),
        sa.Column("portal", sa.String(length=64), nullable=False),
        sa.Column("scope", sa.String(length=200), nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("used_at", UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["session_id"], ["external_session.id"], name=op.f("fk_refresh_token_session_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_refresh_token")),
    )
    op.create_index(op.f("ix_refresh_token_session_id"), "refresh_token", ["session_id"], unique=False)
    op.create_index(op.f("ix_refresh_token_used_at"), "refresh_token", ["used_at"], unique=False)
    op.create_table(
        "signing_key",
        sa.Column("kid", sa.String(length=16), nullable=False),
        sa.Column("public", sa.JSON(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("key_id", sa.String(length=8), nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("signs_from", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("kid", name=op.f("pk_signing_key")),
    )
    op.create_index(op.f("ix_signing_key_signs_from"), "signing_key", ["signs_from"], unique=False)


def downgrade() -> None:
    op.drop_table("signing_key")
    op.drop_table("refresh_token")
    op.drop_table("authorization_code")
    op.drop_table("logout_notice")
    op.drop_table("external_session")
    op.drop_table("external_portal")
    op.drop_column("portal_view", "start_url")
