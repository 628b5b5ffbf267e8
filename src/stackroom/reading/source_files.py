"""Copies of the PDFs of sources, made when a page of one is to be shown, and kept while there is room."""

import hashlib
import os
import shutil
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path

from stackroom.catalog.entries import Location
from stackroom.common.errors import SourceAway
from stackroom.common.roots import RemotePath

_MOST_BYTES = 2**30
"""That all copies may have together."""

# Seconds for which a server that did not answer is not asked again: each page would wait for it.
_AWAY_SECONDS = 30.0


class SourceFiles:
    """The copies in a folder, which may be deleted. For several threads and processes."""

    def __init__(self, folder: Path, most_bytes: int = _MOST_BYTES) -> None:
        """Reads nothing yet. The folder is made when the first copy is."""
        self._folder = folder
        self._most_bytes = most_bytes
        self._turn = threading.Lock()
        self._away: dict[str, tuple[float, str]] = {}  # by host: until when, and why

    def copy(self, place: Location, file: RemotePath) -> Path:
        """Where the PDF in a file can be read, as it was when it was indexed.

        Args:
            place: of a document.
            file: of the place.

        Raises:
            SourceAway: it can't be had now; the message is a reason.
            ExtraMissing: what reads sources is not installed.
        """
        mark = hashlib.sha256(f"{file} {place.size} {place.modified_ns}".encode()).hexdigest()[:32]
        copy = self._folder / mark / _short(file.name)
        with suppress(OSError):
            os.utime(copy.parent)  # the copies that were used last are kept
            if copy.stat().st_size == place.size:
                return copy
        with self._turn:
            until, reason = self._away.get(file.host, (0.0, ""))
            if time.monotonic() < until:
                raise SourceAway(reason)
            try:
                self._fetch(place, file, copy)
            except SourceAway as error:
                self._away[file.host] = time.monotonic() + _AWAY_SECONDS, str(error)
                raise
        return copy

    def _fetch(self, place: Location, file: RemotePath, copy: Path) -> None:
        from stackroom.common import sources  # here, because it is an extra

        if copy.exists():
            return  # another thread was first
        if place.size > self._most_bytes:
            raise SourceAway(f"{file} is too large to be copied here")
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._make_room(place.size)
            unfinished = Path(tempfile.mkdtemp(prefix=".", dir=self._folder))
            try:
                state = sources.RemoteState(place.size, place.modified_ns)
                sources.fetch(file, state, unfinished / copy.name)
                try:
                    unfinished.rename(copy.parent)
                except OSError:
                    if not copy.exists():  # else another process was first
                        raise
            finally:
                shutil.rmtree(unfinished, ignore_errors=True)
        except OSError as error:
            raise SourceAway(f"{file} cannot be copied here: {error.strerror or error}") from error

    def _make_room(self, size: int) -> None:
        """Removes the copies that were not used for longest until another one of `size` bytes fits."""
        kept = []
        for folder in self._folder.iterdir():
            with suppress(OSError):
                kept.append(
                    (folder.stat().st_mtime, sum(one.stat().st_size for one in folder.iterdir()), folder)
                )
        total = size + sum(bytes_ for _, bytes_, _ in kept)
        for _, bytes_, folder in sorted(kept):
            if total <= self._most_bytes:
                return
            shutil.rmtree(folder, ignore_errors=True)
            total -= bytes_


def _short(name: str) -> str:
    return name.replace("\\", "_").encode()[-200:].decode(errors="ignore")
