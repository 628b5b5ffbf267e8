"""The compiled model: its vectors are the model's own, in each precision."""

import csv
import json
import math
import os
import shutil
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from bundled import BUNDLED, SCIFACT, OwnVectors, least_cosine
from sentences import PASSAGES, QUERIES
from stackroom.common.errors import ModelDamaged
from stackroom.embedding.embedder import Embedder
from stackroom.embedding.model_card import BUNDLED_CARD, TOKENIZER, ModelCard
from stackroom.embedding.model_files import (
    BUNDLED_DIGEST,
    find_model,
)
from stackroom.embedding.models import Models
from stackroom.embedding.processor import Precision
from stackroom.embedding.running.compiled import MODEL, compile_model, import_openvino
from stackroom.embedding.running.prepared import Opening, PreparedEmbedder

LEAST_COSINE: dict[Precision, float] = {"fp32": 0.99999, "bf16": 0.999, "int8": 0.985}


@pytest.fixture(scope="module")
def passage_vectors(compiled: PreparedEmbedder) -> NDArray[np.float32]:
    """Those of PASSAGES, computed together: several batches, whose texts are of very different lengths."""
    return compiled.embed_passages(PASSAGES)


def precision_of(embedder: PreparedEmbedder) -> Precision:
    precision: Precision = embedder.runtime.removeprefix("OpenVINO ")  # type: ignore[assignment]
    return precision


@pytest.mark.proved_once
def test_its_vectors_are_the_model_s_own(
    compiled: PreparedEmbedder, passage_vectors: NDArray[np.float32], own_vectors: OwnVectors
) -> None:
    queries = compiled.embed_queries(QUERIES)
    own_passages, own_queries = own_vectors(PASSAGES, QUERIES)
    for found, expected in ((passage_vectors, own_passages), (queries, own_queries)):
        assert found.dtype == np.float32
        assert found.shape == expected.shape
        np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, atol=1e-3)
        assert least_cosine(found, expected) >= LEAST_COSINE[precision_of(compiled)]


@pytest.mark.proved_once
def test_a_text_s_vector_does_not_depend_on_its_neighbours(
    compiled: PreparedEmbedder, passage_vectors: NDArray[np.float32]
) -> None:
    some = slice(None, None, 7)  # three of each length
    alone = np.concatenate([compiled.embed_passages([text]) for text in PASSAGES[some]])
    assert least_cosine(passage_vectors[some], alone) > 0.999
    backwards = compiled.embed_passages(PASSAGES[some][::-1])[::-1]
    assert least_cosine(passage_vectors[some], backwards) > 0.999


def test_threads_take_turns(compiled: PreparedEmbedder) -> None:
    queries = QUERIES[::2]
    expected = compiled.embed_queries(queries)
    with ThreadPoolExecutor(4) as executor:
        for found in executor.map(lambda _: compiled.embed_queries(queries), range(4)):
            assert least_cosine(found, expected) > 0.9999


@pytest.mark.proved_once
def test_a_query_s_vector_is_the_same_in_a_graph_of_fixed_shape(prepared_models: Path) -> None:
    home = prepared_models / BUNDLED_DIGEST[:16]
    lengths = (3, 15, 16, 17, 31, 32, 33, 63, 64, 65, 256, 400)  # two of these are the signs around a text
    texts = ["otter " * (length - 2) for length in lengths]
    for_passages, for_queries = (Opening(home, "fp32", streams).open() for streams in (2, 1))
    assert [len(one.ids) for one in for_queries.tokenizer.encode_batch(texts)] == [*lengths[:-1], 256]
    alone = np.concatenate([for_queries.outputs([text]) for text in texts])
    expected = np.concatenate([for_passages.outputs([text]) for text in texts])
    np.testing.assert_allclose(alone, expected, rtol=0, atol=1e-6)
    np.testing.assert_allclose(for_queries.outputs(texts), expected, rtol=0, atol=1e-6)
    np.testing.assert_allclose(for_queries.outputs(texts[::-5]), expected[::-5], rtol=0, atol=1e-6)


@pytest.mark.proved_once
def test_a_query_s_vector_does_not_depend_on_its_neighbours(prepared_models: Path) -> None:
    for_queries = Models(prepared_models, queries=True).load(BUNDLED)
    queries = [query[:length] for query, length in zip(QUERIES, (8, 20, 40, 80, 160) * 5, strict=False)]
    alone = np.concatenate([for_queries.embed_queries([query]) for query in queries])
    assert least_cosine(for_queries.embed_queries(queries), alone) > 0.999999


def test_a_model_that_takes_no_fixed_shape_is_run_as_it_is(tmp_path: Path) -> None:
    openvino = import_openvino()
    ops = openvino.opset13
    ids = ops.parameter([-1, -1], np.int64, name="input_ids")
    of_five_places = ops.add(ids, ops.constant(np.arange(5)[None]))
    openvino.save_model(openvino.Model([of_five_places], [ids]), tmp_path / MODEL)
    with_any, with_sixteen = compile_model(tmp_path, "fp32", 1, 16)
    assert with_sixteen is with_any
    with_any, with_one = compile_model(tmp_path, "fp32", 1, 1)
    assert with_one is not with_any


@pytest.mark.proved_once
def test_odd_texts_have_vectors(compiled: PreparedEmbedder) -> None:
    texts = ["", " \n", "\0", "🐈" * 3000, "x" * 100_000, "word " * 20_000, "\u202e\ufeff", "a" * 101]
    vectors = compiled.embed_passages(texts)
    assert np.isfinite(vectors).all()
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-3)
    assert least_cosine(vectors[5:6], compiled.embed_passages(["word " * 300])) > 0.999  # both are cut
    assert compiled.embed_passages([]).shape == (0, BUNDLED.dimensions)
    assert compiled.embed_queries([]).shape == (0, BUNDLED.dimensions)


def test_a_text_without_tokens_has_a_vector(prepared_models: Path, tmp_path: Path) -> None:
    home = tmp_path / "prepared"
    shutil.copytree(prepared_models / BUNDLED_DIGEST[:16], home, copy_function=os.link)
    described = json.loads((home / TOKENIZER).read_text(encoding="utf-8"))
    (home / TOKENIZER).unlink()  # the link, not the file
    # As decoders have it: nothing is put around a text.
    (home / TOKENIZER).write_text(json.dumps(described | {"post_processor": None}), encoding="utf-8")
    model = Opening(home, "fp32", 1).open()
    assert len(model.tokenizer.encode("").ids) == 0
    for inputs in ([""], ["", "otters", " "]):
        np.testing.assert_allclose(np.linalg.norm(model.outputs(inputs), axis=1), 1, atol=1e-3)


@pytest.mark.proved_once
def test_what_is_known_of_the_bundled_model_is_true(prepared_models: Path, own: Embedder) -> None:
    assert find_model("").digest == BUNDLED_DIGEST
    card = ModelCard.read(prepared_models / BUNDLED_DIGEST[:16])
    assert card is not None
    assert card.inputs == ("input_ids", "attention_mask")
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


@pytest.mark.proved_once
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


def test_a_damaged_compiled_model_is_named(prepared_models: Path, tmp_path: Path) -> None:
    home = tmp_path / BUNDLED_DIGEST[:16]
    shutil.copytree(prepared_models / home.name, home)
    for name in ("model.xml", "int8.xml"):
        (home / name).write_text("<net")
    with pytest.raises(ModelDamaged, match="delete that folder"):
        Models(tmp_path, "fp32").load(BUNDLED)
