"""A folder against what the catalogue knows of it: which PDFs are new, changed, gone. Opens no file."""

import os
import stat
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from indexer.publish import FileState, Place, Recorded
from stackroom.errors import TRANSIENT, FailureKind


@dataclass(frozen=True, slots=True)
class File:
    """A PDF in a library, as it looked when the folder was compared."""

    place: Place
    path: Path
    state: FileState


@dataclass(slots=True)
class Comparison:
    """How a library's folder differs from the catalogue.

    Attributes:
        new: files at paths the catalogue does not know.
        changed: files that look different from when they were looked into, with how they were then; or that
            are to be read again.
        retried: files that could not be read last time, for a reason that may have passed, with how they
            were then.
        unchanged: how many files are as they were.
        failed: files that are as they were when they could not be read.
        gone: paths with no file any more, with what was known of it.
        unreadable: folders, or oddly named files, that could not be looked at, each with the reason;
            nothing below them counts as gone. What is not UTF-8 in a name is escaped.
        mounts: the numbers of the devices that the root is on, and folders below it that are on another one
            than what they are in, by their relative paths.
    """

    new: list[File] = field(default_factory=list)
    changed: dict[File, Recorded] = field(default_factory=dict)
    retried: dict[File, Recorded] = field(default_factory=dict)
    unchanged: int = 0
    failed: list[Path] = field(default_factory=list)
    gone: dict[Place, Recorded] = field(default_factory=dict)
    unreadable: dict[str, str] = field(default_factory=dict)
    mounts: dict[str, int] = field(default_factory=dict)


def compare(
    root: Path,
    library: int,
    recorded: Mapping[str, Recorded],
    mounts: Mapping[str, int] | None = None,
    *,
    retry_failed: bool = False,
    retry: Collection[FailureKind] = TRANSIENT,
) -> Comparison:
    """Compares the folder (or single PDF) `root` with what is `recorded` of it.

    Args:
        root: absolute.
        library: its number in the catalogue.
        recorded: by path relative to `root`, with forward slashes.
        mounts: as the last comparison found them. One that is empty now and on another device is a share that
            is not mounted: nothing below it counts as gone.
        retry_failed: try again all files that could not be read, not only those that may be readable now.
        retry: why these could not be read.
    """
    result = Comparison()
    seen = set()
    for relative, path, state in _pdfs(root, result):
        seen.add(relative)
        file = File(Place(library, relative), path, state)
        known = recorded.get(relative)
        if known is None:
            result.new.append(file)
        elif known.state != state or known.stale:
            result.changed[file] = known
        elif known.failure is None:
            result.unchanged += 1
        elif retry_failed or known.failure in retry:
            result.retried[file] = known
        else:
            result.failed.append(path)
    for folder, device in (mounts or {}).items():
        if _is_unmounted(root / folder, device):
            result.unreadable[folder] = _UNMOUNTED
            result.mounts[folder] = device
    blind = tuple(result.unreadable)
    result.gone = {
        Place(library, path): known
        for path, known in recorded.items()
        if path not in seen and not any(_is_below(path, folder) for folder in blind)
    }
    return result


_UNMOUNTED = "it is empty, and on another device than before: is the share mounted? Nothing was removed"


def _is_unmounted(folder: Path, device: int) -> bool:
    try:
        return folder.stat().st_dev != device and next(folder.iterdir(), None) is None
    except OSError:
        return False  # told already, if it matters


def looks_like(path: Path, state: FileState) -> bool:
    """Whether the file at `path` looks as it did when it had this state."""
    try:
        found = path.stat()
    except OSError:
        return False
    return FileState(found.st_size, found.st_mtime_ns) == state


def _pdfs(root: Path, result: Comparison) -> Iterator[tuple[str, Path, FileState]]:
    """The PDFs below `root`: regular files named *.pdf, hidden ones left out, links followed once."""
    unreadable = result.unreadable
    try:
        found = root.stat()
    except OSError as error:
        unreadable[""] = error.strerror or str(error)
        if isinstance(error, FileNotFoundError):
            unreadable[""] = "it is not there; nothing was removed"
            # A PDF that was deleted is gone; a folder may be a share that is not mounted.
            if root.suffix.lower() == ".pdf" and _is_folder(root.parent):
                del unreadable[""]
        return
    if not stat.S_ISDIR(found.st_mode):
        yield root.name, root, FileState(found.st_size, found.st_mtime_ns)
        return
    entered: set[tuple[int, int]] = set()
    folders = [("", root, -1)]
    while folders:
        prefix, folder, device = folders.pop()
        try:
            identity = folder.stat()
            if (identity.st_dev, identity.st_ino) in entered and identity.st_ino:
                continue  # a link that leads back
            entered.add((identity.st_dev, identity.st_ino))
            if identity.st_dev != device:
                result.mounts[prefix] = identity.st_dev
            entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
        except OSError as error:
            unreadable[_escaped(prefix)] = error.strerror or str(error)
            continue
        inner = []
        for entry in entries:
            if entry.name.startswith("."):
                continue
            relative = f"{prefix}/{entry.name}" if prefix else entry.name
            try:
                if entry.is_dir():
                    inner.append((relative, folder / entry.name, identity.st_dev))
                    continue
                if not entry.name.lower().endswith(".pdf"):
                    continue
                found = entry.stat()
            except FileNotFoundError:
                continue  # gone since the folder was listed, or a link to nothing
            except OSError as error:
                unreadable[_escaped(relative)] = error.strerror or str(error)
                continue
            if not stat.S_ISREG(found.st_mode):
                continue
            try:
                relative.encode()
            except UnicodeEncodeError:
                unreadable[_escaped(relative)] = "its name is not valid UTF-8: rename it"
                continue
            yield relative, folder / entry.name, FileState(found.st_size, found.st_mtime_ns)
        folders.extend(reversed(inner))


def _is_folder(path: Path) -> bool:
    try:
        return stat.S_ISDIR(path.stat().st_mode)
    except OSError:  # `Path.is_dir` passes on what a dead share answers
        return False


def _escaped(name: str) -> str:
    return os.fsencode(name).decode(errors="backslashreplace")


def _is_below(path: str, folder: str) -> bool:
    return folder == "" or path == folder or path.startswith(folder + "/")
