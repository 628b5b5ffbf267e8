"""Loads any sentence-transformers model, and runs those that can't be compiled.

Only this file and `preparing` know that library, and through it torch.
"""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer as RustTokenizer

from stackroom.common.errors import ModelDamaged
from stackroom.embedding.embedder import Fingerprint
from stackroom.embedding.model_card import ModelCard
from stackroom.embedding.model_files import refuse_without_library
from stackroom.embedding.multilingual.model_folder import load_data_file
from stackroom.embedding.multilingual.package import DATA_FILE
from stackroom.embedding.preparing.kinds import is_model2vec
from stackroom.embedding.prompts import Prompts, own_prompts
from stackroom.embedding.text_tokens import known_share

if TYPE_CHECKING:
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Router

# Passages through the model at once. On two cores 8 took 43 ms a passage, 16 took 47, 32 took 50.
_BATCH = 8

# Models without a stated limit take any length; 512 is what most are trained with.
_USUAL_TOKENS = 512


MOST_TOKENS = 1024
"""Most tokens that are computed of one text, also where the model takes more: passages have up to 256, and
queries 2,000 characters. What is over it would be slow, and take memory by its square."""

Pipeline = tuple["torch.nn.Module", ...]
"""The modules that make a vector of a text, one after the other."""


def load_model(folder: Path) -> "SentenceTransformer":
    """The model in `folder`, on the CPU. Takes seconds: torch is imported here.

    Raises:
        ModelError: sentence-transformers is not installed.
        ModelDamaged: it can't load the files.
    """
    refuse_without_library(str(folder))
    # Rust's tokenizer threads and our worker processes would fight over the same cores.
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import StaticEmbedding, Transformer
    from transformers.utils import logging

    logging.disable_progress_bar()  # type: ignore[no-untyped-call]  # ours is the only one
    if (folder / DATA_FILE).is_file():
        return load_data_file(folder / DATA_FILE, load_model)
    try:
        if is_model2vec(folder):
            model = SentenceTransformer(modules=[StaticEmbedding.load(str(folder))], device="cpu")
            return model.float()
        model = SentenceTransformer(str(folder), device="cpu", local_files_only=True, trust_remote_code=False)
        for first, *_ in pipelines(model):
            if isinstance(first, Transformer):
                first.max_seq_length = longest(first)
                _let_it_pad(first.tokenizer)
        return model.float()  # many are saved with 16 bits, in which torch is slow on processors
    except Exception as error:  # damaged files end in errors of any kind, of several libraries
        if "trust_remote_code" in str(error):
            raise ModelDamaged(
                f"The model in {folder} runs code that its authors wrote for it, which Stackroom never does. "
                "Set STACKROOM_MODEL to one that sentence-transformers knows without such code."
            ) from error
        raise ModelDamaged(
            f"sentence-transformers cannot load the model in {folder}: {in_a_line(error)} If files of it are "
            "missing or damaged, download it again, whole; else choose another one with STACKROOM_MODEL."
        ) from error


def _let_it_pad(tokenizer: Any) -> None:
    """Names a token to fill short texts with, if a tokenizer has none: its library would refuse any text.

    Many language models have none. Which one it is does not matter, as it is masked.
    """
    if tokenizer.pad_token is None:
        signs = (tokenizer.eos_token, tokenizer.sep_token, tokenizer.unk_token)
        tokenizer.pad_token = next((sign for sign in signs if sign is not None), None)


def in_a_line(error: Exception) -> str:
    """An error of another library as one line, and as a sentence."""
    first = next(iter(str(error).strip().splitlines()), "").rstrip(".") or "no reason is given"
    return f"{first[:300]} ({type(error).__name__})."


def pipelines(model: "SentenceTransformer") -> tuple[Pipeline, Pipeline]:
    """What makes the vectors of passages, and of queries: mostly the same."""
    from sentence_transformers.sentence_transformer.modules import Router

    def of(task: str) -> Pipeline:
        modules: list[torch.nn.Module] = []
        for module in model:
            routed: Any = module.sub_modules[_route(module, task)] if isinstance(module, Router) else [module]
            modules.extend(routed)
        return tuple(modules)

    return of("document"), of("query")


