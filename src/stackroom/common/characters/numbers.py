"""Numbers in a text, however they are written: which are the same, what a date is made of. Pure functions.

    1'234'567.50   7.654.321,90   98,76,543.00   5 432 109,80   groups of digits, in any country's notation
    4,730.00   4730                                             zeros after the point say nothing
    ۱۲۳   १२३   ๑๒๓   １２３                                       digits of all scripts are digits
    24.12.2025   2025-12-24                                     a date has a year, a month and a day

"1,234" is one thousand two hundred and thirty-four. "1.234" may be the same, or a little more than one:
nobody can tell, so it stays as it is written, and who looks for either looks for both (`same_value`).
"""

import re
import unicodedata
from collections.abc import Callable, Iterator

NUMBER = r"\d+(?:[.,'’]\d+)*"
"""A regular expression: a number, or several with commas between them."""

_YEAR_FIRST = r"[12]\d{3}(?:(?:-\d{1,2}){1,2}|(?:/\d{1,2}){1,2}|(?:\.\d{1,2}){1,2})"
_YEAR_LAST = r"(?:(?:\d{1,2}-){1,2}|(?:\d{1,2}/){1,2}|(?:\d{1,2}\.){1,2})[12]\d{3}"
DATE = rf"(?<![\d.,'’/-])(?:{_YEAR_FIRST}|{_YEAR_LAST})(?!\d|[.,'’/-]\d)"
"""A regular expression: what may be a date, with or without the day."""

_DATE = re.compile(f"{_YEAR_FIRST}|{_YEAR_LAST}")
# In folded text. "Q3/2024" is the third quarter, not March.
_ANY = re.compile(f"(?<![a-z]){DATE}|{NUMBER}")
_DIGITS = re.compile(r"\d+")
# The years of which a month may be written as "12.2025", which may be a number as well.
_NEAR_YEARS = range(1900, 2100)

# Digits of other scripts, and the signs between digits: those of Arabic, and full-width ones.
_FOREIGN_DIGIT = re.compile(r"[^\D\x00-\x7f]")
_FOREIGN = re.compile("[^\\D\x00-\x7f]|(?<=\\d)[\u066b\u066c\uff0c\uff0e](?=\\d)")
_FOREIGN_SIGNS = {"\u066b": ".", "\u066c": ",", "\uff0c": ",", "\uff0e": "."}

# A number that leaves out the zero before the point: "p < .05".
_POINT_FIRST = re.compile(r"\.(?<![\w.,].)(?=\d)")

_BLANKS = " \u00a0\u2007\u2009\u202f"
# Rules most texts out, and quickly.
_PERHAPS_APART = re.compile(rf"\d(?:[{_BLANKS}]\d{{3}}(?!\d)|\.[{_BLANKS}\n]\d)")
# Up to 18 digits: a longer row of them is a row of a table.
_GROUPS_APART = (
    rf"(?<![\w.,'’/])(?<!\d[{_BLANKS}])[1-9]\d{{0,2}}([{_BLANKS}])\d{{3}}(?:\1\d{{3}}){{0,4}}(?!\1\d{{3}}(?!\d))(?:[.,]\d+)?"
    r"(?![\d_'’]|[.,/]\d)"
)
# A date as several languages write it: 24. 12. 2025, 2025. 12. 24. A line may end in it.
_BLANK = f"[{_BLANKS}\n]"
_DATE_APART = (
    rf"(?<![\w.,])(?:\d{{1,2}}\.{_BLANK}\d{{1,2}}\.{_BLANK}[12]\d{{3}}"
    rf"|[12]\d{{3}}\.{_BLANK}\d{{1,2}}\.{_BLANK}\d{{1,2}})(?!\w)"
)
_APART = re.compile(f"{_GROUPS_APART}|{_DATE_APART}")

_GROUPED = re.compile(
    r"""[1-9]\d{0,2} (?: (?:,\d{3})+ (?:\.\d+)? | (?:\.\d{3}){2,} (?:,\d+)? | \.\d{3},\d+
                       | (?:['’]\d{3})+ (?:[.,]\d+)? )
    | [1-9]\d? (?:,\d{2})+ ,\d{3} (?:\.\d+)?""",
    re.VERBOSE,
)
_DECIMAL_COMMA = re.compile(r"(\d+),(\d+)")
_SIGN = re.compile("[.,'’]")

_VALUE = re.compile(r"(\d+)(?:\.(\d+))?")
_POINT_OR_THOUSAND = re.compile(r"([1-9]\d{0,2})\.(\d{3})")
_THOUSAND = re.compile(r"([1-9]\d{0,2})(\d{3})")
_AMOUNT = re.compile(r"(\d{3,}\.\d*?)0+")
_NOTHING_AFTER_POINT = re.compile(r"\.0*$")
# An amount has up to two digits after the point.
_MOST_DECIMALS = 2


def ascii_digits(text: str) -> str:
    """The text, as long as it was, with ASCII digits, and signs between them, for those of all scripts."""
    if text.isascii() or not _FOREIGN_DIGIT.search(text):
        return text
    return _FOREIGN.sub(lambda found: _ascii(found.group()), text)


def plain(text: str) -> str:
    """The text with ASCII digits for those of all scripts, and "0.5" for ".5"."""
    return _POINT_FIRST.sub("0.", ascii_digits(text))


