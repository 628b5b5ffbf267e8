"""A data folder with any number of passages, made without PDFs, for measuring searches at a size.

Text: words drawn at random, as often as they occur in the text of --like DATA (an indexed data folder;
without it: invented words by Zipf's law), and one word in fifty a rare one, so that the vocabulary grows with
the library as real ones do. Passages have about 800 bytes, documents 20 passages on 6 pages.

Vectors: of length 1, shaped like those of --like DATA: each is a mix of a real passage's with its two nearest
neighbours' in random proportions, plus what another passage has that its neighbours have not, so that
clusters, spread and directions are real ones'. Without --like: a mixture of 1,000 Gaussian clusters whose
spectrum decays. Text and vector of a passage have nothing to do with each other.

The model is the bundled one, so that a server searches these vectors with real queries' vectors.
"""

import argparse
import re
import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.words import vocabulary, zipf_weights

_DIMENSIONS = 384
_PASSAGES_ON_PAGES = (1, 4, 2, 5, 3, 5)  # of a document; pages of one size would fit SQLite's by chance
PASSAGES_PER_DOCUMENT = sum(_PASSAGES_ON_PAGES)
"""Of a synthetic one, at most."""
_PASSAGE_BYTES = 800
_RARE_WORDS = 0.02
_BLOCK = 10_000  # passages

Draw = Callable[[int], NDArray[np.float32]]


def main() -> None:
    """Makes the data folder."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.synthetic",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("passages", type=int)
    parser.add_argument("data", type=Path, help="a data folder to make")
    parser.add_argument("--like", type=Path, metavar="DATA", help="an indexed data folder with real texts")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    chance = np.random.default_rng(arguments.seed)
    started = time.monotonic()
    texts = passage_texts(chance, arguments.like)
    draw = like_real(chance, real_vectors(arguments.like)) if arguments.like else like_clusters(chance)
    write(arguments.data, arguments.passages, texts, draw)
    print(f"{arguments.passages} passages in {arguments.data}, {time.monotonic() - started:.0f} s")


# What leans on the product: how it is written, and how a real library is read.


def write(
    data: Path,
    count: int,
    texts: Iterator[str],
    draw: Draw,
    per_document: int = PASSAGES_PER_DOCUMENT,
) -> None:
    """Publishes `count` passages and their vectors, block by block; a document has so many, but the last."""
    from indexer.passages.follow_vectors import follow_vectors
    from indexer.passages.words_writer import WordsWriter
    from indexer.store.publisher import FileState, Place, Publisher
    from stackroom.catalog.catalog import Catalog
    from stackroom.catalog.vector_codes import encode
    from stackroom.common.documents import Document, Page, Passage
    from stackroom.embedding.model_card import BUNDLED_CARD
    from stackroom.embedding.model_files import BUNDLED_NAME

    publisher = Publisher(data / "index" / "catalog.sqlite3")
    # This folder may be lost: an fsync for each of 50,000 documents would take most of the time.
    publisher._rows("PRAGMA synchronous = OFF")
    model = publisher.add_model(BUNDLED_CARD.fingerprint(BUNDLED_NAME))
    library = publisher.add_library((data / "library").resolve())
    waiting = 0
    for number, first in enumerate(range(0, count, per_document)):
        pages: list[Page] = []
        passages: list[Passage] = []
        start = 0
        left = min(per_document, count - first)
        for page, most in enumerate(_PASSAGES_ON_PAGES, 1):
            on_page = [next(texts) for _ in range(min(most, left))]
            left -= len(on_page)
            for text in on_page:
                passages.append(Passage(start, start + len(text), page))
                start += len(text)
            pages.append(Page(page, str(page), "".join(on_page)))
        title = pages[0].text[:60].rpartition(" ")[0]
        document = Document(
            f"{number:024x}", title, "", "2026-01-01", "2026-01-01", (), tuple(pages), "synthetic"
        )
        files = {Place(library, f"{number // 1000:03}/{number:06}.pdf"): FileState(100_000, number)}
        publisher.publish(document, passages, model, files)
        waiting += len(passages)
        if waiting >= _BLOCK or first + per_document >= count:
            ids = [passage.id for passage in publisher.pending(model, waiting)]
            publisher.store_vectors(ids, encode(draw(len(ids))))
            waiting = 0
    publisher.trim_changes()
    publisher.close()
    with Catalog(data / "index" / "catalog.sqlite3") as catalog:
        writer = WordsWriter(data / "index" / "words")
        writer.follow(catalog)
        writer.join()
        writer.close()
        follow_vectors(catalog, data / "index" / "vector_lists")


def real_vectors(data: Path) -> NDArray[np.float32]:
    """The vectors of an indexed data folder, shape (n, 384), of length 1."""
    from stackroom.catalog.catalog import Catalog
    from stackroom.catalog.vector_codes import decode

    with Catalog(data / "index" / "catalog.sqlite3") as catalog:
        model = catalog.model()
        codes = catalog.vectors(model)[1] if model else []
    return _unit(decode(codes, _DIMENSIONS))


def real_words(data: Path) -> Counter[str]:
    """How often each word occurs in the text of an indexed data folder."""
    from stackroom.catalog.text_blocks import unpack

    words: Counter[str] = Counter()
    catalog = (data / "index" / "catalog.sqlite3").resolve()
    db = sqlite3.connect(f"{catalog.as_uri()}?mode=ro", uri=True)
    for (content,) in db.execute("SELECT content FROM texts"):
        words.update(re.findall(r"\w+", unpack(content)))
    db.close()
    return words


# What does not.


def passage_texts(chance: np.random.Generator, like: Path | None) -> Iterator[str]:
    """Texts of passages, without end. Sentences of about 15 words, and a line's end after each."""
    counted = real_words(like) if like else Counter[str]()
    words = list(counted) or vocabulary(50_000)
    weights = np.array([counted[word] for word in words] if like else zipf_weights(len(words)))
    cumulated = np.cumsum(weights / weights.sum())
    mean_bytes = 1 + float(np.dot(weights, [len(word.encode()) for word in words])) / weights.sum()
    length = int(_PASSAGE_BYTES / mean_bytes)
    while True:
        drawn = np.searchsorted(cumulated[:-1], chance.random((1000, length))).tolist()
        rare = chance.binomial(length, _RARE_WORDS, 1000)
        for numbers, many in zip(drawn, rare, strict=True):
            text = [words[number] for number in numbers]
            for place in chance.integers(0, length, many).tolist():
                text[place] = f"{words[numbers[place]]}{chance.integers(10**9):x}"
            for start in range(0, length, 15):
                text[start] = text[start].capitalize()
                text[min(start + 14, length - 1)] += ".\n"
            yield " ".join(text).replace("\n ", "\n")


