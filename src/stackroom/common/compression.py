"""Compresses what is stored: by zstd, which Python has from 3.14 on."""

import sys

if sys.version_info >= (3, 14):
    from compression.zstd import CompressionParameter, ZstdError, compress, decompress
else:
    from backports.zstd import CompressionParameter, ZstdError, compress, decompress


class DamagedContent(Exception):
    """Compressed content is not what was written."""


def packed(content: bytes | memoryview, level: int) -> bytes:
    """Compresses content, with 4 bytes more by which `unpacked` notices a bit that changed on the disk.

    Args:
        content: of any size.
        level: of zstd; 1 is quick, 19 small.
    """
    return compress(
        content,
        options={CompressionParameter.compression_level: level, CompressionParameter.checksum_flag: 1},
    )


def unpacked(content: bytes) -> bytes:
    """What `packed` has compressed. Raises DamagedContent if it is damaged."""
    if not content:
        raise DamagedContent("it is empty")
    try:
        return decompress(content)
    except (ZstdError, MemoryError) as error:  # MemoryError: the damage has made up a size
        raise DamagedContent(str(error)) from error
