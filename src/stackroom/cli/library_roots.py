"""The folders, sources and PDFs that a person names for a library."""

import os
import stat
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from unicodedata import normalize
from urllib.parse import unquote, urlsplit

from stackroom.common.errors import UsageError
from stackroom.common.roots import SCHEMES, RemotePath, Root
from stackroom.common.settings import is_text


def library_roots(paths: Sequence[Root], known: list[Root]) -> list[Root]:
    """The folders, sources and PDFs to follow: those named, or those known.

    Raises:
        UsageError: a folder or a PDF can't be read, or a URL is none of a source.
        ExtraMissing: what reads sources is not installed.
    """
    roots: list[Root] = []
    for path in paths:
        if isinstance(path, RemotePath):
            from stackroom.common import sources  # noqa: F401  whether it is there

            root: Root = named_source(str(path))
            roots += [root] if root not in roots else []
            continue
        root = spelled_as_known(absolute(path), [one for one in known if isinstance(one, Path)])
        if not is_text(root):
            raise UsageError(f"The name of {str(path)!r} is not valid UTF-8: rename the folder or file.")
        if root not in known:
            _refuse_what_cannot_be_indexed(path, absolute(path))
        if root not in roots:
            roots.append(root)
    if not roots and not known:
        raise UsageError(
            "Nothing has been indexed yet: name a folder of PDFs, as in `stackroom index ~/Papers`."
        )
    return roots or known


def named_root(path: Root) -> Root:
    """The one way to write a folder, source or file that a person has named. Raises UsageError."""
    return named_source(str(path)) if isinstance(path, RemotePath) else absolute(path)


def spelled_as_known(
    root: Path, known: Sequence[Path], names_in: Callable[[Path], Sequence[str]] = os.listdir
) -> Path:
    """The one of `known` that `root` is in other letters, or `root`.

    There are file systems to which capitals are small letters, or an accent is the same whether it is a
    character of its own or not: macOS' is one, and gives each path back as it was asked for. Only the names
    in a folder tell then; the numbers of files do not on every such system.

    Args:
        root: an absolute path, which may lead to nothing.
        known: such paths.
        names_in: the names in a folder; raises OSError if it can't be looked into.
    """

    def as_listed(path: Path) -> Path:
        listed = Path(path.anchor)
        for name in path.parts[1:]:
            names = names_in(listed)
            alike = (one for one in names if _folded(one) == _folded(name))
            listed /= name if name in names else next(alike, name)
        return listed

    with suppress(OSError):
        for one in known:
            if _folded(str(one)) == _folded(str(root)) and as_listed(one) == as_listed(root):
                return one
    return root


def _folded(text: str) -> str:
    return normalize("NFC", text).casefold()


def absolute(path: Path) -> Path:
    """The one path of a folder or file that a person has named. Raises UsageError if it has none."""
    try:
        # Not Path.resolve, to which a link that leads to itself is an error that says no more than a stack.
        return Path(os.path.realpath(path.expanduser()))
    except RuntimeError as error:
        raise UsageError(f"{path} cannot be looked at: {error}") from error


def _refuse_what_cannot_be_indexed(path: Path, root: Path) -> None:
    try:
        mode = root.stat().st_mode
    except FileNotFoundError:
        raise UsageError(f"{path} does not exist. Name a folder of PDFs, or a PDF.") from None
    except OSError as error:
        raise UsageError(f"{path} cannot be looked at: {error.strerror or error}.") from error
    if not stat.S_ISDIR(mode) and not (stat.S_ISREG(mode) and root.suffix.lower() == ".pdf"):
        raise UsageError(f"{path} is not a PDF. Name a folder of PDFs, or a PDF.")


def named_source(text: str) -> RemotePath:
    """The one way to write a source that a person has named by a URL.

    Raises:
        UsageError: it is none that can be read.
    """
    try:
        parts = urlsplit(text)
        host, is_known = parts.hostname, parts.scheme in SCHEMES
    except ValueError:
        host, is_known = None, False
    if not is_known or not host:
        raise UsageError(
            f"{text!r} is not the URL of a source: it must look like s3://bucket/folder or "
            "webdav+https://host/folder."
        )
    if parts.username or parts.password:
        raise UsageError(
            f"The URL of {parts.scheme}://{host} holds a name or a password, which would be shown to others. "
            "Give them in the environment: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY for a bucket, "
            "WEBDAV_USER and WEBDAV_PASSWORD for WebDAV."
        )
    behind = text.partition("://")[2].partition("/")[2]
    path = unquote(behind) if parts.scheme != "s3" else behind  # browsers give such addresses with %20
    host = parts.netloc.lower() if parts.scheme != "s3" else parts.netloc
    return RemotePath(f"{parts.scheme}://{host}/{path.strip('/')}".rstrip("/"))
