"""What is compressed comes back, and no damage passes."""

import pytest

from stackroom.common.compression import DamagedContent, packed, unpacked

TEXT = b"Otters hold hands. " * 200


@pytest.mark.parametrize("level", [1, 15, 19])
def test_what_is_packed_comes_back(level: int) -> None:
    assert unpacked(packed(TEXT, level)) == TEXT
    assert unpacked(packed(memoryview(TEXT), level)) == TEXT
    assert unpacked(packed(b"", level)) == b""
    assert len(packed(TEXT, level)) < 100


def test_damage_is_noticed() -> None:
    whole = packed(TEXT, 15)
    for content in (b"", whole[:-1], whole[: len(whole) // 2], whole + b"x", b"x" + whole):
        with pytest.raises(DamagedContent):
            unpacked(content)
    for at in range(len(whole)):
        changed = bytearray(whole)
        changed[at] ^= 0x40
        try:
            assert unpacked(bytes(changed)) == TEXT  # a bit that means nothing
        except DamagedContent:
            continue
