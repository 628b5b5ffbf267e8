"""Finds a model's tokens in texts, for splitting them into passages. Needs neither torch nor transformers."""

import json
import re
from collections.abc import Mapping, Sequence
from itertools import chain, pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from tokenizers import Encoding
from tokenizers import Tokenizer as RustTokenizer

from stackroom.common.characters.scripts import HANGUL, INDIAN, UNSPACED
from stackroom.embedding.embedder import Fingerprint

_WORD = re.compile(r"\S+")
# How many words are kept with their tokens; a book has some ten thousand. Words longer than _LONGEST_KEPT are
# rarely seen again and kept for one call only.
_WORDS_KEPT = 200_000
_LONGEST_KEPT = 64
# How many words are encoded at once: bounds the memory that a book of nothing but names takes.
_WORDS_AT_ONCE = 10_000

# SentencePiece's sign for the blank before a word. Where no longer piece begins with it, it is a token, to
# which the library gives the place of the word's first character.
_BLANK = "▁"

# Thai, Lao, Burmese, Khmer, Japanese, Chinese, Korean: one of these letters may be a word or a syllable.
_SYLLABLES = re.compile(f"[{UNSPACED}{HANGUL}]+")
_INDIAN = re.compile(f"[{INDIAN}]+")


class _Word(NamedTuple):
    """A word's tokens: where they start, how many letters it has, and how many of these are known."""

    starts: list[int]
    letters: int
    known: int


class _Tokens(NamedTuple):
    """For each token of a text: where it starts, how many letters it has, and how many of these are known."""

    starts: NDArray[np.int64]
    letters: NDArray[np.int64]
    known: NDArray[np.int64]


class ModelTokenizer:
    """A `Tokenizer` (see `embedder`) that a tokenizer.json file describes."""

    def __init__(self, fingerprint: Fingerprint, path: Path) -> None:
        self._fingerprint = fingerprint
        self._tokenizer = RustTokenizer.from_file(str(path))
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()
        self._by_word = _never_joins_words(self._tokenizer)
        self._seen: dict[str, _Word] = {}
        self._long: list[str] = []

    @property
    def fingerprint(self) -> Fingerprint:
        return self._fingerprint

    def token_starts(self, texts: Sequence[str]) -> list[NDArray[np.int64]]:
        if not self._by_word:
            return [_starts(encoding) for encoding in self._encode(texts)]
        words = [_WORD.findall(text) for text in texts]
        seen = self._see(words)
        found = []
        for text, of_text in zip(texts, words, strict=True):
            # In arrays, because of a library it is millions of tokens.
            starts = [seen[word].starts for word in of_text]
            counts = np.fromiter(map(len, starts), np.int64, len(starts))
            words_at = np.fromiter((match.start() for match in _WORD.finditer(text)), np.int64, len(starts))
            in_words = np.fromiter(chain.from_iterable(starts), np.int64, int(counts.sum()))
            found.append(np.repeat(words_at, counts) + in_words)
        return found

    def known_shares(self, texts: Sequence[str]) -> list[float]:
        if not self._by_word:
            encodings = zip(texts, self._encode(texts), strict=True)
            return [_share_of(_tokens(self._tokenizer, text, encoding)) for text, encoding in encodings]
        words = [_WORD.findall(text) for text in texts]
        seen = self._see(words)
        shares = []
        for of_text in words:
            letters = known = 0
            for word in of_text:
                _, letters_in_word, known_in_word = seen[word]
                letters += letters_in_word
                known += known_in_word
            shares.append(_share(letters, known))
        return shares

    def _see(self, texts: Sequence[Sequence[str]]) -> Mapping[str, _Word]:
        """The tokens of each word of these texts."""
        # The tokens of a word that was seen before are known already. That saves half the work on a library
        # in 20 languages, and nine tenths on a large one in a single language.
        if len(self._seen) > _WORDS_KEPT:
            self._seen.clear()
        for word in self._long:
            self._seen.pop(word, None)
        new = list(set(chain.from_iterable(texts)).difference(self._seen))
        for at in range(0, len(new), _WORDS_AT_ONCE):
            self._learn(new[at : at + _WORDS_AT_ONCE])
        self._long = [word for word in new if len(word) > _LONGEST_KEPT]
        return self._seen

    def _learn(self, new: Sequence[str]) -> None:
        # As one text: an encoding for each of them takes more than twice as long.
        text = "\n".join(new)
        tokens = _tokens(self._tokenizer, text, self._tokenizer.encode(text, add_special_tokens=False))
        ends = np.cumsum(np.fromiter(map(len, new), np.int64, len(new)) + 1)
        begins = np.concatenate([[0], ends])
        bounds = np.searchsorted(tokens.starts, begins)
        letters, known = (
            np.diff(np.concatenate([[0], np.cumsum(each)])[bounds]).tolist()
            for each in (tokens.letters, tokens.known)
        )
        starts = (tokens.starts - np.repeat(begins[:-1], np.diff(bounds))).tolist()
        spans = pairwise(bounds.tolist())
        for word, (first, last), its, of_these in zip(new, spans, letters, known, strict=True):
            self._seen[word] = _Word(starts[first:last], its, of_these)

    def _encode(self, texts: Sequence[str]) -> list[Encoding]:
        return self._tokenizer.encode_batch(list(texts), add_special_tokens=False)


