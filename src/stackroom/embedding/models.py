"""Finds, prepares and loads models: the one `ModelSource` of the product."""

from pathlib import Path
from typing import Literal

from stackroom.common.settings import available_cores
from stackroom.embedding.conversion import being_prepared, prepare, prepared
from stackroom.embedding.embedder import Embedder, Fingerprint, Preparation, Tokenizer, refuse_another_model
from stackroom.embedding.model_card import BUNDLED_CARD, TOKENIZER, ModelCard
from stackroom.embedding.model_files import BUNDLED_DIGEST, BUNDLED_NAME, bundled_folder, find_model
from stackroom.embedding.processor import Precision, best_precision
from stackroom.embedding.text_tokens import ModelTokenizer


class Models:
    """A `ModelSource`: every model that sentence-transformers can load, compiled where that is possible.

    A model is prepared once, with torch, into a folder of its own. After that, neither torch nor the model's
    own files are needed, unless the model could not be compiled.
    """

    def __init__(
        self, folder: Path, precision: Precision | Literal[""] = "", *, queries: bool = False
    ) -> None:
        """Reads nothing yet.

        Args:
            folder: where prepared models are kept, each in a folder of its own.
            precision: of the computation; empty chooses the best for this processor.
            queries: whether the models embed only queries: then they run on one core, in the precision that
                is best for short texts.
        """
        self._folder = folder
        self._precision = precision
        self._queries = queries

    def digest(self, name: str) -> str:
        return BUNDLED_DIGEST if _is_bundled(name) else find_model(name).digest

    def tokenizer(self, name: str) -> Tokenizer:
        if _is_bundled(name):
            return ModelTokenizer(BUNDLED_CARD.fingerprint(BUNDLED_NAME), bundled_folder() / TOKENIZER)
        files = find_model(name)
        home = self._home(files.digest)
        return ModelTokenizer(prepare(files, home).fingerprint(files.name), home / TOKENIZER)

    def preparation(self, model: Fingerprint) -> Preparation:
        home = self._home(model.digest)
        if prepared(home):
            return Preparation.DONE
        return Preparation.UNDER_WAY if being_prepared(home) else Preparation.NEEDED

    def load(self, model: Fingerprint) -> Embedder:
        card = self._prepared(model)
        if card.problem:
            from stackroom.embedding.sentence_transformer import SentenceTransformerEmbedder, load_model

            return SentenceTransformerEmbedder(load_model(find_model(model.name).folder), model.name, card)
        from stackroom.embedding.compiled import CompiledEmbedder

        precision = self._precision or best_precision(queries=self._queries)
        streams = 1 if self._queries else available_cores()
        return CompiledEmbedder(self._home(model.digest), model.name, card, precision, streams)

    def runtime(self, digest: str) -> str:
        """What runs the model with this digest, for people; cheap."""
        card = ModelCard.read(self._home(digest))
        if card is None:
            return "not compiled yet"
        if card.problem:
            return f"run by sentence-transformers, because it could not be compiled: {card.problem}"
        return f"compiled; {self._precision or best_precision(queries=self._queries)} on this processor"

    def _home(self, digest: str) -> Path:
        return self._folder / digest[:16]

    def _prepared(self, model: Fingerprint) -> ModelCard:
        card = prepared(self._home(model.digest))
        if card is None:
            files = find_model(model.name)
            refuse_another_model(files.name, files.digest, model)
            card = prepare(files, self._home(model.digest))
        return card


def _is_bundled(name: str) -> bool:
    return name in ("", BUNDLED_NAME)
