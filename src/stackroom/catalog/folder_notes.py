"""Notes of the indexer about each folder, in files beside the catalogue: hints that only this machine needs.

mounts.json         the devices that its parts are on: see `indexer.folder.compare`. Without the file
                    a share that is not mounted looks like a folder that was emptied.
unreadable.json     what the last run could not look at, with the reasons, by relative paths
left_out.json       what it left out, and whether it followed links that lead out of the folder

`stackroom.common.data_folder` names the files.
"""

import json
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

# So many of the paths left out for one reason are named; all are counted.
_NAMED = 20

REASONS = ("link", "pattern", "system")
"""Why something is left out: see `indexer.folder.leave_out`."""


def read_notes(file: Path) -> dict[str, dict[str, Any]]:
    """Absolute path of each library → its note; nothing if the file is missing or damaged."""
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    if not isinstance(found, dict):
        return {}
    return {root: notes for root, notes in found.items() if isinstance(notes, dict)}


def keep_notes(file: Path, notes: dict[str, dict[str, Any]]) -> None:
    """Writes the notes if they have changed. If the disk has no room, the old ones stay."""
    if notes == read_notes(file):
        return
    unfinished = file.with_suffix(".unfinished")
    with suppress(OSError):
        unfinished.write_text(json.dumps(notes), encoding="utf-8")
        unfinished.replace(file)


def note_left_out(left_out: Mapping[str, str], *, follow_links: bool) -> dict[str, Any]:
    """Makes the note about what a run left out of a folder.

    Args:
        left_out: path relative to the folder → one of REASONS.
        follow_links: whether links that lead out of the folder were followed.
    """
    note: dict[str, Any] = {"follow_links": follow_links}
    for reason in REASONS:
        paths = [path for path, why in left_out.items() if why == reason]
        note[reason] = {"count": len(paths), "paths": sorted(paths)[:_NAMED]}
    return note
