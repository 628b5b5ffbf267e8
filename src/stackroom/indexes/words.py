"""Searching the indexes of words: which passages, and which documents, match the words of a query.

There are three indexes: of passages, of whole pages, and of documents as a whole. In all, a document is named
by the id of its first passage (the field "split" on disk). They are derived from the catalogue, so what they
find may be out of date: look it up in the catalogue. Only this file, `clauses`, `query_terms`,
`indexer.passages.words_writer` and `indexer.upkeep.check_words` know the full-text engine (tantivy).
"""

import os
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import tantivy

from stackroom.common.errors import CatalogUnusable
from stackroom.indexes.clauses import in_documents
from stackroom.indexes.misspelt import separate_words
from stackroom.indexes.query_terms import IndexTerms
from stackroom.indexes.terms import LANGUAGES, Analyzer

PASSAGES, PAGES, DOCUMENTS = "passages", "pages", "documents"
"""Names of the three indexes' folders."""

# A page's id in its index is made of the id of its document's first passage and its number, of so many bits.
_PAGE_BITS = 20

BOOKMARK = "bookmark"
"""Stands as the language of the entry that says how far an index is, so that this entry is
counted as well.
"""


@dataclass(frozen=True, slots=True)
class WordMatches:
    """What matches the words of a query.

    Attributes:
        hits: pairs (id, BM25 score), the best first, equal ones by id; higher is better. An id is that of a
            passage, or of a document's first passage.
        most: the sum of the weights (BM25's idf) of the words that were looked for; a word that is nowhere
            counts as the rarest. A passage with all of the words scores about that much, and never more than
            2.2 times as much. 0 if no word was looked for.
    """

    hits: list[tuple[int, float]]
    most: float

    @property
    def scores(self) -> dict[int, float]:
        """Id → score of each hit."""
        return dict(self.hits)


# How many words of a query that are nowhere are replaced.
_MOST_MEANT = 3

# Queries whose words are kept as the engine takes them: a search asks an index up to three times.
_QUERIES = 16


def page_key(first_passage: int, page: int) -> int:
    """The id of a page in its index.

    Args:
        first_passage: the id of its document's first passage.
        page: its number, 1-based.
    """
    return (first_passage << _PAGE_BITS) + page


class WordIndex:
    """Searches the indexes in a folder, as their last commits left them. Not thread-safe."""

    def __init__(self, folder: Path) -> None:
        """Opens nothing yet: the folder need not be there."""
        analyzer = cache(Analyzer)  # each keeps the terms of words: the same query is asked of all indexes
        self._passages = _Index(folder / PASSAGES, analyzer)
        self._pages = _Index(folder / PAGES, analyzer)
        self._documents = _Index(folder / DOCUMENTS, analyzer)

    def search(
        self,
        query: str,
        k: int,
        required: Sequence[str] = (),
        *,
        within: Sequence[int] | None = None,
        without: Sequence[int] = (),
    ) -> WordMatches:
        """The passages that match the words of `query` best.

        Args:
            query: any text; a passage need not have all of its words.
            k: most passages to return.
            required: texts all of whose words a passage must have.
            within: ids of the first passages of the documents to look in; None means all.
            without: likewise, of documents to leave out.

        Raises:
            CatalogUnusable: the index is damaged.
        """
        return self._passages.search(query, k, required, within, without)

    def pages(self, query: str, k: int, documents: Collection[int] | None) -> WordMatches:
        """The whole pages that match the words of `query` best: their `page_key`.

        Args:
            query: any text; a page need not have all of its words.
            k: most pages to return.
            documents: ids of the first passages of the documents to look in; None means all.
        """
        return self._pages.search(query, k, (), None if documents is None else sorted(documents), ())

    def documents(self, query: str, documents: Collection[int]) -> WordMatches:
        """How well names, title, author, date and first pages of these documents match the words of `query`.

        Args:
            query: any text.
            documents: ids of their first passages; the hits are some of them.
        """
        return self._documents.search(query, len(documents), (), sorted(documents), ())

    def names(self, query: str, k: int) -> WordMatches:
        """The documents whose files' names match the words of `query` best: ids of their first passages."""
        return self._documents.search(query, k, (), None, (), field="name")

    def meant(self, query: str) -> dict[str, tuple[str, ...]]:
        """For each word of `query` that is nowhere: words of the library that are one letter from it, up to
        three, the most frequent first. Words of which there are none are left out.
        """
        nowhere = [
            word
            for word in separate_words(query)
            if not self._passages.knows(word) and not self._documents.knows(word)
        ]
        found = {word: self._passages.nearest(word) for word in nowhere[:_MOST_MEANT]}
        return {word: near for word, near in found.items() if near}

    def languages(self) -> list[str]:
        """The languages of the passages, of `terms.LANGUAGES`."""
        return self._passages.languages()

    def __len__(self) -> int:
        """How many passages' words can be searched."""
        return self._passages.count()


