"""What has to be known of a model to cut texts for it and to run it; kept as JSON beside the compiled one."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from stackroom.embedding.embedder import Fingerprint
from stackroom.embedding.model_files import BUNDLED_DIGEST

CARD, TOKENIZER = "card.json", "tokenizer.json"
"""File names in a prepared model's folder."""


@dataclass(frozen=True, slots=True)
class ModelCard:
    """A model as sentence-transformers describes it.

    Attributes:
        digest: see Fingerprint.
        dimensions: length of a vector.
        most_tokens: of one input, special tokens and prompt included.
        passage_tokens: what of these is left for a passage's own text.
        passage_prompt, query_prompt: what the model wants to stand before each; mostly empty.
        pad_token: what fills a batch's shorter rows.
        inputs: names of what the compiled model takes, of input_ids, attention_mask and token_type_ids.
        problem: why the model could not be compiled; empty if it was.
        versions: of what could not compile it; others may.
    """

    digest: str
    dimensions: int
    most_tokens: int
    passage_tokens: int
    passage_prompt: str = ""
    query_prompt: str = ""
    pad_token: int = 0
    inputs: tuple[str, ...] = ()
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
        """The card in a prepared model's folder; None if there is none, or it can't be understood."""
        try:
            content = json.loads((folder / CARD).read_text(encoding="utf-8"))
            return cls(**{**content, "inputs": tuple(content["inputs"])})
        except (OSError, ValueError, TypeError, KeyError):
            return None


# Known beforehand, so that the words of a new library can be searched before its model is prepared.
BUNDLED_CARD = ModelCard(BUNDLED_DIGEST, dimensions=384, most_tokens=256, passage_tokens=254)
