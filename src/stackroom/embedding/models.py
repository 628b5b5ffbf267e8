"""Finds, prepares and loads models: the one `ModelSource` of the product."""

import logging
from dataclasses import replace
from pathlib import Path
from typing import Literal

from tokenizers import Tokenizer as RustTokenizer

from stackroom.common.errors import ModelError
from stackroom.common.settings import Settings, available_cores
from stackroom.embedding.embedder import Embedder, Fingerprint, Preparation, Tokenizer, refuse_another_model
from stackroom.embedding.model_card import BUNDLED_CARD, TOKENIZER, ModelCard
from stackroom.embedding.model_files import (
    BUNDLED_DIGEST,
    BUNDLED_NAME,
    ModelFiles,
    bundled_folder,
    find_model,
)
from stackroom.embedding.preparing.conversion import being_prepared, prepare, prepared
from stackroom.embedding.preparing.sharing import home_of
from stackroom.embedding.preparing.trial import choose, known_choice
from stackroom.embedding.processor import Precision, precisions
from stackroom.embedding.prompts import Prompts, digest_with, set_prompts, wanted_prompts
from stackroom.embedding.running.prepared import QUERIES, Opening, PreparedEmbedder, is_static
from stackroom.embedding.text_tokens import ModelTokenizer


class Models:
    """A `ModelSource`: every model that sentence-transformers can load, compiled where that is possible.

    A model is prepared once, into a folder of its own; with torch, unless `preparing.known` knows it. After
    that, neither torch nor the model's own files are needed, unless the model could not be compiled.
    """

    def __init__(
        self,
        folder: Path,
        precision: Precision | Literal[""] = "",
        *,
        queries: bool = False,
        query_prompt: str = "",
        passage_prompt: str = "",
        shared: Path | None = None,
    ) -> None:
        """Reads nothing yet.

        Args:
            folder: where prepared models are kept, each in a folder of its own.
            precision: of the computation; empty chooses the best for this processor.
            queries: whether the models embed only queries: then they run on one core, in the precision that
                is best for short texts.
            query_prompt: what the user wants before each query; see `prompts.set_prompts`. Empty means what
                the model's authors want.
            passage_prompt: the same for passages.
            shared: the folder that shares them with other data folders; None for none. See `sharing`.
        """
        self._shared = shared
        self._folder = folder
        self._precision = precision
        self._queries = queries
        self._query_prompt = query_prompt
        self._passage_prompt = passage_prompt

    @classmethod
    def of(cls, settings: Settings, folder: Path | None = None, *, queries: bool = False) -> "Models":
        """The models as these settings have them; `folder` is that of prepared ones, if it is another."""
        return cls(
            folder or settings.models,
            settings.precision,
            queries=queries,
            query_prompt=settings.query_prompt,
            passage_prompt=settings.passage_prompt,
            shared=settings.models_folder,
        )

    def digest(self, name: str) -> str:
        return BUNDLED_DIGEST if self._is_as_bundled(name) else self._with_prompts(find_model(name)).digest

    def tokenizer(self, name: str) -> Tokenizer:
        if self._is_as_bundled(name):
            return ModelTokenizer(BUNDLED_CARD.fingerprint(BUNDLED_NAME), bundled_folder() / TOKENIZER)
        files = self._with_prompts(find_model(name))
        home = self._home(files.digest)
        card = prepare(files, home, shared=self._shared)
        if card.warning:
            logging.getLogger(__name__).warning("The model %r is used, but %s.", files.name, card.warning)
        return ModelTokenizer(card.fingerprint(files.name), home / TOKENIZER)

    def preparation(self, model: Fingerprint) -> Preparation:
        home = self._home(model.digest)
        if prepared(home) or (self._shared and prepared(self._shared / home.name)):
            return Preparation.DONE
        return Preparation.UNDER_WAY if being_prepared(home) else Preparation.NEEDED

    def load(self, model: Fingerprint) -> Embedder:
        card = self._prepared(model)
        card = card.with_prompts(self._as_set(card.prompts))
        home = self._home(model.digest)
        folders = _encoders(home)
        _refuse_long_prompt(card, folders[-1])
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

    def prompts(self, digest: str) -> Prompts | None:
        """The words before queries and passages for the model with this digest; None if it is not prepared
        yet. Cheap.
        """
        card = ModelCard.read(self._home(digest))
        return self._as_set(card.prompts) if card else None

    def _as_set(self, prompts: Prompts) -> Prompts:
        # Those before passages are as they were when the model was prepared: its digest says so.
        return set_prompts(prompts, self._query_prompt, "")

    def _with_prompts(self, files: ModelFiles) -> ModelFiles:
        """A model's files with the prompts to use, which its digest includes."""
        prompts = set_prompts(wanted_prompts(files.name, files.folder), "", self._passage_prompt)
        digest = digest_with(files.digest, files.prompts.passage, prompts.passage)
        return replace(files, digest=digest, prompts=prompts)

    def _is_as_bundled(self, name: str) -> bool:
        """Whether it is the bundled model as we know it, so that nothing need be read."""
        return name in ("", BUNDLED_NAME) and not self._passage_prompt

    def _order(self) -> tuple[Precision, ...]:
        fast = precisions(queries=self._queries)
        if not self._precision:
            return fast
        return (self._precision, *(each for each in fast if each != self._precision))

    def _home(self, digest: str) -> Path:
        return home_of(self._folder, self._shared, digest[:16])

    def _prepared(self, model: Fingerprint) -> ModelCard:
        card = prepared(self._home(model.digest))
        if card is None:
            as_it_says = find_model(model.name)
            files = self._with_prompts(as_it_says)
            if as_it_says.digest == model.digest != files.digest:
                files = as_it_says  # the index was built before more was known
            refuse_another_model(files.name, files.digest, model)
            card = prepare(files, self._home(model.digest), shared=self._shared)
        return card


def _refuse_long_prompt(card: ModelCard, queries: Path) -> None:
    """Raises ModelError if the words before queries leave no room for a query: then all would be alike.

    Args:
        card: of the model.
        queries: folder of the encoder of queries.
    """
    if len(card.query_prompt) < card.most_tokens // 4:
        return  # a character is four bytes at most, and no token is less than a byte
    tokens = len(RustTokenizer.from_file(str(queries / TOKENIZER)).encode(card.query_prompt).ids)
    if tokens >= card.most_tokens:
        raise ModelError(
            f"The model reads {card.most_tokens} tokens, and the words before each query have {tokens} "
            f"({card.query_prompt_from}), which leaves none for the query. Shorten them with "
            "STACKROOM_QUERY_PROMPT."
        )


def _encoders(home: Path) -> list[Path]:
    """The folders of a prepared model's encoders: of passages, and of queries if they have their own."""
    return [home, home / QUERIES] if (home / QUERIES).is_dir() else [home]
