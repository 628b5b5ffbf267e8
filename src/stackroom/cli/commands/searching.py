"""The commands that ask the index in a terminal: `search` and `fetch`."""

import argparse
import json
import sys
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from stackroom.cli.arguments import settings_of
from stackroom.cli.exit_codes import OK, SOMETHING_FAILED
from stackroom.common.errors import ModelError
from stackroom.common.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stackroom.common.documents import Hit
    from stackroom.embedding.embedder import Preparation
    from stackroom.reading.reader import Reader


def search(arguments: argparse.Namespace) -> int:
    from stackroom.cli.search_results import Source, show, show_hits
    from stackroom.reading.notices import ALL_WEAK, not_searched, unshown_documents
    from stackroom.reading.showing.snippets import RESULT_CHARACTERS, TERMINAL_CHARACTERS
    from stackroom.server.address import base_url, running_url
    from stackroom.server.protocol.answers import search_answer

    settings = settings_of(arguments)
    characters = RESULT_CHARACTERS if arguments.json else TERMINAL_CHARACTERS
    query = " ".join(arguments.query)
    with closing(open_reader(settings)) as reader:
        _make_ready(reader)
        answered = reader.answer(query, arguments.limit, characters, marked=not arguments.json)
        state = reader.state()
    answer = search_answer(answered, base_url(settings), state)
    found = answered.hits
    is_found = found and not answered.missing and ALL_WEAK not in answered.notices
    for notice in (*answered.notices, "" if is_found else not_searched(state.contents)):
        if notice:
            print(notice, file=sys.stderr)
    running = running_url(settings)
    urls = [result.url if running else "" for result in answer.results]
    if not arguments.json:
        hits, scores = [hit for hit, _ in found], [evidence for _, evidence in found]
        sources = [Source(files, url) for files, url in zip(_files_of(settings, hits), urls, strict=True)]
        show_hits(hits, sources, scores if arguments.explain else ())
        if answered.next_query:
            show(unshown_documents(answered.unshown, answered.next_query.rpartition(" ")[2]))
        if hits and not running and not arguments.open:
            show("While `stackroom serve` runs, each result has a link to its page.")
        return _open_first(urls) if arguments.open else OK
    results = answer.model_dump()
    if arguments.explain:
        for result, (_, evidence) in zip(results["results"], found, strict=True):
            result["evidence"] = evidence._asdict()
    if answered.missing:  # a script that asked for a phrase must not take these for passages that have it
        results |= {"results": [], "nearest": results["results"]}
    print(json.dumps(results, ensure_ascii=False))
    return _open_first(urls) if arguments.open else OK


def _files_of(settings: Settings, hits: "Sequence[Hit]") -> "list[list[str]]":
    """The paths of each hit's files, for people."""
    from stackroom.catalog.catalog import Catalog
    from stackroom.catalog.entries import shown_path
    from stackroom.cli.terminal import printable

    found = []
    with Catalog(settings.truth) as catalog:
        for hit in hits:
            entry = catalog.document(hit.document_id)
            places = entry.locations if entry else ()
            found.append([printable(shown_path(str(place.file), place.name)) for place in places])
    return found


def _open_first(urls: "Sequence[str]") -> int:
    """Opens the first page in the browser; nothing is started for that. Returns the exit code."""
    if not any(urls):
        if urls:
            print("There is no page to open: start `stackroom serve`, then ask again.", file=sys.stderr)
        return SOMETHING_FAILED
    import webbrowser

    if webbrowser.open(urls[0]):
        return OK
    print(f"No browser was found here. The page is {urls[0]}", file=sys.stderr)
    return SOMETHING_FAILED


def _make_ready(reader: "Reader") -> None:
    """Loads what a search needs, but no model that another process prepares; the index's only if there are
    vectors. Without a reranker searches go on; why it can't be had is said.
    """
    try:
        if _tell_preparation(reader.reranker_preparation(), "reranker"):
            reader.warm_reranker()
    except ModelError as error:
        print(error, file=sys.stderr)
    if reader.catch_up() and _tell_preparation(reader.preparation(), "model"):
        reader.warm()


def _tell_preparation(preparation: "Preparation", what: str) -> bool:
    """Whether to load a model now: not while another process prepares it."""
    from stackroom.embedding.embedder import Preparation

    if preparation is Preparation.NEEDED:
        print(f"The {what} is being prepared for this processor: up to half a minute, once.", file=sys.stderr)
    return preparation is not Preparation.UNDER_WAY


def fetch(arguments: argparse.Namespace) -> int:
    from stackroom.server.address import base_url
    from stackroom.server.protocol.answers import fetch_answer

    settings = settings_of(arguments)
    # People want the whole text; only the JSON comes in parts, as from the tool.
    limit = None if arguments.json else sys.maxsize
    with closing(open_reader(settings)) as reader:
        answer = fetch_answer(reader.fetch(arguments.id, limit), base_url(settings))
    print(answer.model_dump_json() if arguments.json else answer.text)
    return OK


def open_reader(settings: Settings, models: Path | None = None, *, create: bool = False) -> "Reader":
    """A reader of the data folder.

    Args:
        settings: of the command.
        models: the folder of compiled models, if it is not that of the settings.
        create: whether to make an empty catalogue if there is none.

    Raises:
        CatalogUnusable: the catalogue is missing or cannot be read.
    """
    from stackroom.catalog.catalog import Catalog
    from stackroom.embedding.models import Models
    from stackroom.embedding.reranking.rerankers import chosen_reranker
    from stackroom.indexes.opened import matching_words, nearest_in_store
    from stackroom.reading.reader import Reader

    source = Models.of(settings, models, queries=True)
    catalog = Catalog(settings.truth, create=create)
    return Reader(
        catalog,
        matching_words(settings),
        source,
        settings.model,
        settings.fetch_characters,
        settings.search_characters,
        chosen_reranker(settings, models or settings.models),
        nearest_in_store(settings, catalog),
    )
