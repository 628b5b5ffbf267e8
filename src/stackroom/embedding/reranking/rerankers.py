"""Finds, prepares and loads the reranker that the user has chosen: the product's one `RerankerSource`."""

from pathlib import Path
from typing import Literal

from stackroom.common.errors import ModelError
from stackroom.common.settings import Settings
from stackroom.embedding.embedder import Preparation
from stackroom.embedding.model_card import ModelCard
from stackroom.embedding.model_files import ModelFiles, find_model, must_be_downloaded
from stackroom.embedding.preparing.conversion import being_prepared, prepare, prepared
from stackroom.embedding.preparing.failures import refuse_what_failed
from stackroom.embedding.preparing.sharing import home_of
from stackroom.embedding.preparing.trial import known_choice
from stackroom.embedding.processor import Precision, precisions
from stackroom.embedding.reranking.compiled_pairs import CompiledCrossEncoder
from stackroom.embedding.reranking.cross_encoder import (
    LibraryCrossEncoder,
    load_cross_encoder,
    refuse_another_kind,
)
from stackroom.embedding.reranking.pair_conversion import PROGRAM, judged
from stackroom.embedding.reranking.reranker import CrossEncoder, Reranker

# Of the names of folders that hold prepared rerankers, beside those of models.
_PREFIX = "reranker-"


def is_reranker(home: Path) -> bool:
    """Whether a folder of prepared files is a reranker's, and no embedding model's."""
    return home.name.startswith(_PREFIX)


def chosen_reranker(settings: Settings, models: Path) -> "ChosenReranker | None":
    """The reranker of STACKROOM_RERANKER; None if that is empty. Reads nothing yet.

    Args:
        settings: of the command.
        models: the folder of prepared models.
    """
    if not settings.reranker:
        return None
    return ChosenReranker(
        settings.reranker, models, settings.reranker_milliseconds, settings.precision, settings.models_folder
    )


class ChosenReranker:
    """A `RerankerSource`: any cross-encoder that sentence-transformers can load, compiled where possible.

    It is prepared once, with torch, into a folder of its own, as models are: see `embedding.models.Models`.
    """

    def __init__(
        self,
        name: str,
        folder: Path,
        milliseconds: float,
        precision: Precision | Literal[""] = "",
        shared: Path | None = None,
    ) -> None:
        """Reads nothing yet.

        Args:
            name: as `find_model` takes it.
            folder: where prepared models are kept.
            milliseconds: CPU time that it may take for one search.
            precision: of the computation; empty chooses the best for this processor.
            shared: as for `Models`.
        """
        self._shared = shared
        self._name = name
        self._folder = folder
        self._milliseconds = milliseconds
        fast = precisions(queries=False)
        self._order = (precision, *(one for one in fast if one != precision)) if precision else fast
        self._files: ModelFiles | None = None

    def preparation(self) -> Preparation:
        if self._is_missing():
            return Preparation.NEEDED
        home = self._home()
        if prepared(home) or (self._shared and prepared(self._shared / home.name)):
            return Preparation.DONE
        return Preparation.UNDER_WAY if being_prepared(home) else Preparation.NEEDED

    def load(self) -> Reranker:
        made = Reranker(self._encoder(), self._milliseconds)
        made.measure()
        return made

    def runtime(self) -> str:
        """Which reranker it is and what runs it, for people; or why none does. Cheap."""
        try:
            if self._is_missing():
                return f"{self._name}: not downloaded yet"
            home = self._home()
            card = ModelCard.read(home)
            if card is None:
                refuse_another_kind(self._found().folder)
                refuse_what_failed(home)
        except ModelError as error:
            return f"{self._name}: not usable. {error}"
        choice = known_choice(home, self._order)
        failed = "; ".join(choice.problems)
        if card is None:
            what = "not compiled yet"
        elif card.problem:
            what = f"run by sentence-transformers, because it could not be compiled: {card.problem}"
        elif not choice.precision:
            what = f"run by sentence-transformers, because OpenVINO can't run it: {failed}"
        else:
            what = f"compiled; {choice.precision} on this processor" + (
                f", because {failed}" if failed else ""
            )
        return f"{self._name}: {what}; {self._milliseconds:g} ms of CPU time for each search"

    def _encoder(self) -> CrossEncoder:
        home, files = self._home(), self._found()
        card = prepared(home) or prepare(files, home, PROGRAM, refuse_another_kind, self._shared)
        precision = None if card.problem else judged(home, self._order).precision
        if precision is None:
            return LibraryCrossEncoder(load_cross_encoder(files.folder))
        return CompiledCrossEncoder(home, card, precision)

    def _is_missing(self) -> bool:
        """Whether it has to be downloaded: that is for who loads it, not for who asks how things stand."""
        return self._files is None and must_be_downloaded(self._name)

    def _found(self) -> ModelFiles:
        if self._files is None:
            self._files = find_model(self._name, "STACKROOM_RERANKER")
        return self._files

    def _home(self) -> Path:
        return home_of(self._folder, self._shared, f"{_PREFIX}{self._found().digest[:16]}")
