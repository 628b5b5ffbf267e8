"""The embedder of a prepared model: one encoder for passages and queries, or one for each."""

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer as RustTokenizer

from stackroom.common.errors import ModelDamaged
from stackroom.embedding.embedder import Fingerprint
from stackroom.embedding.model_card import ModelCard
from stackroom.embedding.processor import Precision
from stackroom.embedding.running.static import TABLE, StaticModel
from stackroom.embedding.text_tokens import known_share

QUERIES = "queries"
"""The folder of a prepared model that holds the queries' encoder, if it is not that of the passages."""


class Encoder(Protocol):
    """A model that a prepared folder holds."""

    @property
    def runtime(self) -> str:
        """What runs it, and in which precision, for people."""
        ...

    @property
    def tokenizer(self) -> RustTokenizer:
        """Its tokenizer."""
        ...

    def outputs(self, inputs: Sequence[str]) -> NDArray[np.float32]:
        """Vectors of length 1, float32 of shape (len(inputs), dimensions), of texts with their prompts."""
        ...


def is_static(folder: Path) -> bool:
    """Whether the prepared folder holds a static model: then it has no precision to choose."""
    return (folder / TABLE).exists()


class Opening(NamedTuple):
    """What opens an encoder.

    Attributes:
        folder: holds a card, a tokenizer, and a compiled model or a table.
        precision: of the computation, if it is compiled.
        streams: as `CompiledModel` takes them.
    """

    folder: Path
    precision: Precision
    streams: int

    @property
    def runtime(self) -> str:
        """What will run it, for people."""
        return "static embeddings" if is_static(self.folder) else f"OpenVINO {self.precision}"

    def open(self) -> Encoder:
        """The encoder, ready to run.

        Raises:
            ModelDamaged: the files can't be run.
        """
        if is_static(self.folder):
            return StaticModel(self.folder)
        # Imported here: a static model needs nothing but numpy.
        from stackroom.embedding.running.compiled import CompiledModel

        card = ModelCard.read(self.folder)
        if card is None:
            raise ModelDamaged(f"{self.folder} holds no prepared model. Delete it, and it is made again.")
        return CompiledModel(self.folder, card, self.precision, self.streams)


class PreparedEmbedder:
    """An `Embedder` that needs neither torch nor the model's own files. Several threads may use it."""

    def __init__(
        self, name: str, card: ModelCard, passages: Opening, queries: Opening, *, for_queries: bool
    ) -> None:
        """Opens one encoder, and the other as soon as it is needed, if it is another.

        Args:
            name: of the model, for its fingerprint.
            card: of the model.
            passages: what opens the encoder of passages.
            queries: what opens that of queries; the same if there is one for both.
            for_queries: whether that of the queries is opened first.

        Raises:
            ModelDamaged: the files can't be run.
        """
        self._card = card
        self._fingerprint = card.fingerprint(name)
        self._openings = (passages, queries)
        self._opened: dict[Opening, Encoder] = {}
        self._turn = threading.Lock()
        self._encoder(queries if for_queries else passages)

    def _encoder(self, opening: Opening) -> Encoder:
        with self._turn:
            if opening not in self._opened:
                self._opened[opening] = opening.open()
            return self._opened[opening]

    @property
    def fingerprint(self) -> Fingerprint:
        return self._fingerprint

    @property
    def runtime(self) -> str:
        passages, queries = (opening.runtime for opening in self._openings)
        return passages if passages == queries else f"{passages}, queries {queries}"

    def embed_passages(self, texts: Sequence[str]) -> NDArray[np.float32]:
        prompt = self._card.passage_prompt
        return self._encoder(self._openings[0]).outputs([prompt + text for text in texts])

    def embed_queries(self, texts: Sequence[str]) -> NDArray[np.float32]:
        prompt = self._card.query_prompt
        return self._encoder(self._openings[1]).outputs([prompt + text for text in texts])

    def known_share(self, text: str) -> float:
        return known_share(self._encoder(self._openings[1]).tokenizer, text)
