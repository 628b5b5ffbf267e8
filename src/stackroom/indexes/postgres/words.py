"""Searching the index of words of a store in PostgreSQL: `MatchingWords`, with scores as the local one has.

A search asks for the lists of its terms, part by part (`postings`), and adds the scores up here (`scoring`).
"""

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stackroom.common.postgres.database import Database, Session
from stackroom.indexes.clauses import Clause, HasTerm, RequiredWord
from stackroom.indexes.matching import WordMatches, page_key
from stackroom.indexes.postgres.lists import FetchedLists, Wanted, wanted
from stackroom.indexes.postgres.part_search import Allowed, Asked, best_of_part
from stackroom.indexes.postgres.postings import PART
from stackroom.indexes.postgres.scoring import Scores, shares, weight
from stackroom.indexes.postgres.vocabulary import FIELDS, KindVocabulary, Terms
from stackroom.indexes.query_terms import QUERIES, Analyzers, IndexTerms
from stackroom.indexes.terms import LANGUAGES, OTHER

# How many words of a query that are nowhere are replaced.
_MOST_MEANT = 3

_STATE = """
SELECT generation, version, catalog, languages, passages, pages, documents,
    passage_terms, page_terms, document_terms, name_terms, removed_passages
FROM word_indexes WHERE is_searched
"""
_REMOVED = "SELECT first, last FROM word_documents WHERE generation = %s AND removed > 0 ORDER BY first"
_RANGES = "SELECT first, last FROM word_documents WHERE generation = %s AND first = ANY(%s) ORDER BY first"
_PAGES = """
SELECT DISTINCT ON (first) first, pages FROM unnest(%s::bigint[]) AS id CROSS JOIN LATERAL (
    SELECT first, pages FROM word_documents WHERE generation = %s AND first <= id ORDER BY first DESC LIMIT 1
) AS document ORDER BY first
"""
# The kinds of entries, in the order of `vocabulary.Counts`.
_KINDS = ("passage", "page", "document")

# What else a search asks about the same query, as kinds and fields.
_ASKED_TOGETHER = (("passage", "text"), ("page", "text"), ("document", "text"), ("document", "name"))


@dataclass(frozen=True, slots=True)
class _State:
    """How an index was at the last commit; the fields are columns of `word_indexes`."""

    generation: int
    version: int
    catalog: int
    languages: str
    passages: int
    pages: int
    documents: int
    passage_terms: int
    page_terms: int
    document_terms: int
    name_terms: int
    removed_passages: int


