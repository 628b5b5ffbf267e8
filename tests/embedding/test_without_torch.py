"""A prepared model is used without torch, and without whatever else only prepares it."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from make_pdfs import write_pdf

_NOT_LOADED = """
import sys
loaded = {"torch", "transformers", "sentence_transformers", "nncf", "huggingface_hub"} & sys.modules.keys()
assert not loaded, loaded
assert sys.modules.get("openvino_telemetry") is None, "it reports to its makers"
"""


def run_python(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, "-c", code + _NOT_LOADED, *arguments],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done


def _json_values(text: str, count: int) -> list[Any]:
    """The values at the beginning of a text that goes on in another way."""
    decoder, values = json.JSONDecoder(), []
    for _ in range(count):
        value, stop = decoder.raw_decode(text.lstrip())
        values.append(value)
        text = text.lstrip()[stop:]
    return values


def test_a_prepared_model_needs_no_torch(prepared_models: Path) -> None:
    code = """
import sys
from pathlib import Path
from stackroom.embedding.models import Models
models = Models(Path(sys.argv[1]))
tokenizer = models.tokenizer("")
assert "openvino" not in sys.modules
embedder = models.load(tokenizer.fingerprint)
assert "openvino" in sys.modules
print(*embedder.embed_passages(["Otters sleep.", "They hold hands."]).shape)
print(*embedder.embed_queries(["otters"]).shape)
"""
    assert run_python(code, str(prepared_models)).stdout == "2 384\n1 384\n"


def test_nor_do_the_commands(prepare_data: Callable[[Path], Path], tmp_path: Path) -> None:
    library, data = tmp_path / "library", prepare_data(tmp_path / "data")
    library.mkdir()
    write_pdf(library / "otters.pdf", ["Otters sleep on their backs.", "They hold hands."])
    write_pdf(library / "tables.pdf", ["The width of table columns can be set."])
    commands = """
import json
import sys
from stackroom.cli.main import main
for command in json.loads(sys.argv[1]):
    code = main(command)
    print(flush=True)
    assert code == 0, (command, code)
"""
    before = {path: path.stat().st_mtime_ns for path in (data / "models").glob("*/**/*")}
    asked = [
        ["index", str(library), "--json"],
        ["search", "sleeping animals", "--json"],
        ["index", "--json"],
        ["status"],
    ]
    done = run_python(commands, json.dumps([["--data", str(data), *command] for command in asked]))
    first, second, third = _json_values(done.stdout, 3)
    assert first["embedded_passages"] == 3
    assert second["results"][0]["title"] == "Otters sleep on their backs."
    assert third["unchanged"] == 2
    assert {path: path.stat().st_mtime_ns for path in (data / "models").glob("*/**/*")} == before
