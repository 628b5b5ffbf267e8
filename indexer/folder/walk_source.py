"""Lists the PDFs of a source elsewhere, as `walk` does those of a folder. Opens none of them."""

from collections.abc import Callable, Iterator, Sequence

from indexer.folder.leave_out import (
    IGNORE_FILE,
    SYSTEM_FOLDERS,
    Patterns,
    PatternsUnusable,
    Rules,
    patterns_in,
)
from indexer.folder.walk import Walk, file_format, is_left_out
from indexer.store.publisher import FileState
from stackroom.common.errors import SourceAway
from stackroom.common.roots import RemotePath

_MOST_PATTERN_BYTES = 1_000_001


def walk_source(root: RemotePath, rules: Rules, seen: Walk) -> Iterator[tuple[str, RemotePath, FileState]]:
    """The PDFs below `root`: what is named *.pdf, hidden ones left out.

    Nothing is found unless all of it can be listed.

    Args:
        root: a folder of a source, or a single PDF.
        rules: what is left out. A single PDF never is, because the user has named it.
        seen: gets what is found besides PDFs.
    """
    from stackroom.common import sources  # here, because it is an extra

    try:
        if root.suffix.lower() == ".pdf":
            found = sources.state(root)
            if found:
                yield root.name, root, FileState(*found)
            return
        listed = sources.list_below(root)
        deciding = _deciding(root, rules, [one.path for one in listed])
    except SourceAway as error:
        seen.unreadable[""] = f"{error}; nothing was removed"
        return
    except PatternsUnusable as error:
        seen.unreadable[""] = f"its {IGNORE_FILE} cannot be used ({error}); nothing in it was read or removed"
        return
    out: set[str] = set()
    for path, state in listed:
        folders = path.split("/")[:-1]
        above = ["/".join(folders[: depth + 1]) for depth in range(len(folders))]
        name = path.rpartition("/")[2]
        if any(part.startswith(".") for part in (*folders, name)) or not out.isdisjoint(above):
            continue
        left_out = next(
            (
                (folder, "system" if folder.rpartition("/")[2].lower() in SYSTEM_FOLDERS else "pattern")
                for folder in above
                if folder.rpartition("/")[2].lower() in SYSTEM_FOLDERS
                or is_left_out(folder, deciding(folder), is_folder=True)
            ),
            None,
        )
        if left_out:
            out.add(left_out[0])
            seen.left_out[left_out[0]] = "system" if left_out[1] == "system" else "pattern"
            continue
        is_out = is_left_out(path, deciding(path), is_folder=False)
        if not name.lower().endswith(".pdf"):
            if not is_out:
                seen.other_formats[file_format(name)] += 1
        elif is_out:
            seen.left_out[path] = "pattern"
        else:
            yield path, root / path, FileState(*state)


def _deciding(root: RemotePath, rules: Rules, paths: Sequence[str]) -> Callable[[str], Sequence[Patterns]]:
    """For a path below a root, the patterns that decide on it: first those of the settings, then the nearest.

    Raises:
        SourceAway: a file of patterns can't be read.
        PatternsUnusable: one makes no sense.
    """
    from stackroom.common import sources

    always = [Patterns(rules.exclude)] if rules.exclude else []
    of_folders: dict[str, Patterns] = {}
    for path in paths:
        folder, _, name = path.rpartition("/")
        if name == IGNORE_FILE:
            of_folders[folder] = patterns_in(sources.content(root / path, _MOST_PATTERN_BYTES), folder)

    def deciding(path: str) -> Sequence[Patterns]:
        found = list(always)
        while path:
            path = path.rpartition("/")[0]
            if path in of_folders:
                found.append(of_folders[path])
        return found

    return deciding
