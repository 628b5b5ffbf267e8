"""From a passage that was found to what is shown of it."""

from stackroom.catalog.entries import FoundPassage
from stackroom.common.documents import Quote
from stackroom.page.foreign_text import own_label, own_text_with_spans
from stackroom.page.mark import Mark
from stackroom.reading.showing.query_words import Matcher
from stackroom.reading.showing.snippets import complete, cut


def quote(
    place: FoundPassage, score: float, matcher: Matcher, characters: int, part_id: str, *, marked: bool
) -> Quote:
    """The passage in whole sentences, as far as they fit.

    Args:
        place: the passage and its page.
        score: of the passage; higher is better.
        matcher: finds the query's words.
        characters: most characters of the text; see `Reader.search`.
        part_id: see `Quote`.
        marked: whether to tell where the query's words are in the text.
    """
    if not marked and place.stop - place.start <= characters:
        snippet = complete(place.page_text, place.start, place.stop, characters)
    else:
        matches = matcher.find(place.page_text, place.start, place.stop)
        snippet = cut(place.page_text, place.start, place.stop, matches, characters, marked=marked)
    text, matches_seen = own_text_with_spans(snippet.text, snippet.matches)
    mark = Mark.of(place.page_text, snippet.start, snippet.stop)
    label, ocr = own_label(place.page_label) or str(place.page), place.ocr_confidence
    return Quote(text, matches_seen, place.page, label, score, part_id, str(mark), ocr)
