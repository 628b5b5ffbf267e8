"""Notes that a model could not be prepared, so that it is not tried again at every search.

The note lies beside the folder that the prepared model would be in.
"""

import json
import time
from contextlib import suppress
from functools import cache
from importlib import metadata
from pathlib import Path

from stackroom.common.errors import ModelDamaged

# The cause may pass by itself, such as too little memory: it is tried again after so many seconds.
_REMEMBERED_SECONDS = 3600

_TAKES_PART = ("stackroom", "sentence-transformers", "torch", "openvino", "nncf")


@cache
def versions() -> str:
    """The versions of everything that takes part in preparing a model: with others it may succeed."""
    found = []
    for name in _TAKES_PART:
        with suppress(metadata.PackageNotFoundError):
            found.append(f"{name} {metadata.version(name)}")
    return ", ".join(found)


def remember_failure(home: Path, message: str) -> None:
    """Notes why the model of the folder `home` could not be prepared."""
    note = {"message": message, "versions": versions(), "time": time.time()}
    with suppress(OSError):  # then it is tried again
        _note(home).write_text(json.dumps(note, ensure_ascii=False), encoding="utf-8")


def refuse_what_failed(home: Path) -> None:
    """Raises ModelDamaged if preparing the model of the folder `home` has failed within the last hour."""
    try:
        note = json.loads(_note(home).read_text(encoding="utf-8"))
        age = time.time() - note["time"]
        failed, message = note["versions"] == versions(), str(note["message"])
    except (OSError, ValueError, TypeError, KeyError):
        return
    if failed and 0 <= age < _REMEMBERED_SECONDS:
        minutes = int((_REMEMBERED_SECONDS - age) // 60) + 1
        raise ModelDamaged(f"{message} It is tried again in {minutes} min, or once {_note(home)} is deleted.")


def _note(home: Path) -> Path:
    return home.with_suffix(".failed.json")
