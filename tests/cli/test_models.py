"""`stackroom models`: what is here, how fast it is, what is recommended; and one tried on somebody's PDFs."""

import json
import shutil
import socket
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from commands import stackroom, stackroom_here
from fakes import WordHashEmbedder
from make_pdfs import write_garbage, write_pdf, write_scanned_pdf
from stackroom.cli.evaluation.ask_questions import Measured
from stackroom.cli.evaluation.measures import Figure
from stackroom.cli.evaluation.sample import Sample, read_sample
from stackroom.cli.evaluation.trial_report import Trial, Tried, trial_as_table
from stackroom.cli.models.recommended import recommended
from stackroom.cli.models.speed import PASSAGE_TOKENS, Speeds, measure, standard_passages
from stackroom.common.settings import Settings
from stackroom.embedding.model_card import BUNDLED_CARD
from stackroom.embedding.model_files import BUNDLED_DIGEST, BUNDLED_NAME
from stackroom.embedding.models import Models

TOPICS = (
    *("otters", "bread", "taxes", "ferries", "bees", "clocks", "bridges", "tulips", "violins"),
    *("glaciers", "salt", "mirrors", "owls", "paper", "lanterns", "rivers", "chess", "copper"),
)


@pytest.fixture(scope="module")
def papers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three PDFs, each with six headings in its outline, two on a page."""
    folder = tmp_path_factory.mktemp("papers")
    for number in range(3):
        topics = TOPICS[6 * number : 6 * number + 6]
        pages = ["\n\n".join(map(section, topics[at : at + 2])) for at in (0, 2, 4)]
        outline = [(heading(topic), 1 + at // 2, 0) for at, topic in enumerate(topics)]
        write_pdf(folder / f"{number}.pdf", pages, title=f"Volume {'ABC'[number]} of it", outline=outline)
    return folder


def heading(topic: str) -> str:
    return f"The keeping of {topic}"


def section(topic: str) -> str:
    lines = (f"Whoever has {topic} at home knows the rule {number}." for number in range(9))
    return "\n".join([heading(topic), *lines])


@pytest.fixture
def data(tmp_path: Path, prepare_data: Callable[[Path], Path], model_with_prompts: Path) -> Path:
    """A data folder without an index, in which two models are prepared."""
    return prepare_data(tmp_path / "data")


def test_what_is_here_and_what_is_recommended(data: Path, model_with_prompts: Path, tmp_path: Path) -> None:
    for folder in (tmp_path / "empty", tmp_path / "sparse", data / "models" / "reranker-0123456789abcdef"):
        folder.mkdir()
    sparse = tmp_path / "sparse"
    (sparse / "config.json").write_text("{}")
    (sparse / "config_sentence_transformers.json").write_text('{"model_type": "SparseEncoder"}')
    replace(BUNDLED_CARD, digest="0123456789abcdef").write(folder)
    folders = [
        *("--folder", model_with_prompts),
        *("--folder", tmp_path / "empty"),
        *("--folder", sparse),
    ]
    ran = stackroom_here("models", *folders, "--json", "--data", data)
    listed = json.loads(ran.stdout)
    here = {model["name"]: model for model in listed["here"]}
    bundled, other = here[BUNDLED_NAME], here[str(model_with_prompts)]
    assert (bundled["is_used"], bundled["dimensions"], bundled["licence"]) == (True, 384, "apache-2.0")
    assert bundled["cpu_ms"] > 0 < other["cpu_ms"]
    assert not other["is_used"]
    empty = here[str(tmp_path / "empty")]
    assert (empty["cpu_ms"], "holds no sentence-transformers model" in empty["runtime"]) == (None, True)
    assert (here[str(sparse)]["digest"], "a sparse encoder" in here[str(sparse)]["runtime"]) == ("", True)
    assert not any(name.startswith("prepared as") for name in here)  # a reranker is no model
    assert {model["name"] for model in listed["recommended"]} >= {"BAAI/bge-small-en-v1.5"}

    Speeds(data / "models").remember(BUNDLED_DIGEST, bundled["runtime"], BUNDLED_NAME, 1234.5)
    shown = stackroom_here("models", "--data", data).stdout
    assert f"*  {BUNDLED_NAME}" in shown
    assert "1234.5" in shown  # it was not measured again
    assert str(model_with_prompts) in shown  # which is known by its digest
    wrong = stackroom_here("models", "--folder", tmp_path / "nowhere", "--data", data)
    assert (wrong.returncode, "nowhere is not a folder" in wrong.stderr) == (2, True)


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """A server to which nobody should connect."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0)
        yield server


