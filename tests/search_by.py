"""By what a search goes, as a parameter of tests: `by_both`, `by_either`. And what a search finds."""

import pytest

from stackroom.reading.reader import Reader

BOTH, WORDS, MEANING = "words and meaning", "words alone", "meaning alone"


by_either = pytest.mark.parametrize("shelf", [BOTH, WORDS, MEANING], indirect=True)


by_both = pytest.mark.parametrize("shelf", [BOTH], indirect=True)


def ids(reader: Reader, query: str, limit: int = 10) -> list[str]:
    """The documents that a search finds: each that it shows, then those that have the same passage."""
    found = [
        id_
        for hit in reader.search(query, limit)
        for id_ in (hit.document_id, *(copy.document_id for copy in hit.best.copies))
    ]
    return list(dict.fromkeys(found))
