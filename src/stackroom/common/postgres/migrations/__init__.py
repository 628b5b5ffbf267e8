"""The versions of a store's tables, in Alembic's form: each file of `versions` makes the next one."""
