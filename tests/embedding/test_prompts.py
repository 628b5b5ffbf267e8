"""The words that models want before queries and passages: who says so, and what hangs on it."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from bundled import BUNDLED
from stackroom.common.errors import ModelError, ModelMismatch, SettingsError
from stackroom.common.settings import Settings
from stackroom.embedding.embedder import refuse_another_model
from stackroom.embedding.model_card import BUNDLED_CARD
from stackroom.embedding.model_files import BUNDLED_DIGEST, BUNDLED_NAME, find_model
from stackroom.embedding.models import Models
from stackroom.embedding.multilingual.package import MULTILINGUAL_NAME
from stackroom.embedding.prompts import (
    Prompts,
    digest_with,
    has_same_files,
    own_prompts,
    plain_prompts,
    set_prompts,
    wanted_prompts,
)

E5 = ("query: ", "passage: ")
BGE = ("Represent this sentence for searching relevant passages: ", "")


def words(prompts: Prompts) -> tuple[str, str]:
    return prompts.query, prompts.passage


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("intfloat/e5-small-v2", E5),
        ("INTFLOAT/E5-Small-V2", E5),
        ("/models/intfloat/multilingual-e5-small", E5),
        ("/home/me/e5-base/", E5),
        ("C:\\models\\BAAI\\bge-small-en-v1.5", BGE),
        ("/hub/models--BAAI--bge-small-en-v1.5/snapshots/5c38ec7c405ec4b44b94cc5a9bb96e735b38267a", BGE),
        ("/old/BAAI_bge-small-en-v1.5", BGE),
        ("somebody/bge-small-en-v1.5", BGE),
        ("WhereIsAI/UAE-Large-V1", BGE),
        ("/models/e5-small-v2 (copy)", E5),
        (MULTILINGUAL_NAME, E5),
        ("cl-nagoya/ruri-base", ("クエリ: ", "文章: ")),
        ("nomic-ai/nomic-embed-text-v1.5", ("search_query: ", "search_document: ")),
        ("intfloat/e5-small-v2-of-mine", ("", "")),
        ("/e5-base/mine", ("", "")),
        (BUNDLED_NAME, ("", "")),
        ("", ("", "")),
    ],
)
def test_a_model_is_known_by_its_name(tmp_path: Path, name: str, expected: tuple[str, str]) -> None:
    found = wanted_prompts(name, tmp_path)
    assert words(found) == expected
    assert found.query_from == found.passage_from
    assert found.query_from.startswith("known for ") == (expected != ("", ""))


@pytest.mark.parametrize(
    ("readme", "config", "where"),
    [
        ("---\nmodel-index:\n- name: e5-small-v2\n  results: []\n---\n# A model\n", None, "README.md"),
        ("---\nlicense: mit\nbase_model: intfloat/e5-small-v2\ntags:\n- x\n---\n", None, "README.md"),
        ('---\r\nbase_model:\r\n- "intfloat/e5-small-v2"\r\ntags:\r\n- x\r\n---\r\n', None, "README.md"),
        ("# No front matter", "intfloat/e5-small-v2", "config.json"),
        (None, "/models/models--intfloat--e5-small-v2/snapshots/abc/", "config.json"),
    ],
)
def test_a_folder_of_another_name_is_known_by_its_files(
    tmp_path: Path, readme: str | None, config: str | None, where: str
) -> None:
    if readme:
        (tmp_path / "README.md").write_text(readme, newline="")
    if config:
        (tmp_path / "config.json").write_text(json.dumps({"_name_or_path": config}))
    found = wanted_prompts(str(tmp_path), tmp_path)
    assert words(found) == E5
    assert found.query_from == f"known for intfloat/e5-small-v2, which its {where} names"


@pytest.mark.parametrize(
    "readme",
    [
        "base_model: intfloat/e5-small-v2",  # no front matter
        "---\nbase_model:\n- intfloat/e5-small-v2\n- intfloat/e5-base\n---\n",  # of two, none speaks for it
        "---\ntags: []\n---\nbase_model: intfloat/e5-small-v2\n",
        "---\nbase_model: a/model\n---\n",
    ],
)
def test_what_does_not_name_a_model_is_not_taken_for_it(tmp_path: Path, readme: str) -> None:
    (tmp_path / "README.md").write_text(readme)
    (tmp_path / "config.json").write_text("[")
    assert wanted_prompts(str(tmp_path), tmp_path) == Prompts()


def test_the_models_own_files_come_first(tmp_path: Path) -> None:
    folder = tmp_path / "e5-small-v2"
    folder.mkdir()
    (folder / "config.json").write_text("{}")
    own = folder / "config_sentence_transformers.json"
    digests = set()

    def digest(prompts: object) -> str:
        own.write_text(json.dumps({"prompts": prompts}))
        digests.add(found := Models(tmp_path).digest(str(folder)))
        return found

    own.write_text(json.dumps({"prompts": {"query": "ask: ", "document": "", "passage": "tell: "}}))
    assert plain_prompts(folder) == Prompts("ask: ", "tell: ", "its own files", "its own files")
    assert wanted_prompts(str(folder), folder) == plain_prompts(folder)
    # Then the digest is that of the files.
    assert digest({"query": "ask: ", "passage": "tell: "}) == find_model(str(folder)).digest
    # With one that is not empty, its authors have spoken.
    assert digest({"query": "ask: ", "document": ""}) == find_model(str(folder)).digest
    # The library writes empty ones for every model: they say nothing.
    for nothing in ({"query": "", "document": ""}, None, {"query": None}, "ask: "):
        found = digest(nothing)
        assert found == digest_with(find_model(str(folder)).digest, "", "passage: ")
    own.write_text("\xff", encoding="latin-1")
    assert words(wanted_prompts(str(folder), folder)) == E5
    assert len(digests) == 6


def test_prompts_that_were_not_looked_for_before_make_another_digest(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    own = tmp_path / "config_sentence_transformers.json"
    own.write_text(json.dumps({"prompts": {"search_query": "q: ", "search_document": "d: "}}))
    files = find_model(str(tmp_path))
    assert words(files.prompts) == ("", "")
    assert words(wanted_prompts(files.name, files.folder)) == ("q: ", "d: ")
    assert Models(tmp_path).digest(files.name) == digest_with(files.digest, "", "d: ")


def test_prompts_that_models_call_otherwise_are_found() -> None:
    assert words(own_prompts({"search_query": "q: ", "search_document": "d: ", "sts": "s: "})) == (
        "q: ",
        "d: ",
    )
    assert words(own_prompts({"retrieval.query": "q: ", "retrieval.passage": "d: "})) == ("q: ", "d: ")
    assert words(own_prompts({"query": "Represent: {text}"})) == ("Represent: ", "")
    assert own_prompts({"clustering": "c: "}) == Prompts()


def test_the_settings_override_both() -> None:
    known = Prompts(*E5, "a", "b")
    assert set_prompts(known, "", "") == known
    asked = set_prompts(known, "ask: {text}", "")
    assert asked == Prompts("ask: ", "passage: ", "STACKROOM_QUERY_PROMPT", "b")
    assert words(set_prompts(known, "{text}", "{text}")) == ("", "")
    settings = Settings.read({"STACKROOM_QUERY_PROMPT": "ask: ", "STACKROOM_PASSAGE_PROMPT": " "})
    assert (settings.query_prompt, settings.passage_prompt) == ("ask: ", "")  # the blank is kept
    with pytest.raises(SettingsError, match="at its end"):
        Settings.read({"STACKROOM_PASSAGE_PROMPT": "{text} it says"})


def test_words_before_passages_are_part_of_what_identifies_vectors() -> None:
    digest = "0123456789abcdef" * 4
    other = digest_with(digest, "", "passage: ")
    assert digest_with(digest, "passage: ", "passage: ") == digest
    assert len(other) == len(digest)
    assert other[:16] != digest[:16]  # a folder of its own for the prepared model
    assert has_same_files(other, digest)
    assert not has_same_files(other, BUNDLED_DIGEST)
    assert digest_with(digest, "", "passage:") != other == digest_with(digest, "", "passage: ")
    with pytest.raises(ModelMismatch, match=r"other words.*STACKROOM_PASSAGE_PROMPT"):
        refuse_another_model("e5", other, replace(BUNDLED, name="e5", digest=digest))


def test_the_bundled_model_has_none_and_its_digest_stays(tmp_path: Path) -> None:
    assert Models(tmp_path).digest("") == BUNDLED_DIGEST
    assert Models(tmp_path, query_prompt="ask: ").digest("") == BUNDLED_DIGEST
    assert Models(tmp_path, passage_prompt="{text}").digest("") == BUNDLED_DIGEST
    assert has_same_files(Models(tmp_path, passage_prompt="tell: ").digest(""), BUNDLED_DIGEST)
    assert Models(tmp_path, passage_prompt="tell: ").digest("") != BUNDLED_DIGEST


def test_what_is_used_is_told(tmp_path: Path) -> None:
    assert Models(tmp_path).prompts(BUNDLED_DIGEST) is None
    card = BUNDLED_CARD.with_prompts(Prompts(*E5, "a", "b"))
    home = tmp_path / BUNDLED_DIGEST[:16]
    home.mkdir()
    card.write(home)
    assert Models(tmp_path).prompts(BUNDLED_DIGEST) == Prompts(*E5, "a", "b")
    asked = Models(tmp_path, query_prompt="ask: ", passage_prompt="tell: ").prompts(BUNDLED_DIGEST)
    assert asked == Prompts("ask: ", "passage: ", "STACKROOM_QUERY_PROMPT", "b")


def test_words_that_leave_no_room_for_a_query_are_refused(prepared_models: Path) -> None:
    with pytest.raises(ModelError, match=r"256 tokens, .* have 302 \(STACKROOM_QUERY_PROMPT\)"):
        Models(prepared_models, query_prompt="river " * 300).load(BUNDLED)
    embedder = Models(prepared_models, query_prompt="river " * 200).load(BUNDLED)
    assert embedder.embed_queries(["otters"]).shape == (1, 384)
