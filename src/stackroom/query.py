"""Operators inside the query string, since that string is all an MCP client can send; pure functions.

    "exact phrase"  “…”  „…“  «…»      the passage has to have it, see `stackroom.phrases`
    -word  -"exact phrase"             the passage must not have it
    title:word  title:"annual report"  likewise author:, and folder: or path:, for any part of the path
    after:2023  before:2024-05         created or modified from 2023-01-01 on; until 2024-04-30
    lang:de  lang:german               the document's main language
    id:0123456789abcdef01234567        inside one document
    -title:draft                       a minus turns title:, author:, folder:, lang: and id: round

Several values of one kind are alternatives, as in a catalogue's list of boxes to tick; different kinds all
have to fit. **In doubt, text is text.** An operator that was not meant hides the very pages that were asked
for; one that was not understood leaves the words it was made of, and a ranking that is a little worse. So:

- An operator counts only at the start of a word, with a value that makes sense, without a blank before it:
  "time: 10:30", "after: the war", "before:never", "lang:C" and "http://x.y/z" are words.
- A minus counts only after a blank and before a word of three letters (or two capitals, or a character of a
  script without blanks): "e-mail", "a - b", "-5 degrees" and "-O2" are words. Negative numbers are far more
  often meant than years to be left out; those can be had with quotes: -"2023". In a query with anything that
  looks like a command's option (-v, -O2, --help, -std=c++17) no bare -word counts: "gcc -Wall -O2". Nor does
  one at the start of a later line, which is a list. Nor where nothing positive would remain.
- A quotation mark counts only at the edge of a word, with a partner: 5" pipe and צה"ל are words.
- In a sentence, quotation marks are a quotation and a minus is a dash: beside more than eight other words,
  phrases are not demanded, and bare -words not excluded.
- A phrase beside OR is not demanded, what comes after NOT is excluded if it is in quotes or an operator:
  models write these, though nobody told them to. AND and OR between operators go.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from stackroom.languages import language_code
from stackroom.phrases import UNBOUNDED, Folded, words

_NAMES = {
    "title": "title",
    "author": "author",
    "folder": "folder",
    "path": "folder",
    "after": "after",
    "before": "before",
    "lang": "language",
    "language": "language",
    "id": "id",
}
_NAME = f"([-－]?)({'|'.join(_NAMES)})[:：]"
# "std::title::x" and "title:=x" are code.
_OPERATOR = re.compile(rf"{_NAME}(?=[^\s:：=])", re.IGNORECASE)
_NAME_AT_END = re.compile(rf"(?<![^\s(]){_NAME}\Z", re.IGNORECASE)
_LONGEST_NAME = len("-language:")

_DOUBLE, _ANGLE = '"＂“”„‟', "«»"
_QUOTE = re.compile(f"[{_DOUBLE}{_ANGLE}]")
_OPENING = "([{（「『【，。：；！？、"
_MINUS = "-－"
_BARE = re.compile(r"\S+")
# What ends a sentence or a list, not a value.
_TRAILING = ",;:.!?，；：。！？、"
# Where something else may begin.
_NEXT = re.compile(rf"[\s({_DOUBLE}{_ANGLE}]")

_LETTER = "(?:[^\\W\\d_]|[\u0300-\u036f\u0900-\u0dff])"  # also the vowel signs of India
_INSIDE = rf"[^\s:=/\\{_DOUBLE}{_ANGLE}]*"
_EXCLUDED = re.compile(rf"{_LETTER}{{3}}{_INSIDE}|[A-Z]{{2}}|{UNBOUNDED.pattern}{_INSIDE}")
_OPTION = re.compile(r"(?<!\S)(?:--\w|-(?:[A-Za-z]\d*|[a-z]{2})(?!\S)|-\w[\w-]*=)")
_DATE = re.compile(r"([0-9]{4})(?:-([0-9]{1,2})(?:-([0-9]{1,2}))?)?")
_ID = re.compile(r"([0-9a-f]{24})(?:#\S*)?", re.IGNORECASE)
# Words beside phrases and exclusions, from which on a query is somebody's sentence.
_SENTENCE = 9

_CONNECTIVES = ("AND", "OR", "NOT", "|", "||", "&", "&&")
_CONNECTIVE_AFTER = re.compile(r"\s+(AND|OR|\|\|?|&&?)(?!\S)")

# Not seen, so not meant: control characters, and the marks that turn the direction of writing, which
# right-to-left keyboards put before a Latin word. The (non-)joiners stay: Persian needs them.
_UNSEEN = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u00ad\u061c\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]"
)


@dataclass(frozen=True, slots=True)
class Query:
    """What was asked.

    `text` may be empty although something was asked: if `only_filters`, the caller lists the documents that
    `admits` lets through (newest first, say) instead of ranking. There are never exclusions alone.

    Attributes:
        text: what words and meaning are ranked by: the query without its operators. The words of phrases stay
            where they were; those of exclusions and filters go.
        phrases: a passage has to have all of them.
        without: a passage must not have any of these words and phrases.
        titles, authors, folders: a document's title, author, one of its paths has to have the words of one;
            as `stackroom.phrases.words` leaves them.
        after: ISO date of the first day that counts; "" if any.
        before: ISO date of the first day that no longer counts; "" if any.
        languages: ISO 639-1 codes; a document has to be in one.
        ids: a document has to have one. The caller knows which document took the place of an older one.
        unwanted: pairs (kind, value) that a document must not fit; a kind is title, author, folder, language
            or id.
    """

    text: str = ""
    phrases: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    titles: tuple[str, ...] = ()
    authors: tuple[str, ...] = ()
    folders: tuple[str, ...] = ()
    after: str = ""
    before: str = ""
    languages: tuple[str, ...] = ()
    ids: tuple[str, ...] = ()
    unwanted: tuple[tuple[str, str], ...] = ()

    @property
    def has_filters(self) -> bool:
        """Whether `admits` can say no."""
        some = self.titles or self.authors or self.folders or self.languages or self.ids or self.unwanted
        return bool(some or self.after or self.before)

    @property
    def only_filters(self) -> bool:
        """Whether there is nothing to rank by, but documents to choose."""
        return not self.text and self.has_filters

    def admits(
        self,
        *,
        title: str = "",
        author: str = "",
        paths: Iterable[str] = (),
        created: str = "",
        modified: str = "",
        language: str = "",
        id: str = "",
    ) -> bool:
        """Whether a document may be shown. What it does not say of itself (no date, no author) it is not.

        Args:
            title: of the document, as all the others are.
            author: likewise.
            paths: of its files, as far as people know them: relative to their library.
            created: ISO 8601 as far as it is known: "", "2023", "2023-05-01T10:00:00+02:00". This or the next
                has to be in the time asked for. A year alone is, if any day of it is.
            modified: likewise.
            language: ISO 639-1.
            id: as search results give it.
        """
        own = {
            "title": [title],
            "author": [author],
            "folder": list(paths),
            "language": [language],
            "id": [id],
        }
        wanted = {
            "title": self.titles,
            "author": self.authors,
            "folder": self.folders,
            "language": self.languages,
            "id": self.ids,
        }
        return (
            all(
                any(_fits(kind, value, of) for value in values for of in own[kind])
                for kind, values in wanted.items()
                if values
            )
            and not any(_fits(kind, value, of) for kind, value in self.unwanted for of in own[kind])
            and (not (self.after or self.before) or self._is_in_time(created) or self._is_in_time(modified))
        )

    def passes(self, text: str) -> bool:
        """Whether a passage with this text may be shown: it has all phrases, and nothing that is excluded."""
        if not self.phrases and not self.without:
            return True
        folded = Folded.of(text)
        return all(folded.holds(Folded.of(phrase)) for phrase in self.phrases) and not any(
            folded.holds(Folded.of(word)) for word in self.without
        )

    def _is_in_time(self, moment: str) -> bool:
        day = moment[:10]
        if not day:
            return False
        # Padded, so that an incomplete date is compared by its first or last day.
        first, last = day + "0000-01-01"[len(day) :], day + "9999-12-31"[len(day) :]
        return (not self.after or last >= self.after) and (not self.before or first < self.before)


def parse(query: str) -> Query:
    """What a query asks. Any text is a query: this never fails. Takes time in proportion to its length."""
    return _Parser(_UNSEEN.sub("", query)).parse()


class _Parser:
    """Goes through a query once. What it takes for operators it takes out; what it keeps is the text."""

    def __init__(self, query: str) -> None:
        self._query = query
        self._closing = dict(_quotations(query))
        self._has_options = bool(_OPTION.search(query))
        self._kept: list[str] = []
        self._last = (
            -1
        )  # place in _kept of the word before what is being looked at; -1 if that was an operator
        self._excluded: list[
            tuple[int, str, str]
        ] = []  # place in _kept, as it was written, the word or phrase
        self._phrases: list[str] = []
        self._values: dict[str, list[str]] = {kind: [] for kind in _NAMES.values()}
        self._unwanted: list[tuple[str, str]] = []

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
        """Takes what begins at a word's start. Returns where it ends; 0 if it is plain."""
        after = self._take_operator(at)
        if after or self._query[at] not in _MINUS:
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
        kind, start = _NAMES[named[2].lower()], named.end()
        if start in self._closing:
            end = self._closing[start] + 1
            value = self._query[start + 1 : end - 1]
        elif _QUOTE.match(self._query, start):
            return 0
        else:
            end = _end(_BARE.match(self._query, start))
            value = self._query[start:end].rstrip(_TRAILING)
            value = value if "(" in value else value.rstrip(")")
        value = _READERS[kind](value)
        connective = self._connective_before()
        is_unwanted = bool(named[1]) or connective == "NOT"
        if not value or (is_unwanted and kind in ("after", "before")):
            return 0
        if connective:
            self._drop_connective()
        if is_unwanted:
            self._unwanted.append((kind, value))
        else:
            self._values[kind].append(value)
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
            if connective == "NOT":
                self._drop_connective()
            self._exclude(at - len(sign), end, phrase)
            return end
        following = _CONNECTIVE_AFTER.match(self._query, end)
        if not {connective, following[1] if following else ""} & {"OR", "|", "||"}:
            self._phrases.append(phrase)
        self._keep(phrase)
        return end

    def _take_excluded(self, at: int) -> int:
        if self._has_options or self._query[at - 1 : at] == "\n":
            return 0
        end = _end(_BARE.match(self._query, at))
        word = self._query[at + 1 : end].rstrip(_TRAILING + ")")
        if not _EXCLUDED.fullmatch(word):
            return 0
        self._exclude(at, end, word)
        return end

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
        if not _has_words(self._kept) and not any(values.values()) and not self._unwanted:
            for place, written, _ in self._excluded:  # nothing would remain to exclude them from
                self._kept[place] = written
            self._excluded = []
        if _length("".join(self._kept)) - sum(map(_length, self._phrases)) >= _SENTENCE:
            self._phrases = []
            for place, written, _ in self._excluded:
                if not _QUOTE.search(written[:2]):
                    self._kept[place] = written
            self._excluded = [found for found in self._excluded if not self._kept[found[0]].strip()]
        parts = "".join(self._kept).split()
        if self._excluded or self._unwanted or any(values.values()):
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
        )


