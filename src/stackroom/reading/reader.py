"""The read path: a query becomes hits, an id becomes a document.

A search asks two indexes, that of words and that of vectors, and ranks what they find by all the evidence
there is. Both follow the catalogue: before each search one pragma tells whether anything was committed, and
only what changed is read. Whatever they say is a hint: a hit is shown only if the catalogue has the passage.
"""

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

from stackroom.catalog.catalog import Catalog
from stackroom.catalog.entries import DocumentEntry, FoundPassage
from stackroom.catalog.status import Status, read_status
from stackroom.common.documents import Hit, RankedPassage
from stackroom.common.errors import UnknownDocument, UnknownPart
from stackroom.common.settings import FETCH_CHARACTERS
from stackroom.embedding.embedder import Fingerprint, ModelSource, Preparation, refuse_another_model
from stackroom.indexes.words import WordIndex
from stackroom.page.parts import MARK_CHARACTERS, Division, split_id
from stackroom.page.text import last_line, marked_text
from stackroom.reading.finding.candidates import Asked, Indexes
from stackroom.reading.finding.ranking import Evidence
from stackroom.reading.finding.selection import Selection
from stackroom.reading.in_memory import Loaded
from stackroom.reading.notices import MEANING_NOT_READY, taken_as_words
from stackroom.reading.query.parse import parse
from stackroom.reading.query.query import Query
from stackroom.reading.query_batches import QueryEmbedder
from stackroom.reading.results import Fetched, PageOfFile, unchanged_file
from stackroom.reading.showing.hits import Answer, shown
from stackroom.reading.showing.snippets import RESULT_CHARACTERS

DEFAULT_LIMIT = 10
"""Results of one search: what the tool contract returns at most."""

# Long documents of which is known how they are divided into parts.
_DIVISIONS = 256


