"""What a model finds between texts that have nothing to do with each other."""

import pytest

from fakes import NarrowEmbedder, WordHashEmbedder
from stackroom.embedding.preparing.unrelated import unrelated_cosine


class Blind(NarrowEmbedder):
    """Reads nothing."""

    def known_share(self, text: str) -> float:
        return 0.0


def test_it_is_what_the_vectors_have_in_common() -> None:
    model = NarrowEmbedder(2.0)
    assert model.unrelated_cosine == 0.8
    assert unrelated_cosine(model) == pytest.approx(0.8, abs=0.02)


def test_a_little_is_nothing() -> None:
    assert unrelated_cosine(WordHashEmbedder()) == 0.0
    assert unrelated_cosine(NarrowEmbedder(0.2)) == 0.0


def test_languages_that_the_model_cannot_read_do_not_count() -> None:
    assert unrelated_cosine(Blind(2.0)) == 0.0
