"""What is derived from the catalogue: the words that passages have, and the nearest of their vectors.

Its face: `words` (tantivy), `vectors` (FAISS); `terms` and `parts`, which both wings make of a text, with
`stems` and `korean`; and `misspelt`.
"""

__all__ = ["korean", "misspelt", "parts", "stems", "terms", "vectors", "words"]
