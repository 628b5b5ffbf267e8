"""From a query to hits, read from top to bottom: the read path on one page.

1. `parse` takes the operators out of the query.
2. The model makes a vector of the rest; `Asked` holds what the indexes are asked.
3. `Selection` takes passages from the index of words and the index of vectors, each with its evidence, lets
   through what the filters, phrases and exclusions allow, and ranks them by the formula in `finding.ranking`.
4. If there is a reranker, it reads the best passages again, and they change places: `finding.reranked`.
5. `Showing` reads the best passages of each document from the catalogue, and cuts them to sentences.

If nothing is left, what was demanded of it is left out, and the answer says so: `_nearest`.

What the indexes find is a hint only: a hit is shown only if the catalogue has the passage.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace

from stackroom.catalog.entries import FoundPassage, Model
from stackroom.common.documents import RankedPassage, Strength
from stackroom.embedding.reranking.reranker import Reread
from stackroom.indexes.matching import MatchingWords
from stackroom.indexes.misspelt import replaced
from stackroom.reading.finding.candidates import Asked, Candidate, Indexes
from stackroom.reading.finding.ranking import Evidence
from stackroom.reading.finding.reranked import as_read, reranked, to_read
from stackroom.reading.finding.selection import NOTHING, Selection
from stackroom.reading.finding.strength import strength
from stackroom.reading.in_memory import InMemory, Turn
from stackroom.reading.listing import NO_FACETS, Chip
from stackroom.reading.notices import (
    ALL_WEAK,
    MEANING_NOT_READY,
    NOTHING_ASKED,
    NOTHING_INDEXED,
    nothing_with,
    searched_instead,
    taken_as_words,
)
from stackroom.reading.query.parse import parse, without
from stackroom.reading.query.query import Query
from stackroom.reading.query_batches import QueryModel
from stackroom.reading.reranking import Reranking
from stackroom.reading.showing.hits import Answer, Showing

# Of a longer query, or phrase, only so many first characters are looked for as words: the time grows with
# them, and they say what it is about. A passage has some 1,000.
_MOST_CHARACTERS = 2000

PartIdInMemory = Callable[[int, FoundPassage, InMemory], str]
"""See `fetch.Fetching.part_id`."""


@dataclass(frozen=True, slots=True)
class _Found:
    """What a query finds in the catalogue of one moment.

    Attributes:
        asked: what the indexes were asked.
        ranked: passages, the best first.
        left_out, listed: see `Selected`.
        missing: see `Answer`.
        notices: see `Answer`.
        to_read: those of `ranked` that a reranker is to read, and what it reads of each.
        moment: tells that moment from others at which ids mean other passages.
    """

    asked: Asked
    ranked: list[Candidate]
    left_out: int
    listed: list[int] | None
    missing: str
    notices: tuple[str, ...]
    to_read: dict[Candidate, str]
    moment: tuple[int, Model | None]


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What of the answer is wanted: `text` is the query as it was written, `operators` are those in it; see
    `Reader.answer` for the others.
    """

    text: str
    operators: tuple[Chip, ...]
    start: int
    limit: int
    characters: int
    marked: bool
    facets: bool
    brief: bool


