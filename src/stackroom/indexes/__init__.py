"""What is derived from the catalogue: the words that passages have, and the nearest of their vectors.

Its face: `words` (tantivy), `vectors` (FAISS), and `terms` and `parts`, which both wings make of a text.
"""

__all__ = ["parts", "terms", "vectors", "words"]
