"""From ranked passages to what a search shows of them: the best of each document, and further good pages."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from stackroom.catalog.catalog import Catalog
from stackroom.catalog.entries import FoundPassage
from stackroom.common.documents import Copy, Hit, Quote
from stackroom.embedding.reranking.reranker import NOTHING_READ, Reread
from stackroom.page.foreign_text import own_label
from stackroom.page.mark import Mark
from stackroom.page.visible_text import visible
from stackroom.reading.finding.candidates import Candidate
from stackroom.reading.finding.ranking import Evidence
from stackroom.reading.listing import NO_FACETS, Chip, Facets
from stackroom.reading.showing.query_words import Matcher
from stackroom.reading.showing.quote import quote

# Most pages of one answer that are shown besides the best one of each document.
_FURTHER = 20

# Characters: a shorter quotation tells nothing.
_LEAST = 120

# Passages are read until enough different texts are among them; at most so many times the number wanted.
_TIMES = 5

# Most copies of a passage that are named.
_COPIES = 20

# Characters that "…" and a blank on either side of a text may take, which come on top of its room.
_ELLIPSES = 4

PartId = Callable[[int, FoundPassage], str]
"""Gives the id that fetches the part of a document which has a passage: of its key, and the passage."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a search gives.

    Attributes:
        hits: by descending score of their best passages, each with the evidence for that passage.
        notices: sentences for whoever asked, which tell why this may be less than was asked for.
        unshown: how many more documents were found, after these.
        missing: phrases and filters of the query that no hit meets, because nothing does; mostly empty.
        reread: what a reranker has read for it; nothing without one.
        total: how many documents matched: all that were found. Of a query that has nothing but filters these
            are all that they let through. Of words, it is bounded by what the indexes are asked for: the
            documents of the 100 passages whose words match best and of the 100 nearest in meaning (twice as
            many of each as documents were asked for, if that is more), and further ones until there are
            enough. A document whose best passage is word for word that of another one is named there, and
            not counted.
        next_query: what to search for to get the documents that follow; empty if there are none.
        facets: of these documents, if they were asked for.
        operators: the operators in use, in the order in which they were written.
    """

    hits: list[tuple[Hit, Evidence]]
    notices: tuple[str, ...] = ()
    unshown: int = 0
    missing: str = ""
    reread: Reread = NOTHING_READ
    total: int = 0
    next_query: str = ""
    facets: Facets = NO_FACETS
    operators: tuple[Chip, ...] = ()


@dataclass(frozen=True, slots=True)
class _Found:
    """A passage to show. `copies` are passages elsewhere with the same text."""

    candidate: Candidate
    place: FoundPassage
    copies: list[FoundPassage] = field(default_factory=list)


class Showing:
    """What is shown of the passages that answer one query.

    Attributes:
        matched: the first passages of the documents found, the best first; without those whose best passage
            is word for word that of another one. `answer` tells them.
    """

    def __init__(
        self,
        query: str,
        characters: int,
        most: int,
        catalog: Catalog,
        part_id: PartId,
        *,
        marked: bool,
        brief: bool = False,
    ) -> None:
        """Reads nothing yet.

        Args:
            query: its words, without operators; empty if it has only filters.
            characters: most characters of the text of a passage; see `Reader.search`.
            most: most characters of all texts together.
            catalog: has the passages; those that it lacks are left out.
            part_id: see `PartId`.
            marked: whether to tell where the query's words are in the texts.
            brief: whether to spend less time: the best passages are quoted as further ones are, and words are
                marked in them alone.
        """
        self._brief = brief
        self._query = query
        self._characters = characters
        self._most = most
        self._catalog = catalog
        self._part_id = part_id
        self._marked = marked
        self._matcher = Matcher(query)
        self._known: dict[str, _Found] = {}  # what is shown already, by its text
        self.matched: list[int] = []
        # By a document's first passage: how many of its passages are copies of what is shown.
        self._copies = Counter[int]()

    def answer(self, ranked: Sequence[Candidate], start: int, limit: int, notices: tuple[str, ...]) -> Answer:
        """The best passage of each of `limit` documents after the first `start`, and further pages of these.

        Further ones are the next best pages, whoever's they are: up to 20 in all, as far as there is room for
        a sentence of each. A text that several pages have is shown once, and the others are named with it; if
        the query has only filters, each document is shown all the same.

        Args:
            ranked: passages, the best first.
            start: so many documents are left out; to know the same texts again, their passages are read.
            limit: most documents.
            notices: see `Answer`.
        """
        leaders, others = _by_page(ranked)
        best = self._different(leaders.values(), start + limit)
        self.matched = [first for first in leaders if first not in self._copies]
        total, best = len(self.matched), best[start:]
        documents = {found.candidate.range.first for found in best}
        waiting = [candidate for candidate in others if candidate.range.first in documents]
        quotes: dict[int, Quote] = {}
        left = self._most
        for number, found in enumerate(best):
            left -= self._quote(found, left // (len(best) - number), quotes)
        further = self._different(waiting, min(_FURTHER, max(left, 0) // _LEAST))
        for number, found in enumerate(further):
            left -= self._quote(found, left // (len(further) - number), quotes, brief=True)
        more = defaultdict[int, list[Quote]](list)
        for found in further:
            more[found.candidate.range.first].append(_with_copies(quotes, found))
        pages = Counter(candidate.range.first for candidate in waiting)
        hits = []
        for found in best:
            document, place = found.candidate.range.first, found.place
            own = tuple(more[document])
            unshown = pages[document] - len(own) - self._copies[document]
            hit = Hit(place.document_id, visible(place.title), _with_copies(quotes, found), own, unshown)
            hits.append((hit, found.candidate.evidence))
        return Answer(hits, notices, max(total - start - len(hits), 0), total=total)

    def _different(self, candidates: Iterable[Candidate], wanted: int) -> list[_Found]:
        """The first `wanted` candidates with texts that are not shown yet. Others that are read on the way,
        and have a text that is, become its copies.
        """
        found: list[_Found] = []
        waiting = list(candidates)
        for start in range(0, min(len(waiting), _TIMES * wanted), max(wanted, 1)):
            some = waiting[start : start + wanted]
            places = self._catalog.passages([candidate.passage for candidate in some])
            for candidate in some:
                place = places.get(candidate.passage)
                if place is None:
                    continue
                text = place.text.replace("\n", " ").strip() if self._query else str(candidate.passage)
                known = self._known.get(text)
                if known is not None:
                    known.copies.append(place)
                    self._copies[candidate.range.first] += 1
                elif len(found) < wanted:
                    self._known[text] = _Found(candidate, place)
                    found.append(self._known[text])
            if len(found) >= wanted:
                break
        return found

    def _quote(self, found: _Found, room: int, quotes: dict[int, Quote], *, brief: bool = False) -> int:
        """Adds a quotation, in at most `room` characters. Returns how many it takes."""
        characters = min(self._characters, room - _ELLIPSES)
        part = self._part_id(found.candidate.range.document, found.place)
        quoted = quote(
            found.place,
            found.candidate.score,
            self._matcher,
            characters,
            part,
            marked=self._marked and not (brief and self._brief),
            brief=brief or self._brief,
        )
        quotes[found.candidate.passage] = quoted
        return len(quoted.text)


def _by_page(ranked: Iterable[Candidate]) -> tuple[dict[int, Candidate], list[Candidate]]:
    """By a document's first passage its best one; and the best passage of each other page, in order."""
    leaders: dict[int, Candidate] = {}
    others: dict[tuple[int, int], Candidate] = {}
    for candidate in ranked:
        first, page = candidate.range.first, candidate.page_number
        if leaders.setdefault(first, candidate).page_number != page:
            others.setdefault((first, page), candidate)
    return leaders, list(others.values())


def _with_copies(quotes: Mapping[int, Quote], found: _Found) -> Quote:
    quoted = quotes[found.candidate.passage]
    if not found.copies:
        return quoted
    named = (
        Copy(
            place.document_id,
            visible(place.title),
            place.page,
            own_label(place.page_label) or str(place.page),
            str(Mark.of(place.page_text, place.start, place.stop)),
        )
        for place in found.copies[:_COPIES]
    )
    return replace(quoted, copies=tuple(named))
