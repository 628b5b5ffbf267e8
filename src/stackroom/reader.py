"""The read path: a query becomes hits, an id becomes a document.

A search asks two indexes, that of words and that of vectors, and ranks what they find by all the evidence
there is. Both follow the catalogue: before each search one pragma tells whether anything was committed, and
only what changed is read. Whatever they say is a hint: a hit is shown only if the catalogue has the passage.
"""

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from stackroom.candidates import Asked, Indexes
from stackroom.catalog import VECTORS_AT_ONCE, Catalog
from stackroom.documents import Hit, RankedPassage
from stackroom.embedding.embedder import Fingerprint, ModelSource, refuse_another_model
from stackroom.errors import UnknownDocument, UnknownPart
from stackroom.fetched import Fetched, PageOfFile, unchanged_file
from stackroom.lexicon import Lexicon
from stackroom.operators import parse
from stackroom.page_text import last_line, marked_text
from stackroom.parts import MARK_CHARACTERS, Division, split_id
from stackroom.queries import QueryEmbedder
from stackroom.query import Query
from stackroom.quotes import quote
from stackroom.ranking import Evidence
from stackroom.records import FoundPassage, Model, Record
from stackroom.selection import Selection
from stackroom.settings import FETCH_CHARACTERS
from stackroom.snippets import RESULT_CHARACTERS, Matcher
from stackroom.splits import Split, Splits
from stackroom.status import Status, read_status
from stackroom.vectors import VectorIndex
from stackroom.visible import visible

DEFAULT_LIMIT = 10
"""Results of one search: what the tool contract returns at most."""

# Passages shown besides the best one of each document.
_FURTHER = 5

# Long documents of which is known how they are divided into parts.
_DIVISIONS = 256


