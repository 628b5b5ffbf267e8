"""From a query to hits, read from top to bottom: the read path on one page.

1. `parse` takes the operators out of the query.
2. The model makes a vector of the rest; `Asked` holds what the indexes are asked.
3. `Selection` takes passages from the index of words and the index of vectors, each with its evidence, lets
   through what the filters, phrases and exclusions allow, and ranks them by the formula in `finding.ranking`.
4. `Showing` reads the best passages of each document from the catalogue, and cuts them to sentences.

If nothing is left, what was demanded of it is left out, and the answer says so: `_nearest`.

What the indexes find is a hint only: a hit is shown only if the catalogue has the passage.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace

from stackroom.catalog.entries import FoundPassage
from stackroom.common.documents import RankedPassage
from stackroom.indexes.misspelt import replaced
from stackroom.indexes.words import WordIndex
from stackroom.reading.finding.candidates import Asked, Candidate, Indexes
from stackroom.reading.finding.selection import Selection
from stackroom.reading.in_memory import InMemory, Turn
from stackroom.reading.notices import MEANING_NOT_READY, nothing_with, searched_instead, taken_as_words
from stackroom.reading.query.parse import parse
from stackroom.reading.query.query import Query
from stackroom.reading.query_batches import QueryModel
from stackroom.reading.showing.hits import Answer, Showing

# Of a longer query, or phrase, only so many first characters are looked for as words: the time grows with
# them, and they say what it is about. A passage has some 1,000.
_MOST_CHARACTERS = 2000

PartIdInMemory = Callable[[int, FoundPassage, InMemory], str]
"""See `fetch.Fetching.part_id`."""


class Searching:
    """Answers queries. `Reader` has its methods, and describes their arguments."""

    def __init__(
        self,
        turn: Turn,
        word_index: WordIndex,
        model: QueryModel,
        part_id: PartIdInMemory,
        search_characters: int,
    ) -> None:
        """Reads nothing yet.

        Args:
            turn: for the catalogue and the indexes.
            word_index: the index of words; used only in a turn.
            model: makes vectors of queries.
            part_id: gives the id of the part of a document that a passage is in.
            search_characters: most characters of all texts in one answer together.
        """
        self._turn = turn
        self._word_index = word_index
        self._model = model
        self._part_id = part_id
        self._search_characters = search_characters

    def answer(self, text: str, limit: int, characters: int, *, marked: bool) -> Answer:
        """See `Reader.answer`."""
        query = _read(text)
        notices = taken_as_words(query.misread)
        if limit < 1:
            return Answer([], notices)
        with self._ready_to_answer(query) as ready:
            if ready is None:
                return Answer([], notices)
            asked, memory = ready
            asked, meant = self._as_meant(query, asked)
            ranked = self._ranked(query, asked, memory, limit)
            missing = ""
            if not ranked:
                ranked, missing = self._nearest(query, asked, memory, limit)
            if missing:
                notices = (nothing_with(missing, nearest=bool(ranked)), *notices)
            if asked.text and asked.vector is None and self._has_meaning(memory):
                notices = (MEANING_NOT_READY, *notices)
            showing = Showing(
                asked.text,
                characters,
                self._search_characters,
                self._turn.catalog,
                lambda key, place: self._part_id(key, place, memory),
                marked=marked,
            )
            notices += searched_instead(meant)
            return replace(showing.answer(ranked, limit, notices), missing=missing if ranked else "")

    def rankings(self, text: str, depth: int) -> dict[str, list[RankedPassage]]:
        """See `Reader.rankings`."""
        query = _read(text)
        with self._ready_to_answer(query) as ready:
            ranked = []
            if ready:
                asked, memory = ready
                asked, _ = self._as_meant(query, asked)
                ranked = self._ranked(query, asked, memory, depth)
            scores = {
                "words": {one.passage: one.words for one in ranked if one.words_rank},
                "meaning": {one.passage: one.meaning or 0.0 for one in ranked if one.meaning_rank},
                "fused": {one.passage: one.score for one in ranked},
            }
            places = self._turn.catalog.passages([one.passage for one in ranked]) if ranked else {}
        return {
            name: [
                RankedPassage(places[passage].document_id, places[passage].page, score)
                for passage, score in sorted(ranking.items(), key=lambda pair: (-pair[1], pair[0]))
            ]
            for name, ranking in scores.items()
        }

    @contextmanager
    def _ready_to_answer(self, query: Query) -> Iterator[tuple[Asked, InMemory] | None]:
        """Makes the query's vector, then takes a turn, which lasts as long as the block.

        No turn is held while the model computes, so that other searches go on. If the index was built anew
        with another model in the meantime, the vector is made again.

        Yields:
            What the indexes are asked, and what is in memory. None if the query asks nothing, or nothing was
            indexed yet. The vector is None if nothing is embedded yet, or the model is not prepared.
        """
        by_words = _by_words(query)
        with ExitStack() as turn:
            while query.text or query.has_filters:
                memory = turn.enter_context(self._turn.at_one_moment())
                model = memory.model
                if model is None:
                    break
                # While nothing is embedded there is no reason to wait for the model.
                if not query.text or not len(memory.vectors):
                    yield by_words, memory
                    return
                turn.close()
                queries = self._model.if_prepared(model.fingerprint)
                if queries is None:
                    yield by_words, turn.enter_context(self._turn.at_one_moment())
                    return
                vector, known = queries.embed(query.text), queries.embedder.known_share(query.text)
                memory = turn.enter_context(self._turn.at_one_moment())
                if memory.model == model:
                    unrelated = queries.embedder.unrelated_cosine
                    yield replace(by_words, vector=vector, known=known, unrelated=unrelated), memory
                    return
                turn.close()
            yield None

    def _as_meant(self, query: Query, asked: Asked) -> tuple[Asked, dict[str, tuple[str, ...]]]:
        """What is asked, with those words that are nowhere replaced by words that are one letter from them;
        and by which. A phrase stays as it is.
        """
        meant = {} if query.phrases else self._word_index.meant(asked.text)
        return replace(asked, text=replaced(asked.text, meant)), meant

    def _ranked(self, query: Query, asked: Asked, memory: InMemory, limit: int) -> list[Candidate]:
        """Passages of at least `limit` documents, if there are as many; the best first."""
        if memory.model is None:
            return []
        indexes = Indexes(self._word_index, memory.vectors, memory.ranges, self._turn.catalog.page_numbers)
        selection = Selection(self._turn.catalog, memory.model, indexes, memory.ranges, memory.table)
        return selection.ranked(query, asked, limit)

    def _nearest(
        self, query: Query, asked: Asked, memory: InMemory, limit: int
    ) -> tuple[list[Candidate], str]:
        """What answers a query that finds nothing, if it is asked for less; and what was left out of it.

        Its phrases are left out, or its filters, or both: the first that finds anything.
        """
        phrases, filters = query.written_phrases, query.written_filters
        for less, left_out in (
            (query.without_phrases, phrases),
            (query.without_filters, filters),
            (query.without_phrases.without_filters, phrases + filters),
        ):
            if left_out and less.text:
                ranked = self._ranked(less, replace(asked, phrases=_by_words(less).phrases), memory, limit)
                if ranked:
                    return ranked, " ".join(left_out)
        return [], " ".join(phrases + filters)

    def _has_meaning(self, memory: InMemory) -> bool:
        """Whether passages have vectors, or will have: then a search by words alone misses something."""
        return len(memory.vectors) > 0 or self._turn.catalog.has_waiting()


def _by_words(query: Query) -> Asked:
    phrases = tuple(phrase[:_MOST_CHARACTERS] for phrase in query.phrases)
    return Asked(query.text[:_MOST_CHARACTERS], phrases, None, 0.0)


def _read(text: str) -> Query:
    # Bytes that are no text come as halves of surrogate pairs, which no index takes.
    return parse(text.encode(errors="replace").decode())
