"""The compiled model: its vectors are the model's own, and nothing of torch is needed to compute them."""

import csv
import hashlib
import json
import math
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from filelock import FileLock
from numpy.typing import NDArray

from make_pdfs import write_pdf
from sentences import PASSAGES, QUERIES
from stackroom.common.errors import ModelDamaged, ModelMismatch, SettingsError
from stackroom.common.settings import Settings
from stackroom.embedding import conversion
from stackroom.embedding.compiled import CompiledEmbedder
from stackroom.embedding.embedder import Embedder, Preparation
from stackroom.embedding.failures import versions
from stackroom.embedding.model_card import BUNDLED_CARD, CARD, TOKENIZER, ModelCard
from stackroom.embedding.model_files import (
    BUNDLED_DIGEST,
    BUNDLED_NAME,
    ModelFiles,
    bundled_folder,
    find_model,
)
from stackroom.embedding.models import Models
from stackroom.embedding.processor import Precision, best_precision
from stackroom.embedding.sentence_transformer import SentenceTransformerEmbedder, describe, load_model

BUNDLED = BUNDLED_CARD.fingerprint(BUNDLED_NAME)

SCIFACT = Path(__file__).resolve().parents[3] / "shared" / "eval" / "scifact"

LEAST_COSINE: dict[Precision, float] = {"fp32": 0.999, "bf16": 0.999, "int8": 0.985}


def least_cosine(ones: NDArray[np.float32], others: NDArray[np.float32]) -> float:
    """Of aligned vectors of length 1."""
    return float((ones * others).sum(axis=1).min())


@pytest.fixture(scope="module")
def own() -> Embedder:
    """The bundled model as sentence-transformers runs it, on one thread: other tests run beside these."""
    import torch

    torch.set_num_threads(1)
    model = load_model(bundled_folder())
    card, _ = describe(model, BUNDLED_DIGEST)
    return SentenceTransformerEmbedder(model, BUNDLED.name, card)


OwnVectors = Callable[[Sequence[str], Sequence[str]], tuple[NDArray[np.float32], NDArray[np.float32]]]


@pytest.fixture(scope="module")
def own_vectors(request: pytest.FixtureRequest, own_vectors_folder: Path) -> OwnVectors:
    """Gives the vectors of passages and of queries as sentence-transformers computes them.

    They are computed once for each version of it: ten seconds for what is below.
    """

    def vectors(
        passages: Sequence[str], queries: Sequence[str]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        name = hashlib.sha256(json.dumps([BUNDLED_DIGEST, passages, queries]).encode()).hexdigest()
        kept = own_vectors_folder / f"{name[:16]}.npz"
        if not kept.exists():
            own: Embedder = request.getfixturevalue("own")
            new = kept.with_suffix(f".{os.getpid()}.npz")
            np.savez(new, passages=own.embed_passages(passages), queries=own.embed_queries(queries))
            new.rename(kept)
        with np.load(kept) as arrays:
            return arrays["passages"], arrays["queries"]

    return vectors


@pytest.fixture(scope="module", params=["fp32", "int8", "bf16"])
def compiled(request: pytest.FixtureRequest, prepared_models: Path) -> CompiledEmbedder:
    """The bundled model in each precision that this processor can run."""
    precision: Precision = request.param
    if precision == "bf16" and best_precision(queries=False) != "bf16":
        pytest.skip("this processor has no bf16")
    if precision == "int8" and platform.machine().lower() not in ("x86_64", "amd64"):
        pytest.skip("int8 is for x86 processors")
    embedder = Models(prepared_models, precision).load(BUNDLED)
    assert isinstance(embedder, CompiledEmbedder)
    assert embedder.runtime == f"OpenVINO {precision}"
    return embedder


@pytest.fixture(scope="module")
def passage_vectors(compiled: CompiledEmbedder) -> NDArray[np.float32]:
    """Those of PASSAGES, computed together: several batches, whose texts are of very different lengths."""
    return compiled.embed_passages(PASSAGES)


def precision_of(embedder: CompiledEmbedder) -> Precision:
    precision: Precision = embedder.runtime.removeprefix("OpenVINO ")  # type: ignore[assignment]
    return precision


# The same vectors


def test_its_vectors_are_the_model_s_own(
    compiled: CompiledEmbedder, passage_vectors: NDArray[np.float32], own_vectors: OwnVectors
) -> None:
    queries = compiled.embed_queries(QUERIES)
    own_passages, own_queries = own_vectors(PASSAGES, QUERIES)
    for found, expected in ((passage_vectors, own_passages), (queries, own_queries)):
        assert found.dtype == np.float32
        assert found.shape == expected.shape
        np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, atol=1e-3)
        assert least_cosine(found, expected) >= LEAST_COSINE[precision_of(compiled)]


