"""What the rest of Stackroom knows of an embedding model."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from stackroom.errors import ModelMismatch


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What makes two sets of vectors comparable. Vectors of different fingerprints never meet.

    Attributes:
        name: how the model was named: a hub id, a folder, or "all-MiniLM-L6-v2 (bundled)".
        digest: SHA-256 over the model's weights, tokenizer and configuration; hexadecimal.
        precision: of the computation, "fp32".
        dimensions: length of a vector.
        passage_tokens: most tokens a passage's own text may have; passages are split to fit it.
    """

    name: str
    digest: str
    precision: str
    dimensions: int
    passage_tokens: int

    def same_vectors(self, other: "Fingerprint") -> bool:
        """Whether vectors of both may be compared. The name may differ: a folder can be moved."""
        return (self.digest, self.precision, self.dimensions, self.passage_tokens) == (
            other.digest,
            other.precision,
            other.dimensions,
            other.passage_tokens,
        )


def refuse_another_model(model: Fingerprint, built_with: Fingerprint) -> None:
    """Raises ModelMismatch if vectors of `model` may not meet those the index was built with."""
    if model.same_vectors(built_with):
        return
    if model.name == built_with.name:
        raise ModelMismatch(
            f"The files of the model {model.name!r} have changed since the index was built. "
            "Bring the old ones back, or run `stackroom index --reembed`."
        )
    raise ModelMismatch(
        f"The index was built with the model {built_with.name!r}, not with {model.name!r}. Unset "
        f"STACKROOM_MODEL to go on with the former, or run "
        f"`STACKROOM_MODEL={model.name} stackroom index --reembed` to change to the latter."
    )


class Tokenizer(Protocol):
    """Counts text in a model's own tokens."""

    def token_starts(self, texts: Sequence[str]) -> list[NDArray[np.int64]]:
        """Where each token of each text starts.

        Returns:
            For each text an int64 array of shape (tokens,): character offsets, ascending. Special tokens
            and prompts are not among them.
        """
        ...


class Embedder(Tokenizer, Protocol):
    """An embedding model. Vectors are float32 and have length 1, so that a dot product is their cosine."""

    @property
    def fingerprint(self) -> Fingerprint:
        """Which model this is."""
        ...

    def embed_passages(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """The vectors of passages, shape (len(texts), dimensions), aligned with `texts`."""
        ...

    def embed_query(self, text: str) -> NDArray[np.float32]:
        """The vector of a query, shape (dimensions,). A text longer than the model's limit is cut."""
        ...


class ModelSource(Protocol):
    """Where models come from, by the names that `stackroom.embedding.model_files.find_model` explains."""

    def digest(self, name: str) -> str:
        """The digest of the model called `name`, as in its fingerprint; cheap. Raises ModelError."""
        ...

    def load(self, name: str) -> Embedder:
        """The model called `name`, ready to run; may take seconds. Raises ModelError."""
        ...
