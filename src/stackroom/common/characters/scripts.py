"""Ranges of characters by script, to be put between the brackets of a regular expression: `f"[{KANA}{HAN}]"`.

They say what our rules need to know, not all that Unicode does: a range may hold code points that are not
assigned, or signs among the letters.
"""

# Marks that stand on the letter before them
ACCENTS = "\u0300-\u036f"
"""Of Latin, Greek and Cyrillic letters, when they are not one character with the letter."""
HEBREW_POINTS = "\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7"
"""Vowels and accents of Hebrew, without the punctuation between them."""
HEBREW_POINTS_WITH_SIGNS = "\u0591-\u05c7"
ARABIC_VOWELS = "\u064b-\u065f\u0670"
ARABIC_HONORIFICS = "\u0610-\u061a"
ARABIC_LENGTHENING = "\u0640"

# Scripts with blanks between words
INDIAN = "\u0900-\u0963\u0966-\u0dff"
"""Devanagari to Sinhala, letters and vowel signs, without the two dandas, which end sentences."""
INDIAN_WITH_DANDAS = "\u0900-\u0dff"
TIBETAN = "\u0f00-\u0fff"
HANGUL = "\uac00-\ud7af"
"""Korean syllables. Korean has blanks, but writes particles onto words."""
JAMO = "\u1100-\u11ff"
"""The letters that Korean syllables are made of, written one by one in old texts."""
JAMO_EXTENDED = "\ua960-\ua97f\ud7b0-\ud7ff"
MONGOLIAN_LETTERS = "\u1820-\u18aa"

# Scripts without blanks between words
THAI_AND_LAO = "\u0e00-\u0eff"
BURMESE = "\u1000-\u109f"
KHMER = "\u1780-\u17ff"
SOUTHEAST_ASIAN = THAI_AND_LAO + BURMESE + KHMER
KANA = "\u3041-\u30ff"
HAN = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
"""Chinese characters up to U+FFFF."""
HAN_BEYOND = "\U00020000-\U0003ffff"
"""The rarer ones beyond it."""
HEXAGRAMS = "\u4dc0-\u4dff"
"""64 signs of the Book of Changes, between two ranges of HAN."""
UNSPACED = SOUTHEAST_ASIAN + KANA + HAN + HEXAGRAMS
"""Scripts that write no blanks between words: Thai, Lao, Burmese, Khmer, Japanese, Chinese."""
