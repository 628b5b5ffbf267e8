"""Sentences that tell whoever asks why there is no answer, or less of one than was asked for, and how to see
the rest; pure.
"""

from collections.abc import Iterable, Mapping, Sequence

from stackroom.catalog.library_state import Contents
from stackroom.common.amounts import counted
from stackroom.common.documents import Hit

MEANING_NOT_READY = (
    "Meaning cannot be searched yet, because the model is still being prepared: these results are found by "
    "their words alone."
)

ALL_WEAK = (
    "Nothing in the library seems to answer this: all results are weak. Other words may help, or those of "
    "the documents' language; or it is not there."
)

NOTHING_ASKED = "The query has no words. Say what to look for; `*` lists all documents."

NOTHING_INDEXED = (
    "The library is empty: no document with text has been indexed. `stackroom index FOLDER` does that, and "
    "says what could not be read."
)

RERANKER_NOT_READY = (
    "The reranker is still being prepared: these results are in the order that words and meaning give them."
)

RERANKER_TOO_SLOW = (
    "The reranker could not read two passages in its CPU time, so the order is that of words and meaning. "
    "STACKROOM_RERANKER_MILLISECONDS gives it more; a smaller reranker needs less."
)

# The reasons are not for whoever asks over a network: they would name a folder of this machine.
RERANKER_UNUSABLE = (
    "The reranker cannot be used, so the order is that of words and meaning. Run `stackroom status` where "
    "the server runs to see why."
)
CATALOG_UNREADABLE = "The catalogue cannot be read. Run `stackroom status` where the server runs to see why."

AWAY_SECONDS = 3
"""When whoever was told `STORE_AWAY` over HTTP is to come back."""

STORE_AWAY = "The library's database cannot be reached at the moment. Try again in a few seconds."

# A pasted text may have many operators, and long ones: most sentences, and most characters of an operator.
_MOST, _LONGEST = 3, 60

_MEANT = {
    "after": "no day that there is. Write after:2023, after:2023-05 or after:2023-05-31",
    "before": "no day that there is. Write before:2023, before:2023-05 or before:2023-05-31",
    "language": "no language that is known. Write its code or its name: lang:de, lang:german",
    "id": "no id. An id has 24 hexadecimal digits, as search results give it",
    "skip": "no number of documents. Write skip:10",
    "title": "no word",
    "author": "no word",
    "folder": "no word",
}


def taken_as_words(misread: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    """A sentence for each operator that was taken as words, at most three.

    Args:
        misread: pairs (kind of filter, operator as it was written); see `Query.misread`.
    """
    sentences = []
    for kind, written in dict.fromkeys(misread):
        shown = written if len(written) <= _LONGEST else f"{written[: _LONGEST - 1]}…"
        if kind == "without":
            all_others = f"`* {shown}` lists all documents without it"
            sentences.append(f"{shown} was taken as words: nothing else is asked for. {all_others}.")
        elif written[0].isalpha() or kind not in ("after", "before", "skip"):
            sentences.append(f"{shown} was taken as words: it names {_MEANT[kind]}.")
        else:
            sentences.append(f"{shown} was taken as words: {kind}: cannot be turned round.")
    return tuple(sentences[:_MOST])


def searched_instead(meant: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """A sentence for each word that was misspelt.

    Args:
        meant: a word that no document has → words that were searched for in its place.
    """
    sentences = []
    for word, instead in meant.items():
        others = ", ".join(f"“{one}”" for one in instead)
        sentences.append(f"No document has the word “{word}”. Searched for instead: {others}.")
    return tuple(sentences)


def nothing_with(missing: str, *, nearest: bool) -> str:
    """That nothing meets what a query demands.

    Args:
        missing: what it demands, as it says it.
        nearest: whether there are hits that do not meet it.
    """
    shown = missing if len(missing) <= _MOST * _LONGEST else f"{missing[: _MOST * _LONGEST - 1]}…"
    return f"Nothing was found with {shown}" + (": these are the nearest without." if nearest else ".")


def not_searched(contents: Contents) -> str:
    """What of the library no search can find yet; empty if there is nothing."""
    missing = (
        (contents.scans_waiting, "scanned page", ""),
        (contents.locked_files, "file that needs a password", "files that need a password"),
    )
    parts = [counted(count, *nouns) for count, *nouns in missing if count]
    if contents.embedded < 100:
        parts.append(f"{100 - contents.embedded} % of the passages by their meaning")
    return f"Not searched yet: {', '.join(parts)}." if parts else ""


def unshown_pages(hit: Hit, *, alone: bool) -> str:
    """How many more pages of a document were found, and how to see them; empty if there are none.

    Args:
        hit: the document.
        alone: whether it is the only one in the answer.
    """
    if not hit.unshown:
        return ""
    pages = "1 more page" if hit.unshown == 1 else f"{hit.unshown} more pages"
    way = "use other words" if alone else f"search for the same with id:{hit.document_id}"
    return f"{pages} found: {way}, or fetch."


def unshown_documents(count: int, skip: str) -> str:
    """How many more documents were found, and how to see them; at least one was.

    Args:
        count: how many.
        skip: the operator that leaves out those before them; empty if none does.
    """
    documents = "1 more document" if count == 1 else f"{count} more documents"
    following = f"search for the same with {skip}, or " if skip else ""
    return f"{documents} found: {following}add words to the query, or title:, folder:, after: or before:."