def like_real(chance: np.random.Generator, real: NDArray[np.float32]) -> Draw:
    """Draws vectors in the shape of real ones."""
    count = min(len(real), 20_000)
    real = real[chance.permutation(len(real))[:count]]
    nearest = np.empty((count, 2), np.int64)
    for start in range(0, count, 1000):
        scores = real[start : start + 1000] @ real.T
        scores[np.arange(len(scores)), np.arange(start, start + len(scores))] = -2  # itself
        scores[scores > 0.9999] = -2  # copies
        nearest[start : start + 1000] = np.argpartition(-scores, 2, axis=1)[:, :2]
    residuals = real - _unit(real[nearest].sum(axis=1))

    def draw(number: int) -> NDArray[np.float32]:
        chosen = chance.integers(0, count, number)
        shares = chance.dirichlet([2.0, 1.0, 1.0], number).astype(np.float32)
        mixed = real[chosen] * shares[:, :1]
        mixed += real[nearest[chosen, 0]] * shares[:, 1:2] + real[nearest[chosen, 1]] * shares[:, 2:]
        noise = residuals[chance.integers(0, count, number)] * chance.choice([-1, 1], (number, 1))
        return _unit(mixed + noise.astype(np.float32))

    return draw


def like_clusters(chance: np.random.Generator) -> Draw:
    """Draws vectors from Gaussian clusters around a common direction."""
    spectrum = np.arange(1, _DIMENSIONS + 1, dtype=np.float32) ** -0.4
    centres = _unit(chance.standard_normal((1000, _DIMENSIONS), np.float32) * spectrum)
    centres = _unit(centres + 0.3 * _unit(chance.standard_normal((1, _DIMENSIONS), np.float32)))

    def draw(number: int) -> NDArray[np.float32]:
        noise = _unit(chance.standard_normal((number, _DIMENSIONS), np.float32) * spectrum)
        return _unit(centres[chance.integers(0, len(centres), number)] + 0.8 * noise)

    return draw


def _unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    unit: NDArray[np.float32] = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
    return unit


if __name__ == "__main__":
    main()
