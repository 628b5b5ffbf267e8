"""From a query to ranked passages: what filters let through, what both indexes find, and what that weighs.

Its face: `selection.Selection`; `ranking` has the formula.
"""

__all__ = ["candidates", "document_table", "ranking", "selection"]
