"""Files of one JSON value a line."""

import json
from collections.abc import Sequence
from pathlib import Path


def write_lines(path: Path, entries: Sequence[object]) -> Path:
    path.write_text("".join(json.dumps(entry) + "\n" for entry in entries))
    return path
