"""Reads sources elsewhere: buckets as S3 has them, and WebDAV. The only file that knows fsspec and its kin.

Credentials come from the environment: for a bucket from where all programs of AWS look (AWS_ACCESS_KEY_ID
and AWS_SECRET_ACCESS_KEY, AWS_PROFILE, the machine's role), with AWS_ENDPOINT_URL for another server than
Amazon's; for WebDAV from WEBDAV_USER and WEBDAV_PASSWORD. Nothing of them is stored.
"""

import hashlib
import os
import threading
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote
from xml.etree.ElementTree import ParseError

from stackroom.common.errors import ExtraMissing, SourceAway, SourceChanged
from stackroom.common.roots import RemotePath

try:
    import httpx
    import s3fs
    from botocore.exceptions import BotoCoreError, ClientError
    from webdav4.client import Client, ResourceNotFound
    from webdav4.client import ClientError as WebdavError
except ModuleNotFoundError as error:
    raise ExtraMissing(
        "Libraries in buckets and on WebDAV need the packages s3fs and webdav4. In the environment that "
        "Stackroom runs in, run `pip install 'stackroom[sources]'`, or in a checkout `pip install -e "
        "'.[sources]'`."
    ) from error

_CONNECT_SECONDS, _ANSWER_SECONDS = 10, 60

# Bytes read at once.
_PIECE = 2**20

_SECOND_NS = 1_000_000_000


class RemoteState(NamedTuple):
    """How a file looks, without its content.

    Attributes:
        size: in bytes.
        modified_ns: when it was changed, in nanoseconds since the epoch. Sources tell seconds; what is below
            them is made of the ETag, which another content does not have.
    """

    size: int
    modified_ns: int


class Listed(NamedTuple):
    """A file below a root: its path relative to that, with forward slashes, and how it looks."""

    path: str
    state: RemoteState


def list_below(root: RemotePath) -> list[Listed]:
    """All files of a source, ordered by path; nothing of a single file.

    Raises:
        SourceAway: it can't be listed, or there is nothing: then nobody can tell whether it was emptied.
    """
    with _errors(root):
        found = _server(root.scheme, root.host).files(root.path)
        start = len(root.path) + 1 if root.path else 0
        files = [Listed(path[start:], _state(info)) for path, info in found]
    if not files:
        raise SourceAway(f"there is nothing at {root}")
    return sorted(files)


def state(file: RemotePath) -> RemoteState | None:
    """How a file looks; None if it is not there. Raises SourceAway if that can't be told."""
    with _errors(file):
        try:
            info = _server(file.scheme, file.host).info(file.path)
        except (FileNotFoundError, ResourceNotFound):
            return None
        return _state(info) if info["type"] == "file" else None


def content(file: RemotePath, most_bytes: int) -> bytes:
    """The first bytes of a file. Raises SourceAway if they can't be had."""
    found = b""
    for piece in _pieces(file):
        found += piece
        if len(found) >= most_bytes:
            break
    return found[:most_bytes]


def fetch(file: RemotePath, expected: RemoteState, to: Path) -> None:
    """Copies a file to a path of this machine.

    Raises:
        SourceChanged: it does not look as expected, before it is copied or after.
        SourceAway: it can't be read.
        OSError: the copy can't be written.
    """
    if state(file) != expected:
        raise SourceChanged(f"{file} has changed since it was listed.")
    size = 0
    with to.open("wb") as copy, closing(_pieces(file)) as pieces:
        for piece in pieces:
            size += len(piece)
            if size > expected.size:
                break
            copy.write(piece)
    if size != expected.size or state(file) != expected:
        raise SourceChanged(f"{file} was changed while it was copied.")


