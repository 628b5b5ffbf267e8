"""The owner's way in a real browser: a client asks, the owner allows it, and a citation shows its passage.

Arguments: the server's address without /mcp, the passphrase, Chromium, and a folder for pictures.
"""

import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit
from urllib.request import Request, urlopen

from checks import QUERY
from chromium import Tab, chromium
from stackroom.cli.doctor.oauth_steps import Request as Ask

_DESK, _PHONE = (1000, 720), (390, 780)

# Yellow as it is painted over white paper.
_YELLOW = """(async () => {
  const image = document.querySelector('figure img'); await image.decode();
  const canvas = new OffscreenCanvas(image.naturalWidth, image.naturalHeight);
  const paint = canvas.getContext('2d'); paint.drawImage(image, 0, 0);
  const dots = paint.getImageData(0, 0, canvas.width, canvas.height).data; let yellow = 0;
  for (let i = 0; i < dots.length; i += 4) yellow += dots[i] > 220 && dots[i + 1] > 190 && dots[i + 2] < 150;
  return yellow / (canvas.width * canvas.height) })()"""


def post(url: str, body: bytes, kind: str, token: str = "") -> Any:
    """The JSON that a request is answered with."""
    headers = {"Content-Type": kind, "Accept": "application/json, text/event-stream"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    with urlopen(Request(url, body, headers), timeout=30) as response:
        return json.load(response)


class Client:
    """A program on this machine that asks for access, and listens for the answer."""

    def __init__(self, site: str) -> None:
        """Registers with the server."""
        self.site = site
        self.answers: list[dict[str, list[str]]] = []
        client = self

        class Listener(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                if urlsplit(self.path).path == "/callback":
                    client.answers.append(parse_qs(urlsplit(self.path).query))
                self.send_response(200)
                self.end_headers()
                self.wfile.write(b"You can close this window.")

            def log_message(self, *_: object) -> None:
                pass

        self._listener = HTTPServer(("127.0.0.1", 0), Listener)
        threading.Thread(target=self._listener.serve_forever, daemon=True).start()
        self.redirect_uri = f"http://127.0.0.1:{self._listener.server_port}/callback"
        about = {"client_name": "Reading desk", "redirect_uris": [self.redirect_uri]}
        registered = post(f"{site}/register", json.dumps(about).encode(), "application/json")
        self._asks = Ask(registered["client_id"], self.redirect_uri, f"{site}/mcp")

    def authorize_url(self) -> str:
        """The address that it would have the owner's browser open."""
        return self._asks.url(f"{self.site}/authorize")

    def citation(self) -> str:
        """Turns the answer that came into a token, and searches with it; returns the best result's link."""
        (answer,) = self.answers
        assert answer["state"] == [self._asks.state], answer
        assert answer["iss"] == [self.site], answer
        form = {
            "grant_type": "authorization_code",
            "client_id": self._asks.client_id,
            "code": answer["code"][0],
            "redirect_uri": self.redirect_uri,
            "code_verifier": self._asks.verifier,
        }
        kind = "application/x-www-form-urlencoded"
        token = post(f"{self.site}/token", urlencode(form).encode(), kind)["access_token"]
        call = {"name": "search", "arguments": {"query": QUERY}}
        rpc = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": call}
        result = post(f"{self.site}/mcp", json.dumps(rpc).encode(), "application/json", token)["result"]
        return str(result["structuredContent"]["results"][0]["url"])


def photograph(tab: Tab, folder: Path, name: str) -> None:
    """The page on a desk and on a phone, by day and by night; on none it may be wider than the window."""
    for device, size in (("desk", _DESK), ("phone", _PHONE)):
        for theme in ("light", "dark"):
            tab.look(*size, theme)
            wide = tab.ask("document.documentElement.scrollWidth - innerWidth")
            assert wide <= 0, f"{name} is {wide} pixels too wide for a {device}"
            tab.picture(folder / f"{name}-{device}-{theme}.png")
    tab.look(*_DESK)


def allow(tab: Tab, client: Client, passphrase: str, folder: Path) -> None:
    """The page that asks: a wrong passphrase, and the right one."""
    tab.open(client.authorize_url())
    assert "Reading desk" in tab.ask("document.querySelector('h1').innerText")
    photograph(tab, folder, "consent")
    tab.type("not the passphrase")
    tab.click("button[value=allow]")
    tab.loaded()
    assert tab.ask("document.querySelector('[role=alert]') !== null"), "a wrong passphrase was not refused"
    tab.type(passphrase)
    tab.click("button[value=allow]")
    tab.loaded()
    assert tab.ask("location.href").startswith(client.redirect_uri), tab.ask("location.href")


def look_at_citation(tab: Tab, citation: str, folder: Path, name: str) -> None:
    """The page that a link in an answer opens: the picture, the mark in it, and the passage in sight."""
    assert "&mark=" in citation, citation
    assert tab.ask("location.href") == citation, tab.ask("location.href")
    yellow = tab.ask(_YELLOW)
    assert 0.001 < yellow < 0.5, f"{yellow:.4f} of the picture is yellow"
    assert tab.ask("document.querySelector('mark').textContent.trim().length") > 20
    top = tab.ask("document.getElementById('passage').getBoundingClientRect().top / innerHeight")
    assert 0 <= top < 1, f"the passage is at {top:.2f} of the window"
    photograph(tab, folder, name)


def main() -> None:
    """The whole way."""
    site, passphrase, executable, pictures = sys.argv[1:]
    folder = Path(pictures)
    folder.mkdir(parents=True, exist_ok=True)
    client = Client(site)
    with chromium(executable) as browser:
        tab = Tab(browser)
        tab.look(*_DESK)
        allow(tab, client, passphrase, folder)
        citation = client.citation()
        tab.open(citation)  # the browser that let the client in is signed in
        look_at_citation(tab, citation, folder, "citation")
        other = Tab(browser)
        other.look(*_DESK)
        other.open(citation)
        assert urlsplit(other.ask("location.href")).path == "/sign-in"
        photograph(other, folder, "sign-in")
        other.type(passphrase)
        other.click("button")
        other.loaded()
        look_at_citation(other, citation, folder, "citation-signed-in")


main()
