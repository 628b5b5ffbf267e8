"""What is derived from the catalogue: the words that passages have, and the nearest of their vectors.

Its face: `matching`, what a search asks of words, and `words` (tantivy), which answers; `vectors` (FAISS),
with the lists that it makes (`inverted_lists`) and that are kept (`vector_lists`), and `row_ranges`; `terms`
and `parts`, which both wings make of a text, with `stems` and `korean`; `stop_words`; `misspelt`; and
`postgres`, the same for a store in a database.
"""

__all__ = [
    "inverted_lists",
    "korean",
    "matching",
    "misspelt",
    "parts",
    "postgres",
    "row_ranges",
    "stems",
    "stop_words",
    "terms",
    "vector_lists",
    "vectors",
    "words",
]
