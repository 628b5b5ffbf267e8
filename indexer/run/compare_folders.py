"""Compares the folders of a library with the catalogue, all of them, for a run."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from indexer.folder.compare import Comparison, File, compare
from indexer.folder.leave_out import Rules
from indexer.run.account import Run
from indexer.store.publisher import Publisher
from stackroom.catalog.folder_notes import keep_notes, note_left_out, read_notes
from stackroom.common.data_folder import LEFT_OUT, MOUNTS, UNREADABLE
from stackroom.common.errors import FailureKind
from stackroom.common.roots import Root


@dataclass(frozen=True, slots=True)
class Folders:
    """What is to be compared.

    Attributes:
        roots: folders, sources or single PDFs.
        rules: say what is left out.
        hold_back: whether to leave a new or changed file for a later run.
        only: absolute paths of the only files that the run is about; None for all.
    """

    roots: Sequence[Root]
    rules: Rules
    hold_back: Callable[[File], bool]
    only: frozenset[Root] | None = None


def compare_folders(
    run: Run,
    publisher: Publisher,
    notes: Path,
    folders: Folders,
    retry: set[FailureKind],
    *,
    retry_failed: bool,
) -> None:
    """Compares the folders with the catalogue, and notes what the next comparison has to know.

    Args:
        run: gets what there is to do.
        publisher: of the catalogue.
        notes: the folder of the notes.
        folders: to compare.
        retry: kinds of failures that are tried again in any case.
        retry_failed: try all files again that could not be read.
    """
    mounts, unreadable = read_notes(notes / MOUNTS), read_notes(notes / UNREADABLE)
    left_out = read_notes(notes / LEFT_OUT)
    rules = folders.rules
    for root in folders.roots:
        library = publisher.add_library(root)
        recorded = publisher.recorded(library)
        if folders.only is not None:
            found = compare(root, library, recorded, rules=rules, retry_failed=retry_failed, retry=retry)
            run.take_in(library, root, _about(folders.only, found), {}, folders.hold_back)
            continue
        before = mounts.get(str(root))
        comparison = compare(
            root, library, recorded, before, rules=rules, retry_failed=retry_failed, retry=retry
        )
        mounts[str(root)] = comparison.mounts or before or {}
        run.take_in(library, root, comparison, unreadable.get(str(root), {}), folders.hold_back)
        unreadable[str(root)] = comparison.unreadable
        if "" not in comparison.unreadable:
            left_out[str(root)] = note_left_out(comparison.left_out, follow_links=rules.follow_links)
    keep_notes(notes / MOUNTS, mounts)
    keep_notes(notes / UNREADABLE, unreadable)
    keep_notes(notes / LEFT_OUT, left_out)


def _about(only: frozenset[Root], found: Comparison) -> Comparison:
    """What a comparison has found of these files, which are still there."""
    return Comparison(
        changed={file: known for file, known in found.changed.items() if file.path in only},
        retried={file: known for file, known in found.retried.items() if file.path in only},
    )
