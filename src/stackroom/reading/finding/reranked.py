"""How the best passages change places when a reranker has read them. Pure functions."""

from collections.abc import Sequence

import numpy as np

from stackroom.catalog.entries import FoundPassage
from stackroom.reading.finding.candidates import Candidate

# So many of the best passages may be read again.
_MOST = 20

# What the reranker's probability that a passage answers the query adds to the score by the formula.
_WEIGHT = 0.3


def to_read(ranked: Sequence[Candidate]) -> list[Candidate]:
    """Which of the best passages are read again, in this order: the best one of each page."""
    pages: dict[tuple[int, int], Candidate] = {}
    for one in ranked[:_MOST]:
        pages.setdefault(_page(one), one)
    return list(pages.values())


def as_read(place: FoundPassage) -> str:
    """What is read of a passage: its document's title before its text, unless that begins with it."""
    text, title = place.text.strip(), place.title.strip()
    return text if _plain(text).startswith(_plain(title)) else f"{title}\n{text}"


def reranked(
    ranked: Sequence[Candidate], read: Sequence[Candidate], scores: Sequence[float]
) -> list[Candidate]:
    """The same candidates, of which those that were read have changed places among themselves.

    To the score of each by the formula is added what the reranker says, times a weight. The passage with the
    highest sum gets the first of the places that were held by those that were read, and the score that goes
    with it. Others of the same page never stand before the passage that was read for it; all others keep
    their places.

    Args:
        ranked: the best first.
        read: some of them, in their order.
        scores: of the first of `read`, as many as were reached: probabilities.
    """
    reached = list(read[: len(scores)])
    if len(reached) < 2:
        return list(ranked)
    sums = _WEIGHT * np.array(scores) + np.array([one.score for one in reached])
    order = np.argsort(-sums, kind="stable").tolist()
    places = {one.passage: place for place, one in enumerate(ranked)}
    moved: dict[int, tuple[float, Candidate]] = {}  # passage → its new place, and what becomes of it
    of_page: dict[tuple[int, int], tuple[float, float]] = {}  # place and score of the page's passage
    for held, row in zip(reached, order, strict=True):
        one, place = reached[row], places[held.passage]
        changed = one._replace(score=held.score, reranked=scores[row], place=places[one.passage] + 1)
        moved[one.passage] = place, changed
        of_page[_page(one)] = place, held.score
    found = []
    for place, one in enumerate(ranked):
        if one.passage in moved:
            found.append(moved[one.passage])
            continue
        first, score = of_page.get(_page(one), (place, one.score))
        # Behind the page's passage, but before what stands behind that.
        found.append((max(place, first + 0.5), one._replace(score=min(one.score, score))))
    return [one for _, one in sorted(found, key=lambda pair: pair[0])]


def _page(one: Candidate) -> tuple[int, int]:
    return one.range.first, one.page_number


def _plain(text: str) -> str:
    return "".join(text.casefold().split())
