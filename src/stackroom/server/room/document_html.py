"""What is shown of a document's page: values for the template document.html; pure."""

import re
from dataclasses import dataclass, replace

from stackroom.page.foreign_text import own_label, own_line
from stackroom.page.visible_text import visible


@dataclass(frozen=True, slots=True)
class ShownPicture:
    """The address of a page's picture, and its size in pixels.

    `top` is where the cited passage begins, from 0 (top of the page) to 1; None if nothing is marked.
    """

    address: str
    width: int
    height: int
    top: float | None


@dataclass(frozen=True, slots=True)
class PageShown:
    """Everything that is shown of a document's page. Addresses are relative to the address of this page.

    Attributes:
        title: the document's.
        file_name: of the PDF, without folders.
        number, pages: the page's position, from 1, and how many pages the PDF has.
        label: the page number that is printed on the page.
        text: of the page.
        passage: (start, stop) of the cited passage in `text`; None if none is marked.
        notes: sentences that are shown above the page, such as that the file has changed.
        picture: None if it can't be shown.
        original: address of the PDF; None if the file is not there.
        previous, next: addresses of the pages before and after; None if there is none.
    """

    title: str
    file_name: str
    number: int
    pages: int
    label: str
    text: str
    passage: tuple[int, int] | None
    notes: tuple[str, ...]
    picture: ShownPicture | None
    original: str | None
    previous: str | None
    next: str | None


def safe(page: PageShown) -> PageShown:
    """The same with what comes from the PDF on one line each."""
    return replace(
        page,
        title=own_line(page.title),
        label=own_label(page.label),
        file_name=own_line(page.file_name),
    )


def place_style(page: PageShown) -> str:
    """CSS that puts the anchor of the passage where it begins; empty if nothing is marked."""
    top = page.picture.top if page.picture else None
    return "" if top is None else f"#passage {{ top: {100 * top:.1f}%; }}"


def paragraphs(text: str, passage: tuple[int, int] | None) -> list[list[tuple[str, bool]]]:
    """The paragraphs of a text, each as a list of pieces (text, whether it is cited).

    Each paragraph becomes an element of its own, so that each has the direction of its own script.
    """
    start, stop = passage or (0, 0)
    paragraphs: list[list[tuple[str, bool]]] = [[]]
    for piece, is_cited in ((text[:start], False), (text[start:stop], True), (text[stop:], False)):
        for number, part in enumerate(re.split(r"\n{2,}", visible(piece))):
            if number:
                paragraphs.append([])
            if part:
                paragraphs[-1].append((part, is_cited))
    return [paragraph for paragraph in paragraphs if any(part.strip() for part, _ in paragraph)]