def _route(router: "Router", task: str) -> str:
    """The name of the modules that a router sends texts through, in the order in which it looks for it."""
    mapped = router.route_mappings
    for key in ((task, "text"), (task, None), (None, "text"), (None, None)):
        if key in mapped:
            return mapped[key]
    names = (name for name in (task, "text") if name in router.sub_modules)
    return next(names, router.default_route or "")


def describe(
    model: "SentenceTransformer", digest: str, prompts: Prompts | None = None
) -> tuple[ModelCard, str]:
    """The card of a model, as its passages need it, and their tokenizer as JSON. Without `prompts`, its own
    are used.

    Raises:
        ModelDamaged: the model lacks what we need.
    """
    passages, _ = pipelines(model)
    dimensions = model.get_embedding_dimension()
    if dimensions is None:
        raise ModelDamaged("The model does not say how long its vectors are. Choose another one.")
    tokenizer = own_tokenizer(passages)
    most = longest(passages[0])
    prompts = prompts or own_prompts(model.prompts)
    card = ModelCard(
        digest=digest,
        dimensions=dimensions,
        most_tokens=min(most, MOST_TOKENS),
        passage_tokens=most - len(tokenizer.encode(prompts.passage, add_special_tokens=True).ids),
        pad_token=pad_token(passages),
    )
    return card.with_prompts(prompts), tokenizer.to_str()


def own_tokenizer(pipeline: Pipeline) -> RustTokenizer:
    """A model's tokenizer, as it neither cuts nor pads: until sentence-transformers uses it again.

    Raises:
        ModelDamaged: it has none of the fast kind.
    """
    its: Any = getattr(pipeline[0], "tokenizer", None)
    tokenizer = getattr(its, "backend_tokenizer", its)
    if not isinstance(tokenizer, RustTokenizer):
        raise ModelDamaged(
            "The model has no fast tokenizer (tokenizer.json), which splitting needs. "
            "Choose another model with STACKROOM_MODEL."
        )
    # transformers sets both at each use, but StaticEmbedding does not: of that one it has to be a copy. (One
    # that knows 250,000 words takes 280 MB.)
    if tokenizer is its:
        tokenizer = RustTokenizer.from_str(tokenizer.to_str())
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


def pad_token(pipeline: Pipeline) -> int:
    """The id of the token that fills the shorter rows of a batch."""
    return getattr(getattr(pipeline[0], "tokenizer", None), "pad_token_id", None) or 0


def limits_of_places(module: "torch.nn.Module") -> list[int]:
    """How many tokens each table of places in a model has room for."""
    limits = []
    for part in module.modules():
        places = getattr(getattr(part, "position_embeddings", None), "num_embeddings", None)
        if isinstance(places, int):
            # RoBERTa and its kin count places from behind that of padding; sentence-transformers forgets it.
            padding = getattr(part, "padding_idx", None)
            limits.append(places - (padding + 1 if isinstance(padding, int) else 0))
    return limits


def longest(first: "torch.nn.Module") -> int:
    """Most tokens of a text, special ones included, that the first module of a model takes."""
    stated = getattr(first, "max_seq_length", None) or _USUAL_TOKENS
    return min([_USUAL_TOKENS if stated == float("inf") else int(stated), *limits_of_places(first)])


class SentenceTransformerEmbedder:
    """An `Embedder` that sentence-transformers runs, on the CPU, in fp32."""

    def __init__(self, model: "SentenceTransformer", name: str, card: ModelCard) -> None:
        self._model = model
        self._card = card
        self._tokenizer = own_tokenizer(pipelines(model)[1])
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
        return known_share(self._tokenizer, text)

    def _vectors(self, texts: Sequence[str], encode: Any, prompt: str) -> NDArray[np.float32]:
        if not texts:
            return np.empty((0, self._card.dimensions), np.float32)
        encoded = encode(
            list(texts), prompt=prompt, batch_size=_BATCH, normalize_embeddings=True, show_progress_bar=False
        )
        return np.ascontiguousarray(encoded, np.float32)
