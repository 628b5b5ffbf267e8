"""What in a folder is left out of the library. The only file that knows pathspec.

Left out are links that lead out of the folder, unless the settings say to follow them; folders of the system,
such as recycle bins; and what the owner's patterns match, which are written as in .gitignore. Patterns come
from the settings and from files .stackroomignore in the folder and below it. The settings decide first, then
the nearest file. As with git, nothing below a folder that is left out can be taken in again.
"""

import os
import re
import stat
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from unicodedata import normalize

from pathspec import GitIgnoreSpec

from stackroom.common.errors import SettingsError
from stackroom.common.settings import Settings

IGNORE_FILE = ".stackroomignore"

Reason = Literal["link", "pattern", "system"]

# In lower case. Names that begin with a dot (.Trash-1000, .snapshot, .recycle) are hidden: always skipped.
SYSTEM_FOLDERS: Mapping[str, str] = {
    "#recycle": "the recycle bin of a share of Synology",
    "#snapshot": "its snapshots",
    "@eadir": "its pictures and words of each file",
    "@tmp": "what it has not finished",
    "@recycle": "the recycle bin of a share of QNAP",
    "@recently-snapshot": "its snapshots",
    "~snapshot": "snapshots of a share of NetApp",
    "$recycle.bin": "the recycle bin of Windows, on each drive",
    "recycler": "the same until Windows XP",
    "recycled": "the same on drives with FAT",
    "system volume information": "restore points of Windows",
    "lost+found": "what a check of an ext file system found",
    "network trash folder": "the recycle bin of a share of Macs (AFP)",
    "temporary items": "what Macs have not finished on a share",
    "files_trashbin": "the recycle bin of Nextcloud and ownCloud, beside a user's files",
    "files_versions": "their older versions",
}

_MOST_BYTES = 1_000_000

# git reads these as "everything" and "everything inside a folder"; pathspec matches the folder itself, too.
_EVERYTHING = re.compile(r"(!?)(?:/?(?:\*\*/)*\*{2,}|/?(?:\*\*/)+\*|\*)(/?)")
_EVERYTHING_INSIDE = re.compile(r"/\*\*(/?)\s*$")


class PatternsUnusable(Exception):
    """Patterns cannot be read. `str(error)` is the reason."""


class Patterns:
    """Patterns from the lines of a .gitignore file, understood as git does."""

    def __init__(self, lines: Sequence[str], folder: str = "") -> None:
        """`folder` is the path in the library below which the lines apply; "" for all of it.

        Raises:
            PatternsUnusable: a line is no pattern.
        """
        self._skip = len(folder) + 1 if folder else 0
        compiled = [
            _compiled(line, number)
            for number, line in enumerate(lines, 1)
            if line.strip() and not line.startswith("#")
        ]
        self._patterns = compiled[::-1]  # the last one that matches decides

    def verdict(self, path: str, *, is_folder: bool) -> bool | None:
        """Whether the file or folder at this path of the library is left out; None if no pattern matches."""
        below = normalize("NFC", path[self._skip :]) + "/" * is_folder
        for pattern, is_left_out in self._patterns:
            if pattern.fullmatch(below):
                return is_left_out
        return None


def _compiled(line: str, number: int) -> tuple[re.Pattern[str], bool]:
    line = normalize("NFC", line.rstrip("\r\n"))
    simple = _EVERYTHING.fullmatch(line.strip())
    line = f"{simple[1]}?*{simple[2]}" if simple else _EVERYTHING_INSIDE.sub(r"/**/*\1", line)
    try:
        (found,) = GitIgnoreSpec.from_lines([line], backend="simple").patterns
    except (ValueError, re.error) as error:
        raise PatternsUnusable(f"line {number} is no pattern") from error
    if found.regex is None or found.include is None:
        raise PatternsUnusable(f"line {number} is no pattern")
    return found.regex, found.include


@dataclass(frozen=True, slots=True)
class Rules:
    """What the settings leave out, in all folders.

    Attributes:
        exclude: patterns of what is left out.
        follow_links: whether to follow links that lead out of the folder.
    """

    exclude: tuple[str, ...] = ()
    follow_links: bool = False

    @classmethod
    def of(cls, settings: Settings) -> "Rules":
        """The rules of the settings.

        Raises:
            SettingsError: a line of `exclude` is no pattern.
        """
        # A line that begins with # would be a comment, but names of Synology's folders begin like that.
        patterns = tuple(f"\\{line}" if line.startswith("#") else line for line in settings.exclude)
        for pattern, line in zip(patterns, settings.exclude, strict=True):
            try:
                Patterns([pattern])
            except PatternsUnusable as error:
                raise SettingsError(
                    f"{line!r}, in --exclude or STACKROOM_EXCLUDE, is no pattern as .gitignore has them."
                ) from error
        return cls(patterns, settings.follow_links)


EVERYTHING = Rules()
"""Rules that leave out only what is always left out."""


def read_ignore_file(folder: Path, path: str) -> Patterns:
    """The patterns of a folder's .stackroomignore, which must exist.

    Args:
        folder: where the file is.
        path: the folder's path in the library.

    Raises:
        PatternsUnusable: the file cannot be read, or a line is no pattern.
    """
    file = folder / IGNORE_FILE
    try:
        found = file.stat()
        if not stat.S_ISREG(found.st_mode) or found.st_size > _MOST_BYTES:
            raise PatternsUnusable(f"it is no file of at most {_MOST_BYTES:,} bytes")
        content = file.read_bytes()
    except OSError as error:
        raise PatternsUnusable(error.strerror or str(error)) from error
    return patterns_in(content, path)


def patterns_in(content: bytes, path: str) -> Patterns:
    """The patterns of a .stackroomignore with this content, in the folder at `path` of the library.

    Raises:
        PatternsUnusable: it is too long, or no text, or a line is no pattern.
    """
    if len(content) > _MOST_BYTES:
        raise PatternsUnusable(f"it is no file of at most {_MOST_BYTES:,} bytes")
    try:
        return Patterns(content.decode("utf-8-sig").split("\n"), path)
    except UnicodeDecodeError as error:
        raise PatternsUnusable("it is not UTF-8") from error


def leads_out(entry: "os.DirEntry[str]", root: Path) -> bool:
    """Whether an entry of a folder is a link to something outside `root`."""
    if not entry.is_symlink() and not _is_junction(entry):
        return False
    return not is_inside(entry.path, root)


def is_inside(path: Path | str, root: Path) -> bool:
    """Whether `path` is `root` or below it, once all links in both are followed."""
    return Path(os.path.realpath(path)).is_relative_to(os.path.realpath(root))


def _is_junction(entry: "os.DirEntry[str]") -> bool:
    if sys.platform != "win32":
        return False
    found = entry.stat(follow_symlinks=False)
    return found.st_reparse_tag == stat.IO_REPARSE_TAG_MOUNT_POINT
