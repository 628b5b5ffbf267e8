"""A headless Chromium, driven over the DevTools protocol through a pipe: no package is needed for that."""

import base64
import json
import os
import select
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_OPTIONS = (
    "--headless=new",
    "--remote-debugging-pipe",
    "--disable-gpu",
    "--hide-scrollbars",
    "--no-first-run",
)


class Tab:
    """A page of its own, with cookies of its own."""

    def __init__(self, browser: "Chromium") -> None:
        """Opens it, empty."""
        self._browser = browser
        context = browser.send("Target.createBrowserContext")["browserContextId"]
        target = browser.send("Target.createTarget", url="about:blank", browserContextId=context)["targetId"]
        self._session = browser.send("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        self.send("Page.enable")

    def send(self, method: str, **parameters: Any) -> Any:
        """A command of the protocol, to this page."""
        return self._browser.send(method, self._session, **parameters)

    def open(self, url: str) -> None:
        """Opens an address, and waits until all of the page is there."""
        failed = self.send("Page.navigate", url=url).get("errorText")
        assert not failed, f"{url}: {failed}"
        self.loaded()

    def loaded(self) -> None:
        """Waits until the page that is on its way is there."""
        self._browser.event("Page.loadEventFired", self._session)

    def ask(self, script: str) -> Any:
        """The value of an expression of JavaScript in the page."""
        answer = self.send("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def type(self, text: str) -> None:
        """Types where the cursor is."""
        self.send("Input.insertText", text=text)

    def click(self, selector: str) -> None:
        """Clicks in the middle of an element."""
        element = f"document.querySelector({json.dumps(selector)})"
        box = self.ask(f"{element}.getBoundingClientRect().toJSON()")
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        for kind in ("mousePressed", "mouseReleased"):
            self.send("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def look(self, width: int, height: int, theme: str = "light") -> None:
        """How large the window is, in CSS pixels, and whether its owner likes it light or dark."""
        self.send(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=width < 500,
        )
        features = [{"name": "prefers-color-scheme", "value": theme}]
        self.send("Emulation.setEmulatedMedia", features=features)

    def picture(self, file: Path) -> None:
        """Writes what is seen into a PNG file."""
        file.write_bytes(base64.b64decode(self.send("Page.captureScreenshot", format="png")["data"]))


class Chromium:
    """The browser."""

    def __init__(self, reading: int, writing: int) -> None:
        """Speaks through two ends of pipes."""
        self._reading = os.fdopen(reading, "rb", buffering=0)
        self._writing = os.fdopen(writing, "wb", buffering=0)
        self._rest = b""
        self._number = 0
        self._events: list[dict[str, Any]] = []

    def send(self, method: str, session: str | None = None, **parameters: Any) -> Any:
        """A command and its answer.

        Raises:
            AssertionError: the browser refused it, or is gone.
        """
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        if session:
            message["sessionId"] = session
            # What happened before is of no interest any more.
            self._events = [event for event in self._events if event.get("sessionId") != session]
        self._writing.write(json.dumps(message).encode() + b"\0")
        while (answer := self._next()).get("id") != self._number:
            self._events.append(answer)
        assert "error" not in answer, f"{method}: {answer['error']}"
        return answer["result"]

    def event(self, method: str, session: str) -> None:
        """Waits until something has happened since the last command."""
        while not any(
            event.get("method") == method and event.get("sessionId") == session for event in self._events
        ):
            self._events.append(self._next())

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self._rest:
            assert select.select([self._reading], [], [], 60)[0], "the browser has said nothing for a minute"
            more = self._reading.read(65536)
            assert more, "the browser has ended"
            self._rest += more
        message, _, self._rest = self._rest.partition(b"\0")
        answer: dict[str, Any] = json.loads(message)
        return answer


@contextmanager
def chromium(executable: str) -> Iterator[Chromium]:
    """A browser that knows nothing yet, and forgets everything in the end."""
    for_it, ours_to_write = os.pipe()
    ours_to_read, its_own = os.pipe()
    options = [*_OPTIONS, "--no-sandbox"] if os.geteuid() == 0 else [*_OPTIONS]
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        # It reads from 3 and writes to 4, whatever our numbers are.
        shell = f'exec "$@" 3<&{for_it} 4>&{its_own}'
        process = subprocess.Popen(
            ["/bin/sh", "-c", shell, "sh", executable, *options, f"--user-data-dir={profile}", "about:blank"],
            pass_fds=(for_it, its_own),
            stderr=subprocess.DEVNULL,
        )
        os.close(for_it)
        os.close(its_own)
        try:
            yield Chromium(ours_to_read, ours_to_write)
        finally:
            process.terminate()
            process.wait()
