"""Every setting, in one frozen object. `Settings.read` is the only way to them from outside."""

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from stackroom.common import data_folder
from stackroom.common.errors import SettingsError
from stackroom.common.postgres.address import SCHEMES, StoreAddress
from stackroom.common.settings_sources import PREFIX as PREFIX
from stackroom.common.settings_sources import Given, gather, lines

FETCH_CHARACTERS = 100_000
"""What ChatGPT and Claude take in one answer; claude.ai is said to cut at 150,000."""

LEAST_FETCH_CHARACTERS = 1000
"""With less, a document would be all marks and no text."""

SEARCH_CHARACTERS = 12_000
"""Ten whole passages, and a sentence or two of each of 20 further pages: 3,000 to 4,000 tokens."""

LEAST_SEARCH_CHARACTERS = 2000
"""With less, ten documents would have no whole sentence each."""

_MORE_THAN_NOTHING = (
    "workers",
    "file_seconds",
    "stall_seconds",
    "file_memory_mb",
    "rescan_seconds",
    "reranker_milliseconds",
)


@dataclass(frozen=True, slots=True)
class Settings:
    """What a person may set. Each field can come from the variable STACKROOM_<FIELD>: STACKROOM_DATA, say; or
    from a file of settings; see `settings_sources`.

    Attributes:
        data: the data folder.
        config: the file of settings; None if there is none.
        store: URL of a database of PostgreSQL that holds the library, "postgresql://…", as libpq takes it;
            empty for files in the data folder.
        store_replica: likewise, of a replica of that database, for whoever only reads.
        models_folder: through which data folders share prepared models; None if they don't.
        model: "multilingual", a folder, or a model's name on the hub; empty means the model that the index
            was built with, or the bundled all-MiniLM-L6-v2 for a new index.
        query_prompt, passage_prompt: what stands before each query and passage for the model, instead of what
            its authors want; `{text}` may stand at the end for the text, and alone for no words at all.
        precision: what the model computes in: bf16, int8 or fp32; empty means the best for this processor.
        reranker: a cross-encoder that reads the best passages of each search again: a folder, or a name on
            the hub. Empty for none.
        reranker_milliseconds: CPU time that it may take for one search.
        profile: "compact" makes the index as small as possible, at a small loss of precision.
        host, port: where the HTTP server listens.
        public_url: where others find that server, for example the address of a tunnel: scheme and host, and
            a port if it is not the usual one. Empty if only this machine does.
        allow_anonymous: serve without sign-in, even if others can reach the server.
        allow_host: names that requests may call the server by, besides its own; see
            `stackroom.server.limits.host_names`. In the environment, blanks or commas stand between them.
        calls_per_minute: most calls of the tools in a minute, for each client or address, if others can reach
            the server; 0 for any number.
        ledger: record each call of a tool in `calls`.
        log_json: tell what happens as JSON objects, one a line, instead of in words.
        exclude: patterns of what is left out of all folders, as .gitignore writes them; in the environment,
            one a line. Those of the command line come after them.
        follow_links: follow links that lead out of a folder.
        workers: PDFs read at the same time, each in a process of its own.
        file_seconds: longest time to read one PDF, in seconds.
        stall_seconds: longest time to wait for the next page of a PDF, in seconds.
        file_memory_mb: most address space one reading process may take, in MiB (Linux and other POSIX
            systems that honour RLIMIT_AS).
        settle_seconds: how long a watched file must keep still before it is read, in seconds.
        rescan_seconds: how often a watched folder is compared with the index even if no event came, in
            seconds.
        fetch_characters: most characters of a document's text in one answer to a fetch.
        search_characters: most characters that one answer to a search quotes from all documents together.
        ocr_languages: of scans, as tesseract names them ("eng+deu"); empty means that they are found out for
            each document.
        pdf_passwords: tried for PDFs that need one; in the environment, one a line.
        pdf_passwords_file: a text file with more of them, one a line.
    """

    data: Path = Path("data")
    config: Path | None = None
    store: str = field(default="", repr=False)
    store_replica: str = field(default="", repr=False)
    models_folder: Path | None = None
    model: str = ""
    query_prompt: str = ""
    passage_prompt: str = ""
    precision: Literal["", "bf16", "int8", "fp32"] = ""
    reranker: str = ""
    reranker_milliseconds: float = 60.0
    profile: Literal["default", "compact"] = "default"
    host: str = "127.0.0.1"
    port: int = 8000
    public_url: str = ""
    allow_anonymous: bool = False
    allow_host: tuple[str, ...] = ()
    calls_per_minute: int = 300
    ledger: bool = True
    log_json: bool = False
    exclude: tuple[str, ...] = ()
    follow_links: bool = False
    workers: int = 0
    file_seconds: float = 900.0
    stall_seconds: float = 30.0
    file_memory_mb: int = 2048
    settle_seconds: float = 1.0
    rescan_seconds: float = 60.0
    fetch_characters: int = FETCH_CHARACTERS
    search_characters: int = SEARCH_CHARACTERS
    ocr_languages: str = ""
    pdf_passwords: tuple[str, ...] = field(default=(), repr=False)
    pdf_passwords_file: Path | None = None

    @classmethod
    def read(cls, environ: Mapping[str, str] = os.environ, **overrides: Any) -> "Settings":
        """The settings of the environment and the file; each of `overrides` that is not None takes the place
        of one.

        Patterns in `overrides["exclude"]` are added to those of the environment or the file.

        Raises:
            SettingsError: a value has the wrong type, or is out of range, or the file can't be used.
        """
        return cls.of(cls.given(environ, **overrides))

    @classmethod
    def given(cls, environ: Mapping[str, str] = os.environ, **overrides: Any) -> dict[str, Given]:
        """What `read` makes settings of, with the source of each value; the others have their defaults."""
        return gather({setting.name: setting.type for setting in fields(cls)}, environ, overrides)

    @classmethod
    def of(cls, given: Mapping[str, Given]) -> "Settings":
        """The settings of these values. Raises SettingsError if one of them is out of range."""
        values = {name: one.value for name, one in given.items()}
        source = {name: one.source for name, one in given.items()}
        if values.get("workers", 0) == 0:
            values["workers"] = available_cores()
        for name in ("query_prompt", "passage_prompt"):
            if name in values:
                values[name] = _prompt(source[name], values[name])
        if "public_url" in values:
            values["public_url"] = _public_url(source["public_url"], values["public_url"])
        hosts = values.get("allow_host", ())
        values["allow_host"] = tuple(_host_name(source["allow_host"], host) for host in hosts)
        settings = cls(**values)
        for name, reason in settings._faults():
            raise SettingsError(f"{source[name]} {reason}.")
        if not is_text(settings.data.absolute()):
            raise SettingsError(
                f"The name of the data folder {str(settings.data)!r} is not valid UTF-8: rename it, or name "
                "another one with --data."
            )
        settings.passwords()
        return settings

    def _faults(self) -> Iterator[tuple[str, str]]:
        """The settings that are out of range, each with what it must be."""
        for name in _MORE_THAN_NOTHING:
            if not getattr(self, name) > 0:
                yield name, "must be greater than 0"
        for name in ("settle_seconds", "calls_per_minute"):
            if not getattr(self, name) >= 0:
                yield name, "must not be negative"
        for name in ("store", "store_replica"):
            url = getattr(self, name)
            if url and urlsplit(url).scheme not in SCHEMES:
                yield name, "must look like postgresql://user@host:5432/database"
        if self.store_replica and not self.store:
            yield "store_replica", "is of no use without store"
        if not is_text(self.host):
            yield "host", f"is not valid UTF-8: {self.host!r}"
        if self.precision not in ("", "bf16", "int8", "fp32"):
            yield "precision", f"must be bf16, int8 or fp32, not {self.precision!r}"
        if self.profile not in ("default", "compact"):
            yield "profile", f"must be default or compact, not {self.profile!r}"
        if self.fetch_characters < LEAST_FETCH_CHARACTERS:
            yield "fetch_characters", f"must be {LEAST_FETCH_CHARACTERS:,} or more"
        if self.search_characters < LEAST_SEARCH_CHARACTERS:
            yield "search_characters", f"must be {LEAST_SEARCH_CHARACTERS:,} or more"
        if not 0 <= self.port <= 65535:
            yield "port", f"must be between 0 and 65535, not {self.port}"
        if not re.fullmatch(r"|\w[\w/-]*(\+\w[\w/-]*)*", self.ocr_languages, re.ASCII):
            yield "ocr_languages", f"must look like eng+deu, not {self.ocr_languages!r}"

    def passwords(self) -> tuple[str, ...]:
        """The passwords to try for PDFs that need one. The file is read anew each time.

        Raises:
            SettingsError: the file can't be read.
        """
        if self.pdf_passwords_file is None:
            return self.pdf_passwords
        try:
            text = self.pdf_passwords_file.read_text("utf-8-sig", errors="replace")
        except OSError as error:
            raise SettingsError(
                f"{PREFIX}PDF_PASSWORDS_FILE={self.pdf_passwords_file} cannot be read: "
                f"{error.strerror or error}. Correct the path, or unset it."
            ) from error
        return tuple(dict.fromkeys((*self.pdf_passwords, *lines(text))))

    @property
    def index(self) -> Path:
        """The folder of everything that is written. It can be deleted; the next run builds it again."""
        return self.data / data_folder.INDEX

    @property
    def access(self) -> Path:
        """The SQLite file of the passphrase, clients and tokens. Without it nobody can sign in."""
        return self.data / data_folder.ACCESS

    @property
    def calls(self) -> Path:
        """The ledger: a line for each call of a tool. It can be deleted."""
        return self.data / data_folder.CALLS

    @property
    def compact(self) -> bool:
        """Whether the profile is the compact one."""
        return self.profile == "compact"

    @property
    def catalog(self) -> Path:
        """The SQLite file that is the truth, if no `store` is."""
        return self.index / data_folder.CATALOG

    @property
    def truth(self) -> Path | StoreAddress:
        """Where the truth is: a file of SQLite, or a database."""
        return StoreAddress(self.store, self.index, self.store_replica) if self.store else self.catalog

    @property
    def sign_in(self) -> Path | StoreAddress:
        """Where passphrase, clients and tokens are: the file `access`, or the store, for all its servers."""
        return self.truth if isinstance(self.truth, StoreAddress) else self.access

    @property
    def ledger_of_calls(self) -> Path | StoreAddress:
        """Where the calls of tools are recorded: the file `calls`, or the store, for all its servers."""
        return self.truth if isinstance(self.truth, StoreAddress) else self.calls

    @property
    def words(self) -> Path:
        """The folder of the index of words."""
        return self.index / data_folder.WORDS

    @property
    def vector_lists(self) -> Path:
        """The file that keeps the lists of a large library's vectors."""
        return self.index / data_folder.VECTOR_LISTS

    @property
    def models(self) -> Path:
        """The folder of prepared models. It can be deleted; models are prepared again when needed."""
        return self.data / data_folder.MODELS

    @property
    def indexer_lock(self) -> Path:
        """Held by the one indexer at work in the data folder."""
        return self.index / data_folder.INDEXER_LOCK

    @property
    def wanted_lock(self) -> Path:
        """Held by who waits for `indexer_lock`."""
        return self.index / data_folder.WANTED_LOCK

    @property
    def watch_lock(self) -> Path:
        """Held by the one watcher, also while others have `indexer_lock`."""
        return self.index / data_folder.WATCH_LOCK

    @property
    def server_lock(self) -> Path:
        """Held by the HTTP server."""
        return self.index / data_folder.SERVER_LOCK

    @property
    def backup_lock(self) -> Path:
        """Held while a backup is made that takes the place of older ones."""
        return self.index / data_folder.BACKUP_LOCK