def known_share(tokenizer: RustTokenizer, text: str) -> float:
    """The share of known letters; see `Embedder.known_share`."""
    return _share_of(_tokens(tokenizer, text, tokenizer.encode(text, add_special_tokens=False)))


def _share_of(tokens: _Tokens) -> float:
    return _share(int(tokens.letters.sum()), int(tokens.known.sum()))


def _share(letters: int, known: int) -> float:
    return known / letters if letters else 1.0


def _tokens(tokenizer: RustTokenizer, text: str, encoding: Encoding) -> _Tokens:
    """The tokens of a text, with their letters, and those of their letters that the model knows.

    Unknown are letters without a token; those of words that are spelled out letter by letter, as an English
    model does with Russian; and those that are cut into bytes or into the strokes of a Korean syllable.
    """
    count = len(encoding.ids)
    unknown = _unknown_token(tokenizer)
    ids = np.array(encoding.ids, np.int64)
    spans = np.array(encoding.offsets, np.int64).reshape(count, 2)
    starts, ends = spans.T
    up_to = np.concatenate([[0], np.cumsum(np.fromiter(map(str.isalpha, text), np.int64, len(text)))])
    letters = up_to[ends] - up_to[starts]
    in_syllables, in_indian = (_matched(script, text) for script in (_SYLLABLES, _INDIAN))
    words = np.array(encoding.word_ids, np.int64)
    blank = tokenizer.token_to_id(_BLANK)
    (real,) = np.nonzero(ids != (-1 if blank is None else blank))
    with_next = words[real[1:]] == words[real[:-1]]
    is_part, is_below_letters = np.zeros((2, count), bool)
    is_part[real] = _either(with_next)
    is_below_letters[real] = _either(with_next & (spans[real[1:]] == spans[real[:-1]]).all(1))
    is_known = (ids != (-1 if unknown is None else unknown)) & ~is_below_letters
    # Vowel signs of Indian scripts are no letters to Python, but make a syllable of one.
    is_syllable = in_syllables[starts] | (in_indian[starts] & (ends - starts > 1))
    is_known &= (letters > 1) | ~is_part | is_syllable
    is_real = np.zeros(count, bool)
    is_real[real] = True
    return _Tokens(starts, letters * is_real, letters * (is_known & is_real))


def _unknown_token(tokenizer: RustTokenizer) -> int | None:
    """The id of the token that stands for what the model does not know; None if it has none."""
    name = getattr(tokenizer.model, "unk_token", None)
    if name:
        return tokenizer.token_to_id(name)
    # SentencePiece's kind has one, but does not name it: it is what a character that no text has becomes.
    tokens = tokenizer.model.tokenize("\U0010fffd")
    return tokens[0].id if len(tokens) == 1 else None


def _matched(pattern: re.Pattern[str], text: str) -> NDArray[np.bool_]:
    """For each character of a text, and for its end, whether a match of the pattern has it."""
    found = np.zeros(len(text) + 1, bool)
    for match in pattern.finditer(text):
        found[match.start() : match.end()] = True
    return found


def _either(with_next: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """For each token, whether something holds of it and its predecessor, or of it and its successor."""
    either: NDArray[np.bool_] = np.concatenate([[False], with_next]) | np.concatenate([with_next, [False]])
    return either


def _starts(encoding: Encoding) -> NDArray[np.int64]:
    return np.fromiter((start for start, _ in encoding.offsets), np.int64, len(encoding.ids))


def _never_joins_words(tokenizer: RustTokenizer) -> bool:
    """Whether a text's tokens are those of its words, because the tokenizer splits at white space first."""
    first = json.loads(tokenizer.to_str())["pre_tokenizer"] or {}
    if first.get("type") == "Sequence":
        first = first["pretokenizers"][0]
    return first.get("type") in ("BertPreTokenizer", "Whitespace", "WhitespaceSplit")
