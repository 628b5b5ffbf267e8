"""Searching the indexes of words: which passages, and which documents, match the words of a query.

There are three indexes: of passages, of whole pages, and of documents as a whole. In all, a document is named
by the id of its first passage (the field "split" on disk). They are derived from the catalogue, so what they
find may be out of date: look it up in the catalogue. Only this file, `clauses`, `query_terms`,
`indexer.passages.words_writer` and `indexer.upkeep.check_words` know the full-text engine (tantivy).
"""

import os
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from operator import itemgetter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import cast

import tantivy

from stackroom.common.errors import CatalogUnusable
from stackroom.indexes.clauses import in_documents
from stackroom.indexes.query_terms import QUERIES, Analyzers, IndexTerms
from stackroom.indexes.terms import LANGUAGES

PASSAGES, PAGES, DOCUMENTS = "passages", "pages", "documents"
"""Names of the three indexes' folders."""

# A page's id in its index is made of the id of its document's first passage and its number, of so many bits.
_PAGE_BITS = 20

_TERMS_VERSION = 1
"""Increase it when `terms`, `stems` or `parts` make other terms of a text: indexes are then built anew."""

BOOKMARK = f"bookmark {_TERMS_VERSION}"
"""Stands as the language of the entry that says how far an index is, so that this entry is
counted as well.
"""


@dataclass(frozen=True, slots=True)
class WordMatches:
    """What matches the words of a query.

    Attributes:
        scores: id → BM25 score of what matches, the best first, equal ones by id; higher is better. An id is
            that of a passage, a page (`page_key`), or a document's first passage.
        most: the sum of the weights (BM25's idf) of the words that were looked for; a word that is nowhere
            counts as the rarest. A passage with all of the words scores about that much, and never more than
            2.2 times as much. 0 if no word was looked for.
    """

    scores: dict[int, float]
    most: float

    @property
    def hits(self) -> list[tuple[int, float]]:
        """Pairs of an id and a score, in the same order."""
        return list(self.scores.items())


# How many words of a query that are nowhere are replaced.
_MOST_MEANT = 3


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
        analyzers = Analyzers()  # the same query is asked of all indexes
        self._passages = _Index(folder / PASSAGES, analyzers)
        self._pages = _Index(folder / PAGES, analyzers)
        self._documents = _Index(folder / DOCUMENTS, analyzers)

    @contextmanager
    def at_one_moment(self) -> Iterator[None]:
        """All that is asked in the block is answered from the commits that were the last at its beginning.

        Outside of it each question looks for newer ones.
        """
        self._keep(kept=True)
        try:
            yield
        finally:
            self._keep(kept=False)

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

    def documents(self, query: str, documents: Collection[int] | None) -> WordMatches:
        """How well names, title, author, date and first pages of these documents match the words of `query`.

        Args:
            query: any text.
            documents: ids of their first passages; the hits are some of them. None means all.
        """
        if documents is None:
            return self._documents.search(query, self._documents.count(), (), None, ())
        return self._documents.search(query, len(documents), (), sorted(documents), ())

    def names(self, query: str, k: int) -> WordMatches:
        """The documents whose files' names match the words of `query` best: ids of their first passages."""
        return self._documents.search(query, k, (), None, (), field="name")

    def meant(self, query: str) -> dict[str, tuple[str, ...]]:
        """For each word of `query` that is nowhere: words of the library that are one letter from it, up to
        three, the most frequent first. Words of which there are none are left out.
        """
        nowhere = [word for word in self._passages.nowhere(query) if not self._documents.knows(word)]
        found = {word: self._passages.nearest(word) for word in nowhere[:_MOST_MEANT]}
        return {word: near for word, near in found.items() if near}

    def languages(self) -> list[str]:
        """The languages of the passages, of `terms.LANGUAGES`."""
        return self._passages.languages()

    def __len__(self) -> int:
        """How many passages' words can be searched."""
        return self._passages.count()

    def _keep(self, *, kept: bool) -> None:
        for index in (self._passages, self._pages, self._documents):
            index.keep(kept=kept)


