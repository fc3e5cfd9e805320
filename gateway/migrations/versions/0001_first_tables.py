"""The first tables: identity, access, launches, the record, Cloud PBX and IoT."""

import sqlalchemy as sa
from alembic import op

from gateway.db import UTCDateTime
from gateway.identity.models import plain_order

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# Any part of three characters or more of a customer is found through trigrams: FTS5 kept by triggers, or pg_trgm.
SEARCH = {
    "sqlite": (
        "CREATE VIRTUAL TABLE identity_search USING fts5"
        "(search, content='identity', tokenize='trigram', detail='none')",
        "CREATE TRIGGER identity_search_added AFTER INSERT ON identity WHEN new.kind = 'customer' BEGIN"
        " INSERT INTO identity_search (rowid, search) VALUES (new.rowid, new.search); END",
        "CREATE TRIGGER identity_search_gone AFTER DELETE ON identity WHEN old.kind = 'customer' BEGIN"
        " INSERT INTO identity_search (identity_search, rowid, search) VALUES ('delete', old.rowid, old.search); END",
        "CREATE TRIGGER identity_search_changed AFTER UPDATE OF search ON identity"
        " WHEN new.kind = 'customer' BEGIN"
        " INSERT INTO identity_search (identity_search, rowid, search) VALUES ('delete', old.rowid, old.search);"
        " INSERT INTO identity_search (rowid, search) VALUES (new.rowid, new.search); END",
    ),
    "postgresql": (
        "CREATE EXTENSION IF NOT EXISTS pg_trgm",
        "CREATE INDEX ix_identity_search ON identity USING gin (search gin_trgm_ops) WHERE kind = 'customer'",
    ),
}
NO_SEARCH = {
    "sqlite": (
        *(f"DROP TRIGGER identity_search_{name}" for name in ("added", "gone", "changed")),
        "DROP TABLE identity_search",
    ),
    "postgresql": ("DROP INDEX ix_identity_search",),
}


