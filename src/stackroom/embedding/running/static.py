"""Runs a static model: a text's vector is the mean of its tokens' rows in a table. In numpy."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer as RustTokenizer

from stackroom.common.errors import ModelDamaged
from stackroom.embedding.model_card import TOKENIZER

TABLE = "static.npy"
"""File name in a prepared model's folder: the rows of all tokens."""

# Tokens whose rows are gathered at once: with 1,024 dimensions that is 64 MB.
_TOKENS_AT_ONCE = 16_384


class StaticModel:
    """Texts into vectors by a table of tokens. Several threads may use it at once."""

    runtime = "static embeddings"

    def __init__(self, folder: Path) -> None:
        """Maps the table of the prepared model in `folder` into memory.

        Raises:
            ModelDamaged: it can't be read.
        """
        try:
            self._table = np.load(folder / TABLE, mmap_mode="r")
            self._tokenizer = RustTokenizer.from_file(str(folder / TOKENIZER))
        except Exception as error:  # the tokenizer's library raises nothing more precise
            raise ModelDamaged(
                f"The prepared model in {folder} cannot be read: {error}. Delete that folder, and it is "
                "made again."
            ) from error
        self._tokenizer.no_padding()
        self._tokenizer.no_truncation()

    @property
    def tokenizer(self) -> RustTokenizer:
        """The tokenizer, which neither cuts nor pads."""
        return self._tokenizer

    def outputs(self, inputs: Sequence[str]) -> NDArray[np.float32]:
        """The vectors of texts; see `CompiledModel.outputs`. A text without tokens is like every other."""
        width = self._table.shape[1]
        rows = np.full((len(inputs), width), width**-0.5, np.float32)
        encodings = self._tokenizer.encode_batch(list(inputs), add_special_tokens=False)
        for row, encoding in enumerate(encodings):
            ids = np.array(encoding.ids, np.int64)
            if not len(ids):
                continue
            total = np.zeros(width, np.float32)
            for at in range(0, len(ids), _TOKENS_AT_ONCE):
                total += self._table[ids[at : at + _TOKENS_AT_ONCE]].sum(axis=0, dtype=np.float32)
            length = float(np.linalg.norm(total))
            if length:
                rows[row] = total / length
        return rows
