"""Tells the service manager how we are: that we are ready, alive, ending, and what we do.

The protocol is sd_notify(3) of systemd: lines such as `READY=1` in a datagram to the socket NOTIFY_SOCKET.
Where nobody gave us such a socket, nothing is told.
"""

import os
import socket
import time
from collections.abc import MutableMapping
from contextlib import suppress

_SOCKET, _INTERVAL, _WHO = "NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"


class ServiceManager:
    """Whoever started us as a service, if anybody did. Never waits, never raises: serving comes first."""

    def __init__(self, address: str = "", watchdog_seconds: float = 0.0) -> None:
        """Sends nothing yet.

        Args:
            address: path of its socket, or "@" and the name of an abstract one; empty if there is none.
            watchdog_seconds: it restarts us if `beat` was not called for so long; 0 if it does not watch.
        """
        self._address = address
        self._watchdog_seconds = watchdog_seconds
        self._last_beat: float | None = None

    @classmethod
    def take(cls, environ: MutableMapping[str, str]) -> "ServiceManager":
        """The one that the environment names. Removes the names, so that no other process speaks for us."""
        address, interval, who = (environ.pop(name, "") for name in (_SOCKET, _INTERVAL, _WHO))
        is_meant = interval.isdigit() and who in ("", str(os.getpid()))
        return cls(address if address[:1] in ("/", "@") else "", int(interval) / 1e6 if is_meant else 0.0)

    def variables(self, *, beats: bool) -> dict[str, str]:
        """The environment for a process that we start, and that speaks for us; `beats` has it call `beat`."""
        if not self._address:
            return {}
        watchdog = {_INTERVAL: str(round(self._watchdog_seconds * 1e6))} if beats else {}
        return {_SOCKET: self._address, **watchdog}

    def tell(self, *lines: str) -> bool:
        """Sends lines such as "STATUS=Reading". Returns whether they have arrived."""
        if not self._address:
            return False
        address = self._address.replace("@", "\0", 1) if self._address[0] == "@" else self._address
        with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
            sender.setblocking(False)  # this may be the thread that answers everybody
            sender.sendto("\n".join(lines).encode(errors="replace"), address)
            return True
        return False

    def beat(self) -> None:
        """Tells that what calls this is alive; the first time, that it is ready. Cheap: call it often.

        It is told at half of the watchdog's time, as sd_watchdog_enabled(3) recommends.
        """
        now = time.monotonic()
        if self._last_beat is None:
            self._last_beat = now if self.tell("READY=1", "WATCHDOG=1") else None
        elif self._watchdog_seconds and now - self._last_beat >= self._watchdog_seconds / 2:
            self._last_beat = now if self.tell("WATCHDOG=1") else self._last_beat
