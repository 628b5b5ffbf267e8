"""The server's URL, and which addresses are this machine. Imports no server, so that commands start fast."""

from ipaddress import IPv4Address, IPv6Address, ip_address
from urllib.parse import urlsplit

from stackroom.common.running import holder
from stackroom.common.settings import Settings

# A server that listens on every address is reached from this machine by the loopback one.
_EVERY_ADDRESS = ("", "0.0.0.0", "::")  # noqa: S104  compared with, not bound to


def base_url(settings: Settings) -> str:
    """The URL that addresses of documents begin with, without a slash at its end.

    It is the URL of the running HTTP server, or, if none runs, of one that would run with these settings.
    """
    return running_url(settings) or settings.public_url or http_url(settings.host, settings.port)


def running_url(settings: Settings) -> str:
    """The same of the running HTTP server; empty if none runs on this data folder."""
    url = (holder(settings.server_lock) or {}).get("url")
    return url if isinstance(url, str) else ""


def http_url(host: str, port: int) -> str:
    """The URL of a server that listens on `host`, as a browser on the same machine would name it."""
    if host in _EVERY_ADDRESS:
        host = "127.0.0.1"
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def plain_address(address: str) -> str:
    """A client's address in one spelling: this machine is always 127.0.0.1, and an IPv4 address is not
    written as IPv6.
    """
    try:
        return "127.0.0.1" if is_loopback(address) else str(_unmapped(address))
    except ValueError:  # the path of a socket
        return address


def is_loopback(address: str) -> bool:
    """Whether only programs on this machine reach `address`. ValueError if it is no numeric IP address."""
    return _unmapped(address).is_loopback


def _unmapped(address: str) -> IPv4Address | IPv6Address:
    known = ip_address(address)
    return known.ipv4_mapped or known if isinstance(known, IPv6Address) else known


def is_loopback_url(url: str) -> bool:
    """Whether a URL leads to this machine itself."""
    host = urlsplit(url).hostname or ""
    try:
        return is_loopback(host)
    except ValueError:
        return host == "localhost"
