"""Backs up in one file what cannot be made again of a data folder, while it is in use, and restores it.

The file is a plain tar: `backup.json`, which has the sizes and checksums of the others, then the catalogue,
who has access, the ledger, and the data folder's file of settings. Prepared models and the index of words are
left out: they are made again.
"""

import hashlib
import json
import os
import platform
import shutil
import sqlite3
import tarfile
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, Any

from indexer.passages.words_writer import WordsWriter
from indexer.store.lock import who_we_are
from stackroom import __version__
from stackroom.catalog.catalog import Catalog
from stackroom.catalog.schema import open_catalog
from stackroom.common.data_folder import CATALOG, CONFIG, RESTORING_PREFIX
from stackroom.common.errors import BackupUnusable, CatalogMissing, CatalogUnusable, reason_of
from stackroom.common.owner_only import narrow
from stackroom.common.running import hold
from stackroom.common.settings import Settings
from stackroom.common.sqlite_file import connect, connect_to_read, create, identity, put

UNFINISHED_PREFIX = ".stackroom-backup-"
"""Of a folder beside a backup, in which it is made."""

_FORMAT = 1
_NAME = "backup.json"

# Only its owner may read a backup.
_FILE_MODE = 0o600

_LONGEST_LIST = 100_000
_READ_BYTES = 2**20
_PAGES_AT_ONCE = 2500


@dataclass(frozen=True, slots=True)
class Contents:
    """What a backup has.

    Attributes:
        created: when it was made, as ISO 8601.
        files: its files' names and sizes in bytes.
        origin: the machine and the data folder that it is of; empty if an older version made it.
        damage: what SQLite finds wrong with the catalogue that was copied, if it was looked at; else empty.
    """

    created: str
    files: Mapping[str, int]
    origin: str = ""
    damage: str = ""


def back_up(settings: Settings, file: Path) -> Contents:
    """Makes a backup of a data folder. Each file in it is as the original was at one moment.

    Indexers and servers may be at work. While a backup is made, twice its size must be free beside `file`. An
    exception leaves nothing behind.

    Raises:
        CatalogMissing: there is nothing to back up.
        CatalogError: the catalogue can't be read.
        BackupUnusable: the file is there already, or can't be written.
    """
    try:
        is_there = identity(settings.catalog) is not None
    except OSError as error:
        raise CatalogUnusable(
            f"The catalogue {settings.catalog} cannot be read: {reason_of(error)}."
        ) from error
    if not is_there:
        raise CatalogMissing(f"Nothing has been indexed in {settings.data} yet: there is nothing to back up.")
    try:
        if file.exists():
            raise BackupUnusable(f"{file} is there already. Name a new file, or remove that one first.")
        with TemporaryDirectory(prefix=UNFINISHED_PREFIX, dir=file.parent) as folder:
            copies = Path(folder)
            _refuse_without_room(settings, copies)
            _copy_sqlite(settings.catalog, copies / CATALOG)
            if settings.access.exists():
                _copy_sqlite(settings.access, copies / settings.access.name)
            for other in (settings.calls, settings.data / CONFIG):
                if other.exists():
                    shutil.copyfile(other, copies / other.name)
            damage = _damage(copies / CATALOG)
            contents = _write(copies, copies / "backup.tar", origin_of(settings))
            (copies / "backup.tar").rename(file)
    except (OSError, sqlite3.Error) as error:
        ours = error.filename if isinstance(error, OSError) else None
        if isinstance(ours, str) and Path(ours) in _files(settings):
            raise BackupUnusable(
                f"No backup can be made: {ours} cannot be read: {reason_of(error)}."
            ) from error
        raise BackupUnusable(f"The backup {file} cannot be written: {reason_of(error)}.") from error
    return replace(contents, damage=damage)


def origin_of(settings: Settings) -> str:
    """How backups name the machine and the data folder that they are of."""
    return f"{platform.node()}:{os.path.realpath(settings.data)}"


