"""kill -9 of `stackroom index` at random moments: `python -m bench.kills FOLDER [KILLS]`.

Indexes the folder once undisturbed. Then starts it again and again into another data folder and kills it
each time, and at last lets it finish. Compares what both catalogues hold, and whether each passage has its
vector and its words.
"""

import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from stackroom.lexicon import Lexicon

_COMPARED = {
    "documents": "SELECT id, title, page_count, text_bytes FROM documents ORDER BY id",
    "pages": "SELECT d.id, number, label, start FROM pages g JOIN documents d ON d.key = g.document"
    " ORDER BY d.id, number",
    "texts": "SELECT d.id, start, content FROM texts t JOIN documents d ON d.key = t.document"
    " ORDER BY d.id, start",
    "passages": "SELECT d.id, page, start, stop FROM splits s JOIN documents d ON d.key = s.document"
    " JOIN passages p ON p.id BETWEEN s.first AND s.last ORDER BY d.id, start",
    "files": "SELECT path, size, modified_ns, d.id, failure FROM locations l"
    " LEFT JOIN documents d ON d.key = l.document ORDER BY path",
    "pending": "SELECT count(*) FROM pending",
    "vectors": "SELECT count(*) FROM vectors",
}


def main() -> None:
    """Kills, and says what was lost. Exits with 1 if anything was."""
    folder = Path(sys.argv[1])
    kills = int(sys.argv[2]) if len(sys.argv) > 2 else 20
    seed = time.time_ns() % 10_000
    chance = random.Random(seed)
    work = Path(tempfile.mkdtemp(prefix="stackroom-kills-"))
    try:
        started = time.monotonic()
        _start(folder, work / "undisturbed").wait()
        seconds = time.monotonic() - started
        killed = 0
        for _ in range(kills):
            process = _start(folder, work / "killed")
            try:
                process.wait(chance.uniform(0.1, 3 * seconds / kills + 5))
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGKILL)
                process.wait()
                killed += 1
            _check_integrity(work / "killed")
        _start(folder, work / "killed").wait()
        differing = [
            name for name in _COMPARED if _read(work, "undisturbed", name) != _read(work, "killed", name)
        ]
        if len({len(Lexicon(work / data / "index" / "words")) for data in ("undisturbed", "killed")}) > 1:
            differing.append("words")
    finally:
        shutil.rmtree(work)
    print(f"seed {seed}: {killed} of {kills} runs killed; an undisturbed run took {seconds:.0f} s")
    print("different: " + ", ".join(differing) if differing else "nothing lost, nothing different")
    sys.exit(bool(differing))


def _start(folder: Path, data: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "stackroom", "index", str(folder), "--data", str(data), "--quiet"]
    return subprocess.Popen(command, stderr=subprocess.DEVNULL)


def _check_integrity(data: Path) -> None:
    path = data / "index" / "catalog.sqlite3"
    if not path.exists():
        return
    db = sqlite3.connect(path)
    found = (
        db.execute("PRAGMA integrity_check").fetchall() + db.execute("PRAGMA foreign_key_check").fetchall()
    )
    db.close()
    if found != [("ok",)]:
        raise SystemExit(f"the catalogue is damaged: {found}")


def _read(work: Path, data: str, name: str) -> list[tuple[object, ...]]:
    db = sqlite3.connect(work / data / "index" / "catalog.sqlite3")
    rows = db.execute(_COMPARED[name]).fetchall()
    db.close()
    return rows


if __name__ == "__main__":
    main()