def is_text(path: Path | str) -> bool:
    """Whether a path is valid UTF-8: others can't be kept in the catalogue, nor given to all libraries."""
    try:
        str(path).encode()
    except UnicodeEncodeError:
        return False
    return True


def available_cores() -> int:
    """How many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _prompt(source: str, text: str) -> str:
    """Raises SettingsError if it is none: the blank at its end is part of it."""
    if "{text}" in text.removesuffix("{text}"):
        raise SettingsError(f"{source} must have {{text}} at its end, or nowhere, not {text!r}.")
    return text if text.strip() else ""


def _host_name(source: str, text: str) -> str:
    """The one way to write the name of a host. Its port is left out: a name is good for all of them.

    Raises:
        SettingsError: it is not such a name.
    """
    name = re.fullmatch(r"([a-z0-9_-]+(\.[a-z0-9_-]+)*)\.?(:\d+)?", text.strip().lower())
    if not name:
        raise SettingsError(f"{source} must be the name of a host, such as nas.example.com, not {text!r}.")
    return name[1]


def _public_url(source: str, text: str) -> str:
    """The one way to write a public URL: it is compared with what others make of it.

    Raises:
        SettingsError: it is not the URL of a host.
    """
    if not text:
        return ""
    try:
        parts = urlsplit(text.strip().rstrip("/"))
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    host = (parts.hostname or "").rstrip(".")
    name = rf"{re.escape(host)}|\[{re.escape(host)}\]"
    if (
        parts.scheme not in ("http", "https")
        or not re.fullmatch(r"[a-z0-9.-]+|[0-9a-f:.]+", host)
        or not re.fullmatch(rf"({name})\.?(:\d+)?", parts.netloc, re.IGNORECASE)
        or port == 0
        or parts.path
        or set("?#") & set(text)
    ):
        raise SettingsError(
            f"{source} must be a scheme and a host, such as https://library.example.com, not {text!r}: the "
            "path /mcp is added where it belongs."
        )
    host = f"[{host}]" if ":" in host else host
    usual = port in (None, {"http": 80, "https": 443}[parts.scheme])
    return f"{parts.scheme}://{host}" if usual else f"{parts.scheme}://{host}:{port}"
