"""Taking turns in a data folder: commands wait for each other, and a watcher lets them in.

A command that wants to work holds `wanted.lock` until it has `indexer.lock` (see `lock`). A watcher checks
whether `wanted.lock` is held; if so, it releases the data folder, and then waits for its own next turn. Both
are locks of the operating system, so a process that dies releases them. The one watcher holds `watch.lock`,
also while it lets others in.
"""

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from indexer.store.lock import alone
from stackroom.common.errors import AlreadyRunning
from stackroom.common.running import hold, holder
from stackroom.common.settings import Settings


@contextmanager
def turn(
    settings: Settings, seconds: float, on_wait: Callable[[str], None] = lambda message: None
) -> Iterator[None]:
    """Keeps other indexers out of the data folder while the block runs; first waits for one that is at work.

    Args:
        settings: of the data folder.
        seconds: how long to wait at most.
        on_wait: told once, if it waits, for which process.

    Raises:
        AlreadyRunning: another one still works after that time.
    """
    with ExitStack() as stack:
        _take_turn(stack, settings, seconds, on_wait)
        yield


def _take_turn(stack: ExitStack, settings: Settings, seconds: float, on_wait: Callable[[str], None]) -> None:
    until = time.monotonic() + seconds
    is_told = False
    while True:
        with hold(settings.wanted_lock, _note()) as is_next:
            while True:
                try:
                    if is_next:
                        stack.enter_context(alone(settings))
                        return
                    error = AlreadyRunning(
                        f"Others wait before this command for the indexer that is at work in {settings.data}."
                    )
                except AlreadyRunning as running:
                    error = running
                if time.monotonic() >= until:
                    raise error
                if not is_told:
                    is_told = True
                    who = _who(holder(settings.indexer_lock))
                    on_wait(
                        f"Waiting, at most {seconds:g} s, for another indexer that is at work in "
                        f"{settings.data}{who}."
                    )
                if not is_next:
                    break


def is_wanted(settings: Settings) -> bool:
    """Whether somebody waits for the data folder. Cheap."""
    return holder(settings.wanted_lock) is not None


@contextmanager
def the_only_watcher(settings: Settings) -> Iterator[None]:
    """Keeps other watchers out of the data folder while the block runs.

    Raises:
        AlreadyRunning: another watcher is at work.
    """
    with hold(settings.watch_lock, _note()) as held:
        if not held:
            raise _is_watched(settings, holder(settings.watch_lock))
        yield


def is_watched(settings: Settings) -> bool:
    """Whether a watcher is at work in the data folder. Cheap."""
    return holder(settings.watch_lock) is not None


def refuse_second_watcher(settings: Settings) -> None:
    """Raises AlreadyRunning if a watcher is at work in the data folder."""
    note = holder(settings.watch_lock)
    if note is not None:
        raise _is_watched(settings, note)


def _is_watched(settings: Settings, note: dict[str, Any] | None) -> AlreadyRunning:
    return AlreadyRunning(
        f"Another indexer is at work in {settings.data}{_who(note)}, and follows its folders: one `watch` or "
        "`up` is enough. `stackroom index FOLDER` beside it adds a folder. Or stop it, or use another data "
        "folder with --data."
    )


def _who(note: dict[str, Any] | None) -> str:
    if not note:
        return ""
    since = f", since {note['since']}" if "since" in note else ""
    return f" (process {note.get('pid')}, `{note.get('command')}`{since})"


def _note() -> dict[str, Any]:
    return {"pid": os.getpid(), "command": " ".join(sys.argv), "since": time.strftime("%Y-%m-%d %H:%M:%S")}
