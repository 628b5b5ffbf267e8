"""Splits a Document into passages, indexes their words, and embeds their texts.

Other packages use `split.split`, `embed.Embedding`, `follow_words` and `words_writer.WordsWriter`.
"""

__all__ = ["embed", "follow_words", "split", "words_writer"]