def _length(text: str) -> int:
    """How many words a text has; of those without blanks between them, two letters count as one."""
    return len(text.split()) + len(UNBOUNDED.findall(text)) // 2


def _quotations(query: str) -> Iterator[tuple[int, int]]:
    """Where quotations begin and end; of nested ones, the outermost."""
    open_, pairs = list[int](), list[tuple[int, int]]()
    for found in _QUOTE.finditer(query):
        at = found.start()
        if (
            open_
            and (query[at] in _ANGLE) == (query[open_[-1]] in _ANGLE)
            and not _is_inside(query[at + 1 : at + 2])
        ):
            start = open_.pop()
            while pairs and pairs[-1][0] > start:
                pairs.pop()
            pairs.append((start, at))
        elif _may_open(query, at):
            open_.append(at)
    return iter(pairs)


def _may_open(query: str, at: int) -> bool:
    before = query[at - 1 : at]
    if not before or before.isspace() or before in _OPENING or UNBOUNDED.match(before):
        return True
    if before in _MINUS:
        return at == 1 or query[at - 2].isspace() or query[at - 2] == "("
    return bool(_NAME_AT_END.search(query, max(0, at - _LONGEST_NAME), at))


def _is_inside(after: str) -> bool:
    """Whether a word goes on with this character (or nothing)."""
    return after.isalnum() and not UNBOUNDED.match(after)


