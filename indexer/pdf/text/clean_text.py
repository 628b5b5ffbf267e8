"""Repairs the text that PDF libraries return, so that it says what a reader sees on the page.
Pure functions.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from itertools import pairwise

from indexer.pdf.text.page_lines import HYPHENATED
from stackroom.common.characters import invisible
from stackroom.common.characters.invisible import LINE_ENDS, SOFT_HYPHEN
from stackroom.common.characters.radicals import UNIFIED

# Characters

# Other code points for the same letters: Latin ligatures, Arabic presentation forms, and the old-style
# digits and small capitals that Adobe's fonts have in the private area, at F700 + the letter.
_LIGATURES = "\ufb00-\ufb06\ufb50-\ufbb1\ufbd3-\ufd3d\ufd50-\ufdf2\ufe70-\ufefc"
_LIGATURES += "\u2e80-\u2ef3\u2f00-\u2fd5"  # radicals
_LIGATURES += "\uf730-\uf739\uf761-\uf77a\uf7e0-\uf7f6\uf7f8-\uf7fe"
_INVISIBLE = (
    f"{invisible.CONTROL}{invisible.SEPARATORS}{invisible.CONTROL_BEYOND_ASCII}"
    f"{invisible.NO_BREAK_MARKS}{invisible.SURROGATES}"
    "\ufdd0-\ufdef\uffff"  # non-characters
)
_SPACES = "\t\u00a0\u2000-\u200a\u202f\u205f"  # no-break and typographic spaces, all printed as a gap
_UNCLEAN = re.compile(f"[{_LIGATURES}{_INVISIBLE}{LINE_ENDS}{_SPACES}{SOFT_HYPHEN}]")
# Apart from the above: in the same class these would make the search ten times slower.
_HIGH = re.compile("[\U00010000-\U0010ffff]")
_HIGH_INVISIBLE = re.compile(
    "[" + "".join(chr(plane << 16 | 0xFFFE) + chr(plane << 16 | 0xFFFF) for plane in range(1, 17)) + "]"
)
_SOFT_HYPHEN_AT_END = re.compile(f"{SOFT_HYPHEN}[ ]*\n[ ]*")
_LIGATURE = re.compile(f"[{_LIGATURES}]")


def clean_characters(text: str) -> str:
    """`text` with LF line ends and without characters that a reader cannot see.

    Ligatures become letters; tabs and unusual spaces become spaces; control characters, non-characters and
    lone surrogates are removed. A soft hyphen becomes HYPHENATED at a line's end, and is removed elsewhere.
    The result is in the composed form (NFC), in which people type. HYPHENATED (U+FFFE) stays: see
    `join_hyphenated`.
    """
    if text.isascii() and text.isprintable():  # most texts, quickly
        return text
    if _UNCLEAN.search(text):
        text = text.replace("\r\n", "\n")
        text = re.sub(f"[{LINE_ENDS}]", "\n", text)
        text = re.sub(f"[{_SPACES}]", " ", text)
        text = re.sub(f"[{_INVISIBLE}]", "", text)
        text = _SOFT_HYPHEN_AT_END.sub(HYPHENATED, text).replace(SOFT_HYPHEN, "")
        text = _LIGATURE.sub(_spell_out, text)
    if _HIGH.search(text):
        text = _HIGH_INVISIBLE.sub("", text)
    # Last: taking characters away can bring together what composes.
    return text if unicodedata.is_normalized("NFC", text) else unicodedata.normalize("NFC", text)


def find_unclean(text: str) -> list[str]:
    """The characters of a text that `clean_characters` may replace, whatever is beside them."""
    return _UNCLEAN.findall(text) + (_HIGH_INVISIBLE.findall(text) if _HIGH.search(text) else [])


def _spell_out(ligature: re.Match[str]) -> str:
    if ligature[0] in UNIFIED:
        return UNIFIED[ligature[0]]
    if "\uf700" < ligature[0] < "\uf800":
        return chr(ord(ligature[0]) - 0xF700)
    # An isolated Arabic vowel sign is spelled with a space to sit on: without it it sits on its letter.
    return unicodedata.normalize("NFKC", ligature[0]).lstrip(" ")


_LEADER = re.compile(r"[ ]?(?:[.·․][ ]?){5,}|[ ]?(?:…[ ]?){2,}")
# Most texts have none of the last two signs, and to look for one sign is quicker.
_ROWS = ((".", "....", ". . . ."), ("…", "……", "… …"), ("·", "····", "· · · ·"))


_EMPTY_LINES = re.compile(r"\n{3,}")


def shorten_leaders(text: str) -> str:
    """`text` with one mark instead of each row of dots, as they lead to page numbers: they say nothing."""
    if any(sign in text and (row in text or spaced in text) for sign, row, spaced in _ROWS):
        return _LEADER.sub(" … ", text)
    return text


def tidy_lines(text: str) -> str:
    """`text` without spaces at line ends and with at most one empty line in a row.

    Empty, or ending in exactly one newline.
    """
    tidy = "\n".join([line.rstrip() for line in text.split("\n")]).strip("\n")
    if "\n\n\n" in tidy:
        tidy = _EMPTY_LINES.sub("\n\n", tidy)
    return tidy + "\n" if tidy else ""


def flatten(text: str) -> str:
    """`text` cleaned and on one line: a title, an author, a label."""
    return " ".join(clean_characters(repair_mojibake(text)).replace(HYPHENATED, "").split())


# Hyphens at line ends

_LETTERS_AT_START = re.compile(r"[^\W\d_]+")
_AROUND_WORDS = ".,;:!?()[]\"'“”„’»"
# The hyphen first, and what is before it after that: so the search is fast.
_HARD = re.compile(r"[-\u2010]\n(?<=[^\W\d_]{2}..)(?=([^\W\d_])[^\W\d_])", re.DOTALL)
_BROKEN = re.compile(r"(?<=[^\W\d_])\u2010\n(?=[^\W\d_])")
_SPACE = re.compile(r"[ \n]")
# The part of a word before the line end, if it is a code or an address: there a hyphen is never put in.
_CODE = re.compile(r"\S*(?:\d|://|@|www\.|\w\.\w\S*/)\S*\Z|[/~\\]\S+\Z", re.IGNORECASE)
# Of so many different words, a word that is a half of a compound is likely to be one.
_LARGE_VOCABULARY = 1000
_LONGEST_WORD = 100  # characters; what is looked at on either side of a line end


def count_words(texts: Iterable[str]) -> Counter[str]:
    """Counts the words of `texts`, in lower case, and the pairs of words with a hyphen between them.

    Words that are broken at a line end are left out: how they are spelled is the question.
    """
    counts: Counter[str] = Counter()
    for text in texts:
        # The second half of a broken word stands alone on the next line: put the halves together to leave
        # them out.
        plain = text.replace(HYPHENATED + "\n", HYPHENATED).lower()
        for mark in _AROUND_WORDS:  # faster than any regular expression that finds words
            plain = plain.replace(mark, " ")
        counts.update(plain.split())
    for word, count in list(counts.items()):
        if HYPHENATED in word:
            del counts[word]
        elif "-" in word:
            parts = word.split("-")
            if len(parts) > 2:
                counts.update({"-".join(pair): count for pair in pairwise(parts)})
    return counts


def join_hyphenated(text: str, vocabulary: Counter[str]) -> str:
    """Joins the words that a line end has broken; the line then ends after the joined word.

    Where PDFium recognised the hyphen, it wrote HYPHENATED. Where it did not, or where pypdf read the page,
    the hyphen and the newline are still there; then the word counts as broken only if a lower-case letter
    follows. The hyphen stays if there are no letters on both sides, in codes and addresses, after a single
    letter, if the word has one in `vocabulary`, and where that does not tell: search finds both readings.

    Args:
        text: of a page.
        vocabulary: of the document; see `count_words`.

    Returns:
        The text, without any HYPHENATED.
    """
    if "\u2010\n" in text and text.count("\u2010\n") == text.count("\u2010"):
        # Browsers print U+2010 where a word is broken, and nowhere else; what they are given has "-".
        text = _BROKEN.sub("", text)
    if "-\n" in text or "\u2010\n" in text:
        text = _HARD.sub(lambda found: HYPHENATED if found[1].islower() else found[0], text)
    if HYPHENATED not in text:
        return text
    joined, *parts = text.split(HYPHENATED)
    done = []  # what no later part can change; joining onto one long string would take quadratic time
    for part in parts:
        done.append(joined[:-_LONGEST_WORD])
        joined = joined[-_LONGEST_WORD:]
        following = part.removeprefix("\n")
        if not joined[-1:].isalpha() or not following[:1].isalpha():
            joined += "-" + part  # a range of numbers, or the page ends and a footnote follows
            continue
        word, space, rest = _split_word(following)
        joined = _join(joined, word, vocabulary) + ("\n" if space == " " else space) + rest
    return "".join(done) + joined


def _split_word(text: str) -> tuple[str, str, str]:
    """The text up to the first space or newline, that, and the rest."""
    found = _SPACE.search(text)
    return (text[: found.start()], found[0], text[found.end() :]) if found else (text, "", "")


def _join(left: str, right: str, vocabulary: Counter[str]) -> str:
    # Backwards, as a search for the letters at the end looks at all others first.
    before, after = _LETTERS_AT_START.match(left[::-1]), _LETTERS_AT_START.match(right)
    if not before or not after:
        return left + right
    first, second = before[0][::-1].lower(), after[0].lower()
    joined, hyphenated = vocabulary[first + second], vocabulary[f"{first}-{second}"]
    is_broken = joined > hyphenated or (
        joined == hyphenated
        and min(len(first), len(second)) > 1
        and after[0].islower()
        and not vocabulary[first]
        and not vocabulary[second]
        and len(vocabulary) >= _LARGE_VOCABULARY
    )
    return left + right if is_broken and not _CODE.search(_last_word(left)) else f"{left}-{right}"


def _last_word(text: str) -> str:
    return text[max(text.rfind(" "), text.rfind("\n")) + 1 :]


# Names and dates

# How PDFDocEncoding reads the bytes that are not the same in Latin-1.
_PDF_DOC = dict(
    zip(
        "˘ˇˆ˙˝˛˚˜•†‡…—–ƒ⁄‹›−‰„“”‘’‚™ﬁﬂŁŒŠŸŽıłœšž€",
        [*range(0x18, 0x20), *range(0x80, 0x9F), 0xA0],
        strict=True,
    )
)


_IN_UTF_8 = re.compile(rb"[\xc2-\xf4][\x80-\xbf]|\xc3 ")


def repair_mojibake(text: str) -> str:
    """Decodes UTF-8 that was taken for PDFDocEncoding; any other text comes back as it is.

    PDFs made by older TeX have such outlines: "Ð¡Ñ‚Ñ€..." for Cyrillic.
    """
    if text.isascii():
        return text
    try:
        # PDFium reads 9F, which PDFDocEncoding does not define, as a space.
        raw = bytes(_PDF_DOC.get(char, ord(char)) for char in text)
        if not _IN_UTF_8.search(raw):
            return text  # "Maß der Dinge", "4 × 100 m"
        return re.sub(rb"([\xc3-\xdf]) ", rb"\1" + b"\x9f", raw).decode("utf-8")
    except ValueError:  # a character that is no byte, or bytes that are not UTF-8
        return text


_PDF_DATE = re.compile(
    r"(?:D:)?\s*(\d{4})(\d\d)?(\d\d)?(\d\d)?(\d\d)?(\d\d)?\s*"
    r"(?:(Z)|([+-])([01]\d|2[0-3])'?([0-5]\d)?)?.*",  # a zone that cannot be is left out
    re.ASCII | re.DOTALL,
)


_ISO_DATE = re.compile(
    r"(?:D:)?\s*(\d{4})([-/.])(\d\d?)(?:\2(\d\d?)(?:[T ]+(\d\d):(\d\d)(?::(\d\d)(?:[.,]\d*)?)?\s*"
    r"(?:(Z)|([+-])([01]\d|2[0-3]):?'?([0-5]\d)?)?)?)?(?:\D.*)?",
    re.ASCII | re.DOTALL | re.IGNORECASE,
)


def read_date(value: str) -> str:
    """Converts a PDF date ("D:20190102030405+01'00'") to ISO 8601 ("2019-01-02T03:04:05+01:00").

    XMP has ISO dates, and some producers write them in the place of PDF dates, too.

    Returns "" if it is no date.
    """
    value = value.strip()
    if iso := _ISO_DATE.fullmatch(value):
        year, _, month, day, *clock = iso.groups()
        # In the form of a PDF date; a zone without a clock is none.
        value = "".join(
            [year, month.rjust(2, "0"), (day or "").rjust(2, "0") if day else "", *filter(None, clock)]
        )
    found = _PDF_DATE.fullmatch(value)
    if not found:
        return ""
    year, month, day, hour, minute, second, zulu, sign, zone_hours, zone_minutes = found.groups()
    try:
        datetime(
            int(year), int(month or 1), int(day or 1), int(hour or 0), int(minute or 0), int(second or 0)
        )
    except ValueError:
        return ""
    date = "-".join(part for part in (year, month, day) if part)
    if hour is None:
        return date
    zone = "Z" if zulu else f"{sign}{zone_hours}:{zone_minutes or '00'}" if sign else ""
    return f"{date}T{hour}:{minute or '00'}:{second or '00'}{zone}"
