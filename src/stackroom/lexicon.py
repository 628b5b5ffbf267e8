"""Matching words; the only file that knows the full-text engine (tantivy).

Derived from the catalogue, whose log of changes it follows: it can be deleted at any time and is built again
without reading or embedding anything. What it finds is a hint, to be looked up in the catalogue.
"""

import re
import shutil
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path

import tantivy

from stackroom.catalog import Catalog, Change, Model
from stackroom.errors import CatalogUnusable

# Memory for words that are not written yet; the engine writes a segment when it is full.
_HEAP_BYTES = 64_000_000

# Scripts that write no blanks between words. Pairs of neighbouring characters are matched instead.
_UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3041-\u30ff\u3400-\u9fff\uf900-\ufaff]+")

# Longer "words" are tables of digits and base64.
_LONGEST_WORD = 64

# A word that more than this share of the passages has is not looked for, if the query has others. In a
# library of a few passages nothing can be said of a word that so many of them have.
_COMMON, _RARE = 0.25, 5

# No document has this split: the entry under it says which catalogue the index has followed, and up to which
# change, in so many lower bits of one number.
_BOOKMARK = 0
_SEQ_BITS = 32


class Lexicon:
    """Searches the index in a folder as the last commit left it. Not thread-safe: its owner takes turns."""

    def __init__(self, folder: Path) -> None:
        """Opens nothing yet: the folder need not be there."""
        self._folder = folder
        self._index: tantivy.Index | None = None
        self._state: tuple[int, int] | None = None

    def search(self, query: str, k: int, excluded: Iterable[int] = ()) -> list[tuple[int, float]]:
        """The passages that match the words of `query` best.

        Args:
            query: any text; a passage need not have all of its words.
            k: most passages to return.
            excluded: splits (see the catalogue's `PassageText`) to leave out.

        Returns:
            Pairs (passage id, BM25 score), the best first; higher is better. Empty if nothing was indexed.
        """
        words = list(dict.fromkeys(_analyzer().analyze(_spaced(query))))
        if not words or k < 1:
            return []
        try:
            return self._search(words, k, list(excluded))
        except ValueError:  # the engine's only error: the files are damaged, or are just being built again
            self._state = None
        try:
            return self._search(words, k, list(excluded))
        except ValueError as error:
            raise self._unusable(error) from error

    def _search(self, words: list[str], k: int, excluded: list[int]) -> list[tuple[int, float]]:
        index = self._follow()
        if index is None:
            return []
        schema, searcher = index.schema, index.searcher()
        # "in" and "the" tell no passage from another, and take longest to look through; in whatever language,
        # such words are the ones that many passages have.
        common = max(searcher.num_docs * _COMMON, _RARE)
        rare = [word for word in words if searcher.doc_freq("text", word) <= common]
        clauses = [
            (tantivy.Occur.Should, tantivy.Query.term_query(schema, "text", word, "freq"))
            for word in rare or words
        ]
        matching = tantivy.Query.boolean_query(clauses, minimum_number_should_match=1)
        if excluded:
            matching = matching.and_must_not_match(tantivy.Query.term_set_query(schema, "split", excluded))
        # Counting all matches would look at each of them; without, most are skipped.
        hits = searcher.search(matching, k, count=False).hits
        passages = searcher.fast_field_values("passage", [address for _, address in hits])
        pairs = [(int(passage or 0), score) for passage, (score, _) in zip(passages, hits, strict=True)]
        return sorted(pairs, key=lambda pair: (-pair[1], pair[0]))

    def __len__(self) -> int:
        """How many passages' words can be searched."""
        index = self._follow()
        return max(index.searcher().num_docs - 1, 0) if index else 0

    def _follow(self) -> tantivy.Index | None:
        """The index as it is now; cheap if nothing was committed. Raises CatalogUnusable if it is damaged."""
        try:
            found = (self._folder / "meta.json").stat()
        except FileNotFoundError:
            self._index = self._state = None
            return None
        state = (found.st_ino, found.st_mtime_ns)
        if state != self._state:
            try:
                self._index = _open(self._folder)
            except ValueError as error:
                raise self._unusable(error) from error
            self._state = state
        return self._index

    def _unusable(self, error: ValueError) -> CatalogUnusable:
        return CatalogUnusable(
            f"The index of words in {self._folder} cannot be read: {error}. Run `stackroom index`: "
            "it is built again."
        )