def examine(file: Path) -> Contents:
    """What a backup has, after comparing all that is in it with its checksums.

    Raises:
        BackupUnusable: `file` is no backup, or damaged.
    """
    try:
        with tarfile.open(file, "r:") as archive:
            about = _about(archive)
            found = {
                member.name: hashlib.file_digest(_content(archive, member), "sha256").hexdigest()  # type: ignore[arg-type]
                for member in archive
                if member.name != _NAME
            }
        if found != {name: entry["sha256"] for name, entry in about["files"].items()}:
            raise ValueError("it is damaged: its files are not what was backed up")
        return _contents(about)
    except (OSError, tarfile.TarError, ValueError, KeyError) as error:
        raise BackupUnusable(f"{file} is no sound backup: {reason_of(error)}.") from error


def glance(file: Path) -> Contents:
    """What a backup says that it has. Raises OSError, TarError, ValueError or KeyError if it is none."""
    with tarfile.open(file, "r:") as archive:
        return _contents(_about(archive))


def restore(settings: Settings, file: Path, prepare: Callable[[Path], object]) -> Contents:
    """Puts a backup into a data folder that has no index yet, and builds the index of words.

    Nothing is put in its place before the whole backup has been found sound. `prepare` is called with the
    path of its catalogue, and brings that up to date. An exception leaves nothing behind; or, if it
    comes once the catalogue is in its place, everything but the index of words.

    Raises:
        BackupUnusable: `file` is no backup or damaged, or the data folder has an index or can't be written.
        CatalogVersion: a newer Stackroom made it.
    """
    places = {place.name: place for place in _files(settings)}
    with hold(settings.indexer_lock, who_we_are("stackroom restore")) as held:
        there = [place for place in places.values() if place.name != CONFIG and place.exists()]
        if there or not held:
            what = there[0] if there else "an indexer at work"
            raise BackupUnusable(
                f"{settings.data} is in use: there is {what}. Stop what uses it, and restore into another "
                "folder with --data, or move that one away."
            )
        for left in settings.data.glob(f"{RESTORING_PREFIX}*"):  # by a restore that was killed
            shutil.rmtree(left, ignore_errors=True)
        try:
            with TemporaryDirectory(prefix=RESTORING_PREFIX, dir=settings.data) as folder:
                contents = _read(file, Path(folder), places)
                prepare(Path(folder) / CATALOG)
                with closing(open_catalog(Path(folder) / CATALOG, create=False)):
                    pass  # raises if we can't read this version
                # Of another catalogue, or of this one at a later time: its numbers may come again.
                if settings.words.exists():
                    shutil.rmtree(settings.words)
                settings.vector_lists.unlink(missing_ok=True)
                files = {Path(folder, name): place for name, place in places.items()}
                if places[CONFIG].exists():  # made for this folder
                    del files[Path(folder, CONFIG)]
                _put_in_place({file: place for file, place in files.items() if file.exists()})
        except (OSError, tarfile.TarError, ValueError, KeyError) as error:
            raise BackupUnusable(f"{file} cannot be restored: {reason_of(error)}.") from error
        narrow(settings)
        with Catalog(settings.catalog) as catalog, closing(WordsWriter(settings.words)) as writer:
            writer.follow(catalog)
    return contents


def _put_in_place(files: Mapping[Path, Path]) -> None:
    """Moves files to their places, in this order: all of them, or none."""
    with ExitStack() as undo:
        for file, place in files.items():
            put(file, place)
            undo.callback(place.unlink, missing_ok=True)
        undo.pop_all()


def _copy_sqlite(source: Path, target: Path) -> None:
    """Copies a database as it is at one moment, while others read and write it."""
    create(target)
    try:
        opened = connect_to_read(source)[0]
    except sqlite3.Error as error:
        raise BackupUnusable(f"No backup can be made: {source} cannot be read: {error}.") from error
    with closing(opened) as there, closing(connect(target)) as here:
        # In steps, between which we can be interrupted. All steps read one snapshot: otherwise SQLite would
        # begin again each time that others have written.
        there.execute("BEGIN")
        there.execute("SELECT count(*) FROM sqlite_master").fetchone()
        there.backup(here, pages=_PAGES_AT_ONCE, progress=lambda status, left, pages: None)
        here.execute("PRAGMA journal_mode = DELETE")  # all in one file


