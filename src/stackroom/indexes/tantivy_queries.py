"""The queries that `words` gives the full-text engine: what a passage must, or may, have."""

from collections.abc import Sequence

import tantivy

from stackroom.indexes.clauses import Clause, HasPart, RequiredWord, Way

# Up to so many documents are looked up one by one: for sixty of them, that takes two thirds of the time of a
# set.
_FEW_DOCUMENTS = 200


def any_way(schema: tantivy.Schema, field: str, clause: Clause) -> tantivy.Query:
    """Matches what a clause matches; the way that scores best counts."""
    ways = [_way(schema, field, way) for way in clause.ways]
    return ways[0] if len(ways) == 1 else tantivy.Query.disjunction_max_query(ways)


def has_word(schema: tantivy.Schema, field: str, word: RequiredWord) -> tantivy.Query:
    """Matches what has a word; adds nothing to a score."""
    *parts, whole = [any_way(schema, field, term) for term in word.terms]
    if parts:
        together = tantivy.Query.boolean_query([(tantivy.Occur.Must, part) for part in parts])
        how = tantivy.Occur.Should if word.either else tantivy.Occur.Must
        whole = tantivy.Query.boolean_query([(how, together), (how, whole)])
    return tantivy.Query.const_score_query(whole, 0.0)


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


def _way(schema: tantivy.Schema, field: str, way: Way) -> tantivy.Query:
    if isinstance(way, HasPart):
        each = [
            (tantivy.Occur.Should, tantivy.Query.term_query(schema, "parts", one, "basic"))
            for one in way.parts
        ]
        return tantivy.Query.const_score_query(tantivy.Query.boolean_query(each), way.score)
    has_term = tantivy.Query.term_query(schema, field, way.text, "freq")
    return has_term if way.boost == 1.0 else tantivy.Query.boost_query(has_term, way.boost)
