"""How many pairs of forms of a word find each other, in each language that there is a list of.

    python -m bench.word_forms

A line of a list is two forms of a common noun, verb or adjective. They find each other if they have a term
in common, or if one is a part by which the other is found. Lists are in tests/indexes/word_forms, which
the suite proves, and in bench/word_forms.
"""

from pathlib import Path

from stackroom.indexes.parts import beside_pairs, parts, wanted_parts
from stackroom.indexes.terms import OTHER, Analyzer, stemmed

_ROOT = Path(__file__).resolve().parents[1]
_FOLDERS = (_ROOT / "tests/indexes/word_forms", _ROOT / "bench/word_forms")


def main() -> None:
    """Prints a line for each language."""
    for path in sorted(
        (path for folder in _FOLDERS for path in folder.glob("*.txt")), key=lambda one: one.stem
    ):
        language = stemmed(path.stem)
        pairs = [line.split() for line in path.read_text(encoding="utf-8").splitlines()]
        missing = [pair for pair in pairs if not _finds(pair[0], pair[1], language)]
        share = 1 - len(missing) / len(pairs)
        print(f"{path.stem}: {share:.2f} of {len(pairs)}", *("/".join(pair) for pair in missing))


def _finds(query: str, word: str, language: str) -> bool:
    analyzer = Analyzer(language)
    stems = analyzer.terms(query)
    if not set(stems).isdisjoint(analyzer.terms(word)):
        return True
    there = parts(word, language)
    by_stem = [
        one
        for plain, stem in zip(Analyzer(OTHER).terms(query), stems, strict=True)
        for one in wanted_parts(plain, stem, language)
    ]
    beside = [one for readings in beside_pairs(query) for one in readings]
    return any(
        part == one.text if one.whole else part.startswith(one.text)
        for one in (*by_stem, *beside)
        for part in there
    )


if __name__ == "__main__":
    main()
