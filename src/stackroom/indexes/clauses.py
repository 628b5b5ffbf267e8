"""The queries that `words` gives the full-text engine: what a passage must, or may, have."""

from collections.abc import Sequence

import tantivy

# Up to so many documents are looked up one by one: for sixty of them, that takes two thirds of the time of a
# set.
_FEW_DOCUMENTS = 200


def has_word(schema: tantivy.Schema, field: str, forms: Sequence[str]) -> tantivy.Query:
    """Matches a word in any of its forms; the form that scores best counts."""
    return any_of([tantivy.Query.term_query(schema, field, form, "freq") for form in forms])


def any_of(ways: Sequence[tantivy.Query]) -> tantivy.Query:
    """Matches what one of them matches; the one that scores best counts."""
    return ways[0] if len(ways) == 1 else tantivy.Query.disjunction_max_query(ways)


def has_part(schema: tantivy.Schema, parts: Sequence[str], score: float) -> tantivy.Query:
    """Matches what has a word with one of these parts."""
    each = [(tantivy.Occur.Should, tantivy.Query.term_query(schema, "parts", one, "basic")) for one in parts]
    return tantivy.Query.const_score_query(tantivy.Query.boolean_query(each), score)


def in_documents(schema: tantivy.Schema, documents: Sequence[int]) -> tantivy.Query:
    """Matches what is in one of these documents; adds nothing to a score."""
    if len(documents) <= _FEW_DOCUMENTS:
        each = [
            (tantivy.Occur.Should, tantivy.Query.term_query(schema, "split", first)) for first in documents
        ]
        return tantivy.Query.const_score_query(tantivy.Query.boolean_query(each), 0.0)
    return tantivy.Query.const_score_query(
        tantivy.Query.term_set_query(schema, "split", list(documents)), 0.0
    )
