"""Makes the HTML of the pages that a citation opens: pure functions, no scripts, nothing from elsewhere."""

import re
from dataclasses import dataclass, replace

from stackroom.page.foreign_text import own_label, own_line
from stackroom.page.visible_text import visible
from stackroom.server.html import render, style_policy, style_sheet


@dataclass(frozen=True, slots=True)
class Html:
    """A page of HTML, and its Content-Security-Policy, which lets the browser show it and no more."""

    body: bytes
    policy: str


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


def page_html(page: PageShown) -> Html:
    """The HTML that shows a page of a document."""
    title, label, file_name = own_line(page.title), own_label(page.label), own_line(page.file_name)
    page = replace(page, title=title, label=label, file_name=file_name)
    place = "" if page.picture is None or page.picture.top is None else f"{100 * page.picture.top:.1f}%"
    styles = [f"#passage {{ top: {place}; }}"] if place else []
    return _html("citation.html", *styles, page=page, paragraphs=_paragraphs(page.text, page.passage))


def message_html(heading: str, message: str, link: tuple[str, str] | None = None) -> Html:
    """The HTML of a page with only a message; `link` (address, words) leads on from it."""
    return _html("message.html", heading=visible(heading), message=visible(message), link=link)


def _html(template: str, *styles: str, **values: object) -> Html:
    all_styles = (style_sheet("citation.css"), *styles)
    return Html(
        render(template, all_styles, **values).encode(),
        f"default-src 'none'; img-src 'self'; style-src {style_policy(all_styles)}; base-uri 'none';"
        " form-action 'none'; frame-ancestors 'none'",
    )


def _paragraphs(text: str, passage: tuple[int, int] | None) -> list[list[tuple[str, bool]]]:
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
