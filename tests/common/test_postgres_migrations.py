"""A database that can't hold a store says what it lacks, and is left as it was."""

from collections.abc import Iterator
from contextlib import closing

import pytest

from postgres_server import PostgresServer
from stackroom.common.errors import CatalogUnusable
from stackroom.common.postgres.database import Database
from stackroom.common.postgres.migrate import migrate


@pytest.fixture
def empty(postgres: PostgresServer) -> Iterator[Database]:
    """A database without our tables, and without pgvector."""
    url = postgres.new_database()
    with closing(Database(url)) as database:
        yield database
    postgres.drop_database(url)


def run(database: Database, sql: str) -> None:
    with database.session() as session:
        session.execute(sql)


def tables(database: Database) -> list[str]:
    """Ours."""
    with database.session() as session:
        found = session.execute("SELECT relname FROM pg_class WHERE relname IN ('store', 'nearest')")
        return [name for (name,) in found]


def test_one_that_may_not_have_pgvector(empty: Database) -> None:
    run(
        empty,
        "CREATE FUNCTION refuse() RETURNS event_trigger LANGUAGE plpgsql AS"
        " $$ BEGIN RAISE 'extension \"vector\" is not available'; END $$",
    )
    run(
        empty,
        "CREATE EVENT TRIGGER refuse ON ddl_command_start WHEN TAG IN ('CREATE EXTENSION')"
        " EXECUTE FUNCTION refuse()",
    )
    with pytest.raises(CatalogUnusable, match=r'extension "vector" is not .*CREATE EXTENSION vector'):
        migrate(empty)
    assert tables(empty) == []
    run(empty, "DROP EVENT TRIGGER refuse")
    migrate(empty)
    assert sorted(tables(empty)) == ["nearest", "store"]


def test_one_that_has_pgvector_where_nobody_looks(empty: Database) -> None:
    run(empty, "CREATE SCHEMA elsewhere")
    run(empty, "CREATE EXTENSION vector SCHEMA elsewhere")
    with pytest.raises(CatalogUnusable, match=r"in the schema elsewhere .* SET SCHEMA public"):
        migrate(empty)
    assert tables(empty) == []
    run(empty, "ALTER EXTENSION vector SET SCHEMA public")
    migrate(empty)
    assert sorted(tables(empty)) == ["nearest", "store"]
