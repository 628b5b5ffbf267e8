"""Every benchmark, one after the other, as Markdown for docs/benchmarks.md. Takes hours; Linux only."""

import argparse
import platform
import subprocess
import sys
import tempfile
from importlib.metadata import distribution, version
from pathlib import Path

from stackroom.common.settings import available_cores


def main() -> None:
    """Runs them; synthetic libraries are made in the shape of the folder that was indexed first."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("folder", type=Path, help="of PDFs")
    parser.add_argument("--rounds", type=int, default=1, help="of indexing")
    parser.add_argument("--sizes", type=int, nargs="*", default=[2_000, 100_000, 1_000_000], metavar="N")
    parser.add_argument("--files", type=int, default=5000, help="small PDFs of which one changes")
    arguments = parser.parse_args()
    names = sorted({requirement.split(";")[0] for requirement in distribution("stackroom").requires or []})
    packages = [name for name in _PACKAGES if any(found.startswith(name) for found in names)]
    print(
        f"Python {platform.python_version()}, {available_cores()} cores, `{arguments.folder.name}`; ", end=""
    )
    print(", ".join(f"{name} {version(name)}" for name in packages))
    with tempfile.TemporaryDirectory(prefix="stackroom-bench-") as work:
        real = f"{work}/real"
        _run("Extraction", "extraction", str(arguments.folder))
        _run("Steps of reading", "stages", str(arguments.folder))
        rounds = ["--rounds", str(arguments.rounds)]
        _run("Indexing", "indexing", str(arguments.folder), *rounds, "--keep", real)
        _run("Bytes on disk", "sizes", real)
        _run("Load", "load", real)
        _run("One document of many changed", "robustness.changed", "--files", str(arguments.files))
        for size in arguments.sizes:
            with tempfile.TemporaryDirectory(prefix="stackroom-bench-") as data:
                _run(f"{size:,} synthetic passages", "synthetic", str(size), data, "--like", real)
                _run("Bytes on disk", "sizes", data, level=4)
                _run("Load", "load", data, level=4)


_PACKAGES = ("faiss-cpu", "fastmcp", "openvino", "pypdf", "pypdfium2", "sentence-transformers", "tantivy")


def _run(title: str, script: str, *arguments: str, level: int = 3) -> None:
    print(f"\n{'#' * level} {title}\n", flush=True)
    subprocess.run([sys.executable, "-m", f"bench.{script}", *arguments], check=True)


if __name__ == "__main__":
    main()
