"""The end of the record, moved by every row that is added to it."""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

MOVE = "UPDATE audit_head SET seq = new.seq, mac = new.mac WHERE id = 1;"
UP = {
    "sqlite": (f"CREATE TRIGGER audit_event_added AFTER INSERT ON audit_event BEGIN {MOVE} END",),
    "postgresql": (
        f"CREATE FUNCTION audit_event_added() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {MOVE} RETURN NULL; END $$",
        "CREATE TRIGGER audit_event_added AFTER INSERT ON audit_event"
        " FOR EACH ROW EXECUTE FUNCTION audit_event_added()",
    ),
}
DOWN = {
    "sqlite": ("DROP TRIGGER audit_event_added",),
    "postgresql": ("DROP TRIGGER audit_event_added ON audit_event", "DROP FUNCTION audit_event_added()"),
}


def upgrade() -> None:
    for statement in UP[op.get_bind().dialect.name]:
        op.execute(statement)


def downgrade() -> None:
    for statement in DOWN[op.get_bind().dialect.name]:
        op.execute(statement)
