"""Taking turns in a data folder: commands wait for each other, and a watcher lets them in.

A command that wants to work holds `wanted.lock` until it has `indexer.lock` (see `lock`). A watcher checks
whether `wanted.lock` is held; if so, it releases the data folder, and then waits for its own next turn. Both
are locks of the operating system, so a process that dies releases them. The one watcher holds `watch.lock`,
also while it lets others in.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

from indexer.store.lock import alone, who, who_we_are
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
    until = time.monotonic() + seconds
    is_told = is_next = False
    with ExitStack() as ours:
        with ExitStack() as waiting:
            while True:
                try:
                    is_next = is_next or waiting.enter_context(hold(settings.wanted_lock, who_we_are()))
                    if not is_next:
                        raise AlreadyRunning(
                            f"Others wait before this command for the indexer that is at work in "
                            f"{settings.data}."
                        )
                    ours.enter_context(alone(settings))
                    break
                except AlreadyRunning:
                    if time.monotonic() >= until:
                        raise
                if not is_told:
                    is_told = True
                    on_wait(
                        f"Waiting, at most {seconds:g} s, for another indexer that is at work in "
                        f"{settings.data} ({who(holder(settings.indexer_lock))})."
                    )
        yield


def is_wanted(settings: Settings) -> bool:
    """Whether somebody waits for the data folder. Cheap."""
    return holder(settings.wanted_lock) is not None


@contextmanager
def the_only_watcher(settings: Settings) -> Iterator[None]:
    """Keeps other watchers out of the data folder while the block runs.

    Raises:
        AlreadyRunning: another watcher is at work.
    """
    with hold(settings.watch_lock, who_we_are()) as held:
        if not held:
            raise _is_watched(settings)
        yield


def is_watched(settings: Settings) -> bool:
    """Whether a watcher is at work in the data folder. Cheap."""
    return holder(settings.watch_lock) is not None


def refuse_second_watcher(settings: Settings) -> None:
    """Raises AlreadyRunning if a watcher is at work in the data folder."""
    if is_watched(settings):
        raise _is_watched(settings)


def _is_watched(settings: Settings) -> AlreadyRunning:
    return AlreadyRunning(
        f"Another indexer is at work in {settings.data} ({who(holder(settings.watch_lock))}), and follows "
        "its folders: one `watch` or `up` is enough. `stackroom index FOLDER` beside it adds a folder. Or "
        "stop it, or use another data folder with --data."
    )
