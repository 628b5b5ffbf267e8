"""Runs a compiled model, without torch. Beside this file `export` and `bert` in `preparing` know OpenVINO."""

import math
import os
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tokenizers import Encoding
from tokenizers import Tokenizer as RustTokenizer

from stackroom.common.errors import ModelDamaged
from stackroom.embedding.model_card import TOKENIZER, ModelCard
from stackroom.embedding.processor import Precision

MODEL, INT8_MODEL = "model.xml", "int8.xml"
"""File names in a prepared model's folder; the weights are beside them, in .bin files."""

# Tokens computed at once, padding included. Half and twice as many take the same time, within noise.
_BATCH_TOKENS = 2048

# Numbers that int8 rounds together, for single texts and for batches. In batches wider groups are faster
# (docs/benchmarks.md, "Against the plain stack"); a group that is wider than a layer is not used at all.
_GROUP, _WIDE_GROUP = 64, 128

# Queries are padded to whole steps of so many tokens. What is left of a step is computed in another way, so
# that the last bits of a vector would depend on how long the query is, and on those it is computed with.
_STEP = 16

# Texts of a few tokens, and the least cosine between the vectors of each with and without padding: in int8,
# .9998. Of some models they are nothing alike in a graph of fixed shape: of decoders, because the runtime
# takes another token for the last one (findings/openvino-first-of-equal-numbers.sh), and of DeBERTa, where
# they are no numbers in bf16.
_TRIED = (
    *("x", "Otters", "x otters", "Otters sleep.", "Otters hold hands", "Where do otters sleep?"),
    *("Backs of otters that sleep", "x otters sleep on their backs", "How do they hold hands in sleep?"),
)
_SAME = 0.99

# The runtime keeps what it has compiled for a batch's shape. Its default of 5,000 pieces could come to
# gigabytes in days of watching.
_KEPT_PIECES = 256


def import_openvino() -> Any:
    """Imports OpenVINO, and keeps it from reporting the import to its makers over the network."""
    # It reports by this package, and does without if that is not installed.
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
    import openvino

    return openvino


def compile_model(folder: Path, precision: Precision, streams: int, tokens: int = 0) -> tuple[Any, Any]:
    """A prepared model's folder, compiled by OpenVINO for this processor; takes half a second.

    Args:
        folder: of the prepared model.
        precision: of the computation.
        streams: how many batches are computed at the same time, each by one thread. One is computed by the
            thread that asks for it.
        tokens: of single texts that are to be computed faster; 0 for none.

    Returns:
        What computes a batch of any shape; and what computes one text of so many tokens, in two thirds of the
        time. That is the same if none is wanted, or if the model can't be had in a fixed shape.

    Raises:
        ModelDamaged: OpenVINO can't run the files in this precision.
    """
    openvino = import_openvino()
    path = folder / (INT8_MODEL if precision == "int8" else MODEL)
    options: dict[str, Any] = {
        "INFERENCE_PRECISION_HINT": "bf16" if precision == "bf16" else "f32",
        "NUM_STREAMS": str(streams),
        "INFERENCE_NUM_THREADS": streams,
        "CPU_RUNTIME_CACHE_CAPACITY": str(_KEPT_PIECES),
        "ENABLE_CPU_PINNING": False,  # the indexer's and the server's would sit on the same core
    }
    if precision == "int8":
        # Activations are rounded as well, in groups of this many: what lets VNNI multiply them.
        options["DYNAMIC_QUANTIZATION_GROUP_SIZE"] = str(_GROUP if streams == 1 else _WIDE_GROUP)
    core = openvino.Core()
    try:
        model = core.read_model(path)  # once, so that both have the same pages of the file in memory
        compiled = core.compile_model(model, "CPU", options)
    except RuntimeError as error:
        raise _unusable(folder, precision, error) from error
    if not tokens:
        return compiled, compiled
    try:
        # It shares no weights with the other: a bundled model takes 17 MB for the first, 24 for each further.
        model.reshape({each.any_name: [1, tokens] for each in model.inputs})
        return compiled, core.compile_model(model, "CPU", options)
    except RuntimeError:  # a part of it was exported for another shape
        return compiled, compiled


def _unusable(folder: Path, precision: Precision, error: Exception) -> ModelDamaged:
    reason = (str(error).strip() or type(error).__name__).splitlines()[-1]
    return ModelDamaged(
        f"OpenVINO cannot run the compiled model in {folder} with precision {precision}: "
        f"{reason}. Unset STACKROOM_PRECISION if you set it; otherwise "
        "delete that folder, and the model is compiled again."
    )


