"""Runs the migrations on the connection that is handed in."""

from alembic import context

from gateway.db import Base
from gateway.migrations import is_modelled

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_as_batch=True,
    include_object=is_modelled,
)
with context.begin_transaction():
    context.run_migrations()
