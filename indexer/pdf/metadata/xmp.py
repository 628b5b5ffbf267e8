"""Reads title, author and dates from the XML that describes a PDF (XMP): PDF/A-4 and PDF 2.0 have them only
there. PDFium does not hand it out.

The XML comes from strangers: a document type, which could define entities that expand without end, ends the
reading, and so does a size that no description has.
"""

import mmap
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from xml.etree.ElementTree import ParseError, XMLParser

from indexer.pdf.text.clean_text import flatten

MOST_BYTES = 2**20
"""Longest XML that is read. The longest seen, with a history of all its edits, has 300 KB."""

_MOST_STREAMS = 200  # descriptions in a file: pictures and fonts may have their own
_DEEPEST = 60  # elements within elements
_NEAR = 1000  # bytes around its type in which a stream's dictionary begins and ends

_OBJECT = re.compile(rb"(\d+)\s+\d+\s+obj\b")
_CATALOG = re.compile(rb"/Type\s*/Catalog\b")
_REFERENCE = re.compile(rb"/Metadata\s+(\d+)\s+\d+\s+R")

_RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
_DC, _XMP, _PDF = (
    "http://purl.org/dc/elements/1.1/",
    "http://ns.adobe.com/xap/1.0/",
    "http://ns.adobe.com/pdf/1.3/",
)
_LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"
_PROPERTIES = {
    f"{{{_DC}}}title": "title",
    f"{{{_DC}}}creator": "author",
    f"{{{_PDF}}}Author": "author",
    f"{{{_XMP}}}CreateDate": "created",
    f"{{{_PDF}}}CreationDate": "created",
    f"{{{_XMP}}}ModifyDate": "modified",
    f"{{{_PDF}}}ModDate": "modified",
}


@dataclass(frozen=True, slots=True)
class Description:
    """What the XML says of the document; empty where it says nothing."""

    title: str = ""
    author: str = ""
    created: str = ""
    modified: str = ""


class Unclear(Exception):
    """The file has such XML, but it takes more to find or to decode it."""


def find_xml(source: Path | bytes) -> bytes:
    """The XML that describes the document, from the bytes of the file or its path; empty if there is none.

    Nearly all producers write it uncompressed, so that programs which know nothing of PDF find it.

    Raises:
        Unclear: it is compressed or encrypted, or there are several, and it is not plain which is meant.
        OSError: the file cannot be read.
    """
    if isinstance(source, bytes):
        return _find(source)
    with source.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        return _find(data)


def _find(data: mmap.mmap | bytes) -> bytes:
    streams = list(_streams(data))
    if not streams:
        return b""
    if data.rfind(b"/Encrypt") >= 0:
        raise Unclear
    if len({number for number, _, _ in streams}) > 1:
        wanted = _referred_to(data)
        streams = [stream for stream in streams if stream[0] == wanted]
    if not streams:
        raise Unclear
    _, dictionary, start = streams[-1]  # the last one: a file that was changed keeps the older ones
    stop = data.find(b"endstream", start, start + MOST_BYTES)
    if stop < 0 or b"/Filter" in dictionary:
        raise Unclear
    return data[start:stop]


def _streams(data: mmap.mmap | bytes) -> Iterator[tuple[int, bytes, int]]:
    """Object number, dictionary and start of the content of each stream of XML."""
    at = -1
    for _ in range(_MOST_STREAMS):
        at = data.find(b"/XML", at + 1)
        if at < 0:
            return
        before = data[max(0, at - _NEAR) : at]
        headers = list(_OBJECT.finditer(before))
        stop = data.find(b"stream", at, at + _NEAR)
        if headers and stop >= 0:
            yield int(headers[-1][1][:9]), before[headers[-1].end() :] + data[at:stop], stop + len(b"stream")


def _referred_to(data: mmap.mmap | bytes) -> int:
    """The number of the object that the catalogue names; -1 if that is not plain."""
    numbers = set()
    for found in _CATALOG.finditer(data):
        around = data[max(0, found.start() - 4 * _NEAR) : found.end() + 4 * _NEAR]
        middle = found.start() - max(0, found.start() - 4 * _NEAR)
        begin, end = around.rfind(b"obj", 0, middle), around.find(b"endobj", middle)
        numbers |= {int(number[:9]) for number in _REFERENCE.findall(around[max(begin, 0) : end])}
    return numbers.pop() if len(numbers) == 1 else -1


def read_xml(xml: bytes) -> Description:
    """What the XML says of the document, up to where it makes no sense any more."""
    reader = _Reader()
    parser = XMLParser(target=reader)  # noqa: S314  the reader refuses what could expand
    start = xml.find(b"<")
    try:
        if len(xml) <= MOST_BYTES:
            parser.feed(xml if xml[:2] in (b"\xfe\xff", b"\xff\xfe") else xml[max(start, 0) :])
            parser.close()
    except (ParseError, _Refused, LookupError, ValueError):  # the last two: of an encoding's name
        pass
    return Description(**{name: flatten(value) for name, value in reader.found.items()})


class _Refused(Exception):
    """The XML has what none of them needs."""


class _Reader:
    """Told by the parser what comes; keeps nothing but the properties."""

    def __init__(self) -> None:
        self.found: dict[str, str] = {}
        self._above: list[str] = []
        self._property = ""
        self._items: list[tuple[str, str]] = []
        self._language = ""
        self._text: list[str] = []

    def doctype(self, name: str, public: str | None, system: str | None) -> None:
        raise _Refused

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        if len(self._above) > _DEEPEST:
            raise _Refused
        if tag == f"{_RDF}Description" and self._above[-1:] == [f"{_RDF}RDF"]:
            for name, value in attributes.items():
                self._keep(_PROPERTIES.get(name, ""), value)
        elif self._above[-2:] == [f"{_RDF}RDF", f"{_RDF}Description"] and tag in _PROPERTIES:
            self._property, self._items, self._text = _PROPERTIES[tag], [], []
        elif tag == f"{_RDF}li":
            self._language, self._text = attributes.get(_LANGUAGE, ""), []
        self._above.append(tag)

    def data(self, text: str) -> None:
        if self._property:
            self._text.append(text)

    def end(self, tag: str) -> None:
        self._above.pop()
        if not self._property:
            return
        if tag == f"{_RDF}li":
            self._items.append((self._language, "".join(self._text).strip()))
        elif _PROPERTIES.get(tag) == self._property and len(self._above) <= _DEEPEST:
            items = self._items or [("", "".join(self._text))]
            usual = [text for language, text in items if language == "x-default"] or [items[0][1]]
            several = "; ".join(text for _, text in items if text)
            self._keep(self._property, several if self._property == "author" else usual[0])
            self._property = ""

    def close(self) -> None:
        """Nothing is left to do."""

    def _keep(self, name: str, value: str) -> None:
        if name and value.strip():
            self.found.setdefault(name, value)
