"""The owner's day in the reading room, in a real browser: searches, reads, looks after the library.

Arguments: the server's address without /mcp, the passphrase, its data folder, Chromium, the file of axe-core,
and a folder for pictures and for axe-core's report. On no page may axe-core find anything serious: on a desk
and on a phone, by day and by night.
"""

import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

from chromium import Tab, chromium

_DESK, _PHONE = (1200, 860), (390, 780)

# Seconds that anything on a page may take.
_PATIENCE = 60

# What axe-core calls these may not be found at all.
_GRAVE = ("serious", "critical")

_AXE = """axe.run().then(found => JSON.stringify(found.violations.map(
  one => [one.impact, one.id, one.nodes.length, one.nodes[0].html.slice(0, 200)])))"""


# The row of the token that `access` makes.
_WALKER = "[...document.querySelectorAll('tr')].find(row => row.textContent.includes('walker'))"


class Walk:
    """One browser's way through the pages, which are checked and photographed."""

    def __init__(self, tab: Tab, site: str, axe: str, folder: Path) -> None:
        """`axe` is the script of axe-core; pictures go into `folder`."""
        self.tab = tab
        self.site = site
        self._axe = axe
        self._folder = folder
        self.minor: list[str] = []

    def open(self, path: str) -> None:
        """Opens a page of the server."""
        self.tab.open(self.site + path)

    def until(self, script: str, what: str) -> None:
        """Waits until an expression of JavaScript is true."""
        _until(lambda: bool(self.tab.ask(script)), what)

    def key(self, name: str, text: str = "") -> None:
        """Presses and releases a key."""
        for kind in ("keyDown", "keyUp"):
            more = {"text": text} if text and kind == "keyDown" else {}
            code = {"Enter": 13, "Escape": 27, "ArrowLeft": 37, "ArrowRight": 39, "ArrowDown": 40}.get(
                name, 0
            )
            self.tab.send("Input.dispatchKeyEvent", type=kind, key=name, windowsVirtualKeyCode=code, **more)

    def examine(self, name: str) -> None:
        """The page on a desk and on a phone, by day and by night: photographed, and examined by axe-core."""
        for device, size in (("desk", _DESK), ("phone", _PHONE)):
            for theme in ("light", "dark"):
                self.tab.look(*size, theme)
                time.sleep(0.3)  # until small pictures that come into sight are asked for
                wide = self.tab.ask("document.documentElement.scrollWidth - innerWidth")
                assert wide <= 0, f"{name} is {wide} pixels too wide for a {device}"
                self.tab.picture(self._folder / f"room-{name}-{device}-{theme}.png")
                self.tab.send("Runtime.evaluate", expression=self._axe)
                found = json.loads(self.tab.ask(_AXE))
                grave = [one for one in found if one[0] in _GRAVE]
                assert not grave, f"{name}, {device}, {theme}: {grave}"
                self.minor += [f"{name}: {one}" for one in found]
        self.tab.look(*_DESK)


