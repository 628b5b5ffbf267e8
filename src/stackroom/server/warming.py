"""Loading vectors and model while the server already answers."""

import threading

from stackroom.errors import StackroomError
from stackroom.events import Events
from stackroom.reader import Reader


def warm_in_background(reader: Reader, events: Events) -> None:
    """Starts `Reader.warm` in a thread; if it fails, says so."""
    # A daemon, so that stopping need not wait for a model that is being loaded.
    threading.Thread(target=_warm, args=(reader, events), name="warm", daemon=True).start()


def _warm(reader: Reader, events: Events) -> None:
    try:
        reader.warm()
    except StackroomError as error:
        # Not the end: what is wrong may be put right while the server runs, and each search tries again.
        if threading.main_thread().is_alive():  # else loading failed because the server has been stopped
            events.tell("not ready", f"Searching does not work yet. {error}", "warning", message=str(error))
