"""How far the indexer is, for the page /status: from the note beside its lock; pure but for `read_work`."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from stackroom.common.amounts import counted, duration
from stackroom.common.running import holder
from stackroom.common.settings import Settings

# The stages of a run, and of the other commands that have a progress.
_STAGES = {
    "comparing": "Comparing the folders with the index",
    "hashing": "Looking for files that were moved",
    "reading": "Reading files",
    "embedding": "Embedding passages",
    "splitting": "Splitting documents into passages",
    "scans": "Reading scanned pages by OCR",
}


@dataclass(frozen=True, slots=True)
class Work:
    """What the indexer does now.

    Attributes:
        headline: a few words.
        detail: counts and the time that is left; empty if there is nothing to count.
        percent: of the work that is done, 0 to 100; None if it can't be told.
        is_working: whether something is being indexed.
    """

    headline: str
    detail: str = ""
    percent: int | None = None
    is_working: bool = False


def read_work(settings: Settings) -> Work:
    """What the indexer of the data folder does now. Reads two locks: not for the event loop."""
    note = holder(settings.indexer_lock)
    is_watched = holder(settings.watch_lock) is not None
    return work_of(note, is_watched=is_watched)


def work_of(note: Mapping[str, Any] | None, *, is_watched: bool) -> Work:
    """What the indexer does.

    Args:
        note: beside its lock, with what `indexer.run.summary.Progress` has as "progress"; None if none is at
            work.
        is_watched: whether the folders are followed.
    """
    progress = note.get("progress") if note else None
    if isinstance(progress, dict):
        return _of_progress(progress)
    if is_watched:
        return Work("Nothing is being indexed.", "The folders are followed: new files are read as they come.")
    if note is not None:
        return Work("A command is at work in the index.", is_working=True)
    return Work(
        "Nothing is being indexed, and the folders are not followed.",
        "New files are read by stackroom index, or by stackroom up as they come.",
    )


def _of_progress(progress: Mapping[str, Any]) -> Work:
    def count(name: str) -> int:
        value = progress.get(name, 0)
        return int(value) if isinstance(value, int | float) else 0

    counts = []
    if count("scans"):
        counts.append(f"{count('scans_done'):,} of {counted(count('scans'), 'scanned page')}")
    elif count("files"):
        files, pages = counted(count("files"), "file"), counted(count("pages"), "page")
        counts.append(f"{count('files_done'):,} of {files}, {pages}")
    if count("passages"):
        counts.append(f"{count('embedded'):,} of {counted(count('passages'), 'passage')} embedded")
    left, share = progress.get("seconds_left"), progress.get("share")
    if isinstance(left, int | float):
        counts.append(f"about {duration(left)} left")
    stage = str(progress.get("stage", ""))
    percent = min(100, max(0, int(100 * share))) if isinstance(share, int | float) and counts else None
    return Work(_STAGES.get(stage, "Indexing"), "; ".join(counts), percent, is_working=True)