def test_a_text_s_vector_does_not_depend_on_its_neighbours(
    compiled: CompiledEmbedder, passage_vectors: NDArray[np.float32]
) -> None:
    some = slice(None, None, 7)  # three of each length
    alone = np.concatenate([compiled.embed_passages([text]) for text in PASSAGES[some]])
    assert least_cosine(passage_vectors[some], alone) > 0.999
    backwards = compiled.embed_passages(PASSAGES[some][::-1])[::-1]
    assert least_cosine(passage_vectors[some], backwards) > 0.999


def test_threads_take_turns(compiled: CompiledEmbedder) -> None:
    expected = compiled.embed_queries(QUERIES)
    with ThreadPoolExecutor(4) as executor:
        for found in executor.map(lambda _: compiled.embed_queries(QUERIES), range(4)):
            assert least_cosine(found, expected) > 0.9999


def test_odd_texts_have_vectors(compiled: CompiledEmbedder) -> None:
    texts = ["", " \n", "\0", "🐈" * 3000, "x" * 100_000, "word " * 20_000, "\u202e\ufeff", "a" * 101]
    vectors = compiled.embed_passages(texts)
    assert np.isfinite(vectors).all()
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-3)
    assert least_cosine(vectors[5:6], compiled.embed_passages(["word " * 300])) > 0.999  # both are cut
    assert compiled.embed_passages([]).shape == (0, BUNDLED.dimensions)
    assert compiled.embed_queries([]).shape == (0, BUNDLED.dimensions)


def test_what_is_known_of_the_bundled_model_is_true(prepared_models: Path, own: Embedder) -> None:
    assert find_model("").digest == BUNDLED_DIGEST
    card = ModelCard.read(prepared_models / BUNDLED_DIGEST[:16])
    assert card is not None
    assert sorted(card.inputs) == ["attention_mask", "input_ids", "token_type_ids"]
    assert replace(card, inputs=()) == BUNDLED_CARD
    assert own.fingerprint == BUNDLED == Models(prepared_models).tokenizer("").fingerprint


def _ndcg(ranking: Sequence[int], relevant: set[int]) -> float:
    gained = sum(1 / math.log2(rank + 2) for rank, found in enumerate(ranking[:10]) if found in relevant)
    return gained / sum(1 / math.log2(rank + 2) for rank in range(min(10, len(relevant))))


def _scifact(documents: int, queries: int) -> tuple[list[str], list[str], list[set[int]]]:
    """Passages, queries, and the rows of the passages that are relevant to each."""
    if not SCIFACT.is_dir():
        pytest.skip("the shared collection for evaluation is not beside this checkout")
    judged: dict[str, set[str]] = {}
    with (SCIFACT / "qrels.tsv").open() as file:
        for row in csv.DictReader(file, delimiter="\t"):
            judged.setdefault(row["query-id"], set()).add(row["corpus-id"])
    asked = dict(list(judged.items())[:queries])
    texts = [json.loads(line) for line in (SCIFACT / "queries.jsonl").read_text().splitlines()]
    by_id = {text["_id"]: text["text"] for text in texts}
    corpus = [json.loads(line) for line in (SCIFACT / "corpus.jsonl").read_text().splitlines()]
    needed = set().union(*asked.values())
    corpus.sort(key=lambda entry: entry["_id"] not in needed)
    corpus = corpus[:documents]
    row_of = {entry["_id"]: row for row, entry in enumerate(corpus)}
    return (
        [f"{entry['title']} {entry['text']}" for entry in corpus],
        [by_id[query] for query in asked],
        [{row_of[document] for document in documents} for documents in asked.values()],
    )