def test_the_hub_s_cache_is_listed_without_asking_the_hub(tmp_path: Path, listener: socket.socket) -> None:
    cache, commit = tmp_path / "hub", "0123456789" * 4
    for name in ("some--model", "some--language-model"):
        repository = cache / f"models--{name}"
        snapshot = repository / "snapshots" / commit
        snapshot.mkdir(parents=True)
        (repository / "refs").mkdir()
        (repository / "refs" / "main").write_text(commit)
        (snapshot / "config.json").write_text("{}")
    (cache / "models--some--model" / "snapshots" / commit / "modules.json").write_text("[]")
    hub = f"http://127.0.0.1:{listener.getsockname()[1]}"
    ran = stackroom(
        *("models", "--json", "--data", tmp_path / "data"),
        HF_HUB_CACHE=str(cache),
        HF_ENDPOINT=hub,
        STACKROOM_MODEL="not/here",
    )
    assert ran.returncode == 0, ran.stderr
    here = {model["name"]: model for model in json.loads(ran.stdout)["here"]}
    assert here["some/model"]["runtime"] == "not compiled yet"
    assert {"some/language-model", "not/here"}.isdisjoint(here)
    with pytest.raises(BlockingIOError):
        listener.accept()
    assert not (tmp_path / "data").exists()


def test_recommended_models_have_sources_or_nothing() -> None:
    for model in recommended():
        assert model.parameters > 0 < model.dimensions
        assert model.licence in ("mit", "apache-2.0")
        assert model.scores == "" or " ." in model.scores


def test_speeds_are_remembered_by_model_and_runtime(tmp_path: Path) -> None:
    embedder = WordHashEmbedder(passage_tokens=40)
    passages = standard_passages(embedder)
    assert {len(starts) for starts in embedder.token_starts(passages)} == {40}
    longer = standard_passages(WordHashEmbedder(passage_tokens=500))
    assert {len(starts) for starts in embedder.token_starts(longer)} == {PASSAGE_TOKENS}
    speed = measure(embedder, passages)
    assert speed.cpu_ms > 0 < speed.wall_ms
    Speeds(tmp_path).remember("d1", "fast", "one", 1.5)
    Speeds(tmp_path).remember("d2", "fast", "two", 2.5)
    speeds = Speeds(tmp_path)
    found = [speeds.cpu_ms(*key) for key in (("d1", "fast"), ("d2", "fast"), ("d1", "slow"))]
    assert (found, speeds.name("d2"), speeds.name("d3")) == ([1.5, 2.5, None], "two", "")
    next(tmp_path.glob("*.json")).write_text("[1, 2")
    assert Speeds(tmp_path).cpu_ms("d1", "fast") is None


def test_the_same_sample_is_taken_each_time(papers: Path, tmp_path: Path) -> None:
    def sample() -> Sample:
        told: list[int] = []
        tokenizer = WordHashEmbedder(passage_tokens=40)
        found = read_sample(papers, Settings.read({}, data=tmp_path, workers=2), tokenizer, 20, told.append)
        assert told[-1] == 20
        return found

    first = sample()
    assert (first.files, len(first.documents), first.cut, first.unread) == (3, 3, 3, 0)
    assert first.passages < first.uncut
    assert all(0 < len(document.pages) < 3 for document in first.documents.values())
    for document in first.documents.values():
        assert document.sections[-1].start < len(document.text)
    assert sample() == first