class CompiledModel:
    """A model that OpenVINO runs: texts into rows of numbers. Several threads may use it; they take turns."""

    def __init__(self, folder: Path, card: ModelCard, precision: Precision, streams: int) -> None:
        """Loads the model and compiles it for this processor; takes half a second.

        Args:
            folder: of the prepared model.
            card: of the model.
            precision: of the computation.
            streams: see `compile_model`. With one, it is best for queries: padded to steps, and computed in
                the thread that asks.

        Raises:
            ModelDamaged: OpenVINO can't run the files in this precision.
        """
        # Rust's tokenizer threads and our worker processes would fight over the same cores.
        os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
        self._card = card
        self._precision = precision
        self._turn = threading.Lock()
        compiled, short = compile_model(folder, precision, streams, _STEP if streams == 1 else 0)
        self._queue = import_openvino().AsyncInferQueue(compiled, streams) if streams > 1 else None
        if self._queue:
            self._queue.set_callback(_take)
        self._request, self._short = compiled.create_infer_request(), short.create_infer_request()
        try:
            self._tokenizer = RustTokenizer.from_file(str(folder / TOKENIZER))
        except Exception as error:  # the tokenizer's library raises nothing more precise
            raise _unusable(folder, precision, error) from error
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(card.most_tokens)
        self._step = 1
        if streams == 1 and not self._bears_padding():
            self._step, self._short = 1, self._request

    def _bears_padding(self) -> bool:
        """Whether a text that is padded keeps its vector; from now on, texts are padded to whole steps."""
        alone = np.concatenate([self.outputs([text]) for text in _TRIED])
        self._step = _STEP
        padded = np.concatenate([self.outputs([text]) for text in _TRIED])
        lengths = np.linalg.norm(alone, axis=1) * np.linalg.norm(padded, axis=1)
        return bool(np.all((alone * padded).sum(axis=1) >= _SAME * lengths))

    @property
    def runtime(self) -> str:
        """As `Embedder.runtime`."""
        return f"OpenVINO {self._precision}"

    @property
    def tokenizer(self) -> RustTokenizer:
        """The tokenizer, which cuts at the model's limit and does not pad."""
        return self._tokenizer

    def outputs(self, inputs: Sequence[str]) -> NDArray[np.float32]:
        """What the model makes of each input.

        Args:
            inputs: texts with their prompts. What is over the model's limit is cut.

        Returns:
            Float32, shape (len(inputs), dimensions), aligned with `inputs`.
        """
        encodings = self._tokenizer.encode_batch(list(inputs))
        rows = np.empty((len(inputs), self._card.dimensions), np.float32)
        with self._turn:
            for places in _batches([len(encoding.ids) for encoding in encodings]):
                batch = self._batch([encodings[place] for place in places])
                if self._queue:
                    self._queue.start_async(batch, (rows, places))
                else:
                    request = self._short if batch["input_ids"].shape == (1, _STEP) else self._request
                    request.infer(batch)
                    _take(request, (rows, places))
            if self._queue:
                self._queue.wait_all()
        return rows

    def _batch(self, encodings: Sequence[Encoding]) -> dict[str, NDArray[np.int64]]:
        """What the model takes: its inputs by their names, padded to one length."""
        # A text that has no tokens counts as a padding token: of nothing at all the runtime makes NaN.
        longest = max(1, *(len(encoding.ids) for encoding in encodings))
        tokens = min(self._step * math.ceil(longest / self._step), self._card.most_tokens)
        shape = len(encodings), tokens
        batch = {
            name: np.zeros(shape, np.int64) for name in ("input_ids", "attention_mask", "token_type_ids")
        }
        batch["input_ids"][:] = self._card.pad_token
        for row, encoding in enumerate(encodings):
            length = len(encoding.ids)
            batch["input_ids"][row, :length] = encoding.ids
            batch["attention_mask"][row, : max(1, length)] = 1
            batch["token_type_ids"][row, :length] = encoding.type_ids
        return {name: batch[name] for name in self._card.inputs}


def _take(request: Any, goal: tuple[NDArray[np.float32], list[int]]) -> None:
    rows, places = goal
    rows[places] = request.get_output_tensor().data


def _batches(lengths: Sequence[int]) -> list[list[int]]:
    """Groups texts to be computed together, by similar length, so that little is padded; the longest first.

    Args:
        lengths: of the texts, in tokens.

    Returns:
        For each batch the positions of its texts.
    """
    batches: list[list[int]] = []
    for row in sorted(range(len(lengths)), key=lambda row: -lengths[row]):
        if not batches or (len(batches[-1]) + 1) * lengths[batches[-1][0]] > _BATCH_TOKENS:
            batches.append([])
        batches[-1].append(row)
    return batches
