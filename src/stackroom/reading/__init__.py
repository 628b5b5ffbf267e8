"""The read path: a query becomes hits, an id becomes a document.

Its face is `reader.Reader`. What that answers with is in `showing.hits` (`Answer`), `finding.ranking`
(`Evidence`), `results` and `notices`; `showing.snippets` has the lengths of what is shown. Inside, `search`
has the way of a query from top to bottom, and `fetch` that of an id.
"""

__all__ = ["finding", "listing", "notices", "reader", "results", "showing"]
