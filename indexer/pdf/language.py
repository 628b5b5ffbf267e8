"""The language of a document; the only file that knows py3langid.

Measured with py3langid 0.4 (4.6 MB; knows 114 languages that have a two-letter code): of 52 real PDFs in 20
languages it gets 51 right, compared with what is on their pages; in six of several languages any of these
counted, and the other one is half Marathi, half an English licence. All 720 paragraphs of XQuAD in English,
German and Chinese are right; of their first 40 characters alone 93 % are, one is wrong, the others are left
undecided. The first call loads the model: 0.9 s of CPU and 80 MB (100 MB while it unpacks itself into a
temporary file), once in a process. After that a document takes 13 ms of CPU, however long it is. The same
text gives the same answer in every process; no threads, no network.

The others that were looked at: langdetect has 5 of the 52 wrong, leaves it to chance, and takes 38 ms;
simplemma has no Chinese, Japanese or Korean, and took 500 MB for 41 languages; lingua is 96 MB.
"""

import math
from collections import Counter
from functools import cache

from py3langid.langid import MODEL_FILE, LanguageIdentifier

# Of a document: so many pieces of so many characters, evenly spread. Pieces, because a manual that quotes its
# licence in English is not in English; so short, because the model is sure of 200 characters already: with
# twice as long ones, one more of the 52 is wrong.
_PIECES = 16
_PIECE_CHARACTERS = 500

# Below, the model guesses: of texts cut off at 10 characters, it takes half of the English ones for others.
_FEWEST_LETTERS = 20

# Probability from which a piece counts. Listings and tables stay below: they are "Icelandic" with .1.
_SURE = 0.5

# Share of the pieces that must count, lest a table of 16 pages be in the language of its one footnote.
_FEWEST_SURE = 0.25

# The model's class for numbers, code and other text that is in no language.
_NO_LANGUAGE = "zxx"


def identify(text: str) -> str:
    """The ISO 639-1 code of the language that most of `text` is in; "" if there is too little, or in doubt.

    Args:
        text: of a whole document, or any other.
    """
    pieces = _sample(text)
    if sum(char.isalpha() for piece in pieces for char in piece) < _FEWEST_LETTERS:
        return ""
    votes = Counter[str]()
    for piece in pieces:
        language, probability = _identifier().classify(piece)
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


@cache
def _identifier() -> LanguageIdentifier:
    """The model. It is loaded from its own package: no network, nothing written."""
    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    # Without the others, Egyptian Arabic counts as Arabic, Wu as Chinese, and Ancient Greek as Greek.
    identifier.set_languages([name for name in identifier.labels if len(name) == 2 or name == _NO_LANGUAGE])
    return identifier
