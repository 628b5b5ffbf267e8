"""Adds to what a PDF says of itself in its Info dictionary what it says in XML."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from indexer.pdf.metadata.title import is_meaningful
from indexer.pdf.metadata.xmp import Unclear, find_xml, read_xml
from indexer.pdf.raw_reading import Reading
from indexer.pdf.text.clean_text import flatten, read_date

# What programs write where they know no author.
_NOBODY = frozenset(
    "anonymous (anonymous) unknown author admin administrator user owner root none n/a python-docx".split()  # noqa: SIM905
)


def with_xml(reading: Reading, source: Path | bytes, read_otherwise: Callable[[], bytes]) -> Reading:
    """The reading with the title, author and dates that the XML has and the Info dictionary has not.

    Args:
        reading: with what the Info dictionary says.
        source: path of the file, or its bytes.
        read_otherwise: gives the XML of a file from whose bytes it does not speak; takes much longer.
    """
    has_title = is_meaningful(flatten(reading.title))
    has_author = flatten(reading.author).casefold() not in _NOBODY | {""}
    has_created, has_modified = (bool(read_date(date)) for date in (reading.created, reading.modified))
    if has_title and has_author and has_created and has_modified:
        return reading
    try:
        xml = find_xml(source)
    except Unclear:
        # Most PDFs name no author anywhere.
        xml = b"" if has_title and has_created else read_otherwise()
    if not xml:
        return reading
    said = read_xml(xml)
    return replace(
        reading,
        title=reading.title if has_title else said.title or reading.title,
        author=reading.author if has_author else said.author or reading.author,
        created=reading.created if has_created else said.created,
        modified=reading.modified if has_modified else said.modified,
    )
