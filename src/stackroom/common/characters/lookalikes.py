"""Makes letters that look the same one letter: what a reader cannot tell apart is found. Pure functions.

Arabic letters are written in an Arabic, a Persian and an Urdu way. Keyboards and OCR put Cyrillic and Greek
letters into Latin words, and Latin ones into Cyrillic words: `Соdе`, `Mосква`, `КТ315`.
"""

import re

_ARABIC = str.maketrans("آأإٱیىکڪہھە", "ااااييككههه")
# An apostrophe that Unicode counts as a letter: комп’ютер.
_APOSTROPHE = str.maketrans("ʼ", "'")
_ALIKE = _ARABIC | _APOSTROPHE
_HAS_ALIKE = re.compile(f"[{''.join(map(chr, _ALIKE))}]")

# Capitals that look the same, and their small letters. Of small Greek letters only omicron: α, μ and the like
# stand beside Latin letters for what they are.
_CYRILLIC, _AS_LATIN = "АВЕКМНОРСТУХІЈЅавекмнорстухіјѕ", "ABEKMHOPCTYXIJSabekmhopctyxijs"
_GREEK, _GREEK_AS_LATIN = "ΑΒΕΖΗΙΚΜΝΟΡΤΥΧο", "ABEZHIKMNOPTYXo"
_TO_LATIN = str.maketrans(_CYRILLIC + _GREEK, _AS_LATIN + _GREEK_AS_LATIN)
_TO_CYRILLIC = str.maketrans(_AS_LATIN, _CYRILLIC)

_GREEK_LETTERS = "\u0370-\u03ff"
_OTHER_SCRIPTS = f"{_GREEK_LETTERS}\u0400-\u052f"
_MIXED = re.compile(f"[A-Za-z0-9][{_OTHER_SCRIPTS}]|[{_OTHER_SCRIPTS}][A-Za-z0-9]")
_WORD = re.compile(f"[A-Za-z0-9{_OTHER_SCRIPTS}]+")
_LATIN = re.compile("[A-Za-z]")
_NOT_CYRILLIC = re.compile(f"[A-Za-z{_GREEK_LETTERS}]")
_OTHER = re.compile(f"[{_OTHER_SCRIPTS}]")


def one_of_each(text: str) -> str:
    """A text with one of the letters that look the same, where its neighbours tell which is meant."""
    if text.isascii():
        return text
    if _HAS_ALIKE.search(text):
        text = text.translate(_ALIKE)
    return _WORD.sub(_in_one_script, text) if _MIXED.search(text) else text


def twin(word: str) -> str:
    """A word in the letters of another script that look the same; "" if not all of its letters have such."""
    latin, cyrillic = word.translate(_TO_LATIN), word.translate(_TO_CYRILLIC)
    if latin != word and not _OTHER.search(latin):
        return latin
    return cyrillic if cyrillic != word and not _NOT_CYRILLIC.search(cyrillic) else ""


def _in_one_script(found: re.Match[str]) -> str:
    word = found.group()
    others = _OTHER.findall(word)
    if not others or (word.isalpha() and not _LATIN.search(word)):
        return word
    latin = word.translate(_TO_LATIN)
    cyrillic = word.translate(_TO_CYRILLIC)
    can_be_latin, can_be_cyrillic = not _OTHER.search(latin), not _NOT_CYRILLIC.search(cyrillic)
    if can_be_latin and not (can_be_cyrillic and len(others) > len(_LATIN.findall(word)) > 0):
        return latin
    return cyrillic if can_be_cyrillic else word
