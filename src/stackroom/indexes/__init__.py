"""What is derived from the catalogue: the words that passages have, and the nearest of their vectors.

Its face: `matching` and `nearest`, what a search asks of words and vectors; `words` (tantivy) and `vectors`
(FAISS), which answer from files, with the lists that the latter makes (`inverted_lists`) and that are kept
(`vector_lists`), and `row_ranges`; `postgres`, which answers from a database; `opened`, which chooses;
`terms` and `parts`, which both wings make of a text, with `stems` and `korean`; `stop_words`; and `misspelt`.
"""

__all__ = [
    "inverted_lists",
    "korean",
    "matching",
    "misspelt",
    "nearest",
    "opened",
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
