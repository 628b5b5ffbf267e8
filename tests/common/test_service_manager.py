"""Telling a service manager: whom, what, how often, and that nobody waits for it."""

import os
import socket
import sys
import tempfile
import time

import pytest

from notified import notified
from stackroom.common.service_manager import ServiceManager
from waiting import wait_until

pytestmark = pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="has no such sockets")


@pytest.mark.parametrize("is_abstract", [False, True])
def test_it_hears_that_we_are_ready_and_what_we_do(is_abstract: bool) -> None:
    if is_abstract and sys.platform != "linux":
        pytest.skip("only Linux has abstract sockets")
    address = f"@stackroom-{os.getpid()}" if is_abstract else ""
    with notified(address) as manager:
        environ = {"NOTIFY_SOCKET": manager.address, "WATCHDOG_USEC": "100000", "PATH": "/bin"}
        ours = ServiceManager.take(environ)
        assert environ == {"PATH": "/bin"}  # what we start does not speak for us
        until = time.monotonic() + 0.4
        while time.monotonic() < until:
            ours.beat()
            time.sleep(0.001)
        assert ours.tell("STATUS=Reads „Käse“")
        manager.wait_for("STATUS=Reads „Käse“")
    lines = manager.lines()
    assert lines[:2] == ["READY=1", "WATCHDOG=1"]
    assert lines.count("READY=1") == 1
    beats = [when for when, line in manager.told if line == "WATCHDOG=1"]
    assert 2 <= len(beats) <= 9  # every 50 ms, as far as others let us run


def test_the_watchdog_of_another_process_is_not_ours_unless_it_is_handed_on() -> None:
    with notified() as manager:
        given = {"NOTIFY_SOCKET": manager.address, "WATCHDOG_USEC": "1000", "WATCHDOG_PID": "1"}
        other = ServiceManager.take({**given})
        ours = ServiceManager.take({**given, "WATCHDOG_PID": str(os.getpid())})
        for one in (other, ours):
            one.beat()
            time.sleep(0.002)
            one.beat()
        wait_until(lambda: len(manager.told) == 5)
        assert manager.lines() == ["READY=1", "WATCHDOG=1"] * 2 + ["WATCHDOG=1"]
        assert ours.variables(beats=True) == {"NOTIFY_SOCKET": manager.address, "WATCHDOG_USEC": "1000"}
        assert ours.variables(beats=False) == {"NOTIFY_SOCKET": manager.address}


def test_nobody_waits_for_one_that_is_not_there_or_does_not_listen() -> None:
    for address in ("", "relative", "vsock:2:1234", "/nowhere/notify"):
        nobody = ServiceManager.take({"NOTIFY_SOCKET": address})
        nobody.beat()
        assert not nobody.tell("STOPPING=1")
    assert ServiceManager.take({}).variables(beats=True) == {}
    with (  # nobody reads, so its socket is full soon
        tempfile.TemporaryDirectory(dir="/tmp") as folder,
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as deaf,
    ):
        deaf.bind(f"{folder}/notify")
        full = ServiceManager(f"{folder}/notify")
        began = time.monotonic()
        assert not all(full.tell(f"STATUS={number}") for number in range(5000))
        assert time.monotonic() - began < 5
