"""Every benchmark, one after the other, as Markdown for docs/benchmarks.md. Takes hours; Linux only.

What is compared with an older commit takes turns with it, in one run: the one in --against, or `BASE`.
"""

import argparse
import os
import platform
import subprocess
import sys
import tempfile
from contextlib import nullcontext
from importlib.metadata import distribution, version
from pathlib import Path

from bench.checkouts import BASE, checked_out
from stackroom.common.settings import available_cores


def main() -> None:
    """Runs them; synthetic libraries are made in the shape of the folder that was indexed first."""
    parser = argparse.ArgumentParser(
        prog="python -m bench", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, help="of PDFs")
    parser.add_argument("--rounds", type=int, default=1, help="of indexing beside the plain stack")
    parser.add_argument(
        "--against",
        type=Path,
        metavar="CHECKOUT",
        default=os.environ.get("AGAINST") or None,
        help=f"an older checkout, to compare (default: AGAINST, or commit {BASE})",
    )
    parser.add_argument("--sizes", type=int, nargs="*", default=[2_000, 100_000, 1_000_000], metavar="N")
    parser.add_argument("--files", type=int, default=5000, help="small PDFs of which one changes")
    arguments = parser.parse_args()
    names = sorted({requirement.split(";")[0] for requirement in distribution("stackroom").requires or []})
    packages = [name for name in _PACKAGES if any(found.startswith(name) for found in names)]
    print(
        f"Python {platform.python_version()}, {available_cores()} cores, `{arguments.folder.name}`; ", end=""
    )
    print(", ".join(f"{name} {version(name)}" for name in packages))
    before = nullcontext(arguments.against) if arguments.against else checked_out(BASE)
    with tempfile.TemporaryDirectory(prefix="stackroom-bench-") as work, before as older:
        _measure(arguments, Path(work), str(older))


def _measure(arguments: argparse.Namespace, work: Path, older: str) -> None:
    folder, real = str(arguments.folder), str(work / "now" / "real")
    sizes = list(map(str, arguments.sizes))
    _run("Extraction", "extraction", folder)
    _run("Steps of reading", "stages", folder)
    _run("Against the plain stack", "indexing", folder, "--rounds", str(arguments.rounds), "--keep", real)
    data = ["--old-data", str(work / "before"), "--new-data", str(work / "now")]
    _run("Old and new in turns", "against", older, "--folder", folder, "--sizes", *sizes, *data)
    _run("The wire", "wire", real)
    if sizes:
        _run("Nearest passages", "nearest", str(work / "now" / sizes[-1]), "--against", older)
    _run("Filters, and removals", "filters", str(work / "filters"), "--against", older)
    _run("Beside a first `index`", "first_answer", folder, "--against", older)
    _run("Beside other servers", "peers", folder)
    _run("One document of many changed", "robustness.changed", "--files", str(arguments.files))
    for name in ("real", *sizes):
        _run(f"Bytes on disk: {name}", "sizes", str(work / "now" / name))
        _run(f"Load: {name}", "load", str(work / "now" / name))


_PACKAGES = ("faiss-cpu", "fastmcp", "openvino", "pypdf", "pypdfium2", "sentence-transformers", "tantivy")


def _run(title: str, script: str, *arguments: str) -> None:
    print(f"\n### {title}\n", flush=True)
    subprocess.run([sys.executable, "-m", f"bench.{script}", *arguments], check=True)


if __name__ == "__main__":
    main()
