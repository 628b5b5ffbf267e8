"""Makes what is embedded before a passage's own text: the document's title and the headings above it. Pure.

"Sales rose by 4%" means little; under "Example Corp. 2017 › Europe" it answers a question. What is shown and
fetched stays the text as it is.
"""

from stackroom.common.documents import Document
from stackroom.embedding.embedder import Tokenizer

# Most tokens of the title, and of the headings. Neither has more than an eighth of what a passage may have.
_MOST_TOKENS = 24
_SHARE = 8


def contexts(document: Document, tokenizer: Tokenizer, passage_tokens: int) -> tuple[list[str], int]:
    """Makes the context of each of a document's sections.

    Args:
        document: any.
        tokenizer: of the model that will embed the passages.
        passage_tokens: most tokens that a passage may have.

    Returns:
        The contexts of the text before the first section, then of each section; and how many tokens the
        longest of them has.
    """
    most = min(_MOST_TOKENS, passage_tokens // _SHARE)
    headings = list(dict.fromkeys(section.heading for section in document.sections))
    starts = tokenizer.token_starts([document.title, *headings])
    title = document.title
    if len(starts[0]) > most:
        title = title[: starts[0][most]].rstrip()
    shown = {}
    for heading, tokens in zip(headings, starts[1:], strict=True):
        # Of a long path the innermost headings say most.
        cut = heading[tokens[-most] :] if len(tokens) > most else heading
        shown[heading] = "" if document.title.startswith(heading) else cut
    made = [_joined(title, "")] + [_joined(title, shown[section.heading]) for section in document.sections]
    return made, max(map(len, tokenizer.token_starts(list(set(made)))))


def _joined(*parts: str) -> str:
    return "".join(f"{part}\n" for part in parts if part)
