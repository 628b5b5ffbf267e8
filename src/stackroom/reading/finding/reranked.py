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
        pages.setdefault((one.range.first, one.page_number), one)
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
    places = {one.passage: place for place, one in enumerate(ranked, 1)}
    moved = {}
    most: dict[tuple[int, int], float] = {}
    for place, row in zip(reached, order, strict=True):
        one = reached[row]
        moved[one.passage] = one._replace(
            score=place.score, reranked=float(scores[row]), place=places[one.passage]
        )
        most[one.range.first, one.page_number] = place.score
    found = []
    for one in ranked:
        highest = most.get((one.range.first, one.page_number), one.score)
        found.append(moved.get(one.passage) or one._replace(score=min(one.score, highest)))
    # Of equal scores those come first that were read.
    return sorted(found, key=lambda one: (-one.score, one.reranked is None, one.passage))


def _plain(text: str) -> str:
    return "".join(text.casefold().split())