def test_it_finds_as_much_as_the_model_itself(prepared_models: Path, own_vectors: OwnVectors) -> None:
    passages, queries, relevant = _scifact(documents=60, queries=50)

    def score(passages: NDArray[np.float32], queries: NDArray[np.float32]) -> float:
        rankings = np.argsort(-queries @ passages.T, axis=1, kind="stable").tolist()
        found = [_ndcg(ranking, rows) for ranking, rows in zip(rankings, relevant, strict=True)]
        return sum(found) / len(found)

    automatic = Models(prepared_models).load(BUNDLED)
    for_queries = Models(prepared_models, queries=True).load(BUNDLED)
    expected = score(*own_vectors(passages, queries))
    assert expected > 0.6
    found = score(automatic.embed_passages(passages), for_queries.embed_queries(queries))
    assert found >= expected - 0.01


# Without torch


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
    before = {path: path.stat().st_mtime_ns for path in (data / "models").rglob("*")}
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
    assert {path: path.stat().st_mtime_ns for path in (data / "models").rglob("*")} == before


# Models that can't be compiled, and others


def test_a_model_that_can_t_be_compiled_is_run_by_its_own_library(
    prepared_models: Path, tmp_path: Path, own_vectors: OwnVectors
) -> None:
    home = tmp_path / BUNDLED_DIGEST[:16]
    home.mkdir()
    shutil.copy(prepared_models / home.name / TOKENIZER, home)
    replace(BUNDLED_CARD, problem="it wants legs", versions=versions()).write(home)
    models = Models(tmp_path)
    embedder = models.load(BUNDLED)
    assert embedder.runtime == "sentence-transformers fp32"
    assert embedder.fingerprint == BUNDLED
    passages, queries = own_vectors(PASSAGES, QUERIES)
    assert least_cosine(embedder.embed_queries(QUERIES[:5]), queries[:5]) > 0.99999
    assert least_cosine(embedder.embed_passages(PASSAGES[:5]), passages[:5]) > 0.99999
    assert embedder.embed_passages([]).shape == (0, BUNDLED.dimensions)
    expected = "run by sentence-transformers, because it could not be compiled: it wants legs"
    assert models.runtime(BUNDLED_DIGEST) == expected


def test_what_runs_a_model_is_told(prepared_models: Path, tmp_path: Path) -> None:
    assert Models(tmp_path).runtime(BUNDLED_DIGEST) == "not compiled yet"
    models = Models(prepared_models, "fp32")
    assert models.runtime(BUNDLED_DIGEST) == "compiled; fp32 on this processor"
    for queries in (True, False):
        models = Models(prepared_models, queries=queries)
        best = best_precision(queries=queries)
        assert models.runtime(BUNDLED_DIGEST) == f"compiled; {best} on this processor"
        assert models.load(BUNDLED).runtime == f"OpenVINO {best}"


def _write_small_model(folder: Path) -> None:
    """A model of two small layers, not trained, that leaves its prompts out of the mean."""
    import torch
    from transformers import BertConfig, BertModel

    shutil.copytree(bundled_folder(), folder, ignore=shutil.ignore_patterns("*.safetensors"))
    torch.manual_seed(1)
    config = BertConfig(
        vocab_size=30522, hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=64
    )
    BertModel(config).save_pretrained(folder)
    pooling = folder / "1_Pooling" / "config.json"
    settings = {"word_embedding_dimension": 32, "include_prompt": False}
    pooling.write_text(json.dumps(json.loads(pooling.read_text()) | settings))
    prompts = {"query": "what is asked: ", "passage": "what is written: "}
    (folder / "config_sentence_transformers.json").write_text(json.dumps({"prompts": prompts}))


def _load_and_compare(folder: Path, models: Models) -> tuple[Embedder, float]:
    name = str(folder)
    tokenizer = models.tokenizer(name)
    assert tokenizer.fingerprint.dimensions == 32
    assert tokenizer.fingerprint.passage_tokens == BUNDLED.passage_tokens - 4  # what the prompt takes
    embedder = models.load(tokenizer.fingerprint)
    assert embedder.fingerprint == tokenizer.fingerprint
    model = load_model(folder)
    card, _ = describe(model, tokenizer.fingerprint.digest)
    own = SentenceTransformerEmbedder(model, name, card)
    cosines = [
        least_cosine(embedder.embed_passages(PASSAGES), own.embed_passages(PASSAGES)),
        least_cosine(embedder.embed_queries(QUERIES), own.embed_queries(QUERIES)),
    ]
    return embedder, min(cosines)


