"""Writes the encoders of a model that sentence-transformers has loaded, and has them tried."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from stackroom.embedding.model_card import TOKENIZER, ModelCard
from stackroom.embedding.preparing.export import Attention, attend, export, export_best
from stackroom.embedding.preparing.trial import TRIALS, Choice, choose, write_samples
from stackroom.embedding.processor import Precision, precisions
from stackroom.embedding.running.prepared import QUERIES
from stackroom.embedding.running.sentence_transformer import (
    MOST_TOKENS,
    Pipeline,
    SentenceTransformerEmbedder,
    longest,
    own_tokenizer,
    pad_token,
    pipelines,
)
from stackroom.embedding.running.static import TABLE

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

# What a conversion could get wrong: several scripts, code, numbers. Its beginnings of so many tokens are
# samples, and so is one that is over the limit.
_TEXT = (
    "x Otters sleep on their backs and hold hands. "
    "Die Fähre nach Öland fährt um 7:45 Uhr ab; Fahrräder kosten 3,50 €. "
    "Маленькие выдры спят на спине. 東京は日本の首都です。 "
    "def add(a, b):\n    return a + b\n"
    "The committee shall, within thirty days of the notice, decide by simple majority. "
)
_LENGTHS = (1, 2, 3, 5, 8, 13, 16, 21, 32, 55, 64, 128, 250, 500, 1000)

Judge = Callable[[Path, Sequence[Precision]], Choice]
"""As `trial.choose`."""

WriteEncoders = Callable[["SentenceTransformer", ModelCard, Path], None]
"""As `write_encoders`."""

_TAKEN = {"input_ids", "attention_mask", "token_type_ids"}


def write_encoders(
    model: "SentenceTransformer", card: ModelCard, target: Path, judge: Judge = choose
) -> None:
    """Fills a folder with a model's encoder, or that of its passages, and in `QUERIES` that of its queries.

    Each is tried in the precisions that this processor would use. If none of them gives the model's own
    vectors, it is written again with another form of attention. What the last trials found stays in the
    folder.

    Args:
        model: in float32.
        card: of the model.
        target: a folder that holds its card and tokenizer. The card is written anew.
        judge: says which of some precisions the encoder in a folder can be run in.

    Raises:
        Exception: of any kind, if OpenVINO's converter can't take the model.
    """
    own = SentenceTransformerEmbedder(model, "", card)
    of_passages, of_queries = pipelines(model)
    texts = _samples(of_passages, card.most_tokens)
    inputs = [card.passage_prompt + text for text in texts]
    outputs = [own.embed_passages([text]) for text in texts]
    asked = [card.query_prompt + text for text in texts]
    if of_passages != of_queries:
        apart = target / QUERIES
        apart.mkdir()
        (apart / TOKENIZER).write_text(own_tokenizer(of_queries).to_str(), encoding="utf-8")
        write_samples(apart, asked, np.concatenate([own.embed_queries([text]) for text in texts]))
        most = min(longest(of_queries[0]), MOST_TOKENS)
        _write_encoder(
            of_queries, replace(card, most_tokens=most, pad_token=pad_token(of_queries)), apart, judge
        )
    elif asked != inputs:
        inputs += asked
        outputs += [own.embed_queries([text]) for text in texts]
    write_samples(target, inputs, np.concatenate(outputs))
    _write_encoder(of_passages, card, target, judge)


def _samples(pipeline: Pipeline, most: int) -> list[str]:
    """Texts of many lengths; if the model's limit is not far away, one that is over it."""
    tokenizer = own_tokenizer(pipeline)
    text = _TEXT * (most // 50 + 1)
    starts = [start for start, _ in tokenizer.encode(text, add_special_tokens=False).offsets]
    lengths = [length for length in _LENGTHS if length < min(most, len(starts))]
    return [text[: starts[length]].strip() for length in lengths] + ([text] if most < MOST_TOKENS else [])


def _write_encoder(pipeline: Pipeline, card: ModelCard, folder: Path, judge: Judge) -> None:
    table = _table(pipeline, card.dimensions)
    if table is not None:
        np.save(folder / TABLE, table)
        card.write(folder)
        _passes(folder, judge)
        return
    if (card.passage_prompt or card.query_prompt) and _leaves_prompt_out(pipeline):
        raise ValueError("its pooling leaves out the prompt, whose length the compiled model can't know")

    def write(attention: Attention) -> None:
        (folder / TRIALS).unlink(missing_ok=True)
        replace(card, inputs=_compile(pipeline, card.dimensions, attention, folder)).write(folder)

    export_best(write, lambda: _passes(folder, judge))


def _passes(folder: Path, judge: Judge) -> bool:
    """Whether an encoder can be run on this processor, for passages and for queries."""
    return all(judge(folder, precisions(queries=queries)).precision for queries in (False, True))


def _leaves_prompt_out(pipeline: Pipeline) -> bool:
    return any(getattr(part, "include_prompt", True) is False for part in pipeline)


def _table(pipeline: Pipeline, dimensions: int) -> "np.typing.NDArray[np.float32] | None":
    """The rows of all tokens, if the model is static: shape (tokens, dimensions)."""
    from sentence_transformers.sentence_transformer.modules import Normalize, StaticEmbedding

    first, *others = pipeline
    if not isinstance(first, StaticEmbedding) or not all(isinstance(other, Normalize) for other in others):
        return None
    weight: Any = first.embedding.weight.detach()[:, :dimensions].float().numpy()
    return np.ascontiguousarray(weight, np.float32)


def _compile(pipeline: Pipeline, dimensions: int, attention: Attention, folder: Path) -> tuple[str, ...]:
    """Writes a whole model, from tokens to a vector of length 1. Returns its inputs."""
    import torch

    first: Any = pipeline[0]
    features: dict[str, Any] = first.preprocess(["Otters sleep.", "They hold hands at night."])
    inputs = {name: value for name, value in features.items() if isinstance(value, torch.Tensor)}
    if unknown := inputs.keys() - _TAKEN:
        raise ValueError(f"the model wants {', '.join(sorted(unknown))}")

    class Whole(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.parts = torch.nn.ModuleList(pipeline)

        def forward(self, *tensors: torch.Tensor) -> torch.Tensor:
            features: dict[str, Any] = dict(zip(inputs, tensors, strict=True))
            for part in self.parts:
                features = part(features)
            vectors: torch.Tensor = features["sentence_embedding"][:, :dimensions]
            return torch.nn.functional.normalize(vectors, p=2, dim=1)

    whole = Whole()
    attend(whole, attention)
    return export(whole, inputs, folder)
