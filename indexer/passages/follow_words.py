"""Puts published words into the index of words, in a thread of its own while PDFs are read."""

import threading
import time

from indexer.passages.writers import FollowsWords
from stackroom.catalog.catalog import Catalog

# Seconds between two commits: ten times what the last one took, but at least and at most so many. Each commit
# makes a part of each index, and parts have to be joined later.
_LEAST_SECONDS, _MOST_SECONDS = 0.3, 5.0


def pause_after(seconds: float) -> float:
    """How long to wait after a commit that took so many seconds, in seconds."""
    return min(max(_LEAST_SECONDS, 10 * seconds), _MOST_SECONDS)


def follow_words(
    writer: FollowsWords,
    catalog: Catalog,
    *,
    news: threading.Event,
    found: threading.Event,
    complete: threading.Event,
    cancelled: threading.Event,
) -> None:
    """Makes words searchable soon after they are published, until no more can come; the first at once.

    Args:
        writer: the index of words; used by this thread alone meanwhile.
        catalog: a connection of this thread's own.
        news: set when something was published, and once more when nothing more will be.
        found: is set when the first words can be searched.
        complete: set when nothing more will be published.
        cancelled: set to stop at once.
    """
    while not cancelled.is_set():
        news.wait(_MOST_SECONDS)
        news.clear()
        was_complete = complete.is_set()
        started = time.monotonic()
        writer.follow(catalog)
        found.set()
        if was_complete:
            return
        complete.wait(pause_after(time.monotonic() - started))
