"""The devices that libraries are on, as they were when last looked at: a hint, of this machine alone.

Without the file, or with a damaged one, a share that is not mounted looks like a folder that was emptied.
"""

import json
from contextlib import suppress
from pathlib import Path

Mounts = dict[str, dict[str, int]]
"""By the roots of libraries; see `indexer.compare.Comparison`."""


def read_mounts(file: Path) -> Mounts:
    """What is remembered."""
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def remember_mounts(file: Path, mounts: Mounts) -> None:
    """Remembers them, if they have changed and the disk has room."""
    if mounts == read_mounts(file):
        return
    unfinished = file.with_suffix(".unfinished")
    with suppress(OSError):
        unfinished.write_text(json.dumps(mounts), encoding="utf-8")
        unfinished.replace(file)
