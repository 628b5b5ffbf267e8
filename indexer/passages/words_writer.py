"""Builds the indexes of words from the catalogue, and brings them up to date by its log of changes.

They can be deleted at any time: they are built again without reading a PDF or embedding anything.
"""

import json
import re
import shutil
from contextlib import suppress
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import Any

import tantivy

from stackroom.catalog.catalog import Catalog
from stackroom.catalog.entries import Change, Model
from stackroom.common.errors import CatalogUnusable
from stackroom.indexes.matching import page_key
from stackroom.indexes.parts import parts
from stackroom.indexes.terms import Analyzer, stemmed
from stackroom.indexes.words import (
    BOOKMARK,
    DOCUMENTS,
    PAGES,
    PASSAGES,
    dead_share,
    open_index,
)

# Memory for words that are not written yet; the engine writes a segment when it is full.
_HEAP_BYTES = 64_000_000

# The bookmark: one more entry, as if of a document whose first passage had the id 0, which none has. Its own
# id says which catalogue the index has followed, and up to which change: catalogue id << 32 | last change.
_BOOKMARK = 0
_SEQ_BITS = 32

# An index is written anew when more than this share of its entries, and at least so many, are removed ones.
# Each `follow` writes so many passages anew, which takes half a second.
_DEAD_SHARE, _DEAD = 0.5, 20
_REWRITTEN_AT_ONCE = 2000

# The engine joins parts of an index once there are so many of fewer than so many entries. It has no call for
# it, so that we add parts to have it happen: see `_Writer.join`.
_JOINED_AT, _SMALL_PART = 8, 10_000
# What is gained must be worth it: more than this share of the small parts' entries are outside the largest.
_SCATTERED = 1 / 8

_SEGMENT_FILE = re.compile(r"[0-9a-f]{32}\..+")


class WordsWriter:
    """Brings the indexes in a folder up to date with the catalogue. There may be one of them at a time."""

    def __init__(self, folder: Path) -> None:
        """Opens the indexes, making those that are not there or can't be read.

        Raises:
            CatalogUnusable: one can't be made.
        """
        self._analyzer = cache(Analyzer)
        self._passages = _Writer(folder / PASSAGES)
        self._pages = _Writer(folder / PAGES)
        self._documents = _Writer(folder / DOCUMENTS)

    def close(self) -> None:
        """Waits until the engine has merged its files."""
        self._passages.close()
        self._pages.close()
        self._documents.close()

    def is_rewriting(self) -> bool:
        """Whether an index is being written anew, of which the next calls of `follow` do some more."""
        return any(writer.is_rewriting for writer in (self._passages, self._pages, self._documents))

    def join(self) -> None:
        """Makes the indexes smaller, if they are in many small parts: a word is in the list of each.

        For the end of a run: while more is added, the parts would only be written again and again.

        Raises:
            CatalogUnusable: an index can't be written.
        """
        try:
            for writer in (self._passages, self._pages, self._documents):
                writer.join()
        except (ValueError, OSError) as error:
            raise _unwritable(error) from error

    def follow(self, catalog: Catalog) -> bool:
        """Takes in everything that was committed since the last time. Returns whether there was anything.

        After a kill at any moment, the next call goes on from each index's last commit.

        Raises:
            CatalogUnusable: the catalogue can't be read, or an index can't be written.
        """
        try:
            return self._follow(catalog)
        except ValueError as error:  # the engine's only error
            raise _unwritable(error) from error

    def _follow(self, catalog: Catalog) -> bool:
        with catalog.snapshot():
            now = catalog.id(), catalog.last_change()
            model = catalog.model()
            is_news = False
            for writer in (self._passages, self._pages, self._documents):
                try:
                    if writer.followed != now:
                        is_news = True
                        for change in writer.missed(catalog):
                            self._take_in(catalog, model, writer, change)
                        writer.commit(now)
                    if model is not None:
                        self._rewrite_some(catalog, model, writer, now)
                except CatalogUnusable:
                    writer.roll_back()
                    raise
        return is_news

    def _rewrite_some(self, catalog: Catalog, model: Model, writer: "_Writer", now: tuple[int, int]) -> None:
        """Writes some entries anew if the index consists mostly of removed ones; the engine then drops those.

        Not all at once: for a large library that takes a minute, in which nothing new could be found.
        """
        start = writer.rewritten_up_to()
        if start is None:
            return
        left, following = _REWRITTEN_AT_ONCE, None
        for document in catalog.passage_ranges(model, start):
            if left <= 0:
                following = document.first
                break
            self._take_in(catalog, model, writer, Change("removed", document.first, document.last))
            self._take_in(catalog, model, writer, Change("published", document.first, document.last))
            left -= document.last - document.first + 1
        writer.commit(now)
        writer.note_rewritten(following)

    def _take_in(self, catalog: Catalog, model: Model | None, writer: "_Writer", change: Change) -> None:
        named = change.kind == "named" and writer is self._documents
        if change.kind == "removed" or named:
            writer.remove(change.first)
        if model is None or not (change.kind == "published" or named):
            return
        if writer is self._documents:
            for whole in catalog.first_words(model, change.first, change.last):
                self._add(
                    writer, whole.first_passage, whole.first_passage, whole.language, whole.text, whole.names
                )
            return
        passages = catalog.words(model, change.first, change.last)
        if writer is self._passages:
            for found in passages:
                text = f"{found.title}\n{found.heading}\n{found.text}"
                self._add(writer, found.passage, found.first_passage, found.language, text)
            return
        for (first_passage, page), group in groupby(passages, lambda one: (one.first_passage, one.page)):
            together = list(group)
            headings = dict.fromkeys(found.heading for found in together)
            text = "\n".join([together[0].title, *headings, *(found.text for found in together)])
            self._add(writer, page_key(first_passage, page), first_passage, together[0].language, text)

    def _add(
        self, writer: "_Writer", id_: int, first_passage: int, language: str, text: str, names: str = ""
    ) -> None:
        code = stemmed(language)
        analyzer = self._analyzer(code)
        found_by = " ".join(sorted(parts(text, code)))
        terms, name_terms = " ".join(analyzer.terms(text)), " ".join(analyzer.terms(names))
        writer.add(id_, first_passage, code, terms, name_terms, found_by)


