"""A Document becomes passages, their words an index, their texts vectors.

Its face: `split.split`, `embed.Embedding`, `follow_words` and `words_writer.WordsWriter`.
"""

__all__ = ["embed", "follow_words", "split", "words_writer"]
