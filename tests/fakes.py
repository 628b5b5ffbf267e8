"""Small real implementations of the protocols, for tests that are not about a real model."""

import hashlib
import re
import threading
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from stackroom.common.errors import ModelNotFound
from stackroom.embedding.embedder import (
    Embedder,
    Fingerprint,
    Preparation,
    Tokenizer,
    refuse_another_model,
)
from stackroom.embedding.reranking.reranker import Pair, Reranker


class WordHashEmbedder:
    """An `Embedder` of word counts, and its `Tokenizer`: texts that share words are near.

    Tokens are words and signs.
    """

    runtime = "word counts"
    unrelated_cosine = 0.0

    def __init__(self, name: str = "word-hash", dimensions: int = 512, passage_tokens: int = 40) -> None:
        digest = hashlib.sha256(f"{name} {dimensions} {passage_tokens}".encode()).hexdigest()
        self.fingerprint = Fingerprint(name, digest, dimensions, passage_tokens)
        self.embedded_passages = 0

    def token_starts(self, texts: Sequence[str]) -> list[NDArray[np.int64]]:
        return [
            np.array([match.start() for match in re.finditer(r"\w+|[^\w\s]", text)], np.int64)
            for text in texts
        ]

    def embed_passages(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.embedded_passages += len(texts)
        return self._vectors(texts)

    def embed_queries(self, texts: Sequence[str]) -> NDArray[np.float32]:
        return self._vectors(texts)

    def known_share(self, text: str) -> float:
        """All, but nothing of a text with a thorn in it."""
        return 0.0 if "þ" in text else 1.0

    def known_shares(self, texts: Sequence[str]) -> list[float]:
        return [self.known_share(text) for text in texts]

    def _vectors(self, texts: Sequence[str]) -> NDArray[np.float32]:
        if not texts:
            return np.empty((0, self.fingerprint.dimensions), np.float32)
        return np.stack([self._vector(text) for text in texts])

    def _vector(self, text: str) -> NDArray[np.float32]:
        vector = np.zeros(self.fingerprint.dimensions, np.float32)
        vector[0] = 1e-3  # a text without words still has a direction
        for word in re.findall(r"\w+", text.lower()):
            digest = hashlib.blake2b((self.fingerprint.name + word).encode(), digest_size=8).digest()
            vector[int.from_bytes(digest, "little") % self.fingerprint.dimensions] += 1.0
        return vector / np.float32(np.linalg.norm(vector))


class WaitingEmbedder(WordHashEmbedder):
    """One that computes nothing of a query until it may."""

    def __init__(self) -> None:
        super().__init__()
        self.asked, self.may = threading.Event(), threading.Event()

    def embed_queries(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.asked.set()
        assert self.may.wait(20)
        return super().embed_queries(texts)


class NarrowEmbedder(WordHashEmbedder):
    """Its vectors lie close together, as E5's do: each has the same large part."""

    def __init__(self, common: float) -> None:
        """`common` is the length of that part, where the rest has length 1."""
        super().__init__(f"narrow {common}")
        self._common = common
        self.unrelated_cosine = common**2 / (common**2 + 1)

    def _vector(self, text: str) -> NDArray[np.float32]:
        vector = super()._vector(text)
        vector[0] = self._common
        return vector / np.float32(np.linalg.norm(vector))


class SomeModels:
    """A `ModelSource` of small embedders: `find` gives the one of a name, or raises ModelError."""

    def __init__(self, find: Callable[[str], WordHashEmbedder]) -> None:
        self._find = find

    def digest(self, name: str) -> str:
        return self._find(name).fingerprint.digest

    def tokenizer(self, name: str) -> Tokenizer:
        return self._find(name)

    def preparation(self, model: Fingerprint) -> Preparation:
        return Preparation.DONE

    def load(self, model: Fingerprint) -> Embedder:
        found = self._find(model.name)
        refuse_another_model(found.fingerprint.name, found.fingerprint.digest, model)
        return found


class OneModel(SomeModels):
    """A `ModelSource` that has one embedder, whatever it is asked for."""

    def __init__(self, embedder: WordHashEmbedder) -> None:
        super().__init__(lambda _: embedder)


def no_model(name: str) -> WordHashEmbedder:
    """For `SomeModels`, where none is there."""
    raise ModelNotFound(f"There is no model {name!r} here.")


class Wanting:
    """A `CrossEncoder` that wants a word, which takes no time; and its `RerankerSource`."""

    runtime = "a word"

    def __init__(self, word: str, milliseconds: float = 60.0) -> None:
        self.word = word
        self.state = Preparation.DONE
        self.error: Exception | None = None
        self.loads = 0
        self.read: list[tuple[str, str]] = []
        self._milliseconds = milliseconds

    def preparation(self) -> Preparation:
        return self.state

    def load(self) -> Reranker:
        self.loads += 1
        if self.error:
            raise self.error
        made = Reranker(self, self._milliseconds)
        made.measure()
        self.read.clear()
        return made

    def pair(self, query: str, passage: str) -> Pair:
        return Pair(len(passage.split()), (query, passage))

    def score(self, pair: Pair) -> float:
        self.read.append(pair.features)
        return 20.0 if self.word in pair.features[1] else -20.0