class _Bucket:
    """A bucket, by fsspec."""

    def __init__(self, name: str) -> None:
        self._name = name
        config = {
            "connect_timeout": _CONNECT_SECONDS,
            "read_timeout": _ANSWER_SECONDS,
            "retries": {"max_attempts": 2},
        }
        self._system = s3fs.S3FileSystem(
            config_kwargs=config, use_listings_cache=False, skip_instance_cache=True
        )

    def close(self) -> None:
        if self._system._s3 is not None:
            self._system.close_session(self._system.loop, self._system._s3)

    def files(self, folder: str) -> Iterator[tuple[str, dict[str, Any]]]:
        found = self._system.find(f"{self._name}/{folder}".rstrip("/"), detail=True)
        for name, info in found.items():
            if info["type"] == "file" and not name.endswith("/"):
                yield name.removeprefix(f"{self._name}/"), info

    def info(self, path: str) -> dict[str, Any]:
        return dict(self._system.info(f"{self._name}/{path}"))

    def pieces(self, path: str) -> Generator[bytes, None, None]:
        with self._system.open(f"{self._name}/{path}", "rb", block_size=_PIECE) as stream:
            while piece := stream.read(_PIECE):
                yield piece


class _Webdav:
    """A server of WebDAV. Its library's part for fsspec does not find names with a "?" or "%" in them."""

    def __init__(self, address: str) -> None:
        user = os.environ.get("WEBDAV_USER", "")
        auth = (user, os.environ.get("WEBDAV_PASSWORD", "")) if user else None
        timeout = httpx.Timeout(_ANSWER_SECONDS, connect=_CONNECT_SECONDS)
        self._client = Client(address, auth=auth, timeout=timeout)

    def close(self) -> None:
        self._client.http.close()

    def files(self, folder: str) -> Iterator[tuple[str, dict[str, Any]]]:
        folders = [folder]
        while folders:
            for info in self._client.ls(quote(folders.pop()), allow_listing_resource=False):
                assert isinstance(info, dict)  # noqa: S101  it is text only without details
                if info["type"] == "directory":
                    folders.append(info["name"])
                else:
                    yield info["name"], info

    def info(self, path: str) -> dict[str, Any]:
        return dict(self._client.info(quote(path)))

    def pieces(self, path: str) -> Generator[bytes, None, None]:
        with self._client.http.stream("GET", self._client.join_url(quote(path))) as response:
            response.raise_for_status()
            yield from response.iter_bytes(_PIECE)


_servers: dict[tuple[str, str], _Bucket | _Webdav] = {}
_TURN = threading.Lock()


def _server(scheme: str, host: str) -> _Bucket | _Webdav:
    """What reads from a host. Not made at import: it has connections, and maybe a thread of its own."""
    with _TURN:
        if (scheme, host) not in _servers:
            address = f"{scheme.removeprefix('webdav+')}://{host}"
            _servers[scheme, host] = _Bucket(host) if scheme == "s3" else _Webdav(address)
        return _servers[scheme, host]


def forget_servers() -> None:
    """Closes all connections, and has credentials and addresses read anew."""
    with _TURN:
        for server in _servers.values():
            server.close()
        _servers.clear()


def _pieces(file: RemotePath) -> Generator[bytes, None, None]:
    with _errors(file):
        yield from _server(file.scheme, file.host).pieces(file.path)


def _state(info: dict[str, Any]) -> RemoteState:
    modified = info.get("LastModified") or info.get("modified") or datetime.fromtimestamp(0, UTC)
    tag = str(info.get("ETag") or info.get("etag") or "").removeprefix("W/").strip('"')
    below = int.from_bytes(hashlib.blake2b(tag.encode(), digest_size=8).digest()) % _SECOND_NS if tag else 0
    size = info.get("size", info.get("content_length")) or 0
    return RemoteState(int(size), int(modified.timestamp()) * _SECOND_NS + below)


@contextmanager
def _errors(what: RemotePath) -> Iterator[None]:
    """Turns the errors of the libraries, and of the network, into ours."""
    try:
        yield
    except (OSError, BotoCoreError, ClientError, WebdavError, httpx.HTTPError, KeyError, ParseError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise SourceAway(f"{what} cannot be read: {reason or type(error).__name__}") from error
