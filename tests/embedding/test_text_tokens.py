"""Counting text in the model's tokens, word by word, gives what its own tokenizer gives for the whole."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer as RustTokenizer
from tokenizers import models, pre_tokenizers

from sentences import PASSAGES, SENTENCES
from stackroom.embedding.model_card import TOKENIZER
from stackroom.embedding.model_files import bundled_folder
from stackroom.embedding.models import Models
from stackroom.embedding.text_tokens import ModelTokenizer, known_share


@pytest.fixture(scope="module")
def tokenizers(models_folder: Path) -> tuple[ModelTokenizer, RustTokenizer]:
    """Ours and the one that it is made of."""
    ours = Models(models_folder).tokenizer("")
    assert isinstance(ours, ModelTokenizer)
    plain = RustTokenizer.from_file(str(bundled_folder() / TOKENIZER))
    plain.no_truncation()
    plain.no_padding()
    return ours, plain


def check_token_starts(tokenizers: tuple[ModelTokenizer, RustTokenizer], texts: Sequence[str]) -> None:
    ours, plain = tokenizers
    for text, found in zip(texts, ours.token_starts(texts), strict=True):
        assert found.dtype == np.int64
        expected = [start for start, _ in plain.encode(text, add_special_tokens=False).offsets]
        assert found.tolist() == expected


def test_tokens_by_word_are_those_of_the_text(tokenizers: tuple[ModelTokenizer, RustTokenizer]) -> None:
    both = "\n\n".join(SENTENCES) + "\t \u00a0\u3000" + "unbelievableness" * 20 + " x" * 700
    check_token_starts(tokenizers, [*PASSAGES, both, "", " ", " lead and trail \n", "e\u0301te\u0301 ﬁne ²"])
    check_token_starts(tokenizers, [both, *PASSAGES])  # of words that are known by now
    assert tokenizers[0].token_starts([]) == []


def test_so_are_those_of_more_words_than_are_encoded_at_once(
    tokenizers: tuple[ModelTokenizer, RustTokenizer],
) -> None:
    check_token_starts(tokenizers, [" ".join(f"w{number}ord" for number in range(10_500))])


# Control characters, which repairing takes out of every text, are the one difference: the model's tokenizer
# drops some of them without ending the word, and takes no others for blanks.
_TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc"], include_characters="\n\t"), max_size=80)


@given(st.lists(st.one_of(_TEXT, st.lists(st.sampled_from(SENTENCES)).map(" ".join)), max_size=4))
def test_so_are_those_of_any_text(tokenizers: tuple[ModelTokenizer, RustTokenizer], texts: list[str]) -> None:
    check_token_starts(tokenizers, texts)


def test_what_is_known_of_texts_is_the_same_by_word_and_as_a_whole(
    tokenizers: tuple[ModelTokenizer, RustTokenizer], tmp_path: Path
) -> None:
    by_word, plain = tokenizers
    texts = [*PASSAGES, *SENTENCES, "", "\u0301 42", "한국어 до тех пор 為什麼 naïve"]
    described = json.loads(plain.to_str())
    first = {"type": "Split", "pattern": {"String": "\u2603"}, "behavior": "Isolated", "invert": False}
    described["pre_tokenizer"] = {"type": "Sequence", "pretokenizers": [first, described["pre_tokenizer"]]}
    (tmp_path / TOKENIZER).write_text(json.dumps(described))
    whole = ModelTokenizer(by_word.fingerprint, tmp_path / TOKENIZER)
    assert whole.known_shares(texts) == by_word.known_shares(texts) == [known_share(plain, t) for t in texts]
    assert whole.known_shares(["", "the", "живут"]) == [1, 1, 0]
    for text, starts in zip(texts, whole.token_starts(texts), strict=True):
        assert starts.tolist() == by_word.token_starts([text])[0].tolist()


def test_the_blank_of_sentencepiece_is_no_letter() -> None:
    pieces = ["<unk>", "▁", "▁1915", "谁", "在", "年", "x", "▁otter", "क", "▁क", "ते", "▁हैं"]
    scores = [(piece, -float(number)) for number, piece in enumerate(pieces)]
    tokenizer = RustTokenizer(models.Unigram(scores, 0, byte_fallback=False))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace()]
    )
    assert tokenizer.encode("谁在").tokens == ["▁", "谁", "在"]
    assert known_share(tokenizer, "谁在 1915 年") == known_share(tokenizer, "谁") == 1
    assert known_share(tokenizer, "x otter") == 1  # a word of one letter, after a blank of its own
    assert known_share(tokenizer, "谁 йй") == pytest.approx(1 / 3)
    assert known_share(tokenizer, "xx") == 0  # spelled out
    # In Indian scripts a letter and its vowel sign make a syllable; letters one by one spell a word out.
    assert known_share(tokenizer, "कते हैं") == pytest.approx(2 / 3)
