"""What is derived from the catalogue: the words that passages have, and the nearest of their vectors.

Its face: `words` (tantivy); `vectors` (FAISS), with the lists that it makes (`inverted_lists`) and that are
kept (`vector_lists`), and `row_ranges`; `nearest`, what is asked of vectors wherever they are, and
`postgres`, which answers it in a database; `terms` and `parts`, which both wings make of a text, with `stems`
and `korean`; `stop_words`; and `misspelt`.
"""

__all__ = [
    "inverted_lists",
    "korean",
    "misspelt",
    "nearest",
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
