"""Recognises the language of a document. The only file that knows py3langid.

Measured with py3langid 0.4 (4.6 MB; it knows 114 languages that have a two-letter code). Of 52 real PDFs in
20 languages it recognises 51; for the six of these that are in several languages, any of them counted as
right. The one that is wrong is half Marathi and half an English licence. All 720 paragraphs of XQuAD in
English, German and Chinese are right. From the first 40 characters alone, 93% are right, one is wrong, and
the rest undecided.

The first call loads the model, once in a process: unpacking it takes 0.4 to 0.7 s of CPU. Kept in another way
(7 MB), it is read in a fifth of that. After that a document takes 13 ms of CPU, however long it is. The same
text gives the same answer in every process. It uses no threads and no network.

Alternatives: langdetect has 5 of the 52 wrong, is not deterministic, and takes 38 ms; simplemma knows no
Chinese, Japanese or Korean, and took 500 MB for 41 languages; lingua is 96 MB.
"""

import math
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import py3langid
from py3langid.langid import MODEL_FILE, LanguageIdentifier

from indexer.pdf.text.kept_arrays import keep_arrays, read_arrays

# The name of the kept model.
_KEPT = "languages"

# So many pieces of a document are looked at, each of so many characters, evenly spread. Several pieces,
# because a manual that quotes its licence in English is not in English. Short ones, because the model is sure
# after 200 characters; with pieces twice as long, one more of the 52 documents is wrong.
_PIECES = 16
_PIECE_CHARACTERS = 500

# With fewer the model guesses: of English texts cut off at 10 characters, it takes half for other languages.
_FEWEST_LETTERS = 20

# Least probability with which a piece counts. Listings and tables stay below it: "Icelandic" with 0.1.
_SURE = 0.5

# Least share of the pieces that must count, or a table of 16 pages would have the language of its one
# footnote.
_FEWEST_SURE = 0.25

# The model's class for numbers, code and other text that is in no language.
_NO_LANGUAGE = "zxx"


def identify(text: str, kept: Path | None = None) -> str:
    """The ISO 639-1 code of the language that most of a text is in; "" if it is too short, or in doubt.

    Args:
        text: any, for example that of a whole document.
        kept: the folder of prepared models. There the first process keeps the model unpacked for the next;
            None if it is not kept. It does not matter once the model is loaded.
    """
    pieces = _sample(text)
    if sum(char.isalpha() for piece in pieces for char in piece) < _FEWEST_LETTERS:
        return ""
    votes = Counter[str]()
    for piece in pieces:
        language, probability = _identifier(kept).classify(piece)
        if language != _NO_LANGUAGE and probability >= _SURE:
            votes[language] += 1
    # Counter keeps the order in which it met them: of equal ones, the first in the text.
    return votes.most_common(1)[0][0] if votes.total() >= max(1, _FEWEST_SURE * len(pieces)) else ""


def _sample(text: str) -> list[str]:
    """Up to _PIECES pieces of the same length, evenly spread: all of a text that is short enough."""
    count = min(_PIECES, max(1, math.ceil(len(text) / _PIECE_CHARACTERS)))
    length = min(_PIECE_CHARACTERS, math.ceil(len(text) / count))
    starts = [(len(text) - length) * at // max(1, count - 1) for at in range(count)]
    return [text[start : start + length] for start in starts]


_loaded: list[LanguageIdentifier] = []
"""The model, once it is loaded: a process needs one, wherever it came from."""


def _identifier(kept: Path | None = None) -> LanguageIdentifier:
    if not _loaded:
        _loaded.append(_load(kept))
    return _loaded[0]


def _load(kept: Path | None) -> LanguageIdentifier:
    """The model: from the folder `kept`, or from its own package, and then it is kept. Needs no network."""
    arrays = read_arrays(kept, _KEPT, py3langid.__version__) if kept else None
    if arrays is None:
        arrays = _unpack()
        if kept:
            keep_arrays(kept, _KEPT, py3langid.__version__, arrays)
    weights, priors, labels, moves, rows, features = arrays
    # `data`: of plain memory, single elements are got faster than of an array.
    scores = weights, priors, labels.tolist()
    return LanguageIdentifier(*scores, moves.data, features.tolist(), norm_probs=True, tk_row=rows.data)


def _unpack() -> list[np.ndarray[Any, Any]]:
    """The arrays of the model, as `_load` names them, for the languages that count."""
    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    # Without the others, Egyptian Arabic counts as Arabic, Wu as Chinese, and Ancient Greek as Greek.
    identifier.set_languages([name for name in identifier.labels if len(name) == 2 or name == _NO_LANGUAGE])
    return [
        np.ascontiguousarray(identifier.nb_ptc),
        identifier.nb_pc,
        np.array(identifier.nb_classes),
        np.asarray(identifier.tk_nextmove),
        np.asarray(identifier.tk_row),
        np.array(identifier.tk_output, np.int32),
    ]
