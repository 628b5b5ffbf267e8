"""Bytes on disk per passage, by part: the files and folders of an index, and the catalogue's tables.

Prints Markdown. Run it while nothing writes there.
"""

import argparse
import json
import sqlite3
from pathlib import Path

from bench.processes import STACKROOM, print_table, run


def main() -> None:
    """Measures, and prints the tables."""
    parser = argparse.ArgumentParser(prog="python -m bench.sizes", description=__doc__)
    parser.add_argument("data", type=Path, help="a data folder")
    data = parser.parse_args().data
    status = json.loads(run([*STACKROOM, "status", "--data", str(data), "--json"]).output)
    passages, text = max(status["passages"], 1), max(status["text_bytes"], 1)
    print(f"{status['documents']} documents, {status['passages']} passages, {text / 1e6:.1f} MB of text\n")
    files = {f"`{path.name}`": _disk_bytes(path) for path in sorted((data / "index").iterdir())}
    files["all"] = sum(files.values())
    for what, sizes in (("file or folder", files), ("table or index", _tables(data))):
        rows = [
            [name, f"{size / 1e6:.2f}", f"{size / passages:.1f}", f"{size / text:.3f}"]
            for name, size in sizes.items()
            if size
        ]
        print_table([what, "MB", "bytes per passage", "times the text"], *rows)


def _disk_bytes(path: Path) -> int:
    """As `du` counts: whole blocks, everything below a folder."""
    below = [*path.rglob("*"), path] if path.is_dir() else [path]
    return sum(found.stat().st_blocks * 512 for found in below)


def _tables(data: Path) -> dict[str, int]:
    """Bytes by table and index of the catalogue, the largest first, those below 1% in one sum.

    Counts pages of the file if SQLite can tell, else what the columns hold.
    """
    catalog = (data / "index" / "catalog.sqlite3").resolve()
    db = sqlite3.connect(f"{catalog.as_uri()}?mode=ro", uri=True)
    try:
        sizes = dict(db.execute("SELECT name, sum(pgsize) FROM dbstat GROUP BY name").fetchall())
    except sqlite3.OperationalError:
        sizes = _content_bytes(db)
    pages, page_size = (
        db.execute(f"PRAGMA {name}").fetchone()[0] for name in ("freelist_count", "page_size")
    )
    sizes["(free pages)"] = pages * page_size
    db.close()
    large = {name: size for name, size in sizes.items() if size >= sum(sizes.values()) / 100}
    shown = {f"`{name}`": size for name, size in sorted(large.items(), key=lambda item: -item[1])}
    return {**shown, "all others": sum(sizes.values()) - sum(large.values())}


def _content_bytes(db: sqlite3.Connection) -> dict[str, int]:
    """By table, text in UTF-8."""
    sizes = {}
    for (table,) in db.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall():
        columns = [row[1] for row in db.execute(f'PRAGMA table_info("{table}")')]
        summed = " + ".join(f'coalesce(sum(length(CAST("{column}" AS BLOB))), 0)' for column in columns)
        sizes[table] = db.execute(f'SELECT {summed} FROM "{table}"').fetchone()[0]  # noqa: S608
    return sizes


if __name__ == "__main__":
    main()