def _ascii(sign: str) -> str:
    return _FOREIGN_SIGNS.get(sign) or str(unicodedata.decimal(sign))


def without_blanks(text: str, is_one: Callable[[str], bool] = lambda number: True) -> str:
    """The text without the blanks in numbers such as "5 432 109,80", and in dates such as "24. 12. 2025".

    Args:
        text: any.
        is_one: says of a number without its blanks whether it is one. "10 200 300" may be three.
    """

    def close(found: re.Match[str]) -> str:
        closed = re.sub(_BLANK, "", found.group())
        return closed if found[1] is None or is_one(closed) else found.group()  # a date has no groups

    return _APART.sub(close, text) if _PERHAPS_APART.search(text) else text


def with_and_without_blanks(text: str) -> str:
    """The text with each such number and date twice: as it is, and without the blanks."""
    if not _PERHAPS_APART.search(text):
        return text
    return _APART.sub(lambda found: f"{found.group()} {re.sub(_BLANK, '', found.group())}", text)


def apart(text: str) -> Iterator[tuple[int, int, str]]:
    """The numbers and dates with blanks in a text: where they start and stop, and without the blanks."""
    for found in _APART.finditer(text) if _PERHAPS_APART.search(text) else ():
        yield *found.span(), re.sub(_BLANK, "", found.group())


def terms(written: str) -> list[str]:
    """What the numbers that DATE or NUMBER matches are found by: "1250.00", "192.168.1.0".

    Of a date these are its numbers as they are written, then year and month together, then all: "24", "12",
    "2025", "202512", "20251224".
    """
    if date := _date_terms(written):
        return date
    if _GROUPED.fullmatch(written):
        return [_ungrouped(written)]
    if one := _DECIMAL_COMMA.fullmatch(written):
        return [f"{one[1]}.{one[2]}"]
    return [number for number in re.split("[,'’/-]", written) if number]


def _ungrouped(written: str) -> str:
    first, *_, last = signs if len(signs := _SIGN.findall(written)) > 1 else signs * 2
    if first == last:
        return written.replace(first, "")
    whole, _, decimals = written.rpartition(last)
    return f"{whole.replace(first, '')}.{decimals}"


def _date_terms(written: str) -> list[str]:
    """See `terms`; empty if it is no date."""
    dates = _dates(written)
    if not dates:
        return []
    found = _DIGITS.findall(written)
    if "." in written and len(found) == 2:
        found.insert(0, written)
    for year, month, *days in dates:
        found += [f"{year}{month:02}", *(f"{year}{month:02}{day:02}" for day in days)]
    return list(dict.fromkeys(found))


def _dates(written: str) -> list[tuple[int, ...]]:
    """Year, month and perhaps day; two of them where both orders of month and day are usual ("3/4/2025")."""
    if not _DATE.fullmatch(written):
        return []
    parts = [int(part) for part in _DIGITS.findall(written)]
    if not written[:4].isdigit():
        parts.reverse()
    if "." in written and len(parts) == 2 and parts[0] not in _NEAR_YEARS:
        return []
    orders = [parts]
    if "/" in written and not written[:4].isdigit() and len(parts) == 3:
        orders.append([parts[0], parts[2], parts[1]])
    return [
        tuple(order) for order in orders if 1 <= order[1] <= 12 and all(1 <= day <= 31 for day in order[2:])
    ]


def same_value(number: str) -> list[str]:
    """How a number may be written as well, in the form that `terms` gives: "4730.00" and "4.730" for "4730".

    Args:
        number: one of `terms`. What is no number, or has several points, is not written otherwise.
    """
    found = _VALUE.fullmatch(number)
    if found is None:
        return []
    values = [_NOTHING_AFTER_POINT.sub("", number.rstrip("0")) if found[2] else number]
    if thousand := _POINT_OR_THOUSAND.fullmatch(number):
        values.append(thousand[1] + thousand[2])
    ways = dict[str, None]()
    for value in values:
        whole, _, decimals = value.partition(".")
        ways[value] = None
        ways |= dict.fromkeys(
            f"{whole}.{decimals:0<{count}}" for count in range(len(decimals) + 1, _MOST_DECIMALS + 1)
        )
        if not decimals and (thousand := _THOUSAND.fullmatch(whole)):
            ways[f"{thousand[1]}.{thousand[2]}"] = None
    ways.pop(number, None)
    return list(ways)


def by_value(text: str) -> str:
    """The text with each number in the form in which a phrase is compared: "1250" for "1,250.00" and "1.250".

    Zeros at the end stay where they may say something ("section 2.10"). A date becomes "2025-12-24".
    """
    return _ANY.sub(_compared, text)


def _compared(found: re.Match[str]) -> str:
    written = found.group()
    if written.isdigit():
        return written
    dates = _dates(written)
    if len(dates) == 1 and not ("." in written and len(dates[0]) == 2):
        return "-".join(map(str, dates[0]))
    numbers = terms(written) if not dates else []
    if len(numbers) != 1:
        return written
    number = (
        _POINT_OR_THOUSAND.sub(r"\1\2", numbers[0])
        if _POINT_OR_THOUSAND.fullmatch(numbers[0])
        else numbers[0]
    )
    if not _VALUE.fullmatch(number):
        return number
    return _NOTHING_AFTER_POINT.sub("", _AMOUNT.sub(r"\1", number) if _AMOUNT.fullmatch(number) else number)
