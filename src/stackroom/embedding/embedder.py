"""What the rest of Stackroom knows of an embedding model: three protocols, and the fingerprint of a model."""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from stackroom.common.errors import ModelMismatch
from stackroom.embedding.prompts import has_same_files


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """Identifies a model. Only vectors with the same fingerprint are compared.

    The precision of the computation is not part of it: in each precision, vectors must be like the model's
    own (cosine 0.999 or more, 0.985 with int8). So a library that was embedded on one machine can be
    searched, and can grow, on another with a different processor.

    Attributes:
        name: how the model was named: a hub id, a folder, "all-MiniLM-L6-v2 (bundled)" or the like.
        digest: SHA-256 of the model's weights, tokenizer and configuration; hexadecimal. If its passages get
            other words than these files say, the first half is another: see `prompts.digest_with`.
        dimensions: how many numbers a vector has.
        passage_tokens: most tokens that a passage may have, its context included.
    """

    name: str
    digest: str
    dimensions: int
    passage_tokens: int

    def same_vectors(self, other: "Fingerprint") -> bool:
        """Whether vectors of both models may be compared. The names may differ: a folder can be moved."""
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
    if has_same_files(digest, built_with.digest):
        raise ModelMismatch(
            f"Passages for the model {name!r} now begin with other words than those that the index was built "
            "with, which `stackroom status` shows. Run `stackroom index --reembed` to go on with the new, or "
            "set STACKROOM_PASSAGE_PROMPT to the old ones ({text} alone for none)."
        )
    if name == built_with.name:
        raise ModelMismatch(
            f"The files of the model {name!r} have changed since the index was built. "
            "Bring the old ones back, or run `stackroom index --reembed`."
        )
    raise ModelMismatch(
        f"The index was built with the model {built_with.name!r}, not with {name!r}. Unset "
        f"STACKROOM_MODEL or leave out --model to go on with the former, or run "
        f"`stackroom index --reembed --model {shlex.quote(name)}` to change to the latter."
    )


class Tokenizer(Protocol):
    """Finds a model's tokens in texts, without loading the model."""

    @property
    def fingerprint(self) -> Fingerprint:
        """The fingerprint of the model whose tokens these are."""
        ...

    def token_starts(self, texts: Sequence[str]) -> list[NDArray[np.int64]]:
        """Where each token of each text starts.

        Args:
            texts: any, of any length.

        Returns:
            For each text, in order, an int64 array of shape (tokens,): offsets in characters, ascending.
            Special tokens and prompts are not among them.
        """
        ...

    def known_shares(self, texts: Sequence[str]) -> list[float]:
        """For each text, in order, what `Embedder.known_share` says about it."""
        ...


class Embedder(Protocol):
    """An embedding model: takes texts, gives vectors.

    Vectors are float32 and have length 1, so the dot product of two is their cosine similarity: from -1 to 1,
    and the higher, the more alike the texts. Passages and queries have methods of their own, because some
    models want another prompt before each.

    Example, with the bundled model, which is prepared in a folder the first time:

        >>> from pathlib import Path
        >>> from stackroom.embedding.models import Models
        >>> models = Models(Path("data/models"))
        >>> embedder = models.load(models.tokenizer("").fingerprint)
        >>> passages = embedder.embed_passages(["Otters hold hands.", "The bank raised its rates."])
        >>> queries = embedder.embed_queries(["What do sea animals do?"])
        >>> passages.shape, queries.shape
        ((2, 384), (1, 384))
        >>> int((passages @ queries[0]).argmax())
        0
    """

    @property
    def fingerprint(self) -> Fingerprint:
        """Identifies the model."""
        ...

    @property
    def runtime(self) -> str:
        """What runs the model, and in which precision, for people: "OpenVINO bf16"."""
        ...

    def embed_passages(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """The vectors of passages.

        Works on all cores; some hundred texts at once are best.

        Args:
            texts: of the passages, with their contexts. What is over the model's limit is cut.

        Returns:
            Float32, shape (len(texts), dimensions), aligned with `texts`; each row has length 1.
        """
        ...

    def embed_queries(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """The vectors of queries.

        Args:
            texts: the queries. What is over the model's limit is cut.

        Returns:
            As `embed_passages`.
        """
        ...

    @property
    def unrelated_cosine(self) -> float:
        """How similar this model finds texts that have nothing to do with each other: 0 to below 1."""
        ...

    def known_share(self, text: str) -> float:
        """The share of a text's letters that are in tokens the model knows: from 0 to 1; 1 if it has no
        letters.

        A word that the model can only spell letter by letter, as an English model does with Russian, does not
        count as known: its vector says little about what it means.
        """
        ...


class Preparation(Enum):
    """Whether a model is ready to be loaded, is being prepared by another process or thread, or has yet to
    be.
    """

    DONE = auto()
    UNDER_WAY = auto()
    NEEDED = auto()


class ModelSource(Protocol):
    """Where models come from, by the names that `stackroom.embedding.model_files.find_model` explains.

    All methods raise ModelError if the model can't be found, downloaded or used.
    """

    def digest(self, name: str) -> str:
        """The digest of the model called `name`, as in its fingerprint; cheap."""
        ...

    def tokenizer(self, name: str) -> Tokenizer:
        """The tokenizer of the model called `name`. Fast, except for a model that has yet to be prepared."""
        ...

    def preparation(self, model: Fingerprint) -> Preparation:
        """Whether the model is prepared, so that `load` is fast. Cheap, and never waits."""
        ...

    def load(self, model: Fingerprint) -> Embedder:
        """The model with this fingerprint, ready to run. Prepares it first if that has not been done.

        Raises:
            ModelMismatch: another model has this name now.
        """
        ...
