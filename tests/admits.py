"""Whether a query admits a document of which something is known."""

from typing import Any

from stackroom.catalog.entries import Description
from stackroom.catalog.passage_ranges import PassageRange
from stackroom.reading.finding.document_table import DocumentTable
from stackroom.reading.query.parse import parse

ID = "0123456789abcdef01234567"


def admits(query: str, **about: Any) -> bool:
    """Whether a document of which this is known may be shown."""
    document = Description(PassageRange(1, 9, 1), **(NOTHING | about))
    return len(DocumentTable([document]).admitted(parse(query))) == 1


NOTHING = dict.fromkeys(("id", "title", "author", "created", "modified", "language"), "") | {"paths": ()}


OTTERS = {
    "title": "Annual Report 2023: Otters in Zürich",
    "author": "Müller, Hans; Ann Łukasz",
    "paths": ["reports/2023/annual_report-final.pdf", "copies/x.pdf"],
    "created": "2022-11-30T10:00:00+02:00",
    "modified": "2023-05-01",
    "language": "de",
    "id": ID,
}
