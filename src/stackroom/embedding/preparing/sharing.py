"""Prepared models that the data folders of a person share.

Each data folder has what it needs, so that it can be moved, read by another user, or read where nothing can
be written. What is prepared in one of them is put into the shared folder as well, and taken from there for
others: by hard links, which take no room, or by copies on another file system.
"""

import os
import shutil
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from stackroom.common.settings_sources import can_be_written


def home_of(folder: Path, shared: Path | None, name: str) -> Path:
    """The folder of one prepared model; need not exist.

    Args:
        folder: of the data folder's models.
        shared: the shared folder; None for none.
        name: of the model's own folder.
    """
    own = folder / name
    if shared is None or own.is_dir() or can_be_written(folder):
        return own
    return shared / name


def link(source: Path, target: Path) -> None:
    """Makes the folder `target` with the files of `source`, by hard links where that is possible.

    What `target` held before is removed. Raises OSError if that can't be done; then nothing is changed.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix=f"{target.name}-linking-", dir=target.parent) as folder:
        made = Path(folder) / "model"
        shutil.copytree(source, made, copy_function=_link_or_copy)
        put(made, target, Path(folder))


def put(made: Path, target: Path, scratch: Path) -> None:
    """Gives the folder `made` the name `target`; what had it before goes into the folder `scratch`."""
    if target.exists():  # what an older version, or half a deletion, has left
        target.rename(scratch / "replaced")
    made.rename(target)


def _link_or_copy(source: str, target: str) -> None:
    with suppress(OSError):  # another file system, or one without links
        os.link(source, target)
        return
    shutil.copy2(source, target)
