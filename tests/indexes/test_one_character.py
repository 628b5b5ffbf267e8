"""Chinese, Japanese and Korean: a word of one character, in any form, over line ends and OCR's blanks."""

import pytest

from fresh_index import FreshIndex
from stackroom.indexes.matching import MatchingWords
from stackroom.indexes.terms import OTHER, Analyzer
from stackroom.reading.query.folded_text import holds
from stackroom.reading.showing.query_words import Matcher

OTHERS = "渔夫每天早上去码头。\n灯台守は暮らしている。\n등대지기는 그것을 발견했다.\n"


@pytest.mark.parametrize(
    ("text", "queries"),
    [
        ("他卖鱼，然后喝茶。", ["鱼", "茶", "魚", "⻥", "⿂", "鱼 茶", "茶 鱼"]),
        ("三匹の猫と寝る", ["猫", "猫と"]),
        ("이 책은 그의 집에서", ["책", "집", "책은"]),
        ("主阀门损坏", ["阀门", "閥門", "主閥"]),
        ("閥門損壞", ["阀门", "阀门损坏"]),
        ("清 理 水\n 泵 的 阀\n门", ["清理水泵", "阀门", "閥門", "水泵"]),
        ("北海道図書館", ["図書館", "圖書館", "图书馆"]),
        ("㈱山田製作所", ["㈱", "株", "(株)", "山田"]),
        ("⼭⽥さん", ["山田", "山"]),
        ("ｱﾙﾐ缶", ["アルミ", "缶"]),
        ("대한민\n국의 수도", ["대한민국", "민국"]),
        ("𠮷野家で", ["𠮷野家", "𠮷"]),
        ("我们在" + "长" * 70 + "的路上走", ["走", "路上", "我们"]),
    ],
)
def test_a_word_is_found(text: str, queries: list[str]) -> None:
    analyzer = Analyzer(OTHER)
    terms = set(analyzer.terms(text))
    for query in queries:
        assert terms.issuperset(term for word in analyzer.words(query) for term in word), query
        assert Matcher(query).find(text, 0, len(text)), query


@pytest.mark.parametrize(
    ("text", "phrase"),
    [
        ("主\n阀\n 门 损坏", "阀门"),
        ("閥門損壞", "阀门损坏"),
        ("大韓民国", "大韩民国"),
        ("⻥⽊", "鱼木"),
        ("대한민\n국의 수도", "대한민국의 수도"),
        ("대한\n민국", "대한 민국"),
        ("㈱山田", "㈱"),
    ],
)
def test_a_phrase_is_held_whatever_the_line_breaks(text: str, phrase: str) -> None:
    assert holds(text, phrase)


def test_only_what_has_the_character_is_found(index: FreshIndex, word_index: MatchingWords) -> None:
    index.publish(1, f"{OTHERS}他卖鱼。\n이 책은 그의 것\n")
    index.follow_words()
    assert index.found(word_index, "魚") == ["他卖鱼。"]
    assert index.found(word_index, "책") == ["이 책은 그의 것"]
    assert index.found(word_index, "茶") == []


def test_all_of_a_run_over_a_line_end_is_shown() -> None:
    text = "主\n阀\n门 损坏"
    assert [text[start:stop] for start, stop in Matcher("閥門").find(text, 0, len(text))] == ["阀\n门"]