class _Index:
    """One index of the engine."""

    def __init__(self, folder: Path, analyzers: Analyzers) -> None:
        self._folder = folder
        self._meta = folder / "meta.json"
        self._analyzers = analyzers
        self._terms: IndexTerms | None = (
            None  # and if there are any, `_clauses`, which keeps those of queries
        )
        self._state: tuple[int, int] | None = None
        self._is_kept = self._is_followed = False

    def keep(self, *, kept: bool) -> None:
        """From now on it follows once, and then stays as it is; or it follows each time again."""
        self._is_kept, self._is_followed = kept, False

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
            self._state, self._is_followed = None, False
        try:
            return self._search(query, k, required, within, without, field)
        except ValueError as error:
            raise self._unusable(error) from error

    def nowhere(self, query: str) -> list[str]:
        """The words of a query that are nowhere here; see `IndexTerms.nowhere`."""
        terms = self._follow()
        return [] if terms is None else terms.nowhere(query)

    def knows(self, word: str) -> bool:
        """Whether any text has a word, in any form or as a part of another; so if it is no word."""
        terms = self._follow()
        return terms is None or terms.know(word)

    def nearest(self, word: str) -> tuple[str, ...]:
        """Words that are here and one letter from `word`: see `most_frequent`."""
        terms = self._follow()
        return () if terms is None else terms.nearest(word)

    def _search(
        self,
        query: str,
        k: int,
        required: Sequence[str],
        within: Sequence[int] | None,
        without: Sequence[int],
        field: str,
    ) -> WordMatches:
        terms = self._follow()
        if terms is None or not query.strip() or k < 1:
            return WordMatches({}, 0.0)
        clauses, most = self._clauses(query, field)
        if not clauses:
            return WordMatches({}, most)
        should = [(tantivy.Occur.Should, clause) for clause in clauses]
        matching = tantivy.Query.boolean_query(should, minimum_number_should_match=1)
        wanted = matching
        for text in required:
            for word in terms.required(text, field):
                wanted = wanted.and_must_match(word)
        if within is not None:
            wanted = wanted.and_must_match(in_documents(terms.schema, within))
        if without:
            wanted = wanted.and_must_not_match(in_documents(terms.schema, without))
        # Counting all matches would look at each of them; without, most are skipped.
        hits = terms.searcher.search(wanted, k, count=False).hits
        ids = cast("list[int]", terms.searcher.fast_field_values("id", [address for _, address in hits]))
        pairs = sorted(zip(ids, [score for score, _ in hits], strict=True), key=itemgetter(0))
        pairs.sort(key=itemgetter(1), reverse=True)
        return WordMatches(dict(pairs), most)

    def languages(self) -> list[str]:
        terms = self._follow()
        return [] if terms is None else list(terms.languages)

    def count(self) -> int:
        terms = self._follow()
        if terms is None:
            return 0
        bookmarks = tantivy.Query.term_query(terms.schema, "language", BOOKMARK)
        return int(terms.searcher.num_docs) - len(terms.searcher.search(bookmarks, 100, count=False).hits)

    def _follow(self) -> IndexTerms | None:
        """The terms of the index as of its last commit; None if there is none. Cheap if that is known.

        Raises CatalogUnusable if it is damaged.
        """
        if self._is_followed:
            return self._terms
        try:
            found = self._meta.stat()
        except FileNotFoundError:
            self._terms = self._state = None
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
        self._is_followed = self._is_kept
        return self._terms

    def _open(self) -> None:
        index = _open_to_read(self._folder)
        searcher = index.searcher()
        languages = [code for code in LANGUAGES if searcher.doc_freq("language", code)]
        self._terms = IndexTerms(searcher, index.schema, _entries(searcher), languages, self._analyzers)
        self._clauses = lru_cache(QUERIES)(self._terms.clauses)

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
    return max(counted, searcher.num_docs)  # an older bookmark is not counted


def dead_share(index: tantivy.Index) -> tuple[int, float]:
    """How many entries of an index are removed but not dropped yet, and what share of all they are."""
    searcher = index.searcher()
    entries = _entries(searcher)
    dead = max(entries - searcher.num_docs, 0)
    return dead, dead / entries if entries else 0.0
