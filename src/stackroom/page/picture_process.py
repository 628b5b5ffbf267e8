"""Draws a page of a PDF as a picture with a passage marked. A program of its own: it may crash or be killed.

Started by `stackroom.server.room.pictures`, it reads one request from standard input, writes one answer
to standard output, and ends. The request is a JSON object; the answer a line of JSON and, if that has no
"error", a PNG. Each picture has a process of its own, so no hostile file can reach another document's
picture, or leave anything behind.
"""

import ctypes
import json
import struct
import sys
import zlib
from collections.abc import Iterator, Sequence
from typing import Any

import pypdfium2
import pypdfium2.raw as pdfium

from stackroom.page.alignment import locate
from stackroom.page.attached_file import AttachmentTooLarge, read_attached
from stackroom.page.open_pdf import open_pdf
from stackroom.page.word_boxes import UNITS

# An A4 page at 150 dots an inch. Slides are drawn larger and posters smaller, so all cost about the same.
_PIXELS = 2_200_000
_MOST_PIXELS_A_SIDE = 6000
_LARGEST_SCALE = 4.0  # pixels a point

# Of zlib: the higher ones take twice the time for a twelfth of the size.
_LEVEL = 1

# A picture that is larger (a coloured scan) is made again with 32 shades instead of 256 of each colour.
_LARGE_BYTES = 1_500_000
_FEWER_SHADES = bytes(min(255, round(round(value / 255 * 31) * 255 / 31)) for value in range(256))

# More on one page is an attack or a dump, and not marked.
_MOST_CHARACTERS = 200_000

# Yellow as of a marker: it darkens paper and leaves ink as it is.
_YELLOW = 255, 234, 105

# A gap inside a line that is not marked, in heights of the line: columns of a table.
_WIDEST_GAP = 2.5

_Box = tuple[
    float, float, float, float
]  # left, bottom, right, top, in points of the page, up and to the right


def main() -> None:
    """Answers the request: with a picture, or with the attached PDF itself if no page is asked for."""
    request = json.loads(sys.stdin.buffer.read())
    _limit(request["memory_mb"], request["seconds"])
    try:
        head, picture = _draw(request) if request["page"] else _take_out(request)
    except (pypdfium2.PdfiumError, OSError, IndexError) as error:
        code = error.err_code if isinstance(error, pypdfium2.PdfiumError) else None
        wants_password = code == pdfium.FPDF_ERR_PASSWORD
        head, picture = {"error": "password" if wants_password else "unreadable"}, b""
    except MemoryError:
        head, picture = {"error": "memory"}, b""
    except AttachmentTooLarge:
        head, picture = {"error": "large"}, b""
    sys.stdout.buffer.write(json.dumps(head).encode() + b"\n" + picture)


def _limit(memory_mb: int, seconds: int) -> None:
    try:
        import resource
    except ImportError:  # Windows: the parent's clock is the only limit
        return
    wanted = {
        resource.RLIMIT_AS: memory_mb * 2**20,
        resource.RLIMIT_CPU: seconds,
        resource.RLIMIT_FSIZE: 0,
        resource.RLIMIT_CORE: 0,
    }
    for kind, most in wanted.items():
        hard = resource.getrlimit(kind)[1]
        try:
            resource.setrlimit(kind, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))
        except ValueError:  # macOS refuses RLIMIT_AS
            continue


