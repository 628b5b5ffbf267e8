"""Writes a torch module as files that OpenVINO runs. Only this file knows torch's side and OpenVINO's."""

import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from stackroom.embedding.running.compiled import INT8_MODEL, MODEL, import_openvino

if TYPE_CHECKING:
    import torch

Attention = Literal["sdpa", "eager"]
"""How a model attends while it is exported: by torch's one function for it, or by plain arithmetic."""

ATTENTIONS: tuple[Attention, ...] = ("sdpa", "eager")
"""In the order in which they are to be tried; the first is faster."""

# Added to the score of what a token may not see. The least float16: in every precision it is a number, so
# that a row that may see nothing (a padded one, far from the text) comes out as numbers. Otherwise OpenVINO
# makes NaN of it, and NaN times the zero of the pooling is NaN in the vector.
_UNSEEN = -65504.0

_NAME = "stackroom"


def attend(module: "torch.nn.Module", attention: Attention) -> None:
    """Has all transformers in a module attend in the given way. Older ones know only theirs, and keep it."""
    from transformers import AttentionInterface, AttentionMaskInterface, PreTrainedModel
    from transformers.integrations.sdpa_attention import sdpa_attention_forward

    AttentionInterface.register(_NAME, sdpa_attention_forward)
    AttentionMaskInterface.register(_NAME, _mask)
    for model in module.modules():
        if isinstance(model, PreTrainedModel) and model.is_backend_compatible():  # type: ignore[no-untyped-call]
            model.set_attn_implementation(_NAME if attention == "sdpa" else "eager")


def export_best(write: Callable[[Attention], None], passes: Callable[[], bool]) -> None:
    """Writes a model with the first form of attention that can be exported and passes; else the last one.

    Args:
        write: exports the model, attending in the given way.
        passes: tries what was written.

    Raises:
        Exception: as `write` does with the last form of attention, or for another reason than the model.
    """
    frontend = import_openvino().frontend
    refused = (frontend.GeneralFailure, frontend.OpConversionFailure, RuntimeError, TypeError, ValueError)
    *others, last = ATTENTIONS
    for attention in others:
        try:
            write(attention)
        except refused:
            continue  # the converter, or torch's tracing, can't follow this form
        if passes():
            return
    write(last)
    passes()  # what it finds is kept


def _mask(*arguments: Any, **settings: Any) -> "torch.Tensor | None":
    """A mask of numbers, for `torch.nn.functional.scaled_dot_product_attention`."""
    import torch
    from transformers.masking_utils import sdpa_mask

    # Tracing can't follow torch.vmap; without it, masks that are computed from places come out the same.
    mask = sdpa_mask(*arguments, **{**settings, "use_vmap": False})
    return None if mask is None else torch.where(mask, 0.0, _UNSEEN)


def export(module: "torch.nn.Module", example: Mapping[str, "torch.Tensor"], target: Path) -> tuple[str, ...]:
    """Writes a module in two precisions, MODEL and INT8_MODEL, for `CompiledModel`.

    Args:
        module: takes the tensors of `example`, by position; gives one of shape (batch, numbers).
        example: of a batch, by the names of its tensors; its sizes do not matter.
        target: the folder for the files.

    Returns:
        The names of the tensors that it takes.
    """
    import torch

    openvino = import_openvino()
    import nncf

    module.eval()
    with torch.no_grad():
        compiled = openvino.convert_model(module, example_input=tuple(example.values()))
    for port, name in zip(compiled.inputs, example, strict=True):
        port.get_tensor().set_names({name})
    openvino.save_model(compiled, target / MODEL, compress_to_fp16=True)
    nncf.set_log_level(logging.ERROR)
    int8 = nncf.compress_weights(compiled, mode=nncf.CompressWeightsMode.INT8_SYM)
    openvino.save_model(int8, target / INT8_MODEL, compress_to_fp16=True)
    return tuple(example)