class _Index:
    """One index of the engine."""

    def __init__(self, folder: Path, analyzer: Callable[[str], Analyzer]) -> None:
        self._folder = folder
        self._kept: dict[tuple[str, str], tuple[list[tantivy.Query], float]] = {}  # by query and field
        self._index: tantivy.Index | None = None
        self._state: tuple[int, int] | None = None
        self._languages: list[str] = []
        self._entries = 0
        self._analyzer = analyzer

    def search(
        self,
        query: str,
        k: int,
        required: Sequence[str],
        within: Sequence[int] | None,
        without: Sequence[int],
        field: str = "text",
    ) -> WordMatches:
        try:
            return self._search(query, k, required, within, without, field)
        except ValueError:  # the engine's only error: the files are damaged, or are just being built again
            self._state = None
        try:
            return self._search(query, k, required, within, without, field)
        except ValueError as error:
            raise self._unusable(error) from error

    def knows(self, word: str) -> bool:
        """Whether any text has a word, in any form or as a part of another; so if it is no word."""
        index = self._follow()
        return index is None or self._terms(index).know(word)

    def nearest(self, word: str) -> tuple[str, ...]:
        """Words that are here and one letter from `word`: see `most_frequent`."""
        index = self._follow()
        return () if index is None else self._terms(index).nearest(word)

    def _terms(self, index: tantivy.Index) -> IndexTerms:
        return IndexTerms(index.searcher(), index.schema, self._entries, self._languages, self._analyzer)

    def _search(
        self,
        query: str,
        k: int,
        required: Sequence[str],
        within: Sequence[int] | None,
        without: Sequence[int],
        field: str,
    ) -> WordMatches:
        index = self._follow()
        if index is None or not query.strip() or k < 1:
            return WordMatches([], 0.0)
        searcher = index.searcher()
        terms = self._terms(index)
        asked = query, field
        if asked not in self._kept:
            if len(self._kept) >= _QUERIES:
                self._kept.clear()
            self._kept[asked] = terms.clauses(query, field)
        clauses, most = self._kept[asked]
        if not clauses:
            return WordMatches([], most)
        should = [(tantivy.Occur.Should, clause) for clause in clauses]
        matching = tantivy.Query.boolean_query(should, minimum_number_should_match=1)
        wanted = matching
        for text in required:
            for word in terms.required(text, field):
                wanted = wanted.and_must_match(word)
        if within is not None:
            wanted = wanted.and_must_match(in_documents(index.schema, within))
        if without:
            wanted = wanted.and_must_not_match(in_documents(index.schema, without))
        # Counting all matches would look at each of them; without, most are skipped.
        hits = searcher.search(wanted, k, count=False).hits
        ids = searcher.fast_field_values("id", [address for _, address in hits])
        pairs = [(int(id_ or 0), score) for id_, (score, _) in zip(ids, hits, strict=True)]
        return WordMatches(sorted(pairs, key=lambda pair: (-pair[1], pair[0])), most)

    def languages(self) -> list[str]:
        return list(self._languages) if self._follow() else []

    def count(self) -> int:
        index = self._follow()
        return max(index.searcher().num_docs - 1, 0) if index else 0

    def _follow(self) -> tantivy.Index | None:
        """The index as of its last commit; None if there is none. Cheap if nothing was committed since.

        Raises CatalogUnusable if it is damaged.
        """
        try:
            found = (self._folder / "meta.json").stat()
        except FileNotFoundError:
            self._index = self._state = None
            return None
        except OSError as error:
            raise self._unusable(error) from error
        state = (found.st_ino, found.st_mtime_ns)
        if state != self._state:
            try:
                self._open()
            except (ValueError, OSError):  # perhaps the writer has just put other files in their place
                try:
                    self._open()
                except (ValueError, OSError) as error:
                    raise self._unusable(error) from error
            self._state = state
        return self._index

    def _open(self) -> None:
        self._index = _open_to_read(self._folder)
        searcher = self._index.searcher()
        self._languages = [code for code in LANGUAGES if searcher.doc_freq("language", code)]
        self._entries = _entries(searcher)
        self._kept.clear()

    def _unusable(self, error: Exception) -> CatalogUnusable:
        advice = "" if isinstance(error, OSError) else " Run `stackroom index`: it is built again."
        return CatalogUnusable(f"The index of words in {self._folder} cannot be read: {error}.{advice}")


def _open_to_read(folder: Path) -> tantivy.Index:
    """As `open_index`, but also where nothing can be written. May raise OSError as well."""
    if os.access(folder, os.W_OK):
        return open_index(folder)
    # The engine locks the folder while it opens the files, so it gets a folder of links. Once the files are
    # open it does not need their names; it may still write a file of its own while the folder is removed.
    with TemporaryDirectory(prefix="stackroom-words-", ignore_cleanup_errors=True) as links:
        for file in folder.iterdir():
            if file.suffix != ".lock":
                Path(links, file.name).symlink_to(file.absolute())
        return open_index(Path(links))


def open_index(folder: Path) -> tantivy.Index:
    """The engine's index in a folder, made if the folder is empty. Raises ValueError if it can't be read.

    Texts in it are terms with blanks between them: `stackroom.indexes.terms` has made them.
    """
    builder = tantivy.SchemaBuilder().add_unsigned_field("id", fast=True)
    builder = builder.add_unsigned_field("split", indexed=True)
    builder = builder.add_text_field("language", tokenizer_name="raw", index_option="basic")
    for field, option in (("text", "freq"), ("name", "freq"), ("parts", "basic")):
        builder = builder.add_text_field(field, tokenizer_name="whitespace", index_option=option)
    index = tantivy.Index(builder.build(), path=str(folder))
    index.config_reader("manual")  # no thread that watches the folder
    return index


def _entries(searcher: tantivy.Searcher) -> int:
    """How many entries there are, with those that are removed but not dropped by the engine yet.

    The engine counts the entries that have a word in the same way, and computes its weights from that.
    """
    counted = sum(searcher.doc_freq("language", code) for code in (*LANGUAGES, BOOKMARK))
    return max(counted, searcher.num_docs)  # an older bookmark has no language


def dead_share(index: tantivy.Index) -> tuple[int, float]:
    """How many entries of an index are removed but not dropped yet, and what share of all they are."""
    searcher = index.searcher()
    entries = _entries(searcher)
    dead = max(entries - searcher.num_docs, 0)
    return dead, dead / entries if entries else 0.0
