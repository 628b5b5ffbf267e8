"""Makes a Document of what the process that read it has sent: nothing in it is trusted."""

from typing import Any

from indexer.pdf.attachments import LONGEST_NAME, MOST_ANNOTATIONS, MOST_ATTACHMENTS
from indexer.pdf.processes.inbox import made
from stackroom.common.documents import UNREAD_KINDS, Attachment, Document, OutlineEntry, Page, Section, Unread


def read_document(content: dict[str, Any]) -> Document:
    """Makes the document.

    Raises:
        LookupError, TypeError, ValueError: its parts are not as they can be, or do not fit together.
    """
    content["outline"] = tuple(made(OutlineEntry, entry) for entry in content["outline"])
    content["pages"] = tuple(made(Page, page) for page in content["pages"])
    content["sections"] = tuple(made(Section, section) for section in content["sections"])
    content["scans"] = tuple(content["scans"])
    content["attachments"] = _attachments(content["attachments"], len(content["pages"]))
    content["recognised"] = tuple(content["recognised"])
    content["unread"] = tuple(made(Unread, one) for one in content["unread"])
    document = made(Document, content)
    numbers = range(1, len(document.pages) + 1)
    starts = [section.start for section in document.sections]
    if (
        not document.pages
        or [page.number for page in document.pages] != list(numbers)
        or not set(document.scans) <= set(numbers)
        or len(set(document.scans)) < len(document.scans)
        or not {entry.page for entry in document.outline} <= set(numbers)
        or document.recognised  # that is for the catalogue to say
        or not {one.page for one in document.unread} <= {0, *numbers}
        or not {one.kind for one in document.unread} <= set(UNREAD_KINDS)
        or len(set(document.unread)) < len(document.unread)
        or starts != sorted(set(starts))
        or any(not 0 <= start <= len(document.text) for start in starts)
    ):
        raise ValueError("pages or sections are not where they can be")
    return document


def _attachments(content: object, pages: int) -> tuple[Attachment, ...]:
    if not isinstance(content, list) or len(content) > MOST_ATTACHMENTS + 1:
        raise ValueError("no list of attachments")
    found = tuple(made(Attachment, one) for one in content)
    places = {(one.page, one.number) for one in found}
    numbers = range(MOST_ANNOTATIONS)
    if len(places) < len(found) or any(
        one.page not in range(pages + 1)
        or one.number not in numbers
        or type(one.may_be_pdf) is not bool
        or not 0 < len(one.name) <= LONGEST_NAME
        for one in found
    ):
        raise ValueError("attachments are not as they can be")
    return found
