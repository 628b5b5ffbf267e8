"""What Stackroom writes is for its owner alone: the index holds the text of private PDFs."""

import os
import stat
from contextlib import suppress
from pathlib import Path

from stackroom.common.data_folder import CONFIG, MODELS
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
    ours = {settings.index, settings.access.parent, settings.calls.parent, settings.data / MODELS}
    for folder in ours:
        for place, _, files in os.walk(folder):
            _narrow(Path(place))
            for file in files:
                _narrow(Path(place, file))
    with suppress(OSError):
        entries = {entry for entry in settings.data.iterdir() if not entry.name.startswith(".")}
        if entries <= ours | {settings.data / CONFIG}:
            _narrow(settings.data)


def open_password_files(settings: Settings) -> list[Path]:
    """The files with passwords of PDFs that others can read. A person has written them, so we only tell."""
    files = [settings.pdf_passwords_file, settings.config if settings.pdf_passwords else None]
    return [file for file in files if file is not None and _is_open(file)]


def _is_open(file: Path) -> bool:
    try:
        return os.name == "posix" and bool(stat.S_IMODE(file.stat().st_mode) & 0o077)
    except OSError:  # gone since it was read
        return False


def _narrow(path: Path) -> None:
    with suppress(OSError):  # another user's, or gone since
        found = path.lstat()
        if stat.S_IMODE(found.st_mode) & 0o077 and not stat.S_ISLNK(found.st_mode):
            path.chmod(stat.S_IMODE(found.st_mode) & 0o700)
