"""Keeps arrays in a file, from which they are read faster than they were made."""

import math
import os
from collections.abc import Sequence
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

import numpy as np

from stackroom.common.compression import DamagedContent, packed, unpacked

# Of zstd. Higher levels take longer and save little.
_LEVEL = 1


def read_arrays(folder: Path, name: str, version: str) -> list[np.ndarray[Any, Any]] | None:
    """The arrays that were kept; None if there are none of this version, or the file is damaged.

    Args:
        folder: where they are kept.
        name: of what they are.
        version: of what they are.
    """
    try:
        content = _path(folder, name, version).read_bytes()
        content = unpacked(content)
    except (OSError, DamagedContent):
        return None
    arrays = []
    file = BytesIO(content)
    while file.tell() < len(content):
        np.lib.format.read_magic(file)
        shape, _, dtype = np.lib.format.read_array_header_1_0(file)
        arrays.append(np.frombuffer(content, dtype, math.prod(shape), file.tell()).reshape(shape))
        file.seek(_aligned(file.tell() + arrays[-1].nbytes))
    return arrays


def keep_arrays(folder: Path, name: str, version: str, arrays: Sequence[np.ndarray[Any, Any]]) -> None:
    """Writes arrays for `read_arrays`, in place of other versions'; nothing if it can't.

    Args:
        folder: see `read_arrays`.
        name: see there.
        version: see there.
        arrays: in the order of their elements in memory ("C").
    """
    file = BytesIO()
    for array in arrays:
        np.lib.format.write_array(file, array, allow_pickle=False)
        file.write(bytes(_aligned(file.tell()) - file.tell()))
    # By its checksum `read_arrays` notices damage: nobody waits for the disk here.
    with suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
        for left in folder.glob(f"{name}-*"):  # of another version, or by a process that was killed
            left.unlink()
        with NamedTemporaryFile(dir=folder, prefix=f"{name}-", delete=False) as temporary:
            temporary.write(packed(file.getbuffer(), _LEVEL))
        os.replace(temporary.name, _path(folder, name, version))  # noqa: PTH105  its name is no Path


def _aligned(place: int) -> int:
    """The next place in a file at which an array may begin, whatever its elements are."""
    return -(-place // np.lib.format.ARRAY_ALIGN) * np.lib.format.ARRAY_ALIGN


def _path(folder: Path, name: str, version: str) -> Path:
    return folder / f"{name}-{version}.zst"
