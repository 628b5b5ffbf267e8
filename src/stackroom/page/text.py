"""The text of a fetch: its pages, each after a line that marks it, and a last line that says how to go on.

What in a document imitates such lines is defused; see `foreign`.
"""

from collections.abc import Sequence

from stackroom.common.documents import Page, Part
from stackroom.page.foreign_text import own_label, own_text


def page_mark(number: int, label: str, part: Part | None = None) -> str:
    """The line that stands before a page; with `part`, before the piece of the page that it has."""
    shown = own_label(label)
    named = f"page {number}" if shown in ("", str(number)) else f"page {number} ({shown})"
    return f"[[{named}]]" if part is None else f"[[{named}, characters {part.start} to {part.stop}]]"


def marked_text(pages: Sequence[Page], part: Part) -> str:
    """The text of a part.

    Args:
        pages: from `part.first` to `part.last`, whole.
        part: what of them is wanted.
    """
    cut = part if part.stop is not None else None
    return "\n".join(
        f"{page_mark(page.number, page.label, cut)}\n{own_text(page.text[part.start : part.stop])}"
        for page in pages
    )


def last_line(number: int, parts: int, part: Part, pages: int, next_id: str) -> str:
    """What ends the text of a part: which it is, and the id of the next one ("" if it is the last)."""
    here = f"page {part.first}" if part.first == part.last else f"pages {part.first}-{part.last}"
    going_on = f"to go on, fetch {next_id}" if next_id else "this is the end of the document"
    return f"[[part {number} of {parts}, {here} of {pages}: {going_on}]]\n"
