"""Fuzzes the query parser and the snippets: `python tests/fuzz_queries.py SECONDS`; `make fuzz` runs it.

Hypothesis makes queries out of operators, quotation marks, odd characters and words, and pages to go with.
"""

import argparse
import time

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from stackroom.catalog.entries import Description
from stackroom.catalog.passage_ranges import PassageRange
from stackroom.indexes.stems import load_dictionary
from stackroom.indexes.terms import Analyzer
from stackroom.page.visible_text import visible
from stackroom.reading.finding.document_table import DocumentTable
from stackroom.reading.query.parse import parse
from stackroom.reading.showing.query_words import Matcher
from stackroom.reading.showing.snippets import Snippet, complete, cut

_EXAMPLES = 100  # at once
_LEAST_LIMIT = 40
_SLOW_SECONDS = 0.5  # of CPU, for a query of some hundred characters and a page of some thousand

_PIECES = [
    *"\"'“”„«»-－:：()|&.!?…•\\ \n\t\u200f\u200d\ufeff\x00\ud83d猫ßﬁİ",
    *("title:", "author:", "folder:", "path:", "after:", "before:", "lang:", "id:", "-title:", "-id:"),
    *("AND", "OR", "NOT", "and", "2023", "2023-13-45", "0000-00", "9999-12-31", "de", "xx", "0" * 24),
    *("otter", "Otters", "sea-otter", "e-mail", "-Wall", "-std=c++17", "C++", "§ 4.2", "naïve", "#p=3"),
    *("これは文です。", "หนังสือ", "हिन्दी", "עברית", "العربية", "👩‍👩‍👧", "e.g.", "Dr.", "1.", "[1]", "--"),
    *("a" * 300, "\u0301" * 40, "http://x.y/z"),
]

_texts = st.lists(
    st.one_of(st.sampled_from(_PIECES), st.text(max_size=8), st.sampled_from([" ", " ", "\n"])), max_size=25
).map("".join)


@st.composite
def _places(draw: st.DrawFn) -> tuple[str, int, int]:
    """A page, and a passage on it."""
    page = draw(_texts) + draw(_texts)
    start = draw(st.integers(0, len(page)))
    return page, start, draw(st.integers(start, len(page)))


@settings(
    max_examples=_EXAMPLES,
    database=None,
    deadline=None,
    derandomize=False,
    phases=[Phase.generate, Phase.shrink],
    suppress_health_check=list(HealthCheck),
)
@given(_texts, _places(), st.integers(_LEAST_LIMIT, 1500), st.sampled_from(["de", "ja", ""]))
def check(query: str, place: tuple[str, int, int], limit: int, language: str) -> None:
    """Nothing raises, nothing takes long, and what is shown is on the page and fits."""
    page, start, stop = place
    started = time.process_time()
    asked = parse(query)
    assert parse(query) == asked
    assert asked.only_filters == (not asked.text and asked.has_filters)
    assert not asked.without or asked.text or asked.has_filters, "an exclusion alone"
    asked.passes(page)
    about = Description(PassageRange(1, 2, 1), "", page, query, "2023-05", query, "de", (page,))
    DocumentTable([about]).admitted(asked)
    Analyzer(language).words(page)
    visible(page)
    matches = Matcher(asked.text).find(page, start, stop)
    assert all(start <= first < last <= stop for first, last in matches)
    assert matches == sorted(matches)
    _check_snippet(cut(page, start, stop, matches, limit), page, limit)
    _check_snippet(complete(page, start, stop, limit), page, max(limit, stop - start + 8))
    assert time.process_time() - started < _SLOW_SECONDS, "too slow"


def _check_snippet(snippet: Snippet, page: str, limit: int) -> None:
    assert len(snippet.text) <= limit
    assert 0 <= snippet.start <= snippet.stop <= len(page)
    assert all(0 <= first < last <= len(snippet.text) for first, last in snippet.matches)
    # Blanks may differ; nothing else is made up.
    shown = "".join(snippet.text.replace("…", "").split())
    assert shown in "".join(page[snippet.start : snippet.stop].replace("…", "").split()) or not shown


def fuzz(seconds: float) -> int:
    """Fuzzes for so long, other examples each time. Returns how many passed; raises what fails."""
    load_dictionary("de")  # once, which takes longer than any query may
    until, done = time.monotonic() + seconds, 0
    while time.monotonic() < until:
        check()
        done += _EXAMPLES
    return done


def main() -> None:
    """Fuzzes, and says how much."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("seconds", type=float)
    seconds = parser.parse_args().seconds
    print(f"queries: {fuzz(seconds):,} examples in {seconds:g} s, none failed")


if __name__ == "__main__":
    main()
