"""Writes the bundled model for other servers, in ONNX's form: `python -m bench.peer_model FOLDER`.

It needs the package onnx. The peers would load the same weights from a model hub.
"""

import os
import shutil
import sys
import warnings
from pathlib import Path

from stackroom.embedding.model_files import bundled_folder

_INPUTS = ("input_ids", "attention_mask", "token_type_ids")
_OUTPUT = "last_hidden_state"

FASTEMBED = Path("fastembed", "fast-all-MiniLM-L6-v2", "model.onnx")
"""Where fastembed looks, below FASTEMBED_CACHE_PATH."""

TRANSFORMERS_JS = Path("transformers", "Xenova", "all-MiniLM-L6-v2", "onnx", "model.onnx")
"""Where transformers.js looks, below its cache."""


def write(folder: Path) -> None:
    """Writes it in float32, as both have it by default, with its tokenizer beside it."""
    first, second = folder / FASTEMBED, folder / TRANSFORMERS_JS
    for path, beside in ((first, first.parent), (second, second.parent.parent)):
        path.parent.mkdir(parents=True)
        for described in bundled_folder().glob("*.json"):
            shutil.copy(described, beside)
    _export(first)
    os.link(first, second)


def _export(path: Path) -> None:
    import torch
    from transformers import AutoModel

    model = AutoModel.from_pretrained(str(bundled_folder()), attn_implementation="eager").eval()

    class ByPosition(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, *inputs: torch.Tensor) -> torch.Tensor:
            found: torch.Tensor = self.model(**dict(zip(_INPUTS, inputs, strict=True))).last_hidden_state
            return found

    ids = torch.ones(2, 8, dtype=torch.int64)
    warnings.simplefilter("ignore")  # what tracing takes for constant is so for each text
    torch.onnx.export(
        ByPosition(),
        (ids,) * len(_INPUTS),
        str(path),
        dynamo=False,
        input_names=list(_INPUTS),
        output_names=[_OUTPUT],
        dynamic_axes={name: {0: "texts", 1: "tokens"} for name in (*_INPUTS, _OUTPUT)},
    )


if __name__ == "__main__":
    write(Path(sys.argv[1]))