def _draw(request: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
    """Raises PdfiumError, OSError or IndexError if the file or the page can't be opened."""
    inside = request["inside"]
    pdf = open_pdf(request["path"], request["passwords"], tuple(inside) if inside else None)
    pdf.init_forms()  # what is filled in
    page = pdf[request["page"] - 1]
    width, height = (max(1.0, side) for side in page.get_size())
    scale = min(_LARGEST_SCALE, (_PIXELS / (width * height)) ** 0.5, _MOST_PIXELS_A_SIDE / max(width, height))
    if request["width"]:
        scale = min(scale, (request["width"] - 0.5) / width)  # pypdfium2 rounds up
    boxes = [_on_page(page, seen) for seen in request["boxes"]]
    boxes += _find_boxes(page, request["text"], request["start"], request["stop"])
    if boxes:
        _paint(page, boxes)
    bitmap = page.render(scale=scale, rev_byteorder=True)
    head = {
        "width": bitmap.width,
        "height": bitmap.height,
        "top": _find_top(page, boxes, bitmap.width, bitmap.height) if boxes else None,
    }
    return head, _encode(bitmap)


def _take_out(request: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
    """The bytes of an attachment. Raises as `_draw` does."""
    content = read_attached(open_pdf(request["path"], request["passwords"]), tuple(request["inside"]))
    return {}, content


# The mark


def _find_boxes(page: Any, text: str, start: int, stop: int) -> Iterator[_Box]:
    """The boxes of the lines of a passage of the page's repaired text; none if it has no passage."""
    if start >= stop:
        return
    text_page = pdfium.FPDFText_LoadPage(page)
    if not text_page:
        return
    count = pdfium.FPDFText_CountChars(text_page)
    if not 0 < count <= _MOST_CHARACTERS:
        return
    drawn = _read_text(text_page, count)
    for first, after in locate(text, start, stop, drawn):
        # A full stop or a bracket belongs to the word before it.
        while after < count and not drawn[after].isalnum() and not drawn[after].isspace():
            after += 1
        yield from _merge(_character_boxes(text_page, drawn, first, after))


def _on_page(page: Any, seen: Sequence[int]) -> _Box:
    """A box that is given as left, top, right and bottom of the page as it is seen; see `WordBox`."""
    x, y = ctypes.c_double(), ctypes.c_double()
    corners = []
    for corner in (seen[:2], seen[2:]):
        pdfium.FPDF_DeviceToPage(page, 0, 0, UNITS, UNITS, 0, *corner, ctypes.byref(x), ctypes.byref(y))
        corners.append((x.value, y.value))
    (left, right), (bottom, top) = (sorted(side) for side in zip(*corners, strict=True))
    return left, bottom, right, top


def _read_text(text_page: Any, count: int) -> str:
    """A page's text, in which the offsets are PDFium's numbers of characters."""
    chars: list[str] = []
    high = 0
    for at in range(count):
        code = pdfium.FPDFText_GetUnicode(text_page, at)
        if high and 0xDC00 <= code < 0xE000:  # one character in two, as some PDFs have them
            chars[-1] = chr(0x10000 + (high - 0xD800 << 10) + code - 0xDC00)
        is_char = 0 < code < 0xD800 or 0xE000 <= code < 0x110000
        chars.append(chr(code) if is_char else "\ufffd")
        high = code if 0xD800 <= code < 0xDC00 else 0
    return "".join(chars)


def _character_boxes(text_page: Any, drawn: str, start: int, stop: int) -> Iterator[_Box]:
    box = pdfium.FS_RECTF()
    for at in range(start, stop):
        if not drawn[at].isspace() and pdfium.FPDFText_GetLooseCharBox(text_page, at, ctypes.byref(box)):
            left, right = sorted((box.left, box.right))
            bottom, top = sorted((box.bottom, box.top))
            if -1e6 < left < right < 1e6 and -1e6 < bottom < top < 1e6:
                yield left, bottom, right, top


def _merge(boxes: Iterator[_Box]) -> Iterator[_Box]:
    """One box for the characters of each line. Those of other than level lines stay as they are."""
    line: _Box | None = None
    for box in boxes:
        if line is not None:
            height = min(line[3] - line[1], box[3] - box[1])
            shared = min(line[3], box[3]) - max(line[1], box[1])
            gap = max(box[0] - line[2], line[0] - box[2])
            if shared > height / 2 and gap < _WIDEST_GAP * height:
                line = (
                    min(line[0], box[0]),
                    min(line[1], box[1]),
                    max(line[2], box[2]),
                    max(line[3], box[3]),
                )
                continue
            yield line
        line = box
    if line is not None:
        yield line


def _paint(page: Any, boxes: Sequence[_Box]) -> None:
    """Puts the boxes onto the page in memory, multiplied with what is below: black stays black."""
    # One shape, so that what two boxes share is not marked twice.
    shape = pdfium.FPDFPageObj_CreateNewPath(boxes[0][0], boxes[0][1])
    for left, bottom, right, top in boxes:
        pdfium.FPDFPath_MoveTo(shape, left, bottom)
        for x, y in ((left, top), (right, top), (right, bottom)):
            pdfium.FPDFPath_LineTo(shape, x, y)
        pdfium.FPDFPath_Close(shape)
    pdfium.FPDFPath_SetDrawMode(shape, pdfium.FPDF_FILLMODE_WINDING, False)
    pdfium.FPDFPageObj_SetFillColor(shape, *_YELLOW, 255)
    pdfium.FPDFPageObj_SetBlendMode(shape, b"Multiply")
    pdfium.FPDFPage_InsertObject(page, shape)


def _find_top(page: Any, boxes: Sequence[_Box], width: int, height: int) -> float:
    """How far down the picture the mark begins: 0 is its upper edge and 1 its lower one."""
    x, y = ctypes.c_int(), ctypes.c_int()
    tops = []
    for left, bottom, right, top in boxes:
        for corner in ((left, bottom), (right, top)):
            pdfium.FPDF_PageToDevice(page, 0, 0, width, height, 0, *corner, ctypes.byref(x), ctypes.byref(y))
            tops.append(y.value)
    return min(max(min(tops) / height, 0.0), 1.0)


# The picture


def _encode(bitmap: Any) -> bytes:
    pixels = bytes(bitmap.buffer)
    width, height = bitmap.width, bitmap.height
    if bitmap.stride != 3 * width:
        pixels = b"".join(pixels[at : at + 3 * width] for at in range(0, len(pixels), bitmap.stride))
    red = pixels[0::3]
    channels = 3
    if red == pixels[1::3] == pixels[2::3]:
        pixels, channels = red, 1
    picture = _write_png(pixels, width, height, channels)
    if len(picture) > _LARGE_BYTES:
        picture = _write_png(pixels.translate(_FEWER_SHADES), width, height, channels)
    return picture


def _write_png(pixels: bytes, width: int, height: int, channels: int) -> bytes:
    """A PNG of 8 bits a channel, of which there are 1 (grey) or 3 (red, green, blue)."""
    row = width * channels
    unfiltered = b"".join(b"\0" + pixels[at : at + row] for at in range(0, height * row, row))
    head = struct.pack(">IIBBBBB", width, height, 8, {1: 0, 3: 2}[channels], 0, 0, 0)
    parts = ((b"IHDR", head), (b"IDAT", zlib.compress(unfiltered, _LEVEL)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(name, content) for name, content in parts)


def _chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
