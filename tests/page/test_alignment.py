"""Finding a passage of repaired text in what the PDF has."""

import pytest

from stackroom.page.alignment import locate


def found(page: str, passage: str, drawn: str) -> list[str]:
    start = page.index(passage)
    return [drawn[a:b] for a, b in locate(page, start, start + len(passage), drawn)]


@pytest.mark.parametrize(
    ("page", "passage", "drawn", "expected"),
    [
        (
            "Sales of 4,250¹ and 10^(q+1).\n",
            "4,250¹ and 10^(q+1)",
            "Sales of 4,2501 and\n10q+1.",
            "4,2501 and\n10q+1",
        ),
        ("A cat sleeps.\n", "cat sleeps", "Header 3\r\nA cat  sleeps.\r\n", "cat  sleeps"),
        (
            "The examination ends.\n",
            "examination ends",
            "The exam\ufffdination ends.",
            "exam\ufffdination ends",
        ),
        ("The examination ends.\n", "examination", "The exam-\r\nination ends.", "exam-\r\nination"),
        ("Find the file.\n", "Find the", "ﬁnd the ﬁle", "ﬁnd the"),
        ("Crème brûlée\n", "brûlée", "Cre\u0300me bru\u0302le\u0301e", "bru\u0302le\u0301e"),
        ("कर्म करो\n", "करो", "कर्म करो", "करो"),
        ("说明文档。安装\n", "安装", "说明 文档。\r\n安 装", "安 装"),
        ("Anno 1984\n", "1984", "Anno \uf731\uf739\uf738\uf734", "\uf731\uf739\uf738\uf734"),
    ],
)
def test_what_repairing_changed_does_not_matter(page: str, passage: str, drawn: str, expected: str) -> None:
    (span,) = found(page, passage, drawn)
    # An accent or vowel sign after the last letter may be left out: its box is the letter's.
    assert expected.startswith(span)
    assert len(span) >= len(expected) - 1


def test_of_equal_lines_the_right_one() -> None:
    page = "yes\nno\nyes\nno\nyes\n"
    drawn = "Header\r\nyes\r\nno\r\nyes\r\nno\r\nyes\r\n"
    assert locate(page, 7, 10, drawn) == [(17, 20)]
    # With one more of them the nearest.
    assert locate(page, 14, 17, "yes\r\n" + drawn[8:]) == [(len(drawn) - 8, len(drawn) - 5)]


def test_a_passage_with_something_in_between_is_aligned_word_by_word() -> None:
    page = "One two three four five six seven eight nine ten.\n"
    assert found(page, "two three four five", "One two three 17 four five six seven") == [
        "two three 17 four five"
    ]
    other = "One two three " + "something else entirely stands here now " * 2 + "four five six"
    assert found(page, "two three four five", other) == ["two three", "four five"]


def test_what_is_not_there_is_not_marked() -> None:
    assert found("Cats purr and sleep.\n", "purr and sleep", "Dogs bark and run.") == []
    assert found("Cats purr.\n", "purr", "") == []
    assert locate("• — •\n", 0, 5, "• — •") == []
    assert found("many words " * 5000, "words many", "other " * 5000) == []
