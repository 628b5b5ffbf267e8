"""Loads any sentence-transformers model, and runs those that can't be compiled.

Only this file and `conversion` know that library, and through it torch.
"""

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from stackroom.common.errors import ModelDamaged
from stackroom.embedding.embedder import Fingerprint
from stackroom.embedding.model_card import ModelCard
from stackroom.embedding.multilingual.model_folder import load_data_file
from stackroom.embedding.multilingual.package import DATA_FILE
from stackroom.embedding.prompts import Prompts, own_prompts
from stackroom.embedding.text_tokens import known_share

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

# Passages through the model at once. On two cores 8 took 43 ms a passage, 16 took 47, 32 took 50.
_BATCH = 8

# Models without a stated limit take any length; 512 is what most are trained with.
_USUAL_TOKENS = 512


def load_model(folder: Path) -> "SentenceTransformer":
    """The model in `folder`, on the CPU. Takes seconds: torch is imported here.

    Raises:
        ModelDamaged: sentence-transformers can't load the files.
    """
    # Rust's tokenizer threads and our worker processes would fight over the same cores.
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    from sentence_transformers import SentenceTransformer
    from transformers.utils import logging

    logging.disable_progress_bar()  # type: ignore[no-untyped-call]  # ours is the only one
    if (folder / DATA_FILE).is_file():
        return load_data_file(folder / DATA_FILE, load_model)
    try:
        return SentenceTransformer(str(folder), device="cpu", local_files_only=True, trust_remote_code=False)
    except (OSError, ValueError, KeyError, RuntimeError, ImportError) as error:
        raise ModelDamaged(f"sentence-transformers cannot load the model in {folder}: {error}") from error


def describe(
    model: "SentenceTransformer", digest: str, prompts: Prompts | None = None
) -> tuple[ModelCard, str]:
    """The card of a model, and its tokenizer as JSON. Without `prompts`, the model's own are used.

    Raises:
        ModelDamaged: the model lacks what we need.
    """
    tokenizer: Any = getattr(model.tokenizer, "backend_tokenizer", None)
    if tokenizer is None:
        raise ModelDamaged(
            "The model has no fast tokenizer (tokenizer.json), which splitting needs. "
            "Choose another model with STACKROOM_MODEL."
        )
    dimensions = model.get_embedding_dimension()
    if dimensions is None:
        raise ModelDamaged("The model does not say how long its vectors are. Choose another one.")
    prompts = prompts or own_prompts(model.prompts)
    # The model's own cuts texts at its limit, and splitting has to see all of it. A copy of the object would
    # take 280 MB if it knows 250,000 words.
    described = json.loads(tokenizer.to_str()) | {"truncation": None, "padding": None}
    prompt = tokenizer.encode(prompts.passage, add_special_tokens=True)
    most = int(model.max_seq_length or _USUAL_TOKENS)
    card = ModelCard(
        digest=digest,
        dimensions=dimensions,
        most_tokens=most,
        passage_tokens=most - sum(prompt.attention_mask),
        passage_prompt=prompts.passage,
        query_prompt=prompts.query,
        passage_prompt_from=prompts.passage_from,
        query_prompt_from=prompts.query_from,
        pad_token=getattr(model.tokenizer, "pad_token_id", None) or 0,
    )
    return card, json.dumps(described, ensure_ascii=False)


class SentenceTransformerEmbedder:
    """An `Embedder` that sentence-transformers runs, on the CPU, in fp32."""

    def __init__(self, model: "SentenceTransformer", name: str, card: ModelCard) -> None:
        self._model = model
        self._card = card
        self._fingerprint = card.fingerprint(name)

    @property
    def fingerprint(self) -> Fingerprint:
        return self._fingerprint

    @property
    def runtime(self) -> str:
        return "sentence-transformers fp32"

    def embed_passages(self, texts: Sequence[str]) -> NDArray[np.float32]:
        return self._vectors(texts, self._model.encode_document, self._card.passage_prompt)

    def embed_queries(self, texts: Sequence[str]) -> NDArray[np.float32]:
        return self._vectors(texts, self._model.encode_query, self._card.query_prompt)

    @property
    def unrelated_cosine(self) -> float:
        return self._card.unrelated_cosine

    def known_share(self, text: str) -> float:
        return known_share(self._model.tokenizer.backend_tokenizer, text)

    def _vectors(self, texts: Sequence[str], encode: Any, prompt: str) -> NDArray[np.float32]:
        if not texts:
            return np.empty((0, self._card.dimensions), np.float32)
        encoded = encode(
            list(texts), prompt=prompt, batch_size=_BATCH, normalize_embeddings=True, show_progress_bar=False
        )
        return np.ascontiguousarray(encoded, np.float32)
