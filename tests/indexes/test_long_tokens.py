"""Long tokens - a string of DNA, a hash, a line of base64 - are found by their whole and by their start."""

import base64
import hashlib

import pytest

from fresh_index import FreshIndex
from stackroom.indexes.matching import MatchingWords
from stackroom.reading.query.folded_text import holds
from stackroom.reading.showing.query_words import Matcher

DNA = "GATTACAGGCTTAACGTACCGGATTTACAGATTACCAGGATTACAGCATCGATCGGCTAATCGGCTTAAGCTAGCTTTAGGACCA"
SHA256 = hashlib.sha256(b"otters").hexdigest()
BASE64 = base64.b64encode(bytes(range(60, 117))).decode()
UUID = "123e4567-e89b-12d3-a456-426614174000"
DIGITS = "31415926535897932384626433832795028841971693993751058209749445923078164062862"


@pytest.mark.parametrize("token", [DNA, SHA256, SHA256[:40], SHA256.upper(), BASE64, UUID, DIGITS])
@pytest.mark.parametrize("language", ["en", "de"])
def test_a_long_token_is_found(
    index: FreshIndex, word_index: MatchingWords, token: str, language: str
) -> None:
    index.publish(
        1, f"Its name is {token}.\nThe name is another.\n{token[3:]} is not it.\n", language=language
    )
    index.follow_words()
    for query in (token, token[:12], token[:24], token.lower(), f"where is {token[:14]}"):
        assert index.found(word_index, query)[0] == f"Its name is {token}.", query
        assert Matcher(query).find(token, 0, len(token)), query
    assert holds(f"Its name is {token}.", token)


def test_a_start_finds_long_words_only(index: FreshIndex, word_index: MatchingWords) -> None:
    index.publish(1, "A catalogue of otters.\n")
    index.follow_words()
    assert word_index.search("catalogu otte", 10).hits == word_index.search("catalogue", 10).hits
    assert not word_index.search("catalo", 10).hits


def test_a_hash_of_lower_letters_is_no_heap_of_pieces(index: FreshIndex, word_index: MatchingWords) -> None:
    index.publish(1, f"{SHA256}\n")
    index.follow_words()
    for piece in ("a", "f", "3", "8", "b"):
        assert not word_index.search(piece, 10).hits


@pytest.mark.parametrize("token", [DNA, SHA256, BASE64])
def test_a_token_is_found_that_goes_on_in_the_next_line(
    index: FreshIndex, word_index: MatchingWords, token: str
) -> None:
    index.publish(1, f"Another name is {token[3:]}.\nIts name is {token[:40]}\n{token[40:]}\n")
    index.follow_words()
    assert index.found(word_index, token)[0] == f"Its name is {token[:40]}"
