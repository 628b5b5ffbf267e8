"""Other forms of a word find it, in each language that tests/indexes has forms of.

`pytest tests/indexes/test_forms.py --log-cli-level=INFO` says how many, for docs/quality.md.
"""

import logging
from pathlib import Path

import pytest

from fresh_index import FreshIndex
from stackroom.indexes.parts import beside_pairs, parts
from stackroom.indexes.words import WordIndex


@pytest.fixture
def kind_of_store() -> str:
    """What is found depends on terms and parts, which are the same everywhere."""
    return "file"


FOLDER = Path(__file__).parent
LOG = logging.getLogger(__name__)


def lines(folder: str, language: str) -> list[str]:
    return (FOLDER / folder / f"{language}.txt").read_text(encoding="utf-8").splitlines()


def languages(folder: str) -> list[str]:
    return sorted(path.stem for path in (FOLDER / folder).glob("*.txt"))


def share_found(
    index: FreshIndex, word_index: WordIndex, pairs: list[tuple[str, str]], language: str
) -> float:
    """The share of pairs (query, word) of which the query finds the word among its first three."""
    for number, (_, word) in enumerate(pairs):
        index.publish(number + 1, f"{word}.\n", language=language)
    index.follow_words()
    found = sum(f"{word}." in index.found(word_index, query, 3) for query, word in pairs)
    LOG.info("%s: %d of %d forms", language, found, len(pairs))
    return found / len(pairs)


@pytest.mark.parametrize("language", languages("word_forms"))
@pytest.mark.parametrize("back", [False, True])
def test_forms(index: FreshIndex, word_index: WordIndex, language: str, back: bool) -> None:
    pairs = [tuple(line.split()[:: -1 if back else 1]) for line in lines("word_forms", language)]
    once = {word: (query, word) for query, word in pairs}
    assert share_found(index, word_index, list(once.values()), language) >= 0.9


@pytest.mark.parametrize("language", languages("compounds"))
def test_compounds(index: FreshIndex, word_index: WordIndex, language: str) -> None:
    pairs = [tuple(line.split()) for line in lines("compounds", language)]
    for number, word in enumerate(sorted({word for _, word in pairs})):
        index.publish(number + 1, f"{word}.\n", language=language)
    index.follow_words()
    missing = [pair for pair in pairs if f"{pair[1]}." not in index.found(word_index, pair[0])]
    LOG.info("%s: %d of %d compounds", language, len(pairs) - len(missing), len(pairs))
    assert len(missing) <= 0.1 * len(pairs)


@pytest.mark.parametrize("language", languages("sentences"))
def test_words_without_blanks_are_parts_beside_the_pairs(language: str) -> None:
    """ICU parts some words otherwise alone than in a sentence; those are found by their pairs."""
    pairs = [line.partition(": ") for line in lines("sentences", language)]
    asked = [(sentence, word) for sentence, _, words in pairs for word in words.split()]
    assert len(asked) >= 40
    has = [has_part(parts(sentence, language), word) for sentence, word in asked]
    LOG.info("%s: %d of %d words without blanks", language, sum(has), len(asked))
    assert sum(has) >= 0.85 * len(asked)


def has_part(found: set[str], query: str) -> bool:
    return len(query) < 3 or any(
        part.startswith(wanted.text)
        for readings in beside_pairs(query)
        for wanted in readings
        for part in found
    )


def test_a_word_without_blanks_comes_before_its_pairs_by_chance(
    index: FreshIndex, word_index: WordIndex
) -> None:
    index.publish(1, "ข้าง าวแข ข้อ้าว ข้าง าวแข ข้อ้าว.\n", "ชาวนาปลูกข้าวในฤดูฝน.\n", language="th")
    index.follow_words()
    assert index.found(word_index, "ข้าว")[0].startswith("ชาวนา")
