"""Lists the PDFs of a folder. Opens none of them."""

import os
import stat
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from indexer.folder.leave_out import (
    IGNORE_FILE,
    SYSTEM_FOLDERS,
    Patterns,
    PatternsUnusable,
    Reason,
    Rules,
    leads_out,
    read_ignore_file,
)
from indexer.store.publisher import FileState
from stackroom.common.roots import Root

Found = tuple[str, Root, FileState]
"""A PDF: its path in the library, with forward slashes; where it is; its size and time."""


@dataclass(slots=True)
class Walk:
    """What a walk through a folder finds besides PDFs. All paths are relative to the root.

    Attributes:
        unreadable: folders, or oddly named files, that could not be looked at, each with the reason;
            nothing below them counts as gone. Bytes of a name that are not UTF-8 are escaped.
        mounts: path → number of the device, for the root ("") and for each folder that is on another device
            than its parent.
        left_out: path → reason, for each PDF or whole folder that is left out of the library.
        other_formats: ending in small letters, without the dot → how many files have it and so are no PDFs;
            "" for those with none. Hidden files, and what patterns or links leave out, don't count.
    """

    unreadable: dict[str, str] = field(default_factory=dict)
    mounts: dict[str, int] = field(default_factory=dict)
    left_out: dict[str, Reason] = field(default_factory=dict)
    other_formats: Counter[str] = field(default_factory=Counter)


# Characters: longer endings are no formats.
_LONGEST_FORMAT = 8


def walk(root: Path, rules: Rules, seen: Walk) -> Iterator[Found]:
    """The PDFs below `root`: regular files named *.pdf, hidden ones left out, links followed once.

    Args:
        root: absolute path of a folder or a single PDF, or a link to one.
        rules: what is left out. A single PDF never is, because the user has named it.
        seen: gets what is found besides PDFs.
    """
    try:
        found = root.stat()
        is_folder = stat.S_ISDIR(found.st_mode)
    except OSError as error:
        # A PDF that was deleted is gone; a folder may be a share that is not mounted.
        if not isinstance(error, FileNotFoundError):
            seen.unreadable[""] = error.strerror or str(error)
        elif root.suffix.lower() != ".pdf" or not _is_folder(root.parent):
            seen.unreadable[""] = "it is not there; nothing was removed"
        return
    if is_folder:
        yield from _folder(root, rules, seen)
    elif not stat.S_ISREG(found.st_mode):
        seen.unreadable[""] = "it is neither a folder nor a file; nothing was removed"
    elif root.suffix.lower() != ".pdf":
        seen.unreadable[""] = "it was a folder, and is a file now; nothing was removed"
    else:
        yield root.name, root, FileState(found.st_size, found.st_mtime_ns)


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:
        return False


def _folder(root: Path, rules: Rules, seen: Walk) -> Iterator[Found]:
    entered: set[tuple[int, int]] = set()
    folders: list[tuple[str, Path, int, tuple[Patterns, ...]]] = [("", root, -1, ())]
    always = (Patterns(rules.exclude),) if rules.exclude else ()
    while folders:
        prefix, folder, device, patterns = folders.pop()
        try:
            identity = folder.stat()
            if (identity.st_dev, identity.st_ino) in entered and identity.st_ino:
                continue  # a link to a folder that was listed already
            entered.add((identity.st_dev, identity.st_ino))
            if identity.st_dev != device:
                seen.mounts[prefix] = identity.st_dev
            entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
            if any(entry.name == IGNORE_FILE for entry in entries):
                patterns = (read_ignore_file(folder, prefix), *patterns)
        except OSError as error:
            seen.unreadable[_escaped(prefix)] = error.strerror or str(error)
            continue
        except PatternsUnusable as error:
            reason = f"its {IGNORE_FILE} cannot be used ({error}); nothing in it was read or removed"
            seen.unreadable[_escaped(prefix)] = reason
            continue
        deciding = (*always, *patterns)
        inner = []
        for entry in entries:
            if entry.name.startswith("."):
                continue
            relative = f"{prefix}/{entry.name}" if prefix else entry.name
            is_out = False
            try:
                is_out = not rules.follow_links and leads_out(entry, root)
                is_folder = entry.is_dir()
                if not is_folder and not entry.name.lower().endswith(".pdf"):
                    # No stat, which would cost a call of the system for each of these.
                    if (
                        not is_out
                        and entry.is_file()
                        and not is_left_out(relative, deciding, is_folder=False)
                    ):
                        seen.other_formats[file_format(entry.name)] += 1
                    continue
                found = entry.stat()
            except FileNotFoundError:
                continue  # gone since the folder was listed, or a link to nothing
            except OSError as error:
                if is_out:
                    seen.left_out[_escaped(relative)] = "link"
                else:
                    seen.unreadable[_escaped(relative)] = error.strerror or str(error)
                continue
            if not is_folder and not stat.S_ISREG(found.st_mode):
                continue
            if is_out:
                seen.left_out[_escaped(relative)] = "link"
            elif is_folder and entry.name.lower() in SYSTEM_FOLDERS:
                seen.left_out[_escaped(relative)] = "system"
            elif is_left_out(relative, deciding, is_folder=is_folder):
                seen.left_out[_escaped(relative)] = "pattern"
            elif is_folder:
                inner.append((relative, folder / entry.name, identity.st_dev, patterns))
            else:
                try:
                    relative.encode()
                except UnicodeEncodeError:
                    seen.unreadable[_escaped(relative)] = "its name is not valid UTF-8: rename it"
                    continue
                yield relative, folder / entry.name, FileState(found.st_size, found.st_mtime_ns)
        folders.extend(reversed(inner))


def file_format(name: str) -> str:
    """The ending of a file's name that tells its format; "" if none does, as in "Letter of 3.May 2024"."""
    ending = name.rpartition(".")[2].lower() if "." in name else ""
    return ending if ending.isalnum() and len(ending) <= _LONGEST_FORMAT else ""


def is_left_out(path: str, patterns: Sequence[Patterns], *, is_folder: bool) -> bool:
    """Whether the first of these patterns that says something of a path says that it is left out."""
    verdicts = (pattern.verdict(path, is_folder=is_folder) for pattern in patterns)
    return next((verdict for verdict in verdicts if verdict is not None), False)


def _escaped(name: str) -> str:
    return os.fsencode(name).decode(errors="backslashreplace")