class _Writer:
    """Writes one index."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._progress = folder.with_suffix(".rewriting")
        self.is_rewriting = False
        """Whether `note_rewritten` has said that there is more to write anew."""
        self.followed: tuple[int, int] | None = None
        """The catalogue's id and the number of its last change that is in the index; None if
        there is none.
        """
        try:
            self._index = _open_existing(folder)
            self.followed = read_bookmark(self._index)
            _remove_leftovers(folder)
        except (ValueError, KeyError, OSError):
            self._index = _make(folder)
        self._writer: tantivy.IndexWriter | None = None

    def close(self) -> None:
        if self._writer is not None:
            # A thread may have died of a full disk: `commit` raised what matters; tidying can wait.
            with suppress(ValueError):
                self._writer.wait_merging_threads()
            self._writer = None

    def missed(self, catalog: Catalog) -> list[Change]:
        """The changes to follow. If nobody can tell which, it empties the index and returns everything as
        new.
        """
        changes = None
        if self.followed is not None and self.followed[0] == catalog.id():
            changes = catalog.changes_since(self.followed[1])
        if changes is None or any(change.kind == "model" for change in changes):
            self._open().delete_all_documents()
            self.note_rewritten(None)
            return [Change("published", 0, 2**63 - 1)]
        return changes

    def add(self, id_: int, first_passage: int, language: str, text: str, names: str, found_by: str) -> None:
        entry = tantivy.Document()
        entry.add_unsigned("id", id_)
        entry.add_unsigned("split", first_passage)
        entry.add_text("language", language)
        entry.add_text("text", text)
        if names:
            entry.add_text("name", names)
        if found_by:
            entry.add_text("parts", found_by)
        self._open().add_document(entry)

    def remove(self, first_passage: int) -> None:
        # By query: deleting by term takes our number for a signed one, and finds nothing.
        query = tantivy.Query.term_query(self._index.schema, "split", first_passage)
        self._open().delete_documents_by_query(query)

    def rewritten_up_to(self) -> int | None:
        """The id of the next passage to write anew; None if the index does not need it."""
        with suppress(OSError, ValueError):
            return int(self._progress.read_text(encoding="ascii"))
        self._index.reload()
        dead, share = dead_share(self._index)
        return 0 if dead >= _DEAD and share > _DEAD_SHARE else None

    def note_rewritten(self, following: int | None) -> None:
        """Notes which passage to go on with; None if all is done."""
        self.is_rewriting = following is not None
        with suppress(OSError):  # then it begins again
            if following is None:
                self._progress.unlink(missing_ok=True)
            else:
                self._progress.write_text(str(following), encoding="ascii")

    def roll_back(self) -> None:
        self._open().rollback()

    def commit(self, followed: tuple[int, int]) -> None:
        self.remove(_BOOKMARK)
        self._commit_bookmark(followed)
        self.followed = followed

    def join(self) -> None:
        """Commits the same bookmark again, each time as one more small part, until the engine joins them.

        The next `commit` removes them all.
        """
        if self.followed is None:
            return
        small = [count for count in _part_sizes(self._folder) if count < _SMALL_PART]
        # The bookmark is in a part of its own after most commits; a few entries aren't worth it either.
        if sum(small) - max(small, default=0) <= max(sum(small) * _SCATTERED, 1):
            return
        for _ in range(_JOINED_AT - len(small)):
            self._commit_bookmark(self.followed)
        self.close()  # waits for it

    def _commit_bookmark(self, followed: tuple[int, int]) -> None:
        bookmark = tantivy.Document()
        bookmark.add_unsigned("id", bookmark_id(followed))
        bookmark.add_unsigned("split", _BOOKMARK)
        bookmark.add_text("language", BOOKMARK)
        self._open().add_document(bookmark)
        self._open().commit()

    def _open(self) -> tantivy.IndexWriter:
        if self._writer is None:
            self._writer = self._index.writer(_HEAP_BYTES, num_threads=1)
        return self._writer


def followed_by(folder: Path) -> tuple[int, int] | None:
    """The catalogue and the change up to which the index in a folder has followed it; None without one."""
    try:
        return read_bookmark(_open_existing(folder))
    except (ValueError, KeyError, OSError):
        return None


def _open_existing(folder: Path) -> tantivy.Index:
    if not tantivy.Index.exists(str(folder)):
        raise ValueError
    index = open_index(folder)
    index.reload()
    return index


def _make(folder: Path) -> tantivy.Index:
    """Makes an empty index, and deletes whatever is in the folder."""
    shutil.rmtree(folder, ignore_errors=True)
    try:
        folder.mkdir(parents=True)
        return open_index(folder)
    except (OSError, ValueError) as error:
        raise _unwritable(error) from error


def _unwritable(error: Exception) -> CatalogUnusable:
    return CatalogUnusable(
        f"The index of words cannot be written: {error}. If the disk is full, make room and run the command "
        "again: what was committed is safe."
    )


def _part_sizes(folder: Path) -> list[int]:
    """How many entries each part of an index has, without removed ones."""
    return [
        segment["max_doc"] - (segment["deletes"] or {}).get("num_deleted_docs", 0)
        for segment in _segments(folder)
    ]


def _segments(folder: Path) -> list[dict[str, Any]]:
    """What the last commit says of an index's parts."""
    return list(json.loads((folder / "meta.json").read_text(encoding="utf-8"))["segments"])


