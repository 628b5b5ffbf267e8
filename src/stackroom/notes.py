"""What the indexer notes of each folder beside the catalogue: hints, of this machine alone.

mounts.json         the devices that its parts are on: see `indexer.compare.Comparison`. Without the file
                    a share that is not mounted looks like a folder that was emptied.
unreadable.json     what the last run could not look at, with the reasons, by relative paths
"""

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

MOUNTS = "mounts.json"
UNREADABLE = "unreadable.json"


def read_notes(file: Path) -> dict[str, dict[str, Any]]:
    """What is noted, by the roots of libraries; nothing if the file is missing or damaged."""
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    if not isinstance(found, dict):
        return {}
    return {root: notes for root, notes in found.items() if isinstance(notes, dict)}


def keep_notes(file: Path, notes: dict[str, dict[str, Any]]) -> None:
    """Writes them, if they have changed and the disk has room."""
    if notes == read_notes(file):
        return
    unfinished = file.with_suffix(".unfinished")
    with suppress(OSError):
        unfinished.write_text(json.dumps(notes), encoding="utf-8")
        unfinished.replace(file)
