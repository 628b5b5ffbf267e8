"""PDFs and files that are made to hurt, for the tests and for bench/robustness/bombs.py."""

import os
import socket
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path

from make_pdfs import write_claiming_pdf, write_pdf

GOOD = "good.pdf"
EXPANDED = 400_000_000
"""Bytes that a stream of 400 kB becomes."""


def make(folder: Path) -> None:
    """Makes all of them in a folder, and the good one."""
    folder.mkdir(parents=True, exist_ok=True)
    write_pdf(folder / GOOD, ["An ordinary page among bombs."])
    write_claiming_pdf(folder / "claiming.pdf")
    for name, objects in BOMBS.items():
        (folder / f"{name}.pdf").write_bytes(pdf(objects(EXPANDED)))
    make_odd_files(folder)


# Files that are odd to the file system


def make_odd_files(folder: Path) -> None:
    """Names that are odd but allowed, each of a good PDF; and what is named like a PDF and is none."""
    for name in ("two\nlines.pdf", "🦦 otter.pdf", "x" * 251 + ".pdf", "-rf.pdf", "%s%n {0}.PDF"):
        write_pdf(folder / name, [f"A page in the file {name!a}."])
    write_pdf(Path(os.fsdecode(os.fsencode(folder) + b"/not \xff utf-8.pdf")), ["A page that has no name."])
    os.mkfifo(folder / "fifo.pdf")
    (folder / "device.pdf").symlink_to("/dev/zero")
    (folder / "nowhere.pdf").symlink_to(folder / "is not there.pdf")
    (folder / "loop.pdf").symlink_to(folder / "loop.pdf")
    (folder / "folder.pdf").mkdir()
    (folder / "folder.pdf" / "up").symlink_to(folder, target_is_directory=True)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(f"/proc/self/fd/{os.open(folder, os.O_RDONLY)}/socket.pdf")
    (folder / "empty.pdf").touch()


# Bombs: objects of a PDF, numbered from 1, which is the catalogue


def pdf(objects: Sequence[bytes]) -> bytes:
    """A PDF of these objects."""
    written = bytearray(b"%PDF-1.7\n")
    table = bytearray(b"0000000000 65535 f \n")
    for number, content in enumerate(objects, 1):
        table += b"%010d 00000 n \n" % len(written)
        written += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    size = len(objects) + 1
    trailer = b"trailer << /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (size, len(written))
    return bytes(written) + b"xref\n0 %d\n%s" % (size, table) + trailer


def _page(*further: bytes, resources: bytes = b"", box: bytes = b"0 0 595 842") -> list[bytes]:
    """A page whose content is object 4."""
    return [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [%s] /Contents 4 0 R /Resources << %s >> >>"
        % (box, resources),
        *further,
    ]


def _stream(content: bytes, entries: bytes = b"") -> bytes:
    return b"<< %s /Length %d >>\nstream\n%s\nendstream" % (entries, len(content), content)


def _deflated(count: int, times: int = 1, pattern: bytes = b" ") -> bytes:
    """So many bytes of a pattern, deflated; a thousandth each time."""
    packer = zlib.compressobj(9)
    block = pattern * (1_000_000 // len(pattern))
    packed = b"".join(packer.compress(block) for _ in range(count // len(block))) + packer.flush()
    for _ in range(times - 1):
        packed = zlib.compress(packed, 9)
    return packed


def _expanding_content(size: int) -> list[bytes]:
    return _page(_stream(_deflated(size), b"/Filter /FlateDecode"))


def _expanding_twice(size: int) -> list[bytes]:
    filters = b"/Filter [/FlateDecode /FlateDecode]"
    return _page(_stream(_deflated(4 * size, 2), filters))


def _expanding_objects(size: int) -> list[bytes]:
    packed = _stream(_deflated(size), b"/Type /ObjStm /N 1000000 /First 10 /Filter /FlateDecode")
    return [*_page(_stream(b"BT ET")), packed]


def _recursive_pages(size: int) -> list[bytes]:
    return [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R 2 0 R] /Count 1000 /Parent 3 0 R >>",
        b"<< /Type /Pages /Kids [2 0 R 3 0 R] /Count 1000 /Parent 2 0 R >>",
    ]


def _deep_pages(size: int) -> list[bytes]:
    depth = 100_000
    nodes = [b"<< /Type /Pages /Kids [%d 0 R] /Count 1 >>" % (number + 3) for number in range(depth)]
    return [b"<< /Type /Catalog /Pages 2 0 R >>", *nodes, b"<< /Type /Page /MediaBox [0 0 9 9] >>"]


def _laughing_forms(size: int) -> list[bytes]:
    """Ten forms, each of which shows the next ten times: ten thousand million pieces of text."""
    font = b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"
    forms = [
        _stream(
            b"/F Do " * 10,
            b"/Type /XObject /Subtype /Form /BBox [0 0 595 842] /Resources << /XObject << /F %d 0 R >> >>"
            % number,
        )
        for number in range(6, 15)
    ]
    last = _stream(
        b"BT /T 9 Tf (ha) Tj ET",
        b"/Type /XObject /Subtype /Form /BBox [0 0 595 842] /Resources << /Font << /T 16 0 R >> >>",
    )
    return _page(_stream(b"/F Do"), *forms, last, b"null", font, resources=b"/XObject << /F 5 0 R >>")


def _endless_content(size: int) -> list[bytes]:
    """400 MB of drawing in a megabyte."""
    return _page(_stream(_deflated(size, 1, b"0 0 m 9 9 l S q "), b"/Filter /FlateDecode"))


def _giant_image(size: int) -> list[bytes]:
    entries = (
        b"/Type /XObject /Subtype /Image /Width 60000 /Height 60000 /BitsPerComponent 8"
        b" /ColorSpace /DeviceRGB /Filter /FlateDecode"
    )
    content = _stream(b"q 595 0 0 842 0 0 cm /I Do Q")
    return _page(content, _stream(_deflated(size, 1, b"\x80"), entries), resources=b"/XObject << /I 5 0 R >>")


def _giant_pattern(size: int) -> list[bytes]:
    """A page painted with a pattern of hairs, each of which is a cell of its own."""
    entries = (
        b"/PatternType 1 /PaintType 1 /TilingType 1\n/BBox [0 0 1 1] /XStep .001 /YStep .001 /Resources << >>"
    )
    content = _stream(b"/Pattern cs /P scn 0 0 14400 14400 re f")
    return _page(
        content,
        _stream(b"0 0 1 1 re f", entries),
        resources=b"/Pattern << /P 5 0 R >>",
        box=b"0 0 14400 14400",
    )


# Each is given how large what it expands to is, in bytes.
BOMBS: dict[str, Callable[[int], list[bytes]]] = {
    "expanding-content": _expanding_content,
    "expanding-twice": _expanding_twice,
    "expanding-objects": _expanding_objects,
    "recursive-pages": _recursive_pages,
    "deep-pages": _deep_pages,
    "laughing-forms": _laughing_forms,
    "endless-content": _endless_content,
    "giant-image": _giant_image,
    "giant-pattern": _giant_pattern,
}
