"""A service manager that keeps what it is told, as systemd's protocol sd_notify has it."""

import socket
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from waiting import wait_until


class Notified:
    """What was told so far: pairs of the time, in seconds, and a line."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.told: list[tuple[float, str]] = []

    def lines(self) -> list[str]:
        return [line for _, line in self.told]

    def wait_for(self, start: str) -> float:
        """Waits until a line that begins so was told. Returns when."""
        wait_until(lambda: any(line.startswith(start) for line in self.lines()))
        return next(when for when, line in self.told if line.startswith(start))


@contextmanager
def notified(address: str = "") -> Iterator[Notified]:
    """Listens at an abstract socket "@name", or at a path; by default at a path, which is short enough."""
    with (
        tempfile.TemporaryDirectory(dir="/tmp") as folder,
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as receiver,
    ):
        manager = Notified(address or str(Path(folder, "notify")))
        receiver.bind(manager.address.replace("@", "\0", 1))
        receiver.settimeout(0.05)
        is_over = threading.Event()

        def listen() -> None:
            while not is_over.is_set():
                try:
                    message = receiver.recv(65536).decode()
                except TimeoutError:
                    continue
                manager.told += [(time.monotonic(), line) for line in message.splitlines()]

        listener = threading.Thread(target=listen)
        listener.start()
        try:
            yield manager
        finally:
            is_over.set()
            listener.join()
