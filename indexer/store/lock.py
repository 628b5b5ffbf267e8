"""The lock that lets only one indexer write in a data folder."""

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
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
    note = {"pid": os.getpid(), "command": " ".join(sys.argv), "since": time.strftime("%Y-%m-%d %H:%M:%S")}
    with hold(lock, note) as held:
        if not held:
            raise AlreadyRunning(_who_is_running(settings.data, holder(lock) or {}))
        narrow(settings)
        yield


def _who_is_running(data: Path, note: dict[str, Any]) -> str:
    known = {"pid": "process {}", "command": "`{}`", "since": "since {}"}
    who = ", ".join(said.format(note[name]) for name, said in known.items() if name in note)
    return (
        f"Another indexer is at work in {data} ({who or 'it has just started'}). Wait for it, stop it, or "
        "use another data folder with --data."
    )
