"""What the rest of Stackroom knows of an embedding model."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from stackroom.common.errors import ModelMismatch


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What makes two sets of vectors comparable. Vectors of different fingerprints never meet.

    The precision of the computation is not part of it: each is held to the model's own vectors (cosine
    .999, int8 .985), so that a library embedded on one machine can be searched, and goes on growing, on
    another with a different processor.

    Attributes:
        name: how the model was named: a hub id, a folder, or "all-MiniLM-L6-v2 (bundled)".
        digest: SHA-256 over the model's weights, tokenizer and configuration; hexadecimal.
        dimensions: length of a vector.
        passage_tokens: most tokens a passage's own text may have; passages are split to fit it.
    """

    name: str
    digest: str
    dimensions: int
    passage_tokens: int

    def same_vectors(self, other: "Fingerprint") -> bool:
        """Whether vectors of both may be compared. The name may differ: a folder can be moved."""
        return (self.digest, self.dimensions, self.passage_tokens) == (
            other.digest,
            other.dimensions,
            other.passage_tokens,
        )


def refuse_another_model(name: str, digest: str, built_with: Fingerprint) -> None:
    """Raises ModelMismatch if the model called `name` is not the one the index was built with.

    Args:
        name: of the model to use, as its fingerprint has it.
        digest: of the same.
        built_with: the model of the index.
    """
    if digest == built_with.digest:
        return
    if name == built_with.name:
        raise ModelMismatch(
            f"The files of the model {name!r} have changed since the index was built. "
            "Bring the old ones back, or run `stackroom index --reembed`."
        )
    raise ModelMismatch(
        f"The index was built with the model {built_with.name!r}, not with {name!r}. Unset "
        f"STACKROOM_MODEL to go on with the former, or run "
        f"`STACKROOM_MODEL={name} stackroom index --reembed` to change to the latter."
    )


class Tokenizer(Protocol):
    """Counts text in a model's own tokens."""

    @property
    def fingerprint(self) -> Fingerprint:
        """Which model's tokens these are."""
        ...

    def token_starts(self, texts: Sequence[str]) -> list[NDArray[np.int64]]:
        """Where each token of each text starts.

        Returns:
            For each text an int64 array of shape (tokens,): character offsets, ascending. Special tokens
            and prompts are not among them.
        """
        ...

    def known_shares(self, texts: Sequence[str]) -> list[float]:
        """For each text what `Embedder.known_share` says of it."""
        ...


class Embedder(Protocol):
    """An embedding model. Vectors are float32 and have length 1, so that a dot product is their cosine."""

    @property
    def fingerprint(self) -> Fingerprint:
        """Which model this is."""
        ...

    @property
    def runtime(self) -> str:
        """What runs it, with the precision of the computation, for people: "OpenVINO bf16"."""
        ...

    def embed_passages(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """The vectors of passages, shape (len(texts), dimensions), aligned with `texts`.

        Works on all cores; best given some hundred texts at once.
        """
        ...

    def embed_queries(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """The vectors of queries, shape (len(texts), dimensions). What is over the model's limit is cut."""
        ...

    def known_share(self, text: str) -> float:
        """The share of a text's letters that are in tokens the model knows, 0 to 1; 1 if there are none.

        An unknown token is not known, nor is a word that is spelled out letter by letter, as an English model
        does with Russian: such a text's vector says little of what it means.
        """
        ...


class Preparation(Enum):
    """How far a model is: ready to be loaded, being prepared by another process or thread, or neither."""

    DONE = auto()
    UNDER_WAY = auto()
    NEEDED = auto()


class ModelSource(Protocol):
    """Where models come from, by the names that `stackroom.embedding.model_files.find_model` explains.

    All methods raise ModelError if the model can't be had.
    """

    def digest(self, name: str) -> str:
        """The digest of the model called `name`, as in its fingerprint; cheap."""
        ...

    def tokenizer(self, name: str) -> Tokenizer:
        """The tokenizer of the model called `name`. A moment, unless the model is seen for the first time."""
        ...

    def preparation(self, model: Fingerprint) -> Preparation:
        """Whether `load` would take but a moment; cheap, and never waits."""
        ...

    def load(self, model: Fingerprint) -> Embedder:
        """The model with this fingerprint, ready to run. Takes long only the first time it is seen.

        Raises:
            ModelMismatch: the files of that name are now another model.
        """
        ...
