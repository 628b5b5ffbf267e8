"""Alembic runs this file for `migrate`, which gives it the connection."""

from alembic import context

from stackroom.common.postgres.database import SCHEMA

context.configure(connection=context.config.attributes["connection"], version_table_schema=SCHEMA)
with context.begin_transaction():
    context.run_migrations()
