"""Loads the vectors, the model and dictionaries in the background, while the server already answers; and
keeps the lists of a growing library's vectors fit.
"""

import threading
import time

from stackroom.common.errors import StackroomError, StoreAway
from stackroom.common.events import Events
from stackroom.reading.reader import Reader

# Seconds between two tries: the owner may put right what was wrong while the server runs.
_RETRY_SECONDS = 60.0

# The same if the database is away: it may be there again in a moment.
_AWAY_SECONDS = 1.0

# Seconds between two looks at whether the vectors have outgrown their lists. A look takes microseconds.
_FIT_SECONDS = 10.0


def warm_in_background(reader: Reader, events: Events, retry_seconds: float = _RETRY_SECONDS) -> None:
    """Starts loading all that searches need in a thread; if it fails, says so, and tries again."""
    # A daemon thread, so that stopping the server does not wait for a model that is being loaded.
    threading.Thread(target=_warm, args=(reader, events, retry_seconds), name="warm", daemon=True).start()
    threading.Thread(target=_fit, args=(reader,), name="lists", daemon=True).start()


def _warm(reader: Reader, events: Events, retry_seconds: float) -> None:
    last_message = ""
    while not reader.closed:
        is_ready = False
        try:
            reader.catch_up()
            reader.warm_filters()
            reader.warm()
            reader.warm_words()
            is_ready = True
            reader.warm_reranker()
        except StoreAway:  # told by whoever connects to it
            time.sleep(min(_AWAY_SECONDS, retry_seconds))
        except StackroomError as error:
            if not threading.main_thread().is_alive():  # loading failed because the server has been stopped
                return
            if str(error) != last_message:
                last_message = str(error)
                name, lacks = (
                    ("no reranker", "Nothing is reranked yet.")
                    if is_ready
                    else ("not ready", "Searching does not work yet.")
                )
                events.tell(name, f"{lacks} {last_message}", "warning", message=last_message)
            time.sleep(retry_seconds)
        else:
            return


def _fit(reader: Reader) -> None:
    while not reader.closed:
        reader.fit_lists()
        time.sleep(_FIT_SECONDS)
