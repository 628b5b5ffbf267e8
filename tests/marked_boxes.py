"""What is yellow in the picture of a page."""

import struct
import zlib

from stackroom.server.room.pictures import Picture


def marked_boxes(picture: Picture) -> list[tuple[int, int, int, int]]:
    """Left, upper, right and lower edge of the rows of yellow pixels, in hundredths of the picture."""
    width, height, depth, colours = struct.unpack(">IIBB", picture.png[16:26])
    assert (width, height, depth) == (picture.width, picture.height, 8)
    at = picture.png.index(b"IDAT")
    size = struct.unpack(">I", picture.png[at - 4 : at])[0]
    channels = {0: 1, 2: 3}[colours]
    row = width * channels + 1
    pixels = zlib.decompress(picture.png[at + 4 : at + 4 + size])
    assert len(pixels) == row * height
    boxes: list[tuple[int, int, int, int]] = []
    if channels == 1:
        return boxes
    last = -2
    for y in range(height):
        line = pixels[y * row + 1 : (y + 1) * row]
        yellow = [x for x in range(0, width, 4) if line[3 * x] - line[3 * x + 2] > 100]
        if not yellow:
            continue
        left, right = 100 * yellow[0] // width, 100 * yellow[-1] // width
        upper, lower = 100 * y // height, 100 * y // height
        if last == y - 1:
            before = boxes.pop()
            left, upper, right = min(before[0], left), before[1], max(before[2], right)
        boxes.append((left, upper, right, lower))
        last = y
    return boxes
