"""Texts of documents made safe to hand out: nothing invisible, and nothing that looks like Stackroom's own
marks.

Stackroom's own marks stand between double square brackets and begin with "page" or "part", as "[[page 3]]".
Where a document has something similar, a blank is put between its brackets: nobody takes "[ [page 3]]" for
the beginning of a page. Similar means:

- square brackets, or signs that resemble them; one sign that looks like two brackets is replaced by two;
- also with blanks between them, or with marks above and below them;
- "page" and "part" in capitals, with accents, wide, in a circle, in bold. Letters beyond these may look like
  any other, so each counts as the one that is needed, but for those of scripts that look quite different: a
  list of letters that look alike is never whole.

A title, an author and the name of a file can have any length, and an answer has many of them. So each is cut
to one line, and a page's label to a few characters. Pure functions.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence

from stackroom.page.visible_text import visible, visible_with_spans

LINE_CHARACTERS = 300
"""Most characters of a line. Titles of papers have up to 250 or so; a file's name has at most 255 bytes."""

LABEL_CHARACTERS = 32
"""Most characters of a page's label: one that is longer says nothing."""

_SINGLE = (
    "[\uff3b\ufe47\u2045\u298b\u298d\u298f\u2e55\u2e57"  # square: wide, upright, with a quill, a bar, a tick
    "\u2772\u3014\ufe39\ufe5d\u2997\u3010\ufe3b"  # tortoise shells, lenticular ones
    "\u300c\uff62\ufe41\u2308\u230a\u2e22\u2e24\u23a1\u23a2\u23a3"  # corners, ceilings, floors, halves
)
_DOUBLE = "\u27e6\u27ec\u301a\u3018\u3016\ufe17\u300e\ufe43"
_CLOSING = (
    "]\uff3d\ufe48\u2046\u298c\u298e\u2990\u2e56\u2e58\u2773\u3015\ufe3a\ufe5e\u2998\u3011\ufe3c"
    "\u300d\uff63\ufe42\u2309\u230b\u2e23\u2e25\u23a4\u23a5\u23a6\u27e7\u27ed\u301b\u3019\u3017\ufe18\u300f\ufe44"
)
# What stands between two brackets and does not part them: blanks, what is as empty, marks on the sign before,
# of any script. All that is no letter, no bracket and not ASCII counts: a blank too many does no harm there.
_BETWEEN = rf"^\w!-~{re.escape(_SINGLE + _DOUBLE)}"
_EMPTY = "\u2800\U0001d159"

_OPENING = f"[{re.escape(_SINGLE + _DOUBLE)}]"
_OPENINGS = re.compile(f"{_OPENING}(?:[{_BETWEEN}]*{_OPENING})*")
_PLAIN_OPENINGS = re.compile(rf"\[(?:[{_BETWEEN}]*\[)*")  # quicker, and enough for most texts
_OURS = re.compile(r"[p?][a?](?:[g?][e?]|[r?][t?])")
_NOT_IN_LABEL = re.compile(f"[{re.escape(_SINGLE + _DOUBLE + _CLOSING)}\n]+")

_FOREIGN = re.compile(f"[{re.escape(_SINGLE[1:] + _DOUBLE)}]")  # all but "["

# Letters may carry many marks. So many characters are looked at for each one shown, and to find four letters.
_SIGN, _LONGEST_WORD = 8, 400


def own_text(text: str) -> str:
    """A document's text without invisible characters, and changed where it looks like our marks."""
    return own_text_with_spans(text, ())[0]


def own_text_with_spans(
    text: str, spans: Sequence[tuple[int, int]]
) -> tuple[str, tuple[tuple[int, int], ...]]:
    """`own_text(text)`, and the spans (start, stop) of `text` moved to where they are in it.

    `text` must not contain CRLF.
    """
    seen, moved = visible_with_spans(text, spans)
    changes = list(_imitations(seen))
    if not changes:
        return seen, moved
    parts, at = [], 0
    for place, replaced, put in changes:
        parts += [seen[at:place], put]
        at = place + replaced
    # What is put before the beginning of a span, or behind its end, is not in it.
    return "".join(parts) + seen[at:], tuple(
        (
            start + sum(len(put) - replaced for place, replaced, put in changes if place + replaced <= start),
            stop + sum(len(put) - replaced for place, replaced, put in changes if place < stop),
        )
        for start, stop in moved
    )


def own_line(text: str, characters: int = LINE_CHARACTERS) -> str:
    """A title, a name or a path as `own_text`, on one line of at most `characters` characters."""
    # What is far longer is not gone through: it may be megabytes.
    line = own_text(" ".join(visible(text[: _SIGN * characters]).split()))
    return line if len(line) <= characters else line[: characters - 1] + "…"


def own_label(label: str) -> str:
    """A page's printed label, cut to LABEL_CHARACTERS, and without brackets, which could end our mark."""
    return _NOT_IN_LABEL.sub(" ", visible(label[: _SIGN * LABEL_CHARACTERS])).strip()[:LABEL_CHARACTERS]


def _imitations(text: str) -> Iterator[tuple[int, int, str]]:
    """The changes that a text needs: at which offset, how many characters to replace, and by what."""
    plain = text.isascii() or not _FOREIGN.search(text)
    if plain and "[" not in text:
        return
    for found in (_PLAIN_OPENINGS if plain else _OPENINGS).finditer(text):
        last = found.end() - 1
        is_double = text[last] in _DOUBLE
        if (found.end() - found.start() == 1 and not is_double) or not _is_ours(text, found.end()):
            continue
        if is_double:
            yield last, 1, "[ ["
            continue
        before = last - 1
        while not re.match(_OPENING, text[before]):
            before -= 1
        yield before + 1, 0, " "


def _is_ours(text: str, at: int) -> bool:
    """Whether what begins there looks like "page" or "part"."""
    start = at
    while start < len(text) and (text[start].isspace() or text[start] in _EMPTY or _is_mark(text[start])):
        start += 1
    letters = ""
    for char in unicodedata.normalize("NFKD", text[start : start + _LONGEST_WORD]):
        if _is_mark(char):
            continue
        letters += char.lower() if char.isascii() else "?" if _may_look_alike(char) else " "
        if len(letters) == 4:
            return bool(_OURS.match(letters))
    return False


def _is_mark(char: str) -> bool:
    """Whether it stands on the sign before it."""
    return unicodedata.category(char)[0] == "M"


def _may_look_alike(char: str) -> bool:
    is_sign = unicodedata.category(char)[0] in "LNS"
    is_far = unicodedata.east_asian_width(char) == "W" or unicodedata.bidirectional(char) in ("R", "AL")
    return is_sign and not is_far
