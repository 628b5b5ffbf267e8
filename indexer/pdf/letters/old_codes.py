"""Decodes fonts that say nothing of their characters but have known codes: TeX's, and Symbol.

TeX's bitmap fonts (Type 3, without names) and some of its outline fonts come as the codes that TeX uses: OT1,
in which ff, fi, fl, ffi and ffl are 11 to 15, or T1 (Cork), in which they are 27 to 31. Word processors write
Symbol in the private area, at F000 + the code.
"""

import ctypes
import re
from collections.abc import Mapping
from typing import Any

import pypdfium2.raw as pdfium

from indexer.pdf.letters.page_text import PageText

_LIGATURES = ("ff", "fi", "fl", "ffi", "ffl")

_OT1 = (
    dict(enumerate("ΓΔΘΛΞΠΣΥΦΨΩ")) | dict(enumerate(_LIGATURES, 11)) | dict(enumerate("ıȷ`´ˇ˘¯˚¸ßæœøÆŒØ", 16))
)
_OT1[0x7F] = "¨"
_T1 = dict(enumerate("`´ˆ˜¨˝˚ˇ˘¯˙¸˛‚‹›“”„«»–—")) | {0x19: "ı", 0x1A: "ȷ"} | dict(enumerate(_LIGATURES, 27))
# What is not the same as in Latin-1.
_T1_HIGH = {
    **dict(enumerate("ĂĄĆČĎĚĘĞĹĽŁŃŇŊŐŔŘŚŠŞŤŢŰŮŸŹŽŻĲİđ§ăąćčďěęğĺľłńňŋőŕřśšşťţűůÿźžżĳ¡¿£", 0x80)),
    0xD7: "Œ",
    0xDF: "SS",
    0xF7: "œ",
    0xFF: "ß",
}

_SYMBOL = dict(
    zip(
        (*range(0x41, 0x5B), *range(0x61, 0x7B)),
        "ΑΒΧΔΕΦΓΗΙϑΚΛΜΝΟΠΘΡΣΤΥςΩΞΨΖαβχδεφγηιϕκλμνοπθρστυϖωξψζ",
        strict=True,
    )
)
_SYMBOL |= {code: chr(code) for code in range(0x20, 0x7F) if code not in _SYMBOL}
_SYMBOL |= dict(zip(b"\"$'*-@\\^", "∀∃∋∗−≅∴⊥", strict=True))
_SYMBOL |= dict(enumerate("ϒ′≤⁄∞ƒ♣♦♥♠↔←↑→↓°±″≥×∝∂•÷≠≡≈…", 0xA1))
_SYMBOL |= dict(enumerate("ℵℑℜ℘⊗⊕∅∩∪⊃⊇⊄⊂⊆∈∉∠∇®©™∏√⋅¬∧∨⇔⇐⇑⇒⇓◊⟨", 0xC0)) | {0xE5: "∑", 0xF1: "⟩", 0xF2: "∫"}

# Words with a code in them, or behind it, as of TeX's ligatures. (A lone 13 before "c" is the ring of ©.)
_OT1_WORDS = re.compile(r"[a-z][\x0b-\x0f][a-z]|[A-Za-z\s][\x0b-\x0f][a-z]{2}|[a-z][\x0b-\x0f](?:\r\n| |\Z)")
_T1_WORDS = re.compile(r"[a-z][\x1b-\x1f][a-z]|[A-Za-z\s][\x1b-\x1f][a-z]{2}|[a-z][\x1b-\x1f](?:\r\n| |\Z)")
_OT1_LIGATURE, _T1_LIGATURE = re.compile(r"[\x0b-\x0f]"), re.compile(r"[\x1b-\x1f]")
_CODES = re.compile(r"[\x00-\x09\x0b\x0c\x0e-\x1f]")
# A T1 font read as Latin-1: ß is ÿ, and the letters of Europe's east are signs between letters. Other fonts
# without names (of Greek) have such codes, too, beside others that no text in Latin letters has.
_T1_LETTERS = re.compile(
    r"[\x80-\x9f\xa1-\xbfÿ](?<=[a-zäöü].)(?=[a-zäöü]|(?<=ÿ))"
)  # the class first: it is fast
_MAY_BE_T1 = re.compile("[\x80-\x9f\xa1-\xbfÿ]")
_LATIN_1 = re.compile(r"[\x80-\xff]")
_T1_LATIN_1 = re.compile(r"[\x80-\xbfäöüÄÖÜÿßéèàâêîôûçëïñáíóúýÁÉÍÓÚÝÀÈÊÇåøæÅØÆãõ]")
# Other outline fonts have ligatures at other codes: LinLibertineT has fi at 27.
_TEX_NAME = re.compile(r"|(?:[A-Z]{6}\+)?(?:CM|EC|SF|cm|ec|sf)[A-Za-z]+\d+")
_SYMBOLS = re.compile("[\uf020-\uf0ff]")


def find_codes(text_page: Any, source: PageText) -> Mapping[int, str] | None:
    """What characters of a page mean that PDFium gives as codes, for `str.translate`; None if it has none.

    Args:
        text_page: of PDFium.
        source: the text of the page.
    """
    text, odd = source.text, source.odd
    codes: dict[int, str] = {}
    lone = odd.count("\r")
    control = len(_CODES.findall(odd)) + lone
    if control:
        ot1 = len(_OT1_WORDS.findall(text)) if _OT1_LIGATURE.search(odd) else 0
        t1 = len(_T1_WORDS.findall(text)) if _T1_LIGATURE.search(odd) else 0
        first = (_OT1_WORDS if ot1 >= t1 else _T1_WORDS).search(text)
        if (
            first
            and 2 * max(ot1, t1) >= control
            and _TEX_NAME.fullmatch(_font_name(text_page, first.start() + 1))
        ):
            codes |= _OT1 if ot1 >= t1 else _T1
        elif lone:
            codes[0x0D] = ""  # no end of a line
    if _MAY_BE_T1.search(odd):
        letter = _T1_LETTERS.search(text)
        if letter and _is_latin(odd) and _font_name(text_page, letter.start()) == "":
            codes |= _T1 | _T1_HIGH
    symbol = _SYMBOLS.search(text) if _SYMBOLS.search(odd) else None
    if symbol and "symbol" in _font_name(text_page, symbol.start()).lower():
        codes |= {0xF000 + code: char for code, char in _SYMBOL.items()}
    return codes or None


def _is_latin(text: str) -> bool:
    return len(_T1_LATIN_1.findall(text)) >= 0.95 * len(_LATIN_1.findall(text))


def _font_name(text_page: Any, place: int) -> str:
    buffer = ctypes.create_string_buffer(128)
    index = pdfium.FPDFText_GetCharIndexFromTextIndex(text_page, place)
    pdfium.FPDFText_GetFontInfo(text_page, index, buffer, len(buffer), ctypes.c_int())
    return buffer.value.decode("utf-8", "replace")
