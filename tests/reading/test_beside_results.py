"""What stands beside the results of a search: how many there are, how to go on, and what can't be seen."""

import json
from typing import Any

import pytest

from both_ways import PLAIN, Server, both, call, modern, written
from mcp_clients import SEARCH, serving
from shelf import Shelf
from stackroom.catalog.catalog import Catalog
from stackroom.common.data_folder import INDEXER_LOCK
from stackroom.common.running import hold
from stackroom.reading.completeness import Completeness
from stackroom.reading.in_memory import Turn
from stackroom.reading.reader import Reader

BESIDE = {"total", "next_query", "notices", "library"}


def searched(url: str, query: str) -> dict[str, Any]:
    """The answer, which is the same on both ways."""
    status, _, body = both(url, written(call(SEARCH, {"query": query})), PLAIN)
    result = json.loads(body)["result"]
    assert status == 200
    assert json.loads(result["content"][0]["text"]) == result["structuredContent"]
    found: dict[str, Any] = result["structuredContent"]
    return found


def test_a_list_goes_on_until_all_documents_were_seen(shelf: Shelf, reader: Reader) -> None:
    ids = [
        shelf.add(number, f"Page about {number}.\n", created=f"20{number}", modified="")
        for number in range(10, 35)
    ]
    with serving(reader, Server(reader).application) as url:
        query, seen, pages = "Which documents are there? -lang:de", list[str](), 0
        while query:
            answer = searched(url, query)
            assert answer.keys() == {"results"} | BESIDE
            assert answer["total"] == 25
            seen += [result["id"] for result in answer["results"]]
            query, pages = answer["next_query"], pages + 1
        assert (seen, pages) == (ids[::-1], 3)
        first = searched(url, "*")
        assert first["next_query"] == "* skip:10"
        assert "15 more documents found: search for the same with skip:10" in first["results"][-1]["note"]
        assert searched(url, "* skip:20")["next_query"] == ""
        assert searched(url, "* skip:100")["results"] == []


def test_pages_of_a_search_are_those_of_one_longer_answer(shelf: Shelf, reader: Reader) -> None:
    for number in range(1, 26):
        shelf.add(number, f"Otters {'swim ' * (number % 7)}here {number}.\n")
    whole = [hit.document_id for hit, _ in reader.answer("otters swim", 25).hits]
    with serving(reader, Server(reader).application) as url:
        first = searched(url, "otters swim")
        second = searched(url, first["next_query"])
        assert (first["total"], second["next_query"]) == (25, "otters swim skip:20")
        assert [result["id"] for result in (*first["results"], *second["results"])] == whole[:20]


def test_what_cannot_be_found_yet_is_told(shelf: Shelf, reader: Reader) -> None:
    shelf.add(1, "Otters swim.\n", "Cats purr.\n", "Dogs bark.\n")
    shelf.add(2, "Not embedded.\n", embedded=False)
    shelf.execute("INSERT INTO scans VALUES (1, 2, 'waiting', '', NULL, '', NULL)")
    shelf.execute(
        "INSERT INTO locations (library_id, path, size, modified_ns, failure, reason)"
        " VALUES (1, 'secret.pdf', 1, 1, 'password', 'it needs a password')"
    )
    note = {"progress": {"files": 9, "files_done": 2}}
    with hold(shelf.path.with_name(INDEXER_LOCK), note), serving(reader, Server(reader).application) as url:
        answer = searched(url, "otters lang:germann")
        assert answer["library"] == {
            "documents": 2,
            "indexing": True,
            "files_waiting": 7,
            "embedded": 75,
            "scans_waiting": 1,
            "locked_files": 1,
        }
        assert answer["notices"][0].startswith("lang:germann was taken as words")
        assert str(shelf.root.parent) not in json.dumps(answer)


def test_the_newer_revision_says_the_same(shelf: Shelf, reader: Reader) -> None:
    shelf.add(1, "Cats purr.\n")
    meta = {
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientInfo": {"name": "a test", "version": "1"},
        "io.modelcontextprotocol/clientCapabilities": {},
    }
    with serving(reader, Server(reader).application) as url:
        body = written(call(SEARCH, {"query": "*"}, params={"_meta": meta}))
        _, _, answered = both(url, body, modern())
        found = json.loads(answered)["result"]["structuredContent"]
        assert found == searched(url, "*")
        assert (found["total"], found["library"]["documents"]) == (1, 1)


def test_the_state_is_kept_for_some_seconds(shelf: Shelf) -> None:
    now = 100.0
    with Catalog(shelf.path) as catalog:
        completeness = Completeness(Turn(catalog), lambda: now)
        assert completeness.state().contents.documents == 0
        shelf.add(1, "Cats purr.\n", embedded=False)
        assert completeness.state().contents.documents == 0
        now += 6
        state = completeness.state()
        assert (state.contents.documents, state.contents.embedded, state.is_indexing) == (1, 0, False)


@pytest.mark.parametrize("query", ["", " ", "skip:10"])
def test_who_asks_nothing_gets_nothing(shelf: Shelf, reader: Reader, query: str) -> None:
    shelf.add(1, "Cats purr.\n")
    with serving(reader, Server(reader).application) as url:
        answer = searched(url, query)
        assert (answer["results"], answer["total"], answer["next_query"]) == ([], 0, "")
