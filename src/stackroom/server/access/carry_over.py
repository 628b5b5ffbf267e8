"""Copies who has access from the access file into a store, or back, when a library is moved."""

from pathlib import Path

from stackroom.common.postgres.address import StoreAddress
from stackroom.common.sqlite_file import identity
from stackroom.server.access.store import AccessStore

# Registrations get numbers of their own, in the same order.
_TABLES = {
    "owner": ("one", "passphrase"),
    "registrations": ("id", "name", "redirect_uris"),
    "grants": (
        "id",
        "kind",
        "name",
        "created",
        "last_used",
        "client_id",
        "redirect_uri",
        "challenge",
        "resource",
    ),
    "tokens": ("digest", "grant_id", "kind", "expires", "spent"),
    "repeats": ("digest", "salt", "used"),
    "clock": ("one", "passed", "leapt"),
}
_TELL_OF_ACCESS = ("owner", "registrations", "grants")


def carry_over(source: Path | StoreAddress, target: Path | StoreAddress) -> bool:
    """Copies the passphrase, clients and tokens, all of them or none. The source stays as it is.

    Returns:
        Whether there was anything to copy, and the target had neither a passphrase nor clients or tokens of
        its own, which stay then.

    Raises:
        AccessUnusable: one of the two can't be read or written.
        StoreAway: the database can't be reached.
    """
    if isinstance(source, Path) and identity(source) is None:
        return False
    with AccessStore(source) as here, here.kept.writing() as sql:  # nobody changes it meanwhile
        rows = {
            table: sql.execute(
                f"SELECT {', '.join(columns)} FROM {table}"  # noqa: S608
                + (" ORDER BY number" if table == "registrations" else "")
            ).fetchall()
            for table, columns in _TABLES.items()
        }
    if not any(rows[table] for table in _TELL_OF_ACCESS):
        return False
    with AccessStore(target) as there, there.kept.writing() as sql:
        for table in _TELL_OF_ACCESS:
            if sql.execute(f"SELECT 1 FROM {table} LIMIT 1").fetchone():  # noqa: S608
                return False
        sql.execute("DELETE FROM clock")
        for table, columns in _TABLES.items():
            marks = ", ".join("?" * len(columns))
            into = f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})"  # noqa: S608
            sql.executemany(into, rows[table])
    return True
