"""The read path: a query becomes hits, an id becomes a document.

Its face: `reader.Reader`, and what it answers: `results`, `notices`, `showing.hits`.
"""

__all__ = ["notices", "reader", "results"]
