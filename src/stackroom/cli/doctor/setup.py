"""Checks that need no running server: of the data folder and the settings."""

from stackroom.catalog.catalog import Catalog
from stackroom.catalog.status import read_status
from stackroom.cli.doctor.check import Check, Failed, Skipped, need
from stackroom.common.amounts import counted
from stackroom.common.errors import StackroomError
from stackroom.common.running import holder
from stackroom.common.settings import Settings
from stackroom.server.access.store import AccessStore
from stackroom.server.address import base_url, is_loopback_url


def _index(settings: Settings) -> str:
    try:
        with Catalog(settings.truth) as catalog:
            status = read_status(catalog)
    except StackroomError as error:
        raise Failed(f"it cannot be read. {error}") from error
    need(status.documents, "it holds no documents")
    waiting = f"; to be embedded: {counted(status.pending, 'passage')}" if status.pending else ""
    return f"{counted(status.documents, 'document')}, {counted(status.pages, 'page')}{waiting}"


def _public_url(settings: Settings) -> str:
    url = base_url(settings)
    if is_loopback_url(url) and not settings.public_url:
        raise Skipped("none is set: ChatGPT and Claude on the web cannot reach the server")
    need(not settings.allow_anonymous, f"{settings.public_url}, for everybody: --allow-anonymous is set")
    return settings.public_url or url


def _passphrase(settings: Settings) -> str:
    is_set = False
    try:
        if settings.sign_in != settings.access or settings.access.exists():
            with AccessStore(settings.sign_in) as store:
                is_set = store.passphrase() is not None
    except (StackroomError, OSError) as error:
        raise Failed(str(error)) from error
    if not is_set and not settings.public_url:
        raise Skipped("none is set: only programs on this machine can use the server")
    need(is_set, "none is set")
    return "set"


def _server(settings: Settings) -> str:
    need(holder(settings.server_lock) is not None, f"none runs on {settings.data}")
    found = base_url(settings)
    need(
        not settings.public_url or found == settings.public_url,
        f"it runs as {found}, not as {settings.public_url}",
        f"Stop it, and start it with `--public-url {settings.public_url}`.",
    )
    return f"runs as {found}"


def checks(settings: Settings) -> tuple[Check[Settings], ...]:
    """The checks of a data folder; their advice names commands for this very folder."""
    data = f"--data {settings.data}"
    public = f" --public-url {settings.public_url}" if settings.public_url else ""
    return (
        Check("index", _index, f"Index a folder of PDFs: `stackroom index {data} FOLDER`."),
        Check("public URL", _public_url, "Leave out --allow-anonymous, so that strangers have to sign in."),
        Check("passphrase", _passphrase, f"Set one: `stackroom passphrase {data}`."),
        Check("server", _server, f"Start it: `stackroom serve {data}{public}`."),
    )


def server_urls(settings: Settings) -> list[str]:
    """The URL of the data folder's running server, and the one in the settings; empty if no server runs."""
    if holder(settings.server_lock) is None:
        return []
    return list(dict.fromkeys(url for url in (base_url(settings), settings.public_url) if url))