def _until(happened: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + _PATIENCE
    while not happened():
        assert time.monotonic() < end, f"waited in vain: {what}"
        time.sleep(0.1)


def sign_in(walk: Walk, passphrase: str) -> None:
    """Whoever comes without a session signs in first, and gets to the page that was wanted."""
    walk.open("/?q=library")
    assert urlsplit(walk.tab.ask("location.href")).path == "/sign-in"
    walk.examine("sign-in")
    walk.tab.type(passphrase)
    walk.tab.click("form button")
    walk.tab.loaded()
    assert walk.tab.ask("location.pathname + location.search") == "/?q=library"


def search(walk: Walk) -> None:
    """Results as one types, their marks and pictures, a facet, and the keyboard alone."""
    walk.open("/")
    walk.until("document.activeElement.id === 'query'", "the cursor in the field")
    walk.examine("start")
    walk.tab.type("search by meaning")
    walk.until("document.querySelectorAll('.result').length > 0", "results as one types")
    walk.until("location.search === '?q=search+by+meaning'", "what was asked in the address")
    assert walk.tab.ask("document.querySelectorAll('.result mark').length") > 0
    assert "document" in walk.tab.ask("document.getElementById('told').textContent")
    walk.until("document.querySelector('.result img').naturalWidth > 0", "the small picture of a page")
    walk.examine("search")
    facet = walk.tab.ask("document.querySelector('.choices a[href*=lang]')?.getAttribute('href') || ''")
    assert facet, "there is no facet of languages"
    walk.open(facet)
    assert walk.tab.ask("document.querySelectorAll('.chip').length") == 1
    walk.open(walk.tab.ask("document.querySelector('.chip').getAttribute('href')"))
    assert walk.tab.ask("document.querySelectorAll('.chip').length") == 0
    walk.key("/", "/")
    assert walk.tab.ask("document.activeElement.id") == "query"
    walk.key("ArrowDown")
    assert walk.tab.ask("document.activeElement.classList.contains('title')")
    walk.key("Enter", "\r")
    walk.tab.loaded()
    assert walk.tab.ask("location.pathname").startswith("/d/")


def nothing(walk: Walk) -> None:
    """A query that nothing answers says so."""
    walk.open("/?q=%22no+such+phrase+is+here%22")
    assert "no such phrase is here" in walk.tab.ask("document.querySelector('.note').textContent")
    walk.examine("nothing")


def document(walk: Walk) -> None:
    """A page with its passage, the next one by a key, a search inside, all pages, a citation."""
    walk.open("/?q=search+by+meaning")
    walk.open(_path(walk.tab.ask("document.querySelector('.title').href")))
    walk.until("document.querySelector('figure img').naturalWidth > 0", "the picture of the page")
    top = walk.tab.ask("document.getElementById('passage').getBoundingClientRect().top / innerHeight")
    assert 0 <= top < 1, f"the passage is at {top:.2f} of the window"
    walk.examine("document")
    number = walk.tab.ask("Number(document.querySelector('.turn input').value)")
    walk.key("ArrowRight")
    walk.tab.loaded()
    assert walk.tab.ask("Number(document.querySelector('.turn input').value)") == number + 1
    walk.key("/", "/")
    assert walk.tab.ask("document.activeElement.id") == "inside"
    walk.tab.type("index")
    walk.key("Enter", "\r")
    walk.tab.loaded()
    assert walk.tab.ask("document.querySelectorAll('.places li').length") > 0
    walk.examine("inside")
    assert "@misc{" in walk.tab.ask("document.getElementById('cited-3').textContent")
    walk.open(
        _path(
            walk.tab.ask(
                "[...document.querySelectorAll('.turn a')].find(a => a.href.includes('/pages')).href"
            )
        )
    )
    walk.until("document.querySelector('.thumbnails img').naturalWidth > 0", "small pictures of the pages")
    walk.examine("pages")


def library(walk: Walk) -> None:
    """The list of all documents."""
    walk.open("/library")
    assert walk.tab.ask("document.querySelectorAll('tbody tr').length") > 0
    walk.examine("library")


def status(walk: Walk, data: Path, pdf: Path) -> None:
    """The status follows an indexer at work without being loaded again."""
    walk.open("/status")
    before = walk.tab.ask("performance.timeOrigin")
    program = [sys.executable, "-m", "stackroom", "index", "--data", str(data), str(pdf)]
    with subprocess.Popen(program, stderr=subprocess.DEVNULL) as indexing:
        walk.until("document.querySelector('progress') !== null", "the progress of the indexer")
        walk.examine("status")
        assert indexing.wait(_PATIENCE) == 0
    assert walk.tab.ask("performance.timeOrigin") == before, "the page was loaded again"


def access(walk: Walk, passphrase: str) -> None:
    """A token is made, shown once, and ended."""
    walk.open("/access")
    walk.tab.click("input[name=name]")
    walk.tab.type("walker")
    walk.tab.click("input[name=passphrase]")
    walk.tab.type(passphrase)
    walk.key("Enter", "\r")
    walk.tab.loaded()
    assert walk.tab.ask("document.querySelector('.token').textContent.length") > 20
    walk.open("/access")
    walk.examine("access")
    walk.tab.ask(f"{_WALKER}.querySelector('button').click()")
    walk.tab.loaded()
    assert walk.tab.ask(f"{_WALKER} === undefined")


def log(walk: Walk) -> None:
    """What left the machine."""
    walk.open("/log")
    walk.examine("log")


def without_scripts(walk: Walk) -> None:
    """All of it works with scripts off: the form, the pages of a document."""
    walk.tab.send("Emulation.setScriptExecutionDisabled", value=True)
    walk.open("/?q=search+by+meaning")
    walk.tab.send("Emulation.setScriptExecutionDisabled", value=False)
    assert walk.tab.ask("document.querySelectorAll('.result').length") > 0


def unanswered(walk: Walk) -> None:
    """When the server does not answer, whoever types sees that."""
    walk.open("/")
    walk.tab.send("Network.enable")
    nowhere = {"latency": 0, "downloadThroughput": 0, "uploadThroughput": 0}
    walk.tab.send("Network.emulateNetworkConditions", offline=True, **nowhere)
    walk.tab.type("index")
    walk.until("document.getElementById('told').className === 'note'", "that the search did not answer")
    walk.tab.send("Network.emulateNetworkConditions", offline=False, **nowhere)


def sign_out(walk: Walk) -> None:
    """Nothing is shown any more; a search page that is open elsewhere leads to sign-in."""
    walk.open("/")
    form = "new URLSearchParams(new FormData(document.querySelector('.bar form')))"
    walk.tab.ask(f"fetch('/sign-out', {{method: 'POST', body: {form}}}).then(() => null)")
    walk.tab.type("index")
    walk.until("location.pathname === '/sign-in'", "the way to sign in again")
    walk.open("/library")
    assert urlsplit(walk.tab.ask("location.href")).path == "/sign-in"


def _path(url: str) -> str:
    parts = urlsplit(url)
    return (
        parts.path
        + (f"?{parts.query}" if parts.query else "")
        + (f"#{parts.fragment}" if parts.fragment else "")
    )


def main() -> None:
    """The whole day."""
    site, passphrase, data, executable, axe, pictures = sys.argv[1:]
    folder = Path(pictures)
    folder.mkdir(parents=True, exist_ok=True)
    with chromium(executable) as browser:
        tab = Tab(browser)
        tab.look(*_DESK)
        walk = Walk(tab, site, Path(axe).read_text(encoding="utf-8"), folder)
        sign_in(walk, passphrase)
        search(walk)
        nothing(walk)
        document(walk)
        library(walk)
        status(walk, Path(data), Path("docs"))
        access(walk, passphrase)
        log(walk)
        without_scripts(walk)
        unanswered(walk)
        sign_out(walk)
    report = ["Nothing serious.", *sorted(set(walk.minor))]
    (folder / "axe-core.txt").write_text("\n".join(report) + "\n", encoding="utf-8")


main()
