"""Reading the best passages again, each together with the query: the protocols, the budget, and what runs a
cross-encoder behind them.

Its face: `reranker`, the protocols and the budget, and `rerankers.Rerankers`, where rerankers come from.
"""

__all__ = ["reranker", "rerankers"]
