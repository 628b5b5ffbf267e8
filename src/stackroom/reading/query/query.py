"""What was asked, after `stackroom.reading.query.parse` has read it; pure."""

from dataclasses import dataclass, field

from stackroom.reading.query.folded_text import Folded


@dataclass(frozen=True, slots=True)
class Query:
    """What was asked.

    `text` may be empty although something was asked: if `only_filters`, the caller lists the documents that
    fit (newest first, say) instead of ranking. There are never exclusions alone.

    Attributes:
        text: what words and meaning are ranked by: the query without its operators. The words of phrases stay
            where they were; those of exclusions and filters go.
        phrases: a passage has to have all of them.
        without: a passage must not have any of these words and phrases.
        titles, authors, folders: a document's title, author, one of its paths has to have the words of one;
            as `stackroom.reading.query.folded_text.words` leaves them.
        after: ISO date of the first day that counts; "" if any.
        before: ISO date of the first day that no longer counts; "" if any.
        languages: ISO 639-1 codes; a document has to be in one.
        ids: a document has to have one. The caller knows which document took the place of an older one.
        unwanted: pairs (kind, value) that a document must not fit; a kind is title, author, folder, language
            or id.
        misread: what looks like an operator and was taken as words, because its value makes no sense; pairs
            (kind, as it was written).
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
    misread: tuple[tuple[str, str], ...] = field(default=(), compare=False)

    @property
    def has_filters(self) -> bool:
        """Whether there is anything that a document has to fit."""
        some = self.titles or self.authors or self.folders or self.languages or self.ids or self.unwanted
        return bool(some or self.after or self.before)

    @property
    def only_filters(self) -> bool:
        """Whether there is nothing to rank by, but documents to choose."""
        return not self.text and self.has_filters

    def passes(self, text: str) -> bool:
        """Whether a passage with this text may be shown: it has all phrases, and nothing that is excluded."""
        if not self.phrases and not self.without:
            return True
        folded = Folded.of(text)
        return all(folded.holds(Folded.of(phrase)) for phrase in self.phrases) and not any(
            folded.holds(Folded.of(word)) for word in self.without
        )