class PostgresWords:
    """`MatchingWords` of the index in a database, as its last commit left it."""

    def __init__(self, database: Database) -> None:
        """Connects to nothing yet: there need not be an index."""
        self._database = database
        self._analyzers = Analyzers()
        self._scores = Scores()
        self._session: Session | None = None
        self._lists: FetchedLists | None = None  # of the moment
        self._is_more_to_come = False
        self._state: _State | None = None
        self._kinds: dict[str, _Kind] = {}
        self._removed: NDArray[np.int64] = np.empty((0, 2), np.int64)

    @contextmanager
    def at_one_moment(self) -> Iterator[None]:
        """See `MatchingWords`."""
        with self._moment():
            self._is_more_to_come = True
            try:
                yield
            finally:
                self._is_more_to_come = False

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
        return self._search("passage", "text", query, k, required, within=within, without=without)

    def pages(self, query: str, k: int, documents: Collection[int] | None) -> WordMatches:
        """See `MatchingWords`."""
        with self._moment():
            found = self._search("page", "text", query, k, within=documents)
            if not found.scores:
                return found
            keys = self._page_keys(list(found.scores))
        return WordMatches(dict(zip(keys, found.scores.values(), strict=True)), found.most)

    def documents(self, query: str, documents: Collection[int] | None) -> WordMatches:
        """See `MatchingWords`."""
        return self._search("document", "text", query, PART, only=documents)

    def names(self, query: str, k: int) -> WordMatches:
        """See `MatchingWords`."""
        return self._search("document", "name", query, k)

    def meant(self, query: str) -> dict[str, tuple[str, ...]]:
        """See `MatchingWords`."""
        with self._moment():
            if self._state is None:
                return {}
            passages, documents = self._kinds["passage"].terms, self._kinds["document"].terms
            nowhere = [word for word in passages.nowhere(query) if not documents.know(word)]
            found = {word: passages.nearest(word) for word in nowhere[:_MOST_MEANT]}
        return {word: near for word, near in found.items() if near}

    def languages(self) -> list[str]:
        """See `MatchingWords`."""
        with self._moment():
            return list(self._kinds["passage"].vocabulary.languages) if self._state else []

    def __len__(self) -> int:
        """See `MatchingWords`."""
        with self._moment():
            return self._state.passages - self._state.removed_passages if self._state else 0

    @contextmanager
    def _moment(self) -> Iterator[None]:
        """A moment of its own, if there is none already."""
        if self._session is not None:
            yield
            return
        with self._database.session() as session, session.snapshot():
            self._session = session
            try:
                self._follow()
                self._lists = FetchedLists(self._ask, self._state.generation) if self._state else None
                yield
            finally:
                self._session = self._lists = None

    def _follow(self) -> None:
        """Looks whether the index has changed; what is known of an older one is forgotten."""
        rows = self._ask(_STATE)
        state = _State(*rows[0]) if rows else None
        if state == self._state:
            return
        self._state = state
        if state is None:
            return
        self._removed = np.empty((0, 2), np.int64)
        if state.removed_passages:
            self._removed = np.array(self._ask(_REMOVED, (state.generation,)), np.int64).reshape(-1, 2)
        known = state.languages.split()
        languages = tuple(code for code in LANGUAGES if code in known) or (OTHER,)
        terms = Terms(self._ask, state.generation)
        # The local index counts its bookmark as an entry.
        entries = {
            "passage": state.passages + 1,
            "page": state.pages + 1,
            "document": state.documents + 1,
        }
        lengths = {
            "passage": {"text": state.passage_terms},
            "page": {"text": state.page_terms},
            "document": {"text": state.document_terms, "name": state.name_terms},
        }
        for at, kind in enumerate(entries):
            vocabulary = KindVocabulary(terms, at, entries[kind], languages)
            means = {field: length / entries[kind] for field, length in lengths[kind].items()}
            self._kinds[kind] = _Kind(vocabulary, IndexTerms(vocabulary, self._analyzers), means)

    def _ask(self, sql: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        assert self._session is not None  # noqa: S101  within `at_one_moment`
        with self._session.errors():
            return self._session.raw.cursor(binary=True).execute(sql.encode(), parameters).fetchall()

    def _search(
        self,
        kind: str,
        field: str,
        query: str,
        k: int,
        required: Sequence[str] = (),
        *,
        within: Collection[int] | None = None,
        without: Sequence[int] = (),
        only: Collection[int] | None = None,
    ) -> WordMatches:
        """The entries of a kind that match best: their ids. `only` limits them to these ids."""
        if not query.strip() or k < 1:
            return WordMatches({}, 0.0)
        with self._moment():
            if self._lists is None:
                return WordMatches({}, 0.0)
            about = self._kinds[kind]
            clauses, most = about.clauses(query, field)
            if not clauses:
                return WordMatches({}, most)
            words = [word for text in required for word in about.terms.required(text, field)]
            needed = wanted(_KINDS.index(kind), FIELDS[field], clauses, words)
            if self._is_more_to_come and not self._lists.has(needed):
                needed_soon = [self._wanted(query, *other) for other in _ASKED_TOGETHER]
                self._lists.fetch(needed.union(*needed_soon))
            self._lists.fetch(needed)
            lists = self._lists.by_part(needed)
            allowed = Allowed(
                None if within is None else self._ranges(within), [self._removed, self._ranges(without)]
            )
            asked = about.asked(clauses, words, field)
        chosen = None if only is None else np.array(sorted(only), np.int64)
        ids, scores = [], []
        for part, of_terms in sorted(lists.items()):
            found, some = best_of_part(self._scores, part, of_terms, asked, allowed, chosen, k)
            ids.append(found)
            scores.append(some)
        if not ids:
            return WordMatches({}, most)
        every, score = np.concatenate(ids), np.concatenate(scores)
        if len(ids) > 1:
            order = np.lexsort((every, -score))[:k]
            every, score = every[order], score[order]
        return WordMatches(dict(zip(every.tolist(), score.tolist(), strict=True)), most)

    def _wanted(self, query: str, kind: str, field: str) -> set[Wanted]:
        clauses, _ = self._kinds[kind].clauses(query, field)
        return wanted(_KINDS.index(kind), FIELDS[field], clauses)

    def _ranges(self, firsts: Collection[int]) -> NDArray[np.int64]:
        """First and last passages of documents, shape (n, 2), ascending."""
        assert self._state is not None  # noqa: S101  else nobody asks
        rows = self._ask(_RANGES, (self._state.generation, list(firsts))) if firsts else []
        return np.array(rows, np.int64).reshape(-1, 2)

    def _page_keys(self, ids: Sequence[int]) -> list[int]:
        """The `page_key` of each of some pages, of which the first passages are given."""
        assert self._state is not None  # noqa: S101  else nobody asks
        rows = self._ask(_PAGES, (ids, self._state.generation))
        pages = np.frombuffer(b"".join([packed for _, packed in rows]), "<u4").reshape(-1, 2)
        firsts = np.repeat([first for first, _ in rows], [len(packed) // 8 for _, packed in rows])
        at = np.searchsorted(firsts + pages[:, 1], ids)
        return [
            page_key(first, number)
            for first, number in zip(firsts[at].tolist(), pages[at, 0].tolist(), strict=True)
        ]


class _Kind:
    """What is known of one kind of entries, as a commit left them."""

    def __init__(self, vocabulary: KindVocabulary, terms: IndexTerms, means: dict[str, float]) -> None:
        """`means`: by field, how many terms an entry has on average."""
        self.vocabulary = vocabulary
        self.terms = terms
        self.clauses = lru_cache(QUERIES)(terms.clauses)
        self._means = means

    def asked(self, clauses: Sequence[Clause], words: Sequence[RequiredWord], field: str) -> Asked:
        """What the postings of each part are asked."""
        terms = {way.text for clause in clauses for way in clause.ways if isinstance(way, HasTerm)}
        counts = dict(self.vocabulary.known(terms, field))
        weights = {term: weight(self.vocabulary.entries, count) for term, count in counts.items()}
        return Asked(FIELDS[field], clauses, words, weights, shares(self._means[field]))
