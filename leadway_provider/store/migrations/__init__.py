"""Alembic's script directory; `store.schema` runs it."""
