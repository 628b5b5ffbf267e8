"""Whether a model that was loaded is whole. Libraries load what is not, and say little.

Weights that are missing are drawn at random, a tokenizer that is missing is one that knows no word; the
vectors that come of it mean nothing.
"""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from stackroom.common.errors import ModelDamaged
from stackroom.embedding.embedder import Embedder
from stackroom.embedding.model_card import ModelCard
from stackroom.embedding.running.sentence_transformer import Pipeline, pipelines

if TYPE_CHECKING:
    import torch
    from sentence_transformers import SentenceTransformer

_ANEW = "Download it again, whole, or choose another one."


def refuse_without_room(card: ModelCard, folder: Path) -> None:
    """Raises ModelDamaged if a model's prompt for passages leaves no room for them.

    Args:
        card: of the model.
        folder: of its files.
    """
    if card.passage_tokens < 1:
        raise ModelDamaged(
            f"The model in {folder} reads {card.most_tokens} tokens of a text, and its prompt for passages "
            "and the signs around a text leave none of them for the text. Choose another one, or a shorter "
            "STACKROOM_PASSAGE_PROMPT."
        )


def refuse_unsound(model: "SentenceTransformer", own: Embedder, folder: Path) -> None:
    """Raises ModelDamaged if a model's vectors can't mean anything.

    Args:
        model: as it was loaded.
        own: runs it.
        folder: of its files.
    """
    for pipeline in dict.fromkeys(pipelines(model)):
        refuse_empty_tokenizer(getattr(pipeline[0], "tokenizer", None), folder)
        refuse_missing_weights(pipeline[0], partial(_vector, pipeline), folder)
    vectors = np.concatenate([own.embed_passages(["Otters sleep."]), own.embed_queries(["Where?"])])
    lengths = np.linalg.norm(vectors, axis=1)
    if not np.allclose(lengths, 1, atol=1e-3):  # False for NaN
        what = "zeros" if np.isfinite(lengths).all() else "no numbers (NaN)"
        raise ModelDamaged(
            f"The model in {folder} gives vectors that are {what}, also where its own library runs it: its "
            f"weights are damaged. {_ANEW}"
        )


def refuse_empty_tokenizer(tokenizer: Any, folder: Path) -> None:
    """Raises ModelDamaged if a tokenizer of transformers knows nothing but signs such as [CLS]."""
    signs = getattr(tokenizer, "all_special_tokens", None)
    if signs is not None and set(tokenizer.get_vocab()) <= set(signs):
        raise ModelDamaged(
            f"The model in {folder} knows no word, because the file of its tokenizer (tokenizer.json, or "
            f"what that is made of) is missing or empty. {_ANEW}"
        )


def refuse_missing_weights(
    module: "torch.nn.Module", run: Callable[[], "torch.Tensor"], folder: Path
) -> None:
    """Raises ModelDamaged if numbers take part in a model's output that its files do not have.

    Args:
        module: what was loaded. No weight of it needs a gradient afterwards.
        run: computes the output.
        folder: of its files.
    """
    from transformers import PreTrainedModel

    module.requires_grad_(False)
    drawn: dict[str, torch.nn.Parameter] = {}
    for part in module.modules():
        if isinstance(part, PreTrainedModel):
            # transformers marks what it has loaded, and leaves it alone when it draws the rest.
            named = part.named_parameters()
            drawn |= {name: one for name, one in named if not getattr(one, "_is_hf_initialized", False)}
    for weight in drawn.values():
        weight.requires_grad_(True)
    # Not all are needed: many checkpoints lack BERT's pooler, which hardly any embedding model uses.
    depends = bool(drawn) and run().requires_grad
    module.requires_grad_(False)
    if depends:
        raise ModelDamaged(
            f"The model in {folder} lacks weights that its answers depend on ({len(drawn)} tables, such as "
            f"{next(iter(drawn))}): they would be random numbers. {_ANEW}"
        )


def _vector(pipeline: Pipeline) -> "torch.Tensor":
    first: Any = pipeline[0]
    features: Any = first.preprocess(["Otters sleep."])
    for part in pipeline:
        features = part(features)
    vector: torch.Tensor = features["sentence_embedding"]
    return vector