def live_files(folder: Path) -> list[Path]:
    """The files that an index's last commit needs. Raises ValueError or KeyError if the commit is damaged."""
    files = []
    for segment in _segments(folder):
        name = segment["segment_id"].replace("-", "")
        files += [file for file in folder.glob(f"{name}.*") if file.suffix != ".del"]
        if segment["deletes"]:
            files.append(folder / f"{name}.{segment['deletes']['opstamp']}.del")
    return files


def _remove_leftovers(folder: Path) -> None:
    """Removes files of a commit that was never finished: the next commit would fail on a name that exists."""
    live = set(live_files(folder))
    for file in folder.glob("*.*"):
        if _SEGMENT_FILE.fullmatch(file.name) and file not in live:
            with suppress(OSError):
                file.unlink()


def bookmark_id(followed: tuple[int, int]) -> int:
    """The id of the entry that says which catalogue the index has followed, and up to which change."""
    return (followed[0] << _SEQ_BITS) + followed[1]


def read_bookmark(index: tantivy.Index) -> tuple[int, int] | None:
    """The catalogue that the index has followed, and up to which change; None if it holds nothing, or terms
    that were made in another way.
    """
    searcher = index.searcher()
    hits = searcher.search(tantivy.Query.term_query(index.schema, "language", BOOKMARK), 1).hits
    values = searcher.fast_field_values("id", [address for _, address in hits])
    return divmod(int(values[0] or 0), 1 << _SEQ_BITS) if values else None
