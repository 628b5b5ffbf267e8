"""Runs a compiled cross-encoder. It imports no torch."""

import math
import os
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer as RustTokenizer

from stackroom.embedding.model_card import TOKENIZER, ModelCard
from stackroom.embedding.processor import Precision
from stackroom.embedding.reranking.reranker import STEP, Pair
from stackroom.embedding.running.compiled import compile_model


class CompiledCrossEncoder:
    """A `CrossEncoder` that OpenVINO runs, in the thread that calls it."""

    def __init__(self, folder: Path, card: ModelCard, precision: Precision) -> None:
        """Loads the model and compiles it for this processor; takes half a second.

        Args:
            folder: of the prepared model.
            card: of the model; its query prompt goes before each query.
            precision: of the computation.

        Raises:
            ModelDamaged: OpenVINO can't run the files in this precision.
        """
        # Rust's tokenizer threads and our worker processes would fight over the same cores.
        os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
        self.runtime = f"OpenVINO {precision}"
        self._card = card
        # A request of one stream computes in the thread that calls it; a queue's would not.
        compiled, _ = compile_model(folder, precision, streams=1)
        self._request = compiled.create_infer_request()
        self._tokenizer = RustTokenizer.from_file(str(folder / TOKENIZER))
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(card.most_tokens)

    def pair(self, query: str, passage: str) -> Pair:
        encoding = self._tokenizer.encode(self._card.query_prompt + query, passage)
        count = len(encoding.ids)
        tokens = min(STEP * math.ceil(count / STEP), self._card.most_tokens)
        features = {
            "input_ids": np.full((1, tokens), self._card.pad_token, np.int64),
            "attention_mask": np.zeros((1, tokens), np.int64),
            "token_type_ids": np.zeros((1, tokens), np.int64),
        }
        features["input_ids"][0, :count] = encoding.ids
        features["attention_mask"][0, :count] = 1
        features["token_type_ids"][0, :count] = encoding.type_ids
        return Pair(tokens, {name: features[name] for name in self._card.inputs})

    def score(self, pair: Pair) -> float:
        self._request.infer(pair.features)
        return float(self._request.get_output_tensor().data.reshape(()))
