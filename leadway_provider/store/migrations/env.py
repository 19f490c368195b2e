"""Alembic's entry point: migrates over the connection that `store.schema` gives, inside its transaction."""

from __future__ import annotations

from alembic import context

from leadway_provider.store.schema import VERSION_TABLE
from leadway_provider.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table=VERSION_TABLE,
)
with context.begin_transaction():
    context.run_migrations()
