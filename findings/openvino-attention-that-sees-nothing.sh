#!/usr/bin/env bash
# openvino 2026.4.1 and torch 2.13.0: torch's scaled_dot_product_attention gives zeros for a row whose mask allows
# nothing. The same module, converted by OpenVINO, gives NaN for that row. Such rows are usual: in models with windows
# of attention (ModernBERT, Mistral, Gemma 3), a padding token that is further from the text than a window sees nothing.
# The next layer spreads the NaN to all tokens, so a whole padded text comes out as NaN, in batches only. Masks that are
# numbers, with the least one where nothing may be seen, come out as numbers in both: the row is then the mean of all
# values, which a padding token can have.
#
# Seen on 2026-11-29: torch [0, 0, …], OpenVINO [nan, nan, …]; the other rows are the same in both.
# The script fails if that changes. It needs the CPU build of torch, and 1.5 GB for the installation.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check torch==2.13.0 openvino==2026.4.1 numpy==2.4.6
"$work/venv/bin/python" -W ignore - <<'PYTHON'
import sys
from importlib.metadata import version

sys.modules["openvino_telemetry"] = None  # it would report the import
import numpy
import openvino
import torch


class Attention(torch.nn.Module):
    def forward(self, query, key, value, mask):
        return torch.nn.functional.scaled_dot_product_attention(query, key, value, attn_mask=mask)


def converted(inputs):
    model = openvino.convert_model(Attention(), example_input=inputs)
    compiled = openvino.Core().compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    return compiled([tensor.numpy() for tensor in inputs])[0]


random = torch.Generator().manual_seed(1)
tensors = [torch.randn(1, 2, 4, 8, generator=random) for _ in range(3)]
seen = torch.ones(1, 1, 4, 4, dtype=torch.bool)
seen[0, 0, 2] = False
numbers = torch.where(seen, 0.0, -65504.0)
print("torch", version("torch"), "openvino", version("openvino"))
own, other = Attention()(*tensors, seen).numpy(), converted((*tensors, seen))
print("torch, the row that sees nothing:   ", own[0, 0, 2])
print("OpenVINO, the row that sees nothing:", other[0, 0, 2])
assert (own[:, :, 2] == 0).all(), "this has changed"
assert numpy.isnan(other[:, :, 2]).all(), "this has changed"
rest = [0, 1, 3]
assert numpy.allclose(own[:, :, rest], other[:, :, rest], atol=1e-4), "this has changed"
masked = Attention()(*tensors, numbers).numpy(), converted((*tensors, numbers))
assert numpy.allclose(*masked, atol=1e-4), "this has changed"
print("with a mask of numbers both are the same")
PYTHON
