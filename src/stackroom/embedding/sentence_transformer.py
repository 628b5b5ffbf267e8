"""Runs any sentence-transformers model; the only file that knows that library (and through it torch)."""

import os
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stackroom.embedding.embedder import Embedder, Fingerprint
from stackroom.embedding.model_files import ModelFiles, find_model
from stackroom.errors import ModelDamaged

# Passages through the model at once. On two cores 8 took 43 ms a passage, 16 took 47, 32 took 50.
_BATCH = 8


class SentenceTransformers:
    """A `ModelSource`: every model that sentence-transformers can load, from this machine or the hub."""

    def digest(self, name: str) -> str:
        return find_model(name).digest

    def load(self, name: str) -> Embedder:
        return SentenceTransformerEmbedder(find_model(name))


class SentenceTransformerEmbedder:
    """An `Embedder` that sentence-transformers runs, on the CPU, in fp32."""

    def __init__(self, files: ModelFiles) -> None:
        """Loads the model. Takes seconds: torch is imported here.

        Raises:
            ModelDamaged: sentence-transformers can't load the files, or the model lacks what we need.
        """
        # Rust's tokenizer threads and our worker processes would fight over the same cores.
        os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
        from sentence_transformers import SentenceTransformer
        from transformers.utils import logging

        logging.disable_progress_bar()  # type: ignore[no-untyped-call]  # ours is the only one
        try:
            self._model = SentenceTransformer(
                str(files.folder), device="cpu", local_files_only=True, trust_remote_code=False
            )
        except (OSError, ValueError, KeyError, RuntimeError, ImportError) as error:
            raise ModelDamaged(
                f"sentence-transformers cannot load the model {files.name!r} from {files.folder}: {error}"
            ) from error
        tokenizer = getattr(self._model.tokenizer, "backend_tokenizer", None)
        if tokenizer is None:
            raise ModelDamaged(
                f"The model {files.name!r} has no fast tokenizer (tokenizer.json), which splitting needs. "
                "Choose another model with STACKROOM_MODEL."
            )
        # A copy of our own: the model's cuts texts at its limit, and splitting has to see all of it.
        self._tokenizer: Any = type(tokenizer).from_str(tokenizer.to_str())
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()
        dimensions = self._model.get_embedding_dimension()
        if dimensions is None:
            raise ModelDamaged(f"The model {files.name!r} does not say how long its vectors are.")
        self._passage_prompt = self._find_passage_prompt()
        self._fingerprint = Fingerprint(
            files.name, files.digest, "fp32", dimensions, self._tokens_left_for_a_passage()
        )

    @property
    def fingerprint(self) -> Fingerprint:
        return self._fingerprint

    def token_starts(self, texts: Sequence[str]) -> list[NDArray[np.int64]]:
        encodings = self._tokenizer.encode_batch(list(texts), add_special_tokens=False)
        return [
            np.fromiter((start for start, _ in encoding.offsets), np.int64, len(encoding.offsets))
            for encoding in encodings
        ]

    def embed_passages(self, texts: Sequence[str]) -> NDArray[np.float32]:
        if not texts:
            return np.empty((0, self._fingerprint.dimensions), np.float32)
        return self._vectors(
            self._model.encode_document(
                list(texts),
                prompt=self._passage_prompt,
                batch_size=_BATCH,
                normalize_embeddings=True,
                show_progress_bar=False,
            )
        )

    def embed_query(self, text: str) -> NDArray[np.float32]:
        return self._vectors(
            self._model.encode_query(text, normalize_embeddings=True, show_progress_bar=False)
        )

    @staticmethod
    def _vectors(encoded: Any) -> NDArray[np.float32]:
        return np.ascontiguousarray(encoded, np.float32)

    def _find_passage_prompt(self) -> str:
        # encode_document looks for these names as well, but sentence-transformers gives every model an empty
        # "document" prompt, and stops there: models that call theirs "passage" (E5's kind) would get none.
        prompts = self._model.prompts
        return next(
            (prompt for name in ("document", "passage", "corpus") if (prompt := prompts.get(name))), ""
        )

    def _tokens_left_for_a_passage(self) -> int:
        limit = self._model.max_seq_length
        if limit is None:
            # Models without a stated limit take any length; 512 is what most are trained with.
            limit = 512
        with_specials = self._tokenizer.encode(self._passage_prompt, add_special_tokens=True)
        return int(limit) - len(with_specials.ids)
