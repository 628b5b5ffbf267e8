"""Reads the operators inside a query string: that string is all that an MCP client can send. Pure functions.

    "exact phrase"  “…”  „…“  «…»      the passage must contain it, see `stackroom.reading.query.folded_text`
    -word  -"exact phrase"             the passage must not contain it
    title:word  title:"annual report"  likewise author:, and folder: or path:, for any part of the path
    after:2023  before:2024-05         created or modified from 2023-01-01 on; until 2024-04-30
    lang:de  lang:german               the document's main language
    id:0123456789abcdef01234567        inside one document
    skip:10                            without the first ten documents of the answer
    *                                  all documents; as does a question about the library itself, see
                                       `stackroom.reading.query.about_library`
    -title:draft                       the document must not match: with title:, author:, folder:, lang:, id:

A document has to match one of several values of the same kind, and all kinds that are asked for. **In doubt,
text is text.** An operator that was not meant hides the very pages that were asked for. One that was not
recognised leaves its words in the query, which makes the ranking a little worse. So:

- An operator counts only at the start of a word, with a value that makes sense and follows without a blank:
  "time: 10:30", "after: the war", "before:never", "lang:C" and "http://x.y/z" are words.
- A minus counts only after a blank and before a word of three letters (or two capitals, or a character of a
  script without blanks): "e-mail", "a - b", "-5 degrees" and "-O2" are words. Negative numbers are far more
  often meant than years to be left out; those can be had with quotes: -"2023". In a query with anything that
  looks like a command's option (-v, -O2, --help, -std=c++17) no bare -word counts: "gcc -Wall -O2". Nor does
  one at the start of a later line, which is a list. Nor where nothing positive would remain: `*` is positive,
  and a list of documents, which is of all of them if nothing else is said, needs nothing positive.
- A quotation mark counts only at the edge of a word, with a partner: 5" pipe and צה"ל are words.
- In a sentence, quotation marks are a quotation and a minus is a dash: in a query with more than eight other
  words, phrases need not be contained, and bare -words are not excluded.
- A phrase beside OR need not be contained. What comes after NOT is excluded if it is a phrase or an operator:
  models write AND, OR and NOT though nobody told them to. AND and OR between operators are removed.
"""

import re
from collections.abc import Iterator
from itertools import islice

from stackroom.common.characters import invisible
from stackroom.common.characters.scripts import ACCENTS, INDIAN_WITH_DANDAS
from stackroom.reading.listing import Chip
from stackroom.reading.query.about_library import EVERYTHING, asks_for_everything
from stackroom.reading.query.filters import NAME, NAMES, read_value
from stackroom.reading.query.folded_text import UNBOUNDED, words
from stackroom.reading.query.query import Query
from stackroom.reading.query.quotation_marks import MARK, MARKS, MINUS, quotations

# "std::title::x" and "title:=x" are code.
_OPERATOR = re.compile(rf"{NAME}(?=[^\s:：=])", re.IGNORECASE)
_BARE = re.compile(r"\S+")
# At the end of a value, these end a sentence or a list and do not belong to the value.
_TRAILING = ",;:.!?，；：。！？、"
# Where a word or a phrase may begin.
_NEXT = re.compile(rf"[\s({MARKS}]")

_LETTER = rf"(?:[^\W\d_]|[{ACCENTS}{INDIAN_WITH_DANDAS}])"  # also the vowel signs of India
_INSIDE = rf"[^\s:=/\\{MARKS}]*"
_EXCLUDED = re.compile(rf"{_LETTER}{{3}}{_INSIDE}|[A-Z]{{2}}|{UNBOUNDED.pattern}{_INSIDE}")
_OPTION = re.compile(r"(?<!\S)(?:--\w|-(?:[A-Za-z]\d*|[a-z]{2})(?!\S)|-\w[\w-]*=)")
# A query with so many words beside its phrases and exclusions is a sentence.
_SENTENCE = 9

# So many operators of a query are named, because each is with what remains of the query without it.
_MOST_NAMED = 30

_CONNECTIVES = ("AND", "OR", "NOT", "|", "||", "&", "&&")
_CONNECTIVE_AFTER = re.compile(r"\s+(AND|OR|\|\|?|&&?)(?!\S)")

