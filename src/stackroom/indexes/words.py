"""Searching the indexes of words: which passages, and which documents, match the words of a query.

There are three indexes: of passages, of whole pages, and of documents as a whole. In all, a document is named
by the id of its first passage (the field "split" on disk). They are derived from the catalogue, so what they
find may be out of date: look it up in the catalogue. Only this file, `tantivy_queries`,
`indexer.passages.words_writer` and `indexer.upkeep.check_words` know the full-text engine (tantivy).
"""

import os
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache, partial
from operator import itemgetter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import cast

import tantivy

from stackroom.common.errors import CatalogUnusable
from stackroom.indexes.matching import WordMatches
from stackroom.indexes.query_terms import QUERIES, Analyzers, IndexTerms
from stackroom.indexes.tantivy_queries import any_way, has_word, in_documents
from stackroom.indexes.terms import LANGUAGES, OTHER
from stackroom.indexes.vocabulary import Stems

PASSAGES, PAGES, DOCUMENTS = "passages", "pages", "documents"
"""Names of the three indexes' folders."""

TERMS_VERSION = 1
"""Increase it when `terms`, `stems` or `parts` make other terms of a text: indexes are then built anew."""

BOOKMARK = f"bookmark {TERMS_VERSION}"
"""Stands as the language of the entry that says how far an index is, so that this entry is
counted as well.
"""


# How many words of a query that are nowhere are replaced.
_MOST_MEANT = 3


class WordIndex:
    """`MatchingWords` of the indexes in a folder, as their last commits left them."""

    def __init__(self, folder: Path) -> None:
        """Opens nothing yet: the folder need not be there."""
        analyzers = Analyzers()  # the same query is asked of all indexes
        self._passages = _Index(folder / PASSAGES, analyzers)
        self._pages = _Index(folder / PAGES, analyzers)
        self._documents = _Index(folder / DOCUMENTS, analyzers)

    @contextmanager
    def at_one_moment(self) -> Iterator[None]:
        """See `MatchingWords`."""
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
        """See `MatchingWords`."""
        return self._passages.search(query, k, required, within, without)

    def pages(self, query: str, k: int, documents: Collection[int] | None) -> WordMatches:
        """See `MatchingWords`."""
        return self._pages.search(query, k, (), None if documents is None else sorted(documents), ())

    def documents(self, query: str, documents: Collection[int] | None) -> WordMatches:
        """See `MatchingWords`."""
        if documents is None:
            return self._documents.search(query, self._documents.count(), (), None, ())
        return self._documents.search(query, len(documents), (), sorted(documents), ())

    def names(self, query: str, k: int) -> WordMatches:
        """See `MatchingWords`."""
        return self._documents.search(query, k, (), None, (), field="name")

    def meant(self, query: str) -> dict[str, tuple[str, ...]]:
        """See `MatchingWords`."""
        nowhere = [word for word in self._passages.nowhere(query) if not self._documents.knows(word)]
        found = {word: self._passages.nearest(word) for word in nowhere[:_MOST_MEANT]}
        return {word: near for word, near in found.items() if near}

    def languages(self) -> list[str]:
        """See `MatchingWords`."""
        return self._passages.languages()

    def __len__(self) -> int:
        """See `MatchingWords`."""
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
        # And if there are any, `_vocabulary`, and `_queries`, which keeps what the engine is asked.
        self._terms: IndexTerms | None = None
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
        matching, most = self._queries(query, field)
        if matching is None:
            return WordMatches({}, most)
        searcher, schema = self._vocabulary.searcher, self._vocabulary.schema
        wanted = matching
        for text in required:
            for word in terms.required(text, field):
                wanted = wanted.and_must_match(has_word(schema, field, word))
        if within is not None:
            wanted = wanted.and_must_match(in_documents(schema, within))
        if without:
            wanted = wanted.and_must_not_match(in_documents(schema, without))
        # Counting all matches would look at each of them; without, most are skipped.
        hits = searcher.search(wanted, k, count=False).hits
        ids = cast("list[int]", searcher.fast_field_values("id", [address for _, address in hits]))
        pairs = sorted(zip(ids, [score for score, _ in hits], strict=True), key=itemgetter(0))
        pairs.sort(key=itemgetter(1), reverse=True)
        return WordMatches(dict(pairs), most)

    def languages(self) -> list[str]:
        return [] if self._follow() is None else list(self._vocabulary.languages)

    def count(self) -> int:
        if self._follow() is None:
            return 0
        searcher = self._vocabulary.searcher
        bookmarks = tantivy.Query.term_query(self._vocabulary.schema, "language", BOOKMARK)
        return int(searcher.num_docs) - len(searcher.search(bookmarks, 100, count=False).hits)

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
        self._vocabulary = _Vocabulary(index.searcher(), index.schema)
        self._terms = IndexTerms(self._vocabulary, self._analyzers)
        self._queries = lru_cache(QUERIES)(partial(_matching, self._terms, index.schema))

    def _unusable(self, error: Exception) -> CatalogUnusable:
        advice = "" if isinstance(error, OSError) else " Run `stackroom index`: it is built again."
        return CatalogUnusable(f"The index of words in {self._folder} cannot be read: {error}.{advice}")


class _Vocabulary:
    """The terms of an index, as one commit left them: a `Vocabulary`."""

    def __init__(self, searcher: tantivy.Searcher, schema: tantivy.Schema) -> None:
        self.searcher = searcher
        self.schema = schema
        self.entries = _entries(searcher)
        known = [code for code in LANGUAGES if searcher.doc_freq("language", code)]
        self.languages = tuple(known) or (OTHER,)

    def expect(self, words: Iterable[Stems], field: str) -> None:
        """Nothing is far from here."""

    def known(self, forms: Iterable[str], field: str) -> tuple[tuple[str, int], ...]:
        frequency = self.searcher.doc_freq
        return tuple([(form, count) for form in forms if (count := frequency(field, form))])

    def with_prefix(self, field: str, prefix: str, limit: int | None = None) -> Sequence[tuple[str, int]]:
        return self.searcher.terms_with_prefix(field, prefix, limit=limit)

    def beginnings(self, prefixes: Iterable[str], field: str) -> Collection[str]:
        has = self.searcher.terms_with_prefix
        return {prefix for prefix in prefixes if has(field, prefix, limit=1)}


def _matching(
    terms: IndexTerms, schema: tantivy.Schema, query: str, field: str
) -> tuple[tantivy.Query | None, float]:
    """What matches the words of a query; None if nothing can. And see `WordMatches.most`."""
    clauses, most = terms.clauses(query, field)
    if not clauses:
        return None, most
    should = [(tantivy.Occur.Should, any_way(schema, field, clause)) for clause in clauses]
    return tantivy.Query.boolean_query(should, minimum_number_should_match=1), most


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
