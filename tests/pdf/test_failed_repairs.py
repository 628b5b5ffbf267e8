"""An error in a repair costs the repair, never the page or the document, and is told."""

import pytest

from indexer.pdf.pdfium import _compose
from indexer.pdf.raw_reading import Reading
from indexer.pdf.text.page_lines import HYPHENATED, Line
from indexer.pdf.text.repair import Repairs
from stackroom.common.documents import OutlineEntry, Unread


def test_what_an_error_of_ours_leaves_is_what_was_there() -> None:
    repairs = Repairs()
    assert (repairs((0, 0), divmod, 7, 2), repairs.failed) == ((3, 1), False)
    assert (repairs((0, 0), divmod, 7, 0), repairs.failed) == ((0, 0), True)
    assert (repairs((0, 0), divmod, 7, 7), repairs.failed) == ((1, 0), True)


def test_what_is_no_error_of_ours_is_for_others() -> None:
    def run_out_of_memory() -> int:
        raise MemoryError

    with pytest.raises(MemoryError):
        Repairs()(1, run_out_of_memory)


def test_a_document_is_kept_whatever_fails() -> None:
    # An outline that leads to a page which is not there: nothing that reads a file gives one.
    pages: list[list[Line] | None] = [[Line(f"The ferry leaves from pier{HYPHENATED}"), Line("seven.")]]
    reading = Reading(pages, [""], "Ferries", "", "", "", [OutlineEntry("Piers", 9, 0)], "a reader 1.0")
    document = _compose("x", "0" * 24, reading)
    assert (document.title, document.pages[0].text) == ("Ferries", "The ferry leaves from pier-seven.\n")
    assert (document.sections, document.unread) == ((), (Unread(0, "repair"),))
