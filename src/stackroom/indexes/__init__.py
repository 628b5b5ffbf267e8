"""What is derived from the catalogue: the words that passages have, and the nearest of their vectors.

Its face: `words` (tantivy), `vectors` (FAISS), `terms` and `parts`, which both wings make of a text, and
`misspelt`.
"""

__all__ = ["misspelt", "parts", "terms", "vectors", "words"]
