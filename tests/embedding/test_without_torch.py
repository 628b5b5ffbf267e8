"""A prepared model is used without torch, and without whatever else only prepares it.

And where the extra `models` is not installed, the bundled model is prepared, and others say what they need.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from make_pdfs import write_pdf

_NOT_LOADED = """
import sys
loaded = {"torch", "transformers", "sentence_transformers", "nncf", "huggingface_hub"} & sys.modules.keys()
assert not loaded, loaded
assert sys.modules.get("openvino_telemetry") is None, "it reports to its makers"
"""


# Python runs it at each start, in processes of processes, too.
_HIDE = """
import sys
from importlib.machinery import PathFinder

HIDDEN = {"torch", "transformers", "sentence_transformers", "nncf", "scipy", "sklearn", "networkx"}

class Others(PathFinder):
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        return None if name.partition(".")[0] in HIDDEN else super().find_spec(name, path, target)

sys.meta_path[sys.meta_path.index(PathFinder)] = Others
"""


def run_python(
    code: str, *arguments: str, environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, "-c", code + _NOT_LOADED, *arguments],
        env={**os.environ, **(environment or {})},
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


_COMMANDS = """
import json
import sys
from stackroom.cli.main import main
for command in json.loads(sys.argv[1]):
    code = main(command)
    print(flush=True)
    assert code == 0, (command, code)
"""


def test_nor_do_the_commands(prepare_data: Callable[[Path], Path], tmp_path: Path) -> None:
    library, data = tmp_path / "library", prepare_data(tmp_path / "data")
    library.mkdir()
    write_pdf(library / "otters.pdf", ["Otters sleep on their backs.", "They hold hands."])
    write_pdf(library / "tables.pdf", ["The width of table columns can be set."])
    before = {path: path.stat().st_mtime_ns for path in (data / "models").glob("*/**/*")}
    asked = [
        ["index", str(library), "--json"],
        ["search", "sleeping animals", "--json"],
        ["index", "--json"],
        ["status"],
    ]
    done = run_python(_COMMANDS, json.dumps([["--data", str(data), *command] for command in asked]))
    first, second, third = _json_values(done.stdout, 3)
    assert first["embedded_passages"] == 3
    assert second["results"][0]["title"] == "Otters sleep on their backs."
    assert third["unchanged"] == 2
    assert {path: path.stat().st_mtime_ns for path in (data / "models").glob("*/**/*")} == before


@pytest.fixture
def without_extra(tmp_path: Path) -> Mapping[str, str]:
    """The environment of a process that finds nothing of the extra `models`, whose data folders are new."""
    place = tmp_path / "hides"
    place.mkdir()
    (place / "sitecustomize.py").write_text(_HIDE)
    paths = [str(place), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {"PYTHONPATH": os.pathsep.join(paths), "XDG_DATA_HOME": str(tmp_path / "own")}


def test_the_bundled_model_is_prepared_without_the_extra(
    without_extra: Mapping[str, str], tmp_path: Path
) -> None:
    library, data = tmp_path / "library", tmp_path / "data"
    library.mkdir()
    write_pdf(library / "otters.pdf", ["Otters sleep on their backs.", "They hold hands."])
    asked = [["index", str(library), "--json"], ["search", "napping animals", "--json"], ["status"]]
    commands = json.dumps([["--data", str(data), *command] for command in asked])
    done = run_python(_COMMANDS, commands, environment=without_extra)
    first, second = _json_values(done.stdout, 2)
    assert first["embedded_passages"] == 2
    assert second["results"][0]["title"] == "Otters sleep on their backs."
    assert "compiled; " in done.stdout


def test_others_say_that_they_need_it(without_extra: Mapping[str, str], tmp_path: Path) -> None:
    model, reranker = tmp_path / "model", tmp_path / "reranker"
    for folder, architecture in ((model, "BertModel"), (reranker, "BertForSequenceClassification")):
        folder.mkdir()
        (folder / "config.json").write_text(json.dumps({"architectures": [architecture]}))
    code = """
import sys
from pathlib import Path
from stackroom.common.errors import ModelError
from stackroom.embedding.models import Models
from stackroom.embedding.reranking.rerankers import ChosenReranker
models, model, reranker = map(Path, sys.argv[1:])
for need in (
    lambda: Models(models).tokenizer(str(model)),
    lambda: Models(models).tokenizer("somebody/no-such-model"),  # and it is not looked for in the network
    lambda: ChosenReranker(str(reranker), models, 100).load(),
):
    try:
        need()
    except ModelError as error:
        print(error)
"""
    places = map(str, (tmp_path / "models", model, reranker))
    # Who asks the network for a model is told at once that nobody listens.
    hub = {"HF_HUB_CACHE": str(tmp_path / "hub"), "HF_ENDPOINT": "http://127.0.0.1:9"}
    environment = {**os.environ, **without_extra, **hub}
    said = subprocess.run(
        [sys.executable, "-c", code, *places], env=environment, capture_output=True, text=True, check=True
    )
    for line, name in zip(said.stdout.splitlines(), (model, "somebody/no-such-model", reranker), strict=True):
        assert line.startswith(f"The model '{name}' needs sentence-transformers, which is not installed.")
        assert "pip install 'stackroom[models]'" in line
