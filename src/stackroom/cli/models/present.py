"""The embedding models that are on this machine. Asks no network."""

import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from stackroom.catalog.catalog import Catalog
from stackroom.catalog.entries import Model
from stackroom.cli.models.speed import Speeds, measure, standard_passages
from stackroom.common.errors import CatalogMissing, ModelError, UsageError
from stackroom.common.settings import Settings
from stackroom.embedding.model_card import BUNDLED_CARD, CARD, ModelCard
from stackroom.embedding.model_files import BUNDLED_DIGEST, BUNDLED_NAME, bundled_folder
from stackroom.embedding.models import Models
from stackroom.embedding.multilingual.package import (
    HUB_NAME,
    MULTILINGUAL,
    MULTILINGUAL_NAME,
    is_installed,
)
from stackroom.embedding.preparing.conversion import prepared
from stackroom.embedding.preparing.failures import refuse_what_failed
from stackroom.embedding.preparing.kinds import refuse_other_kinds
from stackroom.embedding.prompts import known_models
from stackroom.embedding.reranking.rerankers import is_reranker

_FRONT_MATTER = re.compile(r"---\r?\n(.*?)\n---", re.DOTALL)
_LICENCE = re.compile(r"^license:\s*(\S.*?)\s*$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Present:
    """A model on this machine.

    Attributes:
        name: to give to STACKROOM_MODEL, or how the library calls it.
        digest: of its files; empty if they can't be used.
        is_used: whether the library's vectors are from it, or a new library's would be.
        dimensions, most_tokens: of a vector and of one input; 0 if it is not prepared.
        runtime: what runs it here, for people; why it can't be used, if so.
        licence: as its README says; empty if that says nothing.
        cpu_ms: milliseconds of CPU time a passage; None if it is not prepared.
    """

    name: str
    digest: str
    is_used: bool = False
    dimensions: int = 0
    most_tokens: int = 0
    runtime: str = ""
    licence: str = ""
    cpu_ms: float | None = None


def library_model(settings: Settings) -> Model | None:
    """The model that the library's vectors are from; None if there is no library yet."""
    try:
        with Catalog(settings.truth) as catalog:
            return catalog.model()
    except CatalogMissing:
        return None


def present_models(settings: Settings, folders: Iterable[Path]) -> list[Present]:
    """The models on this machine: the bundled one, those in the hub's cache, in `folders`, and prepared ones.

    Raises:
        UsageError: one of `folders` is no folder.
        CatalogUnusable: the library can't be read.
    """
    models, speeds = Models.of(settings), Speeds(settings.models)
    library = library_model(settings)
    used = library.fingerprint.digest if library else ""
    found: dict[str, Present] = {}
    broken: list[Present] = []
    names = [BUNDLED_NAME, MULTILINGUAL, *map(str, _checked(folders)), settings.model, *_in_the_hub_s_cache()]
    for name in dict.fromkeys(names):
        if not name or not _is_here(name):
            continue
        try:
            refuse_other_kinds(_files_of(name))
            digest = models.digest(name)
            if not prepared(settings.models / digest[:16]):
                refuse_what_failed(settings.models / digest[:16])
            found.setdefault(digest, Present(name, digest, licence=_licence(name)))
        except ModelError as error:
            broken.append(Present(name, "", runtime=str(error)))
    for card in _prepared(settings.models):
        name = library.fingerprint.name if library and card.digest == used else speeds.name(card.digest)
        found.setdefault(card.digest, Present(name or f"prepared as {card.digest[:16]}", card.digest))
    if library is None:
        with suppress(ModelError):
            used = models.digest(settings.model) if _is_here(settings.model) else ""
    elif used not in found:
        found[used] = Present(library.fingerprint.name, used)
    return [_described(one, settings, models, used) for one in found.values()] + broken


def with_speed(model: Present, settings: Settings) -> Present:
    """The model with its speed, which is measured if that was not done here before.

    One that is not prepared stays as it is, since preparing it takes longer than a list may; so does one
    whose files are not here any more.

    Raises:
        ModelError: it can't be run.
    """
    models, speeds = Models.of(settings), Speeds(settings.models)
    card = ModelCard.read(settings.models / model.digest[:16]) if model.digest else None
    cpu_ms = speeds.cpu_ms(model.digest, model.runtime)
    if cpu_ms is None and card is not None and _is_here(model.name):
        passages = standard_passages(models.tokenizer(model.name))
        cpu_ms = round(measure(models.load(card.fingerprint(model.name)), passages).cpu_ms, 2)
        speeds.remember(model.digest, model.runtime, model.name, cpu_ms)
    return replace(model, cpu_ms=cpu_ms)


def _described(model: Present, settings: Settings, models: Models, used: str) -> Present:
    card = ModelCard.read(settings.models / model.digest[:16])
    if card is None and model.digest == BUNDLED_DIGEST:
        card = BUNDLED_CARD
    return replace(
        model,
        is_used=model.digest == used,
        dimensions=card.dimensions if card else 0,
        most_tokens=card.most_tokens if card else 0,
        runtime=models.runtime(model.digest),
    )


def _checked(folders: Iterable[Path]) -> Iterator[Path]:
    for folder in folders:
        if not folder.expanduser().is_dir():
            raise UsageError(f"{folder} is not a folder. Name the folder of a model with --folder.")
        yield folder.expanduser().resolve()


def _is_here(name: str) -> bool:
    """Whether a model's files can be found without the network."""
    if name in ("", BUNDLED_NAME):
        return True
    if name in (MULTILINGUAL, MULTILINGUAL_NAME):
        return is_installed()
    return Path(name).expanduser().is_dir() or name in _in_the_hub_s_cache()


def _in_the_hub_s_cache() -> dict[str, Path]:
    """The models there that sentence-transformers has saved, or that are known: hub name → folder."""
    from huggingface_hub.constants import HF_HUB_CACHE  # a tenth of a second

    known = known_models()
    found = {}
    for folder in sorted(Path(HF_HUB_CACHE).glob("models--*--*/snapshots/*")):
        name = folder.parents[1].name.removeprefix("models--").replace("--", "/", 1)
        is_known = name in known and (folder / "config.json").exists()
        if is_known or (folder / "modules.json").exists():
            found[name] = folder
    return found


def _prepared(folder: Path) -> Iterator[ModelCard]:
    for path in sorted(folder.glob(f"*/{CARD}")):
        if is_reranker(path.parent):
            continue
        if card := ModelCard.read(path.parent):
            yield card


def _files_of(name: str) -> Path:
    """The folder of a model on this machine that is not the multilingual one."""
    if name == BUNDLED_NAME:
        return bundled_folder()
    return _in_the_hub_s_cache().get(name, Path(name).expanduser())


def _licence(name: str) -> str:
    """What the README of a model on this machine says; empty if that is nothing."""
    if name in (MULTILINGUAL, MULTILINGUAL_NAME):
        return known_models()[HUB_NAME].licence  # its package has no README of the model
    try:
        front = _FRONT_MATTER.match((_files_of(name) / "README.md").read_text(encoding="utf-8"))
    except (OSError, ValueError):  # there is none, or it is no text
        return ""
    licence = _LICENCE.search(front[1]) if front else None
    return licence[1] if licence else ""
