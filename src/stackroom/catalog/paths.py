"""Where documents are, as columns of a query about them."""

import json

PATHS_OF_D = (
    # Not from the view `holders`, of which SQLite would here make a copy each time.
    " (SELECT json_group_array(json_array(b.root, l.path, '')) FROM locations l JOIN libraries b"
    "  ON b.id = l.library_id WHERE l.document = d.key),"
    " (SELECT json_group_array(json_array(b.root, l.path, a.name)) FROM attachments a"
    "  JOIN locations l ON l.document = a.container JOIN libraries b ON b.id = l.library_id"
    "  WHERE a.document = d.key)"
)
"""Two columns for the files of a document `d`, and for those that it is attached to: JSON, each with its
library's root, its path, and the attachment's name."""


def places_in(files: str, attached: str) -> list[tuple[str, str, str]]:
    """What these two columns say: root, path and attachment's name of each place, files first, in order."""
    return [
        (root, path, name) for places in (files, attached) for root, path, name in sorted(json.loads(places))
    ]
