"""The contract of the truth: what `Catalog` and the publishers promise, whatever holds it."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from indexer.ocr.scan_publisher import ScanPublisher
from indexer.store.publisher import FileState
from indexer.upkeep.contracts.written import (
    DIMENSIONS,
    MODEL,
    Written,
    a_document,
    its_lines,
    some_codes,
    written,
)
from stackroom.catalog.document_lines import read_lines
from stackroom.catalog.entries import Change
from stackroom.catalog.library_state import read_contents
from stackroom.catalog.status import Status, read_status
from stackroom.catalog.vector_codes import decode
from stackroom.common.documents import Attachment, OutlineEntry, Page, Section, Unread
from stackroom.common.errors import CatalogUnusable, ExtractionFailed
from stackroom.common.postgres.address import StoreAddress
from stackroom.page.word_boxes import WordBox

# No test waits longer for another thread.
_SECONDS = 60.0


class TruthContract:
    """Inherit from it, and give the fixture `where`: an empty place for a store, new for each test.

    That is the path of a file that is not there, or the address of a database without our tables.
    """

    @pytest.fixture
    def store(self, where: Path | StoreAddress, tmp_path: Path) -> Iterator[Written]:
        """A store with one library and one model."""
        with written(where, tmp_path / "folder") as store:
            yield store

    # Documents

    def test_its_size_is_known(self, store: Written) -> None:
        before = store.catalog.size()
        assert before > 0
        numbers = "".join(f"{number * number:x}\n" for number in range(20_000))
        store.publish(a_document(1, numbers))
        assert store.catalog.size() > before + 20_000

    def test_a_document_is_there_as_it_was_published(self, store: Written) -> None:
        pages = (Page(1, "i", "Ünï 文字 🐈\nSecond.\n"), Page(2, "2", ""), Page(3, "A-1", "Third\0.\n"))
        document = replace(
            a_document(1),
            pages=pages,
            outline=(OutlineEntry("Chapter “1”", 3, 0),),
            sections=(Section(0, "Top › Ünder"),),
            language="de",
            scans=(2,),
            attachments=(Attachment(0, 0, "a.pdf", True), Attachment(3, 1, "b.txt", False)),
            unread=(Unread(0, "form"), Unread(3, "garbled")),
        )
        store.publish(document, "one.pdf", "folder/copy.pdf")
        found = store.publisher.document(store.key(1))
        assert found == replace(document, scans=(), attachments=())
        entry = store.catalog.document(document.id)
        assert entry is not None
        assert [place.path for place in entry.locations] == ["folder/copy.pdf", "one.pdf"]
        assert [(one.page, one.name) for one in entry.attachments] == [(0, "a.pdf"), (3, "b.txt")]
        assert store.catalog.pages(entry.key, 2, 3) == list(pages[1:])
        assert store.catalog.page_lengths(entry.key) == [len(page.text) for page in pages]
        assert store.catalog.unread_pages(entry.key) == [2]
        assert store.catalog.unread(entry.key) == list(document.unread)
        assert store.catalog.document("f" * 24) is None
        (line,) = read_lines(store.catalog, [entry.key, entry.key + 1])
        assert (line.paths, line.waiting_pages, line.unread) == (
            ("folder/folder/copy.pdf", "folder/one.pdf"),
            1,
            document.unread,
        )
        (described,) = store.catalog.descriptions(store.model)
        assert described == store.catalog.descriptions_of(store.model, [document.id])[0]
        assert (described.pages, described.folders) == (3, ("folder/folder", "folder"))

    def test_a_title_may_hold_anything(self, store: Written) -> None:
        title = "100 % ? %s 'quoted' \"twice\" \\ $1"
        store.publish(a_document(1, "Text.\n", title=title), "50 % ?.pdf")
        assert store.catalog.descriptions(store.model)[0].title == title
        assert store.catalog.holdings(store.root) == {"50 % ?.pdf": f"{1:024x}"}
        store.publish(a_document(2, "Text.\n", title="NUL \0 here"))
        assert store.catalog.descriptions(store.model)[1].title.startswith("NUL ")

    def test_its_passages_are_found_by_their_ids(self, store: Written) -> None:
        store.publish(a_document(1, "One.\nTwo.\n", "Three.\n"))
        ((first, last, key),) = store.catalog.passage_ranges(store.model)
        assert (last - first, key) == (2, store.key(1))
        assert store.catalog.passage_range(store.model, key) == (first, last, key)
        found = store.catalog.passages([last, first, last + 1])
        assert {id_: (one.page, one.text) for id_, one in found.items()} == {
            first: (1, "One.\n"),
            last: (2, "Three.\n"),
        }
        assert store.catalog.page_numbers([first, last, last + 1]) == {first: 1, last: 2}
        assert store.texts() == ["One.", "Two.", "Three."]
        (whole,) = store.catalog.first_words(store.model)
        assert (whole.first_passage, whole.names) == (first, "")
        assert "One." in whole.text

    def test_it_is_there_whole_or_not_at_all(self, store: Written) -> None:
        store.publish(a_document(1, "One.\n"))

        def state() -> tuple[int, Status]:  # what was taken back may leave room in files
            return store.catalog.last_change(), replace(read_status(store.catalog), index_bytes=0)

        before = state()
        half = replace(a_document(2, "Two.\n"), sections=(Section(0, "a"), Section(0, "the same again")))
        with pytest.raises(CatalogUnusable):
            store.publish(half)
        assert state() == before
        store.publish(a_document(2, "Two.\n"))
        assert store.texts() == ["One.", "Two."]

    def test_a_changed_file_is_another_document_and_its_old_id_leads_there(self, store: Written) -> None:
        store.publish(a_document(1, "One.\n"), "a.pdf")
        store.publish(a_document(2, "Two.\n"), "a.pdf")
        store.publish(a_document(3, "Three.\n"), "a.pdf")
        found = store.catalog.document(f"{1:024x}")
        assert found is not None
        assert found.id == f"{3:024x}"
        assert store.texts() == ["Three."]

    def test_one_that_is_read_again_keeps_its_id_and_its_files(self, store: Written) -> None:
        store.publish(a_document(1, "One.\n"), "a.pdf", "b.pdf")
        store.publisher.read_again([f"{1:024x}"])
        assert {one.stale for one in store.publisher.recorded(store.number).values()} == {True}
        assert store.publisher.document_key(f"{1:024x}") is None
        store.publish(a_document(1, "Better.\n"), "a.pdf")
        assert store.texts() == ["Better."]
        assert sorted(store.catalog.holdings(store.root)) == ["a.pdf", "b.pdf"]
        assert {one.stale for one in store.publisher.recorded(store.number).values()} == {False}

    def test_documents_go_with_their_last_file(self, store: Written) -> None:
        store.publish(a_document(1, "One.\n"), "a.pdf", "b.pdf")
        store.publish(a_document(2, "Two.\n"), "c.pdf")
        store.publisher.settle({}, [store.place("a.pdf"), store.place("c.pdf")])
        assert store.texts() == ["One."]
        # Two files that swap their names leave no document without a file.
        store.publish(a_document(3, "Three.\n"), "d.pdf")
        swapped = {store.place("b.pdf"): (FileState(1, 3), store.key(3))}
        swapped |= {store.place("d.pdf"): (FileState(1, 3), store.key(1))}
        store.publisher.settle(swapped, [])
        assert store.catalog.holdings(store.root) == {"b.pdf": f"{3:024x}", "d.pdf": f"{1:024x}"}
        assert store.publisher.forget_library(store.number) == 2
        assert store.texts() == []

    def test_a_file_that_cannot_be_read_is_recorded(self, store: Written) -> None:
        store.publish(a_document(1, "One.\n"), "a.pdf")
        failed = ExtractionFailed(Path("a.pdf"), "damaged", "it is cut off")
        store.publisher.fail(store.place("a.pdf"), FileState(5, 6), failed)
        assert store.texts() == []
        (recorded,) = store.publisher.recorded(store.number).values()
        assert (recorded.state, recorded.document, recorded.failure, recorded.reason) == (
            FileState(5, 6),
            None,
            "damaged",
            "it is cut off",
        )
        assert [one.reason for one in read_status(store.catalog).failures] == ["it is cut off"]

    # Vectors

    def test_passages_wait_for_their_vectors(self, store: Written) -> None:
        store.publish(a_document(1, "One.\nTwo.\n"))
        waiting = store.publisher.pending(store.model, 10)
        assert [one.text for one in waiting] == ["One.\n", "Two.\n"]
        assert store.publisher.is_any_pending()
        assert store.catalog.has_waiting()
        assert read_contents(store.catalog).embedded == 0
        ids, codes = [one.id for one in waiting], some_codes(2)
        store.publisher.store_vectors(ids, codes)
        assert store.catalog.vectors(store.model) == (ids, codes)
        assert store.publisher.pending_count(store.model) == 0
        assert read_contents(store.catalog).embedded == 100
        assert store.changes()[-1] == Change("embedded", ids[0], ids[-1])

    def test_equal_texts_share_one(self, store: Written) -> None:
        store.publish(a_document(1, "One.\nTwo.\n"))
        store.embed()
        codes = store.catalog.vectors(store.model)[1]
        store.publish(a_document(2, "Two.\nNew.\n"))
        assert [one.code for one in store.publisher.pending(store.model, 10)] == [codes[1], None]

    def test_many_are_read_in_blocks(self, store: Written) -> None:
        for number in range(1, 4):
            store.publish(a_document(number, "".join(f"Line {number} {at}.\n" for at in range(300))))
        ids = store.embed()
        assert store.catalog.vectors(store.model)[0] == ids
        assert store.catalog.vectors(store.model, ids[100], ids[700])[0] == ids[100:701]
        some, codes = store.catalog.vectors(store.model, ids[250], most=100)
        assert some == ids[250:350]
        assert decode(codes, DIMENSIONS).shape == (100, DIMENSIONS)

    def test_those_of_a_removed_document_are_left_out(self, store: Written) -> None:
        store.publish(a_document(1, "One.\n"))
        (waiting,) = store.publisher.pending(store.model, 10)
        store.publisher.settle({}, [store.place("001.pdf")])
        store.publisher.store_vectors([waiting.id], some_codes(1))
        assert store.catalog.vectors(store.model) == ([], [])

    def test_another_model_is_built_beside_the_one_that_is_searched(self, store: Written) -> None:
        store.publish(a_document(1, "One.\n"))
        store.embed()
        other = store.publisher.add_model(replace(MODEL, name="other", digest="another"))
        assert store.publisher.add_model(replace(MODEL, name="other", digest="another")) == other
        (key,) = store.publisher.documents_without_passages(other)
        document = store.publisher.document(key)
        seen = store.catalog.last_change()
        store.publisher.add_passages(key, document, its_lines(document), other)
        assert store.changes(seen) == []
        assert store.catalog.model() == store.model
        ids = [one.id for one in store.publisher.pending(other, 10)]
        store.publisher.store_vectors(ids, some_codes(1))
        store.publisher.switch_model(other)
        assert store.catalog.model() == other
        assert store.changes(seen)[-1].kind == "model"
        kept = store.publisher.other_model()
        assert kept is not None
        assert (kept.model, kept.is_replaced) == (store.model, True)
        store.publisher.forget_other_models()
        assert store.publisher.other_model() is None
        assert store.catalog.vectors(other)[0] == ids

    # Scans and attachments

    def test_what_ocr_reads_appears_at_once(self, store: Written) -> None:
        store.publish(replace(a_document(1, "Own.\n", "", ""), scans=(2, 3)))
        (key,) = store.publisher.scanned_documents()
        assert store.publisher.scanned_document(key).waiting == (2, 3)
        store.publisher.keep_scan(key, 2, "Read.\n", 91, [WordBox(4, 100, 100, 200, 120)])
        store.publisher.fail_scan(key, 3, "it is blank")
        assert store.texts() == ["Own."]
        document = store.publisher.recognised(key, "ocr 1")
        store.publisher.replace(key, document, its_lines(document), store.model)
        assert store.texts() == ["Own.", "Read."]
        entry = store.catalog.document(f"{1:024x}")
        assert entry is not None
        assert entry.key > key
        assert store.catalog.ocr_pages(entry.key) == {2: 91}
        assert len(store.catalog.word_boxes(entry.key, 2)) == 1
        store.publisher.retry_scans()
        assert store.publisher.waiting_scans() == 1
        store.publisher.drop_scan(entry.key, 3)
        assert store.publisher.waiting_scans() == 0

    def test_attachments_are_documents_as_long_as_what_holds_them(self, store: Written) -> None:
        holder = replace(
            a_document(1, "Cover.\n"),
            attachments=(Attachment(0, 0, "a.pdf", True), Attachment(0, 1, "b.pdf", True)),
        )
        store.publish(holder, "one.pdf", "two.pdf")
        first, second = store.publisher.waiting_attachments()
        assert [first.attachment.name, second.attachment.name] == ["a.pdf", "b.pdf"]
        inner = a_document(2, "Inside.\n")
        assert store.publisher.publish_attached(
            first.container, first.attachment, inner, its_lines(inner), store.model
        )
        failed = ExtractionFailed(Path("b.pdf"), "timed out", "it took too long")
        assert store.publisher.fail_attached(second.container, second.attachment, failed)
        assert store.texts() == ["Cover.", "Inside."]
        assert [one.kind for one in read_status(store.catalog).attachments_failed] == ["timed out"] * 2
        store.publisher.retry_attachments(["timed out"])
        assert len(store.publisher.waiting_attachments()) == 1
        entry = store.catalog.document(inner.id)
        assert entry is not None
        assert {place.shown_name for place in entry.locations} == {"a.pdf, in one.pdf", "a.pdf, in two.pdf"}
        store.publisher.settle({}, [store.place("one.pdf"), store.place("two.pdf")])
        assert store.texts() == []

    # Following it

    def test_each_commit_is_noticed(self, store: Written) -> None:
        seen = {store.catalog.version()}
        store.publish(a_document(1, "One.\n"))
        seen.add(store.catalog.version())
        store.publisher.fail_scan(1, 1, "nothing")
        store.embed()
        seen.add(store.catalog.version())
        assert len(seen) == 3
        assert store.catalog.version() in seen

    def test_changes_tell_what_to_follow(self, store: Written) -> None:
        store.publish(a_document(1, "One.\nTwo.\n"), "a.pdf")
        seen = store.catalog.last_change()
        ((first, last, _),) = store.catalog.passage_ranges(store.model)
        assert store.changes() == [Change("published", first, last)]
        store.publish(a_document(2, "Three.\n"), "b.pdf")
        store.publisher.settle(
            {store.place("c.pdf"): (FileState(1, 2), store.key(1))}, [store.place("b.pdf")]
        )
        kinds = [change.kind for change in store.changes(seen)]
        assert kinds == ["published", "named", "removed"]
        assert store.catalog.changes_since(store.catalog.last_change() + 1) is None

    def test_ids_are_never_used_twice(self, store: Written) -> None:
        store.publish(a_document(1, "One.\n"), "a.pdf")
        ((_, last, key),) = store.catalog.passage_ranges(store.model)
        store.publisher.settle({}, [store.place("a.pdf")])
        change = store.catalog.last_change()
        store.publish(a_document(1, "One.\n"), "a.pdf")
        ((first, _, new_key),) = store.catalog.passage_ranges(store.model)
        assert first > last
        assert new_key > key
        assert store.catalog.last_change() > change

    def test_a_snapshot_is_of_one_moment(self, store: Written) -> None:
        store.publish(a_document(1, "One.\n"))
        with store.catalog.snapshot():
            assert store.texts() == ["One."]
            store.publish(a_document(2, "Two.\n"))
            assert store.texts() == ["One."]
        assert store.texts() == ["One.", "Two."]

    def test_two_may_write_in_turns(self, store: Written) -> None:
        numbers = [range(1, 60, 2), range(2, 60, 2)]
        failures: list[BaseException] = []

        def write(some: Sequence[int]) -> None:
            try:
                with closing(ScanPublisher(store.where, create=False)) as publisher:
                    for number in some:
                        document = a_document(number, f"Line {number}.\n" * 3)
                        files = {store.place(f"{number}.pdf"): FileState(1, 2)}
                        publisher.publish(document, its_lines(document), store.model, files)
            except BaseException as error:
                failures.append(error)
                raise

        threads = [threading.Thread(target=write, args=(some,)) for some in numbers]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(_SECONDS)
        assert not failures
        assert len(store.catalog.holdings(store.root)) == 59
        ranges = [(first, last) for first, last, _ in store.catalog.passage_ranges(store.model)]
        published = [(change.first, change.last) for change in store.changes()]
        assert published == ranges  # in the order of their commits
        assert all(last - first == 2 for first, last in ranges)
