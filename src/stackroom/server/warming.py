"""Loading vectors and model while the server already answers."""

import sys
import threading

from stackroom.errors import StackroomError
from stackroom.reader import Reader


def warm_in_background(reader: Reader) -> None:
    """Starts `Reader.warm` in a thread; if it fails, says so on standard error."""
    # A daemon, so that stopping need not wait for a model that is being loaded.
    threading.Thread(target=_warm, args=(reader,), name="warm", daemon=True).start()


def _warm(reader: Reader) -> None:
    try:
        reader.warm()
    except StackroomError as error:
        # Not the end: what is wrong may be put right while the server runs, and each search tries again.
        if threading.main_thread().is_alive():  # else loading failed because the server has been stopped
            sys.stderr.write(f"Searching does not work yet. {error}\n")