def _end(found: re.Match[str] | None) -> int:
    assert found is not None  # noqa: S101  there was a visible character
    return found.end()


def _has_words(kept: list[str]) -> bool:
    return any(
        any(map(str.isalnum, word)) and word not in _CONNECTIVES for piece in kept for word in piece.split()
    )


def _read_day(value: str) -> str:
    """The first day of a year, a month or a day, in ISO 8601; "" if it is none."""
    found = _DATE.fullmatch(value.strip())
    try:
        return date(*(int(part or 1) for part in found.groups())).isoformat() if found else ""
    except ValueError:
        return ""


def _read_id(value: str) -> str:
    found = _ID.fullmatch(value.strip())
    return found[1].lower() if found else ""


# What a value is to be compared as; "" if it makes no sense.
_READERS = {
    "title": words,
    "author": words,
    "folder": words,
    "after": _read_day,
    "before": _read_day,
    "language": language_code,
    "id": _read_id,
}


def _fits(kind: str, value: str, own: str) -> bool:
    if kind in ("language", "id"):
        return own.lower() == value
    folded = Folded.of(words(own))
    # "Hans Müller" is also meant where the document has "Müller, Hans".
    parts = value.split() if kind == "author" else [value]
    return all(folded.holds(Folded.of(part)) for part in parts)
