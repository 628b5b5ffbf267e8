"""How well passages answer a query: one formula of all the evidence. Pure functions.

    score = (meaning + WORDS · words + DOCUMENT · document + NAME · name) / (1 + WORDS + DOCUMENT + NAME)

    meaning    cosine similarity of the passage's vector and the query's, times r²; r is the share of the
               query's letters that are in tokens the model knows (`Embedder.known_share`): of a Chinese
               question, MiniLM knows a third
    words      BM25 of the passage, divided by what the query's words weigh together (their idf): about 1 for
               a passage that has all of them. A word that no passage has weighs as the rarest: a query that
               the library lacks half the words of is not answered well by words
    document   the same of the document as a whole: its files' names, title, author, date and first pages
    name       BM25 of its files' names alone, divided by that of the name that fits best: of several reports
               under one title, the file's name tells which one was asked for

But for names, nothing is scaled by what else was found, so a ranking in which nothing stands out moves
little, and one that knows the very passage decides: that is how either alone answers what the other does not
understand. Scores are comparable from one query to the next, and 1 is about the best there is.

The weights were chosen on the training queries of SciFact, where they lie on a plateau, and checked on
others: see docs/quality.md.
"""

from typing import NamedTuple

WORDS, DOCUMENT, NAME = 0.6, 0.2, 0.1


class Evidence(NamedTuple):
    """What is known of a passage and a query.

    Attributes:
        meaning: cosine similarity, -1 to 1; None if the passage or the query has no vector.
        meaning_rank: from 1, among the nearest passages; None if it is not one of them.
        words: BM25 of the passage relative to the weight of the query's words.
        words_rank: from 1, among the passages with the best words; None if it is not one of them.
        document: as `words`, of the document as a whole.
        name: how well its files' names fit, 0 to 1, which is best of all.
        score: all together; higher is better.
    """

    meaning: float | None
    meaning_rank: int | None
    words: float
    words_rank: int | None
    document: float
    name: float
    score: float


def fuse(meaning: float, words: float, document: float, name: float, known: float) -> float:
    """The score of a passage; higher is better.

    Args:
        meaning: cosine similarity; 0 if there is no vector.
        words: see above.
        document: see above.
        name: see above.
        known: share of the query that the model knows, 0 to 1.
    """
    evidence = known**2 * max(meaning, 0.0) + WORDS * words + DOCUMENT * document + NAME * name
    # Rounded, because sums of the same numbers in another order may differ in the last digit.
    return round(evidence / (1 + WORDS + DOCUMENT + NAME), 9)
