"""A sample of the PDFs in a folder, read as the indexer reads them."""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

from indexer.folder.compare import compare
from indexer.folder.leave_out import Rules
from indexer.passages.split import split
from indexer.pdf.processes.extract_all import Limits, extract_all
from indexer.pdf.processes.task import Task
from stackroom.common.documents import ID_DIGITS, Document
from stackroom.common.errors import ExtractionFailed, UsageError
from stackroom.common.settings import Settings
from stackroom.embedding.embedder import Tokenizer

# Most of the sample that one document may be, so that a single book does not decide.
_SHARE = 4


@dataclass(frozen=True, slots=True)
class Sample:
    """Documents of a folder.

    Attributes:
        documents: by their paths in the folder; a long one may be cut at the end of a page.
        passages: how many they have for the tokenizer that they were counted with.
        uncut: how many they would have if none were cut.
        files: how many PDFs the folder has.
        unread: how many of those that were tried could not be read, or have no text.
        cut: how many documents are cut.
    """

    documents: dict[str, Document]
    passages: int
    uncut: int
    files: int
    unread: int
    cut: int


def refuse_no_folder(folder: Path) -> None:
    """Raises UsageError if there is no such folder."""
    if not folder.expanduser().is_dir():
        raise UsageError(f"{folder} is not a folder. Name a folder of PDFs.")


def read_sample(
    folder: Path, settings: Settings, tokenizer: Tokenizer, most: int, on_passages: Callable[[int], None]
) -> Sample:
    """Reads PDFs of a folder until they have `most` passages; the same ones each time.

    Args:
        folder: with PDFs, in it or below; what the owner's patterns leave out is left out.
        settings: how PDFs are read.
        tokenizer: of the model whose passages are counted.
        most: how many passages to read.
        on_passages: told after each document how many there are, up to `most`.

    Raises:
        UsageError: there is no such folder, it has no PDFs, or none of them has text that can be read.
    """
    refuse_no_folder(folder)
    root = folder.expanduser().resolve()
    new = compare(root, 0, {}, rules=Rules.of(settings)).new
    found = {file.place.path: file.path for file in new if isinstance(file.path, Path)}
    if not found:
        raise UsageError(f"There are no PDFs in {folder}. Name a folder that has some.")
    order = sorted(found, key=lambda path: hashlib.sha256(path.encode()).digest())
    done: dict[str, _Read] = {}
    tried: dict[Path, str] = {}
    reasons: list[str] = []

    def passages() -> int:
        return sum(read.passages for read in done.values())

    def tasks() -> Iterator[Task]:
        passwords = settings.passwords()
        for path in order:
            if passages() >= most:
                return
            tried[found[path]] = path
            yield Task(found[path], hashlib.sha256(path.encode()).hexdigest()[:ID_DIGITS], passwords)

    limits = Limits(settings.workers, settings.file_seconds, settings.stall_seconds, settings.file_memory_mb)
    with closing(extract_all(tasks(), limits, lambda pages: None)) as outcomes:
        for task, outcome in outcomes:
            if isinstance(outcome, ExtractionFailed):
                reasons.append(str(outcome))
            elif (read := _cut(outcome, tokenizer, max(most // _SHARE, 1))).passages:
                done[tried[task.path]] = read
            else:
                reasons.append("has no text; scans are read by `stackroom index` only")
            on_passages(min(most, passages()))
    if not done:
        raise UsageError(
            f"None of the {len(tried)} PDFs in {folder} has text that can be read. The first {reasons[0]}."
        )
    # What was read at the same time as the last one that is needed is left out: which that is, is chance.
    kept: dict[str, _Read] = {}
    for path in order:
        if path in done and sum(read.passages for read in kept.values()) < most:
            kept[path] = done[path]
    return Sample(
        {path: read.document for path, read in kept.items()},
        sum(read.passages for read in kept.values()),
        sum(read.uncut for read in kept.values()),
        len(found),
        len(reasons),
        sum(read.passages < read.uncut for read in kept.values()),
    )


class _Read(NamedTuple):
    """A document, how many passages it has, and how many it had before it was cut."""

    document: Document
    passages: int
    uncut: int


def _cut(document: Document, tokenizer: Tokenizer, most: int) -> _Read:
    """The document with as many pages as have `most` passages together; at least one."""
    passages = split(document, tokenizer, tokenizer.fingerprint.passage_tokens)
    if len(passages) <= most:
        return _Read(document, len(passages), len(passages))
    stop = max(passages[most].page, passages[0].page + 1)
    pages = tuple(page for page in document.pages if page.number < stop)
    end = sum(len(page.text) for page in pages)
    sections = tuple(section for section in document.sections if section.start < end)
    count = sum(passage.page < stop for passage in passages)
    return _Read(replace(document, pages=pages, sections=sections), count, len(passages))
