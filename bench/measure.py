"""Measures indexing and start-up with the default model: `python -m bench.measure FOLDER`.

Prints Markdown for docs/benchmarks.md. Linux only. CPU seconds are what to compare: wall-clock times are of
a machine that may be doing other things.
"""

import json
import platform
import resource
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from importlib.metadata import version
from pathlib import Path

from bench import processes
from stackroom.settings import available_cores

_STACKROOM = [sys.executable, "-m", "stackroom"]
_EXTRACT = """
import sys, time
from pathlib import Path
from indexer.extract import extract
from stackroom.errors import ExtractionFailed
pages = failed = 0
start = time.process_time()
for path in sorted(Path(sys.argv[1]).rglob("*.pdf")):
    try:
        pages += len(extract(path, "0" * 24, on_page=lambda done, total: None).pages)
    except ExtractionFailed:
        failed += 1
print(pages, failed, time.process_time() - start)
"""


def main() -> None:
    """Measures, and prints a table."""
    folder = Path(sys.argv[1])
    data = Path(tempfile.mkdtemp(prefix="stackroom-bench-"))
    try:
        rows = [*_measure_extraction(folder), *_measure_index(folder, data), *_measure_start_up(data)]
    finally:
        shutil.rmtree(data)
    packages = ("torch", "sentence-transformers", "faiss-cpu", "pypdfium2", "fastmcp")
    print(f"Python {platform.python_version()}, " + ", ".join(f"{name} {version(name)}" for name in packages))
    print(f"\nCores: {available_cores()}. Folder: `{folder.name}`.\n")
    print("| what | figure |\n| --- | --- |")
    for what, figure in rows:
        print(f"| {what} | {figure} |")


def _measure_extraction(folder: Path) -> list[tuple[str, str]]:
    output = processes.run([sys.executable, "-c", _EXTRACT, str(folder)]).output
    pages, failed, seconds = output.split()
    return [
        ("extraction alone, one process", f"{int(pages) / float(seconds):.0f} pages per CPU-second"),
        ("pages, files that could not be read", f"{pages}, {failed}"),
    ]


def _measure_index(folder: Path, data: Path) -> list[tuple[str, str]]:
    command = [*_STACKROOM, "index", str(folder), "--data", str(data), "--json", "--quiet"]
    first = processes.run(command)
    summary = json.loads(first.output)
    again = processes.run(command)
    status = json.loads(processes.run([*_STACKROOM, "status", "--data", str(data), "--json"]).output)
    peaks = ", ".join(f"{role} {first.peak_mb(role):.0f} MB" for role in ("main", "reader server", "reader"))
    reading = sum(usage.cpu for usage in first.usages.values() if usage.role == "reader server")
    return [
        ("whole indexing", f"{summary['pages'] / first.cpu:.1f} pages per CPU-second"),
        ("whole indexing, CPU and wall-clock time", f"{first.cpu:.0f} s, {first.seconds:.0f} s"),
        (
            "of that, reading (extraction processes, their start included)",
            f"{reading:.1f} CPU-seconds, {summary['pages'] / reading:.0f} pages per CPU-second",
        ),
        ("passages embedded", str(summary["embedded_passages"])),
        ("peak memory of each process", peaks),
        ("a second run with nothing changed", f"{again.cpu:.2f} CPU-seconds, {again.seconds:.2f} s"),
        (
            "index on disk",
            f"{status['index_bytes'] / 1e6:.1f} MB, {status['index_bytes'] / status['text_bytes']:.2f} times"
            f" the extracted text ({status['text_bytes'] / 1e6:.1f} MB)",
        ),
    ]


def _measure_start_up(data: Path) -> list[tuple[str, str]]:
    helps = [_children_cpu([*_STACKROOM, "--help"]) for _ in range(5)]
    port = 18_000 + time.time_ns() % 10_000
    server = processes.start([*_STACKROOM, "serve", "--data", str(data), "--port", str(port)])
    started = time.monotonic()
    _wait_for(f"http://127.0.0.1:{port}/healthz", None)
    answering = (time.monotonic() - started, server.cpu)
    call = {"name": "search", "arguments": {"query": "how is a package removed"}}
    request = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": call}
    _wait_for(f"http://127.0.0.1:{port}/mcp", request)
    time.sleep(0.1)
    searching = (time.monotonic() - started, server.cpu)
    server.process.terminate()
    server.process.wait()
    return [
        ("`stackroom --help`", f"{min(helps):.2f} CPU-seconds"),
        ("server start until /healthz answers", f"{answering[1]:.1f} CPU-seconds, {answering[0]:.1f} s"),
        (
            "server start until the first search is answered",
            f"{searching[1]:.1f} CPU-seconds, {searching[0]:.1f} s",
        ),
        ("peak memory of the server", f"{server.peak_mb('main'):.0f} MB"),
    ]


def _children_cpu(command: list[str]) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def _wait_for(url: str, call: dict[str, object] | None) -> None:
    body = json.dumps(call).encode() if call else None
    headers = {"Content-Type": "application/json", "Accept": "application/json"}
    request = urllib.request.Request(url, body, headers)
    for _ in range(600):
        try:
            with urllib.request.urlopen(request, timeout=60) as response:
                response.read()
                return
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.05)
    raise SystemExit(f"{url} did not answer")


if __name__ == "__main__":
    main()