class Reader:
    """Answers searches and fetches from one data folder. Safe to use from several threads."""

    def __init__(
        self,
        catalog: Catalog,
        lexicon: WordIndex,
        models: ModelSource,
        model: str = "",
        fetch_characters: int = FETCH_CHARACTERS,
    ) -> None:
        """Reads nothing yet.

        Args:
            catalog: the truth; the reader owns it from now on.
            lexicon: its index of words; likewise.
            models: gives the model the index was built with, when it is first needed.
            model: the model the user insists on; empty means whichever the index was built with.
            fetch_characters: most characters of a document in one answer to a fetch.
        """
        self._catalog = catalog
        self._lexicon = lexicon
        self._models = models
        self._model_wanted = model
        self._fetch_characters = fetch_characters
        self._divisions: dict[tuple[int, int], Division] = {}  # by the catalogue's opening, document's key
        self._turn = threading.Lock()  # for the catalogue and both indexes
        self._loading = threading.Lock()  # for the embedder
        self._queries: QueryEmbedder | None = None
        self._loaded = Loaded(catalog)
        self.closed = False
        """Whether it is of no more use."""

    def close(self) -> None:
        """Closes the catalogue."""
        with self._turn:
            self.closed = True
            self._catalog.close()

    def catch_up(self) -> bool:
        """Loads all vectors; searches in the meantime are answered from those that are there already.

        Returns:
            Whether there are any, so that searches want the model.
        """
        complete = False
        while not complete:
            with self._following():
                complete = self._loaded.complete
        return len(self._loaded.vectors) > 0

    def preparation(self) -> Preparation:
        """How far the model is that the index was built with; done as well if there is no index yet.

        Raises:
            ModelError: it can't be had.
        """
        with self._following():
            model = self._loaded.model
        return self._models.preparation(model.fingerprint) if model else Preparation.DONE

    def warm(self) -> None:
        """Loads the vectors and the model now, so that searches need not wait. Prepares the model if need be.

        Searches in the meantime are answered from words, and from the vectors that are there already.

        Raises:
            ModelError: the model the index was built with can't be had, or is not the one asked for.
        """
        self.catch_up()
        model = self._loaded.model
        if model is not None:
            self._queries_for(model.fingerprint)

    def warm_filters(self) -> None:
        """Loads what documents can be chosen by, some at a time."""
        complete = False
        while not complete:
            with self._following():
                model, splits, table = self._loaded.model, self._loaded.splits.all, self._loaded.descriptions
                complete = not model or (
                    table.read_some(splits, partial(self._catalog.descriptions, model)) and table.fold_some()
                )

    def search(
        self,
        query: str,
        limit: int = DEFAULT_LIMIT,
        characters: int = RESULT_CHARACTERS,
        *,
        marked: bool = False,
    ) -> list[Hit]:
        """The documents that answer `query` best, each with its best passages.

        Args:
            query: words or a question, maybe with operators (see `reading.query.parse`); blank gives no hits.
            limit: most documents to return.
            characters: how long the text of a best passage may be.
            marked: whether to tell where the query's words are in the texts.

        Returns:
            Hits by descending score of their best passages; equal scores always in the same order. If the
            query has nothing but filters, the documents they let through, the newest first.

        Raises:
            ModelError: see `warm`.
            CatalogUnusable: the catalogue can't be read.
        """
        return [hit for hit, _ in self.answer(query, limit, characters, marked=marked).hits]

    def answer(
        self,
        query: str,
        limit: int = DEFAULT_LIMIT,
        characters: int = RESULT_CHARACTERS,
        *,
        marked: bool = False,
    ) -> Answer:
        """As `search`, with what is known of each hit, and what is to be said of all of them.

        Never waits for a model that is not prepared: until it is, words alone are searched.
        """
        parsed = parse(query.encode(errors="replace").decode())
        notices = taken_as_words(parsed.misread)
        if limit < 1:
            return Answer([], notices)
        with self._asking(parsed) as asked:
            ranked = self._ranked(parsed, asked, limit) if asked else {}
            hits = shown(
                ranked,
                limit,
                parsed.text,
                characters,
                self._catalog,
                self._loaded.splits,
                self._part_id,
                marked=marked,
            )
            if asked and asked.text and asked.vector is None and self._wants_meaning():
                notices = (MEANING_NOT_READY, *notices)
        return Answer(hits, notices)

    def rankings(self, query: str, depth: int = 100) -> dict[str, list[RankedPassage]]:
        """What words and meaning find, each alone and both as `search` ranks them: to evaluate them.

        Call `warm` first: nothing else makes sure that all vectors are there.

        Args:
            query: as for `search`.
            depth: how many documents the fused ranking should reach, if it finds as many; the others have as
                many passages as that takes.

        Returns:
            Under "words", "meaning" and "fused" the passages found, the best first.

        Raises:
            ModelError: see `warm`.
            CatalogUnusable: the catalogue can't be read.
        """
        parsed = parse(query.encode(errors="replace").decode())
        with self._asking(parsed) as asked:
            fused = self._ranked(parsed, asked, depth) if asked else {}
            words = {id_: found.words for id_, found in fused.items() if found.words_rank}
            meaning = {id_: found.meaning or 0.0 for id_, found in fused.items() if found.meaning_rank}
            scores = {
                "words": words,
                "meaning": meaning,
                "fused": {id_: found.score for id_, found in fused.items()},
            }
            places = self._catalog.passages(list(fused))
            return {
                name: [
                    RankedPassage(places[id_].document_id, places[id_].page, score)
                    for id_, score in sorted(ranking.items(), key=lambda pair: (-pair[1], pair[0]))
                ]
                for name, ranking in scores.items()
            }

    def fetch(self, id_: str, limit: int | None = None) -> Fetched:
        """The document with this id, or the one that took its place when its file changed; or a part of it.

        Args:
            id_: of a document, or of a part or some pages of it; see `stackroom.page.parts`.
            limit: most characters of an answer, if not what the reader was made with. The last line comes on
                top. Of what is longer the first part is given, and the id of the next.

        Raises:
            UnknownDocument: there is neither document; UnknownPart if the document lacks the pages.
        """
        document_id, wanted = split_id(id_)
        with self._following():
            record = self._record(document_id)
            if limit is None:
                division = self._division(record.key)
            else:
                division = Division(self._catalog.page_lengths(record.key), limit)
            part = division.asked(wanted)
            text = marked_text(self._catalog.pages(record.key, part.first, part.last), part)
            ocr_pages = self._catalog.ocr_pages(record.key, part.first, part.last)
            unread_pages = self._catalog.unread_pages(record.key, part.first, part.last)
        after, before = division.after(part), division.before(part)
        next_id = division.id(record.id, after) if after else ""
        number = division.number(part.first, part.start)
        if after or before:
            text += "\n" + last_line(number, len(division.parts), part, record.page_count, next_id)
        return Fetched(
            record,
            division.id(record.id, part),
            text,
            part,
            number,
            len(division.parts),
            next_id,
            division.id(record.id, before) if before else "",
            ocr_pages,
            unread_pages,
        )

    def page(self, document_id: str, number: int) -> PageOfFile:
        """A page of the document with this id, or of the one that took its place; `number` is 1-based.

        Raises:
            UnknownDocument: there is neither; UnknownPart if the document has no such page.
        """
        with self._following():
            record = self._record(document_id)
            pages = self._catalog.pages(record.key, number, number) if number <= record.page_count else []
            ocr = self._catalog.ocr_pages(record.key, number, number) if pages else {}
            words = self._catalog.word_boxes(record.key, number) if ocr else ()
        if not pages:
            raise UnknownPart(f"This document has {record.page_count} pages, so none numbered {number}.")
        return PageOfFile(
            record, pages[0], unchanged_file(record, self._catalog.path), ocr.get(number), words
        )

    def file(self, document_id: str) -> tuple[DocumentEntry, Path]:
        """The PDF itself: a file that still is as it was when the document was indexed.

        Raises:
            UnknownDocument: no document has this id, or each of its files is gone or has changed since.
        """
        with self._following():
            record = self._record(document_id)
        file = unchanged_file(record, self._catalog.path)
        if file is not None:
            return record, file
        raise UnknownDocument(
            f"The file of document {document_id!r} has been moved or changed and not been indexed again yet."
        )

    def status(self) -> Status:
        """What the catalogue holds."""
        with self._turn:
            self._catalog.follow_file()
            return read_status(self._catalog)

    def _division(self, key: int) -> Division:
        """How a document is divided into parts: those of one key never change."""
        known = (self._loaded.opening, key)
        if known not in self._divisions:
            if len(self._divisions) >= _DIVISIONS:
                self._divisions.clear()
            self._divisions[known] = Division(self._catalog.page_lengths(key), self._fetch_characters)
        return self._divisions[known]

    def _part_id(self, key: int, place: FoundPassage) -> str:
        """The id of the part that has a passage of the document with this key."""
        text_bytes, pages = self._catalog.extent(key)
        if text_bytes + pages * MARK_CHARACTERS <= self._fetch_characters:
            return place.document_id
        division = self._division(key)
        return division.id(place.document_id, division.part(place.page, place.start))

    def _record(self, document_id: str) -> DocumentEntry:
        # Bytes that are no text come as halves of surrogate pairs, which SQLite refuses.
        record = self._catalog.document(document_id.strip().encode(errors="replace").decode())
        if record is None:
            raise UnknownDocument(
                f"No document has the id {document_id!r}. Use an id exactly as a search result gives it."
                if document_id.strip()
                else "The id is empty. Use an id exactly as a search result gives it."
            )
        return record

    @contextmanager
    def _asking(self, query: Query) -> Iterator[Asked | None]:
        """The query, ready to be answered in the block; None if nothing is asked, or nothing indexed."""
        with ExitStack() as turn:
            while query.text or query.has_filters:
                turn.enter_context(self._following())
                model = self._loaded.model
                if model is None:
                    break
                # While nothing is embedded there is no reason to wait for the model.
                if not query.text or not len(self._loaded.vectors):
                    yield Asked(query.text, query.phrases, None, 0.0)
                    return
                turn.close()
                queries = self._queries_if_prepared(model.fingerprint)
                if queries is None:
                    turn.enter_context(self._following())
                    yield Asked(query.text, query.phrases, None, 0.0)
                    return
                vector, known = queries.embed(query.text), queries.embedder.known_share(query.text)
                turn.enter_context(self._following())
                if self._loaded.model == model:  # and not embedded again with another one in the meantime
                    yield Asked(query.text, query.phrases, vector, known)
                    return
                turn.close()
            yield None

    def _ranked(self, query: Query, asked: Asked, limit: int) -> dict[int, Evidence]:
        loaded = self._loaded
        if loaded.model is None:
            return {}
        indexes = Indexes(self._lexicon, loaded.vectors, loaded.splits)
        selection = Selection(self._catalog, loaded.model, indexes, loaded.splits, loaded.descriptions)
        return selection.ranked(query, asked, limit)

    def _wants_meaning(self) -> bool:
        """Whether meaning would find something if the model were there, or soon will."""
        return len(self._loaded.vectors) > 0 or self._catalog.has_waiting()

    @contextmanager
    def _following(self) -> Iterator[None]:
        """Our turn, in which everything read is of one moment, and the vectors are of that moment too."""
        with self._turn:
            self._catalog.follow_file()
            with self._catalog.snapshot():
                self._loaded.follow()
                yield

    def _queries_if_prepared(self, built_with: Fingerprint) -> QueryEmbedder | None:
        """As `_queries_for`; None if the model is still to be prepared, which may take minutes."""
        queries = self._queries
        if queries is not None and queries.embedder.fingerprint.same_vectors(built_with):
            return queries
        if self._models.preparation(built_with) is not Preparation.DONE:
            return None
        return self._queries_for(built_with)

    def _queries_for(self, built_with: Fingerprint) -> QueryEmbedder:
        with self._loading:
            if self._queries is None or not self._queries.embedder.fingerprint.same_vectors(built_with):
                if self._model_wanted:
                    refuse_another_model(
                        self._model_wanted, self._models.digest(self._model_wanted), built_with
                    )
                self._queries = QueryEmbedder(self._models.load(built_with))
            return self._queries
