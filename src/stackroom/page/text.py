"""The text that a fetch answers with: pages, each after a line that marks it, and a last line that says how
to go on.

Where a document's own text looks like such a line, it is changed; see `stackroom.page.foreign_text`.
"""

from collections.abc import Sequence

from stackroom.common.documents import Page, Part
from stackroom.page.foreign_text import own_label, own_text


def page_mark(number: int, label: str, part: Part | None = None) -> str:
    """The line before a page: "[[page 3 (iii)]]"; with `part`, before that piece of the page."""
    shown = own_label(label)
    named = f"page {number}" if shown in ("", str(number)) else f"page {number} ({shown})"
    return f"[[{named}]]" if part is None else f"[[{named}, characters {part.start} to {part.stop}]]"


def marked_text(pages: Sequence[Page], part: Part) -> str:
    """The text of a part.

    Args:
        pages: `part.first` to `part.last`, with all of their text.
        part: which piece of it is wanted.
    """
    cut = part if part.stop is not None else None
    return "\n".join(
        f"{page_mark(page.number, page.label, cut)}\n{own_text(page.text[part.start : part.stop])}"
        for page in pages
    )


def last_line(number: int, parts: int, part: Part, pages: int, next_id: str) -> str:
    """The line that ends a part's text: which part it is, and how to fetch the next.

    Args:
        number: of the part, from 1.
        parts: how many the document has.
        part: the part.
        pages: how many the document has.
        next_id: fetches the next part; "" if this is the last.
    """
    here = f"page {part.first}" if part.first == part.last else f"pages {part.first}-{part.last}"
    going_on = f"to go on, fetch {next_id}" if next_id else "this is the end of the document"
    return f"[[part {number} of {parts}, {here} of {pages}: {going_on}]]\n"
