"""Splits a document into passages. Pure functions.

The passages of a page follow each other without gaps and cover all of its text, blanks included. No passage
crosses a page, so that a citation names exactly one. A page of 600 tokens with a limit of 254 becomes three
passages of about 200, not two full ones and a short rest: short passages are found for the wrong reasons.
"""

import math
import re
from bisect import bisect_left, bisect_right

import numpy as np
from numpy.typing import NDArray

from indexer.passages.context import contexts
from stackroom.common.characters.punctuation import CLOSERS, SENTENCE_ENDS, WIDE_SENTENCE_ENDS
from stackroom.common.documents import Document, Passage
from stackroom.embedding.embedder import Tokenizer
from stackroom.page.table_rows import header_above, plain_header, without_bars

# Where a passage may end, best first. Each pattern's match ends where the next passage starts.
_BOUNDARIES = (
    re.compile(r"\n\s*\n\s*"),  # paragraph
    re.compile(  # sentence, list item
        rf"[{SENTENCE_ENDS}][{CLOSERS}]*\s+|[{WIDE_SENTENCE_ENDS}]['\"’”」』）]*\s*|\n(?=\s*[-*•–—]\s)"
    ),
    re.compile(r"\n"),  # line
    re.compile(r"\s+"),  # word
)
_SENTENCE = 1  # the place of the kind in _BOUNDARIES
# Longer passages say too much for one vector. With 190 tokens, the right page of real PDFs is among the first
# five results for 95 of 100 questions; with 254, for 92. With 128 there are half as many vectors more, and no
# better results.
_MOST_TOKENS = 190

# Most tokens of a table's header before a passage of its rows, and the share of a passage that this may be.
_HEADER_TOKENS = 48
_HEADER_SHARE = 6

# The share of a passage's letters that the model must know. Of 52 PDFs in 20 languages, those in languages of
# which MiniLM knows little more than the letters have .2 to .55 on average, all others .7 and more.
_LEGIBLE = 0.6

# How early a cut may be to fall on a better boundary: at this part of the even share of tokens.
_EARLIEST = 0.5

# A text may have so many tokens more than it had on its page, because some tokenizers join a word with the
# blank before it. Only texts that come so close to the limit, or that are cut inside a word, are counted
# again.
_SLACK = 4

# A "word" of 10,000 letters is one unknown token to WordPiece models. English has 4 to 5 characters a token.
_MOST_CHARACTERS_PER_TOKEN = 10


