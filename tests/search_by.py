"""By what a search goes, as a parameter of tests: `by_both`, `by_either`. And what a search finds."""

import pytest

from stackroom.reading.reader import Reader

BOTH, WORDS, MEANING = "words and meaning", "words alone", "meaning alone"


by_either = pytest.mark.parametrize("shelf", [BOTH, WORDS, MEANING], indirect=True)


by_both = pytest.mark.parametrize("shelf", [BOTH], indirect=True)


def ids(reader: Reader, query: str, limit: int = 10) -> list[str]:
    return [hit.document_id for hit in reader.search(query, limit)]
