"""Texts into a model's tokens, for splitting and for the compiled model. Without torch or transformers."""

import json
import re
from collections import ChainMap
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from tokenizers import Encoding
from tokenizers import Tokenizer as RustTokenizer

from stackroom.embedding.embedder import Fingerprint

_WORD = re.compile(r"\S+")
# Words kept with their tokens. A book has some ten thousand; longer ones are rarely seen again.
_WORDS_KEPT = 200_000
_LONGEST_KEPT = 64

# Thai, Lao, Burmese, Khmer, Japanese, Chinese, Korean: one of these letters may be a word or a syllable.
_SYLLABLE = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3041-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff]"
)


class _Word(NamedTuple):
    """What is known of a word: where its tokens start, and its letters (see `known_share`)."""

    starts: list[int]
    letters: int
    known: int


class ModelTokenizer:
    """A `Tokenizer` (see `embedder`) of a tokenizer.json file."""

    def __init__(self, fingerprint: Fingerprint, path: Path) -> None:
        self._fingerprint = fingerprint
        self._tokenizer = RustTokenizer.from_file(str(path))
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()
        self._by_word = _never_joins_words(self._tokenizer)
        self._seen: dict[str, _Word] = {}

    @property
    def fingerprint(self) -> Fingerprint:
        return self._fingerprint

    def token_starts(self, texts: Sequence[str]) -> list[NDArray[np.int64]]:
        if not self._by_word:
            return [_starts(encoding) for encoding in self._encode(texts)]
        words = [_WORD.findall(text) for text in texts]
        seen = self._see(words)
        return [
            np.array(
                [
                    match.start() + offset
                    for match, word in zip(_WORD.finditer(text), found, strict=True)
                    for offset in seen[word].starts
                ],
                np.int64,
            )
            for text, found in zip(texts, words, strict=True)
        ]

    def known_shares(self, texts: Sequence[str]) -> list[float]:
        if not self._by_word:
            encodings = zip(texts, self._encode(texts), strict=True)
            return [_share(*_letters(self._tokenizer, text, encoding)) for text, encoding in encodings]
        words = [_WORD.findall(text) for text in texts]
        seen = self._see(words)
        return [
            _share(sum(seen[word].letters for word in found), sum(seen[word].known for word in found))
            for found in words
        ]

    def _see(self, texts: Sequence[Sequence[str]]) -> Mapping[str, _Word]:
        """What is known of each word of these texts."""
        # Of a word that was seen before, the tokens are known: half the work on a library in 20 languages,
        # nine tenths of it on a large one in a single language.
        if len(self._seen) > _WORDS_KEPT:
            self._seen.clear()
        new = list({word for words in texts for word in words if word not in self._seen})
        long: dict[str, _Word] = {}
        for word, encoding in zip(new, self._encode(new), strict=True):
            starts = [start for start, _ in encoding.offsets]
            kept = self._seen if len(word) <= _LONGEST_KEPT else long
            kept[word] = _Word(starts, *_letters(self._tokenizer, word, encoding))
        return ChainMap(long, self._seen)

    def _encode(self, texts: Sequence[str]) -> list[Encoding]:
        return self._tokenizer.encode_batch(list(texts), add_special_tokens=False)


def known_share(tokenizer: RustTokenizer, text: str) -> float:
    """See `Embedder`."""
    return _share(*_letters(tokenizer, text, tokenizer.encode(text, add_special_tokens=False)))


def _share(letters: int, known: int) -> float:
    return known / letters if letters else 1.0


def _letters(tokenizer: RustTokenizer, text: str, encoding: Encoding) -> tuple[int, int]:
    """How many letters the tokens of a text have, and in how many of them the model knows more than a letter.

    Not known is what has no token; what is spelled out letter by letter, as an English model does with
    Russian; and what is below letters: bytes, or the strokes of a Korean syllable.
    """
    name = getattr(tokenizer.model, "unk_token", None)
    unknown = tokenizer.token_to_id(name) if name else None
    ids, words, offsets = encoding.ids, encoding.word_ids, encoding.offsets
    letters = known = 0
    for at, (start, end) in enumerate(offsets):
        count = sum(char.isalpha() for char in text[start:end])
        if not count:
            continue
        letters += count
        beside = [near for near in (at - 1, at + 1) if 0 <= near < len(ids) and words[near] == words[at]]
        if ids[at] == unknown or any(offsets[near] == (start, end) for near in beside):
            continue
        if count > 1 or not beside or _SYLLABLE.match(text, start):
            known += count
    return letters, known


def _starts(encoding: Encoding) -> NDArray[np.int64]:
    return np.fromiter((start for start, _ in encoding.offsets), np.int64, len(encoding.ids))


def _never_joins_words(tokenizer: RustTokenizer) -> bool:
    """Whether a text's tokens are those of its words: of tokenizers that split at white space first."""
    first = json.loads(tokenizer.to_str())["pre_tokenizer"] or {}
    if first.get("type") == "Sequence":
        first = first["pretokenizers"][0]
    return first.get("type") in ("BertPreTokenizer", "Whitespace", "WhitespaceSplit")