def split(document: Document, tokenizer: Tokenizer, passage_tokens: int) -> list[Passage]:
    """The passages of `document`, in order.

    Args:
        document: any. Pages of only blanks give no passages.
        tokenizer: of the model that will embed the passages.
        passage_tokens: most tokens that a passage may have, its context included.

    Returns:
        Passages, in order. Their offsets count characters of `document.text`. On every page with a visible
        character they follow each other without gaps and cover the page.
    """
    before, reserved = contexts(document, tokenizer, passage_tokens)
    with_text = [page for page in document.pages if page.text.strip()]
    header_tokens = 0
    if any("\n|" in page.text for page in with_text):
        header_tokens = min(_HEADER_TOKENS, passage_tokens // _HEADER_SHARE)
    passage_tokens = min(passage_tokens - reserved - header_tokens, _MOST_TOKENS)
    texts = {page.number: page.text for page in with_text}
    plain = {number: without_bars(text) for number, text in texts.items()}
    starts = tokenizer.token_starts(list(plain.values()))
    spans: list[tuple[int, tuple[int, int]]] = []
    doubtful: list[tuple[int, tuple[int, int]]] = []
    for page, token_starts in zip(with_text, starts, strict=True):
        for span in _spans(page.text, token_starts, passage_tokens):
            count = int(np.diff(np.searchsorted(token_starts, span))[0])
            sure = count <= passage_tokens - _SLACK and not _cuts_a_word(page.text, span)
            (spans if sure else doubtful).append((page.number, span))
    spans = sorted(spans + _within_limit(doubtful, plain, tokenizer, passage_tokens))
    offset_of: dict[int, int] = {}
    offset = 0
    for page in document.pages:
        offset_of[page.number] = offset
        offset += len(page.text)
    first_page = min(texts, default=0)
    section_starts = [section.start for section in document.sections]
    headers = _headers(spans, texts, tokenizer, header_tokens) if header_tokens else {}
    shares = tokenizer.known_shares([plain[number][start:stop] for number, (start, stop) in spans])
    passages = []
    for (number, (start, stop)), share in zip(spans, shares, strict=True):
        first = offset_of[number] + start
        context = before[bisect_right(section_starts, first)]
        if number == first_page and start == 0 and _begins_with(texts[number], document.title):
            context = ""  # it says so itself
        context += headers.get((number, start), "")
        passages.append(Passage(first, offset_of[number] + stop, number, context, share >= _LEGIBLE))
    return passages


def _headers(
    spans: list[tuple[int, tuple[int, int]]], texts: dict[int, str], tokenizer: Tokenizer, most: int
) -> dict[tuple[int, int], str]:
    """Page and start of each passage that begins below a table's header → the header's words, as a line of at
    most so many tokens.
    """
    found = {}
    for number, (start, _) in spans:
        first, last = header_above(texts[number], start)
        if first < last:
            found[number, start] = plain_header(texts[number][first:last])
    headers = list(dict.fromkeys(found.values()))
    cut = {
        header: header[: tokens[most]].rstrip() if len(tokens) > most else header
        for header, tokens in zip(headers, tokenizer.token_starts(headers), strict=True)
    }
    return {place: f"{cut[header]}\n" for place, header in found.items()}


def _begins_with(text: str, title: str) -> bool:
    words = title.casefold().split()
    return text[: 2 * len(title) + 100].casefold().split()[: len(words)] == words


def _spans(text: str, token_starts: NDArray[np.int64], limit: int) -> list[tuple[int, int]]:
    """Cuts one page at the best boundary near each even share of its tokens."""
    tokens = max(len(token_starts), math.ceil(len(text) / _MOST_CHARACTERS_PER_TOKEN), 1)
    if tokens <= limit:
        return [(0, len(text))]
    boundaries = _Boundaries(text)
    spans = []
    start = 0
    while True:
        first = int(np.searchsorted(token_starts, start))
        left = max(len(token_starts) - first, math.ceil((len(text) - start) / _MOST_CHARACTERS_PER_TOKEN))
        if left <= limit:
            spans.append((start, len(text)))
            return spans
        share = math.ceil(left / math.ceil(left / limit))

        def offset_at(token: int, first: int = first, start: int = start) -> int:
            by_length = start + (token - first) * _MOST_CHARACTERS_PER_TOKEN
            return min(int(token_starts[token]) if token < len(token_starts) else len(text), by_length)

        earliest = max(offset_at(first + max(1, int(share * _EARLIEST))), start + 1)
        cut = boundaries.nearest(earliest, offset_at(first + share), offset_at(first + limit))
        spans.append((start, cut))
        start = cut


class _Boundaries:
    """The places where a page may be cut, by kind. A kind is searched for only when it is needed."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._offsets: list[list[int]] = []  # by kind, ascending

    def nearest(self, earliest: int, ideal: int, latest: int) -> int:
        """The boundary between `earliest` and `latest` that is nearest to `ideal`, of the best kind that is
        there.
        """
        latest = max(latest, earliest)
        for kind, pattern in enumerate(_BOUNDARIES):
            if kind == len(self._offsets):
                self._offsets.append([match.end() for match in pattern.finditer(self._text)])
                if kind == _SENTENCE and "\n|" in self._text:
                    self._offsets[kind] = [at for at in self._offsets[kind] if not _is_in_row(self._text, at)]
            offsets = self._offsets[kind]
            low, high = bisect_left(offsets, earliest), bisect_right(offsets, latest)
            if low < high:
                return min(offsets[low:high], key=lambda offset: abs(offset - ideal))
        return min(max(ideal, earliest), latest)


def _is_in_row(text: str, offset: int) -> bool:
    """Whether a table's row goes on there: it is cut only at its end, as long as it is not longer than a
    passage.
    """
    start = text.rfind("\n", 0, offset) + 1
    return start < offset and text.startswith("|", start)


def _cuts_a_word(text: str, span: tuple[int, int]) -> bool:
    return any(
        0 < cut < len(text) and not text[cut - 1].isspace() and not text[cut].isspace() for cut in span
    )


def _within_limit(
    spans: list[tuple[int, tuple[int, int]]], texts: dict[int, str], tokenizer: Tokenizer, limit: int
) -> list[tuple[int, tuple[int, int]]]:
    """Halves the spans that still have too many tokens: a word that was cut has more than before."""
    starts = tokenizer.token_starts([texts[page][start:stop] for page, (start, stop) in spans])
    fitting = []
    for (page, (start, stop)), token_starts in zip(spans, starts, strict=True):
        if len(token_starts) <= limit or stop - start < 2:
            fitting.append((page, (start, stop)))
            continue
        middle = (start + stop) // 2
        halves = [(page, (start, middle)), (page, (middle, stop))]
        fitting += _within_limit(halves, texts, tokenizer, limit)
    return fitting