class LexiconWriter:
    """Brings the index in a folder up to date with the catalogue. One at a time."""

    def __init__(self, folder: Path) -> None:
        """Opens the index, making it if it is not there or can't be read.

        Raises:
            CatalogUnusable: it can't be made.
        """
        try:
            if not tantivy.Index.exists(str(folder)):
                raise ValueError
            self._index = _open(folder)
            self._index.reload()
            self._followed = _read_bookmark(self._index)
        except ValueError:
            self._index = _make(folder)
            self._followed = None
        self._writer: tantivy.IndexWriter | None = None

    def close(self) -> None:
        """Lets the engine finish tidying up."""
        if self._writer is not None:
            self._writer.wait_merging_threads()
            self._writer = None

    def follow(self, catalog: Catalog) -> bool:
        """Takes in all that was committed since the last time. Returns whether there was anything.

        Killed at any moment, it goes on from its last commit.

        Raises:
            CatalogUnusable: the catalogue can't be read, or the index can't be written.
        """
        try:
            return self._follow(catalog)
        except ValueError as error:  # the engine's only error
            raise _unwritable(error) from error

    def _follow(self, catalog: Catalog) -> bool:
        with catalog.snapshot():
            catalog_id, last = catalog.id(), catalog.last_change()
            if (catalog_id, last) == self._followed:
                return False
            model = catalog.model()
            changes = None
            if self._followed is not None and self._followed[0] == catalog_id:
                changes = catalog.changes_since(self._followed[1])
            if self._writer is None:
                self._writer = self._index.writer(_HEAP_BYTES, num_threads=1)
            if changes is None or any(change.kind == "model" for change in changes):
                self._writer.delete_all_documents()
                changes = [Change("published", 0, 2**63 - 1)]
            try:
                for change in changes:
                    self._take_in(catalog, model, change)
            except CatalogUnusable:
                self._writer.rollback()
                raise
        self._remove(_BOOKMARK)
        self._writer.add_document(_entry((catalog_id << _SEQ_BITS) + last, _BOOKMARK, ""))
        self._writer.commit()
        self._followed = (catalog_id, last)
        return True

    def _remove(self, split: int) -> None:
        assert self._writer is not None  # noqa: S101  the caller has made it
        # By query: deleting by term takes our number for a signed one, and finds nothing.
        self._writer.delete_documents_by_query(tantivy.Query.term_query(self._index.schema, "split", split))

    def _take_in(self, catalog: Catalog, model: Model | None, change: Change) -> None:
        assert self._writer is not None  # noqa: S101  the caller has made it
        if change.kind == "removed":
            self._remove(change.first)
        elif change.kind == "published" and model is not None:
            for found in catalog.words(model, change.first, change.last):
                self._writer.add_document(_entry(found.passage, found.split, _spaced(found.text)))


@cache
def _analyzer() -> tantivy.TextAnalyzer:
    return (
        tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.simple())
        .filter(tantivy.Filter.remove_long(_LONGEST_WORD))
        .filter(tantivy.Filter.lowercase())
        .filter(tantivy.Filter.ascii_fold())
        .filter(tantivy.Filter.stemmer("english"))
        .build()
    )


def _make(folder: Path) -> tantivy.Index:
    """An empty index, in place of whatever is in the folder."""
    shutil.rmtree(folder, ignore_errors=True)
    try:
        folder.mkdir(parents=True)
        return _open(folder)
    except (OSError, ValueError) as error:
        raise _unwritable(error) from error


def _unwritable(error: Exception) -> CatalogUnusable:
    return CatalogUnusable(
        f"The index of words cannot be written: {error}. If the disk is full, make room and run the command "
        "again: what was committed is safe."
    )


def _open(folder: Path) -> tantivy.Index:
    schema = (
        tantivy.SchemaBuilder()
        .add_unsigned_field("passage", fast=True)
        .add_unsigned_field("split", indexed=True)
        .add_text_field("text", tokenizer_name="words", index_option="freq")
        .build()
    )
    index = tantivy.Index(schema, path=str(folder))
    index.register_tokenizer("words", _analyzer())
    index.config_reader("manual")  # no thread that watches the folder
    return index


def _entry(passage: int, split: int, text: str) -> tantivy.Document:
    entry = tantivy.Document()
    entry.add_unsigned("passage", passage)
    entry.add_unsigned("split", split)
    entry.add_text("text", text)
    return entry


def _read_bookmark(index: tantivy.Index) -> tuple[int, int] | None:
    """The catalogue that the index has followed, and up to which change; None if it holds nothing."""
    searcher = index.searcher()
    hits = searcher.search(tantivy.Query.term_query(index.schema, "split", _BOOKMARK), 1).hits
    values: Sequence[object] = searcher.fast_field_values("passage", [address for _, address in hits])
    return divmod(int(str(values[0])), 1 << _SEQ_BITS) if values else None


def _spaced(text: str) -> str:
    """`text` with blanks between pairs of characters where its script writes none."""
    return _UNSPACED.sub(lambda match: f" {_pairs(match.group())} ", text)


def _pairs(run: str) -> str:
    return " ".join(run[at : at + 2] for at in range(len(run) - 1)) if len(run) > 1 else run
