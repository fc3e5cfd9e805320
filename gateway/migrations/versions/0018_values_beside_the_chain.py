"""The record: address, agent and details beside the chain, which covers their digests; how long they are kept; and an
index of the sessions that live, so that those that ran out are found.

On PostgreSQL the trigger that moves the end of the chain runs as its owner, so that whoever adds rows need not be able
to set the end back. Going down loses salts and digests: rows that were written under them cannot be verified any more.
"""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

COLUMNS = ("place_salt", "place_digest", "details_salt", "details_digest")
KEPT = ("keep_addresses_days", "keep_usage_days")
MOVE = "UPDATE {head} SET seq = new.seq, mac = new.mac WHERE id = 1;"
FUNCTION = (
    "CREATE OR REPLACE FUNCTION audit_event_added() RETURNS trigger LANGUAGE plpgsql {rights} AS"
    " $$ BEGIN {move} RETURN NULL; END $$"
)


def upgrade() -> None:
    for column in COLUMNS:
        op.add_column("audit_event", sa.Column(column, sa.LargeBinary(length=32), nullable=True))
    for table in ("gateway", "customer_class"):
        for column in KEPT:
            op.add_column(table, sa.Column(column, sa.Integer(), nullable=True))
    live = sa.text("ended_at IS NULL")
    op.create_index("ix_session_live", "session", ["started_at"], sqlite_where=live, postgresql_where=live)
    if op.get_bind().dialect.name == "postgresql":
        schema = op.get_bind().execute(sa.text("SELECT quote_ident(current_schema())")).scalar_one()
        rights = f"SECURITY DEFINER SET search_path = {schema}, pg_temp"
        op.execute(FUNCTION.format(rights=rights, move=MOVE.format(head=f"{schema}.audit_head")))


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute(FUNCTION.format(rights="", move=MOVE.format(head="audit_head")))
    op.drop_index("ix_session_live", table_name="session")
    for table in ("gateway", "customer_class"):
        for column in KEPT:
            op.drop_column(table, column)
    for column in COLUMNS:
        op.drop_column("audit_event", column)