# Nobody sees these in a query, so nobody means them: control characters, and the marks of direction that
# right-to-left keyboards put before a Latin word. The joiner and the non-joiner stay: Persian needs them.
_UNSEEN = re.compile(
    f"[{invisible.CONTROL}{invisible.CONTROL_BEYOND_ASCII}{invisible.SOFT_HYPHEN}{invisible.DIRECTION}"
    f"{invisible.ZERO_WIDTH_SPACE}{invisible.NO_BREAK_MARKS}]"
)


def parse(query: str, *, of_list: bool = False) -> Query:
    """Reads a query. Any text is a query, so this never fails. Takes time proportional to the
    text's length.

    With `of_list` it is asked of a list of documents: there it may have exclusions alone.
    """
    return _Parser(_UNSEEN.sub("", query), of_list=of_list).parse()


def without(query: str, *kinds: str) -> str:
    """The query without its operators of these kinds; what it leaves out stays left out."""
    for _ in range(_MOST_NAMED):
        first = next((one for one in parse(query).operators if one.kind in kinds), None)
        if first is None:
            break
        query = first.query
    return query


class _Parser:
    """Goes through a query once, and removes the operators; what remains is the text to rank by."""

    def __init__(self, query: str, *, of_list: bool) -> None:
        self._query = query
        self._of_list = of_list
        self._closing = dict(quotations(query))
        self._has_options = bool(_OPTION.search(query))
        self._kept: list[str] = []
        # Place in _kept of the word before what is being looked at; -1 if that was an operator.
        self._last = -1
        # Place in _kept, as it was written, the word or phrase.
        self._excluded: list[tuple[int, str, str]] = []
        self._phrases: list[str] = []
        self._values: dict[str, list[str]] = {kind: [] for kind in NAMES.values()}
        self._unwanted: list[tuple[str, str]] = []
        self._misread: list[tuple[str, str]] = []
        # Kind, place in _kept, first character and end of each operator, also of those that turn out to be
        # words.
        self._operators: list[tuple[str, int, int, int]] = []

    def parse(self) -> Query:
        """Call once."""
        at, is_start = 0, True
        while at < len(self._query):
            after = self._take(at) if is_start else self._take_quoted(at, "")
            # What comes after "(" is a start where "(" itself is: "(title:otters", but not "f(title:otters".
            is_start = self._query[at].isspace() or (is_start and self._query[at] == "(")
            at = after or self._take_plain(at)
        return self._compose()

    def _take(self, at: int) -> int:
        """Takes the operator or phrase that begins at a word's start. Returns where it ends; 0 if there is
        none.
        """
        after = self._take_operator(at)
        if after or self._query[at] not in MINUS:
            return after or self._take_quoted(at, "")
        return self._take_quoted(at + 1, "-") or self._take_excluded(at)

    def _take_plain(self, at: int) -> int:
        if self._query[at].isspace() or self._query[at] == "(":
            end = at + 1
        else:
            found = _NEXT.search(self._query, at + 1)
            end = found.start() if found else len(self._query)
        self._keep(self._query[at:end])
        return end

    def _take_operator(self, at: int) -> int:
        named = _OPERATOR.match(self._query, at)
        if not named:
            return 0
        kind, start = NAMES[named[2].lower()], named.end()
        if start in self._closing:
            end = self._closing[start] + 1
            value = self._query[start + 1 : end - 1]
        elif MARK.match(self._query, start):
            return 0
        else:
            end = _end(_BARE.match(self._query, start))
            value = self._query[start:end].rstrip(_TRAILING)
            value = value if "(" in value else value.rstrip(")")
        value = read_value(kind, value)
        connective, first = self._connective_before(), at
        is_unwanted = bool(named[1]) or connective == "NOT"
        if not value or (is_unwanted and kind in ("after", "before", "skip")):
            self._misread.append((kind, self._query[at:end].rstrip(_TRAILING + ")")))
            return 0
        if connective == "NOT":
            first = self._query.rindex(connective, 0, at)
        if connective:
            self._drop_connective()
        if is_unwanted:
            self._unwanted.append((kind, value))
        else:
            self._values[kind].append(value)
        self._operator("without" if is_unwanted else kind, first, end)
        self._leave_out()
        following = _CONNECTIVE_AFTER.match(self._query, end)
        return following.end() if following else end

    def _take_quoted(self, at: int, sign: str) -> int:
        if at not in self._closing:
            return 0
        end = self._closing[at] + 1
        phrase = " ".join(self._query[at + 1 : end - 1].split())
        if not words(phrase):
            return 0
        connective = self._connective_before()
        if sign or connective == "NOT":
            start = at - len(sign)
            first = self._query.rindex(connective, 0, at) if connective == "NOT" else start
            if connective == "NOT":
                self._drop_connective()
            self._operator("without", first, end)
            self._exclude(start, end, phrase)
            return end
        following = _CONNECTIVE_AFTER.match(self._query, end)
        if not {connective, following[1] if following else ""} & {"OR", "|", "||"}:
            self._phrases.append(phrase)
            self._operator("phrase", at, end)
        self._keep(phrase)
        return end

    def _take_excluded(self, at: int) -> int:
        if self._has_options or self._query[at - 1 : at] == "\n":
            return 0
        end = _end(_BARE.match(self._query, at))
        word = self._query[at + 1 : end].rstrip(_TRAILING + ")")
        if not _EXCLUDED.fullmatch(word):
            return 0
        self._operator("without", at, end)
        self._exclude(at, end, word)
        return end

    def _operator(self, kind: str, start: int, end: int) -> None:
        self._operators.append((kind, len(self._kept), start, end))

    def _exclude(self, start: int, end: int, what: str) -> None:
        self._excluded.append((len(self._kept), self._query[start:end], what))
        self._leave_out()

    def _keep(self, piece: str) -> None:
        if not piece.isspace():
            self._last = len(self._kept)
        self._kept.append(piece)

    def _leave_out(self) -> None:
        self._last = -1
        self._kept.append(" ")

    def _connective_before(self) -> str:
        """The AND, OR or NOT before what is being looked at; "" if there is none."""
        last = self._kept[self._last] if self._last >= 0 else ""
        return last if last in _CONNECTIVES else ""

    def _drop_connective(self) -> None:
        self._kept[self._last] = " "

    def _compose(self) -> Query:
        values = {kind: tuple(dict.fromkeys(found)) for kind, found in self._values.items()}
        has_filters = any(found for kind, found in values.items() if kind != "skip") or bool(self._unwanted)
        asks = self._of_list or has_filters or EVERYTHING in "".join(self._kept).split()
        if not asks and not _has_words(self._kept):
            for place, written, _ in self._excluded:  # nothing would remain to exclude them from
                self._kept[place] = written
                self._misread.append(("without", written))
            self._excluded = []
        if _length("".join(self._kept)) - sum(map(_length, self._phrases)) >= _SENTENCE:
            self._phrases = []
            for place, written, _ in self._excluded:
                if not MARK.search(written[:2]):
                    self._kept[place] = written
            self._excluded = [found for found in self._excluded if not self._kept[found[0]].strip()]
        parts = "".join(self._kept).split()
        everything = asks_for_everything(" ".join(parts)) and not self._phrases
        if everything:
            parts = []
        elif self._excluded or self._unwanted or any(values.values()):
            # "(author:a OR author:b), otters" has left brackets and commas behind.
            parts = [part for part in parts if part.strip("()[]{},;")] if _has_words(parts) else []
        return Query(
            text=" ".join(parts),
            phrases=tuple(dict.fromkeys(self._phrases)),
            without=tuple(dict.fromkeys(what for _, _, what in self._excluded)),
            titles=values["title"],
            authors=values["author"],
            folders=values["folder"],
            after=max(values["after"], default=""),
            before=min(values["before"], default=""),
            languages=values["language"],
            ids=values["id"],
            unwanted=tuple(dict.fromkeys(self._unwanted)),
            everything=everything,
            skip=max(map(int, values["skip"]), default=0),
            misread=tuple(self._misread),
            operators=tuple(islice(self._in_use(), _MOST_NAMED)),
        )

    def _in_use(self) -> Iterator[Chip]:
        """The operators that were taken and have not been put back among the words."""
        for kind, place, start, end in self._operators:
            if not self._phrases if kind == "phrase" else self._kept[place].strip():
                continue
            written = self._query[start:end].rstrip(_TRAILING)
            left = f"{self._query[:start].rstrip()} {self._query[end:].lstrip()}".strip()
            yield Chip(written if "(" in written else written.rstrip(")"), kind, left)


def _length(text: str) -> int:
    """How many words a text has; in scripts without blanks, two characters count as a word."""
    return len(text.split()) + len(UNBOUNDED.findall(text)) // 2


def _end(found: re.Match[str] | None) -> int:
    assert found is not None  # noqa: S101  there was a visible character
    return found.end()


def _has_words(kept: list[str]) -> bool:
    return any(
        any(map(str.isalnum, word)) and word not in _CONNECTIVES for piece in kept for word in piece.split()
    )
