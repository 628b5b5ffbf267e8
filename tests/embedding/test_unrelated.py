"""What a model finds between texts that have nothing to do with each other."""

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from fakes import WordHashEmbedder
from stackroom.embedding.unrelated import unrelated_cosine


class Narrow(WordHashEmbedder):
    """Its vectors lie close together: each has the same large part."""

    def __init__(self, common: float) -> None:
        super().__init__()
        self._common = common

    def embed_passages(self, texts: Sequence[str]) -> NDArray[np.float32]:
        return self._narrow(super().embed_passages(texts))

    def embed_queries(self, texts: Sequence[str]) -> NDArray[np.float32]:
        return self._narrow(super().embed_queries(texts))

    def _narrow(self, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.hstack([np.full((len(vectors), 1), self._common, np.float32), vectors]) / np.float32(
            np.hypot(self._common, 1)
        )


class Blind(Narrow):
    """Reads nothing."""

    def known_share(self, text: str) -> float:
        return 0.0


def test_it_is_what_the_vectors_have_in_common() -> None:
    assert unrelated_cosine(Narrow(2.0)) == pytest.approx(0.8, abs=0.02)  # 2² / (2² + 1²)


def test_a_little_is_nothing() -> None:
    assert unrelated_cosine(WordHashEmbedder()) == 0.0
    assert unrelated_cosine(Narrow(0.2)) == 0.0


def test_languages_that_the_model_cannot_read_do_not_count() -> None:
    assert unrelated_cosine(Blind(2.0)) == 0.0
