"""Compares the index of words in a database with the catalogue that it is made from."""

from collections.abc import Callable

from indexer.upkeep.check_postings import audit_postings
from stackroom.catalog.catalog import Catalog

_INDEX = """
SELECT generation, catalog, followed, built_to, passages, pages, documents FROM word_indexes
WHERE is_searched
"""
_SUMS = """
SELECT coalesce(sum(last - first + 1), 0), coalesce(sum(page_count), 0), count(*) FROM word_documents
WHERE generation = ?
"""
_OTHERS = """
SELECT count(*) FROM (
    SELECT first, last FROM splits WHERE model = ?1 EXCEPT
    SELECT first, last FROM word_documents WHERE generation = ?2 AND removed = 0
) AS missing UNION ALL SELECT count(*) FROM (
    SELECT first, last FROM word_documents WHERE generation = ?2 AND removed = 0 EXCEPT
    SELECT first, last FROM splits WHERE model = ?1
) AS strange
"""


def audit_words(catalog: Catalog, tell: Callable[[int, int], None]) -> tuple[list[str], bool]:
    """Compares the two, while nobody writes; `tell` is told how much of how much is done.

    Returns:
        What is damaged, each as a clause for a person; and whether the index is only behind, or not made yet.

    Raises:
        CatalogUnusable: the database refuses, or is away.
    """
    model = catalog.model()
    if model is None:
        return [], False
    rows = catalog.rows(_INDEX)
    if not rows:
        return [], catalog.last_change() > 0
    generation, catalog_id, followed, built_to, *counts = rows[0]
    if (catalog_id, followed, built_to) != (catalog.id(), catalog.last_change(), None):
        return [], True
    (missing,), (strange,) = catalog.rows(_OTHERS, (model.id, generation))
    if missing or strange:
        return [f"it lacks {missing} documents and has {strange} others"], False
    if [*catalog.rows(_SUMS, (generation,))[0]] != counts:
        return ["its documents are miscounted"], False
    wrong = audit_postings(catalog, generation, tell)
    return [wrong] if wrong else [], False