def test_a_model_is_tried_beside_the_present_one(data: Path, papers: Path, model_with_prompts: Path) -> None:
    attempt = ("models", "try", model_with_prompts, papers, "--data", data, "--passages", 100)
    ran = stackroom_here(*attempt, "--json")
    trial = json.loads(ran.stdout)
    assert (trial["files"], trial["documents"], trial["cut"], trial["unread"]) == (3, 3, 0, 0)
    assert (trial["headings"], trial["titles"], trial["has_library"]) == (18, 3, False)
    for name, one in ((BUNDLED_NAME, trial["present"]), (str(model_with_prompts), trial["tried"])):
        assert one["name"] == name
        assert one["cpu_ms"] > 0 < one["library_seconds"]
        assert one["measures"]["page@1"]["words"]["mean"] == 1  # a rare word of the heading is in its text
        assert one["measures"]["page@1"]["queries"] == 18
    assert trial["difference"]["page@1"]["words"] == {"mean": 0, "low": 0, "high": 0}
    assert [path.name for path in data.iterdir()] == ["models"]


def test_what_cannot_be_tried_is_refused(
    data: Path, papers: Path, model_with_prompts: Path, tmp_path: Path
) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()

    def refusal(model: object, folder: Path, code: int = 2) -> str:
        ran = stackroom_here("models", "try", model, folder, "--data", data, "--quiet")
        assert (ran.returncode, ran.stdout) == (code, "")
        return ran.stderr

    assert "is the model of your library already" in refusal(BUNDLED_NAME, papers)
    assert "There is no folder 'no model'" in refusal("no model", papers, 1)
    assert "holds no sentence-transformers model" in refusal(empty, papers, 1)
    assert "nowhere is not a folder" in refusal(model_with_prompts, tmp_path / "nowhere")
    assert "There are no PDFs in" in refusal(model_with_prompts, empty)
    unread = tmp_path / "unread"
    unread.mkdir()
    write_scanned_pdf(unread / "scan.pdf")
    write_garbage(unread / "broken.pdf")
    assert "None of the 2 PDFs in" in refusal(model_with_prompts, unread)
    few = tmp_path / "few"
    few.mkdir()
    shutil.copy(papers / "0.pdf", few)
    assert "Only 7 questions can be drawn from 1 document that" in refusal(model_with_prompts, few)
    assert Models(data / "models").runtime(BUNDLED_DIGEST).startswith("compiled")


def test_a_trial_says_what_may_be_chance() -> None:
    def tried(name: str, *found: float) -> Tried:
        zero, values = Figure(0, 0, 0), {"words": found, "meaning": found, "fused": (1.0, 1.0, 1.0, 1.0)}
        measured = Measured(4, zero, zero, zero, "words", zero, values)
        return Tried(name, "OpenVINO bf16", 100, 12.34, 2000, 125.0, {"page@5": measured})

    one, other = tried("one", 0, 0, 0, 1), tried("other", 1, 1, 1, 1)
    table = trial_as_table(Trial("papers", 9, 5, 1, 2, 3, 1, True, one, other)).splitlines()
    assert table[0] == (
        "papers: 5 of 9 PDFs, 1 of them in part; 2 could not be read or have no text; "
        "1 heading and 3 titles asked"
    )
    rows = {line[:31].strip(): line[31:].split() for line in table[5:10]}
    assert rows["page@5, meaning alone"][:3] == ["0.250", "1.000", "+0.750"]
    assert rows["page@5, together"] == ["1.000", "1.000", "+0.000", "[+0.000,", "+0.000]"]
    assert rows["CPU-ms a passage"] == ["12.3", "12.3"]
    assert "2 min 5 s (2,000 passages)" in table[9]
