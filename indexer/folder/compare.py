"""Compares a folder with the catalogue: which PDFs are new, changed or gone. Opens no file."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from indexer.folder.leave_out import EVERYTHING, Rules, is_inside
from indexer.folder.walk import Walk, walk
from indexer.folder.walk_source import walk_source
from indexer.store.publisher import FileState, Place, Recorded
from stackroom.catalog.entries import is_unchanged
from stackroom.common.errors import TRANSIENT, FailureKind
from stackroom.common.roots import RemotePath, Root


@dataclass(frozen=True, slots=True)
class File:
    """A PDF in a library, as it looked when the folder was compared.

    `inside` is the folder that the file must lie in once links are followed; None if it may lie anywhere.
    """

    place: Place
    path: Root
    state: FileState
    inside: Path | None = None


@dataclass(slots=True)
class Comparison(Walk):
    """How a library's folder differs from the catalogue.

    Attributes:
        new: files at paths the catalogue does not know.
        changed: files whose size or time has changed, and files that are to be read again; with what the
            catalogue knows of each.
        retried: files that could not be read last time, for a reason that may have passed; with what the
            catalogue knows of each.
        unchanged: how many files are as they were.
        failed: files that could not be read, and have not changed since.
        gone: paths with no file any more; with what the catalogue knows of each.
    """

    new: list[File] = field(default_factory=list)
    changed: dict[File, Recorded] = field(default_factory=dict)
    retried: dict[File, Recorded] = field(default_factory=dict)
    unchanged: int = 0
    failed: list[Root] = field(default_factory=list)
    gone: dict[Place, Recorded] = field(default_factory=dict)


def compare(
    root: Root,
    library: int,
    recorded: Mapping[str, Recorded],
    mounts: Mapping[str, int] | None = None,
    *,
    rules: Rules = EVERYTHING,
    retry_failed: bool = False,
    retry: Collection[FailureKind] = TRANSIENT,
) -> Comparison:
    """Compares the folder (or source, or single PDF) `root` with what is `recorded` of it.

    Args:
        root: an absolute path, or a source.
        library: its number in the catalogue.
        recorded: by path relative to `root`, with forward slashes.
        mounts: as the last comparison found them. A folder among them that is empty now, and on another
            device, is a share that is not mounted: nothing below it counts as gone.
        rules: what is left out of the library; if the catalogue knows such files, they count as gone.
        retry_failed: try again all files that could not be read, not only those that may be readable now.
        retry: the kinds of failure after which a file may be readable now.
    """
    result = Comparison()
    seen = set()
    found = walk_source(root, rules, result) if isinstance(root, RemotePath) else walk(root, rules, result)
    for relative, path, state in found:
        seen.add(relative)
        known = recorded.get(relative)
        is_same = known is not None and known.state == state and not known.stale
        if known is not None and is_same and known.failure is None:
            result.unchanged += 1
            continue
        inside = None if rules.follow_links or isinstance(root, RemotePath) else root
        file = File(Place(library, relative), path, state, inside)
        if known is None:
            result.new.append(file)
        elif not is_same:
            result.changed[file] = known
        elif retry_failed or known.failure in retry:
            result.retried[file] = known
        else:
            result.failed.append(path)
    unseen = tuple(result.unreadable)
    for folder, device in (mounts or {}).items():
        if any(_is_below(folder, other) for other in result.left_out):
            continue
        if any(_is_below(folder, other) for other in unseen):
            result.mounts.setdefault(folder, device)
        elif isinstance(root, Path) and _is_unmounted(root / folder, device):
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
        return False  # the walk has reported it already, if it matters


def is_as_it_was(file: File) -> bool:
    """Whether a file still looks as it did, and no link to elsewhere has taken its place.

    Of a file of a source a copy was read, which looked as it should.
    """
    if isinstance(file.path, RemotePath):
        return True
    state = file.state
    return is_unchanged(file.path, state.size, state.modified_ns) and (
        file.inside is None or is_inside(file.path, file.inside)
    )


def _is_below(path: str, folder: str) -> bool:
    return folder == "" or path == folder or path.startswith(folder + "/")
