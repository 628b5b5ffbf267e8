"""From ranked passages to what a search shows of them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from stackroom.catalog.catalog import Catalog
from stackroom.catalog.entries import FoundPassage
from stackroom.catalog.passage_ranges import PassageRange
from stackroom.common.documents import Hit, Quote
from stackroom.page.visible_text import visible
from stackroom.reading.finding.candidates import Candidate
from stackroom.reading.finding.ranking import Evidence
from stackroom.reading.showing.query_words import Matcher
from stackroom.reading.showing.quote import quote

# Most passages of one answer that are shown besides the best one of each document.
_FURTHER = 5

PartId = Callable[[int, FoundPassage], str]
"""Gives the id that fetches the part of a document which has a passage: of its key, and the passage."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a search gives.

    Attributes:
        hits: by descending score of their best passages, each with the evidence for that passage.
        notices: sentences for whoever asked, which tell why this may be less than was asked for.
    """

    hits: list[tuple[Hit, Evidence]]
    notices: tuple[str, ...] = ()


def shown(
    ranked: Sequence[Candidate],
    limit: int,
    query: str,
    characters: int,
    catalog: Catalog,
    part_id: PartId,
    *,
    marked: bool,
) -> list[tuple[Hit, Evidence]]:
    """The hits for the first `limit` documents: each one's best passage, and further good ones.

    Further ones are the next best passages of these documents, five for the whole answer, of which each shows
    another page.

    Args:
        ranked: passages, the best first.
        limit: most documents.
        query: its words, without operators.
        characters: most characters of the text of a passage; see `Reader.search`.
        catalog: has the passages; those that it lacks are left out.
        part_id: see `PartId`.
        marked: whether to tell where the query's words are in the texts.
    """
    best: dict[PassageRange, Candidate] = {}
    further: list[Candidate] = []
    for candidate in ranked:
        if candidate.range in best:
            if len(further) < _FURTHER:
                further.append(candidate)
        elif len(best) < limit:
            best[candidate.range] = candidate
    places = catalog.passages([candidate.passage for candidate in (*best.values(), *further)])
    matcher = Matcher(query)

    def quoted(candidate: Candidate) -> Quote:
        place = places[candidate.passage]
        part = part_id(candidate.range.document, place)
        return quote(place, candidate.score, matcher, characters, part, marked=marked)

    hits = []
    for candidate in best.values():
        place = places.get(candidate.passage)
        if place is None:
            continue
        pages = {place.page}
        more = []
        for other in further:
            other_place = places.get(other.passage)
            if other.range == candidate.range and other_place and other_place.page not in pages:
                pages.add(other_place.page)
                more.append(quoted(other))
        hit = Hit(place.document_id, visible(place.title), quoted(candidate), tuple(more))
        hits.append((hit, candidate.evidence))
    return hits
