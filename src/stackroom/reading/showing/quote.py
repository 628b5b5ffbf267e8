"""From a passage that was found to what is shown of it."""

from dataclasses import replace

from stackroom.catalog.entries import FoundPassage
from stackroom.common.documents import Quote
from stackroom.page.foreign_text import own_label, own_text_with_spans
from stackroom.page.mark import Mark
from stackroom.page.table_rows import header_above
from stackroom.reading.showing.query_words import Matcher
from stackroom.reading.showing.snippets import Snippet, complete, cut
from stackroom.reading.showing.spots import spot

# The share of a result's room that the header above a table's rows may take.
_MOST_HEADER = 1 / 3


def quote(
    place: FoundPassage,
    score: float,
    matcher: Matcher,
    characters: int,
    part_id: str,
    *,
    marked: bool,
    brief: bool = False,
) -> Quote:
    """The passage in whole sentences, as far as they fit.

    Args:
        place: the passage and its page.
        score: of the passage; higher is better.
        matcher: finds the query's words.
        characters: most characters of the text; see `Reader.search`.
        part_id: see `Quote`.
        marked: whether to tell where the query's words are in the text.
        brief: whether a sentence will do: then less time is spent on choosing it.
    """
    snippet = _snippet(place, matcher, characters, marked=marked, brief=brief)
    header = _header(place, snippet, characters)
    if header and len(header) + len(snippet.text) > characters:
        snippet = _snippet(place, matcher, characters - len(header), marked=marked, brief=brief)
        header = _header(place, snippet, characters)
    telling = matcher.telling(snippet.text, snippet.matches, place.language) if snippet.matches else ()
    spans = [(start + len(header), stop + len(header)) for start, stop in telling]
    text, matches_seen = own_text_with_spans(header + snippet.text, spans)
    mark = Mark.of(place.page_text, snippet.start, snippet.stop)
    label, ocr = own_label(place.page_label) or str(place.page), place.ocr_confidence
    return Quote(text, matches_seen, place.page, label, score, part_id, str(mark), ocr)


def _snippet(place: FoundPassage, matcher: Matcher, characters: int, *, marked: bool, brief: bool) -> Snippet:
    if not marked and place.stop - place.start <= characters:
        return complete(place.page_text, place.start, place.stop, characters)
    if brief:
        found = spot(place.page_text, place.start, place.stop, matcher.stems, characters)
        return _with_marks(place, found, matcher) if marked else found
    matches = matcher.find(place.page_text, place.start, place.stop, place.language)
    return cut(place.page_text, place.start, place.stop, matches, characters, marked=marked)


def _with_marks(place: FoundPassage, found: Snippet, matcher: Matcher) -> Snippet:
    """The same with its matches; only what is shown is looked through. Its text is that of the page."""
    shown = place.page_text[found.start : found.stop]
    moved = found.text.index(shown) - found.start
    matches = matcher.find(place.page_text, found.start, found.stop, place.language)
    return replace(found, matches=tuple((start + moved, stop + moved) for start, stop in matches))


def _header(place: FoundPassage, snippet: Snippet, characters: int) -> str:
    """The header of the table whose rows the snippet begins with, if it stands above them on the page; "" if
    there is none, or if it would take too much of the room.
    """
    start, stop = header_above(place.page_text, snippet.start)
    return place.page_text[start:stop] + "\n" if 0 < stop - start <= _MOST_HEADER * characters else ""
