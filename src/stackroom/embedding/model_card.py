"""What has to be known about a model to split texts for it and to run it: a file in its prepared folder."""

import json
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from stackroom.embedding.embedder import Fingerprint
from stackroom.embedding.model_files import BUNDLED_DIGEST

CARD, TOKENIZER = "card.json", "tokenizer.json"
"""File names in a prepared model's folder."""


@dataclass(frozen=True, slots=True)
class ModelCard:
    """A model as sentence-transformers describes it.

    Attributes:
        digest, dimensions: see `Fingerprint`.
        most_tokens: most tokens of one input, special tokens and prompt included.
        passage_tokens: how many of these are left for a passage.
        passage_prompt, query_prompt: text that the model wants before each passage or query; mostly empty.
        pad_token: id of the token that fills the shorter rows of a batch.
        inputs: which of input_ids, attention_mask and token_type_ids the compiled model takes.
        warning: what is to be doubted about the model, for people; mostly empty.
        problem: why the model could not be compiled; empty if it was.
        versions: of the libraries that could not compile it; others may.
    """

    digest: str
    dimensions: int
    most_tokens: int
    passage_tokens: int
    passage_prompt: str = ""
    query_prompt: str = ""
    pad_token: int = 0
    inputs: tuple[str, ...] = ()
    warning: str = ""
    problem: str = ""
    versions: str = ""

    def fingerprint(self, name: str) -> Fingerprint:
        """The fingerprint of the model, called `name`."""
        return Fingerprint(name, self.digest, self.dimensions, self.passage_tokens)

    def write(self, folder: Path) -> None:
        """Writes the card into a prepared model's folder."""
        (folder / CARD).write_text(json.dumps(asdict(self), indent=1, ensure_ascii=False), encoding="utf-8")

    @classmethod
    def read(cls, folder: Path) -> "ModelCard | None":
        """The card in a prepared model's folder; None if there is none, or another version has written it."""
        try:
            content = json.loads((folder / CARD).read_text(encoding="utf-8"))
            if content.keys() != {field.name for field in fields(cls)}:
                return None
            return cls(**{**content, "inputs": tuple(content["inputs"])})
        except (OSError, ValueError, TypeError, AttributeError):
            return None


# Written down here so that a new library can be split, and its words searched, before the model is prepared.
BUNDLED_CARD = ModelCard(BUNDLED_DIGEST, dimensions=384, most_tokens=256, passage_tokens=254)
