"""The read path: a query becomes hits, an id becomes a document.

Its face is `reader.Reader`; it answers with `showing.hits.Answer` and what `results` has. `search` has the
way of a query from top to bottom, `fetch` that of an id, `in_memory` what both read from, and `notices` the
sentences that go with an answer.
"""

__all__ = ["notices", "reader", "results", "showing"]
