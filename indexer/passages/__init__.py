"""Splits a Document into passages, indexes their words, embeds their texts, and keeps their vectors' lists.

Other packages use `another_time`, `split.split`, `embed.Embedding`, `follow_vectors`, `follow_words`,
`postgres_nearest`, `words_writer.WordsWriter` and `writers`.
"""

__all__ = [
    "another_time",
    "embed",
    "follow_vectors",
    "follow_words",
    "postgres_nearest",
    "split",
    "words_writer",
    "writers",
]
