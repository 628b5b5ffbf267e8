"""Publishes documents that come without a PDF."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from indexer.passages.split import split
from indexer.pdf.text.language import identify
from indexer.store.publisher import FileState, Place, Publisher
from stackroom.catalog.entries import Model
from stackroom.common.documents import Document, Passage
from stackroom.embedding.embedder import Tokenizer


def publish_corpus(
    publisher: Publisher,
    library: int,
    documents: Mapping[str, Document],
    tokenizer: Tokenizer,
    model: Model,
    on_document: Callable[[int], None],
) -> int:
    """Makes a library hold exactly these documents.

    Args:
        publisher: of the catalogue.
        library: the library's number.
        documents: by their paths in the library. Equal ones are one document, which all their paths hold.
        tokenizer: of the model.
        model: whose passages the documents are split into.
        on_document: told after each document how many more passages wait for their vectors.

    Returns:
        How many paths are new, or hold another document than before.
    """
    recorded = publisher.recorded(library)
    added = 0
    for path, document in documents.items():
        place, state = Place(library, path), FileState(len(document.text.encode()), 0)
        key = publisher.document_key(document.id)
        passages: list[Passage] = []
        if key is None:
            document = replace(document, language=identify(document.text))
            passages = split(document, tokenizer, tokenizer.fingerprint.passage_tokens)
            publisher.publish(document, passages, model, {place: state})
            added += 1
        elif path not in recorded or recorded[path].document != key:
            publisher.settle({place: (state, key)}, ())
            added += 1
        on_document(sum(passage.legible for passage in passages))
    publisher.settle({}, [Place(library, path) for path in recorded if path not in documents])
    return added
