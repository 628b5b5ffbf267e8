"""The read path: a query becomes hits, an id becomes a document.

Its face is `reader.Reader`. What that answers with is in `showing.hits` (`Answer`), `finding.ranking`
(`Evidence`), `listing`, `results` and `notices`; `showing.snippets` has the lengths of what is shown. Inside,
`search` has the way of a query from top to bottom, `fetch` that of an id, and `browse` that of a list.
"""

__all__ = ["finding", "listing", "notices", "reader", "results", "showing"]
