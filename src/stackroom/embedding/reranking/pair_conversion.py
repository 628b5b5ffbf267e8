"""Converts a cross-encoder, in a process of its own: `python -m stackroom.embedding.reranking.pair_conversion
FOLDER DIGEST TARGET`, as `preparing.conversion` starts it.
"""

import sys
import warnings
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from tokenizers import Tokenizer as RustTokenizer

from stackroom.common.errors import ModelDamaged
from stackroom.embedding.model_card import TOKENIZER, ModelCard
from stackroom.embedding.preparing.export import Attention, attend, export, export_best
from stackroom.embedding.preparing.failures import versions
from stackroom.embedding.preparing.soundness import refuse_empty_tokenizer, refuse_missing_weights
from stackroom.embedding.preparing.trial import TRIALS, Choice, choose, write_samples
from stackroom.embedding.processor import Precision, precisions
from stackroom.embedding.reranking.cross_encoder import LibraryCrossEncoder, load_cross_encoder, prompt_of
from stackroom.embedding.reranking.pair_trial import PROGRAM as TRIAL
from stackroom.embedding.running.compiled import INT8_MODEL, MODEL

if TYPE_CHECKING:
    import torch
    from sentence_transformers import CrossEncoder

PROGRAM = (sys.executable, "-m", "stackroom.embedding.reranking.pair_conversion")

# What a conversion could get wrong: several scripts, numbers, lengths. Each query is tried with beginnings of
# the text of so many words; the last is over most limits.
_QUERIES = (
    "x",
    "Where do otters sleep?",
    "What does a bicycle cost on the ferry to Öland? " * 3,
    "東京 выдры",
)
_TEXT = (
    "Otters sleep on their backs and hold hands. "
    "Die Fähre nach Öland fährt um 7:45 Uhr ab; Fahrräder kosten 3,50 €. "
    "Маленькие выдры спят на спине. 東京は日本の首都です。 "
    "The committee shall, within thirty days of the notice, decide by simple majority. "
)
_WORDS = (1, 7, 20, 45, 90, 160, 600)

_TAKEN = {"input_ids", "attention_mask", "token_type_ids"}


Judge = Callable[[Path, Sequence[Precision]], Choice]
"""Says in which of some precisions the compiled model in a folder can be run."""


def judged(folder: Path, precisions: Sequence[Precision]) -> Choice:
    """As `trial.choose` says it: by a process for each precision."""
    return choose(folder, precisions, TRIAL)


def convert(folder: Path, digest: str, target: Path, judge: Judge = judged) -> None:
    """Converts a model in this process: imports torch, and leaves torch with one thread.

    Args:
        folder: of the model's files.
        digest: of these files.
        target: an empty folder, to be filled with the prepared model.
        judge: of what came of it.

    Raises:
        ModelDamaged: sentence-transformers can't load the model, or it is no reranker.
    """
    model = load_cross_encoder(folder)
    own = LibraryCrossEncoder(model)
    refuse_empty_tokenizer(model.tokenizer, folder)
    refuse_missing_weights(model, partial(_score, model), folder)
    card = ModelCard(
        digest=digest,
        dimensions=1,
        most_tokens=model.max_seq_length or 0,
        passage_tokens=model.max_seq_length or 0,
        query_prompt=prompt_of(model),
        pad_token=getattr(model.tokenizer, "pad_token_id", None) or 0,
    )
    # If compiling ends this process, for lack of memory or by a fault of the compiler, this card stays.
    failed = replace(card, problem="compiling it ended the process that did it", versions=versions())
    failed.write(target)
    words = (_TEXT * 20).split()
    pairs = [(query, " ".join(words[:count])) for query in _QUERIES for count in _WORDS]
    write_samples(target, pairs, np.array([own.score(own.pair(*pair)) for pair in pairs]))  # type: ignore[arg-type]
    try:
        _write_encoder(model, card, target, judge)
    except Exception as error:  # noqa: BLE001  whatever it is: sentence-transformers can run the model
        for name in (MODEL, INT8_MODEL):
            for path in (target / name, (target / name).with_suffix(".bin")):
                path.unlink(missing_ok=True)
        replace(failed, problem=f"{type(error).__name__}: {error}".splitlines()[0][:300]).write(target)


def _score(model: "CrossEncoder") -> "torch.Tensor":
    scores: torch.Tensor = model.forward(model.preprocess([("Otters?", "They sleep.")]))["scores"]
    return scores


def _write_encoder(model: "CrossEncoder", card: ModelCard, target: Path, judge: Judge) -> None:
    """Writes the compiled model, with the first form of attention that gives the model's own scores."""
    tokenizer: Any = getattr(model.tokenizer, "backend_tokenizer", None)
    if not isinstance(tokenizer, RustTokenizer):
        raise ValueError("it has no fast tokenizer (tokenizer.json)")
    tokenizer = RustTokenizer.from_str(tokenizer.to_str())
    tokenizer.no_truncation()
    tokenizer.no_padding()
    (target / TOKENIZER).write_text(tokenizer.to_str(), encoding="utf-8")

    def write(attention: Attention) -> None:
        (target / TRIALS).unlink(missing_ok=True)
        replace(card, inputs=_compile(model, attention, target)).write(target)

    export_best(write, lambda: judge(target, precisions(queries=False)).precision is not None)


def _compile(model: "CrossEncoder", attention: Attention, target: Path) -> tuple[str, ...]:
    """Writes a whole model, from tokens to a score. Returns its inputs."""
    import torch

    features: dict[str, Any] = model.preprocess(
        [("Otters?", "They sleep."), ("x", "They hold hands at night.")]
    )
    inputs = {name: value for name, value in features.items() if isinstance(value, torch.Tensor)}
    others = features.keys() - inputs.keys() - {"modality"}
    if "logits_to_keep" in others:
        raise ValueError("the model answers with a word, which is not compiled")
    if unknown := (inputs.keys() - _TAKEN) | others:
        raise ValueError(f"the model wants {', '.join(sorted(unknown))}")
    if features.get("modality") != "text":
        raise ValueError("the model wants a question and a passage in a template of its own")

    class Whole(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, *tensors: torch.Tensor) -> torch.Tensor:
            scores: torch.Tensor = self.model.forward(dict(zip(inputs, tensors, strict=True)))["scores"]
            return scores.reshape(-1, 1)

    whole = Whole()
    attend(whole, attention)
    return export(whole, inputs, target)


def _main() -> None:
    warnings.simplefilter("ignore")
    try:
        convert(Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3]))
    except ModelDamaged as error:
        sys.exit(str(error))


if __name__ == "__main__":
    _main()
