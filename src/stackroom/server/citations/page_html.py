"""The HTML of the pages that a citation opens; pure functions. No scripts, and nothing from elsewhere."""

import re
from dataclasses import dataclass, replace

from stackroom.page.foreign_text import own_label, own_line
from stackroom.page.visible_text import visible
from stackroom.server.html import render, style_policy, style_sheet


@dataclass(frozen=True, slots=True)
class Html:
    """A page of HTML, and the policy that lets the browser do no more with it than show it."""

    body: bytes
    policy: str


@dataclass(frozen=True, slots=True)
class ShownPicture:
    """Where a page's picture is, its size in pixels, and how far down the passage begins, from 0 to 1."""

    address: str
    width: int
    height: int
    top: float | None


@dataclass(frozen=True, slots=True)
class PageShown:
    """What is shown of a page. Addresses are relative to the one the page has.

    Attributes:
        title: of the document.
        file_name: of the PDF, without folders.
        number, pages: the page's position, from 1, and how many there are.
        label: what is printed on it.
        text: of the page.
        passage: span (start, stop) of the text that is cited; None if none is.
        notes: what the reader has to know first, a sentence each.
        picture: None if it can't be shown.
        original: address of the PDF; None if there is none.
        previous, next: addresses of the neighbours; None if there are none.
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
    """The page of a document's page."""
    title, label, file_name = own_line(page.title), own_label(page.label), own_line(page.file_name)
    page = replace(page, title=title, label=label, file_name=file_name)
    place = "" if page.picture is None or page.picture.top is None else f"{100 * page.picture.top:.1f}%"
    styles = [f"#passage {{ top: {place}; }}"] if place else []
    return _html("citation.html", *styles, page=page, paragraphs=_paragraphs(page.text, page.passage))


def message_html(heading: str, message: str, link: tuple[str, str] | None = None) -> Html:
    """A page that says why there is nothing else; with `link` (address, words), where to go from here."""
    return _html("message.html", heading=visible(heading), message=visible(message), link=link)


def _html(template: str, *styles: str, **values: object) -> Html:
    all_styles = (style_sheet("citation.css"), *styles)
    return Html(
        render(template, all_styles, **values).encode(),
        f"default-src 'none'; img-src 'self'; style-src {style_policy(all_styles)}; base-uri 'none';"
        " form-action 'none'; frame-ancestors 'none'",
    )


def _paragraphs(text: str, passage: tuple[int, int] | None) -> list[list[tuple[str, bool]]]:
    """The paragraphs of a text, each in pieces: what they say, and whether that is cited.

    A paragraph each, so that each has the direction of its own script.
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
