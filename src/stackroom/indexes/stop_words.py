"""Words of grammar, such as "the" and "what": they tell a reader nothing about why a text was found."""

from functools import cache

import tantivy

# The engine's lists are Snowball's for these languages.
_LISTED = {
    "da": "danish",
    "de": "german",
    "es": "spanish",
    "fi": "finnish",
    "fr": "french",
    "hu": "hungarian",
    "it": "italian",
    "nl": "dutch",
    "no": "norwegian",
    "pt": "portuguese",
    "ru": "russian",
    "sv": "swedish",
}

# Its English list is Lucene's, of 33 words. This is Snowball's, with what is left of words such as "don't".
_ENGLISH_TEXT = """
i me my myself we us our ours ourselves you your yours yourself yourselves he him his himself she her hers
herself it its itself they them their theirs themselves what which who whom whose this that these those am
is are was were be been being have has had having do does did doing would should could ought a an the and
but if or because as until while of at by for with about against between into through during before after
above below to from up down in out on off over under again further then once here there when where why how
all any both each few more most other some such no nor not only own same so than too very s t d ll m re ve
don doesn didn isn aren wasn weren won wouldn shouldn couldn hasn haven hadn
"""
_ENGLISH = frozenset(_ENGLISH_TEXT.split())


def is_stop_word(word: str, language: str) -> bool:
    """Whether a word only serves the grammar.

    Args:
        word: in any case.
        language: ISO 639-1 code of the text that it is in; "" counts as English. Languages of which we have
            no list have none of these words.
    """
    if language in ("", "en"):
        return word.lower() in _ENGLISH
    analyzer = _analyzer(language)
    return analyzer is not None and not analyzer.analyze(word)


@cache
def _analyzer(language: str) -> tantivy.TextAnalyzer | None:
    """What leaves nothing of the stop words of a language."""
    if language not in _LISTED:
        return None
    builder = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.raw()).filter(tantivy.Filter.lowercase())
    return builder.filter(tantivy.Filter.stopword(_LISTED[language])).build()
