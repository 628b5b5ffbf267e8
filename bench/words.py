"""Words to make texts and questions of; the same ones each time."""

import random
from collections.abc import Iterator
from itertools import cycle, islice

_TOPICS = """
footnote numbering|page margins|a package repository|the build system|right-to-left text|vowel signs|fonts
a bibliography|cross references|table columns|line breaks|hyphenation patterns|mathematical symbols|the index
keyboard layouts|unit tests|a test fixture|matrix operations|sparse matrices|rounding modes|precision
sequence alignment|protein databases|a substitution matrix|statistical significance|gap penalties|invoices
disk partitions|the boot loader|network configuration|a preseed file|the package manager|security updates
release notes|bug reports|a maintainer|source packages|copyright files|patches|version numbers|dependencies
live images|kernel modules|user accounts|passwords|encrypted disks|wireless cards|graphics drivers|printers
chapter headings|page headers|figures and captions|colour models|verse numbering|critical apparatus|poetry
diacritics|transliteration|ligatures|italic type|Greek accents|Cyrillic letters|Hangul|vertical writing
citations|abstracts|author names|conference papers|a title page|double columns|algorithms|loops
commutative diagrams|arrows|nodes and edges|tree diagrams|arithmetic functions|memory allocation
error messages|environment variables|command-line options|configuration files|log files|backups|shell scripts
musical notes|time signatures|chords|lyrics|qualitative data|interviews|stamps|letters and addresses|ordinals
decimal alignment|multi-line comments|file contents|macros|optional arguments|counters|licences|translations
the history of printing|a glossary|acknowledgements|exercises|worked examples|measurement units|temperature
electric current|a control loop|sensors|statistics|probability|linear regression|databases|query languages
"""

_FORMS = (
    "how do {0} work",
    "{0}",
    "what is said about {0} and {1}",
    "{0} {1}",
    "how can I change {0}",
    "the difference between {0} and {1}",
    "an example of {0} with {1}",
    "why does {0} fail when {1} is used",
    "which option controls {0}",
    "{0} without {1}",
)

_SYLLABLES = [consonant + vowel for consonant in "bcdfghjklmnprstvwz" for vowel in "aeiou"]


def queries(count: int) -> list[str]:
    """Distinct questions and keywords; a longer list begins with the shorter one."""
    topics = [topic for line in _TOPICS.split("\n") for topic in line.split("|") if topic]
    chance = random.Random(1)
    found: dict[str, None] = {}
    for form in cycle(_FORMS):
        found[form.format(*chance.sample(topics, 2))] = None
        if len(found) == count:
            break
    return list(found)


def vocabulary(count: int) -> list[str]:
    """Distinct words: first those of the questions, then invented ones."""
    asked = dict.fromkeys(" ".join(queries(2000)).split())
    return list(islice({**asked, **dict.fromkeys(_invented(count))}, count))


def _invented(count: int) -> Iterator[str]:
    for number in range(count):
        word, left = "", number + len(_SYLLABLES)
        while left:
            left, syllable = divmod(left, len(_SYLLABLES))
            word += _SYLLABLES[syllable]
        yield word


def zipf_weights(count: int) -> list[float]:
    """How often the words of a vocabulary occur in plain text, by rank."""
    return [1 / (rank + 2.7) for rank in range(count)]
