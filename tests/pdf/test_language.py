"""The language of a document: told where there is enough text, and "" where there is not."""

import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from indexer.pdf.text.kept_arrays import keep_arrays, read_arrays
from indexer.pdf.text.language import _identifier, _load, identify
from stackroom.reading.query.languages import CODES, language_code

TEXTS = {
    "en": "Otters hold hands while they sleep, so that they do not drift apart in the night.",
    "de": "Otter halten sich im Schlaf an den Händen, damit sie nachts nicht auseinandertreiben.",
    "fr": "Les loutres se tiennent par la main pendant leur sommeil pour ne pas dériver la nuit.",
    "es": "Las nutrias se toman de las manos mientras duermen para no separarse durante la noche.",
    "it": "Le lontre si tengono per mano mentre dormono, per non allontanarsi durante la notte.",
    "pl": "Wydry trzymają się za ręce podczas snu, aby nie oddalić się od siebie w nocy.",
    "ru": "Каланы держатся за лапы во сне, чтобы ночью их не отнесло друг от друга.",
    "el": "Οι βίδρες κρατιούνται χέρι χέρι όταν κοιμούνται, για να μην απομακρυνθούν τη νύχτα.",
    "ar": "تمسك ثعالب الماء بأيدي بعضها البعض أثناء النوم حتى لا تنجرف بعيدا في الليل.",
    "he": "לוטרות מחזיקות ידיים בזמן השינה כדי שלא להיסחף זו מזו במהלך הלילה.",
    "zh": "海獭睡觉时手牵着手,这样它们在夜里就不会被海水冲散。这是一种有趣的行为。",
    "ja": "ラッコは眠っている間に流されて離れ離れにならないように手をつなぎます。",
    "ko": "해달은 밤에 서로 떨어지지 않도록 자는 동안 손을 잡고 있습니다.",
    "hi": "ऊदबिलाव सोते समय एक दूसरे का हाथ पकड़ते हैं ताकि वे रात में अलग न हो जाएं।",
}


@pytest.mark.parametrize(("language", "text"), TEXTS.items())
def test_a_sentence_is_enough(language: str, text: str) -> None:
    assert identify(text) == language
    assert identify(f"{text}\n" * 300) == language


def test_most_of_the_text_counts() -> None:
    german, english = TEXTS["de"] * 20, TEXTS["en"] * 20
    assert identify(german * 8 + english * 3) == "de"
    assert identify(english * 3 + german * 8) == "de"
    assert identify(english * 8 + german * 3) == "en"


NOTHING = ["", " \n", "Otters", "123 456 " * 200, "..." * 500, "\0\1" * 100, "\ud800" * 100, "x" * 3000]
NOTHING += ["def f(x):\n  return x+1\n" * 20, "SELECT a FROM b WHERE c;" * 10]


@pytest.mark.parametrize("text", NOTHING, ids=range(len(NOTHING)))
def test_in_doubt_there_is_none(text: str) -> None:
    assert identify(text) == ""


def test_noise_is_in_no_language() -> None:
    chance = random.Random(26)
    letters = "abcdefghijklmnopqrstuvwxyz    "
    assert identify("".join(chance.choices(letters, k=20_000))) == ""
    assert identify(" ".join(str(chance.randrange(10**6)) for _ in range(3000))) == ""


def test_the_last_character_counts_as_the_first() -> None:
    for length in (1, 499, 500, 501, 7999, 8000, 8001, 20_011):
        text = (TEXTS["de"] * 300)[:length]
        assert identify(text) == ("de" if length > 20 else "")


def test_random_characters_are_no_error() -> None:
    chance = random.Random(27)
    for _ in range(100):
        text = "".join(chr(chance.randrange(0x110000)) for _ in range(chance.randrange(2000)))
        assert identify(text) in CODES | {""}


def test_every_language_told_can_be_asked_for() -> None:
    assert set(_identifier().labels) - {"zxx"} == CODES


def test_the_kept_model_gives_the_same_answers(tmp_path: Path) -> None:
    _load(tmp_path)
    (path,) = tmp_path.iterdir()
    written = path.stat().st_mtime_ns
    kept = _load(tmp_path)
    assert path.stat().st_mtime_ns == written
    for text in [*TEXTS.values(), "", "123", "\ud800", TEXTS["en"] + TEXTS["el"]]:
        assert kept.rank(text) == _identifier().rank(text)


ARRAYS = [np.arange(3000, dtype=np.uint16), np.array(["de", "zxx"]), np.eye(50, dtype=np.float16)]


def same(arrays: list[np.ndarray[Any, Any]] | None) -> bool:
    return arrays is not None and all(map(np.array_equal, arrays, ARRAYS))


def test_damaged_arrays_are_made_again(tmp_path: Path) -> None:
    keep_arrays(tmp_path, "some", "1", ARRAYS)
    (path,) = tmp_path.iterdir()
    whole = path.read_bytes()
    assert same(read_arrays(tmp_path, "some", "1"))
    damaged = [b"", whole[:-1], whole[: len(whole) // 2], whole + b"x", bytes(len(whole))]
    for at in range(0, len(whole), 97):
        damaged.append(whole[:at] + bytes([whole[at] ^ 0x10]) + whole[at + 1 :])
    for content in damaged:
        path.write_bytes(content)
        found = read_arrays(tmp_path, "some", "1")
        assert found is None or same(found)
    keep_arrays(tmp_path, "some", "1", ARRAYS)
    assert same(read_arrays(tmp_path, "some", "1"))


def test_arrays_of_another_version_are_replaced(tmp_path: Path) -> None:
    keep_arrays(tmp_path, "some", "1", ARRAYS)
    (tmp_path / "someone").touch()
    assert read_arrays(tmp_path, "some", "2") is None
    keep_arrays(tmp_path, "some", "2", ARRAYS)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["some-2.zst", "someone"]


def test_arrays_that_cannot_be_kept_are_no_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    keep_arrays(tmp_path / "file", "some", "1", ARRAYS)
    assert read_arrays(tmp_path / "file", "some", "1") is None


NAMES = {
    "de": "de",
    "DE": "de",
    "de-AT": "de",
    "german": "de",
    "Deutsch": "de",
    "zh_Hant": "zh",
    "中文": "zh",
}
NAMES |= {"nb-NO": "no", "": "", "C": "", "-": "", "xx": "", "de AT": "", "german-": "de"}


@pytest.mark.parametrize(("name", "code"), NAMES.items())
def test_names_of_languages(name: str, code: str) -> None:
    assert language_code(name) == code
