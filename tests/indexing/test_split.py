"""Splitting: the passages cover the document, fit the model, and end where a reader would end them."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fakes import WordHashEmbedder
from indexer.passages.split import split
from stackroom.common.documents import Document, Page
from stackroom.embedding.embedder import Tokenizer


def document(*texts: str) -> Document:
    pages = tuple(Page(number, str(number), text) for number, text in enumerate(texts, 1))
    return Document("0" * 24, "t", "", "", "", (), pages, "test")


# Words of all kinds, without spaces, very long, punctuation only, several scripts, blanks.
pieces = st.one_of(
    st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=30),
    st.sampled_from(
        ["A sentence ends here. ", "\n\n", "\n", " ", "これは文です。", "x" * 700, "." * 60, "naïve-ly"]
    ),
)
page_texts = st.lists(pieces, max_size=60).map("".join)


def check(pages: list[str], tokenizer: Tokenizer, limit: int) -> None:
    whole = document(*pages)
    passages = split(whole, tokenizer, limit)
    texts = [whole.text[passage.start : passage.stop] for passage in passages]
    assert all(texts)
    assert all(len(starts) <= limit for starts in tokenizer.token_starts(texts))
    offset = 0
    for page in whole.pages:
        mine = [passage for passage in passages if passage.page == page.number]
        if page.text.strip():
            assert mine[0].start == offset
            assert mine[-1].stop == offset + len(page.text)
            assert [passage.stop for passage in mine[:-1]] == [passage.start for passage in mine[1:]]
        else:
            assert mine == []
        offset += len(page.text)
    assert passages == sorted(passages, key=lambda passage: passage.start)


@given(st.lists(page_texts, max_size=4), st.integers(1, 60))
def test_passages_cover_the_document_and_fit_the_limit(pages: list[str], limit: int) -> None:
    check(pages, WordHashEmbedder(), limit)


@settings(max_examples=60, deadline=None)
@given(pages=st.lists(page_texts, max_size=3))
def test_passages_fit_the_real_model(bundled_tokenizer: Tokenizer, pages: list[str]) -> None:
    limit = bundled_tokenizer.fingerprint.passage_tokens
    assert limit == 254  # 256 with the two special tokens
    check(pages, bundled_tokenizer, limit)


def test_a_page_is_shared_out_evenly() -> None:
    text = "".join(f"This is sentence number {number:03}. " for number in range(100))
    passages = split(document(text), WordHashEmbedder(), 254)
    lengths = [passage.stop - passage.start for passage in passages]
    assert len(lengths) == 4  # 600 words and signs, 190 at most in each
    assert max(lengths) - min(lengths) <= 2 * len("This is sentence number 000. ")


@pytest.mark.parametrize(
    ("text", "second"),
    [
        ("One two three. Four five six.\n\nSeven eight. Nine ten.", "Seven eight."),  # paragraph
        ("One two three four. Five six seven eight. Nine ten", "Five six"),  # sentence
        ("One two three four\nfive six seven eight\nnine ten", "five six"),  # line
        ("一二三四五。六七八九十。", "六七八"),  # a sentence without spaces
    ],
)
def test_passages_end_at_the_best_boundary(text: str, second: str) -> None:
    class Characters(WordHashEmbedder):
        def token_starts(self, texts):  # type: ignore[no-untyped-def]
            if "一" in texts[0]:
                import numpy as np

                return [np.arange(len(text)) for text in texts]
            return super().token_starts(texts)

    passages = split(document(text), Characters(), 10 if "Seven" in text else 7)
    assert text[passages[1].start :].startswith(second)
