"""Makes the tables of a store, and brings those of an older Stackroom up to date. Alembic does it."""

from importlib.resources import files

from stackroom.common.errors import CatalogMissing, CatalogUnusable, CatalogVersion
from stackroom.common.postgres.address import MOVING
from stackroom.common.postgres.database import SCHEMA, Database, Session

VERSION = "4"
"""The newest of the `migrations`."""

# Alembic's own lock is none: two machines may begin on the same store.
_MIGRATIONS = 0x57AC3


def require_current(session: Session, shown: str) -> None:
    """Raises CatalogMissing if there are no tables, CatalogVersion if they are of another version, and
    CatalogUnusable while a library is moved into them.
    """
    _refuse_half_moved(session, shown)
    version = _version(session)
    if version is None:
        raise CatalogMissing(
            f"Nothing has been indexed in {shown} yet. Run `stackroom index FOLDER` first, or take a "
            "library there with `stackroom move`."
        )
    if version != VERSION:
        newer = int(version) > int(VERSION)
        advice = "use that one" if newer else "run `stackroom index`: it brings the tables up to date"
        raise CatalogVersion(
            f"{shown} has tables of version {version}; this Stackroom has version {VERSION}. "
            f"{'A newer Stackroom wrote it: ' if newer else ''}{advice[0].upper() + advice[1:]}."
        )


def migrate(database: Database, *, moving: bool = False) -> bool:
    """Brings the tables of a database up to date; makes them if there are none. Returns whether it did any.

    Args:
        database: the store.
        moving: whether it is done to move a library there.

    Raises:
        StoreAway: the database can't be reached.
        CatalogVersion: a newer Stackroom wrote it.
        CatalogUnusable: it lacks pgvector, or we may not make tables, or a library is being moved there.
    """
    session = database.connect()
    try:
        if not moving:
            _refuse_half_moved(session, database.shown)
        version = _version(session)
        if version == VERSION:
            return False
        if version is not None and int(version) > int(VERSION):
            require_current(session, database.shown)
        _upgrade(session)
        return True
    finally:
        session.raw.close()


def _refuse_half_moved(session: Session, shown: str) -> None:
    if session.execute("SELECT to_regclass(?)", (f"{SCHEMA}.{MOVING}",)).fetchone()[0] is not None:
        raise CatalogUnusable(
            f"A library is being moved into {shown}, and is not complete yet. Wait for `stackroom move`; if "
            "it was stopped, the same command again goes on. To give the move up, remove what is there: "
            f"DROP SCHEMA {SCHEMA} CASCADE."
        )


def _version(session: Session) -> str | None:
    found = session.execute("SELECT to_regclass(?)", (f"{SCHEMA}.alembic_version",)).fetchone()
    if found[0] is None:
        return None
    row = session.execute(f"SELECT version_num FROM {SCHEMA}.alembic_version").fetchone()  # noqa: S608
    return row[0] if row else None


def _upgrade(session: Session) -> None:
    # A quarter of a second, and only for whoever writes.
    from alembic import command
    from alembic.config import Config
    from sqlalchemy import create_engine
    from sqlalchemy.pool import StaticPool

    config = Config()
    config.set_main_option("script_location", str(files("stackroom.common.postgres").joinpath("migrations")))
    with session.errors():
        session.raw.execute("SELECT pg_advisory_lock(%s)", (_MIGRATIONS,))
        session.raw.execute(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}")
        session.raw.autocommit = False
        engine = create_engine("postgresql+psycopg://", creator=lambda: session.raw, poolclass=StaticPool)
        with engine.begin() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
