"""The vectors of passages, to be searched for the nearest by pgvector; made from the truth's packs.

`indexer.passages.postgres_nearest` writes them, and `stackroom.indexes.postgres.nearest` searches them.
"""

from alembic import op
from sqlalchemy.exc import DBAPIError

from stackroom.common.errors import CatalogUnusable

revision = "3"
down_revision = "2"

# The first with scans that go on until filters have let enough through.
_OLDEST = (0, 8)

_TABLES = """
CREATE TABLE nearest (
    passage bigint NOT NULL,
    document bigint NOT NULL,            -- its key: what a distributed PostgreSQL divides the rows by
    model bigint NOT NULL,
    vector halfvec NOT NULL,             -- of length 1; models have different dimensions
    PRIMARY KEY (passage, document)
);
-- A search reads a thousand vectors; out of line, each would cost it another look.
ALTER TABLE nearest ALTER COLUMN vector SET STORAGE PLAIN;

CREATE TABLE nearest_models (            -- how far these rows are
    model bigint PRIMARY KEY,
    change bigint NOT NULL,              -- the number of the last change that they have followed
    filled bigint NOT NULL,              -- passages up to this id are there; further ones are still to come
    passages bigint NOT NULL,            -- how many rows the model has
    indexed bigint NOT NULL,             -- how many they were when their index was made; 0: there is none
    usual real NOT NULL,                 -- how similar two are that have nothing in common, mostly,
    spread real NOT NULL                 -- and the standard deviation of that; 0: not known
);
"""


def upgrade() -> None:
    """Makes the tables, and pgvector's types if the database lacks them."""
    run = op.get_bind().exec_driver_sql
    try:
        run("CREATE EXTENSION IF NOT EXISTS vector")
    except DBAPIError as error:
        said = str(error.orig).strip().splitlines()[0]
        raise CatalogUnusable(
            f"The store needs pgvector, and this database can't have it: {said}. Install pgvector on the "
            "database's machine, and have one who may do so run CREATE EXTENSION vector in this database."
        ) from error
    version, schema, is_seen = run(
        "SELECT e.extversion, n.nspname, n.nspname = ANY (current_schemas(false)) FROM pg_extension e"
        " JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'vector'"
    ).one()
    if tuple(map(int, version.split(".")[:2])) < _OLDEST:
        raise CatalogUnusable(
            f"The store needs pgvector {'.'.join(map(str, _OLDEST))} or newer; this database has {version}. "
            "Update pgvector on the database's machine, and run ALTER EXTENSION vector UPDATE."
        )
    if not is_seen:
        raise CatalogUnusable(
            f"pgvector is in the schema {schema} of this database, where the store does not look for it. "
            "Run ALTER EXTENSION vector SET SCHEMA public."
        )
    for statement in _TABLES.split(";\n"):
        if statement.strip():
            run(statement)
