"""How well a passage answers a query: one formula of all the evidence. Pure functions.

    score = (meaning + WORDS · words + PAGE · page + DOCUMENT · document + NAME · name)
            / (1 + WORDS + PAGE + DOCUMENT + NAME)

    meaning    cosine similarity of the passage's vector and the query's, times r²; r is the share of the
               query's letters that are in tokens the model knows (`Embedder.known_share`): MiniLM knows a
               third of a Chinese question. Of a model that finds any two texts similar, it is (c - b) / (1 -
               b); b is what it finds between unrelated ones (`Embedder.unrelated_cosine`: 0 for MiniLM, .78
               for E5). A passage without a vector counts as unrelated
    words      BM25 of the passage, divided by the sum of the weights (idf) of the query's words: about 1 for
               a passage that has all of them. A word that no passage has weighs as much as the rarest: if the
               library lacks half the words of a query, no passage gets a high score from words
    page       the same for the whole page that the passage is on: an answer may begin in one passage and end
               in the next, and what a table is about is often said above it
    document   the same for the document as a whole: its files' names, title, author, date and first pages
    name       BM25 of its files' names alone, divided by that of the name that fits best: of several reports
               under one title, the file's name tells which one was asked for

Except for names, no score is scaled by what else was found. So if no passage stands out in one index, that
index hardly changes the order; if one does, it decides. That is how each index answers the queries that the
other does not understand. Scores can be compared from one query to the next; 1 is about the best there is.

The weights were chosen on the training queries of SciFact and on first halves of others, where results hardly
depend on them: see docs/quality.md.
"""

from typing import NamedTuple

WORDS, PAGE, DOCUMENT, NAME = 0.3, 0.3, 0.2, 0.1
_WHOLE = 1 + WORDS + PAGE + DOCUMENT + NAME

# Scores have nine digits after the point.
_STEPS = 1e9


class Evidence(NamedTuple):
    """What is known of a passage and a query.

    Attributes:
        meaning: cosine similarity, -1 to 1; None if the passage or the query has no vector.
        meaning_rank: place among the nearest passages, from 1; None if it is not one of them.
        words: BM25 of the passage as a share of the weight of the query's words; 0 if it has none of them.
        words_rank: place among the passages that match the words best, from 1; None if it is not one of them.
        page: as `words`, for the whole page.
        document: as `words`, for the document as a whole.
        name: how well its files' names match, 0 to 1; 1 for the best of all documents.
        score: all of it by the formula above; higher is better. A passage that a reranker has read has the
            score that goes with its new place; see `reranked`.
        reranked: what the reranker says, on a scale of its own; None if it has not read the passage.
        place: of a passage that the reranker has read, its place before, from 1; else None.
    """

    meaning: float | None
    meaning_rank: int | None
    words: float
    words_rank: int | None
    page: float
    document: float
    name: float
    score: float
    reranked: float | None = None
    place: int | None = None


def fuse(
    meaning: float,
    words: float,
    page: float,
    document: float,
    name: float,
    known: float,
    unrelated: float = 0.0,
) -> float:
    """The score of a passage; higher is better.

    Args:
        meaning: cosine similarity, -1 to 1; `unrelated` if there is no vector.
        words: see `Evidence`.
        page: see `Evidence`.
        document: see `Evidence`.
        name: see `Evidence`.
        known: share of the query's letters that the model knows, 0 to 1.
        unrelated: cosine similarity that stands for no similarity, 0 to below 1.
    """
    evidence = similarity(meaning, known, unrelated) + WORDS * words
    evidence += PAGE * page + DOCUMENT * document + NAME * name
    # Rounded, because the same numbers, summed in another order, may differ in the last digit.
    return round(evidence / _WHOLE * _STEPS) / _STEPS


def similarity(meaning: float, known: float, unrelated: float) -> float:
    """How similar a passage is to a query, as the formula takes it: 1 at most, 0 if unrelated, or below.

    The arguments are those of `fuse`.
    """
    return known**2 * (max(meaning, 0.0) - unrelated) / (1 - unrelated)
