"""From ranked passages to what a search shows of them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from stackroom.catalog.catalog import Catalog
from stackroom.catalog.entries import FoundPassage
from stackroom.catalog.passage_ranges import PassageRange, PassageRanges
from stackroom.common.documents import Hit
from stackroom.page.visible_text import visible
from stackroom.reading.finding.ranking import Evidence
from stackroom.reading.showing.quote import quote
from stackroom.reading.showing.snippets import Matcher

# Passages shown besides the best one of each document.
_FURTHER = 5

PartId = Callable[[int, FoundPassage], str]
"""Gives the id of the part of a document, by its key, that has a passage."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a search gives.

    Attributes:
        hits: by descending score of their best passages, each with what is known of that and the query.
        notices: sentences for whoever asked: why this may be less than was asked for.
    """

    hits: list[tuple[Hit, Evidence]]
    notices: tuple[str, ...] = ()


def shown(
    ranked: Mapping[int, Evidence],
    limit: int,
    query: str,
    characters: int,
    catalog: Catalog,
    splits: PassageRanges,
    part_id: PartId,
    *,
    marked: bool,
) -> list[tuple[Hit, Evidence]]:
    """The first `limit` documents: each one's best passage, and the best of all others on other pages.

    Args:
        ranked: passages, the best first.
        limit: most documents.
        query: its words.
        characters: how long the text of a best passage may be.
        catalog: has the passages; those that it lacks are left out.
        splits: of the same library.
        part_id: see `PartId`.
        marked: whether to tell where the query's words are in the texts.
    """
    best: dict[PassageRange, int] = {}
    others: dict[int, PassageRange] = {}
    for id_ in ranked:
        split = splits.of(id_)
        if split is not None and split not in best and len(best) < limit:
            best[split] = id_
        elif split in best:
            others[id_] = split
    further = list(others)[:_FURTHER]
    places = catalog.passages([*best.values(), *further])
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
                part = part_id(split.document, places[other])
                more.append(
                    quote(places[other], ranked[other].score, matcher, characters, part, marked=marked)
                )
        part = part_id(split.document, places[id_])
        quoted = quote(places[id_], ranked[id_].score, matcher, characters, part, marked=marked)
        title = visible(places[id_].title)
        hits.append((Hit(places[id_].document_id, title, quoted, tuple(more)), ranked[id_]))
    return hits
