"""A query, after `stackroom.reading.query.parse` has read it."""

from dataclasses import dataclass, field, replace

from stackroom.reading.listing import Chip
from stackroom.reading.query.folded_text import Folded


@dataclass(frozen=True, slots=True)
class Query:
    """What a query asks for.

    `text` may be empty although something was asked for: if `only_filters`, the caller lists the documents
    that match (newest first, say) instead of ranking. Only one that is asked of a list has
    exclusions alone.

    Attributes:
        text: what passages are ranked by: the query without its operators. It still has the words of phrases,
            but not those of exclusions and filters.
        phrases: a passage must contain all of them.
        without: words and phrases of which a passage must not contain any.
        titles, authors, folders: a document's title, author, or one of its paths must contain the words of
            one of these; in the form of `stackroom.reading.query.folded_text.words`.
        after: ISO date of the first day that a document may be from; "" for no limit.
        before: ISO date of the first day that is too late; "" for no limit.
        languages: ISO 639-1 codes; a document must be in one of these languages.
        ids: a document must have one of these. The caller knows which document took the place of an older
            one.
        unwanted: pairs (kind, value) that a document must not match; a kind is "title", "author", "folder",
            "language" or "id".
        everything: whether all documents were asked for: by `*`, or by a question about the library itself.
            Then `text` is empty.
        skip: so many documents of the answer are left out, the best ones.
        misread: what looks like an operator but was taken as words, because its value makes no sense, or
            because nothing would remain that is asked for: pairs (kind, as it was written).
        operators: the operators in use, in the order in which they were written.
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
    everything: bool = False
    skip: int = 0
    misread: tuple[tuple[str, str], ...] = field(default=(), compare=False)
    operators: tuple[Chip, ...] = field(default=(), compare=False)

    @property
    def has_filters(self) -> bool:
        """Whether there is anything that a document has to match, or everything was asked for."""
        some = self.titles or self.authors or self.folders or self.languages or self.ids or self.unwanted
        return bool(some or self.after or self.before or self.everything)

    @property
    def only_filters(self) -> bool:
        """Whether there are filters, but nothing to rank by."""
        return not self.text and self.has_filters

    @property
    def without_phrases(self) -> "Query":
        """The same query, whatever phrases a passage has."""
        return replace(self, phrases=(), without=())

    @property
    def without_filters(self) -> "Query":
        """The same query, of all documents."""
        return Query(self.text, self.phrases, self.without, skip=self.skip, misread=self.misread)

    @property
    def written_phrases(self) -> list[str]:
        """What a passage must have, and must not have, as a query says it."""
        return [f'"{phrase}"' for phrase in self.phrases] + [f'-"{word}"' for word in self.without]

    @property
    def written_filters(self) -> list[str]:
        """What a document must match, as a query says it."""
        wanted = [
            *(("title", value) for value in self.titles),
            *(("author", value) for value in self.authors),
            *(("folder", value) for value in self.folders),
            *(("lang", value) for value in self.languages),
            *(("id", value) for value in self.ids),
            *(("after", value) for value in (self.after,) if value),
            *(("before", value) for value in (self.before,) if value),
        ]
        return [_written(*each) for each in wanted] + [f"-{_written(*each)}" for each in self.unwanted]

    def passes(self, text: str) -> bool:
        """Whether a passage may be shown: its text contains all phrases, and nothing that is excluded."""
        if not self.phrases and not self.without:
            return True
        folded = Folded.of(text)
        return all(folded.holds(Folded.of(phrase)) for phrase in self.phrases) and not any(
            folded.holds(Folded.of(word)) for word in self.without
        )


def _written(kind: str, value: str) -> str:
    name = "lang" if kind == "language" else kind
    return f'{name}:"{value}"' if " " in value else f"{name}:{value}"
