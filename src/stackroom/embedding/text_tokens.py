"""Texts into a model's tokens, for splitting and for the compiled model. Without torch or transformers."""

import json
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tokenizers import Encoding
from tokenizers import Tokenizer as RustTokenizer

from stackroom.embedding.embedder import Fingerprint

_WORD = re.compile(r"\S+")
# Words kept with their tokens. A book has some ten thousand; longer ones are rarely seen again.
_WORDS_KEPT = 200_000
_LONGEST_KEPT = 64


class ModelTokenizer:
    """A `Tokenizer` (see `embedder`) of a tokenizer.json file."""

    def __init__(self, fingerprint: Fingerprint, path: Path) -> None:
        self._fingerprint = fingerprint
        self._tokenizer = RustTokenizer.from_file(str(path))
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()
        self._by_word = _never_joins_words(self._tokenizer)
        self._known: dict[str, list[int]] = {}

    @property
    def fingerprint(self) -> Fingerprint:
        return self._fingerprint

    def token_starts(self, texts: Sequence[str]) -> list[NDArray[np.int64]]:
        if self._by_word:
            return self._starts_by_word(texts)
        return [_starts(encoding) for encoding in self._encode(texts)]

    def _starts_by_word(self, texts: Sequence[str]) -> list[NDArray[np.int64]]:
        # Of a word that was seen before, the tokens are known: half the work on a library in 20 languages,
        # nine tenths of it on a large one in a single language.
        words = [_WORD.findall(text) for text in texts]
        if len(self._known) > _WORDS_KEPT:
            self._known.clear()
        known = self._known
        new = list({word for found in words for word in found if word not in known})
        seen_once: dict[str, list[int]] = {}
        for word, encoding in zip(new, self._encode(new), strict=True):
            (known if len(word) <= _LONGEST_KEPT else seen_once)[word] = [
                start for start, _ in encoding.offsets
            ]
        return [
            np.array(
                [
                    match.start() + offset
                    for match, word in zip(_WORD.finditer(text), found, strict=True)
                    for offset in (known[word] if word in known else seen_once[word])
                ],
                np.int64,
            )
            for text, found in zip(texts, words, strict=True)
        ]

    def _encode(self, texts: Sequence[str]) -> list[Encoding]:
        return self._tokenizer.encode_batch(list(texts), add_special_tokens=False)


def known_share(tokenizer: RustTokenizer, text: str) -> float:
    """See `Embedder`. Tokenizers of bytes know everything."""
    ids = tokenizer.encode(text, add_special_tokens=False).ids
    name = getattr(tokenizer.model, "unk_token", None)
    unknown = tokenizer.token_to_id(name) if name else None
    return 1 - ids.count(unknown) / len(ids) if ids and unknown is not None else 1.0


def _starts(encoding: Encoding) -> NDArray[np.int64]:
    return np.fromiter((start for start, _ in encoding.offsets), np.int64, len(encoding.ids))


def _never_joins_words(tokenizer: RustTokenizer) -> bool:
    """Whether a text's tokens are those of its words: of tokenizers that split at white space first."""
    first = json.loads(tokenizer.to_str())["pre_tokenizer"] or {}
    if first.get("type") == "Sequence":
        first = first["pretokenizers"][0]
    return first.get("type") in ("BertPreTokenizer", "Whitespace", "WhitespaceSplit")
