"""A page of a document as one cites it elsewhere: in text, Markdown and BibTeX. Pure."""

import re
import unicodedata
from dataclasses import dataclass

# What has a meaning of its own in BibTeX and TeX.
_TEX = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    **{sign: f"\\{sign}" for sign in "{}%&#_$"},
}


@dataclass(frozen=True, slots=True)
class Cited:
    """What a citation names. Texts are on one line each, and may be empty but for `title` and `address`.

    `year` has four digits; `page` is the number that is printed on the page. `address` leads to the page,
    below `/d/`.
    """

    title: str
    author: str
    year: str
    file_name: str
    page: str
    address: str


def as_text(cited: Cited) -> str:
    """For example "Ann Lee (2023): Otters, p. 7. http://…"."""
    return f"{_whose(cited)}{cited.title}, p. {cited.page}. {cited.address}"


def as_markdown(cited: Cited) -> str:
    """For example "Ann Lee (2023): [Otters, p. 7](http://…)"."""
    words = re.sub(r"([\\`*_\[\]<>])", r"\\\1", f"{cited.title}, p. {cited.page}")
    whose = re.sub(r"([\\`*_\[\]<>])", r"\\\1", _whose(cited))
    return f"{whose}[{words}]({cited.address})"


def as_bibtex(cited: Cited) -> str:
    """An entry of the kind @misc, which all styles know."""
    fields = {
        "author": "{" + _tex(cited.author) + "}"
        if cited.author
        else "",  # a name as a whole: it may be a company's
        "title": _tex(cited.title),
        "year": cited.year,
        "note": f"{_tex(cited.file_name)}, p. {_tex(cited.page)}".removeprefix(", "),
        "url": cited.address,
    }
    lines = [f"  {name} = {{{value}}}" for name, value in fields.items() if value]
    return f"@misc{{{_key(cited)},\n" + ",\n".join(lines) + "\n}"


def year_of(date: str) -> str:
    """The year of a date as a PDF states it (ISO 8601); empty if it has none."""
    found = re.match(r"\d{4}(?!\d)", date)
    return found[0] if found else ""


def _whose(cited: Cited) -> str:
    who = " ".join(filter(None, (cited.author, f"({cited.year})" if cited.year else "")))
    return f"{who}: " if who else ""


def _tex(text: str) -> str:
    return "".join(_TEX.get(sign, sign) for sign in text)


def _key(cited: Cited) -> str:
    """The last word of the author, the year, and the first long word of the title, in plain letters; then the
    beginning of the document's id and the page's position, so that no two pages have the same.
    """
    author = (_plain_words(cited.author) or [""])[-1]
    words = _plain_words(cited.title)
    title = next((word for word in words if len(word) > 3), (words or [""])[0])
    place = re.findall(r"/d/(\w{1,6})|[?]page=(\d+)", cited.address)
    return "-".join([f"{author}{cited.year}{title}" or "document", *(id_ or page for id_, page in place)])


def _plain_words(text: str) -> list[str]:
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.findall(r"[a-z0-9]+", plain)
