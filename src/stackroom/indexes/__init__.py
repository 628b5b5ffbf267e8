"""What is derived from the catalogue: the words that passages have, and the nearest of their vectors.

Its face: `words` (tantivy), `vectors` (FAISS), and `terms`, which both wings make of a text.
"""

__all__ = ["terms", "vectors", "words"]
