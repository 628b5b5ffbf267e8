"""What has to be known about a model to split texts for it and to run it: a file in its prepared folder."""

import json
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path

from stackroom.embedding.embedder import Fingerprint
from stackroom.embedding.model_files import BUNDLED_DIGEST
from stackroom.embedding.prompts import Prompts

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
        passage_prompt_from, query_prompt_from: who says so; see `Prompts`.
        unrelated_cosine: see `preparing.unrelated`.
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
    passage_prompt_from: str = ""
    query_prompt_from: str = ""
    unrelated_cosine: float = 0.0
    pad_token: int = 0
    inputs: tuple[str, ...] = ()
    warning: str = ""
    problem: str = ""
    versions: str = ""

    def fingerprint(self, name: str) -> Fingerprint:
        """The fingerprint of the model, called `name`."""
        return Fingerprint(name, self.digest, self.dimensions, self.passage_tokens)

    @property
    def prompts(self) -> Prompts:
        """The words before queries and passages."""
        return Prompts(
            self.query_prompt, self.passage_prompt, self.query_prompt_from, self.passage_prompt_from
        )

    def with_prompts(self, prompts: Prompts) -> "ModelCard":
        """The same card with these prompts; those for passages are not longer than its own."""
        return replace(
            self,
            query_prompt=prompts.query,
            passage_prompt=prompts.passage,
            query_prompt_from=prompts.query_from,
            passage_prompt_from=prompts.passage_from,
        )

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
