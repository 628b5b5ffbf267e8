"""Finds, prepares and loads models: the one `ModelSource` of the product."""

import logging
from pathlib import Path
from typing import Literal

from stackroom.common.settings import available_cores
from stackroom.embedding.embedder import Embedder, Fingerprint, Preparation, Tokenizer, refuse_another_model
from stackroom.embedding.model_card import BUNDLED_CARD, TOKENIZER, ModelCard
from stackroom.embedding.model_files import BUNDLED_DIGEST, BUNDLED_NAME, bundled_folder, find_model
from stackroom.embedding.preparing.conversion import being_prepared, prepare, prepared
from stackroom.embedding.preparing.trial import choose, known_choice
from stackroom.embedding.processor import Precision, precisions
from stackroom.embedding.running.prepared import QUERIES, Opening, PreparedEmbedder, is_static
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
        card = prepare(files, home)
        if card.warning:
            logging.getLogger(__name__).warning("The model %r is used, but %s.", files.name, card.warning)
        return ModelTokenizer(card.fingerprint(files.name), home / TOKENIZER)

    def preparation(self, model: Fingerprint) -> Preparation:
        home = self._home(model.digest)
        if prepared(home):
            return Preparation.DONE
        return Preparation.UNDER_WAY if being_prepared(home) else Preparation.NEEDED

    def load(self, model: Fingerprint) -> Embedder:
        card = self._prepared(model)
        home = self._home(model.digest)
        folders = _encoders(home)
        chosen = [] if card.problem else [choose(folder, self._order()).precision for folder in folders]
        if not chosen or None in chosen:
            from stackroom.embedding.running.sentence_transformer import (
                SentenceTransformerEmbedder,
                load_model,
            )

            return SentenceTransformerEmbedder(load_model(find_model(model.name).folder), model.name, card)
        streams = 1 if self._queries else available_cores()
        openings = [
            Opening(folder, precision, streams)
            for folder, precision in zip(folders, chosen, strict=True)
            if precision
        ]
        return PreparedEmbedder(model.name, card, openings[0], openings[-1], for_queries=self._queries)

    def runtime(self, digest: str) -> str:
        """What runs the model with this digest, for people; cheap."""
        home = self._home(digest)
        card = ModelCard.read(home)
        if card is None:
            return "not compiled yet"
        if card.problem:
            return f"run by sentence-transformers, because it could not be compiled: {card.problem}"
        choices = [known_choice(folder, self._order()) for folder in _encoders(home)]
        failed = "; ".join(dict.fromkeys(problem for choice in choices for problem in choice.problems))
        if not all(choice.precision for choice in choices):
            return f"run by sentence-transformers, because OpenVINO can't run it: {failed}"
        runs = [
            "static embeddings" if is_static(folder) else f"compiled; {choice.precision} on this processor"
            for folder, choice in zip(_encoders(home), choices, strict=True)
        ]
        return ", queries ".join(dict.fromkeys(runs)) + (f", because {failed}" if failed else "")

    def warning(self, digest: str) -> str:
        """What is to be doubted about the model with this digest, for people; mostly empty."""
        card = ModelCard.read(self._home(digest))
        return card.warning if card else ""

    def _order(self) -> tuple[Precision, ...]:
        fast = precisions(queries=self._queries)
        if not self._precision:
            return fast
        return (self._precision, *(each for each in fast if each != self._precision))

    def _home(self, digest: str) -> Path:
        return self._folder / digest[:16]

    def _prepared(self, model: Fingerprint) -> ModelCard:
        card = prepared(self._home(model.digest))
        if card is None:
            files = find_model(model.name)
            refuse_another_model(files.name, files.digest, model)
            card = prepare(files, self._home(model.digest))
        return card


def _encoders(home: Path) -> list[Path]:
    """The folders of a prepared model's encoders: of passages, and of queries if they have their own."""
    return [home, home / QUERIES] if (home / QUERIES).is_dir() else [home]


def _is_bundled(name: str) -> bool:
    return name in ("", BUNDLED_NAME)
