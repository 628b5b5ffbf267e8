"""Where libraries are: folders and PDFs of this machine, and sources elsewhere, by their URLs."""

import re
from dataclasses import dataclass
from pathlib import Path

_URL = re.compile(r"[a-z0-9+]+://", re.IGNORECASE)

SCHEMES = ("s3", "webdav+https", "webdav+http")


@dataclass(frozen=True, slots=True, order=True)
class RemotePath:
    """A folder or file of a source: "s3://bucket/folder/file.pdf". It has as much of `Path` as files need.

    Attributes:
        url: without a slash at its end. Behind the host it is written as it is, not with %20 for a blank.
    """

    url: str

    def __str__(self) -> str:
        return self.url

    def __truediv__(self, path: str) -> "RemotePath":
        return RemotePath(f"{self.url}/{path}")

    @property
    def scheme(self) -> str:
        """One of SCHEMES."""
        return self.url.partition("://")[0]

    @property
    def host(self) -> str:
        """The bucket, or the server with its port."""
        return self.url.partition("://")[2].partition("/")[0]

    @property
    def path(self) -> str:
        """What comes behind the host, without a slash at the beginning; "" for all that is there."""
        return self.url.partition("://")[2].partition("/")[2]

    @property
    def name(self) -> str:
        """The last part."""
        return self.url.rpartition("/")[2]

    @property
    def suffix(self) -> str:
        """The ending of the name, with its dot; "" if it has none."""
        return Path(self.name).suffix

    @property
    def stem(self) -> str:
        """The name without its ending."""
        return Path(self.name).stem

    def is_relative_to(self, other: object) -> bool:
        """Whether this is the other one or below it."""
        return isinstance(other, RemotePath) and (self.url + "/").startswith(other.url + "/")


Root = Path | RemotePath
"""Of a library: an absolute path, or a source. Its files are named by the same types."""


def as_root(text: str) -> Root:
    """What a text names that the catalogue holds; or the path on a command line, which may be relative."""
    return RemotePath(text) if _URL.match(text) else Path(text)
