"""PostgreSQL as a store: reaching it, running our statements on it, and its tables.

Only this package knows psycopg and Alembic. Its face: `address`, which says where a store is; `database`, the
connections to it; `migrate`, which makes the tables and brings them up to date; `dialect`, which
says what they can hold; `binary`, how vectors and ids are sent.
"""

__all__ = ["address", "binary", "database", "dialect", "migrate"]
