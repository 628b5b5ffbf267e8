"""The lock that lets only one indexer write in a data folder."""

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from stackroom.common.errors import AlreadyRunning
from stackroom.common.owner_only import narrow
from stackroom.common.running import hold, holder
from stackroom.common.settings import Settings


@contextmanager
def alone(settings: Settings) -> Iterator[None]:
    """Keeps other indexers out of the data folder while the block runs, and closes its files to other users.

    Raises:
        AlreadyRunning: another indexer is at work.
        CatalogUnusable: the folder can't be written.
    """
    lock = settings.indexer_lock
    with hold(lock, who_we_are()) as held:
        if not held:
            raise AlreadyRunning(
                f"Another indexer is at work in {settings.data} ({who(holder(lock))}). Wait for it, stop it, "
                "or use another data folder with --data."
            )
        narrow(settings)
        with _alone_in_store(settings):
            yield


@contextmanager
def _alone_in_store(settings: Settings) -> Iterator[None]:
    """Likewise for other machines, if the library is in a database. Its lock ends with the connection."""
    if not settings.store:
        yield
        return
    from stackroom.common.postgres.database import INDEXER, database

    store = database(settings.store)
    session = store.connect()
    try:
        if not session.execute("SELECT pg_try_advisory_lock(?)", (INDEXER,)).fetchone()[0]:
            raise AlreadyRunning(
                f"Another indexer is at work in {store.shown}, for another machine or data folder. "
                "Wait for it, or stop it."
            )
        yield
    finally:
        session.raw.close()


def who_we_are(command: str = "") -> dict[str, Any]:
    """The note beside a lock that this process holds. `command` takes the place of its own command line."""
    since = time.strftime("%Y-%m-%d %H:%M:%S")
    return {"pid": os.getpid(), "command": command or " ".join(sys.argv), "since": since}


def who(note: dict[str, Any] | None) -> str:
    """Who holds a lock, for a person, as far as its note says."""
    known = {"pid": "process {}", "command": "`{}`", "since": "since {}"}
    said = [saying.format(note[name]) for name, saying in known.items() if note and name in note]
    return ", ".join(said) or "it has just started"
