"""Long documents in parts: every character once, and ids that say which."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stackroom.common.documents import Part
from stackroom.common.errors import UnknownPart
from stackroom.page.parts import MARK_CHARACTERS, Division, split_id

ID = "0123456789abcdef01234567"
LIMIT = 1000

lengths_of_pages = st.lists(st.integers(0, 400) | st.integers(900, 5000), min_size=1, max_size=25)


def characters(part: Part, lengths: list[int]) -> list[tuple[int, int]]:
    """Page and offset of each character of a part."""
    if part.stop is not None:
        return [(part.first, at) for at in range(part.start, part.stop)]
    return [(page, at) for page in range(part.first, part.last + 1) for at in range(lengths[page - 1])]


@given(lengths_of_pages)
def test_following_the_next_part_gives_every_character_once(lengths: list[int]) -> None:
    division = Division(lengths, LIMIT)
    followed = [division.asked(None)]
    while (part := division.after(followed[-1])) is not None:
        followed.append(part)
    assert followed == division.parts
    every = [place for part in followed for place in characters(part, lengths)]
    assert every == [(page, at) for page, length in enumerate(lengths, 1) for at in range(length)]
    back = [followed[-1]]
    while (part := division.before(back[-1])) is not None:
        back.append(part)
    assert back[::-1] == followed


@given(lengths_of_pages, st.data())
def test_a_part_fits_and_is_found_by_what_is_in_it(lengths: list[int], data: st.DataObject) -> None:
    division = Division(lengths, LIMIT)
    for number, part in enumerate(division.parts, 1):
        inside = characters(part, lengths)
        assert len(inside) + MARK_CHARACTERS * (part.last - part.first + 1) <= LIMIT
        if inside:
            page, at = data.draw(st.sampled_from([inside[0], inside[-1]]))
            assert division.part(page, at) == part
            assert division.number(page, at) == number
        assert division.asked(split_id(division.id(ID, part))[1]) == part


@given(lengths_of_pages, st.data())
def test_any_pages_may_be_asked_for_and_read_on_from(lengths: list[int], data: st.DataObject) -> None:
    first = data.draw(st.integers(1, len(lengths)))
    wanted = Part(first, data.draw(st.integers(first, 2 * len(lengths))))
    division = Division(lengths, LIMIT)
    part: Part | None = division.asked(wanted)
    found = []
    while part is not None:
        found += characters(part, lengths)
        part = division.after(part)
    assert found == [(page, at) for page in range(first, len(lengths) + 1) for at in range(lengths[page - 1])]


def test_ids() -> None:
    division = Division([400, 400, 400, 5000, 10], LIMIT)
    ids = [division.id(ID, part) for part in division.parts]
    pieces = [f"{ID}#p=4&c={5000 * at // 6}-{5000 * (at + 1) // 6}" for at in range(6)]
    assert ids == [f"{ID}#p=1-2", f"{ID}#p=3", *pieces, f"{ID}#p=5"]
    assert Division([400, 400], LIMIT).id(ID, Part(1, 2)) == ID
    assert Division([400, 400], LIMIT).id(ID, Part(2, 2)) == f"{ID}#p=2"
    assert split_id(f" {ID}#p=41-80\n") == (ID, Part(41, 80))
    assert split_id(f"{ID}#p=7&c=10-20") == (ID, Part(7, 7, 10, 20))
    assert split_id(ID) == (ID, None)


ADDRESS = f"https://library.example.com/d/{ID}"


@pytest.mark.parametrize(
    ("named", "wanted"),
    [
        (ID.upper(), None),
        (f'"{ID}"', None),
        (f"`{ID}`.", None),
        (f"**{ID}**", None),
        (f"<{ID}>", None),
        (f"“{ID}#p=3”", Part(3, 3)),
        (f"id:{ID}", None),
        (f"document {ID.upper()}#P=3-4", Part(3, 4)),
        (f"{ID}%23p%3D41-80", Part(41, 80)),
        (ADDRESS, None),
        (f"/d/{ID}", None),
        (f"{ADDRESS}/", None),
        (f"{ADDRESS}?page=3&mark=120-560-9f3a01#passage", 3),
        (f"{ADDRESS}?mark=120-560-9f3a01&page=12", 12),
        (f"{ADDRESS}?page=3&amp;mark=1-2-9f3a01", 3),
        (f"{ADDRESS}?page=0", None),
        (f"{ADDRESS}#page=3", None),
        (f"{ADDRESS}#p=41-80", Part(41, 80)),
        (f"{ADDRESS}%23p%3D41-80", Part(41, 80)),
        (f"{ADDRESS}/file", None),
        (f"{ADDRESS}/page/7.png", 7),
        (f"[On Otters (2020)]({ADDRESS}?page=3#passage)", 3),
        (f"[{ID}]({ADDRESS})", None),
        (f"<{ADDRESS}?page=3>", 3),
        (f"see {ADDRESS}?page=3.", 3),
        (f"https%3A%2F%2Flibrary.example.com%2Fd%2F{ID}%3Fpage%3D3", 3),
        (f"{ADDRESS.upper()}?PAGE=3", 3),
        (f"{ID}?page=3&mark=120-560-9f3a01#passage", 3),
        (f"{ID}?page=3", 3),
        (f"{ID}/page/7.png", 7),
        (f"{ID}#passage", None),
        (f"{ID}%2523p%253D41-80", Part(41, 80)),
        (f"{ID}#p=7&amp;c=10-20", Part(7, 7, 10, 20)),
    ],
)
def test_what_names_one_document(named: str, wanted: Part | int | None) -> None:
    assert split_id(named) == (ID, wanted)


@pytest.mark.parametrize("named", ["", "0123", f"{ID}0", f"x{ID}", f"{ID[:-1]} {ID}0", f"{ID} {ID[::-1]}"])
def test_what_names_none_or_several_is_left_as_it_is(named: str) -> None:
    assert split_id(named) == (named, None)


def test_the_page_of_a_citation_is_its_part() -> None:
    division = Division([400, 400, 400, 5000, 10], LIMIT)
    assert division.asked(2) == Part(1, 2)
    assert division.asked(3) == Part(3, 3)
    assert division.asked(4) == division.parts[2]
    with pytest.raises(UnknownPart, match="has 5 pages, so none numbered 6"):
        division.asked(6)


@pytest.mark.parametrize(
    "behind",
    [
        "",
        "p=",
        "p=0",
        "p=5-3",
        "p=-1",
        "p=1-",
        "p=a",
        "p=1;2",
        "p=1-2&c=0-5",
        "p=1&c=5-5",
        "page=3",
        "p=1#p=2",
        "p=" + "9" * 20,
    ],
)
def test_what_names_no_pages_is_an_error_that_says_how(behind: str) -> None:
    with pytest.raises(UnknownPart, match=f"{ID}#p=41-80"):
        split_id(f"{ID}#{behind}")


def test_pages_that_are_not_there() -> None:
    division = Division([10, 10], LIMIT)
    with pytest.raises(UnknownPart, match="has 2 pages, so none numbered 3"):
        division.asked(Part(3, 4))
    with pytest.raises(UnknownPart, match="Page 2 has 10 characters, so none from 10 on"):
        division.asked(Part(2, 2, 10, 20))
    assert division.asked(Part(2, 99)) == Part(2, 2)  # the last page may be guessed
    assert Division([], LIMIT).asked(None) == Part(1, 1)


def test_a_piece_of_a_page_that_was_not_cut() -> None:
    division = Division([100, 100], LIMIT)
    piece = division.asked(Part(1, 1, 20, 30))
    assert piece == Part(1, 1, 20, 30)
    assert division.after(piece) == Part(1, 1, 30, 100)
    assert division.before(piece) == Part(1, 1, 0, 20)
