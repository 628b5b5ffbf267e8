"""Backups in a folder, named by their time, of which only the newest are kept."""

import os
import re
import shutil
import tarfile
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from indexer.store.lock import who, who_we_are
from indexer.upkeep.backup import UNFINISHED_PREFIX, Contents, back_up, examine, glance
from stackroom.common.errors import AlreadyRunning, BackupUnusable, reason_of
from stackroom.common.running import hold, holder
from stackroom.common.settings import Settings

# In UTC, so that the order of the names is that of the times, also when the clocks go back.
_NAME = "stackroom-%Y%m%dT%H%M%SZ.tar"
_PATTERN = re.compile(r"stackroom-\d{8}T\d{6}Z\.tar")

# What was begun so long ago, in seconds, nobody is making any more.
_LEFT_SECONDS = 24 * 3600


@dataclass(frozen=True, slots=True)
class Kept:
    """What was done: the new backup, what is in it, and the older ones that were removed."""

    file: Path
    contents: Contents
    removed: tuple[Path, ...]


def back_up_into(settings: Settings, folder: Path, keep: int | None, now: float | None = None) -> Kept:
    """Makes a backup in a folder; then removes the oldest there, so that `keep` are left, or none.

    Nothing is removed before the new backup has been read back from the disk and found sound, and only what
    is a backup of this data folder, by this machine. If the catalogue is damaged, all are kept: the older
    ones may be better.

    Args:
        settings: of the data folder.
        folder: must be there: it may be on a drive that is away.
        keep: how many backups are left, the new one included; None for all.
        now: seconds since 1970, for the name; None for the time that it is.

    Raises:
        AlreadyRunning: another one is being made of this data folder.
        BackupUnusable, CatalogError: see `back_up`; or an older one can't be removed.
    """
    if not folder.is_dir():
        raise BackupUnusable(f"{folder} is not there, or no folder. Connect its drive, or make it.")
    with hold(settings.backup_lock, who_we_are(), needed=False) as held:
        if not held:
            by = who(holder(settings.backup_lock))
            raise AlreadyRunning(f"Another backup of {settings.data} is being made ({by}). Wait for it.")
        _remove_left_overs(folder)
        file = folder / time.strftime(_NAME, time.gmtime(now))
        contents = back_up(settings, file)
        try:
            examine(file)
        except BackupUnusable:
            file.unlink(missing_ok=True)
            raise
        _sync(folder)
        removed = []
        if keep is not None and not contents.damage:
            removed = _older(folder, file, contents.origin)[keep - 1 :]
        for old in removed:
            try:
                old.unlink()
            except OSError as error:
                raise BackupUnusable(
                    f"{file} is complete, but the old {old} cannot be removed: {reason_of(error)}."
                ) from error
    return Kept(file, contents, tuple(removed))


def _older(folder: Path, new: Path, origin: str) -> list[Path]:
    """The other backups of the same origin in a folder, the newest first."""
    named = [file for file in folder.iterdir() if _PATTERN.fullmatch(file.name) and file != new]
    return sorted((file for file in named if _origin(file) == origin), reverse=True)


def _origin(file: Path) -> str | None:
    """Of what a file is a backup; None if it is none, or can't be read."""
    try:
        return None if file.is_symlink() or not file.is_file() else glance(file).origin
    except (OSError, tarfile.TarError, ValueError, KeyError):
        return None


def _remove_left_overs(folder: Path) -> None:
    """Removes what backups that were killed have left, each as large as a backup."""
    for left in folder.glob(f"{UNFINISHED_PREFIX}*"):
        with suppress(OSError):
            if time.time() - left.stat().st_mtime > _LEFT_SECONDS:
                shutil.rmtree(left, ignore_errors=True)


def _sync(folder: Path) -> None:
    """Makes the new name durable, before old ones go. Windows can't, and some shares."""
    with suppress(OSError):
        opened = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(opened)
        finally:
            os.close(opened)