@pytest.mark.filterwarnings("ignore")  # as in the process that usually converts
def test_one_whose_compiled_vectors_would_be_others_is_not(tmp_path: Path) -> None:
    _write_small_model(tmp_path / "model")  # the compiled one can't know where its prompts end
    digest = find_model(str(tmp_path / "model")).digest
    home = tmp_path / "prepared" / digest[:16]
    home.mkdir(parents=True)
    conversion.convert(tmp_path / "model", digest, home)  # here, where torch is loaded already
    models = Models(tmp_path / "prepared")
    embedder, cosine = _load_and_compare(tmp_path / "model", models)
    assert embedder.runtime == "sentence-transformers fp32"
    assert cosine > 0.99999
    assert "its fp32 vectors are not the model's own" in models.runtime(embedder.fingerprint.digest)
    assert sorted(path.name for path in home.iterdir()) == [CARD, TOKENIZER]
    # Its own files are needed, and have to be the same.
    config = tmp_path / "model" / "config.json"
    config.write_text(config.read_text() + "\n")
    (home / CARD).unlink()
    with pytest.raises(ModelMismatch, match="have changed"):
        models.load(embedder.fingerprint)


class Crash(BaseException):
    """Nobody can go on after it, as after the end of a process."""


@pytest.mark.filterwarnings("ignore")
def test_what_is_known_before_compiling_outlives_a_crash(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(*_: object) -> None:
        raise Crash

    _write_small_model(tmp_path / "model")
    digest = find_model(str(tmp_path / "model")).digest
    home = tmp_path / "prepared" / digest[:16]
    home.mkdir(parents=True)
    monkeypatch.setattr(conversion, "_compile", crash)  # the compiler itself: there is no other way in
    with pytest.raises(Crash):
        conversion.convert(tmp_path / "model", digest, home)
    models = Models(tmp_path / "prepared")
    embedder, cosine = _load_and_compare(tmp_path / "model", models)
    assert embedder.runtime == "sentence-transformers fp32"
    assert cosine > 0.99999


def test_files_that_are_no_model_are_refused(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(ModelDamaged, match="cannot load the model"):
        load_model(tmp_path)


def test_why_a_model_cannot_be_prepared_is_told(tmp_path: Path) -> None:
    hapless = (sys.executable, "-c", "import sys; print('It had legs.'); sys.exit('It has none left.')")
    files = ModelFiles("a model", tmp_path, "digest")
    with pytest.raises(ModelDamaged, match=r"'a model' cannot be prepared\. It has none left\."):
        conversion.prepare(files, tmp_path / "models" / "digest", hapless)
    left = sorted(path.name for path in (tmp_path / "models").iterdir())
    assert left == ["digest.failed.json", "digest.lock"]


def _program(folder: Path, then: str) -> tuple[str, ...]:
    """What converts a model no further than `then`, and counts how often it was started."""
    return (sys.executable, "-c", f"import sys; print(file=open({str(folder / 'runs')!r}, 'a')); {then}")


_WRITES_A_CARD = (
    "import os, signal; from dataclasses import replace; from pathlib import Path;"
    "from stackroom.embedding.failures import versions;"
    "from stackroom.embedding.model_card import BUNDLED_CARD;"
    "card = replace(BUNDLED_CARD, problem='it never ended', versions=versions());"
    "card.write(Path(sys.argv[3]));"
)


def _runs(folder: Path) -> int:
    return len((folder / "runs").read_text().splitlines())


def test_what_cannot_be_prepared_is_not_tried_again_at_once(tmp_path: Path) -> None:
    files, home = ModelFiles("a model", tmp_path, "digest"), tmp_path / "models" / "digest"
    hapless = _program(tmp_path, "sys.exit('It has no legs.')")
    for _ in range(3):
        with pytest.raises(ModelDamaged, match=r"It has no legs\."):
            conversion.prepare(files, home, hapless)
    assert _runs(tmp_path) == 1
    note = home.with_suffix(".failed.json")
    with pytest.raises(ModelDamaged, match="It is tried again in 60 min, or once"):
        conversion.prepare(files, home, hapless)
    known = json.loads(note.read_text())
    for changed in ({"versions": "others"}, {"time": known["time"] - 4000}, {"time": known["time"] + 4000}):
        note.write_text(json.dumps(known | changed))
        with pytest.raises(ModelDamaged):
            conversion.prepare(files, home, hapless)
    note.write_text("{")
    with pytest.raises(ModelDamaged):
        conversion.prepare(files, home, hapless)
    assert _runs(tmp_path) == 5


@pytest.mark.skipif(os.name != "posix", reason="no signals end a process here")
def test_a_conversion_that_kills_its_process_leaves_the_model_to_its_own_library(tmp_path: Path) -> None:
    files, home = ModelFiles("a model", tmp_path, "digest"), tmp_path / "models" / "digest"
    killed = _program(tmp_path, _WRITES_A_CARD + "os.kill(os.getpid(), signal.SIGKILL)")
    for _ in range(3):
        assert conversion.prepare(files, home, killed).problem == "it never ended"
    assert _runs(tmp_path) == 1
    assert conversion.prepared(home)
    card = ModelCard.read(home)
    assert card is not None
    replace(card, versions="older ones").write(home)  # newer ones may do better
    assert conversion.prepared(home) is None
    assert conversion.prepare(files, home, killed).problem
    assert _runs(tmp_path) == 2


@pytest.mark.skipif(os.name != "posix", reason="no signals end a process here")
def test_one_that_was_stopped_is_no_failure(tmp_path: Path) -> None:
    files, home = ModelFiles("a model", tmp_path, "digest"), tmp_path / "models" / "digest"
    stopped = _program(tmp_path, _WRITES_A_CARD + "os.kill(os.getpid(), signal.SIGTERM)")
    for _ in range(2):
        with pytest.raises(ModelDamaged):
            conversion.prepare(files, home, stopped)
    assert _runs(tmp_path) == 2
    assert conversion.prepared(home) is None


def test_how_far_a_model_is_is_told_without_waiting(prepared_models: Path, tmp_path: Path) -> None:
    assert Models(prepared_models).preparation(BUNDLED) is Preparation.DONE
    models = Models(tmp_path / "models")
    assert models.preparation(BUNDLED) is Preparation.NEEDED
    assert not (tmp_path / "models").exists()
    (tmp_path / "models").mkdir()
    with FileLock(tmp_path / "models" / f"{BUNDLED_DIGEST[:16]}.lock"):
        assert models.preparation(BUNDLED) is Preparation.UNDER_WAY
    assert models.preparation(BUNDLED) is Preparation.NEEDED


def test_a_damaged_compiled_model_is_named(prepared_models: Path, tmp_path: Path) -> None:
    home = tmp_path / BUNDLED_DIGEST[:16]
    shutil.copytree(prepared_models / home.name, home)
    for name in ("model.xml", "int8.xml"):
        (home / name).write_text("<net")
    with pytest.raises(ModelDamaged, match="delete that folder"):
        Models(tmp_path, "fp32").load(BUNDLED)


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"digest": "x", "inputs": []}', '{"inputs": 1}'])
def test_a_card_that_can_t_be_read_is_none(tmp_path: Path, content: str) -> None:
    assert ModelCard.read(tmp_path) is None
    (tmp_path / CARD).write_text(content)
    assert ModelCard.read(tmp_path) is None
    assert Models(tmp_path.parent).runtime(tmp_path.name) == "not compiled yet"


def test_a_card_is_read_as_it_was_written(tmp_path: Path) -> None:
    card = replace(BUNDLED_CARD, inputs=("input_ids", "attention_mask"), problem="ein Problem: ß 文")
    card.write(tmp_path)
    assert ModelCard.read(tmp_path) == card
    (tmp_path / CARD).write_text(json.dumps({**asdict(card), "of_a_later_version": 1}))
    assert ModelCard.read(tmp_path) is None


# The precision is a setting


@pytest.mark.parametrize("value", ["fp16", "FP32", "float32", "8", "bf16,int8"])
def test_another_precision_is_refused(value: str) -> None:
    with pytest.raises(SettingsError, match="STACKROOM_PRECISION must be bf16, int8 or fp32"):
        Settings.read({"STACKROOM_PRECISION": value})


@pytest.mark.parametrize("value", ["", "bf16", "int8", "fp32"])
def test_a_precision_is_taken(value: str) -> None:
    assert Settings.read({"STACKROOM_PRECISION": value}).precision == value
