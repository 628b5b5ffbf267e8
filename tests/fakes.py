"""Small real implementations of the protocols, for tests that are not about a real model."""

import hashlib
import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from stackroom.embedding.embedder import Embedder, Fingerprint


class WordHashEmbedder:
    """An `Embedder` of word counts: texts that share words are near. Tokens are words and signs."""

    def __init__(self, name: str = "word-hash", dimensions: int = 512, passage_tokens: int = 40) -> None:
        digest = hashlib.sha256(name.encode()).hexdigest()
        self.fingerprint = Fingerprint(name, digest, "fp32", dimensions, passage_tokens)
        self.embedded_passages = 0

    def token_starts(self, texts: Sequence[str]) -> list[NDArray[np.int64]]:
        return [
            np.array([match.start() for match in re.finditer(r"\w+|[^\w\s]", text)], np.int64)
            for text in texts
        ]

    def embed_passages(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.embedded_passages += len(texts)
        if not texts:
            return np.empty((0, self.fingerprint.dimensions), np.float32)
        return np.stack([self.embed_query(text) for text in texts])

    def embed_query(self, text: str) -> NDArray[np.float32]:
        vector = np.zeros(self.fingerprint.dimensions, np.float32)
        vector[0] = 1e-3  # a text without words still has a direction
        for word in re.findall(r"\w+", text.lower()):
            digest = hashlib.blake2b((self.fingerprint.name + word).encode(), digest_size=8).digest()
            vector[int.from_bytes(digest, "little") % self.fingerprint.dimensions] += 1.0
        return vector / np.float32(np.linalg.norm(vector))


class OneModel:
    """A `ModelSource` that gives one embedder, whatever it is asked for."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder

    def digest(self, name: str) -> str:
        return self._embedder.fingerprint.digest

    def load(self, name: str) -> Embedder:
        return self._embedder
