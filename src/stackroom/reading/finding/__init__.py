"""From a query to ranked passages: what filters let through, what the indexes find, and how it is weighed.

Its face: `selection.Selection`; what it takes is `candidates.Asked`, what it gives `candidates.Candidate`.
`ranking` has the formula and the `Evidence` that is shown; `reranked` what a reranker changes;
`facets` counts documents.
"""

__all__ = ["candidates", "document_table", "facets", "ranking", "reranked", "selection", "strength"]
