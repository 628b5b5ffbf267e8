"""The HTML of the pages that a citation opens; pure functions. No scripts, and nothing from elsewhere."""

import re
from base64 import b64encode
from dataclasses import dataclass
from hashlib import sha256
from html import escape

from stackroom.foreign import own_label, own_line
from stackroom.visible import visible

_STYLE = """
:root { color-scheme: light dark; --paper: #fff; --ground: #f3f1ec; --ink: #1d1c1a; --soft: #6b675f;
  --line: #dcd8cf; --link: #22579c; --mark: #ffe14b; --on-mark: #1d1c1a; --note: #fff6d6; }
@media (prefers-color-scheme: dark) { :root { --paper: #23221f; --ground: #171614; --ink: #ece9e2;
  --soft: #a39e93; --line: #3a3833; --link: #8fb8f2; --mark: #8a7400; --on-mark: #fff; --note: #3a3420; } }
* { box-sizing: border-box; }
html { scroll-behavior: auto; }
body { margin: 0; background: var(--ground); color: var(--ink);
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif; }
a { color: var(--link); }
a:focus-visible, summary:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; }
header, main, footer { max-width: 54rem; margin: 0 auto; padding: 0 1rem; }
header { padding-top: 1.25rem; }
h1 { font-size: 1.25rem; line-height: 1.3; margin: 0; overflow-wrap: anywhere; }
.about { color: var(--soft); margin: .25rem 0 0; overflow-wrap: anywhere; }
.note { background: var(--note); border-left: 4px solid var(--mark); padding: .6rem .9rem; margin: 1rem 0 0; }
.turn { position: sticky; top: 0; z-index: 1; background: var(--ground); padding: .6rem 0; }
.turn ul { display: flex; flex-wrap: wrap; gap: .25rem clamp(.6rem, 3vw, 1.25rem);
  list-style: none; margin: 0; padding: 0; align-items: baseline; }
.turn a { display: inline-block; padding: .3rem 0; }
.turn .original { margin-left: auto; }
figure { position: relative; margin: 0; }
img { display: block; width: 100%; height: auto; background: #fff; border: 1px solid var(--line);
  box-shadow: 0 1px 6px rgb(0 0 0 / .12); }
#passage { position: absolute; left: 0; width: 1px; height: 1px; scroll-margin-top: 30vh; }
details { margin: 1rem 0 2rem; background: var(--paper); border: 1px solid var(--line); padding: 0 1rem; }
summary { cursor: pointer; padding: .7rem 0; font-weight: 600; }
.text { white-space: pre-wrap; overflow-wrap: anywhere; margin: 0 0 1rem; }
mark { background: var(--mark); color: var(--on-mark); }
@media print { .turn, details { display: none; } body { background: none; } }
"""


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
    title = escape(own_line(page.title))
    number = f"{page.number} of {page.pages}"
    label = escape(own_label(page.label))
    where = f"Page {number}" if label in ("", str(page.number)) else f"Page {label} ({number})"
    turn = [
        f'<li><a rel="prev" href="{escape(page.previous)}">← Previous page</a></li>' if page.previous else "",
        f'<li><a rel="next" href="{escape(page.next)}">Next page →</a></li>' if page.next else "",
        f'<li class="original"><a href="{escape(page.original)}">Open the PDF</a></li>'
        if page.original
        else "",
    ]
    style = ""
    figure = ""
    if page.picture is not None:
        picture = page.picture
        anchor = ""
        if picture.top is not None:
            style = f"#passage {{ top: {100 * picture.top:.1f}%; }}"
            anchor = '<a id="passage" aria-hidden="true"></a>'
        marked = " The cited passage is highlighted." if anchor else ""
        figure = (
            f'<figure>{anchor}<img src="{escape(picture.address)}" width="{picture.width}"'
            f' height="{picture.height}" alt="Picture of page {number}.{marked} Its text is below."></figure>'
        )
    opened = "" if figure else " open"
    notes = "".join(f'<p class="note">{_text(note)}</p>' for note in page.notes)
    body = (
        f'<header><h1>{title}</h1><p class="about">{where}'
        f"{' · ' + escape(own_line(page.file_name)) if page.file_name else ''}</p>{notes}</header>"
        f'<main><nav class="turn" aria-label="Pages"><ul>{"".join(turn)}</ul></nav>{figure}'
        f"<details{opened}><summary>Text of this page</summary>{_quoted(page.text, page.passage)}</details>"
        "</main>"
    )
    return _html(f"{title}, page {label or page.number}", body, style)


def message_html(heading: str, message: str, link: tuple[str, str] | None = None) -> Html:
    """A page that says why there is nothing else; with `link` (address, words), where to go from here."""
    way = f'<p><a href="{escape(link[0])}">{_text(link[1])}</a></p>' if link else ""
    return _html(
        _text(heading),
        f'<header><h1>{_text(heading)}</h1></header><main><p class="about">{_text(message)}</p>{way}</main>',
    )


def _html(title: str, body: str, style: str = "") -> Html:
    styles = [_STYLE, style] if style else [_STYLE]
    # By their hashes: a nonce would have to be another one each time, and no answer could be kept.
    hashes = " ".join(f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'" for text in styles)
    elements = "".join(f"<style>{text}</style>" for text in styles)
    return Html(
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<meta name="robots" content="noindex">{elements}</head><body>{body}</body></html>\n'.encode(),
        f"default-src 'none'; img-src 'self'; style-src {hashes}; base-uri 'none'; form-action 'none';"
        " frame-ancestors 'none'",
    )


def _quoted(text: str, passage: tuple[int, int] | None) -> str:
    """The text of a page, paragraph by paragraph; its language and direction are its own."""
    if not text.strip():
        return "<p>No text was found on this page.</p>"
    start, stop = passage or (0, 0)
    parts = (text[:start], text[start:stop], text[stop:])
    before, quoted, after = (_text(part) for part in parts)
    # A paragraph each, so that each has the direction of its own script.
    marked = re.sub(r"\n{2,}", "</mark></p><p class='text' dir='auto'><mark>", quoted)
    whole = (
        f"{_paragraphs(before)}<mark>{marked}</mark>{_paragraphs(after)}"
        if quoted
        else _paragraphs(before + after)
    )
    return f"<p class='text' dir='auto'>{whole}</p>"


def _paragraphs(html: str) -> str:
    return re.sub(r"\n{2,}", "</p><p class='text' dir='auto'>", html)


def _text(text: str) -> str:
    return escape(visible(text))
