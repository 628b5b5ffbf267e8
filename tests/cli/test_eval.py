"""`stackroom eval` as its user meets it: it measures, says what is missing, and leaves nothing behind."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from commands import clean_environment, stackroom, stackroom_here
from waiting import wait_until


@pytest.fixture
def collection(tmp_path: Path) -> Path:
    """Three documents, and two queries about them."""
    folder = tmp_path / "collection"
    folder.mkdir()
    texts = {
        "1": "Otters hold hands while they sleep.",
        "2": "Knead the dough.",
        "3": "Taxes are due in July.",
    }
    lines = [json.dumps({"_id": id_, "title": "", "text": text}) for id_, text in texts.items()]
    (folder / "corpus.jsonl").write_text("\n".join(lines))
    (folder / "queries.jsonl").write_text(
        '{"_id": "a", "text": "animals in the sea"}\n{"_id": "b", "text": "dough"}\n'
    )
    (folder / "qrels.tsv").write_text("query-id\tcorpus-id\tscore\na\t1\t1\nb\t2\t1\n")
    return folder


def test_eval_measures_and_keeps_the_index_only_if_told_to(
    collection: Path,
    tmp_path: Path,
    model_with_prompts: Path,
    prepare_data: Callable[[Path], Path],
) -> None:
    data, scratch = prepare_data(tmp_path / "data"), tmp_path / "scratch"
    scratch.mkdir()
    # Python itself remembers where the temporary folder is from its first use on: so in a process of its own.
    ran = stackroom("eval", collection, "--data", data, TMPDIR=str(scratch))
    assert (ran.returncode, ran.stdout.splitlines()[0]) == (
        0,
        "collection: 2 queries; 3 documents, 3 passages; all-MiniLM-L6-v2 (bundled)",
    )
    assert "3 added; 3 pages read, 3 passages embedded" in ran.stderr
    assert list(scratch.iterdir()) == []
    assert [entry.name for entry in data.iterdir()] == ["models"]

    kept = tmp_path / "kept"
    first = stackroom_here("eval", collection, "--data", data, "--keep", kept, "--json")
    again = stackroom_here("eval", collection, "--data", data, "--keep", kept, "--json")
    results = json.loads(first.stdout), json.loads(again.stdout)
    assert all(each.pop("cpu_ms") > 0 for each in results)
    assert results[0] == results[1]
    assert "3 unchanged; nothing to embed" in again.stderr
    measures = json.loads(again.stdout)["measures"]
    assert measures["MRR@10"]["meaning"]["mean"] == 1
    assert measures["MRR@10"]["words"]["mean"] == 0.5  # no otter is an animal by its letters
    assert not (kept / "models").exists()

    copy = shutil.copytree(collection, tmp_path / "copy")
    other = stackroom_here("eval", copy, "--data", data, "--keep", kept)
    assert other.returncode == 2
    assert f"holds the index of {collection / 'corpus.jsonl'}" in other.stderr
    model = stackroom_here(
        "eval", collection, "--data", data, "--keep", kept, STACKROOM_MODEL=str(model_with_prompts)
    )
    assert (model.returncode, f"The index in {kept} was made with another model" in model.stderr) == (2, True)


def test_eval_says_what_is_missing(collection: Path, tmp_path: Path) -> None:
    assert "holds no set of questions" in stackroom_here("eval", tmp_path, "--data", tmp_path).stderr
    (collection / "qrels.tsv").write_text("a\t4\t1\n")
    broken = stackroom_here("eval", collection, "--data", tmp_path)
    assert (broken.returncode, "qrels.tsv, line 1: there is no document '4'" in broken.stderr) == (1, True)
    program = (
        "import sys; sys.modules['ir_measures'] = None; from stackroom.cli.main import main;"
        " sys.exit(main(sys.argv[1:]))"
    )
    without = subprocess.run(
        [sys.executable, "-c", program, "eval", str(collection)], capture_output=True, text=True
    )
    assert (without.returncode, "pip install 'stackroom[eval]'" in without.stderr) == (1, True)


@pytest.mark.skipif(os.name != "posix", reason="sends POSIX signals")
@pytest.mark.parametrize("number", [2, 1])  # SIGINT; SIGHUP: the terminal was closed
def test_an_interrupted_eval_leaves_nothing_behind(collection: Path, tmp_path: Path, number: int) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    command = [sys.executable, "-m", "stackroom", "eval", str(collection), "--data", str(tmp_path / "data")]
    environment = {**clean_environment(), "TMPDIR": str(scratch)}
    process = subprocess.Popen(
        command, stderr=subprocess.PIPE, text=True, start_new_session=True, env=environment
    )
    wait_until(lambda: list(scratch.glob("stackroom-eval-*/index/words/passages/meta.json")), process)
    os.killpg(process.pid, number)
    said = process.communicate(timeout=60)[1]
    assert (process.returncode, "the temporary index is removed" in said) == (130, True), said
    assert "Traceback" not in said
    assert list(scratch.glob("stackroom-eval-*")) == []