def _files(settings: Settings) -> list[Path]:
    """What is backed up, in the order in which it is restored: with the catalogue the folder is restored."""
    return [settings.data / CONFIG, settings.calls, settings.access, settings.catalog]


def _refuse_without_room(settings: Settings, folder: Path) -> None:
    needed = 2 * sum(file.stat().st_size for file in _files(settings) if file.exists())
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise BackupUnusable(
            f"A backup in {folder.parent} needs {needed:,} bytes while it is made, and {free:,} are free. "
            "Make room, or name a file on another disk."
        )


def _damage(catalog: Path) -> str:
    """The first thing that SQLite finds wrong with a catalogue; empty if it finds nothing."""
    try:
        with closing(connect(catalog)) as db:
            (found,) = db.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.DatabaseError as error:
        return str(error)
    return "" if found == "ok" else str(found)


def _write(copies: Path, tar: Path, origin: str) -> Contents:
    files = {
        path.name: {"size": path.stat().st_size, "sha256": _digest(path)} for path in sorted(copies.iterdir())
    }
    created = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    about = {"format": _FORMAT, "stackroom": __version__, "created": created, "from": origin, "files": files}
    text = json.dumps(about, indent=1).encode()
    with _new(tar) as out:
        with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as archive:
            archive.addfile(_member(_NAME, len(text)), BytesIO(text))
            for name in files:
                with (copies / name).open("rb") as content:
                    archive.addfile(_member(name, (copies / name).stat().st_size), content)
        out.flush()
        os.fsync(out.fileno())
    return _contents(about)


def _new(path: Path) -> IO[bytes]:
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _FILE_MODE), "wb")


def _member(name: str, size: int) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.size = size
    member.mode = _FILE_MODE
    member.mtime = int(time.time())
    return member


def _read(file: Path, folder: Path, places: Mapping[str, Path]) -> Contents:
    """Unpacks a backup into an empty folder. Raises ValueError or KeyError if anything in it is wrong."""
    with tarfile.open(file, "r:") as archive:
        about = _about(archive)
        files = about["files"]
        while member := archive.next():
            # Only the name counts: what the archive says of folders, links and rights is ignored.
            if member.name not in files or member.name not in places:
                raise ValueError(f"it has a file {member.name!r}, which no backup has")
            target = folder / member.name
            with _new(target) as out:
                shutil.copyfileobj(_content(archive, member), out, _READ_BYTES)
                out.flush()
                os.fsync(out.fileno())
    for name, entry in files.items():
        if not (folder / name).exists() or _digest(folder / name) != entry["sha256"]:
            raise ValueError(f"it is damaged: {name} is not what was backed up")
    if CATALOG not in files:
        raise ValueError("it has no catalogue")
    return _contents(about)


def _about(archive: tarfile.TarFile) -> Mapping[str, Any]:
    """The first file of a backup. Raises ValueError or KeyError if it is none."""
    first = archive.next()
    if first is None or first.name != _NAME or first.size > _LONGEST_LIST:
        raise ValueError("it is no backup of Stackroom")
    about: Mapping[str, Any] = json.loads(_content(archive, first).read())
    if about["format"] != _FORMAT:
        raise ValueError(f"it has format {about['format']}; this version of Stackroom reads {_FORMAT}")
    return about


def _contents(about: Mapping[str, Any]) -> Contents:
    sizes = {name: int(entry["size"]) for name, entry in about["files"].items()}
    return Contents(str(about["created"]), sizes, str(about.get("from", "")))


def _content(archive: tarfile.TarFile, member: tarfile.TarInfo) -> IO[bytes]:
    content = archive.extractfile(member)
    if content is None:
        raise ValueError(f"{member.name!r} in it is no file")
    return content


def _digest(path: Path) -> str:
    with path.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()
