"""Questions drawn from documents themselves: titles and headings, whose wording is then taken out of them.

Pure functions. A heading is asked, and the page that it stands on is the right answer. It would be found by
itself, so it is removed where it stands, and with it every line of the document that says the same: in the
table of contents, above each page, in a list of figures. What the text below a heading has in common with it
stays. Headings are not what people ask; so such questions compare two models on the same documents, and say
little about either alone.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

from stackroom.cli.evaluation.sets import EvaluationSet, Query
from stackroom.common.characters.scripts import UNSPACED
from stackroom.common.documents import Document, Page

MOST_QUESTIONS = 200

# The fewest words of a question; without blanks between words, the fewest letters.
_WORDS, _LETTERS = 2, 4

# A heading is asked if so many characters follow before the next one. So much of that text is the answer: it
# may go on to the next page.
_LEAST_TEXT, _ANSWER = 200, 400

_BETWEEN = " › "  # the headings of a `Section`
_UNSPACED = re.compile(f"[{UNSPACED}]")
_LINE = re.compile(r"[^\n]*\n?")


def questions_of(documents: Mapping[str, Document], name: str, root: Path) -> EvaluationSet:
    """The documents without their titles and headings, and questions that ask for these.

    Args:
        documents: by their paths. In the set they have numbers for paths, since a file's name is evidence.
        name: of the set.
        root: of the set.

    Returns:
        A set with at most MOST_QUESTIONS queries, always the same for the same documents; maybe with none.
    """
    stripped: dict[str, Document] = {}
    found: list[Query] = []
    for number, (path, document) in enumerate(sorted(documents.items()), 1):
        place = f"{number}.pdf"
        bare, answers = _without_headings(document)
        stripped[place] = bare
        if document.title.casefold() != Path(path).stem.casefold() and _can_be_asked(document.title):
            found.append(Query("", document.title, {place: 1}))
        found += [Query("", asked, {place: 1}, pages) for asked, pages in answers if _can_be_asked(asked)]
    # What two places say has no one answer.
    count = Counter(letters(query.text) for query in found)
    alone = [query for query in found if count[letters(query.text)] == 1]
    chosen = sorted(alone, key=lambda query: hashlib.sha256(query.text.encode()).digest())[:MOST_QUESTIONS]
    queries = tuple(replace(query, id=str(number)) for number, query in enumerate(chosen, 1))
    return EvaluationSet(name, root, stripped, queries, judged=False)


def letters(text: str) -> str:
    """The letters of a text alone, in lower case: what a heading and a line of contents have in common."""
    return "".join(char for char in text.casefold() if char.isalpha())


def _can_be_asked(text: str) -> bool:
    if _UNSPACED.search(text):
        return len(letters(text)) >= _LETTERS
    return sum(any(map(str.isalpha, word)) for word in text.split()) >= _WORDS


def _without_headings(document: Document) -> tuple[Document, list[tuple[str, frozenset[int]]]]:
    """The document without its title and headings; and each heading with the pages, 1-based, that its text
    begins on.
    """
    text = document.text
    headings = [section.heading.rpartition(_BETWEEN)[2] for section in document.sections]
    own = {said for heading in (document.title, *headings) if (said := letters(heading))}
    kept = [True] * len(text)
    for section, heading in zip(document.sections, headings, strict=True):
        _strike(kept, *_place(text, section.start, letters(heading)))
    for line in _LINE.finditer(text):
        if letters(line.group()) in own:
            _strike(kept, line.start(), line.end())
    pages, of_page = [], []
    start = 0
    for page in document.pages:
        stop = start + len(page.text)
        left = "".join(char for char, keep in zip(page.text, kept[start:stop], strict=True) if keep)
        # Each page's text is empty or ends in one newline.
        pages.append(Page(page.number, page.label, f"{left.rstrip()}\n" if left.strip() else ""))
        of_page += [page.number] * len(page.text)
        start = stop
    answers = []
    spans = pairwise([*(section.start for section in document.sections), len(text)])
    for heading, (start, stop) in zip(headings, spans, strict=True):
        body = [at for at in range(start, stop) if kept[at] and not text[at].isspace()]
        if len(body) >= _LEAST_TEXT:
            answers.append((heading, frozenset(of_page[at] for at in body[:_ANSWER])))
    return replace(document, title="", outline=(), sections=(), pages=tuple(pages)), answers


def _place(text: str, start: int, said: str) -> tuple[int, int]:
    """Where a heading with these letters stands, if it begins at `start`; else an empty place there."""
    if not said:
        return start, start
    left = iter(said)
    wanted = next(left, "")
    for at in range(start, len(text)):
        for char in text[at].casefold():
            if not char.isalpha():
                continue
            if char != wanted:
                return start, start
            wanted = next(left, "")
        if not wanted:
            return start, at + 1
    return start, start


def _strike(kept: list[bool], start: int, stop: int) -> None:
    kept[start:stop] = [False] * (stop - start)