def upgrade() -> None:
    op.create_table(
        "audit_event",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.Column("event", sa.String(length=64), nullable=False),
        sa.Column("outcome", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.String(length=64), nullable=True),
        sa.Column("realm", sa.String(length=16), nullable=True),
        sa.Column("actor_id", sa.String(length=16), nullable=True),
        sa.Column("subject_id", sa.String(length=16), nullable=True),
        sa.Column("customer_id", sa.String(length=16), nullable=True),
        sa.Column("portal", sa.String(length=64), nullable=True),
        sa.Column("mode", sa.String(length=16), nullable=True),
        sa.Column("launch_id", sa.String(length=16), nullable=True),
        sa.Column("session", sa.String(length=16), nullable=True),
        sa.Column("address", sa.String(length=45), nullable=True),
        sa.Column("agent", sa.String(length=200), nullable=True),
        sa.Column("request_id", sa.String(length=32), nullable=True),
        sa.Column("details", sa.JSON(), nullable=False),
        sa.Column("key_id", sa.String(length=8), nullable=False),
        sa.Column("mac", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_audit_event")),
    )
    op.create_index("ix_audit_event_actor_id", "audit_event", ["actor_id", "seq"], unique=False)
    op.create_index("ix_audit_event_customer_id", "audit_event", ["customer_id", "seq"], unique=False)
    op.create_index("ix_audit_event_event", "audit_event", ["event", "seq"], unique=False)
    op.create_index("ix_audit_event_subject_id", "audit_event", ["subject_id", "seq"], unique=False)
    op.create_index("ix_audit_event_at", "audit_event", ["at", "seq"], unique=False)
    op.create_table(
        "audit_head",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("mac", sa.Text(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_audit_head_one_row")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_head")),
    )
    op.create_table(
        "customer_class",
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("second_factor", sa.Boolean(), nullable=False),
        sa.Column("idle_minutes", sa.Integer(), nullable=True),
        sa.Column("absolute_minutes", sa.Integer(), nullable=True),
        sa.Column("language", sa.String(length=35), nullable=True),
        sa.Column("time_zone", sa.String(length=64), nullable=True),
        sa.Column("output_date_format", sa.String(length=64), nullable=True),
        sa.Column("output_time_format", sa.String(length=64), nullable=True),
        sa.Column("input_date_format", sa.String(length=64), nullable=True),
        sa.Column("input_time_format", sa.String(length=64), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_customer_class")),
        sa.UniqueConstraint("name", name=op.f("uq_customer_class_name")),
    )
    op.create_table(
        "gateway",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("admin_idle_minutes", sa.Integer(), nullable=False),
        sa.Column("admin_absolute_minutes", sa.Integer(), nullable=False),
        sa.Column("idle_minutes", sa.Integer(), nullable=False),
        sa.Column("absolute_minutes", sa.Integer(), nullable=False),
        sa.Column("support_access", sa.Boolean(), nullable=False),
        sa.Column("language", sa.String(length=35), nullable=True),
        sa.Column("time_zone", sa.String(length=64), nullable=True),
        sa.Column("output_date_format", sa.String(length=64), nullable=True),
        sa.Column("output_time_format", sa.String(length=64), nullable=True),
        sa.Column("input_date_format", sa.String(length=64), nullable=True),
        sa.Column("input_time_format", sa.String(length=64), nullable=True),
        sa.CheckConstraint("id = 1", name=op.f("ck_gateway_one_row")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_gateway")),
    )
    op.create_table(
        "portal_state",
        sa.Column("slug", sa.String(length=64), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("slug", name=op.f("pk_portal_state")),
    )
    op.create_table(
        "role",
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("realm", sa.String(length=16), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("is_default", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "is_default = (id IN ('default-admin', 'default-selfcare'))", name=op.f("ck_role_default_by_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_role")),
        sa.UniqueConstraint("realm", "name", name=op.f("uq_role_realm_name")),
    )
    op.create_table(
        "identity",
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("realm", sa.String(length=16), nullable=False),
        sa.Column("login", sa.String(length=64), nullable=True),
        sa.Column("login_key", plain_order(256), nullable=True),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=True),
        sa.Column("email_key", sa.String(length=254), nullable=True),
        sa.Column("sort_key", plain_order(600), nullable=False),
        sa.Column("search", sa.Text(), nullable=False),
        sa.Column("password_hash", sa.String(length=200), nullable=True),
        sa.Column("password_must_change", sa.Boolean(), nullable=False),
        sa.Column("second_factor", sa.String(length=16), nullable=False),
        sa.Column("api_access", sa.Boolean(), nullable=False),
        sa.Column("role_id", sa.String(length=16), nullable=True),
        sa.Column("suspended", sa.Boolean(), nullable=False),
        sa.Column("activates_on", sa.Date(), nullable=True),
        sa.Column("expires_on", sa.Date(), nullable=True),
        sa.Column("customer_id", sa.String(length=16), nullable=True),
        sa.Column("class_id", sa.String(length=16), nullable=True),
        sa.Column("status", sa.String(length=16), nullable=True),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("last_login_at", UTCDateTime(), nullable=True),
        sa.Column("language", sa.String(length=35), nullable=True),
        sa.Column("time_zone", sa.String(length=64), nullable=True),
        sa.Column("output_date_format", sa.String(length=64), nullable=True),
        sa.Column("output_time_format", sa.String(length=64), nullable=True),
        sa.Column("input_date_format", sa.String(length=64), nullable=True),
        sa.Column("input_time_format", sa.String(length=64), nullable=True),
        sa.CheckConstraint(
            "(kind = 'administrator') = (customer_id IS NULL)", name=op.f("ck_identity_customer_of_kind")
        ),
        sa.CheckConstraint("(kind = 'customer') = (class_id IS NOT NULL)", name=op.f("ck_identity_class_of_kind")),
        sa.CheckConstraint("(kind = 'customer') = (status IS NOT NULL)", name=op.f("ck_identity_status_of_kind")),
        sa.CheckConstraint("(realm = 'admin') = (kind = 'administrator')", name=op.f("ck_identity_realm_of_kind")),
        sa.CheckConstraint("kind != 'customer' OR customer_id = id", name=op.f("ck_identity_customer_is_itself")),
        sa.CheckConstraint("(login IS NULL) = (login_key IS NULL)", name=op.f("ck_identity_login_and_key")),
        sa.ForeignKeyConstraint(["class_id"], ["customer_class.id"], name=op.f("fk_identity_class_id")),
        sa.ForeignKeyConstraint(["customer_id"], ["identity.id"], name=op.f("fk_identity_customer_id")),
        sa.ForeignKeyConstraint(["role_id"], ["role.id"], name=op.f("fk_identity_role_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_identity")),
        sa.UniqueConstraint("realm", "login_key", name=op.f("uq_identity_realm_login_key")),
    )
    op.create_index("ix_identity_class", "identity", ["class_id", "sort_key", "id"], unique=False)
    op.create_index("ix_identity_status", "identity", ["kind", "status", "sort_key", "id"], unique=False)
    op.create_index("ix_identity_individuals", "identity", ["customer_id", "kind", "sort_key", "id"], unique=False)
    op.create_index("ix_identity_list", "identity", ["kind", "sort_key", "id"], unique=False)
    op.create_index(op.f("ix_identity_role_id"), "identity", ["role_id"], unique=False)
    op.create_table(
        "portal_view",
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("role_id", sa.String(length=16), nullable=False),
        sa.Column("portal", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("levels", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["role_id"], ["role.id"], name=op.f("fk_portal_view_role_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_portal_view")),
        sa.UniqueConstraint("role_id", "portal", name=op.f("uq_portal_view_role_id_portal")),
    )
    op.create_table(
        "allowed_role",
        sa.Column("customer_id", sa.String(length=16), nullable=False),
        sa.Column("role_id", sa.String(length=16), nullable=False),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["identity.id"], name=op.f("fk_allowed_role_customer_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["role_id"], ["role.id"], name=op.f("fk_allowed_role_role_id")),
        sa.PrimaryKeyConstraint("customer_id", "role_id", name=op.f("pk_allowed_role")),
    )
    op.create_index("ix_allowed_role_role_id", "allowed_role", ["role_id"], unique=False)
    op.create_table(
        "iot_device",
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("customer_id", sa.String(length=16), nullable=False),
        sa.Column("iccid", sa.String(length=22), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("plan", sa.String(length=60), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["identity.id"], name=op.f("fk_iot_device_customer_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_iot_device")),
        sa.UniqueConstraint("iccid", name=op.f("uq_iot_device_iccid")),
    )
    op.create_index("ix_iot_device_list", "iot_device", ["customer_id", "name", "id"], unique=False)
    op.create_table(
        "launch",
        sa.Column("key", sa.LargeBinary(length=32), nullable=False),
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("handle", sa.String(length=16), nullable=False),
        sa.Column("actor_id", sa.String(length=16), nullable=False),
        sa.Column("actor_session_key", sa.LargeBinary(length=32), nullable=False),
        sa.Column("subject_id", sa.String(length=16), nullable=False),
        sa.Column("portal", sa.String(length=64), nullable=True),
        sa.Column("mode", sa.String(length=16), nullable=False),
        sa.Column("view_only", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=True),
        sa.Column("return_to", sa.String(length=500), nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("expires_at", UTCDateTime(), nullable=False),
        sa.Column("landed_at", UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["actor_id"], ["identity.id"], name=op.f("fk_launch_actor_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["subject_id"], ["identity.id"], name=op.f("fk_launch_subject_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_launch")),
        sa.UniqueConstraint("handle", name=op.f("uq_launch_handle")),
        sa.UniqueConstraint("id", name=op.f("uq_launch_id")),
    )
    op.create_index(op.f("ix_launch_actor_id"), "launch", ["actor_id"], unique=False)
    op.create_index(op.f("ix_launch_expires_at"), "launch", ["expires_at"], unique=False)
    op.create_index(op.f("ix_launch_subject_id"), "launch", ["subject_id"], unique=False)
    op.create_table(
        "pbx_call",
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("customer_id", sa.String(length=16), nullable=False),
        sa.Column("started_at", UTCDateTime(), nullable=False),
        sa.Column("from_number", sa.String(length=32), nullable=False),
        sa.Column("to_number", sa.String(length=32), nullable=False),
        sa.Column("direction", sa.String(length=16), nullable=False),
        sa.Column("duration_seconds", sa.Integer(), nullable=False),
        sa.Column("charge", sa.Numeric(precision=14, scale=4), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["identity.id"], name=op.f("fk_pbx_call_customer_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pbx_call")),
        sa.UniqueConstraint(
            "customer_id",
            "started_at",
            "from_number",
            "to_number",
            name=op.f("uq_pbx_call_customer_id_started_at_from_number_to_number"),
        ),
    )
    op.create_index("ix_pbx_call_list", "pbx_call", ["customer_id", "started_at", "id"], unique=False)
    op.create_table(
        "pbx_extension",
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("customer_id", sa.String(length=16), nullable=False),
        sa.Column("number", sa.String(length=16), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=True),
        sa.Column("forward_to", sa.String(length=32), nullable=True),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["identity.id"], name=op.f("fk_pbx_extension_customer_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pbx_extension")),
        sa.UniqueConstraint("customer_id", "number", name=op.f("uq_pbx_extension_customer_id_number")),
    )
    op.create_table(
        "pbx_invoice",
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("customer_id", sa.String(length=16), nullable=False),
        sa.Column("number", sa.String(length=32), nullable=False),
        sa.Column("issued_on", sa.Date(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("amount", sa.Numeric(precision=14, scale=2), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["identity.id"], name=op.f("fk_pbx_invoice_customer_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pbx_invoice")),
        sa.UniqueConstraint("customer_id", "number", name=op.f("uq_pbx_invoice_customer_id_number")),
    )
    op.create_index("ix_pbx_invoice_list", "pbx_invoice", ["customer_id", "issued_on", "id"], unique=False)
    op.create_table(
        "session",
        sa.Column("key", sa.LargeBinary(length=32), nullable=False),
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("scope", sa.String(length=16), nullable=False),
        sa.Column("stage", sa.String(length=16), nullable=False),
        sa.Column("subject_id", sa.String(length=16), nullable=False),
        sa.Column("started_at", UTCDateTime(), nullable=False),
        sa.Column("last_seen_at", UTCDateTime(), nullable=False),
        sa.Column("ended_at", UTCDateTime(), nullable=True),
        sa.Column("ended_why", sa.String(length=32), nullable=True),
        sa.Column("address", sa.String(length=45), nullable=True),
        sa.Column("agent", sa.String(length=200), nullable=True),
        sa.Column("parent_key", sa.LargeBinary(length=32), nullable=True),
        sa.Column("actor_id", sa.String(length=16), nullable=True),
        sa.Column("handle", sa.String(length=16), nullable=True),
        sa.Column("launch_id", sa.String(length=16), nullable=True),
        sa.Column("mode", sa.String(length=16), nullable=True),
        sa.Column("view_only", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=True),
        sa.Column("return_to", sa.String(length=500), nullable=True),
        sa.ForeignKeyConstraint(["actor_id"], ["identity.id"], name=op.f("fk_session_actor_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["parent_key"], ["session.key"], name=op.f("fk_session_parent_key"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["subject_id"], ["identity.id"], name=op.f("fk_session_subject_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_session")),
        sa.UniqueConstraint("handle", name=op.f("uq_session_handle")),
        sa.UniqueConstraint("id", name=op.f("uq_session_id")),
    )
    op.create_index(op.f("ix_session_actor_id"), "session", ["actor_id"], unique=False)
    op.create_index(op.f("ix_session_parent_key"), "session", ["parent_key"], unique=False)
    op.create_index(op.f("ix_session_subject_id"), "session", ["subject_id"], unique=False)
    op.create_table(
        "iot_usage",
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("device_id", sa.String(length=16), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["device_id"], ["iot_device.id"], name=op.f("fk_iot_usage_device_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_iot_usage")),
        sa.UniqueConstraint("device_id", "day", name=op.f("uq_iot_usage_device_id_day")),
    )
    op.create_table(
        "pbx_payment",
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("customer_id", sa.String(length=16), nullable=False),
        sa.Column("invoice_id", sa.String(length=16), nullable=False),
        sa.Column("paid_on", sa.Date(), nullable=False),
        sa.Column("amount", sa.Numeric(precision=14, scale=2), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("method", sa.String(length=16), nullable=False),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["identity.id"], name=op.f("fk_pbx_payment_customer_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["invoice_id"], ["pbx_invoice.id"], name=op.f("fk_pbx_payment_invoice_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pbx_payment")),
        sa.UniqueConstraint(
            "customer_id", "invoice_id", "paid_on", name=op.f("uq_pbx_payment_customer_id_invoice_id_paid_on")
        ),
    )
    op.create_index("ix_pbx_payment_list", "pbx_payment", ["customer_id", "paid_on", "id"], unique=False)

    role = sa.table(
        "role", *(sa.column(name) for name in ("id", "realm", "name", "description", "is_default", "version"))
    )
    op.bulk_insert(
        role,
        [
            {
                "id": role_id,
                "realm": realm,
                "name": "Default role",
                "description": "Full access to everything.",
                "is_default": True,
                "version": 1,
            }
            for role_id, realm in (("default-admin", "admin"), ("default-selfcare", "self-care"))
        ],
    )
    op.execute("INSERT INTO audit_head (id, seq, mac) VALUES (1, 0, '%s')" % ("0" * 64))
    op.execute(
        "INSERT INTO gateway (id, version, admin_idle_minutes, admin_absolute_minutes, idle_minutes, absolute_minutes,"
        " support_access, language, time_zone,"
        " output_date_format, output_time_format, input_date_format, input_time_format)"
        " VALUES (1, 1, 30, 600, 30, 720, true, 'en', 'UTC', 'YYYY-MM-DD', 'HH24:MI:SS', 'YYYY-MM-DD', 'HH24:MI')"
    )
    for statement in SEARCH[op.get_bind().dialect.name]:
        op.execute(statement)


def downgrade() -> None:
    for statement in NO_SEARCH[op.get_bind().dialect.name]:
        op.execute(statement)
    op.drop_index("ix_pbx_payment_list", table_name="pbx_payment")
    op.drop_table("pbx_payment")
    op.drop_table("iot_usage")
    op.drop_index(op.f("ix_session_subject_id"), table_name="session")
    op.drop_index(op.f("ix_session_parent_key"), table_name="session")
    op.drop_index(op.f("ix_session_actor_id"), table_name="session")
    op.drop_table("session")
    op.drop_index("ix_pbx_invoice_list", table_name="pbx_invoice")
    op.drop_table("pbx_invoice")
    op.drop_table("pbx_extension")
    op.drop_index("ix_pbx_call_list", table_name="pbx_call")
    op.drop_table("pbx_call")
    op.drop_index(op.f("ix_launch_subject_id"), table_name="launch")
    op.drop_index(op.f("ix_launch_expires_at"), table_name="launch")
    op.drop_index(op.f("ix_launch_actor_id"), table_name="launch")
    op.drop_table("launch")
    op.drop_index("ix_iot_device_list", table_name="iot_device")
    op.drop_table("iot_device")
    op.drop_index("ix_allowed_role_role_id", table_name="allowed_role")
    op.drop_table("allowed_role")
    op.drop_table("portal_view")
    op.drop_index(op.f("ix_identity_role_id"), table_name="identity")
    op.drop_index("ix_identity_list", table_name="identity")
    op.drop_index("ix_identity_individuals", table_name="identity")
    op.drop_index("ix_identity_status", table_name="identity")
    op.drop_index("ix_identity_class", table_name="identity")
    op.drop_table("identity")
    op.drop_table("role")
    op.drop_table("portal_state")
    op.drop_table("gateway")
    op.drop_table("customer_class")
    op.drop_table("audit_head")
    op.drop_index("ix_audit_event_subject_id", table_name="audit_event")
    op.drop_index("ix_audit_event_at", table_name="audit_event")
    op.drop_index("ix_audit_event_event", table_name="audit_event")
    op.drop_index("ix_audit_event_customer_id", table_name="audit_event")
    op.drop_index("ix_audit_event_actor_id", table_name="audit_event")
    op.drop_table("audit_event")