class Searching:
    """Answers queries. `Reader` has its methods, and describes their arguments."""

    def __init__(
        self,
        turn: Turn,
        word_index: MatchingWords,
        model: QueryModel,
        part_id: PartIdInMemory,
        search_characters: int,
        reranking: Reranking | None = None,
    ) -> None:
        """Reads nothing yet.

        Args:
            turn: for the catalogue and the indexes.
            word_index: the index of words; used only in a turn.
            model: makes vectors of queries.
            part_id: gives the id of the part of a document that a passage is in.
            search_characters: most characters of all texts in one answer together.
            reranking: reads the best passages again; None to leave them as they are.
        """
        self._turn = turn
        self._word_index = word_index
        self._model = model
        self._part_id = part_id
        self._search_characters = search_characters
        self._reranking = reranking

    def answer(
        self,
        text: str,
        limit: int,
        characters: int,
        *,
        marked: bool,
        start: int = 0,
        facets: bool = False,
        brief: bool = False,
    ) -> Answer:
        """See `Reader.answer`."""
        query = _read(text)
        if limit < 1:
            return Answer([], taken_as_words(query.misread), operators=query.operators)
        skipped = max(start, 0) + query.skip
        wanted = _Wanted(text, query.operators, skipped, limit, characters, marked, facets, brief)
        with self._ready_to_answer(query) as ready:
            if ready is None:
                asks = query.text or query.has_filters
                notices = (NOTHING_INDEXED if asks else NOTHING_ASKED, *taken_as_words(query.misread))
                return Answer([], notices, operators=query.operators)
            asked, memory = ready
            found = self._found(query, asked, memory, wanted.start, limit)
            if not found.to_read:
                return self._shown(found, memory, wanted)
        # No turn is held while the reranker computes, so that other searches go on.
        found, reread = self._reread(found)
        with self._turn.at_one_moment() as memory:
            if _moment(memory) == found.moment:
                return replace(self._shown(found, memory, wanted), reread=reread)
        # The index was built anew meanwhile.
        return self.answer(text, limit, characters, marked=marked, start=start, facets=facets, brief=brief)

    def rankings(self, text: str, depth: int) -> dict[str, list[RankedPassage]]:
        """See `Reader.rankings`."""
        query = _read(text)
        ranked: list[Candidate] = []
        places: dict[int, FoundPassage] = {}
        with self._ready_to_answer(query) as ready:
            if ready:
                asked, memory = ready
                found = self._found(query, asked, memory, 0, depth, nearest=False)
                ranked = found.ranked
                places = self._turn.catalog.passages([one.passage for one in ranked])
        if ranked and found.to_read:
            ranked = self._reread(found)[0].ranked
        words = [(one.words, one.passage) for one in ranked if one.words_rank]
        meaning = [(one.meaning or 0.0, one.passage) for one in ranked if one.meaning_rank]
        return {
            name: [
                RankedPassage(places[passage].document_id, places[passage].page, score)
                for score, passage in ranking
            ]
            for name, ranking in (
                ("words", _best_first(words)),
                ("meaning", _best_first(meaning)),
                ("fused", [(one.score, one.passage) for one in ranked]),
            )
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
        queries = self._model.loaded if query.text else None  # most likely that of the index
        with ExitStack() as turn:
            while query.text or query.has_filters:
                embedded = queries.embed(query.text) if queries else None
                memory = turn.enter_context(self._turn.at_one_moment())
                model = memory.model
                if model is None:
                    break
                # While nothing is embedded there is no reason to wait for the model.
                if not query.text or not len(memory.vectors):
                    yield by_words, memory
                    return
                if queries and embedded and queries.embedder.fingerprint.same_vectors(model.fingerprint):
                    unrelated = queries.embedder.unrelated_cosine
                    vector, known = embedded
                    yield replace(by_words, vector=vector, known=known, unrelated=unrelated), memory
                    return
                turn.close()
                queries = self._model.if_prepared(model.fingerprint)
                if queries is None:
                    yield by_words, turn.enter_context(self._turn.at_one_moment())
                    return
            yield None

    def _found(
        self, query: Query, asked: Asked, memory: InMemory, start: int, limit: int, *, nearest: bool = True
    ) -> _Found:
        """What a query finds; with `nearest`, what is nearest if it finds nothing. To be called in a turn."""
        missing = ""
        with self._word_index.at_one_moment():
            asked, meant = self._as_meant(query, asked)
            selection = self._selection(memory)
            ranked, left_out, listed = (
                selection.selected(query, asked, start, limit) if selection else NOTHING
            )
            if selection and not ranked and not listed and nearest:
                ranked, missing = self._nearest(query, asked, selection, start + limit)
        notices = taken_as_words(query.misread)
        if missing:
            notices = (nothing_with(missing, nearest=bool(ranked)), *notices)
        if asked.text and asked.vector is None and self._has_meaning(memory):
            notices = (MEANING_NOT_READY, *notices)
        notices += searched_instead(meant)
        if not ranked and not len(memory.ranges):
            notices = (NOTHING_INDEXED,)
        texts = {}
        if self._reranking and asked.text:
            some = to_read(ranked)
            places = self._turn.catalog.passages([one.passage for one in some])
            texts = {one: as_read(places[one.passage]) for one in some if one.passage in places}
        return _Found(asked, ranked, left_out, listed, missing, notices, texts, _moment(memory))

    def _reread(self, found: _Found) -> tuple[_Found, Reread]:
        """The same with its best passages in the order that the reranker gives them, and what it said."""
        assert self._reranking is not None  # noqa: S101  else there is nothing to read
        reread, notice = self._reranking.reread(found.asked.text, list(found.to_read.values()))
        ranked = reranked(found.ranked, list(found.to_read), reread.scores)
        notices = (notice, *found.notices) if notice else found.notices
        return replace(found, ranked=ranked, notices=notices), reread

    def _shown(self, found: _Found, memory: InMemory, wanted: _Wanted) -> Answer:
        showing = Showing(
            found.asked.text,
            wanted.characters,
            self._search_characters,
            self._turn.catalog,
            lambda key, place: self._part_id(key, place, memory),
            marked=wanted.marked,
            brief=wanted.brief,
        )
        answer = showing.answer(found.ranked, found.left_out, wanted.limit, found.notices)
        hits = [
            (replace(hit, strength=_strength(found, evidence, is_first=wanted.start + place == 0)), evidence)
            for place, (hit, evidence) in enumerate(answer.hits)
        ]
        notices = answer.notices
        is_ready = MEANING_NOT_READY not in notices  # words alone do not tell that nothing means the same
        if hits and is_ready and not found.missing and all(hit.strength == "weak" for hit, _ in hits):
            notices += (ALL_WEAK,)
        firsts, total = showing.matched, answer.total
        if found.listed is not None:
            firsts, total = found.listed, len(found.listed)
        shown = len(answer.hits)
        unshown = max(total - wanted.start - shown, 0)
        following = ""
        if unshown and shown:
            following = f"{without(wanted.text, 'skip')} skip:{wanted.start + shown}".strip()
        selection = self._selection(memory) if wanted.facets else None
        return replace(
            answer,
            hits=hits,
            notices=notices,
            missing=found.missing if found.ranked else "",
            total=total,
            unshown=unshown,
            next_query=following,
            facets=selection.facets(firsts, wanted.text) if selection else NO_FACETS,
            operators=wanted.operators,
        )

    def _as_meant(self, query: Query, asked: Asked) -> tuple[Asked, dict[str, tuple[str, ...]]]:
        """What is asked, with those words that are nowhere replaced by words that are one letter from them;
        and by which. A phrase stays as it is.
        """
        meant = {} if query.phrases else self._word_index.meant(asked.text)
        return replace(asked, text=replaced(asked.text, meant)), meant

    def _selection(self, memory: InMemory) -> Selection | None:
        """None before the first indexing."""
        if memory.model is None:
            return None
        indexes = Indexes(self._word_index, memory.vectors, memory.ranges, memory.page_numbers)
        return Selection(self._turn.catalog, memory.model, indexes, memory.ranges, memory.table)

    def _nearest(
        self, query: Query, asked: Asked, selection: Selection, limit: int
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
                ranked = selection.ranked(less, replace(asked, phrases=_by_words(less).phrases), limit)
                if ranked:
                    return ranked, " ".join(left_out)
        return [], " ".join(phrases + filters)

    def _has_meaning(self, memory: InMemory) -> bool:
        """Whether passages have vectors, or will have: then a search by words alone misses something."""
        return len(memory.vectors) > 0 or self._turn.catalog.has_waiting()


def _best_first(ranking: Sequence[tuple[float, int]]) -> list[tuple[float, int]]:
    """Pairs of a score and a passage by descending score, those with equal scores by ascending passage."""
    return sorted(ranking, key=lambda pair: (-pair[0], pair[1]))


def _strength(found: _Found, evidence: Evidence, *, is_first: bool) -> Strength:
    if not found.asked.text:
        return ""
    if found.missing:  # it lacks what was demanded
        return "weak"
    return strength(evidence, found.asked.known, found.asked.unrelated, is_first=is_first)


def _moment(memory: InMemory) -> tuple[int, Model | None]:
    return memory.opening, memory.model


def _by_words(query: Query) -> Asked:
    phrases = tuple(phrase[:_MOST_CHARACTERS] for phrase in query.phrases)
    return Asked(query.text[:_MOST_CHARACTERS], phrases, None, 0.0)


def _read(text: str) -> Query:
    # Bytes that are no text come as halves of surrogate pairs, which no index takes.
    return parse(text.encode(errors="replace").decode())
