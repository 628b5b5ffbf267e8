"""Radicals, which some fonts name where the page shows the character of the same look.

A font that has one glyph for both often maps it back to the radical: 見 becomes ⾒.
"""

import re
import unicodedata

# U+2E80 to U+2EF3, as Unicode's property Equivalent_Unified_Ideograph has them (14.0); a radical whose
# character is beyond U+FFFF, or that has none, stands for itself.
_SUPPLEMENT = (
    "⺀厂乛乚乙亻冂⺇刀刂卜㔾小小兀尣尢⺑巳幺彑彐忄心扌攵⺚旡日月歺母民氵氺灬爫爫丬牛犭王⺪目示礻⺮糹纟罓罒㓁冗⺵羊⺷⺸耂"
    "肀聿肉⺽艹艹艹虎衤覀西见角⻇讠贝⻊车辶辶辶邑钅長镸长门⻕阝雨青韦页风飞食⻞飠饣⻡马骨鬼鱼鸟卤麦黄黾斉齐歯齿竜龙龜亀龟"
)

UNIFIED = {chr(0x2E80 + at): char for at, char in enumerate(_SUPPLEMENT)} | {
    chr(code): unicodedata.normalize("NFKC", chr(code)) for code in range(0x2F00, 0x2FD6)
}
"""Radical → the character that it looks like."""

_RADICAL = re.compile("[\u2e80-\u2ef3\u2f00-\u2fd5]")


def unified(text: str) -> str:
    """The text with characters for radicals."""
    return _RADICAL.sub(lambda found: UNIFIED[found.group()], text)
