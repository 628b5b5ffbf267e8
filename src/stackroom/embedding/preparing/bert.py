"""Writes a BERT encoder as files that OpenVINO runs, straight from its weights. No torch takes part."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from stackroom.embedding.running.compiled import INT8_MODEL, MODEL, import_openvino

INPUTS = ("input_ids", "attention_mask")
"""Names of the tensors that it takes: int64, shape (batch, tokens). All tokens are of BERT's first type."""

# Added to the score of a token that may not be seen; see `export`.
_UNSEEN = -65504.0

# A vector is divided by its length, but by no less than this: as torch.nn.functional.normalize does it.
_LEAST_LENGTH = 1e-12

Weight = Callable[[NDArray[np.float32]], Any]
"""Makes a node of a matrix of weights, of shape (rows, columns)."""


class Bert(NamedTuple):
    """A BERT encoder with absolute positions and GELU, of whose tokens the mean is taken.

    Attributes:
        weights: float32, by their names in transformers' BertModel. What is not needed is ignored.
        layers, heads, epsilon: as its configuration has them.
        words: the table of words if it is in 4 bits, as `DataFile.packed` gives it; then it is not among the
            weights.
    """

    weights: Mapping[str, NDArray[np.float32]]
    layers: int
    heads: int
    epsilon: float
    words: tuple[NDArray[np.int8], NDArray[np.float16]] | None = None


def write_bert(bert: Bert, target: Path) -> None:
    """Writes an encoder in two precisions, MODEL and INT8_MODEL, for `CompiledModel`.

    Args:
        bert: the encoder.
        target: the folder for the files.
    """
    openvino = import_openvino()
    for name, weight in ((MODEL, openvino.opset13.constant), (INT8_MODEL, rounded)):
        openvino.save_model(graph(bert, weight), target / name, compress_to_fp16=True)


def rounded(weight: NDArray[np.float32]) -> Any:
    """A matrix in 8 bits with a factor for each row: what nncf's INT8_SYM makes of it, to the bit.

    Of each row the number that is farthest from 0 becomes -128, so that a factor may be negative.
    """
    ops = import_openvino().opset13
    least, most = weight.min(axis=1, keepdims=True), weight.max(axis=1, keepdims=True)
    factors = np.where(-least >= most, -least, -most) / np.float32(128)
    tiny = np.finfo(np.float32).eps
    factors = np.where(np.abs(factors) < tiny, tiny, factors)
    numbers = np.clip(np.rint(weight / factors), -128, 127).astype(np.int8)
    as_float16 = ops.convert(ops.constant(numbers), np.float16)
    return ops.convert(ops.multiply(as_float16, ops.constant(factors.astype(np.float16))), np.float32)


def graph(bert: Bert, weight: Weight) -> Any:
    """The whole model, from tokens to a vector of length 1, as an openvino.Model.

    Args:
        bert: the encoder.
        weight: how its large matrices are kept.
    """
    openvino = import_openvino()
    ops = openvino.opset13
    taken = [ops.parameter([-1, -1], np.int64, name=name) for name in INPUTS]
    for tensor, name in zip(taken, INPUTS, strict=True):
        tensor.output(0).get_tensor().set_names({name})
    ids, seen = taken[0], ops.convert(taken[1], np.float32)  # 1 for a token of the text, 0 for padding
    mask = ops.unsqueeze(ops.multiply(ops.subtract(np.float32(1), seen), np.float32(_UNSEEN)), [1, 2])
    layers = _Layers(ops, bert, weight)
    states = layers.embedded(ids)
    for layer in range(bert.layers):
        states = layers.layer(f"encoder.layer.{layer}", states, mask)
    # A sum does for the mean: both have the same direction.
    total = ops.reduce_sum(ops.multiply(states, ops.unsqueeze(seen, [-1])), [1])
    length = ops.maximum(ops.reduce_l2(total, [1], keep_dims=True), np.float32(_LEAST_LENGTH))
    return openvino.Model([ops.divide(total, length)], taken, "bert")


class _Layers:
    """Makes the parts of the graph. States are float32 of shape (batch, tokens, width)."""

    def __init__(self, ops: Any, bert: Bert, weight: Weight) -> None:
        self._ops = ops
        self._bert = bert
        self._weight = weight
        self._width = len(bert.weights["embeddings.LayerNorm.weight"])

    def embedded(self, ids: Any) -> Any:
        ops, weights = self._ops, self._bert.weights
        types = weights["embeddings.token_type_embeddings.weight"]
        places = weights["embeddings.position_embeddings.weight"] + types[:1]
        length = ops.gather(ops.shape_of(ids), [1], np.int64(0))
        of_places = ops.slice(places, [0], length, [1], [0])
        return self._normed("embeddings.LayerNorm", ops.add(self._words(ids), of_places))

    def _words(self, ids: Any) -> Any:
        ops, axis = self._ops, np.int64(0)
        if self._bert.words is None:
            table = self._weight(self._bert.weights["embeddings.word_embeddings.weight"])
            return ops.gather(table, ids, axis)
        numbers, factors = (
            ops.convert(ops.gather(ops.constant(part), ids, axis), np.float32) for part in self._bert.words
        )
        blocks = ops.reshape(numbers, [0, 0, self._bert.words[1].shape[1], -1], special_zero=True)
        product = ops.multiply(blocks, ops.unsqueeze(factors, [-1]))
        return ops.reshape(product, [0, 0, self._width], special_zero=True)

    def layer(self, name: str, states: Any, mask: Any) -> Any:
        ops = self._ops
        asked, offered, given = (
            self._in_heads(self._linear(f"{name}.attention.self.{part}", states))
            for part in ("query", "key", "value")
        )
        # One operation, which OpenVINO computes in one piece.
        found = ops.scaled_dot_product_attention(asked, offered, given, mask)
        together = ops.reshape(ops.transpose(found, [0, 2, 1, 3]), [0, 0, self._width], special_zero=True)
        states = self._normed(
            f"{name}.attention.output.LayerNorm",
            ops.add(self._linear(f"{name}.attention.output.dense", together), states),
        )
        wide = ops.gelu(self._linear(f"{name}.intermediate.dense", states), "erf")
        return self._normed(
            f"{name}.output.LayerNorm", ops.add(self._linear(f"{name}.output.dense", wide), states)
        )

    def _in_heads(self, states: Any) -> Any:
        heads = self._bert.heads
        apart = self._ops.reshape(states, [0, 0, heads, self._width // heads], special_zero=True)
        return self._ops.transpose(apart, [0, 2, 1, 3])

    def _linear(self, name: str, states: Any) -> Any:
        weights, ops = self._bert.weights, self._ops
        product = ops.matmul(states, self._weight(weights[f"{name}.weight"]), False, True)
        return ops.add(product, weights[f"{name}.bias"])

    def _normed(self, name: str, states: Any) -> Any:
        weights, ops = self._bert.weights, self._ops
        even = ops.mvn(states, [-1], True, self._bert.epsilon, "inside_sqrt")
        return ops.add(ops.multiply(even, weights[f"{name}.weight"]), weights[f"{name}.bias"])