class Reader:
    """Answers searches and fetches from one data folder. Safe to use from several threads."""

    def __init__(
        self,
        catalog: Catalog,
        lexicon: Lexicon,
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
        self._seen_version = (0, 0)
        self._seen_change = 0
        self._model: Model | None = None
        self._vectors = VectorIndex(1)
        self._splits = Splits()
        self._complete = False

    def close(self) -> None:
        """Closes the catalogue."""
        with self._turn:
            self._catalog.close()

    def warm(self) -> None:
        """Loads the vectors and the model now, so that searches need not wait.

        Searches in the meantime are answered from words, and from the vectors that are there already.

        Raises:
            ModelError: the model the index was built with can't be had, or is not the one asked for.
        """
        while True:
            with self._following():
                model, complete = self._model, self._complete
            if model is not None:
                self._queries_for(model.fingerprint)
            if complete:
                return

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
            query: words or a question, maybe with operators (see `stackroom.operators`); blank gives no hits.
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
        return [hit for hit, _ in self.explain(query, limit, characters, marked=marked)]

    def explain(
        self,
        query: str,
        limit: int = DEFAULT_LIMIT,
        characters: int = RESULT_CHARACTERS,
        *,
        marked: bool = False,
    ) -> list[tuple[Hit, Evidence]]:
        """As `search`, each hit with what is known of its best passage and the query."""
        if limit < 1:
            return []
        parsed = parse(query.encode(errors="replace").decode())
        with self._asking(parsed) as asked:
            ranked = self._ranked(parsed, asked, limit) if asked else {}
            return self._shown(ranked, limit, parsed.text, characters, marked=marked)

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
            id_: of a document, or of a part or some pages of it; see `stackroom.parts`.
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

    def file(self, document_id: str) -> tuple[Record, Path]:
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
        known = (self._seen_version[0], key)
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

    def _record(self, document_id: str) -> Record:
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
                model = self._model
                if model is None:
                    break
                # While nothing is embedded there is no reason to wait for the model.
                if not query.text or not len(self._vectors):
                    yield Asked(query.text, query.phrases, None, 0.0)
                    return
                turn.close()
                queries = self._queries_for(model.fingerprint)
                vector, known = queries.embed(query.text), queries.embedder.known_share(query.text)
                turn.enter_context(self._following())
                if self._model == model:  # and not embedded again with another one in the meantime
                    yield Asked(query.text, query.phrases, vector, known)
                    return
                turn.close()
            yield None

    def _ranked(self, query: Query, asked: Asked, limit: int) -> dict[int, Evidence]:
        if self._model is None:
            return {}
        indexes = Indexes(self._lexicon, self._vectors, self._splits)
        return Selection(self._catalog, self._model, indexes, self._splits).ranked(query, asked, limit)

    def _shown(
        self, ranked: dict[int, Evidence], limit: int, query: str, characters: int, *, marked: bool
    ) -> list[tuple[Hit, Evidence]]:
        """The first `limit` documents: each one's best passage, and the best of all others on other pages."""
        best: dict[Split, int] = {}
        others: dict[int, Split] = {}
        for id_ in ranked:
            split = self._splits.of(id_)
            if split is not None and split not in best and len(best) < limit:
                best[split] = id_
            elif split in best:
                others[id_] = split
        further = list(others)[:_FURTHER]
        places = self._catalog.passages([*best.values(), *further])
        matcher = Matcher(query)
        hits = []
        for split, id_ in best.items():
            if id_ not in places:
                continue
            pages = {places[id_].page}
            more = []
            for other in further:
                if others[other] == split and other in places and places[other].page not in pages:
                    pages.add(places[other].page)
                    part_id = self._part_id(split.document, places[other])
                    score = ranked[other].score
                    more.append(quote(places[other], score, matcher, characters, part_id, marked=marked))
            part_id = self._part_id(split.document, places[id_])
            shown = quote(places[id_], ranked[id_].score, matcher, characters, part_id, marked=marked)
            title = visible(places[id_].title)
            hits.append((Hit(places[id_].document_id, title, shown, tuple(more)), ranked[id_]))
        return hits

    @contextmanager
    def _following(self) -> Iterator[None]:
        """Our turn, in which everything read is of one moment, and the vectors are of that moment too."""
        with self._turn:
            self._catalog.follow_file()
            with self._catalog.snapshot():
                self._follow()
                yield

    def _follow(self) -> None:
        version = self._catalog.version()
        if version == self._seen_version and self._complete:
            return
        model = self._catalog.model()
        known = model == self._model and version[0] == self._seen_version[0]
        changes = self._catalog.changes_since(self._seen_change) if known else None
        self._seen_version = (0, 0)  # should an error stop us half-way, the next call loads everything
        if changes is None:
            self._model = model
            self._vectors = VectorIndex(model.fingerprint.dimensions if model else 1)
            self._splits = Splits()
            if model is not None:
                self._splits.add(self._catalog.splits(model))
            self._complete = model is None
            changes = []
        if model is not None:
            for change in changes:
                if change.kind == "published":
                    self._splits.add(self._catalog.splits(model, change.first, change.last))
                elif change.kind == "removed":
                    self._vectors.remove(change.first, change.last)
                    self._splits.remove(change.first, change.last)
                elif change.kind == "embedded" and self._complete:
                    self._complete = self._load(model, change.first, change.last)
            if not self._complete:
                # One block at a time, so that nobody waits for a million vectors.
                self._complete = self._load(model)
        self._seen_change = self._catalog.last_change()
        self._seen_version = version

    def _load(self, model: Model, first: int = 0, last: int = 2**63 - 1) -> bool:
        """Loads a block of the vectors that are not there yet. Returns whether it was the last one."""
        ids, codes = self._catalog.vectors(model, max(first, self._vectors.last + 1), last)
        self._vectors.add(ids, codes)
        return len(ids) < VECTORS_AT_ONCE

    def _queries_for(self, built_with: Fingerprint) -> QueryEmbedder:
        with self._loading:
            if self._queries is None or not self._queries.embedder.fingerprint.same_vectors(built_with):
                if self._model_wanted:
                    refuse_another_model(
                        self._model_wanted, self._models.digest(self._model_wanted), built_with
                    )
                self._queries = QueryEmbedder(self._models.load(built_with))
            return self._queries
