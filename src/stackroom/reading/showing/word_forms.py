"""Which words of a language the index of words finds by other forms than a reader sees at once; pure."""

from stackroom.indexes.parts import HAVE_PARTS, parts, wanted_parts
from stackroom.indexes.stems import HAVE_DICTIONARY
from stackroom.indexes.terms import OTHER, Analyzer, folded

# A word that begins otherwise than the query's is not looked up in a dictionary, which takes 20 µs.
_BEGINNING = 2


class WordForms:
    """Tells the forms of a query's words, and the words that have one of them as a part, in one language."""

    def __init__(self, query: str, language: str) -> None:
        """`language` is an ISO 639-1 code of HAVE_FORMS."""
        self._language = language
        self._analyzer = Analyzer(language)
        plain = Analyzer(OTHER).terms(query)
        stems = self._analyzer.terms(query)
        self._stems = set(stems)
        self._beginnings = {word[:_BEGINNING] for word in plain}
        self._wanted = [
            one for word, stem in zip(plain, stems, strict=True) for one in wanted_parts(word, stem, language)
        ]
        self._known: dict[str, bool] = {}

    def has(self, word: str) -> bool:
        """Whether a word of a text is one of them."""
        known = self._known.get(word)
        if known is None:
            known = self._known[word] = self._is_form(word) or self._has_part(word)
        return known

    def _is_form(self, word: str) -> bool:
        if self._language not in HAVE_DICTIONARY or folded(word)[:_BEGINNING] not in self._beginnings:
            return False
        return not self._stems.isdisjoint(self._analyzer.terms(word))

    def _has_part(self, word: str) -> bool:
        if not self._wanted:
            return False
        looks = folded(word)
        possible = [one for one in self._wanted if one.text in looks]
        return bool(possible) and any(
            part == one.text if one.whole else part.startswith(one.text)
            for part in parts(word, self._language)
            for one in possible
        )


HAVE_FORMS = HAVE_PARTS | HAVE_DICTIONARY
"""The languages that have such forms."""
