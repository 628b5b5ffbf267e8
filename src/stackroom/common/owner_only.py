"""What Stackroom writes is for its owner alone: the index holds the text of private PDFs."""

import os
import stat
from contextlib import suppress
from pathlib import Path

from stackroom.common.settings import Settings


def write_for_us_alone() -> None:
    """Makes every file that this process and its children create readable and writable by their owner only.

    That includes what libraries write: SQLite, the engine of words, the runtime of models. Windows has no
    such rights; there a user's folders are closed to other users already.
    """
    os.umask(0o077)


def narrow(settings: Settings) -> None:
    """Closes to others every folder and file that Stackroom has written; older versions left them open.

    The data folder itself is closed only if nothing else is in it: it may hold other things, such as PDFs
    that others put there.
    """
    ours = {settings.index, settings.access.parent, settings.calls.parent, settings.models}
    for folder in ours:
        for place, _, files in os.walk(folder):
            _narrow(Path(place))
            for file in files:
                _narrow(Path(place, file))
    with suppress(OSError):
        if {entry for entry in settings.data.iterdir() if not entry.name.startswith(".")} <= ours:
            _narrow(settings.data)


def _narrow(path: Path) -> None:
    with suppress(OSError):  # another user's, or gone since
        found = path.lstat()
        if stat.S_IMODE(found.st_mode) & 0o077 and not stat.S_ISLNK(found.st_mode):
            path.chmod(stat.S_IMODE(found.st_mode) & 0o700)
