"""`stackroom up` under a service manager: when it is ready, that it is watched, how it ends."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from commands import clean_environment
from make_pdfs import write_pdf
from mcp_clients import ask
from notified import notified
from stackroom.common.running import holder
from stackroom.common.settings import Settings
from waiting import wait_until

pytestmark = pytest.mark.skipif(
    os.name != "posix" or not hasattr(socket, "AF_UNIX"), reason="needs signals and Unix sockets"
)

WATCHDOG_SECONDS = 1.0


def test_it_is_ready_when_it_answers_and_silent_when_its_loop_hangs(
    tmp_path: Path, prepare_data: Callable[[Path], Path]
) -> None:
    folder = tmp_path / "papers"
    folder.mkdir()
    write_pdf(folder / "otters.pdf", ["Otters hold hands while they sleep."], title="On Otters")
    settings = Settings.read({}, data=prepare_data(tmp_path / "data"))
    command = [sys.executable, "-m", "stackroom", "up", str(folder), "--data", str(settings.data), "--port=0"]
    with notified() as manager:
        told = {
            "NOTIFY_SOCKET": manager.address,
            "WATCHDOG_USEC": str(round(WATCHDOG_SECONDS * 1e6)),
            "STACKROOM_SETTLE_SECONDS": "0",
        }
        with subprocess.Popen(
            command, stderr=subprocess.PIPE, text=True, env=clean_environment() | told
        ) as process:
            manager.wait_for("READY=1")
            server = holder(settings.server_lock)
            assert server is not None
            assert ask(server["url"], "GET", "/healthz")[0] == 200
            manager.wait_for("STATUS=Following the folders")
            beats = manager.lines().count("WATCHDOG=1")
            wait_until(lambda: manager.lines().count("WATCHDOG=1") >= beats + 2, process)

            os.kill(server["pid"], signal.SIGSTOP)
            time.sleep(0.1)  # until what was under way has arrived
            last = len(manager.told)
            time.sleep(1.5 * WATCHDOG_SECONDS)
            assert "WATCHDOG=1" not in manager.lines()[last:]
            os.kill(server["pid"], signal.SIGCONT)
            wait_until(lambda: "WATCHDOG=1" in manager.lines()[last:], process)

            process.send_signal(signal.SIGTERM)
            said = process.communicate(timeout=60)[1]
        assert (process.returncode, "Traceback" in said) == (0, False), said
        manager.wait_for("STOPPING=1")
    stages = [line for line in manager.lines() if re.match("STATUS=.*passage", line)]
    assert stages, manager.lines()
