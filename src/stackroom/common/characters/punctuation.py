"""Signs that end a sentence or close behind it, and raised marks: for the brackets of regular expressions."""

SENTENCE_ENDS = ".!?…։؟۔।॥"
"""End a sentence before a blank: of Latin, Armenian, Arabic, Urdu and Indian scripts."""
WIDE_SENTENCE_ENDS = "。！？｡"
"""End a sentence with or without a blank: of Chinese and Japanese."""
CLOSERS = "'\"’”»)\\]"
"""Quotation marks and brackets that may stand between a sentence's end and the blank."""
WIDE_CLOSERS = "」』）】"
"""Likewise of Chinese and Japanese."""
RAISED = "\u00b2\u00b3\u00b9\u2070\u2071\u2074-\u207f\u02b0-\u02b8\u1d2c-\u1d61\u2c7d"
"""Superscript digits, signs and letters: footnote marks and powers. What they stand beside is a word without
them."""
