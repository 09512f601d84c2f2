"""Alembic's way in: it runs the versions on the connection that migrations.migrate was given."""

from alembic import context

from cti.storage.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata, render_as_batch=True)
with context.begin_transaction():
    context.run_migrations()
