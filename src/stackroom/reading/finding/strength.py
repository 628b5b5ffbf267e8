"""How surely a result answers a query, so that whoever asks can tell "not in the library". Pure functions.

    certainty = MEANING · meaning + PAGE · page + DOCUMENT · document - ALL

the logarithm of the odds that the passage is in a document that answers. `meaning` is the similarity in the
formula of `ranking`, with what the model finds between unrelated texts taken off; `page` and `document` say
how much of the query's words, weighted by their rarity, the page and the document as a whole have. Without
vectors there is a second set of weights.

The weights are those of a logistic regression on first halves of seven sets of questions, each asked of its
own library, of one that lacks the document, and of its own without the document: `python -m bench.strength
--fit`. The bounds are of the same halves: of first results with a certainty of STRONG, 2 % are wrong, and 5 %
of the right ones are below WEAK. See docs/quality.md.
"""

from stackroom.common.documents import Strength
from stackroom.reading.finding.ranking import Evidence, similarity

MEANING, PAGE, DOCUMENT, ALL = 4.6, 4.4, 2.5, 5.1
STRONG, WEAK = 3.4, -0.55

# Of a query, or a passage, without a vector.
_PAGE_ALONE, _DOCUMENT_ALONE, _ALL_ALONE = 5.2, 2.4, 3.6


def certainty(evidence: Evidence, known: float, unrelated: float) -> float:
    """The logarithm of the odds that a passage's document answers the query; higher is surer.

    Args:
        evidence: for the passage.
        known: share of the query's letters that the model knows, 0 to 1.
        unrelated: cosine similarity that the model finds between unrelated texts, 0 to below 1.
    """
    if evidence.meaning is None:
        return _PAGE_ALONE * evidence.page + _DOCUMENT_ALONE * evidence.document - _ALL_ALONE
    meaning = similarity(evidence.meaning, known, unrelated)
    return MEANING * meaning + PAGE * evidence.page + DOCUMENT * evidence.document - ALL


def strength(evidence: Evidence, known: float, unrelated: float, *, is_first: bool) -> Strength:
    """The same in a word.

    Args:
        evidence: for the best passage of a document.
        known: see `certainty`.
        unrelated: see `certainty`.
        is_first: whether it is the first result. Of others that look as sure, most are wrong: they are about
            the same, but of another year or another firm. So none of them is called strong.
    """
    found = certainty(evidence, known, unrelated)
    if found < WEAK:
        return "weak"
    return "strong" if is_first and found >= STRONG else "possible"
