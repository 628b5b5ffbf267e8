"""Loads any cross-encoder that gives one score, and runs those that can't be compiled.

Only this file and `pair_conversion` know sentence-transformers' CrossEncoder, and through it torch.
"""

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stackroom.common.errors import ModelDamaged
from stackroom.embedding.model_files import refuse_without_library
from stackroom.embedding.reranking.reranker import Pair
from stackroom.embedding.running.sentence_transformer import in_a_line, limits_of_places

if TYPE_CHECKING:
    from sentence_transformers import CrossEncoder

MOST_TOKENS = 512
"""Most tokens of a query and a passage, of models with a higher limit too: together they come to some 250."""

_CHOOSE = (
    "Set STACKROOM_RERANKER to a cross-encoder that gives one score, such as "
    "cross-encoder/ms-marco-MiniLM-L6-v2 (English) or BAAI/bge-reranker-v2-m3 (many languages)."
)

# What else sentence-transformers saves, by the name it gives it.
_OTHER_KINDS = {
    "SentenceTransformer": "an embedding model: it makes a vector of each text, for STACKROOM_MODEL",
    "SparseEncoder": "a sparse encoder: it makes weights of words of each text",
    "MultiVectorEncoder": "a model of several vectors for each text",
}


def refuse_another_kind(folder: Path) -> None:
    """Raises ModelDamaged if the model in `folder` is no cross-encoder; needs no torch.

    sentence-transformers would load any of them, give it a head of random numbers, and say nothing.
    """
    config = _read(folder / "config.json")
    if (folder / "modules.json").is_file():
        kind = _read(folder / "config_sentence_transformers.json").get("model_type", "SentenceTransformer")
        if "SpladePooling" in json.dumps(_read(folder / "modules.json")):
            kind = "SparseEncoder"
        if kind != "CrossEncoder":
            what = _OTHER_KINDS.get(kind, f"of the kind {kind}")
            raise ModelDamaged(f"The model in {folder} is {what}, and no reranker. {_CHOOSE}")
        return
    built = next(iter(config.get("architectures") or ()), "a model of no known architecture")
    if not str(built).endswith(("ForSequenceClassification", "ForCausalLM")):
        raise ModelDamaged(
            f"The model in {folder} is {built}, which gives no score to a query and a passage, so it is no "
            f"reranker. {_CHOOSE}"
        )


def load_cross_encoder(folder: Path) -> "CrossEncoder":
    """The model in `folder`, on the CPU. Takes seconds: torch is imported here.

    Raises:
        ModelError: sentence-transformers is not installed.
        ModelDamaged: it can't load the files, or it is no cross-encoder with one score.
    """
    refuse_another_kind(folder)
    refuse_without_library(str(folder))
    # Rust's tokenizer threads and our worker processes would fight over the same cores.
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    from sentence_transformers import CrossEncoder
    from transformers.utils import logging

    logging.disable_progress_bar()  # type: ignore[no-untyped-call]  # ours is the only one
    try:
        model: CrossEncoder = CrossEncoder(
            str(folder), device="cpu", local_files_only=True, trust_remote_code=False
        )
    except Exception as error:  # damaged files end in errors of any kind, of several libraries
        raise ModelDamaged(
            f"sentence-transformers cannot load the reranker in {folder}: {in_a_line(error)} If files of it "
            "are missing or damaged, download it again, whole; else choose another one with "
            "STACKROOM_RERANKER."
        ) from error
    if model.num_labels != 1:
        raise ModelDamaged(
            f"The model in {folder} sorts pairs of texts into {model.num_labels} kinds instead of giving one "
            f"score, so it is no reranker. {_CHOOSE}"
        )
    model.max_seq_length = _most_tokens(model)
    model.float()
    model.eval()
    return model


def prompt_of(model: "CrossEncoder") -> str:
    """What the model wants before each query; mostly empty."""
    return model.prompts.get(model.default_prompt_name or "") or ""


def _most_tokens(model: "CrossEncoder") -> int:
    """Most tokens of a pair, special ones included: what the model takes, but no more than `MOST_TOKENS`."""
    return min(MOST_TOKENS, int(model.max_seq_length or MOST_TOKENS), *limits_of_places(model))


class LibraryCrossEncoder:
    """A `CrossEncoder` that sentence-transformers runs, on the CPU, in fp32, with one thread."""

    runtime = "sentence-transformers fp32"

    def __init__(self, model: "CrossEncoder") -> None:
        """Leaves torch with one thread: so its CPU time is that of the thread that calls it."""
        import torch

        torch.set_num_threads(1)
        self._model = model
        self._prompt = prompt_of(model)

    def pair(self, query: str, passage: str) -> Pair:
        features = self._model.preprocess([(query, passage)], prompt=self._prompt)
        return Pair(int(features["input_ids"].shape[1]), features)

    def score(self, pair: Pair) -> float:
        import torch

        with torch.inference_mode():
            return float(self._model(dict(pair.features))["scores"].reshape(()))


def _read(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
