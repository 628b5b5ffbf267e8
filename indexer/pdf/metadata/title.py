"""Chooses a document's title: few PDFs have one in their metadata that a person wrote. Pure functions."""

import re
from collections.abc import Sequence
from statistics import median
from urllib.parse import unquote

from indexer.pdf.metadata.default_titles import is_default
from indexer.pdf.text.clean_text import flatten
from indexer.pdf.text.page_lines import HYPHENATED, Line
from stackroom.common.documents import OutlineEntry

_LONGEST = 200  # characters; more is a paragraph

_MADE_UP = re.compile(
    r"""
      (?:title|titel|titre|book|article|report|slide|folie|page|cover|scan|scanned[ ](?:document|image)
        |image|print|layout|default|none|null)[ _-]?\d*
    | powerpoint[ -].* | microsoft[ ](?:word|powerpoint|excel|office).* | \(?anonymous\)?
    """,
    re.IGNORECASE | re.VERBOSE,
)
_FILE = re.compile(
    r"""
      .*\.(?:docx?|dotx?|dvi|tex|ltx|indd?|pdf|qxd|qxp|pptx?|xlsx?|csv|rtf|odt|odp|ods|txt|md|rst|html?|php
        |aspx?|xml|e?ps|fm|book|pages|key|pmd|p65|pub|wpd|cdr|ai|svg|jpe?g|tiff?|png|dwg|sxw|lwp|tmp|docm|pptm
        |xls[mb]|ppsx?|numbers|bmp|gif|webp|heic|hwpx?|wps|vsdx?|mpp|eml|msg|typ|adoc|ipynb|jsp|cfm|xps|epub
        |djvu?|zip)
    | [a-z]:[\\/].* | \\\\.* | /\S* | \S*\\\S* | /[^/]*/.*  # a path
    | (?:file|https?|ftps?|data|blob|about|javascript|view-source|chrome(?:-extension)?|mailto|urn):\S.*
    | www\.\S+
    | (?:localhost|(?:\d{1,3}\.){3}\d{1,3})(?::\d+)?(?:/\S*)?  # as browsers name a page without a title
    | [a-z0-9.-]+:\d{2,5}/\S* | (?:[a-z0-9-]+\.)+[a-z]{2,}(?::\d{2,5}|(?::\d{2,5})?/\S*)
    | \S*_\S*  # a file name without its ending
    """,
    re.IGNORECASE | re.VERBOSE,
)
# What viewers and systems put after a file's name: "a.docx [Read-Only]", "scan_003 (2)", "plan.pdf - Kopie".
_AFTER_NAME = re.compile(
    r"[\s_-]*(?:[\[({][^\[\](){}]{0,30}[\])}]|\b(?:kopie|copy|copie|copia|kopia|копия|\d{1,3}))\Z",
    re.IGNORECASE,
)
_RULE = re.compile(r"[_=*~–—-]{4,}")  # drawn with characters above or below the title
_GARBLED = re.compile("\ufffd|(?:[ÃÐÑØÙ][\u0080-\u00bf•†‡…—–ƒ⁄‹›−‰„“”‘’‚™ŁŒŠŸŽıłœšž€].?){2}|\\?{3}|þÿ")


def choose_title(
    metadata: str, outline: Sequence[OutlineEntry], first_page: Sequence[Line], file_stem: str
) -> str:
    """The first meaningful title of these: metadata, outline, first page, the file's name. Never empty.

    Args:
        metadata: the title the PDF gives itself, as `flatten` leaves it.
        outline: in reading order.
        first_page: the first page's lines, with their font sizes as heights.
        file_stem: the file's name without ".pdf".
    """
    largest = _read_largest(first_page)
    for title in (metadata, _read_root(outline, largest), largest):
        if is_meaningful(title):
            return title
    return flatten(re.sub(r"[_\s-]+", " ", unquote(file_stem))) or "Untitled"


def is_meaningful(title: str) -> bool:
    """Whether a person may have written this as a title."""
    return (
        2 <= len(title) <= 2 * _LONGEST
        and sum(char.isalpha() for char in title) >= 2
        and not _MADE_UP.fullmatch(title)
        and not is_default(title)
        and not _is_file(title)
        and not _GARBLED.search(title)
    )


def _is_file(title: str) -> bool:
    for _ in range(3):
        if _FILE.fullmatch(title):
            return True
        title = _AFTER_NAME.sub("", title)
    return False


def _read_root(outline: Sequence[OutlineEntry], largest: str) -> str:
    """The first outline entry if it names the whole document; else "".

    It does if all others are below it, or if page 1 shows it in large letters.
    """
    if not outline:
        return ""
    first = outline[0]
    others = outline[1:]
    is_root = first.level == 0 and len(others) > 1 and all(entry.level > 0 for entry in others)
    is_shown = len(first.title) >= 4 and first.title.casefold() in largest.casefold()
    numbered = first.title[:1].isdigit()
    return first.title if first.page <= 2 and not numbered and (is_root or is_shown) else ""


def _read_largest(lines: Sequence[Line]) -> str:
    """The first run of lines in the largest size; "" if no size stands out."""
    # Sideways text, such as the stamp in an archive's margin, is large but no title.
    upright = [line for line in lines if abs(line.end_y - line.start_y) <= max(line.height, 1.0) * 3]
    if not upright:
        return ""
    usual = median(line.height for line in upright)
    sizes = sorted({line.height for line in upright if line.height > 1.1 * usual}, reverse=True)
    if len(upright) <= 3 and not sizes:
        sizes = [usual]  # hardly more than a title on the page
    for size in sizes[:3]:
        run: list[Line] = []
        for line in upright:
            is_far = bool(run) and not -size < run[-1].start_y - line.start_y < 2.25 * size
            if line.height >= 0.95 * size and not is_far:
                run.append(line)
            elif run:
                break
        title = " ".join(line.text for line in run).replace(HYPHENATED + " ", "")
        title = flatten(_RULE.sub(" ", title)).rstrip("∗*†‡ ")
        if 4 <= len(title) <= _LONGEST and is_meaningful(title):
            return title
    return ""
