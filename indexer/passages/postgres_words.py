"""Builds the index of words of a store in PostgreSQL, and brings it up to date by the log of changes.

Its tables can be emptied at any time: they are filled again without reading a PDF or embedding anything.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from indexer.passages import postings_table, words_statements
from indexer.passages.id_ranges import batches, joined
from indexer.passages.postings_batch import DOCUMENTS, PAGES, PASSAGES, Batch
from stackroom.catalog.catalog import Catalog
from stackroom.catalog.entries import Change, DocumentText, Model, PassageText
from stackroom.catalog.passage_ranges import PassageRange
from stackroom.common.postgres.database import WORDS, Database, Session
from stackroom.indexes.parts import parts
from stackroom.indexes.postgres.postings import LISTS_VERSION, NAME, PARTS, TEXT
from stackroom.indexes.terms import Analyzer, stemmed
from stackroom.indexes.words import TERMS_VERSION

_VERSION = TERMS_VERSION << 8 | LISTS_VERSION

# Passages that are taken in by one transaction: 25 seconds of work.
_AT_ONCE = 32_768

# Rows of so many transactions are merged together; those of a large one at once.
_FRESH_RUNS, _LARGE = 16, 4096

# When merging has replaced so many rows, there is made room for others.
_REPLACED = 100_000

# Postings of removed documents are dropped when these have more than this share of the passages, and so many.
# Each `follow` does so many rows, which takes half a second.
_REMOVED_SHARE, _REMOVED, _DROPPED_AT_ONCE = 0.5, 20, 20_000

# B-trees take no longer ones, and no word of a query is that long.
_LONGEST_PART = 200


@dataclass(slots=True)
class _Index:
    """An index to go on with; the fields are columns of `word_indexes`."""

    generation: int
    is_searched: bool
    terms_version: int
    catalog: int
    followed: int
    built_to: int | None
    passages: int


@dataclass(slots=True)
class _Taken:
    """What is taken in by one transaction.

    Attributes:
        batch: the postings.
        documents: rows of `word_documents`, from `first` on, without removed.
        sums: of passages, pages, documents, and of the terms of passages, pages, documents and names.
        languages: of the documents.
    """

    batch: Batch = field(default_factory=Batch)
    documents: list[tuple[object, ...]] = field(default_factory=list)
    sums: NDArray[np.int64] = field(default_factory=lambda: np.zeros(7, np.int64))
    languages: set[str] = field(default_factory=set)


class PostgresWordsWriter:
    """Brings the index of words in a database up to date with the catalogue.

    One at a time does: another one finds no news meanwhile. Each transaction is all or nothing, and what it
    has taken in is not taken in again, so that a kill at any moment loses nothing.
    """

    def __init__(self, database: Database) -> None:
        """Connects to nothing yet."""
        self._database = database
        self._analyzer = cache(Analyzer)
        self._is_dropping = False
        self._replaced = 0  # rows, since there was made room for others

    def close(self) -> None:
        """Nothing is open."""

    def is_rewriting(self) -> bool:
        """Whether postings of removed documents are being dropped: the next calls of `follow` drop more."""
        return self._is_dropping

    def join(self) -> None:
        """Merges the rows of each term that are not merged yet. For the end of a run.

        Raises:
            StoreAway: the database can't be reached.
            CatalogUnusable: it refuses.
        """
        with self._alone() as session:
            if session is None:
                return
            rows = session.execute("SELECT generation FROM word_indexes WHERE fresh_runs > 0").fetchall()
            for (generation,) in rows:
                with session.errors(), session.raw.transaction():
                    postings_table.merge(session, generation)
                    session.execute(
                        "UPDATE word_indexes SET fresh_runs = 0, version = version + 1 WHERE generation = ?",
                        (generation,),
                    )

    def follow(self, catalog: Catalog) -> bool:
        """Takes in everything that was committed since the last time. Returns whether there was anything.

        Raises:
            StoreAway: the database can't be reached.
            CatalogUnusable: it refuses, or the catalogue can't be read.
        """
        with self._alone() as session:
            if session is None:
                return False
            return self._follow(session, catalog)

    @contextmanager
    def _alone(self) -> Iterator[Session | None]:
        """A connection, as the only one that writes; None if another does."""
        with self._database.session() as session:
            if not session.execute("SELECT pg_try_advisory_lock(?)", (WORDS,)).fetchone()[0]:
                yield None
                return
            try:
                yield session
            finally:
                if not session.raw.closed:  # else it is given back already
                    session.execute("SELECT pg_advisory_unlock(?)", (WORDS,))

    def _follow(self, session: Session, catalog: Catalog) -> bool:
        # One moment for each step: while it lasts, PostgreSQL can't use the room of rows that are replaced.
        # What was committed since the first one is taken in now or by the next call, and never twice.
        with catalog.snapshot():
            now, model = catalog.last_change(), catalog.model()
            index, changes = self._current(session, catalog, now)
        is_news = index.built_to is not None or index.followed != now
        if index.built_to is not None:
            self._build(session, catalog, model, index)
        if changes:
            self._take_in_changes(session, catalog, model, index, changes)
        if index.followed != now:
            session.execute(
                "UPDATE word_indexes SET followed = ? WHERE generation = ?", (now, index.generation)
            )
        self._drop_some(session, index)
        return is_news

    def _current(self, session: Session, catalog: Catalog, now: int) -> tuple[_Index, list[Change]]:
        """The index to go on with, and the changes it has missed; a new one if there is none."""
        known = [_Index(*row) for row in session.execute(words_statements.INDEXES).fetchall()]
        for index in known:  # first the one that is being built, if there is one
            changes = None
            if index.terms_version == _VERSION and index.catalog == catalog.id():
                changes = catalog.changes_since(index.followed)
            if changes is not None and not any(change.kind == "model" for change in changes):
                return index, changes
            if not index.is_searched or not index.passages:
                self._delete(session, index.generation)
        searched = [index for index in known if index.is_searched and index.passages]
        generation = 1 + max((index.generation for index in searched), default=0)
        begun = _Index(generation % 2**15, not searched, _VERSION, catalog.id(), now, 0, 0)
        session.execute(
            "INSERT INTO word_indexes (generation, is_searched, terms_version, catalog, followed, built_to)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            (begun.generation, begun.is_searched, begun.terms_version, begun.catalog, begun.followed, 0),
        )
        return begun, []

    def _build(self, session: Session, catalog: Catalog, model: Model | None, index: _Index) -> None:
        """Takes in all documents; then the index is searched in place of the former one."""
        if model is not None:
            ranges = catalog.passage_ranges(model, index.built_to or 0)
            self._take_in_documents(session, catalog, model, index, ranges)
        with session.errors(), session.raw.transaction():
            session.execute(
                "UPDATE word_indexes SET built_to = NULL WHERE generation = ?", (index.generation,)
            )
            if not index.is_searched:
                others = session.execute("SELECT generation FROM word_indexes WHERE is_searched").fetchall()
                for (other,) in others:
                    self._delete(session, other)
                session.execute(
                    "UPDATE word_indexes SET is_searched = true WHERE generation = ?", (index.generation,)
                )
        index.built_to = None

    def _take_in_changes(
        self,
        session: Session,
        catalog: Catalog,
        model: Model | None,
        index: _Index,
        changes: Sequence[Change],
    ) -> None:
        named = sorted({change.first for change in changes if change.kind == "named"})
        if named and model:
            self._rename(session, catalog, model, index, named)
        published = joined((change.first, change.last) for change in changes if change.kind == "published")
        if published and model:
            ranges = [one for first, last in published for one in catalog.passage_ranges(model, first, last)]
            self._take_in_documents(session, catalog, model, index, ranges)
        # At last, so that a changed document is always found.
        removed = [(change.first, change.last) for change in changes if change.kind == "removed"]
        if removed:
            firsts, lasts = zip(*removed, strict=True)
            generation = index.generation
            with session.errors():
                session.raw.execute(
                    words_statements.REMOVE.encode(), (list(firsts), list(lasts), generation, generation)
                )

    def _take_in_documents(
        self, session: Session, catalog: Catalog, model: Model, index: _Index, ranges: Sequence[PassageRange]
    ) -> None:
        """Takes in the documents that it does not have yet; `ranges` ascend."""
        for some in batches(ranges, _AT_ONCE):
            rows = session.execute(
                "SELECT first FROM word_documents WHERE generation = ? AND first BETWEEN ? AND ?",
                (index.generation, some[0].first, some[-1].first),
            )
            known = {first for (first,) in rows}
            new = [one for one in some if one.first not in known]
            taken = _Taken()
            with catalog.snapshot():
                for first, last in joined((one.first, one.last) for one in new):
                    self._collect(catalog, model, first, last, taken)
            self._commit(session, index, taken, some[-1].last + 1)
            if self._replaced >= _REPLACED:
                postings_table.make_room(session)
                self._replaced = 0

    def _collect(self, catalog: Catalog, model: Model, first: int, last: int, taken: _Taken) -> None:
        wholes = {whole.first_passage: whole for whole in catalog.first_words(model, first, last)}
        passages = catalog.words(model, first, last)
        for first_passage, together in groupby(passages, lambda found: found.first_passage):
            found = list(together)
            sums = np.array([len(found), 0, 1, 0, 0, 0, 0], np.int64)
            pages = []
            for passage in found:
                text = f"{passage.title}\n{passage.heading}\n{passage.text}"
                sums[3] += self._add(taken.batch, PASSAGES, passage.passage, passage.language, text)
            for page, on_page in groupby(found, lambda one: one.page):
                start, text = _page_text(list(on_page))
                sums[4] += self._add(taken.batch, PAGES, start, found[0].language, text)
                pages.append((page, start - first_passage))
            sums[1] = len(pages)
            whole = wholes[first_passage]
            sums[5:] = self._add_whole(taken.batch, whole)
            code = stemmed(found[0].language)
            about = first_passage, found[-1].passage, code, whole.names, np.array(pages, "<u4").tobytes()
            taken.documents.append((*about, len(pages), *sums[3:].tolist()))
            taken.sums += sums
            taken.languages.add(code)

    def _add_whole(self, batch: Batch, whole: DocumentText) -> tuple[int, int]:
        """Adds a document as a whole; returns how many terms its text and its names have."""
        names = self._analyzer(stemmed(whole.language)).terms(whole.names)
        return self._add(batch, DOCUMENTS, whole.first_passage, whole.language, whole.text, names), len(names)

    def _add(
        self, batch: Batch, kind: int, id_: int, language: str, text: str, names: Sequence[str] = ()
    ) -> int:
        """Adds an entry; returns how many terms its text has."""
        code = stemmed(language)
        terms = self._analyzer(code).terms(text)
        batch.add(kind, id_, terms, names, {part[:_LONGEST_PART] for part in parts(text, code)})
        return len(terms)

    def _commit(self, session: Session, index: _Index, taken: _Taken, built_to: int) -> None:
        rows = taken.batch.rows() if taken.documents else []
        generation = index.generation
        with session.errors(), session.raw.transaction():
            if rows:
                languages, runs = session.execute(
                    "SELECT languages, fresh_runs FROM word_indexes WHERE generation = ?", (generation,)
                ).fetchone()
                if runs + 1 >= _FRESH_RUNS or taken.sums[0] >= _LARGE:
                    self._replaced += postings_table.merge(session, generation, rows)
                    runs = 0
                else:
                    postings_table.add(session, generation, rows, fresh=True)
                    runs += 1
                session.raw.cursor().executemany(
                    words_statements.ADD_DOCUMENT.encode(),
                    [(generation, *document) for document in taken.documents],
                )
                all_languages = " ".join(sorted({*languages.split(), *taken.languages}))
                counts = (*taken.sums.tolist(), all_languages, runs, generation)
                session.raw.execute(words_statements.COUNT.encode(), counts)
            if index.built_to is not None:
                session.execute(
                    "UPDATE word_indexes SET built_to = ? WHERE generation = ?", (built_to, generation)
                )

    def _rename(
        self, session: Session, catalog: Catalog, model: Model, index: _Index, firsts: Sequence[int]
    ) -> None:
        """Takes in the present names of documents in place of those that the index has."""
        rows = session.execute(
            "SELECT first, names FROM word_documents WHERE generation = ? AND removed = 0"
            " AND first IN (SELECT CAST(value AS bigint) FROM json_each(?))",
            (index.generation, str(list(firsts))),
        )
        names = dict(rows.fetchall())
        old: dict[int, set[str]] = {TEXT: set(), NAME: set(), PARTS: set()}
        taken, changed = Batch(), []
        sums = np.zeros(7, np.int64)
        with catalog.snapshot():
            wholes = [whole for first in names for whole in catalog.first_words(model, first, first)]
        for whole in wholes:
            first = whole.first_passage
            before = names[first]
            if whole.names == before:
                continue
            text = before + whole.text[len(whole.names) :]
            lengths = np.array(self._add_whole(taken, whole))
            forgotten = Batch()
            was = DocumentText(first, whole.language, before, text)
            lengths_before = np.array(self._add_whole(forgotten, was))
            for row in forgotten.rows():
                old[row.field].add(row.term)
            sums[5:] += lengths - lengths_before
            changed.append((whole.names, *lengths.tolist(), index.generation, first))
        if not changed:
            return
        with session.errors(), session.raw.transaction():
            postings_table.take_out(session, index.generation, [one[-1] for one in changed], old)
            postings_table.add(session, index.generation, taken.rows(), fresh=False)
            session.executemany(
                "UPDATE word_documents SET names = ?, document_terms = ?, name_terms = ?"
                " WHERE generation = ? AND first = ?",
                changed,
            )
            about = session.execute(
                "SELECT languages, fresh_runs FROM word_indexes WHERE generation = ?", (index.generation,)
            ).fetchone()
            counts = (*sums.tolist(), *about, index.generation)
            session.raw.execute(words_statements.COUNT.encode(), counts)

    def _drop_some(self, session: Session, index: _Index) -> None:
        """Drops postings of removed documents from some rows, if most documents are removed ones.

        Not from all at once: for a large library that takes minutes, in which nothing new could be found.
        """
        generation = index.generation
        passages, removed, field_, term = session.execute(
            "SELECT passages, removed_passages, dropped_field, dropped_term FROM word_indexes"
            " WHERE generation = ?",
            (generation,),
        ).fetchone()
        begins = field_ is None
        if begins and (removed < _REMOVED or removed <= passages * _REMOVED_SHARE):
            self._is_dropping = False
            return
        with session.errors(), session.raw.transaction():
            if begins:
                session.execute(
                    "UPDATE word_documents SET removed = 2 WHERE generation = ? AND removed = 1",
                    (generation,),
                )
            ranges = session.execute(
                "SELECT first, last FROM word_documents WHERE generation = ? AND removed = 2 ORDER BY first",
                (generation,),
            ).fetchall()
            after = (-1, "") if begins else (field_, term)
            last = postings_table.drop(
                session, generation, after, _DROPPED_AT_ONCE, np.array(ranges, np.int64).reshape(-1, 2)
            )
            if last is None:
                session.raw.execute(words_statements.FORGET.encode(), (generation, generation, generation))
            else:
                session.execute(
                    "UPDATE word_indexes SET dropped_field = ?, dropped_term = ?, version = version + 1"
                    " WHERE generation = ?",
                    (*last, generation),
                )
        self._is_dropping = last is not None

    @staticmethod
    def _delete(session: Session, generation: int) -> None:
        for table in ("postings", "word_documents", "word_indexes"):
            session.execute(f"DELETE FROM {table} WHERE generation = ?", (generation,))  # noqa: S608


def _page_text(passages: Sequence[PassageText]) -> tuple[int, str]:
    """The first passage of a page, and the text that it is found by."""
    headings = dict.fromkeys(found.heading for found in passages)
    text = "\n".join([passages[0].title, *headings, *(found.text for found in passages)])
    return passages[0].passage, text
