"""What is said of a library in languages that its model can't read."""

from stackroom.cli.unread_languages import about_unread_languages
from stackroom.embedding.model_files import BUNDLED_NAME
from stackroom.embedding.multilingual.package import MULTILINGUAL_NAME


def test_a_tenth_is_no_news() -> None:
    assert about_unread_languages(0, {}, "", "") == ""
    assert about_unread_languages(100, {"ru": 10}, BUNDLED_NAME, "") == ""


def test_how_many_in_which_languages_and_what_reads_them_is_told() -> None:
    unread = {"ru": 500, "zh": 200, "": 30, "xx": 9, "ar": 8, "hi": 7, "th": 6}
    told = about_unread_languages(4000, unread, BUNDLED_NAME, "fp32")
    assert told.startswith("760 of 4000 passages are in languages that the model can't read")
    assert "Russian 500, Chinese 200, not known 30, xx 9, Arabic 8, others 13." in told
    assert "`stackroom index --reembed --model multilingual`" in told
    assert "MB on the disk" in told


def test_with_the_multilingual_model_there_is_no_better_one() -> None:
    told = about_unread_languages(10, {"bo": 5}, MULTILINGUAL_NAME, "")
    assert told.startswith("5 of 10 passages")
    assert "--model" not in told
